"""From a run folder to estimates, tables and the page."""

import pandas as pd
import pytest

from polyarena.harness import open_run, write_report
from polyarena.harness.store import RunFolder


@pytest.fixture
def finished(finished_run):
    told = "In {autonym}, <b>please</b>."
    experiment = {
        "name": "toy",
        "systems": [
            {"name": "base", "model": "toy", "args": {"voice": "short"}},
            {"name": "told", "model": "toy", "args": {"voice": "short"}, "system_prompt": told},
            {"name": "other", "model": "toy", "args": {"voice": "other"}, "languages": "deu_Latn, swh_Latn"},
        ],
        "baseline": "base",
        "tasks": ["toy_open", {"task": "toy_choice", "limit": 6}],
        "judges": ["rules", {"name": "long", "judge": "toy_length"}],
        "statistics": {"rounds": 300, "confidence": 0.9, "seed": 3},
    }
    return finished_run(experiment, report=True)


def test_win_rates_are_the_means_of_the_battles(finished):
    battles, estimates = finished.battles(), finished.estimates()
    rows = estimates[(estimates["metric"] == "win_rate") & (estimates["level"] == "language")]
    assert len(rows) == 2 * (3 + 2)
    for row in rows.itertuples():
        chosen = battles[
            (battles["judge"] == row.judge) & (battles["candidate"] == row.system) & (battles["language"] == row.group)
        ]
        assert row.value == pytest.approx(chosen["score"].mean())
        assert row.n == len(chosen) == 12


def test_averages_give_each_language_the_same_weight(finished):
    estimates = finished.estimates()
    part = estimates[(estimates["judge"] == "long") & (estimates["system"] == "told")].set_index("level")
    thai = part["group"] == "tha_Thai"  # The other candidate was not judged in it.
    assert part.loc["macro", "value"] == pytest.approx(part[~thai].loc["language", "value"].mean())


def test_accuracies_are_averaged_over_the_languages_that_all_have(finished):
    estimates = finished.estimates()
    macro = estimates[(estimates["metric"] == "acc") & (estimates["level"] == "macro")]
    assert set(macro["n_languages"]) == {2}
    assert macro["note"].str.contains("Thai").any()


def test_the_statistics_of_the_experiment_are_used(finished):
    estimates = finished.estimates()
    assert set(estimates["confidence"]) == {0.9}
    assert estimates["signature"].str.contains("B:300|seed:3", regex=False).all()


def test_csv_and_parquet_say_the_same(finished):
    folder = finished.folder.results
    for name in ("estimates", "battles", "scores"):
        parquet, csv = pd.read_parquet(folder / f"{name}.parquet"), pd.read_csv(folder / f"{name}.csv")
        assert list(parquet.columns) == list(csv.columns)
        assert len(parquet) == len(csv)
    values = pd.read_parquet(folder / "estimates.parquet")["value"]
    assert pd.read_csv(folder / "estimates.csv")["value"].to_numpy() == pytest.approx(values.to_numpy())


def test_the_languages_of_the_answers_are_a_result_and_on_the_page(finished):
    found = pd.read_parquet(finished.folder.results / "answers.parquet")
    completions = finished.completions()
    assert found["answers"].sum() == completions["text"].notna().sum()
    assert (found[["same", "other", "unknown", "empty", "refused"]].sum(axis=1) == found["answers"]).all()
    assert len(found) == 3 + 3 + 2
    # The toy answers in Latin letters, whatever it is asked; one of its answers is too short to tell.
    thai = found[(found["language"] == "tha_Thai") & (found["system"] == "base")].iloc[0]
    assert (thai["other"], thai["other_share"]) == (11, pytest.approx(11 / 12))
    assert len(pd.read_csv(finished.folder.results / "answers.csv")) == len(found)
    page = finished.files.page.read_text()
    assert "Off-target language by language" in page
    assert "91.7 (11/12)" in page


def test_the_page_says_who_was_asked_what_and_who_decided(finished):
    page = finished.files.page.read_text()
    assert "told against base" in page
    assert "it does not read for quality" in page
    assert "toy_length: the longer answer wins" in page
    assert "&lt;b&gt;please&lt;/b&gt;" in page
    assert "<b>please</b>" not in page
    assert "Skipped for other: Thai" in page
    assert "at most 512 tokens" in page


@pytest.mark.figures
def test_figures_name_the_judge_for_what_it_is(finished):
    names = {path.name for path in finished.files.figures}
    assert {"win-rate-toy-open-rules-base.svg", "acc-toy-choice.svg"} <= names
    assert sum(name.endswith(".svg") for name in names) == 7


def test_tables_have_a_row_for_each_language_and_average(finished):
    path = next(path for path in finished.files.tables if path.name == "acc--toy_choice.csv")
    table = pd.read_csv(path)
    assert set(table["code"].dropna()) == {"deu_Latn", "swh_Latn", "tha_Thai"}
    assert {"base", "told", "other"} <= set(table.columns)


def test_a_moved_folder_can_be_reported(finished, tmp_path):
    before, moved = finished.battles(), tmp_path / "elsewhere"
    finished.folder.path.rename(moved)
    assert write_report(RunFolder(moved)).page == moved / "report" / "index.html"
    assert open_run(moved).battles().equals(before)


def test_nothing_is_missing_from_a_whole_run(finished):
    assert finished.missing() == []
    finished.folder.cell("told", "toy_open", "deu_Latn").unlink()
    assert finished.missing() == ["told · toy_open · deu_Latn"]
