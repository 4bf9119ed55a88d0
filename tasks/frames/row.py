"""One row of a data set, with checks whose errors name the field and the row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyarena.tasks.errors import DataError
from polyarena.tasks.fast_init import fast_init
from polyarena.tasks.suggest import closest


@fast_init
@dataclass(frozen=True, slots=True)
class Row:
    """A row and its position.

    Attributes:
        values: As the data set has them.
        language: ``lang_Script``.
        position: Among the rows of its language in their order, from 0.
        place: For messages.
        revision: Of the data set that the task was written for.
        split: The split that it comes from, where a language has splits of its own; else empty.
    """

    values: Mapping[str, Any]
    language: str
    position: int
    place: str
    revision: str = ""
    split: str = ""

    @property
    def number(self) -> int:
        """The position from 1, used as the id if the data has none."""
        return self.position + 1

    def __getitem__(self, field: str) -> Any:
        """Return the value of a field that was required when the rows were read, so that it exists."""
        return self.values[field]

    def text(self, field: str) -> str:
        """Return a field that must contain a text.

        Raises:
            DataError: It contains something else, or only white space.
        """
        value = self.values.get(field)
        if isinstance(value, str) and value.strip():
            return value
        raise self.refused(
            f"the field {field!r} is empty" if isinstance(value, str) else f"the field {field!r} is not a text", value
        )

    def shown(self, field: str) -> str:
        """Return any field as text; null becomes the empty text.

        Answer options of exams may be numbers, and machine-translated ones may have been lost.

        Raises:
            DataError: There is no such field.
        """
        return self.all_shown((field,))[0]

    def all_shown(self, fields: Sequence[str]) -> list[str]:
        """Return several fields as :meth:`shown` does."""
        try:
            values = [self.values[field] for field in fields]
        except KeyError as error:
            raise self._missing(error.args[0]) from None
        return [
            value.strip() if type(value) is str else "" if value is None else str(value).strip() for value in values
        ]

    def _missing(self, field: str) -> DataError:
        near = closest(field, self.values)
        return DataError(
            f"the field {field!r} is missing",
            where=self.place,
            why=f"the task reads the data set as of revision {self.revision}; the row has: "
            f"{', '.join(sorted(self.values))}",
            fix=f"did you mean {near[0]!r}?" if near else "pin the revision that the task was written for",
        )

    def gold(self, field: str, *namings: Sequence[str]) -> int:
        """Return the index of the right choice.

        Args:
            field: The field with the name of the correct choice.
            namings: Ways in which it may be named, each in the order of the choices, such as ``"ABCD"``; the first
                way that has the name decides.

        Raises:
            DataError: The field matches none of them.
        """
        written = str(self.values.get(field)).strip()
        for names in namings:
            known = names if isinstance(names, tuple) else tuple(names)
            if written in known:
                return known.index(written)
        expected = " or ".join(f"{names[0]} to {names[-1]}" for names in namings)
        raise self.refused(f"the field {field!r} does not name a choice, expected {expected}", self.values.get(field))

    def refused(self, what: str, value: object) -> DataError:
        """Return the error for a value that cannot be used."""
        return DataError(
            what, where=self.place, why=f"it is {value!r}", fix="check the copy of the data set, or report it upstream"
        )
