"""Tables as a paper prints them: systems side by side, intervals as subscripts, bold only where it is significant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.reports.labels import TIER_TITLES, language_label
from polyarena.reports.rows import Mark, marks_of
from polyarena.reports.tables.latex import tex_text

if TYPE_CHECKING:
    import pandas as pd

COLUMNS_WIDE = 95
"""Characters of a line of a table over two columns of a page."""

COLUMNS_NARROW = 46
"""Characters of a line of a table in one column."""

MOST_ROWS = 48
"""Of one part."""

Best = Mapping[tuple[str, str], str]
"""By level and group: the system that is better than each other one there, with an interval that excludes 0."""


@dataclass(frozen=True)
class PaperTable:
    """A table in three forms.

    Attributes:
        data: Tidy: one number a row, with ``level``, ``group``, ``language``, ``system``, ``value``, ``low``, ``high``,
            ``n`` and ``best``.
        markdown: The same as a table.
        latex: One ``tabular`` for booktabs for each part that fits, notes below the last.
        caption: What is shown, how intervals were made, and what bold means.
    """

    data: pd.DataFrame
    markdown: str
    latex: str
    caption: str


def paper_table(
    estimates: pd.DataFrame,
    systems: Sequence[str],
    *,
    best: Best | None = None,
    scale: float = 100.0,
    what: str = "",
    narrow: bool = False,
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
        narrow: Whether a part fits one column of a page; else both.
        own_names: Whether languages have their own names beside the English ones, which needs xelatex or lualatex.
        notes: Lines below, such as which languages a system does not support.
    """
    marks = marks_of(estimates, ("macro", "tier", "language"))
    places = _places(marks)
    chosen = best or {}
    rows = [
        [
            _title(level, group, own_names),
            *(_tex_cell(marks.get((level, group, s)), scale, s == chosen.get((level, group))) for s in systems),
        ]
        for level, group in places
    ]
    signatures = sorted(set(map(str, estimates["signature"]))) if "signature" in estimates.columns else []
    every = [*notes, *([f"Signature of the first number: {signatures[0]}"] if signatures else [])]
    caption = _caption(estimates, what, chosen)
    return PaperTable(
        _tidy(marks, places, systems, chosen),
        _markdown(marks, places, systems, chosen, scale, every),
        _latex(rows, systems, [level for level, _ in places], every, narrow, own_names),
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


def _title(level: str, group: str, own_names: bool) -> str:
    if level == "macro":
        return "\\textbf{All languages}"
    if level == "tier":
        return f"\\textbf{{{TIER_TITLES[group]}}}"
    label = language_label(group)
    name = tex_text(label.name)
    return f"{name} {tex_text(label.autonym, unicode=True)}" if own_names and label.autonym else name


def _tex_cell(mark: Mark | None, scale: float, best: bool) -> str:
    if mark is None or mark.value is None:
        return "--"
    value = f"{scale * mark.value:.1f}"
    value = f"\\textbf{{{value}}}" if best else value
    if mark.low is None or mark.high is None:
        return value
    return f"{value}$_{{\\,{scale * mark.low:.1f},\\,{scale * mark.high:.1f}}}$"


def _latex(
    rows: Sequence[Sequence[str]], systems: Sequence[str], levels: Sequence[str], notes: Sequence[str], narrow: bool,
    own_names: bool,
) -> str:  # fmt: skip
    room = COLUMNS_NARROW if narrow else COLUMNS_WIDE
    first = 34 if own_names else 22
    each = max(1, min((room - first) // max(14, *(min(len(name), 24) + 2 for name in systems)), len(systems)))
    parts: list[str] = []
    for start in range(0, len(systems), each):
        columns = range(start, min(start + each, len(systems)))
        for top in range(0, len(rows), MOST_ROWS):
            lines = []
            for i in range(top, min(top + MOST_ROWS, len(rows))):
                if levels[i] == "tier" and i > top:
                    lines.append("\\addlinespace")
                lines.append(" & ".join([rows[i][0], *(rows[i][1 + c] for c in columns)]) + " \\\\")
            head = " & ".join(["", *(tex_text(systems[c], unicode=own_names) for c in columns)]) + " \\\\"
            body = ["\\toprule", head, "\\midrule", *lines, "\\bottomrule"]
            parts.append("\n".join([f"\\begin{{tabular}}{{@{{}}l{'r' * len(columns)}@{{}}}}", *body, "\\end{tabular}"]))
    below = "".join(f"\n\\par\\footnotesize {_breakable(note)}" for note in notes)
    return "\n\n\\medskip\n\n".join(parts) + below + "\n"


def _breakable(note: str) -> str:
    """Let a line of a signature end after each setting."""
    return tex_text(note, unicode=False).replace("\\textbar{}", "\\textbar\\allowbreak ")


def _tidy(
    marks: Mapping[tuple[str, str, str], Mark], places: Sequence[tuple[str, str]], systems: Sequence[str], best: Best
) -> pd.DataFrame:
    import pandas as pd

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
    import pandas as pd

    from polyarena.reports.tables.markdown import markdown
    from polyarena.reports.tables.sections import format_mark

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
    shown = f"{what[0].upper()}{what[1:]}. " if what else ""
    return f"{shown}Subscripts: {level}intervals. Averages give each language the same weight. {bold}"
