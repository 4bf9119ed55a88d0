"""What earlier runs have left is seen by its key, wherever it lies, and nothing is changed by looking."""

import pytest

from polyarena.harness.endpoints import CallCache, EndpointSettings, call_key
from polyarena.harness.experiment import load_experiment
from polyarena.harness.planning.existing_results import ExistingResults, cache_path, open_existing_results
from polyarena.harness.store import REFUSED, UNANSWERED, RunFolder, restore_shard, write_shard
from polyarena.judges.protocol import Call, Reply
from polyarena.judges.records import GAME_SCHEMA
from polyarena.tasks.errors import StoreError
from polyarena.tasks.records import COMPLETION_SCHEMA, Completion

CELL = ("one", "task", "deu_Latn")
PAIR = ("judge", "two", "one", "task", "deu_Latn")
SETTINGS = EndpointSettings(base_url="http://127.0.0.1:9/v1", model="m")
PLAIN = {"name": "x", "systems": [{"name": "one", "model": "dummy"}], "tasks": ["polyarena_mini"]}


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


@pytest.fixture
def existing(folder):
    return ExistingResults(folder, None)


def answers(text):
    return [Completion(*CELL, item_id=str(n), sample_index=0, source_id=str(n), prompt="?", text=text) for n in "12"]


def store_cell(folder, key, text="x"):
    write_shard(folder.cell(*CELL), answers(text), COMPLETION_SCHEMA, {"key": key, "content": f"of {text}"})


def store_games(folder, key="k", **facts):
    write_shard(folder.games(*PAIR), [], GAME_SCHEMA, {"key": key, "content": "c", **facts})


def test_nothing_stored_is_nothing(existing, folder):
    assert existing.cell_content(*CELL, "k") == ""
    assert existing.completions(*CELL, "k") == []
    assert not existing.has_games(*PAIR, "k")
    assert existing.cached(SETTINGS, [Call(())]) == 0
    assert not folder.path.exists()


def test_a_cell_is_known_by_its_key_alone(existing, folder):
    store_cell(folder, "k")
    assert existing.cell_content(*CELL, "k") == "of x"
    assert existing.completions(*CELL, "k") == answers("x")
    assert existing.cell_content(*CELL, "other") == ""
    assert existing.completions(*CELL, "other") == []
    assert existing.cell_content("two", *CELL[1:], "k") == ""


def test_a_cell_that_other_settings_have_superseded_is_still_stored(existing, folder):
    store_cell(folder, "first", "x")
    assert not restore_shard(folder.cell(*CELL), "second")
    store_cell(folder, "second", "y")
    assert [existing.cell_content(*CELL, key) for key in ("first", "second")] == ["of x", "of y"]


def test_the_answers_of_one_cell_are_never_taken_for_those_of_another(existing, folder):
    store_cell(folder, "first", "x")
    restore_shard(folder.cell(*CELL), "second")
    store_cell(folder, "second", "y")
    assert existing.completions(*CELL, "second") == answers("y")
    # Those of the first lie aside, and what lies in their place is not theirs.
    assert existing.completions(*CELL, "first") == []
    assert restore_shard(folder.cell(*CELL), "first")
    assert existing.completions(*CELL, "first") == answers("x")


def test_a_cell_that_lies_aside_alone_has_content_and_no_answers_to_read(existing, folder):
    store_cell(folder, "first")
    restore_shard(folder.cell(*CELL), "second")
    assert existing.cell_content(*CELL, "first") == "of x"
    assert existing.completions(*CELL, "first") == []


def test_a_shard_without_a_footer_of_ours_counts_as_missing(existing, folder):
    path = folder.cell(*CELL)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a shard")
    assert existing.cell_content(*CELL, "k") == ""
    assert existing.completions(*CELL, "k") == []


