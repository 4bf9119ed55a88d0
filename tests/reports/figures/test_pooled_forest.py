"""The forest plot with partially pooled estimates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from polyarena.reports.figures import forest, render
from polyarena.reports.stats import pooled_estimates, win_rates
from polyarena.reports.stats.pooling import NAME


def crosses(figure: Figure) -> list[float]:
    return [float(line.get_xdata()[0]) for axes in figure.axes[1:] for line in axes.lines if line.get_marker() == "x"]


def words(figure: Figure) -> str:
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_crosses_are_the_pooled_estimates_and_are_named(win_estimates: pd.DataFrame) -> None:
    figure = forest(win_estimates, pooled=True).figure
    expected = 100 * pooled_estimates(win_estimates)["pooled"]
    drawn = [x for x in crosses(figure) if x > 1]
    assert sorted(drawn) == pytest.approx(sorted(expected))
    assert NAME in words(figure)


def test_without_asking_there_is_none_and_the_raw_marks_stay(win_estimates: pd.DataFrame) -> None:
    plain, pooled = forest(win_estimates).figure, forest(win_estimates, pooled=True).figure
    assert crosses(plain) == []
    assert NAME not in words(plain)

    def points(figure: Figure) -> list[float]:
        return [float(line.get_xdata()[0]) for axes in figure.axes[1:] for line in axes.lines
                if line.get_marker() == "o"]  # fmt: skip

    assert points(pooled)[-23:] == points(plain)[-23:]


def test_too_few_languages_are_not_pooled(make_battles: Callable[..., pd.DataFrame], drawn: Any) -> None:
    estimates = win_rates(make_battles(drawn(["deu_Latn", "hin_Deva"], 20)), rounds=2)
    figure = forest(estimates, pooled=True).figure
    assert crosses(figure) == []
    assert NAME not in words(figure)


def test_the_same_bytes_every_time(win_estimates: pd.DataFrame) -> None:
    assert render(forest(win_estimates, pooled=True).figure, "svg") == render(
        forest(win_estimates, pooled=True).figure, "svg"
    )
