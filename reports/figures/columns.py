"""How tall rows are, and where they are cut into columns."""

from __future__ import annotations

from collections.abc import Sequence

from polyarena.reports.rows import Kind, Row

HEIGHTS: dict[Kind, float] = {"average": 0.30, "tier": 0.34, "language": 0.185}
"""Of rows with one series, in inches."""

FEWEST_TOGETHER = 5
"""A tier is cut only where at least so many of its rows stay together."""


def height(row: Row) -> float:
    """Return the height of a row in inches; rows with several series are taller, so that intervals stay apart."""
    return HEIGHTS[row.kind] + 0.03 * max(0, len(row.marks) - 1)


def panels(all_rows: Sequence[Row], columns: int) -> list[list[Row]]:
    """Split rows into columns of about the same height; a tier that is cut gets its heading again.

    Args:
        all_rows: From :func:`rows`.
        columns: 1 or more; fewer come back when there are too few rows.
    """
    target = sum(map(height, all_rows)) / columns
    found: list[list[Row]] = [[]]
    filled = 0.0
    heading: Row | None = None
    for i, row in enumerate(all_rows):
        heading = row if row.kind == "tier" else heading
        if len(found) < columns and found[-1] and _breaks(all_rows, i, filled, target):
            found.append([])
            filled = 0.0
            if row.kind == "language" and heading:
                found[-1].append(Row("tier", f"{heading.title}, continued", None, (None,) * len(row.marks)))
        found[-1].append(row)
        filled += height(row)
    return found


def _breaks(all_rows: Sequence[Row], i: int, filled: float, target: float) -> bool:
    """Tell whether a new column begins with row ``i``: never with, nor right after, a few rows of a tier."""
    if all_rows[i].kind == "tier":
        return filled + sum(map(height, all_rows[i : i + FEWEST_TOGETHER])) >= target
    rest = all_rows[i : i + FEWEST_TOGETHER]
    return filled >= target and len(rest) == FEWEST_TOGETHER and all(row.kind == "language" for row in rest)
