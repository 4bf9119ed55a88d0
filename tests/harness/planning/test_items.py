"""Item statistics: what the plan cache keeps, and when it is no longer valid."""

import json
import os
import sqlite3
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.experiment import load_experiment
from polyarena.harness.planning import items as planning_items
from polyarena.harness.planning import plan
from polyarena.harness.planning.items import (
    ItemLoader,
    ItemStats,
    folder_state,
    items_digest,
    load_items,
    open_item_loader,
    plan_cache_path,
)
from polyarena.harness.planning.tasks import select_tasks
from polyarena.tasks.data import DataSource
from polyarena.tasks.item import Item

LANGUAGES = ("swh_Latn", "tha_Thai")
CONFIGS = {"swh_Latn": "sw", "tha_Thai": "th"}


def row(number, **changes):
    texts = {name: f"{name} ข้อ {number}" for name in ("premise", "choice1", "choice2")}
    return {**texts, "question": "cause", "label": number % 2, "idx": number, "changed": False, **changes}


def write(root, config, rows, age=60):
    path = root / "cambridgeltl/xcopa" / config / "test.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    os.utime(path, (time.time() - age, time.time() - age))
    return path


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # The time of a change of a file's entry cannot be set, so all of these have just changed.
    monkeypatch.setattr(planning_items, "SETTLED_S", -3600.0)
    for config in CONFIGS.values():
        write(tmp_path / "hub", config, [row(number) for number in range(9)])
    return tmp_path / "hub"


@pytest.fixture
def task():
    def task(**changes):
        data = {"name": "x", "systems": [{"name": "a", "model": "dummy"}], "tasks": [{"task": "xcopa", **changes}]}
        return select_tasks(load_experiment(data)).tasks[0]

    return task


@pytest.fixture
def reads(monkeypatch):
    """Counts what is read anew."""
    done = []

    def counted(task, language, data):
        done.append((task.spec.task, language))
        return load_items(task, language, data)

    monkeypatch.setattr(planning_items, "load_items", counted)
    return done


def look(root, task):
    with open_item_loader(root) as loader:
        found = [loader.cell_items(task, language) for language in LANGUAGES]
        return [each.stats for each in found], dict(loader.digests), [list(each.load()) for each in found]


@given(
    st.lists(
        st.builds(
            Item,
            st.text(min_size=1),
            st.text(min_size=1),
            st.just("tha_Thai"),
            st.text(min_size=1),
            st.lists(st.text(), max_size=3).map(tuple),
        ),
        max_size=6,
    )
)
def test_item_stats_count_what_would_be_sent(items):
    stats = ItemStats.of(items)
    prompts = [item.prompt + choice for item in items for choice in item.choices or ("",)]
    assert stats.size == sum(len(prompt.encode("utf-8", "replace")) for prompt in prompts)
    assert stats.items == len(items)
    assert stats.choices == sum(len(item.choices) for item in items)
    assert stats.digest == items_digest(items)


def test_the_second_look_reads_nothing_and_sees_the_same(root, task, reads):
    with open_item_loader(root) as loader:
        first = [loader.cell_items(task(), language).stats for language in LANGUAGES]
        digests = dict(loader.digests)
    assert reads == [("xcopa", language) for language in LANGUAGES]
    with open_item_loader(root) as loader:
        assert [loader.cell_items(task(), language).stats for language in LANGUAGES] == first
        assert loader.digests == digests
    assert len(reads) == 2
    assert set(digests) == {f"cambridgeltl/xcopa@{task().card.dataset.revision}/{c}/test" for c in ("sw", "th")}


def test_the_items_are_read_when_their_texts_are_needed(root, task, reads):
    first, _, items = look(root, task())
    del reads[:]
    again, _, later = look(root, task())
    assert again == first
    assert later == items
    assert len(reads) == 2
    assert [ItemStats.of(each) for each in items] == first


