"""The records of a run from its folder alone; a damaged folder says what is wrong and what mends it."""

import json

import pandas as pd
import pytest

from polyarena.harness import open_run, plan, results, run, write_report
from polyarena.harness.store import RunFolder
from polyarena.judges.records import GAME_SCHEMA
from polyarena.tasks.errors import StoreError
from polyarena.tasks.records import COMPLETION_SCHEMA, SCORE_SCHEMA

EXPERIMENT = {
    "name": "toy",
    "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
    "baseline": "one",
    "tasks": ["toy_open", "toy_choice"],
    "judges": [{"name": "long", "judge": "toy_length"}],
    "statistics": {"rounds": 120, "confidence": 0.9, "seed": 5},
}


@pytest.fixture
def finished(finished_run):
    return finished_run(EXPERIMENT).folder.path


def test_every_record_of_a_run_is_a_row(finished):
    records = open_run(finished)
    assert len(records.completions()) == 2 * 2 * 3 * 12
    assert len(records.scores()) == 2 * 3 * 12
    assert len(records.games()) == 3 * 12 * 2
    assert len(records.battles()) == 3 * 12
    assert set(records.estimates()["metric"]) == {"win_rate", "acc"}
    assert records.missing() == []


def test_columns_are_those_of_the_records(finished):
    records = open_run(finished)
    assert list(records.completions().columns) == COMPLETION_SCHEMA.names
    assert list(records.scores().columns) == SCORE_SCHEMA.names
    assert list(records.games().columns) == GAME_SCHEMA.names


def test_answers_are_the_completions_with_the_first_letter_of_each_text(finished):
    records = open_run(finished)
    whole, short = records.completions(), records.answers()
    assert list(short.columns) == [
        name for name in COMPLETION_SCHEMA.names if name not in ("prompt", "thought", "loglikelihoods", "choice_bytes")
    ]
    others = [name for name in short.columns if name != "text"]
    pd.testing.assert_frame_equal(short[others], whole[others])
    assert short["text"].isna().equals(whole["text"].isna())
    texts = whole["text"].dropna()
    assert list(short["text"].dropna()) == [text.lstrip()[:1] for text in texts]


def test_scores_of_one_system_are_its_rows_with_categorical_names(finished):
    records = open_run(finished)
    every = records.scores()
    own = every[every["system"] == "two"].reset_index(drop=True)
    found = records.system_scores("two")
    assert list(found) == ["task", "language", "metric", "item_id", "source_id", "sample_index", "value", "statistics"]
    for name in found:
        assert found[name].tolist() == own[name].tolist()
    assert {str(found[name].dtype) for name in ("task", "language", "metric", "item_id", "source_id")} == {"category"}
    assert records.system_scores("nobody").empty


def test_texts_are_those_of_one_cell(finished):
    records = open_run(finished)
    own = records.completions().query("system == 'one' and task == 'toy_open' and language == 'deu_Latn'")
    assert records.texts("one", "toy_open", "deu_Latn") == {
        (item, sample): text
        for item, sample, text in own[["item_id", "sample_index", "text"]].itertuples(index=False, name=None)
    }
    assert records.texts("one", "toy_open", "ces_Latn") == {}


def test_the_settings_of_the_intervals_are_the_experiment_s(finished):
    assert open_run(finished).settings == {"confidence": 0.9, "rounds": 120, "seed": 5}


def test_pairs_are_sorted_and_name_every_language(finished):
    assert open_run(finished).pairs() == [
        ("long", "two", "one", "toy_open", language) for language in ("deu_Latn", "swh_Latn", "tha_Thai")
    ]


def test_what_is_not_stored_is_named_and_the_rest_is_read(finished):
    RunFolder(finished).cell("two", "toy_choice", "swh_Latn").unlink()
    RunFolder(finished).games("long", "two", "one", "toy_open", "tha_Thai").unlink()
    records = open_run(finished)
    assert records.missing() == [
        "two · toy_choice · swh_Latn", "long on two against one · toy_open · tha_Thai",
    ]  # fmt: skip
    assert len(records.completions()) == (4 * 3 - 1) * 12
    assert set(records.games()["language"]) == {"deu_Latn", "swh_Latn"}


