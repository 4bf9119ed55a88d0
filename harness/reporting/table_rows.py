"""The rows of a table file that a figure draws: numbers are checked, systems and languages are chosen."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.languages.lookup import lookup
from polyarena.tasks.suggest import unknown

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = frozenset(
    {"value", "low", "high", "band_low", "band_high", "worst", "best", "wins", "ties", "losses", "win_rate", "ceiling"}
    | {"rank", "rank_low", "rank_high", "cost", "items", "effect", "power", "n", "n_clusters", "n_languages"}
    | {"confidence", "standard_error", "detectable"}
)
"""Columns of numbers in all kinds of figures."""


def check_numbers(frame: pd.DataFrame, path: Path, columns: Collection[str] = NUMBERS) -> pd.DataFrame:
    """Return a table if its columns of numbers have numbers only; empty cells are allowed.

    Args:
        frame: The table.
        path: Its file, for the message.
        columns: Those that must be numbers, where the table has them.

    Raises:
        DataError: Names the file, line and column of a text.
    """
    import pandas as pd

    for name in frame.columns:
        if name not in columns or pd.api.types.is_numeric_dtype(frame[name].dtype):
            continue
        wrong = pd.to_numeric(frame[name], errors="coerce").isna() & frame[name].notna()
        if wrong.any():
            place = int(wrong.to_numpy().argmax())
            raise DataError(
                f"{str(frame[name].iloc[place])!r} is no number",
                where=f"{path}:{_line(path, place)}, column {name}",
                fix="write a number with a point, such as 61.6, or leave the cell empty",
            )
    return frame


def _without_spaces(names: str) -> str:
    """Return a list of names without the spaces around its commas and at its ends."""
    return ",".join(part.strip() for part in names.split(","))


def _line(path: Path, place: int) -> str:
    """Return where a row of a table is: the line of a CSV file, else the number of the row."""
    if path.suffix.lower() != ".csv":
        return f"row {place + 1}"
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        reader = csv.reader(file)
        found = (reader.line_num for record in reader if record)
        return next(f"{line}" for row, line in enumerate(found) if row == place + 1)


def whole_names(names: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return names of a list that was split at its commas, with those put together that have commas themselves.

    Args:
        names: The parts, in order.
        known: All names. The longest name that follows is taken; a part that begins none is returned as it is.
    """
    by_parts = {_without_spaces(name): name for name in known}
    longest = 1 + max((name.count(",") for name in by_parts), default=0)
    found: list[str] = []
    start = 0
    while start < len(names):
        for stop in range(min(start + longest, len(names)), start, -1):
            together = _without_spaces(",".join(names[start:stop]))
            if together in by_parts or stop == start + 1:
                found.append(by_parts.get(together, names[start]))
                start = stop
                break
    return tuple(found)


def check_systems(names: Sequence[str], known: Iterable[str]) -> None:
    """Refuse systems that are not there.

    Raises:
        UnknownNameError: With a did-you-mean.
    """
    there = {*known}
    for name in names:
        if name not in there:
            raise unknown("system", name, there)


def of_systems(frame: pd.DataFrame, names: Sequence[str], kind: str) -> pd.DataFrame:
    """Return the rows of some systems; those of ``steps`` in their order.

    Args:
        frame: A table with a column ``system``; of ``steps``, ``stage``; of ``matrix``, also ``against``.
        names: Those asked for; all if empty.
        kind: Of the figure.

    Raises:
        ExperimentError: The table names no systems.
        UnknownNameError: One is not there.
    """
    if not names:
        return frame
    columns = ["stage"] if kind == "steps" else ["system", "against"] if kind == "matrix" else ["system"]
    _need(frame, columns, "--systems")
    check_systems(names, system_names(frame, kind))
    for column in columns:
        frame = frame[frame[column].astype(str).isin(names)]
    if kind == "steps":
        order = {name: place for place, name in enumerate(names)}
        frame = frame.sort_values("stage", key=lambda stages: stages.astype(str).map(order), kind="stable")
    return frame


def system_names(frame: pd.DataFrame, kind: str) -> set[str]:
    """Return the names of the systems, or stages, of a table; none if it has no such column."""
    columns = {"stage"} if kind == "steps" else {"system", "against"} if kind == "matrix" else {"system"}
    return {str(name) for column in columns & {*frame.columns} for name in frame[column].dropna()}


def of_languages(frame: pd.DataFrame, codes: Sequence[str], column: str = "group") -> pd.DataFrame:
    """Return the rows of some languages, without averages, which are of other languages as well.

    Args:
        frame: A table with a column of languages by any code or name; where there is a column ``level``, only the rows
            of ``language`` are of one.
        codes: Those asked for; all if empty.
        column: Of the languages.

    Raises:
        ExperimentError: The table names no languages, or none of those.
    """
    if not codes:
        return frame
    _need(frame, [column], "--languages")
    if "level" in frame.columns:
        frame = frame[frame["level"] == "language"]
    code_of = {group: _code(str(group)) for group in frame[column].dropna().unique()}
    chosen = frame[frame[column].map(code_of).isin(codes)]
    if chosen.empty:
        there = sorted(set(code_of.values()))
        raise ExperimentError(
            f"the data has none of the languages {', '.join(codes[:12])}{', ...' if len(codes) > 12 else ''}",
            where="--languages",
            fix=f"choose from {', '.join(there[:12])}{', ...' if len(there) > 12 else ''}" if there else "",
        )
    return chosen


def _code(text: str) -> str:
    found = lookup(text)
    return text if found is None else found.code


def _need(frame: pd.DataFrame, columns: Sequence[str], option: str) -> None:
    lacking = [column for column in columns if column not in frame.columns]
    if lacking:
        raise ExperimentError(
            f"{option} has no meaning for this table",
            why=f"it lacks the column {', '.join(lacking)}",
            fix=f"leave out {option}",
        )