@pytest.mark.parametrize(
    "change",
    [
        lambda root: write(root, "th", [row(number) for number in range(8)]),
        lambda root: write(root, "th", [row(number, premise="other") for number in range(9)]),
        lambda root: write(root, "th", [row(number) for number in range(9)], age=30),
    ],
    ids=["size", "text", "time"],
)
def test_changed_data_is_read_again(root, task, reads, change):
    before, digests, _ = look(root, task())
    del reads[:]
    change(root)
    after, later, items = look(root, task())
    assert ("xcopa", "tha_Thai") in reads
    assert after == [ItemStats.of(each) for each in items]
    assert after[0] == before[0]
    assert (after[1] != before[1]) == (later != digests)


def test_changed_code_is_not_believed(root, task, reads, monkeypatch):
    look(root, task())
    del reads[:]
    monkeypatch.setattr(planning_items, "code_state", lambda: "another")
    look(root, task())
    assert len(reads) == 2


def test_another_limit_version_template_or_mirror_is_another_note(root, task, reads, tmp_path):
    look(root, task())
    for other in (task(limit=3), task(templates=["why"]), replace(task(), task=_newer(task().task))):
        del reads[:]
        look(root, other)
        assert len(reads) == 2
    for config in CONFIGS.values():
        write(tmp_path / "copy", config, [row(number) for number in range(5)])
    assert [stats.items for stats in look(tmp_path / "copy", task())[0]] == [5, 5]


def _newer(task):
    return replace(task, card=task.card.model_copy(update={"version": "99"}))


def test_data_that_has_just_changed_is_not_noted(root, task, reads, monkeypatch):
    monkeypatch.setattr(planning_items, "SETTLED_S", 2.0)
    look(root, task())
    look(root, task())
    assert len(reads) == 4
    assert folder_state(root / "cambridgeltl/xcopa") is None


def test_tasks_of_others_are_always_read(root, task, reads):
    class Theirs:
        def __init__(self, ours):
            self.card, self.items, self.score = ours.card, ours.items, ours.score

    theirs = replace(task(), task=Theirs(task().task))
    look(root, theirs)
    look(root, theirs)
    assert len(reads) == 4


def test_a_folder_says_when_anything_in_it_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(planning_items, "SETTLED_S", -3600.0)
    assert folder_state(tmp_path / "nowhere") is None
    path = write(tmp_path, "th", [row(1)])
    states = [folder_state(tmp_path)]
    path.with_name("train.jsonl").write_text("{}")
    states.append(folder_state(tmp_path))
    path.with_name("more").mkdir()
    states.append(folder_state(tmp_path))
    path.unlink()
    states.append(folder_state(tmp_path))
    assert len(set(states)) == 4
    assert folder_state(tmp_path) == states[-1]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"this is no database" * 99),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: _overwrite(path, "no json"),
        lambda path: _overwrite(path, "[]"),
    ],
    ids=["bytes", "folder", "text", "list"],
)
def test_a_spoilt_plan_cache_is_ignored(root, task, reads, spoil):
    stats_before, digests, _ = look(root, task())
    spoil(plan_cache_path())
    del reads[:]
    assert look(root, task())[:2] == (stats_before, digests)
    assert len(reads) >= 2


def _overwrite(path, note):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE items SET note = ?", (note,))


def test_a_reader_without_notes_reads_all(root, task, reads):
    loader = ItemLoader(root)
    assert loader.cell_items(task(), "tha_Thai").stats == loader.cell_items(task(), "tha_Thai").stats
    assert len(reads) == 2


def test_plans_with_and_without_notes_are_equal(root, tmp_path):
    given = {
        "name": "x",
        "systems": [{"name": "a", "model": "dummy"}],
        "tasks": [{"task": "xcopa", "languages": list(LANGUAGES)}],
        "data_root": str(root),
    }
    first, again = (plan(given, output=tmp_path / "run") for _ in range(2))
    assert again.cells == first.cells
    assert again.data == first.data
    data = DataSource(root)
    total = sum(
        len((item.prompt + choice).encode())
        for language in LANGUAGES
        for item in load_items(first.tasks[0], language, data)
        for choice in item.choices
    )
    assert sum(cell.prompt_tokens.high for cell in again.cells) == pytest.approx(total / 1.5)
