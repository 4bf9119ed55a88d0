"""Tables of a run as files: CSV, Markdown and LaTeX, with the caption beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from polyarena.harness.lock.digest import digest
from polyarena.reports.escaping import csv_bytes
from polyarena.reports.groups import LEVEL_TITLES, category_rows, group_table, grouping_levels, level_rows
from polyarena.reports.tables import MOST_TABLES, language_table, latex, markdown, sections, tex_caption, win_rate_table
from polyarena.reports.tables.captions import (
    category_caption,
    comparisons_caption,
    group_caption,
    language_caption,
    signature_note,
)

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.reports.page import Table
    from polyarena.reports.tables import Section

LONGEST_NAME = 150
"""Characters of a file's name; file systems allow 255 bytes with its suffix."""


def report_tables(numbers: pd.DataFrame, order: Sequence[str], support: Table | None = None) -> dict[str, bytes]:
    """Return every table of a report, by the name of its file.

    Args:
        numbers: The estimates of the run.
        order: Of its systems.
        support: Which system was asked in which language.
    """
    contents: dict[str, bytes] = {}
    found = list(sections(numbers, order))
    comparisons = [section for section in found if section.baseline is not None]
    together = comparisons if len(comparisons) > MOST_TABLES else []
    if together:
        contents |= table_files("win-rates", win_rate_table(together), comparisons_caption(numbers))
    for section in found:
        if section.baseline is not None and together:
            continue
        name = _name(section)
        if f"{name}.csv" in contents:
            name = f"{name}-{digest([section.systems, section.baseline, section.metric])[:8]}"
        signed = [note for note in (signature_note(section),) if note]
        notes = [*section.footnotes, *section.without_interval, *signed]
        contents |= table_files(name, language_table(section), language_caption(section), notes)
        categories, rows = category_rows(section)
        if rows:
            contents |= table_files(f"{name}--by-category", group_table(rows, categories), category_caption(section))
    for level in grouping_levels(found):
        groups, rows = level_rows(found, level)
        if rows:
            title = LEVEL_TITLES.get(level, f"By {level}")
            contents |= table_files(f"by-{level}", group_table(rows, groups), group_caption(title, numbers))
    return contents | (_support(support) if support is not None else {})


def table_files(name: str, table: pd.DataFrame, caption: str, notes: Sequence[str] = ()) -> dict[str, bytes]:
    """Return one table in every form.

    Args:
        name: Of the files, without suffix.
        table: Texts.
        caption: Of LaTeX.
        notes: Lines below.
    """
    text = markdown(table.drop(columns="flag", errors="ignore")) + "".join(f"\n{note}\n" for note in notes)
    return {
        f"{name}.csv": csv_bytes(table),
        f"{name}.md": text.encode(),
        **tex_files(name, latex(table, notes)),
        f"{name}.caption.tex": tex_caption(caption).encode(),
    }


def tex_files(name: str, parts: Sequence[str]) -> dict[str, bytes]:
    """Return the parts of a table as ``NAME.tex`` or, of several, ``NAME-1.tex``, ``NAME-2.tex`` and so on."""
    if len(parts) == 1:
        return {f"{name}.tex": parts[0].encode()}
    return {f"{name}-{number}.tex": part.encode() for number, part in enumerate(parts, start=1)}


def _support(table: Table) -> dict[str, bytes]:
    frame = pd.DataFrame(table.rows, columns=list(table.columns))
    return table_files("support-matrix", frame, "Which system was asked in which language.", table.notes)


def _name(section: Section) -> str:
    parts = [section.metric, section.task, section.judge, *section.systems[:1], section.baseline]
    chosen = [part for part in (parts if section.baseline else parts[:2]) if part]
    name = "--".join(re.sub(r"[^\w.+]+", "-", part).strip("-") for part in chosen)
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}-{digest(chosen)[:8]}"
