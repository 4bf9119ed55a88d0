"""Tables with a column for each group: all results by groups of languages, and scores by category of the items."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from polyarena.reports.labels import TIER_TITLES
from polyarena.reports.rows import Mark
from polyarena.reports.tables import Section, format_mark

if TYPE_CHECKING:
    import pandas as pd

TIERS = tuple(tier for tier in TIER_TITLES if tier)
CATEGORY = "category"
LEVEL_TITLES = {
    "tier": "By resource tier",
    "family": "By language family",
    "script": "By script",
    "region": "By region",
    "joshi": "By class of resources (Joshi et al. 2020)",
    "direction": "By direction of writing",
    "set": "By set of languages",
    "group": "By own groups",
}
"""Titles of the groupings of languages, in the order in which they are shown; others follow by name."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One system's numbers on one task and metric.

    Attributes:
        section: Where they come from.
        system: Whose they are.
        marks: The average over all languages, then one for each group; ``None`` where a group has no language.
    """

    section: Section
    system: str
    marks: tuple[Mark | None, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The numbers as texts."""
        return tuple(format_mark(mark, self.section.scale) for mark in self.marks)


def tier_rows(parts: Iterable[Section]) -> list[GroupRow]:
    """Return the averages by resource tier (:data:`TIERS`), a row for each system of each section.

    Args:
        parts: From :func:`polyarena.reports.tables.sections`; single templates of a task that has an estimate over all
            of them are left out.
    """
    return [row for part in parts if not part.detail for row in _rows(part, "tier", TIERS)]


def grouping_levels(parts: Iterable[Section]) -> tuple[str, ...]:
    """Return the groupings of languages that sections have averages of, in the order in which they are shown."""
    others = {"macro", "language", CATEGORY}
    found = {str(level) for part in parts for level in part.estimates["level"].unique()} - others
    order = {level: place for place, level in enumerate(LEVEL_TITLES)}
    return tuple(sorted(found, key=lambda level: (order.get(level, len(order)), level)))


def level_rows(parts: Iterable[Section], level: str) -> tuple[tuple[str, ...], list[GroupRow]]:
    """Return the groups of a grouping of languages, and a row for each system of each section that has any of them.

    Args:
        parts: As in :func:`tier_rows`.
        level: One of :func:`grouping_levels`. Its groups are sorted; the tiers are :data:`TIERS`, whichever there are.
    """
    shown = [part for part in parts if not part.detail]
    if level == "tier":
        return TIERS, tier_rows(shown)
    own = [part for part in shown if (part.estimates["level"] == level).any()]
    names = {str(name) for part in own for name in part.estimates.loc[part.estimates["level"] == level, "group"]}
    groups = tuple(sorted(names))
    return groups, [row for part in own for row in _rows(part, level, groups)]


def category_rows(part: Section) -> tuple[tuple[str, ...], list[GroupRow]]:
    """Return the categories of a section's items, sorted, and a row for each system; nothing if it has none."""
    own = part.estimates[part.estimates["level"] == CATEGORY]
    categories = tuple(sorted(map(str, own["group"].unique())))
    return categories, _rows(part, CATEGORY, categories) if categories else []


def group_table(found: Iterable[GroupRow], groups: Iterable[str]) -> pd.DataFrame:
    """Return rows as a table of texts, ready for CSV, Markdown or LaTeX.

    Args:
        found: From :func:`tier_rows`, :func:`level_rows` or :func:`category_rows`.
        groups: Names of the columns after ``all``; one that is a column's name already gets ``(group)`` behind it.

    Returns:
        Columns ``task``, ``metric``, ``system``, ``baseline`` and ``judge`` (empty for scores), ``all``, the groups
        and, where a number is flagged, ``flag``.
    """
    shown = list(found)
    flags = [next((mark.flag for mark in row.marks if mark and mark.flag), "") for row in shown]
    fixed = ["task", "metric", "system", "baseline", "judge", "all"]
    names = [*fixed, *(f"{group} (group)" if group in {*fixed, "flag"} else group for group in groups)]
    lines = [
        (
            row.section.task,
            row.section.metric,
            row.system,
            row.section.baseline or "",
            row.section.judge or "",
            *row.cells,
        )
        for row in shown
    ]
    table = pd.DataFrame(lines, columns=names)
    return table.assign(flag=flags) if any(flags) else table


def _rows(part: Section, level: str, groups: tuple[str, ...]) -> list[GroupRow]:
    marks = part.marks
    places = [("macro", "all"), *((level, group) for group in groups)]
    return [GroupRow(part, system, tuple(marks.get((*place, system)) for place in places)) for system in part.systems]
