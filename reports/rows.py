"""The rows of a chart or table over languages: an average, then each tier with its languages, sorted by value."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, Literal

import pandas as pd

from polyarena.reports.labels import TIER_TITLES, Label, language_label

Kind = Literal["average", "tier", "language"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One estimate as it is shown; numbers are those of the estimate, ``None`` where there is none."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_invalid: int
    worst: float | None
    best: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a chart or table.

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
    """Arrange estimates for a chart or table.

    Args:
        estimates: Of one task and metric (and one judge and baseline); levels other than macro, tier and language are
            left out.
        series: The systems, in order.

    Returns:
        The macro average, then by tier (high, mid, low, none) a heading and the languages, best first by the mean of
        the series; ties by name; languages without a value last.
    """
    marks = {
        (str(row["level"]), str(row["group"]), str(row["system"])): _mark(row)
        for row in estimates.to_dict("records")
        if row["level"] in ("macro", "tier", "language")
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


def _mark(row: Mapping[Hashable, Any]) -> Mark:
    numbers = {name: _number(row[name]) for name in ("value", "low", "high", "worst", "best")}
    return Mark(**numbers, n=int(row["n"]), n_invalid=int(row["n_invalid"]))


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
