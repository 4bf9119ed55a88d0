"""Which figures a report draws: those that the page shows, all, none, or named ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarena.tasks.suggest import unknown

if TYPE_CHECKING:
    from polyarena.reports.figures.charts import Chart

MOST_FIGURES = 12
"""Figures that the page shows; a run with many systems would otherwise draw hundreds."""

PAGE, ALL, NONE = "page", "all", "none"


def chosen_charts(charts: Sequence[Chart], figures: str = PAGE) -> list[Chart]:
    """Return the charts that are drawn.

    Args:
        charts: Of the report, in the order shown; they are drawn only once they are chosen.
        figures: ``page`` for the first :data:`MOST_FIGURES`, ``all``, ``none``, or names of charts with commas between
            them.

    Raises:
        UnknownNameError: There is no chart of a name; with a did-you-mean.
    """
    if figures == PAGE:
        return list(charts[:MOST_FIGURES])
    if figures in (ALL, NONE):
        return list(charts) if figures == ALL else []
    by_name = {chart.name: chart for chart in charts}
    names = [name.strip() for name in figures.split(",") if name.strip()]
    for name in names:
        if name not in by_name:
            raise unknown("figure", name, (*by_name, ALL, NONE), where="--figures")
    return [by_name[name] for name in dict.fromkeys(names)]