def test_shards_of_what_the_experiment_no_longer_has_are_not_read(finished):
    run(plan({**EXPERIMENT, "tasks": ["toy_open"]}, output=finished))
    records = open_run(finished)
    assert set(records.completions()["task"]) == {"toy_open"}
    assert records.scores().empty
    assert list(records.scores().columns) == SCORE_SCHEMA.names


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_a_folder_that_is_no_run_is_refused(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="not a run folder") as caught:
        open_run(tmp_path / folder)
    assert caught.value.fix == "run an experiment first"


def test_a_file_is_no_run_folder_and_is_not_to_be_deleted(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("name: x")
    with pytest.raises(StoreError, match="not a run folder") as caught:
        open_run(path)
    assert "delete" not in str(caught.value)


def broken(folder, change):
    path = folder / "lock.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda lock: lock.pop("cells"), "cells: missing"),
        (lambda lock: lock.update(cells=[]), "cells"),
        (lambda lock: lock.update(games={}), "games"),
        (lambda lock: lock.update(tasks=None), "tasks"),
        (lambda lock: lock["experiment"].pop("resolved"), "experiment.resolved"),
        (lambda lock: lock["experiment"].pop("name"), "experiment.name"),
        (lambda lock: lock["tasks"]["toy_open"].pop("card"), "tasks.toy_open.card"),
    ],
)
def test_a_lock_file_that_is_not_whole_says_what_it_lacks_and_a_run_writes_another(finished, change, named):
    broken(finished, change)
    with pytest.raises(StoreError, match="not complete") as caught:
        open_run(finished)
    assert named in caught.value.why
    assert caught.value.where == str(finished / "lock.json")
    assert "delete it and run the experiment again" in caught.value.fix
    (finished / "lock.json").unlink()
    run(plan(EXPERIMENT, output=finished))
    assert open_run(finished).missing() == []


def test_results_that_are_not_there_say_how_to_make_them(finished):
    (finished / "results" / "estimates.parquet").unlink()
    with pytest.raises(StoreError, match="not there") as caught:
        open_run(finished).estimates()
    assert caught.value.fix == f"polyarena report {finished}"


def test_battles_need_no_report(finished):
    written = open_run(finished).battles()
    (finished / "results" / "battles.parquet").unlink()
    assert open_run(finished).battles().equals(written)


@pytest.mark.parametrize("name", ["battles", "estimates"])
def test_results_that_are_damaged_say_how_to_make_them_again(finished, name):
    path = finished / "results" / f"{name}.parquet"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(StoreError, match="cannot be read") as caught:
        getattr(open_run(finished), name)()
    assert caught.value.fix == f"polyarena report {finished}"
    write_report(RunFolder(finished))
    assert len(getattr(open_run(finished), name)())


@pytest.mark.parametrize(("name", "column"), [("battles", "candidate"), ("estimates", "low")])
def test_results_without_a_column_are_of_another_version(finished, name, column):
    path = finished / "results" / f"{name}.parquet"
    pd.read_parquet(path).drop(columns=column).to_parquet(path)
    with pytest.raises(StoreError, match="another version") as caught:
        getattr(open_run(finished), name)()
    assert caught.value.why == f"there is no column {column}"


def test_a_damaged_shard_is_named(finished):
    path = RunFolder(finished).games("long", "two", "one", "toy_open", "tha_Thai")
    path.write_bytes(b"x")
    with pytest.raises(StoreError) as caught:
        open_run(finished).games()
    assert caught.value.where == str(path)
    assert caught.value.fix.startswith("run the experiment again")


def test_many_games_are_collapsed_in_parts_to_the_same_battles(finished, monkeypatch):
    expected = open_run(finished).collapse_games()
    for together in (1, 25):
        monkeypatch.setattr(results, "TOGETHER", together)
        assert open_run(finished).collapse_games().equals(expected)


def test_battles_are_the_same_however_many_files_are_read_at_once(finished, monkeypatch):
    expected = open_run(finished).collapse_games()
    assert list(dict.fromkeys(expected["language"])) == [pair.language for pair in open_run(finished).pairs()]
    for readers, ahead in ((1, 1), (3, 2)):
        monkeypatch.setattr(results, "MOST_READERS", readers)
        monkeypatch.setattr(results, "processors", lambda: 8)
        monkeypatch.setattr(results, "READ_AHEAD", ahead)
        pd.testing.assert_frame_equal(open_run(finished).collapse_games(), expected, check_exact=True)
