"""Bad answers and weighed verdicts as tables of the page."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd
import pytest

from polyarena.reports.page import PageContent, page
from polyarena.reports.page.verdict_tables import bad_answer_tables, strong_verdict_table
from polyarena.reports.stats import estimates_frame, mean_scores

Make = Callable[..., pd.DataFrame]


@pytest.fixture
def rates(make_scores: Make) -> pd.DataFrame:
    values = {"deu_Latn": [1, 0] * 6, "swh_Latn": [1, 1, 0] * 4}
    scores = pd.concat([make_scores(values, system=system, metric="bad_answers") for system in ("new", "old")])
    found = mean_scores(scores, rounds=50)
    return found.assign(judge="guard", n_invalid=[2 if group == "deu_Latn" else 0 for group in found["group"]])


def test_a_row_for_each_average_and_language(rates: pd.DataFrame) -> None:
    (sheet,) = bad_answer_tables(rates)
    assert sheet.title == "Bad answers to names"
    assert sheet.columns == ("Languages", "new", "old")
    assert [row[0] for row in sheet.rows] == ["All languages", "High-resource", "Low-resource", "German", "Swahili"]
    assert [row[1].partition(" ")[0] for row in sheet.rows] == ["58.3", "50.0", "66.7", "50.0", "66.7"]
    assert all(row[1] == row[2] for row in sheet.rows)
    assert "the judge guard" in sheet.notes[0]
    assert "95% interval" in sheet.notes[0]
    assert sheet.notes[1] == "Items without a verdict, in no rate: new 2, old 2."


def test_each_judge_and_task_has_its_own(rates: pd.DataFrame) -> None:
    both = pd.concat([rates, rates.assign(judge="other"), rates.assign(task="more", n_invalid=0)])
    tables = bad_answer_tables(both)
    assert [sheet.title for sheet in tables] == ["Bad answers to more", "Bad answers to names", "Bad answers to names"]
    assert len(tables[0].notes) == 1
    assert bad_answer_tables(estimates_frame([])) == []


def test_a_language_that_only_one_system_has_is_shown_and_said(rates: pd.DataFrame, make_scores: Make) -> None:
    alone = make_scores({"deu_Latn": [1, 0] * 6, "tha_Thai": [0, 1] * 6}, system="new")
    other = make_scores({"deu_Latn": [1, 0] * 6}, system="old")
    found = mean_scores(pd.concat([alone, other]), rounds=50).assign(judge="guard")
    (sheet,) = bad_answer_tables(found)
    rows = {row[0]: row[1:] for row in sheet.rows}
    assert rows["Thai"][1] == "–"
    assert any("another system lacks them: Thai" in note for note in sheet.notes)


@pytest.fixture
def scores() -> pd.DataFrame:
    row = {
        "task": "arena", "judge": "jury", "language": "kor_Hang", "system": "weak", "baseline": "old", "value": 0.4,
        "low": 0.35, "high": 0.45, "n_games": 100, "n_invalid": 0, "n_clusters": 50, "strong_weight": 3.0,
    }  # fmt: skip
    return pd.DataFrame([row, {**row, "system": "strong", "value": 0.8, "low": math.nan, "high": math.nan}])


def test_scores_are_sorted_best_first(scores: pd.DataFrame) -> None:
    sheet = strong_verdict_table(scores)
    assert sheet is not None
    assert sheet.title == "Scores over games, strong verdicts counted 3 times"
    assert [row[0] for row in sheet.rows] == ["strong", "weak"]
    assert [row[5] for row in sheet.rows] == ["80.0 [–]", "40.0 [35.0, 45.0]"]
    assert {row[4] for row in sheet.rows} == {"Korean"}
    assert all(len(row) == len(sheet.columns) for row in sheet.rows)


def test_without_scores_there_is_no_table(scores: pd.DataFrame) -> None:
    assert strong_verdict_table(scores.head(0)) is None
    assert strong_verdict_table(pd.DataFrame({"task": []})) is None


def test_a_score_without_any_verdict_is_a_dash(scores: pd.DataFrame) -> None:
    sheet = strong_verdict_table(scores.assign(value=math.nan))
    assert sheet is not None
    assert {row[5] for row in sheet.rows} == {"–"}


def test_names_are_escaped_on_the_page(rates: pd.DataFrame, scores: pd.DataFrame) -> None:
    tables = [*bad_answer_tables(rates.replace("new", "<b>new")), strong_verdict_table(scores.assign(system="<i>x"))]
    html = page(PageContent("T", "0.1.0", (), (), (), estimates_frame([]), tables=tuple(s for s in tables if s)))
    assert "<b>new" not in html
    assert "<i>x" not in html
    assert "&lt;b&gt;new" in html
