"""What the template shows of each section: lines of texts, with identifiers that links can point at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from polyarena.reports.flags import MARK
from polyarena.reports.groups import LEVEL_TITLES, GroupRow, category_rows, grouping_levels, level_rows
from polyarena.reports.labels import TIER_TITLES, Label
from polyarena.reports.rows import Row
from polyarena.reports.tables import Section, format_band, format_mark
from polyarena.reports.template_names import is_over_templates


@dataclass(frozen=True, slots=True)
class LanguageRow:
    """A row of a table over languages; ``n``, ``invalid`` and ``record`` are empty where there is nothing to count."""

    kind: str
    title: str
    label: Label | None
    cells: tuple[str, ...]
    n: str
    invalid: str
    band: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class LanguageTable:
    """A table over languages, with all that is said of its numbers.

    Attributes:
        id: What links point at.
        title: A line.
        task: The task, without its prompt template.
        detail: Whether it is about a single prompt template.
        columns: Headings of the numbers.
        compared: Whether it is of win rates.
        lines: The rows.
        banded: Whether languages have a band that holds for all of them together.
        languages: How many of the rows are languages.
        signatures: Each signature with the groups that have it.
        remarks: Each remark with the groups that it is about; the footnotes have none.
    """

    id: str
    title: str
    task: str
    detail: bool
    columns: tuple[str, ...]
    compared: bool
    lines: tuple[LanguageRow, ...]
    banded: bool
    languages: int
    signatures: tuple[tuple[str, str], ...]
    remarks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class GroupTable:
    """A table with a column for each group of languages or items: a heading and rows for each task and metric."""

    title: str
    columns: tuple[str, ...]
    parts: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]
    notes: tuple[str, ...]
    id: str = ""


def title_of(section: Section) -> str:
    """Return what a section shows, in one line."""
    unit = " (%)" if section.scale == 100 else ""
    if section.baseline is None:
        return f"{section.metric} on {section.task}{unit}"
    return f"{section.systems[0]} against {section.baseline} on {section.task}, judge {section.judge}"


def language_view(section: Section, id: str) -> LanguageTable:
    """Return the table over languages of one section."""
    unit = " (%)" if section.scale == 100 else ""
    by_signature: dict[str, list[str]] = defaultdict(list)
    remarks: dict[str, list[str]] = defaultdict(list)
    for system, group, signature, note in zip(
        *(section.estimates[name].astype(str) for name in ("system", "group", "signature", "note")), strict=True
    ):
        place = group if len(section.systems) == 1 else f"{system} {group}"
        by_signature[signature].append(place)
        if note:
            remarks[note].append(place)
    rows = section.rows
    return LanguageTable(
        id=id,
        title=title_of(section),
        task=section.task.partition(".")[0],
        detail=section.detail,
        columns=section.systems if section.baseline is None else (f"win rate{unit}",),
        compared=section.baseline is not None,
        lines=tuple(_line(row, section.scale) for row in rows),
        banded=len(section.systems) == 1
        and any(mark.band_low is not None for row in rows for mark in row.marks if mark),
        languages=sum(row.kind == "language" for row in rows),
        signatures=tuple((signature, ", ".join(places)) for signature, places in by_signature.items()),
        remarks=(
            *((note, ", ".join(places)) for note, places in remarks.items()),
            *((note, "") for note in section.footnotes),
        ),
    )


def level_views(parts: Sequence[Section]) -> list[GroupTable]:
    """Return a table for each grouping of languages; of several prompt templates the median alone."""
    shown = [part for part in parts if not is_over_templates(part.metric, "mean")]
    views = []
    for level in grouping_levels(shown):
        groups, rows = level_rows(shown, level)
        if rows:
            columns = ("All languages", *(TIER_TITLES[group] if level == "tier" else group for group in groups))
            title, place = LEVEL_TITLES.get(level, f"By {level}"), "tiers" if level == "tier" else f"by-{level}"
            views.append(GroupTable(title, columns, _grouped(rows), _notes(rows), place))
    return views


def category_views(parts: Sequence[Section]) -> list[GroupTable]:
    """Return a table for each set of categories that the items of a task have."""
    by_categories: dict[tuple[str, ...], list[GroupRow]] = defaultdict(list)
    for part in parts:
        categories, rows = category_rows(part)
        if rows and not part.detail:
            by_categories[categories] += rows
    return [
        GroupTable("By category of the items", ("All items", *categories), _grouped(rows), _notes(rows))
        for categories, rows in by_categories.items()
    ]


def _grouped(rows: Sequence[GroupRow]) -> tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]:
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
    for row in rows:
        part = row.section
        against = f"win rate (%) against {part.baseline} on {part.task}, judge {part.judge}"
        cells = tuple(format_mark(mark, part.scale, spread=False) for mark in row.marks)
        found[title_of(part) if part.baseline is None else against].append((row.system, cells))
    return tuple((title, tuple(lines)) for title, lines in found.items())


def _notes(rows: Sequence[GroupRow]) -> tuple[str, ...]:
    """Say why numbers are flagged, in the words of the average over all that is shown in the row."""
    found = [
        f"{MARK} {row.section.metric} on {row.section.task}: {mark.flag}."
        for row in rows
        if (mark := next((mark for mark in row.marks if mark and mark.flag), None))
    ]
    return tuple(dict.fromkeys(found))


def _line(row: Row, scale: float) -> LanguageRow:
    first = next((mark for mark in row.marks if mark), None)
    invalid = ""
    if first and first.n_invalid:
        invalid = str(first.n_invalid)
        if first.worst is not None and first.best is not None:
            invalid += f" ({100 * first.worst:.1f} to {100 * first.best:.1f})"
    bare = row.kind == "tier" and first is None
    cells = tuple("" if bare else format_mark(mark, scale) for mark in row.marks)
    band = format_band(row.marks[0], scale) if row.label else ""
    record = first.record if first else ""
    return LanguageRow(row.kind, row.title, row.label, cells, str(first.n) if first else "", invalid, band, record)
