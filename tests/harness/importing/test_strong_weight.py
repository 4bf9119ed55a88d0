"""How often ``>>`` counts: in imported runs by an option, in reports in battles, signatures and a table of its own."""

import json
import shutil

import pandas as pd
import pytest

from polyarena.harness import open_run, run, write_report
from polyarena.harness.cli import main
from polyarena.harness.importing import ImportOptions, import_verdicts
from polyarena.harness.planning import plan
from polyarena.harness.reporting.strong_verdicts import strong_scores
from polyarena.harness.store import RunFolder
from polyarena.tasks.errors import ExperimentError

MODELS = ("chatgpt-4o-latest(2025-03-26)", "command-a", "llama-3.1-8b-instruct", "o3-low", "qwq-32b")


def game(item, a, b, label, **more):
    named = {"language": "de", "judge": "jury", "task": "t"}
    return {"item_id": item, "system_a": a, "system_b": b, "label": label, **named, **more}


GAMES = [
    game("1", "new", "old", "A>>B"), game("1", "old", "new", "A>B"),
    game("2", "new", "old", "A=B"), game("2", "old", "new", "A=B"),
    game("3", "new", "old", "A>B"), game("3", "old", "new", "B>A"),
]  # fmt: skip


@pytest.fixture
def bring(write, tmp_path):
    def bring(games=GAMES, weight=None):
        options = ImportOptions(baseline="old")
        import_verdicts("polyarena", write("g.jsonl", games), tmp_path / "run", options, strong_weight=weight)
        return open_run(tmp_path / "run")

    return bring


def test_battles_weigh_within_the_item_and_scores_over_games(bring):
    records = bring(weight=3)
    assert records.collapse_games()["score"].tolist() == [0.75, 0.5, 1.0]
    (row,) = strong_scores(records).to_dict("records")
    assert row["value"] == pytest.approx((3 + 0 + 0.5 + 0.5 + 1 + 1) / (3 + 5))
    assert (row["system"], row["baseline"], row["language"]) == ("new", "old", "deu_Latn")
    assert "|strong:3|" in row["signature"]


def test_without_a_weight_nothing_changes(bring):
    records = bring()
    assert records.collapse_games()["score"].tolist() == [0.5, 0.5, 1.0]
    assert strong_scores(records).empty
    files = write_report(records.folder)
    assert not (records.folder.results / "strong_verdicts.csv").exists()
    assert not open_run(records.folder).estimates()["signature"].str.contains("strong").any()
    assert "strong verdicts" not in files.page.read_text(encoding="utf-8")


def test_importing_again_keeps_the_weight_unless_another_is_named(bring):
    bring(weight=3)
    assert bring().lock.settings.statistics.strong_weight == 3
    assert bring(weight=1).lock.settings.statistics.strong_weight == 1


def test_the_weight_is_in_results_signatures_and_the_page(bring, capsys):
    folder = bring().folder
    before = open_run(folder).lock
    assert main(["report", str(folder.path), "--strong-weight", "3", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["estimates"]
    assert {"|ties:half|strong:3|" in row["signature"] for row in rows} == {True}
    stored = pd.read_csv(folder.results / "strong_verdicts.csv")
    assert stored["value"].tolist() == [0.75]
    assert stored["strong_weight"].tolist() == [3]
    assert "Scores over games, strong verdicts counted 3 times" in (folder.report / "index.html").read_text("utf-8")
    # Kept: the next report says the same.
    assert main(["report", str(folder.path)]) == 0
    assert open_run(folder).estimates()["signature"].str.contains("|strong:3|", regex=False).all()
    assert main(["report", str(folder.path), "--strong-weight", "1"]) == 0
    assert not (folder.results / "strong_verdicts.csv").exists()
    assert open_run(folder).lock.judges == before.judges


@pytest.mark.parametrize("weight", ["0", "-3", "inf", "nan", "1e9"])
def test_weights_that_mean_nothing_are_refused(bring, weight, capsys):
    folder = bring().folder
    lock = folder.lock_file.read_bytes()
    assert main(["report", str(folder.path), "--strong-weight", weight]) == 2
    assert "--strong-weight cannot be" in capsys.readouterr().err
    assert folder.lock_file.read_bytes() == lock


def test_a_refused_import_leaves_no_run_behind(write, tmp_path):
    with pytest.raises(ExperimentError, match="cannot be 0"):
        import_verdicts("polyarena", write("g.jsonl", GAMES), tmp_path / "run", strong_weight=0.0)
    assert not RunFolder(tmp_path / "run").read_lock()


def test_graded_preferences_are_no_strong_verdicts(bring):
    worth = {"A>>B": 0.9, "A>B": 0.9, "A=B": 0.5, "B>A": 0.1}
    records = bring([{**each, "score": worth[each["label"]]} for each in GAMES], weight=3)
    assert strong_scores(records).empty


def test_the_experiment_says_it_of_a_run_that_has_one(toys, tmp_path, write, capsys):
    experiment = {
        "name": "toy",
        "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("old", "new")],
        "baseline": "old",
        "tasks": [{"task": "toy_open", "limit": 2}],
        "languages": "deu_Latn",
        "judges": ["rules"],
        "statistics": {"rounds": 100, "strong_weight": 2},
    }
    finished = run(plan(experiment, output=tmp_path / "run"))
    assert finished.estimates()["signature"].str.contains("|strong:2|", regex=False).all()
    assert main(["report", str(tmp_path / "run"), "--strong-weight", "3"]) == 2
    said = capsys.readouterr().err
    assert "statistics: {strong_weight: 3}" in said
    items = sorted(set(finished.battles()["item_id"]))
    path = write("g.jsonl", [game(items[0], "new", "old", "A>>B", task="toy_open"),
                             game(items[0], "old", "new", "A>B", task="toy_open")])  # fmt: skip
    with pytest.raises(ExperimentError, match="nothing but imported"):
        import_verdicts("polyarena", path, tmp_path / "run", strong_weight=3.0)
    import_verdicts("polyarena", path, tmp_path / "run")
    records = open_run(tmp_path / "run")
    jury = records.collapse_games().query("judge == 'jury'")
    assert jury["score"].tolist() == [pytest.approx(2 / 3)]
    # Another weight in the experiment judges nothing again.
    before = len(list(records.folder.events()))
    again = run(plan({**experiment, "statistics": {"rounds": 100}}, output=tmp_path / "run"))
    assert open_run(again.folder).collapse_games().query("judge == 'jury'")["score"].tolist() == [0.5]
    events = list(again.folder.events())[before:]
    assert not [event for event in events if event["event"] in ("CellDone", "GamesDone")]


def test_the_published_korean_column_comes_out_of_an_import(test_data, tmp_path):
    """Where: verdicts/ko-arena-hard (qwopqwop200/ko-arena-hard-auto @ 9d13932, Apache-2.0)."""
    source = test_data / "verdicts" / "ko-arena-hard"
    published = pd.read_csv(source / "leaderboard_no_control.csv").set_index("model")["score"]
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    for model in MODELS:
        shutil.copy(source / "ensemble" / f"{model}.jsonl", chosen)
    options = ImportOptions(language="ko", baseline="claude-3.7-sonnet")
    done = import_verdicts("arena-hard", chosen, tmp_path / "run", options, strong_weight=3)
    scores = strong_scores(open_run(tmp_path / "run")).set_index("system")
    assert len(scores) == len(MODELS)
    for model in MODELS:
        own = scores.loc[done.renamed.get(model, model)]
        assert 100 * own["value"] == pytest.approx(published[model], abs=0.00501)
        assert own["low"] < own["value"] < own["high"]
