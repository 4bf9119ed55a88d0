"""All charts that a table of estimates holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.reports.figures.accuracy import accuracy
from polyarena.reports.figures.forest import forest
from polyarena.reports.figures.style import SERIES_COLOURS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Chart:
    """A figure with the names it goes by.

    Attributes:
        name: Of its files, without suffix; letters, digits, dots and hyphens, distinct within a report.
        title: A line for people; also the text for those who cannot see it.
        figure: To be passed to :func:`polyarena.reports.figures.render`.
    """

    name: str
    title: str
    figure: Figure


def charts(estimates: pd.DataFrame, *, chance: Mapping[str, float | None] | None = None) -> list[Chart]:
    """Draw a forest plot for each comparison and a score chart for each task and metric.

    Args:
        estimates: Any rows of :class:`polyarena.reports.records.Estimate`.
        chance: By task: expected headline score of guessing.

    Returns:
        In the order of judge, task, systems; then task and metric. More systems than colours are spread over several
        charts.
    """
    found: list[Chart] = []
    for name, title, figure in _draw(estimates, chance or {}):
        taken = {chart.name for chart in found}
        unique = next(n for i in range(len(found) + 1) if (n := name if i == 0 else f"{name}-{i + 1}") not in taken)
        found.append(Chart(unique, title, figure))
    return found


def _draw(estimates: pd.DataFrame, chance: Mapping[str, float | None]) -> Iterator[tuple[str, str, Figure]]:
    won = estimates[estimates["baseline"].notna()]
    for (judge, task, system, baseline), part in won.groupby(["judge", "task", "system", "baseline"], sort=True):
        title = f"{system} against {baseline}: win rate by language on {task}, judge {judge}"
        yield _slug(f"win-rate-{task}-{judge}-{system}-{baseline}"), title, forest(part)
    scored = estimates[estimates["baseline"].isna()]
    for (task, metric), part in scored.groupby(["task", "metric"], sort=True):
        systems = sorted(map(str, part["system"].unique()))
        for start in range(0, len(systems), len(SERIES_COLOURS)):
            chosen = systems[start : start + len(SERIES_COLOURS)]
            figure = accuracy(part, systems=chosen, chance=chance.get(str(task)))
            yield _slug(f"{metric}-{task}"), f"{metric} by language on {task}: {', '.join(chosen)}", figure


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:120] or "chart"
