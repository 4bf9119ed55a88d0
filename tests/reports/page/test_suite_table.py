"""Averages over tasks on the page."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from polyarena.reports.page.suite_table import suite_table
from polyarena.reports.stats.suites import suite_averages

Make = Callable[..., pd.DataFrame]
SUITES = {"ours": ("exam", "quiz")}


@pytest.fixture
def scores(make_scores: Make) -> pd.DataFrame:
    values = {"deu_Latn": [1.0, 0.0] * 10, "swh_Latn": [0.0, 0.0, 1.0, 0.0] * 5}
    return pd.concat([make_scores(values, task=task, system=name) for task in ("exam", "quiz") for name in "ba"])


def test_each_system_has_a_row_with_its_interval(scores: pd.DataFrame) -> None:
    sheet = suite_table(suite_averages(scores, SUITES))
    assert [row[:3] for row in sheet.rows] == [("a", "ours", "accuracy"), ("b", "ours", "accuracy")]
    assert [row[4:] for row in sheet.rows] == [("2", "2", "80")] * 2
    assert sheet.rows[0][3].startswith("37.5 [2")
    assert all(len(row) == len(sheet.columns) for row in sheet.rows)
    assert sheet.notes[1] == "accuracy of ours: exam, quiz."


def test_points_stay_points_and_what_has_no_interval_none(make_scores: Make) -> None:
    parts = [make_scores({"deu_Latn": [20.0, 40.0]}, task=task, metric="chrf_item") for task in ("exam", "quiz")]
    (row,) = suite_table(suite_averages(pd.concat(parts), SUITES, rounds=20)).rows
    assert row[3] == "30.0"


def test_win_rates_name_judge_and_baseline(make_battles: Make) -> None:
    battles = pd.concat([make_battles({"deu_Latn": [1.0, 0.5, 0.0] * 5}, task=task) for task in ("exam", "quiz")])
    (row,) = suite_table(suite_averages(battles, SUITES)).rows
    assert row[2] == "win_rate, judge rules, against old"


def test_without_averages_there_is_no_sheet(scores: pd.DataFrame) -> None:
    assert suite_table(suite_averages(scores, {})) is None
