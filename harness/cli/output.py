"""Prints results on standard output: tables for people, JSON for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from polyarena.harness.terminal import printable, printable_json

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod

LEAST_NAME = 12
"""Characters that a column of names has at least where a terminal is narrow."""


def print_json(value: Any) -> None:
    """Print one indented JSON document, with non-ASCII characters if the terminal supports them.

    Values that JSON does not have (NaN, infinity) become null.
    """
    unicode = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    document = json.dumps(_known(value), indent=2, ensure_ascii=not unicode, default=str)
    sys.stdout.write(printable_json(document) + "\n")


def _known(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _known(each) for key, each in value.items()}
    return [_known(each) for each in value] if isinstance(value, (list, tuple)) else value


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Iterable[int] = (),
    spare: Sequence[int] = (),
    whole: Iterable[int] = (),
) -> None:
    """Print a table.

    Args:
        title: Title above the table; may be empty.
        columns: Headings of the columns.
        rows: Texts of the cells.
        right: Indices of right-aligned columns.
        spare: Indices of columns that a narrow terminal leaves out, in this order.
        whole: Indices of columns, such as names, that are not wrapped as long as there is room.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    texts = [[printable(str(value)) for value in row] for row in rows]
    console = _console()
    shown = list(range(len(columns)))
    for index in spare:
        if _width(columns, texts, shown) > console.width:
            shown.remove(index)
    ends, unbroken = set(right), set(whole)
    heading = Text(printable(title), style="table.title") if title else None
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    widths = _widths(columns, texts, shown, unbroken, console.width)
    for index in shown:
        name = Text(printable(columns[index]))
        justify: JustifyMethod = "right" if index in ends else "left"
        width = widths.get(index)
        is_whole = index in unbroken and width is None
        table.add_column(name, justify=justify, overflow="fold", no_wrap=is_whole, width=width)
    for row in texts:
        table.add_row(*(Text(row[index]) for index in shown))
    console.print(table)


def _widths(
    columns: Sequence[str], rows: Sequence[Sequence[str]], shown: Sequence[int], whole: Collection[int], width: int
) -> dict[int, int]:
    """Return widths of columns where a terminal is too narrow for whole columns and for the words of the others.

    No word and no number of the other columns is broken as long as something is left for the whole ones.
    """
    from rich.cells import cell_len

    def widest(index: int, parts: Callable[[str], Sequence[str]]) -> int:
        return max(cell_len(part) for text in (columns[index], *(row[index] for row in rows)) for part in parts(text))

    full = {index: widest(index, lambda text: [text]) for index in shown}
    words = {index: widest(index, lambda text: text.split() or [""]) for index in shown if index not in whole}
    between = 3 * len(shown) + 1
    if not words or len(words) == len(shown) or sum(full.values()) + between <= width:
        return {}
    names = [index for index in shown if index in whole]
    room = width - between - sum(words.values())
    needed = sum(full[index] for index in names)
    if needed <= room:
        # What is left goes to the columns that are wrapped, as far as they need it.
        spare = room - needed
        for index in words:
            more = min(spare, full[index] - words[index])
            words[index], spare = words[index] + more, spare - more
        return words
    if room < LEAST_NAME * len(names):
        return {}
    return words | {index: max(LEAST_NAME, room * full[index] // needed) for index in names}


def fits(columns: Sequence[str], rows: Iterable[Sequence[str]], spare: Sequence[int] = ()) -> bool:
    """Whether the terminal can show a table without a break inside a cell, if need be without the spare columns."""
    texts = [[printable(str(value)) for value in row] for row in rows]
    shown = [index for index in range(len(columns)) if index not in spare]
    return _width(columns, texts, shown) <= _console().width


def _width(columns: Sequence[str], rows: Sequence[Sequence[str]], shown: Sequence[int]) -> int:
    from rich.cells import cell_len

    # Three characters stand between two columns, one at each end.
    return sum(max(cell_len(row[index]) for row in (columns, *rows)) + 3 for index in shown) - 1


def _console() -> Console:
    from rich.console import Console

    class Pipe(Console):
        def on_broken_pipe(self) -> None:
            """Leave it to the command line, which ends in peace when its reader goes away."""
            raise BrokenPipeError

    # A pipe has no width: let lines be as long as they are.
    return Pipe(width=None if sys.stdout.isatty() else 200)


def print_lines(*lines: str) -> None:
    """Print plain lines; a terminal gets those that are longer than it is wide broken between words."""
    width = _console().width if sys.stdout.isatty() else None
    for line in map(printable, lines):
        parts = [line] if width is None else _broken(line, width)
        sys.stdout.write("".join(f"{part}\n" for part in parts))


def _broken(line: str, width: int) -> list[str]:
    """Break a line between words, where it is longer than some characters; a word is never broken, such as a path."""
    from rich.cells import cell_len

    parts: list[str] = []
    current = ""
    for place, word in enumerate(line.split(" ")):
        longer = f"{current} {word}" if place else word
        if current.strip() and cell_len(longer) > width:
            parts.append(current)
            longer = word
        current = longer
    return [*parts, current]
