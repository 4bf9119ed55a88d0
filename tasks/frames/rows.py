"""Converts the rows of a data set to the items of a task, for tasks with one item per row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from polyarena.tasks.card import Dataset, TaskCard
from polyarena.tasks.data.fields import field_types
from polyarena.tasks.errors import DataError
from polyarena.tasks.frames.row import Row
from polyarena.tasks.validation import require_language

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.item import Item

Values = Mapping[str, Any]
"""The fields of a row as the data set has them."""

UNPINNED = "The revision is a branch, not a commit: it could not be verified against the hub, and may move."
"""The note of a card whose data set is not pinned."""

TEXT = (str,)
WHOLE = (int,)
ID = (str, int)
"""Identifiers are numbers on the hub and texts in some copies of it."""
NUMBER = (int, float, str)
OBJECT = (Mapping,)
ANY = (object,)
"""Of fields that are looked at more closely later."""
_WORDS = {
    TEXT: "a text",
    WHOLE: "a whole number",
    ID: "a text or whole number",
    NUMBER: "a number or text",
    OBJECT: "an object",
}


@dataclass(frozen=True)
class Subset:
    """Where the rows of one language lie in a data set.

    Attributes:
        config: As the data set spells it.
        split: The split, if each language has its own; empty for the split of the card.
        label: Value of :attr:`RowReader.label` for this language; empty if a config contains one language.
    """

    config: str
    split: str = ""
    label: str = ""


@dataclass(frozen=True)
class RowReader:
    """Converts the rows of a data set to items.

    Attributes:
        parts: Where the rows of each language lie, by ``lang_Script``; one place, or several, read in their order.
        fields: The types of the fields that each row must have.
        build: Makes the item of a row.
        label: Returns the language of a row, if a config contains several.
        inspect: Checks all rows of a language before the first becomes an item; raises if they cannot be used.
        asked: Whether a row is used.
    """

    parts: Mapping[str, Subset | tuple[Subset, ...]]
    fields: Mapping[str, tuple[type, ...]]
    build: Callable[[Row], Item]
    label: Callable[[Values], str] | None = None
    inspect: Callable[[TaskCard, str, Sequence[Row]], None] | None = None
    asked: Callable[[Row], bool] = lambda row: True  # noqa: ARG005

    def items(self, card: TaskCard, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the items of one language in the order of the data set.

        Args:
            card: The task's.
            language: One of ``card.languages``.
            data: Where the data set is read from.

        Raises:
            UnknownNameError: The task does not have this language.
            DataError: The data is missing, has no row of the language, lacks a field, has one of another type, or an
                id twice. Also what ``inspect`` and ``build`` raise.
        """
        require_language(card, language)
        seen: dict[str, str] = {}
        part = self.parts[language]
        rows: Iterable[Row] = chain.from_iterable(
            read_rows(card.dataset, each, language, self.fields, data, self.label)
            for each in (part if isinstance(part, tuple) else (part,))
        )
        if self.inspect is not None:
            rows = list(rows)
            self.inspect(card, language, rows)
        for row in rows:
            if not self.asked(row):
                continue
            item = self.build(row)
            refuse_repeat(item.item_id, seen, row.place)
            yield item


def read_rows(
    dataset: Dataset,
    part: Subset,
    language: str,
    fields: Mapping[str, tuple[type, ...]],
    data: DataSource,
    label: Callable[[Values], str] | None = None,
) -> Iterator[Row]:
    """Yield the rows of one language in their order.

    Args:
        dataset: The data set, with its revision.
        part: Where the rows of the language lie in it.
        language: ``lang_Script``.
        fields: As in :class:`RowReader`.
        data: Where the data set is read from.
        label: As in :class:`RowReader`.

    Raises:
        DataError: The data is missing, has no row of the language, lacks a field, or has one of another type.
    """
    dataset = dataset.model_copy(update={"split": part.split}) if part.split else dataset
    place = f"{dataset.id}, config {part.config!r}" + (f", split {part.split!r}" if part.split else "")
    if label is None:
        rows: Sequence[Values] = data.rows(dataset, part.config, tuple(fields))
        numbers: Sequence[int] = range(1, len(rows) + 1)
    else:
        sorted_out = _by_label(data, dataset, part.config, tuple(fields), label)
        if part.label not in sorted_out:
            raise DataError(
                f"the data set has no rows of {part.label!r}",
                where=place,
                why=f"its rows are of: {', '.join(sorted(sorted_out))}",
                fix="leave the language out of the experiment, or copy or download the data set again",
            )
        numbers, rows = sorted_out[part.label]
    checked = {field: types for field, types in fields.items() if not _all_of(types, rows, field)}
    revision, split = dataset.revision, part.split
    for position, (number, values) in enumerate(zip(numbers, rows, strict=True)):
        where = f"{place}, row {number}"
        if checked:
            _require_types(values, checked, where)
        yield Row(values, language, position, where, revision, split)


def refuse_repeat(
    name: str, seen: dict[str, str], where: str, *, what: str = "", fix: str = "copy or download the data set again"
) -> None:
    """Record the id of a row; refuse one that another row has.

    Args:
        name: The id.
        seen: The ids so far, with the places of their rows; this one is added.
        where: The place of the row.
        what: Of the message, if the id is not what the user wrote.
        fix: What to do about it.

    Raises:
        DataError: Another row has the same id; the message names both.
    """
    if name in seen:
        raise DataError(
            what or f"the id {name!r} occurs twice",
            where=where,
            why=f"{seen[name].rpartition(', ')[2]} has it too",
            fix=fix,
        )
    seen[name] = where


def _all_of(types: tuple[type, ...], rows: Iterable[Values], field: str) -> bool:
    """Return whether a field is of these types in all rows, so that no row needs to be looked at by itself."""
    if types == ANY:
        return True
    return all(issubclass(each, types) and each is not bool for each in field_types(rows, field))


def _require_types(row: Values, fields: Mapping[str, tuple[type, ...]], where: str) -> None:
    for field, types in fields.items():
        value = row[field]
        if not isinstance(value, types) or isinstance(value, bool):
            raise DataError(
                f"the field {field!r} is not {_WORDS[types]}",
                where=where,
                why=f"it is {value!r}",
                fix="pin the revision that the task was written for, or report the changed schema",
            )


Sorted = Mapping[str, tuple[list[int], list[Values]]]
"""The numbers and the rows of each language."""
_last: WeakKeyDictionary[DataSource, tuple[tuple[Any, ...], Sorted]] = WeakKeyDictionary()
_lock = Lock()


def _by_label(
    data: DataSource, dataset: Dataset, config: str, fields: tuple[str, ...], label: Callable[[Values], str]
) -> Sorted:
    """Group the rows of a config by language, and cache the last config, so that it is read once."""
    key = (dataset.id, dataset.revision, dataset.split, config, fields, label)
    with _lock:
        if data in _last and _last[data][0] == key:
            return _last[data][1]
        found: dict[str, tuple[list[int], list[Values]]] = {}
        for number, row in enumerate(data.rows(dataset, config, fields), start=1):
            numbers, rows = found.setdefault(label(row), ([], []))
            numbers.append(number)
            rows.append(row)
        _last[data] = (key, found)
        return found
