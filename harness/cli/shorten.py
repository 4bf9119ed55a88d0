"""Shortens tables for the terminal: of many rows it shows the averages; ``--json`` has all rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Row = TypeVar("Row")

MOST_ROWS = 40
"""Most rows of a table on the terminal."""


def shorten(rows: Iterable[Row], detail: Callable[[Row], bool], *, most: int = MOST_ROWS) -> tuple[list[Row], int]:
    """Shorten a table that has too many rows: first drop its detail rows, then rows at the end.

    Args:
        rows: All rows, in order.
        detail: Whether a row is a detail, such as one language beside the average.
        most: Most rows to show.

    Returns:
        The rows to show, and the number of rows left out.
    """
    found = list(rows)
    if len(found) <= most:
        return found, 0
    kept = [row for row in found if not detail(row)][:most] or found[:most]
    return kept, len(found) - len(kept)


def print_omitted(count: int) -> None:
    """Print how many rows of the preceding table are not shown, if any."""
    from polyarena.harness.cli.output import print_lines

    if count:
        print_lines(f"{count:,} more row{'s' if count > 1 else ''} with --json", "")
