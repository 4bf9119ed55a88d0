"""Tables as a paper prints them: systems side by side, intervals as subscripts, bold only where it is significant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from polyarena.reports.labels import TIER_TITLES, language_label, sentence_case
from polyarena.reports.rows import Mark, marks_of
from polyarena.reports.tables.markdown import markdown
from polyarena.reports.tables.sections import format_mark
from polyarena.reports.tables.tex_layout import (
    PAGE_WIDTH,
    SUBSCRIPT,
    TexCell,
    TexColumn,
    tex_parts,
    tex_width,
    text_cell,
)
from polyarena.reports.tables.tex_text import tex_text

if TYPE_CHECKING:
    import pandas as pd

Best = Mapping[tuple[str, str], str]
"""By level and group: the system that is better than each other one there, with an interval that excludes 0."""


@dataclass(frozen=True)
class PaperTable:
    """A table in three forms.

    Attributes:
        data: Tidy: one number a row, with ``level``, ``group``, ``language``, ``system``, ``value``, ``low``, ``high``,
            ``n`` and ``best``.
        markdown: The same as a table.
        latex: Parts for booktabs, each of which fits a page; notes below the last.
        caption: What is shown, how intervals were made, and what bold means.
    """

    data: pd.DataFrame
    markdown: str
    latex: tuple[str, ...]
    caption: str


def paper_table(
    estimates: pd.DataFrame,
    systems: Sequence[str],
    *,
    best: Best | None = None,
    scale: float = 100.0,
    what: str = "",
    width: float = PAGE_WIDTH,
    own_names: bool = False,
    notes: Sequence[str] = (),
) -> PaperTable:
    """Arrange the estimates of one task and metric by language and system.

    Args:
        estimates: Rows of :class:`polyarena.reports.records.Estimate`, one for each system and group.
        systems: Columns, in order.
        best: What is set in bold. Where nothing significant is best, nothing is.
        scale: What values are multiplied with.
        what: Is measured, for the caption.
        width: Of the text of a page or column, in points.
        own_names: Whether languages have their own names beside the English ones, which needs xelatex or lualatex.
        notes: Lines below, such as which languages a system does not support.
    """
    marks = marks_of(estimates, ("macro", "tier", "language"))
    places = _places(marks)
    chosen = best or {}
    columns = [
        TexColumn(TexCell("", 0.0), [_title(level, group, own_names) for level, group in places], front=True),
        *(
            TexColumn(
                text_cell(system, unicode=own_names),
                [_tex_cell(marks.get((*place, system)), scale, system == chosen.get(place)) for place in places],
            )
            for system in systems
        ),
    ]
    groups = [place for place, (level, _) in enumerate(places) if level == "tier"]
    signatures = sorted(set(map(str, estimates["signature"]))) if "signature" in estimates.columns else []
    every = [*notes, *([f"Signature of the first number: {signatures[0]}"] if signatures else [])]
    caption = _caption(estimates, what, chosen)
    return PaperTable(
        _tidy(marks, places, systems, chosen),
        _markdown(marks, places, systems, chosen, scale, every),
        tex_parts(columns, every, width=width, groups=groups, unicode=own_names),
        caption,
    )


def _places(marks: Mapping[tuple[str, str, str], Mark]) -> list[tuple[str, str]]:
    there = {(level, group) for level, group, _ in marks}
    found = [("macro", "all")] if ("macro", "all") in there else []
    codes = {group for level, group in there if level == "language"}
    for tier in TIER_TITLES:
        members = sorted((c for c in codes if language_label(c).tier == tier), key=lambda c: language_label(c).name)
        if members and ("tier", tier) in there:
            found.append(("tier", tier))
        found += [("language", code) for code in members]
    return found


def _title(level: str, group: str, own_names: bool) -> TexCell:
    if level == "macro":
        return text_cell("All languages", bold=True)
    if level == "tier":
        return text_cell(TIER_TITLES[group], bold=True)
    label = language_label(group)
    name = text_cell(label.name, unicode=own_names)
    if not (own_names and label.autonym):
        return name
    own = tex_text(label.autonym, unicode=True)
    return TexCell(f"{name.tex} {own}", name.width + tex_width(f" {label.autonym}"))


def _tex_cell(mark: Mark | None, scale: float, best: bool) -> TexCell:
    if mark is None or mark.value is None:
        return text_cell("–")
    value = text_cell(f"{scale * mark.value:.1f}", bold=best)
    if mark.low is None or mark.high is None:
        return value
    low, high = f"{scale * mark.low:.1f}", f"{scale * mark.high:.1f}"
    width = value.width + SUBSCRIPT * tex_width(f"{low},{high}") + 2
    return TexCell(f"{value.tex}$_{{\\,{low},\\,{high}}}$", width)


def _tidy(
    marks: Mapping[tuple[str, str, str], Mark], places: Sequence[tuple[str, str]], systems: Sequence[str], best: Best
) -> pd.DataFrame:
    rows = [
        (level, group, language_label(group).name if level == "language" else group, system, mark.value, mark.low,
         mark.high, mark.n, best.get((level, group)) == system)
        for level, group in places
        for system in systems
        if (mark := marks.get((level, group, system))) is not None
    ]  # fmt: skip
    return pd.DataFrame(
        rows, columns=["level", "group", "language", "system", "value", "low", "high", "n", "best"]
    )  # fmt: skip


def _markdown(
    marks: Mapping[tuple[str, str, str], Mark],
    places: Sequence[tuple[str, str]],
    systems: Sequence[str],
    best: Best,
    scale: float,
    notes: Sequence[str],
) -> str:
    rows = []
    for level, group in places:
        name = {"macro": "All languages", "tier": TIER_TITLES.get(group, group)}.get(level) or language_label(
            group
        ).name
        cells = []
        for system in systems:
            text = format_mark(marks.get((level, group, system)), scale)
            cells.append(f"**{text}**" if best.get((level, group)) == system else text)
        rows.append([name, *cells])
    table = markdown(pd.DataFrame(rows, columns=["language", *systems]))
    return table + "".join(f"\n{note}\n" for note in notes)


def _caption(estimates: pd.DataFrame, what: str, best: Best) -> str:
    levels = {float(value) for value in estimates["confidence"]} if "confidence" in estimates.columns else set()
    level = f"{100 * min(levels):g}% " if len(levels) == 1 else ""
    bold = "Bold: better than each other system, with a paired interval that excludes 0." if best else (
        "Nothing is in bold: no system is significantly better than all others.")  # fmt: skip
    shown = f"{sentence_case(what)}. " if what else ""
    return f"{shown}Subscripts: {level}intervals. Averages give each language the same weight. {bold}"
