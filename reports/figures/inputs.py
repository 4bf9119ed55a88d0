"""Checks on the data frames that figures are given, so that nothing wrong is drawn in silence."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.signature import Signature

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 9
"""Decimal places of what is drawn; a computed 0.6285 may differ from another one in its sixteenth."""

MOST_NAMED = 6
"""Systems that a sentence names."""

_LOOK = "check the run, and the names of systems, task and judge"

OWN_TO_A_ROW = frozenset(
    {"n", "ci", "B", "cells", "system", "candidate", "baseline", "language"}
    | {"macro", "tier", "family", "script", "region", "joshi", "direction", "set", "group", "category"}
)
"""Parts of a signature that differ between the numbers of one figure by their nature."""


class FigureError(PolyarenaError):
    """The data cannot make this figure."""


def check(frame: pd.DataFrame, kind: str, columns: Collection[str], values: Collection[str] = ()) -> pd.DataFrame:
    """Return the frame if it has rows and the columns that a figure needs, and its rows were measured alike.

    Args:
        frame: Any data frame.
        kind: Name of the figure, for the message.
        columns: Needed.
        values: Columns of numbers of which one, in one row, must be known; an empty plot would say nothing.

    Raises:
        FigureError: A column is missing, there is no row, no number is known, or signatures differ.
    """
    lacking = sorted(set(columns) - set(frame.columns))
    if lacking:
        raise FigureError(f"the {kind} figure needs the column {', '.join(lacking)}",
                          why=f"the data has {', '.join(map(str, frame.columns)) or 'no column'}")  # fmt: skip
    if frame.empty:
        raise FigureError(f"there is nothing to draw in the {kind} figure", why="the data has no row", fix=_LOOK)
    there = [name for name in values if name in frame.columns]
    if values and not any(number(value) is not None for name in there for value in frame[name]):
        rows = f"{len(frame)} rows have" if len(frame) > 1 else "the row has"
        raise FigureError(f"there is nothing to draw in the {kind} figure",
                          why=f"{rows} no finite number in the column {' or '.join(values)}", fix=_LOOK)  # fmt: skip
    check_signatures(frame)
    return frame


def without_values(frame: pd.DataFrame, column: str = "system", value: str = "value") -> str:
    """Return a sentence that names the systems of a figure without any number; nothing where all have one."""
    known = frame[value].map(lambda each: number(each) is not None)
    lacking = sorted({*map(str, frame[column])} - {*map(str, frame.loc[known, column])})
    if not lacking:
        return ""
    more = f" and {len(lacking) - MOST_NAMED} more" if len(lacking) > MOST_NAMED else ""
    return f"Without any value: {', '.join(lacking[:MOST_NAMED])}{more}. "


def check_signatures(frame: pd.DataFrame) -> None:
    """Refuse results that were measured in different ways in one figure.

    Raises:
        FigureError: Names the settings that differ, with their values and systems.
    """
    if "signature" not in frame.columns:
        return
    keys = [name for name in ("task", "metric") if name in frame.columns]
    for _, part in frame.groupby(keys, sort=True) if keys else [((), frame)]:
        first: dict[str, tuple[str, str]] = {}
        systems = part["system"] if "system" in part.columns else part.index
        for system, text in zip(systems, part["signature"], strict=True):
            if not isinstance(text, str) or not text:
                continue
            for name, value in Signature.parse(text).items():
                if name in OWN_TO_A_ROW:
                    continue
                other = first.setdefault(name, (str(value), str(system)))
                if other[0] != str(value):
                    raise FigureError(
                        f"results of different settings do not belong in one figure: {name} is {other[0]!r} for "
                        f"{other[1]} and {str(value)!r} for {system}",
                        fix="run them with the same settings, or draw two figures",
                    )


def number(value: Any) -> float | None:
    """Return a finite number, or ``None`` for what is none (NaN, null, infinite)."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def numbers(row: Mapping[Any, Any], *names: str, scale: float = 1.0) -> tuple[float | None, ...]:
    """Return some fields of a row as numbers, scaled; ``None`` where there is none.

    They are rounded to :data:`DIGITS`, so that two figures print the same for a number computed in another order.
    """
    found = (number(row.get(name)) for name in names)
    return tuple(None if value is None else round(scale * value, DIGITS) for value in found)


def counts(values: Iterable[Any]) -> str:
    """Return ``500``, or ``60 to 500`` where values differ, or ``an unknown number of``."""
    known = sorted({int(value) for value in map(number, values) if value is not None})
    if not known:
        return "an unknown number of"
    return f"{known[0]:,}" if len(known) == 1 else f"{known[0]:,} to {known[-1]:,}"
