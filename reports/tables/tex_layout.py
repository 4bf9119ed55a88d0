r"""Splits tables into parts that fit a page of LaTeX: in width, in height, and at a text size that is never reduced.

Widths are estimated from the metrics of Latin Modern at 8 pt, which is wider than Times at that size. Wide texts are
broken over lines by ``\parbox``, so that only booktabs is needed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from polyarena.reports.tables.tex_text import tex_characters, tex_text

PAGE_WIDTH = 345.0
"""Points: the text of LaTeX's article at 10 pt, narrower than a page of any venue."""

PAGE_HEIGHT = 500.0
"""Points: 50 less than the text of LaTeX's article, for the caption."""

TEXT_SIZE = 8.0
LINE = 9.5
SEPARATION = 3.0
BOLD = 1.17
SUBSCRIPT = 0.87
"""Width of a subscript (6 pt, whose letters are wider for their size) in that of the same text at 8 pt."""

_SAFETY = 1.03
_WIDTHS = {
    295: "!',.:;[]`il", 325: "fj", 354: "-", 403: '"', 413: "()t|<>r", 419: "s", 472: "cez", 502: "?",
    531: " $*/0123456789\\ago{}~^", 561: "Jkqvxy", 590: "Sbdhnpu", 664: "ZL", 723: "EPF", 782: "RBCTwI",
    834: "AHNUVXY_DKG&+=@OQ", 885: "#%m", 1091: "MW",
}  # fmt: skip
_EM = {character: width / 1000 for width, characters in _WIDTHS.items() for character in characters}
_BREAK = "\\allowbreak{}"
_AFTER = frozenset("/_.,:;|@+=-")
Letters = tuple[tuple[str, float], ...]
"""Of a word, with the mark or blank behind it: each as LaTeX, with its width in points."""

_LONG_WORD = 60.0
_LONG_HEAD = 90.0
"""Points of a word; a line may end inside of a longer one."""

_REASONABLE = 0.55
"""Of the width of a page, the most that the columns in front may take where there are others."""


@dataclass(frozen=True)
class TexCell:
    """A text of a table.

    Attributes:
        tex: As LaTeX on one line.
        width: Of that line, in points.
        words: What the text can be broken into: the letters of each word, with their widths; empty if it cannot.
    """

    tex: str
    width: float
    words: tuple[Letters, ...] = ()


@dataclass(frozen=True)
class TexColumn:
    """A column of a table.

    Attributes:
        head: Above it.
        cells: One for each row.
        front: Whether it says what the row is about: such columns stand at the left of every part.
    """

    head: TexCell
    cells: Sequence[TexCell]
    front: bool = False


def text_cell(text: str, *, unicode: bool = True, bold: bool = False) -> TexCell:
    """Return a text as a cell that can be broken after blanks and marks, and inside words that fit no line.

    Args:
        text: Any text.
        unicode: As of :func:`polyarena.reports.tables.tex_text`.
        bold: Whether it is in bold type.
    """
    factor = TEXT_SIZE * _SAFETY * (BOLD if bold else 1)
    words: list[list[tuple[str, float]]] = [[]]
    for character, tex in tex_characters(text, unicode=unicode):
        if words[-1] and unicodedata.combining(character):
            before, width = words[-1][-1]
            words[-1][-1] = (before + tex, width)
            continue
        words[-1].append((tex, _em(character) * factor))
        if character == " " or character in _AFTER:
            words.append([])
    letters = [letter for word in words for letter in word]
    flat = "".join(tex for tex, _ in letters)
    # After the end of a line, LaTeX would read a bracket as a distance.
    guarded = f"{{}}{flat}" if flat.startswith("[") else flat
    return TexCell(
        f"\\textbf{{{guarded}}}" if bold else guarded,
        sum(width for _, width in letters),
        tuple(tuple(word) for word in words if word),
    )


def tex_width(text: str) -> float:
    """Return the width of a plain text on one line, in points."""
    return sum(map(_em, text)) * TEXT_SIZE * _SAFETY


def tex_caption(text: str) -> str:
    """Return a text as the caption command of LaTeX, for a file that is read in its place.

    A file that is read inside of a caption is an error of LaTeX. Lines may end inside of long words, such as names.
    """
    words = [
        tex_text(word, unicode=True) if tex_width(word) <= _LONG_WORD else _broken(text_cell(word).words, _LONG_WORD)[0]
        for word in text.split()
    ]
    return f"\\caption{{{' '.join(words)}}}\n"


def tex_parts(
    columns: Sequence[TexColumn],
    notes: Sequence[str] = (),
    *,
    width: float = PAGE_WIDTH,
    height: float = PAGE_HEIGHT,
    groups: Sequence[int] = (),
    unicode: bool = True,
) -> tuple[str, ...]:
    """Return a table as LaTeX for booktabs, in parts each of which fits one page.

    The columns in front are repeated in every part; notes stand below the last.

    Args:
        columns: At least one; those in front come first.
        notes: Lines below.
        width: Of the text of a page or column, in points.
        height: Of a part, in points.
        groups: Rows before which there is a gap.
        unicode: As of :func:`polyarena.reports.tables.tex_text`.
    """
    front = [column for column in columns if column.front]
    others = [column for column in columns if not column.front]
    share = _REASONABLE if others else 1.0
    sizes = _front_sizes([_natural(column) for column in front], width * share - 2 * SEPARATION * len(front))
    taken = sum(sizes) + 2 * SEPARATION * len(front)
    tables = [
        _rows([*front, *some], [*sizes, *widths], groups)
        for some, widths in _fill(others, width - taken + 2 * SEPARATION)
    ]
    below = _notes(notes, width, unicode)
    room = height - below.lines * LINE
    parts = [part for table in tables for part in table.split(max(room, height / 2))]
    return tuple(_wrap(part, below.tex if place == len(parts) - 1 else "") for place, part in enumerate(parts))


