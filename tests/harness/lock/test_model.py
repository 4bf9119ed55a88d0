"""The lock as a record: what it derives, and that it cannot be changed by hand."""

import json

import pytest
from pydantic import ValidationError

from polyarena.harness import plan
from polyarena.harness.lock import FORMAT, Cell, Lock, LockedJudge, Pair, shard_name
from polyarena.harness.lock.digest import digest
from polyarena.harness.lock.model import Record
from polyarena.harness.running.lock import build_lock
from polyarena.tasks.registry import find_task

GAMES = {"judge": "j", "candidate": "b", "baseline": "a", "task": "t", "languages": ["deu_Latn", "fra_Latn"]}


def lock(**changes):
    resolved = {"name": "x", "systems": [{"name": "one", "model": "toy"}], "tasks": ["sums"]}
    return Lock.model_validate({"experiment": {"name": "x", "digest": "d", "resolved": resolved}, **changes})


def test_cells_and_pairs_come_sorted():
    found = lock(
        cells={"b": {"t": {"fra_Latn": "2", "deu_Latn": "1"}}, "a": {"t": {"deu_Latn": "3"}}},
        games=[GAMES, {**GAMES, "judge": "i", "languages": ["deu_Latn"]}],
    )
    assert list(found.all_cells()) == [
        Cell("a", "t", "deu_Latn"),
        Cell("b", "t", "deu_Latn"),
        Cell("b", "t", "fra_Latn"),
    ]
    assert [(pair.judge, pair.language) for pair in found.all_pairs()] == [
        ("i", "deu_Latn"), ("j", "deu_Latn"), ("j", "fra_Latn"),
    ]  # fmt: skip


def test_a_lock_and_its_parts_are_frozen():
    found = lock(judges={"j": {"signature": "s", "description": "d"}})
    with pytest.raises(ValidationError, match="frozen"):
        found.identifier = "x"
    with pytest.raises(ValidationError, match="frozen"):
        found.judges["j"].signature = "x"


@pytest.mark.parametrize("change", [{"colour": 1}, {"judges": {"j": {"signature": "s", "description": "d", "odd": 1}}}])
def test_keys_that_nobody_knows_are_refused(change):
    with pytest.raises(ValidationError, match="not permitted"):
        lock(**change)


def test_a_change_of_the_fields_raises_the_format():
    fields = {
        part.__name__: sorted(part.model_fields)
        for part in Record.__subclasses__()
        if part.__module__ == Record.__module__
    }
    # Another digest means that older builds cannot read the lock: raise FORMAT, then write the new digest here.
    assert {FORMAT: digest(fields)[:16]} == {2: "8bcc7bbb13195006"}


def test_changes_make_another_lock():
    first = lock()
    second = first.with_model(("one", "two"), {"commit": "c"}).with_judges(
        {"j": LockedJudge(signature="s", description="d")}
    )
    third = second.with_strong_weight(3.0)
    assert (first.models, dict(first.judges), first.settings.statistics.strong_weight) == ({}, {}, 1.0)
    assert second.models == {"one": {"commit": "c"}, "two": {"commit": "c"}}
    assert third.settings.statistics.strong_weight == 3.0
    assert str(third.judges["j"].signature) == "s"


def test_data_digests_are_those_of_the_tasks_own_data():
    card = find_task("polyarena_mini").card
    own = f"{card.dataset.id}@{card.dataset.revision}/deu"
    entry = {"card": card.model_dump(mode="json"), "languages": ["deu_Latn"]}
    found = lock(tasks={"t": entry}, data={own: "1", "other@r/deu": "2"})
    assert found.data_digests("t") == {own: "1"}


def test_shards_are_named_by_what_they_are_about():
    assert shard_name(Pair("j", "b", "a", "t", "deu_Latn")) == "b--a/t/deu_Latn"


TASKS = ["flores_to_english.characters", "flores_from_english.characters", "polyarena_mini"]


def test_the_lock_of_a_plan_says_in_which_language_answers_are_due(toys, tmp_path, monkeypatch):
    # Translation into English is answered in English, whatever the language of the item; the lock is what reports read.
    from polyarena.harness.planning.items import CellItems, ItemLoader, ItemStats

    monkeypatch.setattr(ItemLoader, "cell_items", lambda self, task, language: CellItems(ItemStats(1, 0, 1, "d"), list))
    made = plan(
        {
            "name": "x",
            "systems": [{"name": "one", "model": "toy"}],
            "tasks": TASKS,
            "languages": ["deu_Latn", "swh_Latn"],
        },
        output=tmp_path / "run",
    )
    found = build_lock(made, None)
    again = Lock.model_validate(json.loads(json.dumps(found.model_dump(mode="json"))))
    assert again.answer_languages["flores_to_english.characters"] == {"deu_Latn": "eng_Latn", "swh_Latn": "eng_Latn"}
    assert "polyarena_mini" not in again.answer_languages
    assert again.model_dump(mode="json") == found.model_dump(mode="json")
