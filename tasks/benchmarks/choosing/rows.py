"""One row of a data set, read so that each complaint names the field and the row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyarena.tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class Row:
    """A row and where it stands.

    Attributes:
        values: As the data set has them.
        language: ``lang_Script``.
        position: In its config and split, from 0.
        place: For messages.
    """

    values: Mapping[str, Any]
    language: str
    position: int
    place: str

    def text(self, field: str) -> str:
        """Return a field that must hold a text.

        Raises:
            DataError: It holds something else, or nothing but white space.
        """
        value = self.values.get(field)
        if isinstance(value, str) and value.strip():
            return value
        raise self.refused(
            f"the field {field!r} is empty" if isinstance(value, str) else f"the field {field!r} is no text", value
        )

    def shown(self, field: str) -> str:
        """Return a field as text, whatever it holds; null is the empty text.

        Answer options of exams may be numbers, and machine-translated ones may have been lost.

        Raises:
            DataError: There is no such field.
        """
        if field not in self.values:
            raise self.refused(f"the field {field!r} is missing", sorted(self.values))
        value = self.values[field]
        return "" if value is None else str(value).strip()

    def gold(self, field: str, *namings: Sequence[str]) -> int:
        """Return the index of the right choice.

        Args:
            field: That names it.
            namings: Ways in which it may be named, each in the order of the choices, such as ``"ABCD"``; the first
                way that has the name decides.

        Raises:
            DataError: The field names none of them.
        """
        written = str(self.values.get(field)).strip()
        for names in namings:
            if written in list(names):
                return list(names).index(written)
        expected = " or ".join(f"{names[0]} to {names[-1]}" for names in namings)
        raise self.refused(f"the field {field!r} names no choice, expected {expected}", self.values.get(field))

    def refused(self, what: str, value: object) -> DataError:
        """Return the error for a value that cannot be used."""
        return DataError(
            what, where=self.place, why=f"it is {value!r}", fix="check the copy of the data set, or report it upstream"
        )


def by_field(*names: str) -> Callable[[Row], str]:
    """Return a source id made of these fields, the same in all languages, joined by ``:``."""
    return lambda row: ":".join(str(row.values[name]) for name in names)


def by_position(row: Row) -> str:
    """Return the row's number as its source id: the languages are translations of each other, row by row."""
    return str(row.position)


def unshared(row: Row) -> str:
    """Return a source id that no other language has: the rows are not parallel."""
    return f"{row.language}:{row.position}"


def kept(*names: str) -> Callable[[Row], Mapping[str, str]]:
    """Return what picks those of these fields that a row has, as texts, for :attr:`polyarena.tasks.item.Item.fields`.

    They serve to group scores, so a row may lack them.
    """
    return lambda row: {name: str(row.values[name]) for name in names if row.values.get(name) is not None}
