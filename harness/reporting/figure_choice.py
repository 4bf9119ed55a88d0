"""Which figures a report draws: those that the page shows, all, none, or named ones."""

from __future__ import annotations

from collections import Counter
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
        figures: ``page`` for :data:`MOST_FIGURES` of them, the first ones of each judge and task in turn; ``all``,
            ``none``, or names of charts with commas between them.

    Raises:
        UnknownNameError: There is no chart of a name; with a did-you-mean.
    """
    if figures == PAGE:
        return _first_of_each(charts)
    if figures in (ALL, NONE):
        return list(charts) if figures == ALL else []
    by_name = {chart.name: chart for chart in charts}
    names = [name.strip() for name in figures.split(",") if name.strip()]
    for name in names:
        if name not in by_name:
            raise unknown("figure", name, (*by_name, ALL, NONE), where="--figures")
    return [by_name[name] for name in dict.fromkeys(names)]


def _first_of_each(charts: Sequence[Chart]) -> list[Chart]:
    """Return the first charts of each judge and task, and of each task and metric, as many of one as of another."""
    seen: Counter[tuple[str, str]] = Counter()
    turns = []
    for place, chart in enumerate(charts):
        turns.append((seen[chart.about], place))
        seen[chart.about] += 1
    return [charts[place] for place in sorted(place for _, place in sorted(turns)[:MOST_FIGURES])]
