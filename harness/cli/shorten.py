"""Tables that fit on a screen: of many rows, a terminal gets the averages, and ``--json`` has the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Row = TypeVar("Row")

MOST_ROWS = 40
"""Rows of a table that a terminal is shown."""


def shorten(rows: Iterable[Row], detail: Callable[[Row], bool], *, most: int = MOST_ROWS) -> tuple[list[Row], int]:
    """Leave out the details of a table that is longer than a screen, and then whatever is still too much.

    Args:
        rows: Of the table, in order.
        detail: Tells of a row whether the table makes sense without it, as of one language beside the average.
        most: Rows that are shown.

    Returns:
        What is shown, and how many rows are left out.
    """
    found = list(rows)
    if len(found) <= most:
        return found, 0
    kept = [row for row in found if not detail(row)][:most] or found[:most]
    return kept, len(found) - len(kept)


def print_omitted(count: int) -> None:
    """Say how many rows of the table above are not shown, if any."""
    from polyarena.harness.cli.output import print_lines

    if count:
        print_lines(f"{count:,} more row{'s' if count > 1 else ''}, which --json has", "")
