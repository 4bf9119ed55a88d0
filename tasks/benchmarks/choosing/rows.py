"""What the templates of multiple choice read of a data set, and how its rows are told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from polyarena.tasks.benchmarks.reading import ANY, Part, read_rows

if TYPE_CHECKING:
    from polyarena.tasks.benchmarks.row import Row
    from polyarena.tasks.card import Dataset
    from polyarena.tasks.data import DataSource


def rows_of(dataset: Dataset, part: Part, language: str, fields: Iterable[str], data: DataSource) -> Iterator[Row]:
    """Yield the rows of one language.

    Args:
        dataset: Which, at which revision.
        part: Where the rows of the language lie in it.
        language: ``lang_Script``.
        fields: What each row must have, not null.
        data: Where the data set is read from.

    Raises:
        DataError: The data is missing, or a row lacks a field.
    """
    return read_rows(dataset, part, language, dict.fromkeys(fields, ANY), data)


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
