"""Checks that every row goes through: safe texts, and the fields that the task needs."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import NoneType
from typing import Any

from polyarena.tasks.card import Dataset
from polyarena.tasks.errors import DataError
from polyarena.tasks.suggest import closest
from polyarena.tasks.text import sanitize_text


def sanitize_texts(value: Any) -> Any:
    """Return the value with :func:`~polyarena.tasks.text.sanitize_text` applied to every text in it, keys included."""
    if isinstance(value, str):
        return sanitize_text(value)
    if isinstance(value, Mapping):
        return {sanitize_texts(key): sanitize_texts(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [sanitize_texts(each) for each in value]
    return value


@dataclass(frozen=True, slots=True)
class PlacedRows:
    """Rows and where each was read from, of which only messages make a text: there are millions of rows.

    Attributes:
        values: The rows.
        numbers: Their lines or numbers in the data.
        origin: What stands before the number in a message.
    """

    values: list[dict[str, Any]]
    numbers: Sequence[int]
    origin: str

    @classmethod
    def of(cls, origin: str, numbered: Iterable[tuple[int, dict[str, Any]]]) -> PlacedRows:
        """Return numbered rows with their origin."""
        values: list[dict[str, Any]] = []
        numbers = array("q")
        for number, row in numbered:
            numbers.append(number)
            values.append(row)
        return cls(values, numbers, origin)

    def place(self, index: int) -> str:
        """Return where a row was read from."""
        return f"{self.origin}{self.numbers[index]}"


def field_types(rows: Iterable[Mapping[str, Any]], field: str) -> set[type]:
    """Return the types of a field in all rows; a row without the field counts as one where it is null."""
    try:
        return set(map(type, map(itemgetter(field), rows)))
    except KeyError:
        return {NoneType, *(type(row.get(field)) for row in rows)}


def require_fields(row: Mapping[str, Any], fields: Sequence[str], *, where: str, why: str = "") -> None:
    """Check that a row has a value for every field.

    Args:
        row: As read.
        fields: The names that it must have; a value of ``None`` counts as missing, as Parquet has no other way.
        where: The file and line, or the data set and row.
        why: What the fields were expected of, such as the pinned revision.

    Raises:
        DataError: A field is missing; names those that there are.
    """
    for field in fields:
        if row.get(field) is not None:
            continue
        near = closest(field, row, limit=1)
        raise DataError(
            f"the field {field!r} is null" if field in row else f"the field {field!r} is missing",
            where=where,
            why=why,
            fix=(f"did you mean {near[0]!r}? " if near and field not in row else "")
            + (f"the fields are: {', '.join(map(str, row))}" if row else "the object is empty"),
        )


def refuse_mixed_splits(rows: PlacedRows, dataset: Dataset) -> None:
    """Refuse rows of which some say that they are of the split that is asked for, and others that they are not.

    Such a file combines several splits, and models may have been trained on some of its items. A field ``split`` that
    never contains the name of the split has another meaning and is ignored.

    Args:
        rows: All rows of a file or config.
        dataset: Names the split.

    Raises:
        DataError: The field ``split`` differs; counts the rows of each split and names the first that is of another.
    """
    named = Counter(split for row in rows.values if isinstance(split := row.get("split"), str))
    if dataset.split not in named or len(named) == 1:
        return
    other = named.keys() - {dataset.split}
    first = next(index for index, row in enumerate(rows.values) if row.get("split") in other)
    raise DataError(
        f"rows of several splits are mixed, and {dataset.split!r} is asked for",
        where=rows.place(first),
        why="their field 'split' says: " + ", ".join(f"{name} {count}" for name, count in sorted(named.items())),
        fix=f"keep the rows of {dataset.split!r} alone, or copy or download the data set again",
    )
