"""Reads the rows of files of one format; errors name file and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from polyarena.harness.importing.result import ImportResult
from polyarena.tasks.data.jsonl import read_jsonl
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.languages import find_language
from polyarena.tasks.suggest import unknown
from polyarena.tasks.text import sanitize_text

LONGEST_CELL = 1 << 24
"""Characters of one cell of a table; answers are long."""
Row = tuple[str, dict[str, Any]]
"""The place of a row (``file:line``) and the row."""


def files(path: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the file itself, or every file of a folder with one of the suffixes, sorted.

    Raises:
        DataError: There is none.
    """
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in suffixes)
        if not found:
            why = f"no file ends in {' or '.join(suffixes)}"
            raise DataError("the folder holds nothing to import", where=path, why=why)
        return found
    if not path.is_file():
        raise DataError("there is no such file", where=path, fix="give a file or a folder of files")
    return [path]


def lines(path: Path, fields: Sequence[str] = ()) -> Iterator[Row]:
    """Yield the objects of JSON Lines files.

    Raises:
        DataError: As :func:`polyarena.tasks.data.jsonl.read_jsonl`, also for a key that appears twice in an object.
    """
    for file in files(path, (".jsonl",)):
        for number, row in read_jsonl(file, fields, unique=True):
            yield f"{file}:{number}", row


def table(path: Path) -> Iterator[Row]:
    """Yield the rows of CSV files with a heading, empty cells left out.

    Raises:
        DataError: A file cannot be read, has no heading or one that names a column twice, is not separated by commas,
            or has a quote that does not end.
    """
    for file in files(path, (".csv",)):
        # The limit of the library is of one process; it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
        reader = csv.DictReader(io.StringIO(sanitize_text(read_text(file)), newline=""), strict=True)
        try:
            _check_heading(list(reader.fieldnames or ()), file)
            for row in reader:
                where = f"{file}:{reader.line_num}"
                if None in row:
                    fix = "quote cells with commas"
                    raise DataError("the row has more cells than the heading", where=where, fix=fix)
                yield where, {name: value for name, value in row.items() if value not in (None, "")}
        except csv.Error as error:
            raise DataError(
                "the table cannot be read",
                where=f"{file}:{reader.reader.line_num}",
                why=str(error),
                fix="quote cells that hold commas, quotes or line breaks, and double the quotes in them",
            ) from error


def _check_heading(names: list[str], file: Path) -> None:
    if not names:
        raise DataError("the table is empty", where=file, fix="begin with a line of column names")
    if len(names) == 1 and any(separator in names[0] for separator in ";\t|"):
        raise DataError(
            "the columns are not separated by commas", where=f"{file}:1", why=f"the heading is {names[0]!r}",
            fix="save the table with commas between its cells",
        )  # fmt: skip
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise DataError(f"the column {twice!r} appears twice", where=f"{file}:1", fix="keep one of the two")


def read_text(file: Path) -> str:
    """Return the text of a file of UTF-8, with or without a byte order mark.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("the file cannot be read", where=file, why=str(error), fix="save it as UTF-8") from error


def require_text(row: dict[str, Any], name: str, where: str) -> str:
    """Return a field as text; numbers become their digits.

    Raises:
        DataError: The row lacks it, or it is neither text nor an integer.
    """
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        why = "it is missing" if value is None else f"it is {value!r}"
        raise DataError(f"the row needs {name!r}", where=where, why=why, fix=f"give every row a text for {name!r}")
    return str(value)


def is_given(row: Mapping[str, Any], name: str) -> bool:
    """Return whether a row has a value that is not empty."""
    return row.get(name) not in (None, "")


def find_text(row: dict[str, Any], names: Sequence[str], where: str, default: str | None = None) -> str:
    """Return the text of a column that goes by several names.

    Args:
        row: The row.
        names: All names of the column; where a row has several of them, they must be equal.
        where: ``file:line``.
        default: For a row that has none of them.

    Raises:
        DataError: The row has none of them and there is no default, or two of them differ.
    """
    present = [name for name in names if is_given(row, name)]
    if not present and default is not None:
        return default
    return require_equal({name: require_text(row, name, where) for name in present or names[:1]}, where)


def row_language(row: Mapping[str, Any], default: str | None, where: str, result: ImportResult) -> str | None:
    """Return the code of a row's language; ``None`` for a row without a known one, which is left out and counted.

    Args:
        row: The row, perhaps with a ``language``.
        default: For a row without one.
        where: ``file:line``.
        result: Records what is left out.
    """
    language = row.get("language") or default
    if not isinstance(language, str):
        error = DataError("the row has no language", where=where, fix='add a field "language", or give --language')
        result.skip_row("a row without a language (left out)", where, error)
        return None
    try:
        return language_code(language, where)
    except UnknownNameError as unknown_language:
        result.skip_row("a row of an unknown language (left out)", language, unknown_language)
        return None


def require_equal(values: Mapping[str, str], where: str) -> str:
    """Return what fields that mean the same say.

    Args:
        values: What is said by the name of each field that is there; at least one.
        where: ``file:line``.

    Raises:
        DataError: Two of them say different things.
    """
    (name, value), *others = values.items()
    for other, said in others:
        if said != value:
            raise DataError(
                f"{name!r} and {other!r} mean the same and say different things",
                where=where,
                why=f"{value!r} and {said!r}",
                fix="keep the one that is right, and rename or drop the other",
            )
    return value


def language_code(text: str, where: str) -> str:
    """Return the code of a language by any of its names.

    Raises:
        UnknownNameError: There is no such language.
    """
    return find_language(text, where=where).code


def require_choice(value: str, known: Sequence[str], kind: str, where: str) -> str:
    """Return a value that must be one of a few.

    Args:
        value: As given.
        known: The allowed values.
        kind: What it is, for the message.
        where: File and line.

    Raises:
        UnknownNameError: It is none of them.
    """
    if value not in known:
        raise unknown(kind, value, known, where=where)
    return value
