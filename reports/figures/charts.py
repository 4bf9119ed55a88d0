"""All charts that a table of estimates holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from polyarena.reports.figures.accuracy import accuracy
from polyarena.reports.figures.forest import forest
from polyarena.reports.figures.style import SERIES_COLOURS
from polyarena.reports.tables import sections
from polyarena.reports.template_names import is_over_templates

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Chart:
    """A figure with the names it goes by.

    Attributes:
        name: Of its files, without suffix; letters, digits, dots and hyphens, distinct within a report.
        title: A line for people; also the text for those who cannot see it.
        draw: Draws it, for :func:`polyarena.reports.figures.render`. Charts are drawn one by one, so that a report of
            many holds one at a time, and a name that no font can draw costs one chart only.
    """

    name: str
    title: str
    draw: Callable[[], Figure]


def charts(
    estimates: pd.DataFrame,
    *,
    chance: Mapping[str, float | None] | None = None,
    judges: Mapping[str, str] | None = None,
) -> list[Chart]:
    """Return a forest plot for each comparison and a score chart for each task and metric.

    Of a task that was asked with several prompt templates the median over them is drawn, not each of them.

    Args:
        estimates: Any rows of :class:`polyarena.reports.records.Estimate`.
        chance: By task: expected headline score of guessing.
        judges: By name: what each judge says of itself.

    Returns:
        In the order of judge, task, systems; then task and metric. More systems than colours are spread over several
        charts.
    """
    found: list[Chart] = []
    for name, title, draw in _parts(estimates, chance or {}, judges or {}):
        taken = {chart.name for chart in found}
        unique = next(n for i in range(len(found) + 1) if (n := name if i == 0 else f"{name}-{i + 1}") not in taken)
        found.append(Chart(unique, title, draw))
    return found


def _parts(
    estimates: pd.DataFrame, chance: Mapping[str, float | None], judges: Mapping[str, str]
) -> Iterator[tuple[str, str, Callable[[], Figure]]]:
    for part in sections(estimates):
        if part.detail or is_over_templates(part.metric, "mean"):
            continue
        if part.baseline is not None:
            title = (
                f"{part.systems[0]} against {part.baseline}: win rate by language on {part.task}, judge {part.judge}"
            )
            name = f"win-rate-{part.task}-{part.judge}-{part.systems[0]}-{part.baseline}"
            yield _slug(name), title, partial(forest, part.estimates, description=judges.get(part.judge or "", ""))
            continue
        for start in range(0, len(part.systems), len(SERIES_COLOURS)):
            chosen = part.systems[start : start + len(SERIES_COLOURS)]
            draw = partial(accuracy, part.estimates, systems=chosen, chance=chance.get(part.task))
            title = f"{part.metric} by language on {part.task}: {', '.join(chosen)}"
            yield _slug(f"{part.metric}-{part.task}"), title, draw


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:120] or "chart"
