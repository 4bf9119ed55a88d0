"""Reads JSON Lines; each error names the line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pydantic_core import from_json

from polyarena.tasks.data.fields import require_fields, sanitize_texts
from polyarena.tasks.errors import DataError

_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
"""A line of UTF-8 without these escapes can hold neither NUL nor half of a surrogate pair once it is read."""


class RepeatedKeyError(ValueError):
    """An object of a JSON text has a key twice; readers silently keep only the last value.

    Attributes:
        key: The key.
    """

    def __init__(self, key: str) -> None:
        super().__init__(f"the key {key!r} occurs twice in one object")
        self.key = key


def unique_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these pairs; the ``object_pairs_hook`` of readers that lose nothing.

    Raises:
        RepeatedKeyError: A key appears twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedKeyError(next(name for place, name in enumerate(names) if name in names[:place]))
    return found


def read_jsonl(
    path: str | Path, fields: Sequence[str] = (), *, unique: bool = False
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each line, from 1, and the object that it holds.

    Blank lines are skipped. NUL characters and lone surrogates in texts become U+FFFD.

    Args:
        path: A UTF-8 file of one JSON object a line, with or without a byte order mark.
        fields: Names that every object must have, with a value that is not null.
        unique: Refuse a key that occurs twice in one object; otherwise the last value counts, as JSON readers have it.

    Raises:
        DataError: The file is missing, unreadable or without any object; or a line is not UTF-8, not JSON, not an
            object, lacks a field, or repeats a key. Raised when the line is reached, not before.
    """
    path = Path(path)
    read = _strict_value if unique else _value
    empty = True
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.isspace():
                    continue
                empty = False
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                try:
                    row = read(line)
                except (ValueError, RecursionError) as error:
                    raise _explained(error, f"{path}:{number}") from error
                if type(row) is not dict:
                    raise DataError(
                        "the line is not a JSON object",
                        where=f"{path}:{number}",
                        why=f"it holds a {type(row).__name__}",
                        fix='write one object per line, such as {"prompt": "..."}',
                    )
                if fields:
                    require_fields(row, fields, where=f"{path}:{number}")
                yield number, row
    except OSError as error:
        raise DataError(
            "the data file cannot be read",
            where=path,
            why=error.strerror or str(error),
            fix="check the path and its permissions",
        ) from error
    if empty:
        raise DataError("the data file is empty", where=path, fix="copy or download it again")


def _value(line: bytes) -> Any:
    """Return the value of a line, by the faster of two readers, which agree on all that the first one can read."""
    if _is_escaped(line):
        return _safe(line, _DECODER)
    try:
        return from_json(line, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        return _safe(line, _DECODER)


def _strict_value(line: bytes) -> Any:
    return _safe(line, _STRICT_DECODER)


def _safe(line: bytes, decoder: json.JSONDecoder) -> Any:
    value = decoder.decode(line.decode("utf-8"))
    return sanitize_texts(value) if _is_escaped(line) else value


def _is_escaped(line: bytes) -> bool:
    """Return whether a line may hold NUL or half of a surrogate pair once it is read."""
    # To look for one byte is the fastest of the three.
    return b"\\" in line and b"\\u" in line and _ESCAPED.search(line) is not None


def _explained(error: ValueError | RecursionError, where: str) -> DataError:
    if isinstance(error, UnicodeDecodeError):
        return DataError(
            "the line is not UTF-8",
            where=where,
            why=f"byte {error.start + 1} of the line is {error.object[error.start]:#04x}",
            fix="save the file as UTF-8",
        )
    if isinstance(error, RepeatedKeyError):
        return repeated(error, where)
    return DataError(
        "the line is not JSON",
        where=where,
        why=f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error),
        fix="write one JSON object per line; a last line that is cut off means an incomplete copy",
    )


def repeated(error: RepeatedKeyError, where: str) -> DataError:
    """Return the complaint about a key that appears twice."""
    return DataError(str(error), where=where, why="only one of its values could be read", fix="keep one of the two")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
"""One for all lines: :func:`json.loads` makes another for each."""
_STRICT_DECODER = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=unique_keys)
