"""What a user asks of a figure: its kind, its sources, and the options, of which a kind uses some."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from polyarena.harness.reporting.figure_options import OPTIONS, check_options

ITEMS = (100, 200, 500, 1000)

TABLES = {".csv", ".parquet"}
"""Suffixes of files that are drawn as they are."""


@dataclass(frozen=True)
class FigureRequest:
    """What is to be drawn, and of what.

    Attributes:
        kind: One of :data:`polyarena.reports.figures.KINDS`.
        sources: Run folders, or one CSV or Parquet file with the columns that the kind needs.
        venue: One of :data:`polyarena.reports.figures.VENUES`.
        task: Needed where the runs have several.
        judge: Likewise.
        metric: Likewise, of scores.
        baseline: Likewise, of win rates.
        systems: Which, in order; for steps the stages from first to last.
        languages: Which; all if empty.
        by: Headings of the languages.
        people: Of agreement: the judge as which the votes were imported.
        against: Of a forest: another system, for the paired difference in place of win rates.
        resource: Of the resource figure: ``tier``, ``joshi``, or a CSV file with the columns ``language`` and
            ``resource``.
        cost: Of the cost figure: ``tokens``, ``seconds``, ``price``, or a CSV file with ``system`` and ``cost``.
        items: Of the power curve.
        title: In place of the title made from the data.
        caption: Likewise.
    """

    kind: str
    sources: tuple[Path, ...]
    venue: str = "page"
    task: str | None = None
    judge: str | None = None
    metric: str | None = None
    baseline: str | None = None
    systems: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    by: str = "tier"
    people: str = "humans"
    against: str | None = None
    resource: str = "tier"
    cost: str = "tokens"
    items: tuple[int, ...] = ITEMS
    title: str = ""
    caption: str = ""

    def check_options(self) -> None:
        """Refuse options that the kind does not use.

        Raises:
            ExperimentError: Names the option, and the kinds that use it.
        """
        options = frozenset().union(*OPTIONS.values())
        given = {
            each.name for each in fields(self) if each.name in options and getattr(self, each.name) != each.default
        }
        check_options(self.kind, given, table=any(path.suffix.lower() in TABLES for path in self.sources))
