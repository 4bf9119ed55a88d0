from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from polyarena.reports.figures import forest, score_chart
from polyarena.reports.figures.style import (
    SERIES_COLOURS,
    SERIES_MARKERS,
    axes_style,
    house_style,
    output_style,
    text_style,
)
from polyarena.reports.stats import mean_scores, win_rates

Make = Callable[..., pd.DataFrame]


def test_styles_are_pure_and_known_to_matplotlib() -> None:
    for style in (text_style, axes_style, output_style):
        assert style() == style()
        assert set(style()) <= set(mpl.rcParams)
    assert text_style(10)["font.size"] == 10
    assert text_style(10) | {"font.size": 6} != text_style(10)


def test_the_style_ends_with_its_block() -> None:
    before = dict(mpl.rcParams)
    with house_style():
        assert mpl.rcParams["pdf.fonttype"] == 42
        assert mpl.rcParams["svg.hashsalt"] == "polyarena"
    assert dict(mpl.rcParams) == before


def brightness(colour: str) -> float:
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), to_rgb(colour), strict=True))


def test_series_differ_in_colour_and_in_shape() -> None:
    assert len(SERIES_COLOURS) == len(set(SERIES_COLOURS)) == len(set(SERIES_MARKERS)) == len(SERIES_MARKERS)
    for first, second in combinations(SERIES_COLOURS, 2):
        assert sum(abs(a - b) for a, b in zip(to_rgb(first), to_rgb(second), strict=True)) > 0.3
    assert all(brightness(colour) < 0.75 for colour in SERIES_COLOURS)


def drawn_values(figure: Any, marker: str) -> list[float]:
    return [
        float(line.get_xdata()[0])
        for axes in figure.axes[1:]
        for line in axes.lines
        if line.get_marker() == marker
    ]  # fmt: skip


def test_dots_stand_where_the_estimates_are(win_estimates: pd.DataFrame, score_estimates: pd.DataFrame) -> None:
    languages = win_estimates[win_estimates["level"] == "language"]
    assert sorted(drawn_values(forest(win_estimates).figure, "o")) == pytest.approx(sorted(100 * languages["value"]))
    for system, marker in (("new", "o"), ("old", "s")):
        own = score_estimates[(score_estimates["level"] == "language") & (score_estimates["system"] == system)]
        assert sorted(drawn_values(score_chart(score_estimates).figure, marker)) == pytest.approx(
            sorted(100 * own["value"])
        )


def test_lines_reach_from_low_to_high(win_estimates: pd.DataFrame) -> None:
    axes = forest(win_estimates).figure.axes[1]
    spans = {tuple(round(float(x), 6) for x in line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2}
    for row in win_estimates.itertuples():
        assert (round(100 * row.low, 6), round(100 * row.high, 6)) in spans
        assert (round(100 * row.worst, 6), round(100 * row.best, 6)) in spans


def test_everything_drawn_lies_within_the_axes(win_estimates: pd.DataFrame) -> None:
    axes = forest(win_estimates).figure.axes[1]
    low, high = axes.get_xlim()
    for line in axes.lines:
        if len(line.get_xdata()) == 2 and line.get_linestyle() == "-":
            assert low <= min(line.get_xdata()) <= max(line.get_xdata()) <= high
    assert low <= 50 <= high


def test_languages_stand_from_best_to_worst_within_their_tier(win_estimates: pd.DataFrame) -> None:
    axes = forest(win_estimates).figure.axes[1]
    dots = sorted(
        (float(line.get_ydata()[0]), float(line.get_xdata()[0])) for line in axes.lines if line.get_marker() == "o"
    )
    values = [x for _, x in dots]
    high = (win_estimates["level"] == "language").sum() - 5
    assert values[:high] == sorted(values[:high], reverse=True)
    assert values[high:] == sorted(values[high:], reverse=True)


def test_title_and_caption_can_be_given(win_estimates: pd.DataFrame) -> None:
    written = [text.get_text() for text in forest(win_estimates, title="Mine", caption="Below.").figure.axes[0].texts]
    assert "Mine" in written
    assert "Below." in written


@pytest.mark.parametrize(("values", "tick"), [([0.1, 0.9] * 20, 25), ([0.48, 0.52] * 20, 1.0)])
def test_ticks_suit_the_range_of_scores(make_scores: Make, values: list[float], tick: float) -> None:
    noisy = [value + 0.001 * (i % 7) for i, value in enumerate(values)]
    scores = make_scores({"deu_Latn": noisy, "tha_Thai": [1.02 * value for value in noisy]})
    axes = score_chart(mean_scores(scores, rounds=100)).figure.axes[1]
    ticks = [t for t in axes.get_xticks() if axes.get_xlim()[0] <= t <= axes.get_xlim()[1]]
    assert 3 <= len(ticks) <= 8
    assert ticks[1] - ticks[0] <= tick


def test_numbers_beside_the_rows_are_those_of_the_table(make_battles: Make) -> None:
    estimates = win_rates(make_battles({"deu_Latn": [1, 1, 0, 1, 0.5, 1, 1, 0, 1, 1]}), rounds=100)
    german = estimates[estimates["group"] == "deu_Latn"].iloc[0]
    written = [text.get_text() for text in forest(estimates).figure.axes[0].texts]
    assert f"75.0 [{100 * german['low']:.1f}, {100 * german['high']:.1f}]" in written
