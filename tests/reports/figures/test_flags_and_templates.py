"""Charts show what is doubtful and how far prompt templates differ, and never speak of intervals that are not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from polyarena.reports.figures import charts, forest, score_chart
from polyarena.reports.flags import Flag, add_flags
from polyarena.reports.stats import estimates_table, mean_scores, win_rates
from polyarena.reports.stats.templates import template_scores

Make = Callable[..., pd.DataFrame]


def lines(figure: Figure) -> list[Any]:
    return [line for axes in figure.axes[1:] for line in axes.lines]


def caption(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.axes[0].texts)


@pytest.fixture
def templates(make_scores: Make) -> pd.DataFrame:
    by_task = {"nli": [1, 0] * 10, "nli.claim": [1, 1, 1, 0] * 5, "nli.asked": [0, 0, 1, 0] * 5}
    scores = pd.concat([make_scores({"deu_Latn": v, "tha_Thai": v}, task=task) for task, v in by_task.items()])
    families = {task: ("nli", task.partition(".")[2] or "plain") for task in by_task}
    frames = [mean_scores(scores, rounds=50), template_scores(scores, families, rounds=50)]
    return estimates_table(frames).to_pandas()


def test_a_flagged_score_is_hollow_and_the_caption_says_so(score_estimates: pd.DataFrame) -> None:
    flag = Flag("names", "deu_Latn", "accuracy", "doubtful", "x")
    figure = score_chart(add_flags(score_estimates, [flag])).figure
    hollow = [
        line
        for line in lines(figure)
        if line.get_marker() in "os^D" and to_hex(line.get_markerfacecolor()) == "#ffffff"
    ]
    # German itself, the high-resource average and the average over all, of two systems each.
    assert sorted(line.get_marker() for line in hollow) == ["D"] * 4 + ["o", "s"]
    assert "Hollow: the metric is doubtful or inadequate there" in caption(figure)
    assert "Hollow" not in caption(score_chart(score_estimates).figure)


def test_the_spread_of_templates_is_a_pale_bar(templates: pd.DataFrame) -> None:
    figure = score_chart(templates[templates["metric"] == "accuracy (median of 3 templates)"]).figure
    bars = [line for line in lines(figure) if line.get_alpha() == 0.22]
    assert len(bars) == 5
    assert {tuple(line.get_xdata()) for line in bars} == {(25.0, 75.0)}
    assert "Pale bars: from the lowest to the highest score of a single prompt template." in caption(figure)
    low, high = figure.axes[1].get_xlim()
    assert low < 25
    assert high > 75


def test_of_several_templates_only_the_median_is_drawn(templates: pd.DataFrame) -> None:
    (chart,) = charts(templates)
    assert chart.name == "accuracy-median-of-3-templates-nli"
    assert chart.title.startswith("accuracy (median of 3 templates) by language on nli")


def test_no_interval_is_mentioned_where_there_is_none(make_scores: Make, make_battles: Make) -> None:
    score = caption(score_chart(mean_scores(make_scores({"deu_Latn": [1]}), rounds=50)).figure)
    assert "No intervals: the items are too few" in score
    assert "Lines:" not in score
    won = caption(forest(win_rates(make_battles({"deu_Latn": [1.0]}), rounds=50)).figure)
    assert "No intervals: the items are too few" in won
    assert "Lines:" not in won


def test_intervals_are_explained_where_they_are(score_estimates: pd.DataFrame, win_estimates: pd.DataFrame) -> None:
    for figure in (score_chart(score_estimates).figure, forest(win_estimates).figure):
        assert "a source item counts as one" in caption(figure)
        assert "No intervals" not in caption(figure)
