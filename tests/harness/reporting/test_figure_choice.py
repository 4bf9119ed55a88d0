"""Which figures a report draws."""

from __future__ import annotations

import pytest

from polyarena.harness.reporting.figure_choice import MOST_FIGURES, chosen_charts
from polyarena.reports.figures.charts import Chart
from polyarena.tasks.errors import UnknownNameError


def undrawn() -> None:
    raise AssertionError("a chart is drawn only when it is rendered")


CHARTS = [Chart(f"chart-{number}", f"Chart {number}", undrawn) for number in range(MOST_FIGURES + 3)]


def names(figures: str) -> list[str]:
    return [chart.name for chart in chosen_charts(CHARTS, figures)]


def test_the_page_shows_the_first() -> None:
    assert names("page") == [f"chart-{number}" for number in range(MOST_FIGURES)]


def test_each_judge_has_as_many_on_the_page_as_another() -> None:
    charts = [Chart(f"{judge}-{n}", judge, undrawn, (judge, "task")) for judge in "abc" for n in range(30)]
    charts.append(Chart("acc-task", "acc", undrawn, ("task", "acc")))
    shown = [chart.name for chart in chosen_charts(charts, "page")]
    assert shown == [*("a-0", "a-1", "a-2", "a-3"), *("b-0", "b-1", "b-2", "b-3"), "c-0", "c-1", "c-2", "acc-task"]


def test_all_none_or_named_ones() -> None:
    assert len(names("all")) == len(CHARTS)
    assert names("none") == []
    assert names("chart-14, chart-2,chart-14") == ["chart-14", "chart-2"]


def test_an_unknown_name_has_a_did_you_mean() -> None:
    with pytest.raises(UnknownNameError) as caught:
        names("chart-2,chrat-3")
    assert "chart-3" in str(caught.value)