@dataclass(frozen=True)
class _Below:
    tex: str
    lines: int


@dataclass(frozen=True)
class _Rows:
    """A table that fits in width: its head and rows as LaTeX, with the lines that each takes."""

    form: str
    head: str
    head_lines: int
    rows: Sequence[tuple[str, int]]
    groups: frozenset[int]

    def split(self, height: float) -> list[str]:
        parts: list[str] = []
        lines: list[str] = []
        used = 0.0
        for place, (row, count) in enumerate(self.rows):
            if lines and used + count * LINE + (self.head_lines + 2) * LINE > height:
                parts.append(self._table(lines))
                lines, used = [], 0.0
            if place in self.groups and lines:
                lines.append("\\addlinespace")
                used += LINE / 2
            lines.append(row)
            used += count * LINE
        return [*parts, self._table(lines)]

    def _table(self, lines: Sequence[str]) -> str:
        body = ["\\toprule", self.head, "\\midrule", *lines, "\\bottomrule"]
        return "\n".join([f"\\begin{{tabular}}{{{self.form}}}", *body, "\\end{tabular}"])


def _rows(columns: Sequence[TexColumn], sizes: Sequence[float], groups: Sequence[int]) -> _Rows:
    form = f"@{{}}{''.join('l' if column.front else 'r' for column in columns)}@{{}}"
    head = [_fit(column.head, size, column.front, "b") for column, size in zip(columns, sizes, strict=True)]
    body = [
        [_fit(cell, size, column.front, "t") for cell in column.cells]
        for column, size in zip(columns, sizes, strict=True)
    ]
    rows = [(" & ".join(text for text, _ in row) + " \\\\", max(count for _, count in row))
            for row in zip(*body, strict=True)]  # fmt: skip
    return _Rows(
        form, " & ".join(text for text, _ in head) + " \\\\", max(count for _, count in head), rows, frozenset(groups)
    )


def _natural(column: TexColumn) -> float:
    """Return the width of a column: that of its widest cell, or what its head needs."""
    longest = max((_size(word) for word in column.head.words), default=column.head.width)
    head = max(min(longest, _LONG_HEAD), min(column.head.width, _LONG_WORD))
    return max([longest if column.front else head, *(cell.width for cell in column.cells)])


def _front_sizes(natural: Sequence[float], room: float) -> list[float]:
    """Share the room: narrow columns have what they need, the others the same of the rest."""
    sizes = list(natural)
    wide = sorted(range(len(natural)), key=lambda place: natural[place])
    left = room
    for number, place in enumerate(wide):
        sizes[place] = min(natural[place], left / (len(wide) - number))
        left -= sizes[place]
    return sizes


def _fill(columns: Sequence[TexColumn], room: float) -> list[tuple[list[TexColumn], list[float]]]:
    """Put as many columns into each part as fit into it."""
    parts: list[tuple[list[TexColumn], list[float]]] = [([], [])]
    used = 0.0
    for column in columns:
        size = min(_natural(column), room - 2 * SEPARATION)
        if parts[-1][0] and used + size + 2 * SEPARATION > room:
            parts.append(([], []))
            used = 0.0
        parts[-1][0].append(column)
        parts[-1][1].append(size)
        used += size + 2 * SEPARATION
    return parts


def _fit(cell: TexCell, size: float, left: bool, place: str) -> tuple[str, int]:
    """Return a cell that is no wider than its column, and its lines."""
    if cell.width <= size + 0.01 or not cell.words:
        return cell.tex, 1
    text, lines = _broken(cell.words, size)
    side = "\\raggedright" if left else "\\raggedleft"
    return f"\\parbox[{place}]{{{size:.1f}pt}}{{{side}\\strut {text}\\strut}}", lines


def _broken(words: Sequence[Letters], size: float) -> tuple[str, int]:
    """Let lines end after words, and after the letters of words that are wider than a line; estimate the lines."""
    text, lines, used = "", 1, 0.0
    for word in words:
        width = _size(word)
        if used and used + width > size:
            lines, used = lines + 1, 0.0
        if width > size:
            text += _BREAK.join(tex for tex, _ in word) + _BREAK
            lines += ceil(1.1 * width / size) - 1
            used = size
        else:
            text += "".join(tex for tex, _ in word) + ("" if word[-1][0] == " " else _BREAK)
            used += width
    return text.removesuffix(_BREAK), lines


def _size(word: Letters) -> float:
    return sum(width for _, width in word)


def _notes(notes: Sequence[str], width: float, unicode: bool) -> _Below:
    if not notes:
        return _Below("", 0)
    cells = [text_cell(note, unicode=unicode) for note in notes]
    broken = [_broken(cell.words, width) for cell in cells]
    text = "\\par ".join(text for text, _ in broken)
    return _Below(
        f"\n\\par\\smallskip\n\\parbox{{{width:.1f}pt}}{{\\raggedright {text}}}", sum(n for _, n in broken) + 1
    )


def _wrap(table: str, below: str) -> str:
    size = f"\\fontsize{{{TEXT_SIZE:g}}}{{{LINE:g}}}\\selectfont\\setlength{{\\tabcolsep}}{{{SEPARATION:g}pt}}"
    return f"{{{size}%\n{table}{below}\\par}}\n"


def _em(character: str) -> float:
    known = _EM.get(character)
    if known is not None:
        return known
    base = unicodedata.normalize("NFD", character)[0]
    if base in _EM:
        return _EM[base]
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    return 1.1 if unicodedata.east_asian_width(character) in "WF" else 0.9
