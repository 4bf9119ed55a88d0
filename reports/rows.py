"""The rows of a chart over languages: an average, then each tier with its languages, sorted by value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import Literal

import pandas as pd

from polyarena.reports.labels import TIER_TITLES, Label, language_label

Kind = Literal["average", "tier", "language"]

HEIGHTS: dict[Kind, float] = {"average": 0.30, "tier": 0.34, "language": 0.185}
"""Of rows with one series, in inches."""

FEWEST_TOGETHER = 5
"""A tier is cut only where at least so many of its rows stay together."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One estimate as it is drawn; numbers are those of the estimate, ``None`` where there is none."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_invalid: int
    worst: float | None
    best: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a chart.

    Attributes:
        kind: ``average`` (all languages), ``tier`` (heading with the tier's average) or ``language``.
        title: What stands at the left of averages and tiers.
        label: The names, for languages.
        marks: One for each series, ``None`` where a series lacks this row.
    """

    kind: Kind
    title: str
    label: Label | None
    marks: tuple[Mark | None, ...]


def rows(estimates: pd.DataFrame, series: Sequence[str]) -> list[Row]:
    """Arrange estimates for a chart.

    Args:
        estimates: Of one task and metric (and one judge and baseline); levels other than macro, tier and language are
            left out.
        series: The systems, in order.

    Returns:
        The macro average, then by tier (high, mid, low, none) a heading and the languages, best first by the mean of
        the series; ties by name; languages without a value last.
    """
    marks = {
        (str(row.level), str(row.group), str(row.system)): _mark(row)
        for row in estimates.itertuples(index=False)
        if row.level in ("macro", "tier", "language")
    }

    def of(level: str, group: str) -> tuple[Mark | None, ...]:
        return tuple(marks.get((level, group, system)) for system in series)

    def order(label: Label) -> tuple[float, str, str]:
        values = [mark.value for mark in of("language", label.code) if mark and mark.value is not None]
        return (-fsum(values) / len(values) if values else float("inf"), label.name, label.code)

    labels = [language_label(code) for code in sorted({group for level, group, _ in marks if level == "language"})]
    found = [Row("average", "All languages", None, of("macro", "all"))]
    for tier, title in TIER_TITLES.items():
        members = sorted((label for label in labels if label.tier == tier), key=order)
        if members:
            found.append(Row("tier", title, None, of("tier", tier)))
            found += [Row("language", "", label, of("language", label.code)) for label in members]
    return found


def height(row: Row) -> float:
    """Return the height of a row in inches; rows with several series are taller, so that intervals stay apart."""
    return HEIGHTS[row.kind] + 0.03 * max(0, len(row.marks) - 1)


def panels(all_rows: Sequence[Row], columns: int) -> list[list[Row]]:
    """Split rows into columns of about the same height; a tier that is cut gets its heading again.

    Args:
        all_rows: From :func:`rows`.
        columns: 1 or more; fewer come back when there are too few rows.
    """
    target = sum(map(height, all_rows)) / columns
    found: list[list[Row]] = [[]]
    filled = 0.0
    heading: Row | None = None
    for i, row in enumerate(all_rows):
        heading = row if row.kind == "tier" else heading
        if len(found) < columns and found[-1] and _breaks(all_rows, i, filled, target):
            found.append([])
            filled = 0.0
            if row.kind == "language" and heading:
                found[-1].append(Row("tier", f"{heading.title}, continued", None, (None,) * len(row.marks)))
        found[-1].append(row)
        filled += height(row)
    return found


def _breaks(all_rows: Sequence[Row], i: int, filled: float, target: float) -> bool:
    """Tell whether a new column begins with row ``i``: never with, nor right after, a few rows of a tier."""
    if all_rows[i].kind == "tier":
        return filled + sum(map(height, all_rows[i : i + FEWEST_TOGETHER])) >= target
    rest = all_rows[i : i + FEWEST_TOGETHER]
    return filled >= target and len(rest) == FEWEST_TOGETHER and all(row.kind == "language" for row in rest)


def _mark(row: object) -> Mark:
    numbers = {name: _number(getattr(row, name)) for name in ("value", "low", "high", "worst", "best")}
    return Mark(**numbers, n=int(getattr(row, "n")), n_invalid=int(getattr(row, "n_invalid")))  # noqa: B009


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
