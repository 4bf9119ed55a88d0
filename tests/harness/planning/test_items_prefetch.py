"""Data that several processes read gives the plan that one would have made, and the same errors."""

import json
import os
import pickle
import time

import pytest

from polyarena.harness import workers
from polyarena.harness.experiment import load_experiment
from polyarena.harness.planning import items as planning_items
from polyarena.harness.planning import plan
from polyarena.tasks.errors import DataError

LANGUAGES = {"swh_Latn": "sw", "tha_Thai": "th"}


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(planning_items, "SETTLED_S", -3600.0)
    for config in LANGUAGES.values():
        path = tmp_path / "hub/cambridgeltl/xcopa" / config / "test.jsonl"
        path.parent.mkdir(parents=True)
        texts = {name: f"{name} ข้อ" for name in ("premise", "choice1", "choice2")}
        rows = [
            {**texts, "question": "cause", "label": number % 2, "idx": number, "changed": False} for number in range(9)
        ]
        path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
        os.utime(path, (time.time() - 60,) * 2)
    return tmp_path / "hub"


@pytest.fixture
def experiment(mirror, tmp_path):
    return load_experiment(
        {
            "name": "x",
            "systems": [{"name": "a", "model": "dummy"}],
            "tasks": [{"task": "xcopa", "languages": [*LANGUAGES]}],
            "data_root": str(mirror),
            "output": str(tmp_path / "run"),
        }
    )


def facts(found):
    return [
        (cell.language, cell.key, cell.items, cell.requests, cell.prompt_tokens) for cell in found.cells
    ], found.data


@pytest.fixture
def many(monkeypatch):
    """Take little data for much, on two processors; returns what was shared."""
    shared = []
    monkeypatch.setattr(planning_items, "WORTH_BYTES", 0)
    monkeypatch.setattr(workers, "processors", lambda: 2)
    monkeypatch.setattr(planning_items, "most_processes", lambda parts: 2 if parts else 1)
    original = planning_items.share

    def share(parts, processes):
        shared.extend(parts)
        return original([pickle.loads(pickle.dumps(part)) for part in parts], 1)

    monkeypatch.setattr(planning_items, "share", share)
    return shared


def test_the_plan_is_that_of_one_process(experiment, many, monkeypatch):
    several = facts(plan(experiment))
    assert [(part.task, part.languages) for part in many] == [("xcopa", tuple(LANGUAGES))]
    reads = []
    monkeypatch.setattr(planning_items, "load_items", lambda *arguments: reads.append(arguments))
    assert facts(plan(experiment)) == several, "from the cache"
    assert len(many) == 1
    assert reads == []


def test_the_plan_is_that_without_sharing(experiment, many, monkeypatch, tmp_path):
    several = facts(plan(experiment))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    monkeypatch.setattr(planning_items, "WORTH_BYTES", 10**9)
    assert facts(plan(experiment)) == several
    assert len(many) == 1


def test_nothing_is_read_twice(experiment, many, monkeypatch):
    reads, original = [], planning_items.load_items

    def counted(task, language, data):
        reads.append(language)
        return original(task, language, data)

    monkeypatch.setattr(planning_items, "load_items", counted)
    plan(experiment)
    assert reads == [*LANGUAGES]


def test_little_data_and_the_hub_are_read_here(experiment, many, monkeypatch):
    monkeypatch.setattr(planning_items, "WORTH_BYTES", 10**9)
    plan(experiment)
    assert many == []
    assert planning_items.prefetch(experiment, (), planning_items.ItemLoader(None)) is None


def test_data_that_cannot_be_read_is_refused_as_ever(experiment, many, mirror):
    (mirror / "cambridgeltl/xcopa/th/test.jsonl").write_text("no JSON\n")
    with pytest.raises(DataError, match="not JSON"):
        plan(experiment)
    assert len(many) == 1


def test_processes_read_it(experiment, monkeypatch):
    monkeypatch.setattr(planning_items, "WORTH_BYTES", 0)
    monkeypatch.setattr(planning_items, "most_processes", lambda _parts: 2)
    reads = []
    monkeypatch.setattr(planning_items, "load_items", lambda *arguments: reads.append(arguments))
    cells, data = facts(plan(experiment))
    assert [cell[0] for cell in cells] == [*LANGUAGES]
    assert len(data) == 2
    assert reads == [], "this process"
