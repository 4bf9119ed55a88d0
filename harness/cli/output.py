"""Standard output is for data: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def print_json(value: Any) -> None:
    """Print one JSON document, readable, in the scripts' own letters."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()
) -> None:
    """Print a table; columns whose index is in ``right`` are aligned to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index in set(right) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row))
    # A pipe has no width: let lines be as long as they are.
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table)


def print_lines(*lines: str) -> None:
    """Print plain lines."""
    for line in lines:
        sys.stdout.write(line + "\n")
