"""The rows of a chart or table over languages: an average, then each tier with its languages, sorted by value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, Literal

import pandas as pd

from polyarena.reports.labels import TIER_TITLES, Label, language_label
from polyarena.reports.metric_facts import MetricFacts, metric_facts

Kind = Literal["average", "tier", "language"]

Place = tuple[str, str, str]
"""Level, group and system of an estimate."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One estimate as it is shown; what the estimate lacks is ``None``, or empty for the flag."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_invalid: int
    worst: float | None
    best: float | None
    lowest: float | None = None
    highest: float | None = None
    band_low: float | None = None
    band_high: float | None = None
    detectable: float | None = None
    flag: str = ""
    wins: int | None = None
    ties: int | None = None
    losses: int | None = None

    @property
    def record(self) -> str:
        """Wins, ties and losses, as ``12 / 3 / 5``; empty for scores."""
        counts = (self.wins, self.ties, self.losses)
        return "" if None in counts else " / ".join(f"{count:,}" for count in counts)


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
    marks = marks_of(estimates, ("macro", "tier", "language"))
    return rows_of_marks(marks, series, str(estimates["metric"].iloc[0]) if len(estimates) else "")


def rows_of_marks(marks: Mapping[Place, Mark], series: Sequence[str], metric: str) -> list[Row]:
    """Arrange marks as :func:`rows` does.

    Args:
        marks: Of one task and metric, of any levels.
        series: The systems, in order.
        metric: Which values are better; empty for those that are higher.
    """
    facts = metric_facts(metric) if metric else MetricFacts()

    def of(level: str, group: str) -> tuple[Mark | None, ...]:
        return tuple(marks.get((level, group, system)) for system in series)

    def order(label: Label) -> tuple[float, str, str]:
        values = [facts.goodness(m.value) for m in of("language", label.code) if m and m.value is not None]
        return (-fsum(values) / len(values) if values else float("inf"), label.name, label.code)

    labels = [language_label(code) for code in sorted({group for level, group, _ in marks if level == "language"})]
    found = [Row("average", "All languages", None, of("macro", "all"))]
    for tier, title in TIER_TITLES.items():
        members = sorted((label for label in labels if label.tier == tier), key=order)
        if members:
            found.append(Row("tier", title, None, of("tier", tier)))
            found += [Row("language", "", label, of("language", label.code)) for label in members]
    return found


def marks_of(estimates: pd.DataFrame, levels: Collection[str]) -> dict[Place, Mark]:
    """Return what is shown of the estimates of these levels, by level, group and system."""
    return dict(marks_in_order(estimates[estimates["level"].isin(list(levels))]))


def marks_in_order(estimates: pd.DataFrame) -> Iterator[tuple[Place, Mark]]:
    """Yield what is shown of each row, with its level, group and system."""
    keys = zip(*(estimates[name].astype(str).tolist() for name in ("level", "group", "system")), strict=True)
    return zip(keys, _marks(estimates), strict=True)


_NUMBERS = ("value", "low", "high", "worst", "best", "lowest", "highest", "band_low", "band_high", "detectable")


def _marks(estimates: pd.DataFrame) -> Iterator[Mark]:
    """Yield what is shown of each row, column by column: a report of 200 systems asks for tens of thousands."""
    columns: dict[str, list[Any]] = {name: _column(estimates, name, float) for name in _NUMBERS}
    columns |= {name: _column(estimates, name, int) for name in ("wins", "ties", "losses", "n", "n_invalid")}
    columns["flag"] = [flag or "" for flag in _column(estimates, "flag", str)]
    for values in zip(*columns.values(), strict=True):
        yield Mark(**dict(zip(columns, values, strict=True)))


def _column(estimates: pd.DataFrame, name: str, kind: Callable[[Any], Any]) -> list[Any]:
    """Return the values of a column, ``None`` for each that is missing."""
    if name not in estimates.columns:
        return [None] * len(estimates)
    column = estimates[name]
    missing = column.isna().tolist()
    return [None if absent else kind(value) for value, absent in zip(column.tolist(), missing, strict=True)]