@pytest.mark.parametrize(
    ("facts", "retried", "stored"),
    [
        ({}, False, True),
        ({}, True, True),
        ({UNANSWERED: "1"}, False, False),
        ({UNANSWERED: "1"}, True, False),
        ({REFUSED: "1"}, False, True),
        ({REFUSED: "1"}, True, False),
        ({REFUSED: "1", UNANSWERED: "1"}, False, False),
    ],
)
def test_games_are_stored_when_each_has_its_answer_or_a_refusal_that_stands(folder, facts, retried, stored):
    store_games(folder, **facts)
    existing = ExistingResults(folder, None, retry_refused=retried)
    assert existing.has_games(*PAIR, "k") is stored
    assert not existing.has_games(*PAIR, "other")
    assert not existing.has_games(*PAIR[:-1], "tha_Thai", "k")


@pytest.mark.parametrize(("retried", "known"), [(False, 2), (True, 1)])
def test_the_cache_knows_answers_and_unless_they_are_tried_again_refusals(folder, tmp_path, retried, known):
    asked = [Call(({"role": "user", "content": text},)) for text in ("answered", "refused", "new")]
    with CallCache(tmp_path / "calls.sqlite") as cache:
        cache.put(call_key(SETTINGS, asked[0]), Reply(""))
        cache.refuse(call_key(SETTINGS, asked[1]), "no")
        existing = ExistingResults(folder, cache, retry_refused=retried)
        assert existing.cached(SETTINGS, iter(asked)) == known
        assert existing.cached(SETTINGS, [asked[0], asked[0], asked[2]]) == 2
        assert existing.cached(SETTINGS.model_copy(update={"model": "n"}), asked) == 0


@pytest.mark.parametrize(
    ("own", "told", "expected"),
    [
        (None, None, "runs/calls.sqlite"),
        (None, "told/c.sqlite", "told/c.sqlite"),
        (None, "", "runs/calls.sqlite"),
        ("own.sqlite", "told/c.sqlite", "file/own.sqlite"),
        ("/abs/own.sqlite", None, "/abs/own.sqlite"),
    ],
)
def test_the_cache_is_the_file_s_own_then_the_environment_s_then_beside_the_runs(
    tmp_path, monkeypatch, own, told, expected
):
    monkeypatch.delenv("POLYARENA_CACHE", raising=False)
    if told is not None:
        monkeypatch.setenv("POLYARENA_CACHE", str(tmp_path / told) if told else "")
    file = tmp_path / "file" / "x.yaml"
    file.parent.mkdir()
    file.write_text(
        "name: x\nsystems: [{name: one, model: dummy}]\ntasks: [polyarena_mini]\n" + (f"cache: {own}\n" if own else "")
    )
    assert cache_path(load_experiment(file), RunFolder(tmp_path / "runs" / "x")) == tmp_path / expected


def test_opening_makes_nothing_and_closes_what_was_there(tmp_path, folder):
    experiment = load_experiment({**PLAIN, "cache": str(tmp_path / "calls.sqlite")})
    with open_existing_results(experiment, folder) as existing:
        assert (existing.folder, existing.cache, existing.retry_refused) == (folder, None, False)
    assert list(tmp_path.iterdir()) == []
    CallCache(tmp_path / "calls.sqlite").close()
    with open_existing_results(experiment, folder, retry_refused=True) as existing:
        assert existing.retry_refused
        assert len(existing.cache) == 0
    with pytest.raises(StoreError, match="cannot be read or written"):
        len(existing.cache)


def test_a_cache_is_closed_after_an_error_too(tmp_path, folder):
    experiment = load_experiment({**PLAIN, "cache": str(tmp_path / "calls.sqlite")})
    CallCache(tmp_path / "calls.sqlite").close()
    opened = open_existing_results(experiment, folder)
    existing = opened.__enter__()
    assert existing.cache.get("ab" * 32) is None
    assert not opened.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    with pytest.raises(StoreError):
        existing.cache.get("ab" * 32)
