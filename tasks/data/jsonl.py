"""JSON Lines, read so that each complaint names the line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from polyarena.tasks.data.fields import require_fields, well_formed_deep
from polyarena.tasks.errors import DataError

_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
"""A line of UTF-8 without these escapes can hold neither NUL nor half of a surrogate pair once it is read."""


def read_jsonl(path: str | Path, fields: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each line, from 1, and the object that it holds.

    Blank lines are skipped. NUL characters and lone surrogates in texts become U+FFFD.

    Args:
        path: A UTF-8 file of one JSON object a line, with or without a byte order mark.
        fields: Names that every object must have, with a value that is not null.

    Raises:
        DataError: The file is missing, unreadable or without any object; or a line is not UTF-8, not JSON, not an
            object, or lacks a field. Raised when the line is reached, not before.
    """
    path = Path(path)
    empty = True
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                empty = False
                yield (
                    number,
                    _row(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line, f"{path}:{number}", fields),
                )
    except OSError as error:
        raise DataError(
            "the data file cannot be read",
            where=path,
            why=error.strerror or str(error),
            fix="check the path and its permissions",
        ) from error
    if empty:
        raise DataError("the data file is empty", where=path, fix="copy or download it again")


def _row(line: bytes, where: str, fields: Sequence[str]) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"), parse_constant=_refuse)
        if _ESCAPED.search(line):
            row = well_formed_deep(row)
    except UnicodeDecodeError as error:
        raise DataError(
            "the line is not UTF-8",
            where=where,
            why=f"byte {error.start + 1} of the line is {error.object[error.start]:#04x}",
            fix="save the file as UTF-8",
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(
            "the line is not JSON",
            where=where,
            why=f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error),
            fix="write one whole JSON object a line; a last line that is cut off means an incomplete copy",
        ) from error
    if not isinstance(row, dict):
        raise DataError(
            "the line is no JSON object",
            where=where,
            why=f"it holds a {type(row).__name__}",
            fix='write one object a line, such as {"prompt": "..."}',
        )
    require_fields(row, fields, where=where)
    return row


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
