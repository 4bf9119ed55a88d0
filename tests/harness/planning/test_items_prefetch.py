"""Data that several processes read gives the plan that one would have made, and the same errors."""

import gc
import json
import os
import pickle
import time
from types import SimpleNamespace

import pytest

from polyarena.harness import workers
from polyarena.harness.experiment import load_experiment
from polyarena.harness.planning import items as planning_items
from polyarena.harness.planning import plan, prefetch
from polyarena.tasks.data import source
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
    monkeypatch.setattr(prefetch, "WORTH_BYTES", 0)
    monkeypatch.setattr(workers, "processors", lambda: 2)
    monkeypatch.setattr(prefetch, "most_processes", lambda parts: 2 if parts else 1)
    original = prefetch.share

    def share(parts, processes):
        shared.extend(parts)
        return original([pickle.loads(pickle.dumps(part)) for part in parts], 1)

    monkeypatch.setattr(prefetch, "share", share)
    return shared


def test_the_plan_is_that_of_one_process(experiment, many, monkeypatch):
    several = facts(plan(experiment))
    assert [part.cells for part in many] == [(("xcopa", language),) for language in LANGUAGES]
    reads = []
    monkeypatch.setattr(planning_items, "load_items", lambda *arguments: reads.append(arguments))
    assert facts(plan(experiment)) == several, "from the cache"
    assert len(many) == 2
    assert reads == []


def test_the_plan_is_that_without_sharing(experiment, many, monkeypatch, tmp_path):
    several = facts(plan(experiment))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    monkeypatch.setattr(prefetch, "WORTH_BYTES", 10**9)
    assert facts(plan(experiment)) == several
    assert len(many) == 2


def test_nothing_is_read_twice(experiment, many, monkeypatch):
    reads, original = [], source.mirror_rows
    monkeypatch.setattr(source, "mirror_rows", lambda path: (reads.append(path.parent.name), original(path))[1])
    plan(experiment)
    assert reads == [*LANGUAGES.values()]


def test_tasks_of_one_data_set_share_what_they_read(many, monkeypatch, mirror, tmp_path):
    for code in ("eng_Latn", "swh_Latn", "tha_Thai"):
        path = mirror / "openlanguagedata/flores_plus" / code / "devtest.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps({"id": n, "text": f"{code} {n}"}) + "\n" for n in range(5)))
        os.utime(path, (time.time() - 60,) * 2)
    reads, original = [], source.mirror_rows
    monkeypatch.setattr(source, "mirror_rows", lambda path: (reads.append(path.parent.name), original(path))[1])
    tasks = ("flores_to_english.characters", "flores_from_english.characters")
    both = {
        "name": "x",
        "systems": [{"name": "a", "model": "dummy"}],
        "tasks": [{"task": task, "languages": ["swh_Latn", "tha_Thai"]} for task in tasks],
        "data_root": str(mirror),
        "output": str(tmp_path / "both"),
    }
    together = facts(plan(both))
    assert sorted(reads) == ["eng_Latn", "eng_Latn", "swh_Latn", "tha_Thai"], "English once in each part"
    assert [part.cells for part in many] == [
        tuple((task, language) for task in tasks) for language in ("swh_Latn", "tha_Thai")
    ]
    alone = [facts(plan({**both, "tasks": [task]})) for task in both["tasks"]]
    assert sorted(together[0]) == sorted(alone[0][0] + alone[1][0])
    assert together[1] == alone[0][1] | alone[1][1]


def test_only_large_data_sets_are_divided_and_never_a_file(experiment, mirror, monkeypatch):
    """Of two processes' eight parts or more, the largest come first."""
    sizes = {"cambridgeltl/xcopa": [40, 10], "owner/one_file": [30], "owner/small": [5, 5]}
    languages = ("deu_Latn", "swh_Latn", "tha_Thai")
    tasks = [
        SimpleNamespace(
            spec=SimpleNamespace(task=name),
            languages=languages,
            card=SimpleNamespace(dataset=SimpleNamespace(id=name), languages=languages),
        )
        for name in sizes
    ]
    shared = []
    monkeypatch.setattr(prefetch, "WORTH_BYTES", 0)
    monkeypatch.setattr(prefetch, "most_processes", lambda _parts: 2)
    monkeypatch.setattr(prefetch, "_file_sizes", lambda folder: sizes[str(folder.relative_to(mirror))])
    monkeypatch.setattr(prefetch, "share", lambda parts, _processes: shared.extend(parts) or ())
    monkeypatch.setattr(planning_items.ItemLoader, "lacks", lambda *_: True)
    prefetch.prefetch(experiment, tasks, planning_items.ItemLoader(mirror))
    assert [part.cells for part in shared] == [
        tuple(("owner/one_file", language) for language in languages),
        (("cambridgeltl/xcopa", "deu_Latn"), ("cambridgeltl/xcopa", "tha_Thai")),
        (("cambridgeltl/xcopa", "swh_Latn"),),
        tuple(("owner/small", language) for language in languages),
    ]


def test_the_collection_of_garbage_goes_on_afterwards(experiment, mirror):
    part = prefetch.DataPart(pickle.dumps(experiment), mirror, (("xcopa", "swh_Latn"), ("xcopa", "tha_Thai")))
    assert [gc.isenabled() for _ in part.events()] == [True, True]
    assert gc.isenabled()


def test_little_data_and_the_hub_are_read_here(experiment, many, monkeypatch):
    monkeypatch.setattr(prefetch, "WORTH_BYTES", 10**9)
    plan(experiment)
    assert many == []
    assert prefetch.prefetch(experiment, (), planning_items.ItemLoader(None)) is None


def test_data_that_cannot_be_read_is_refused_as_ever(experiment, many, mirror):
    (mirror / "cambridgeltl/xcopa/th/test.jsonl").write_text("no JSON\n")
    with pytest.raises(DataError, match="not JSON"):
        plan(experiment)
    assert len(many) == 2


def test_processes_read_it(experiment, monkeypatch):
    monkeypatch.setattr(prefetch, "WORTH_BYTES", 0)
    monkeypatch.setattr(prefetch, "most_processes", lambda _parts: 2)
    reads = []
    monkeypatch.setattr(planning_items, "load_items", lambda *arguments: reads.append(arguments))
    cells, data = facts(plan(experiment))
    assert [cell[0] for cell in cells] == [*LANGUAGES]
    assert len(data) == 2
    assert reads == [], "this process"
