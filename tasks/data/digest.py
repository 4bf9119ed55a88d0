"""A digest of what was read, which does not depend on the file format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice
from operator import itemgetter
from types import NoneType
from typing import Any

from polyarena.tasks.ascii_json import ascii_json


def content_digest(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the SHA-256 of the rows, in order, in hexadecimal.

    Each row is hashed as one line of JSON with sorted keys. Copies of the same rows as JSON Lines and as Parquet have
    the same digest: a null counts as no field, and a whole number as its float.

    Raises:
        TypeError: A value is neither text, number, date, bytes, list nor object.
    """
    digest = hashlib.sha256()
    encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain).encode
    rest = iter(rows)
    while chunk := list(islice(rest, _CHUNK)):
        table = _sorted_table(chunk)
        lines = ascii_json(table, b"\n") if table else None
        digest.update(lines or "\n".join(map(encode, table or map(_canonical, chunk))).encode("ascii"))
        digest.update(b"\n")
    return digest.hexdigest()


_CHUNK = 256
_CANONICAL = frozenset({str, int, bool})
"""Types of values that are their own canonical form."""
_TEXT = frozenset({str})


def _sorted_table(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """Return the canonical form of rows, with sorted keys, if all have the same fields, and these are plain.

    Plain are texts and numbers, and lists of them, and nulls; they are looked at by column, in C.
    """
    if set(map(type, rows)) != {dict} or len(fields := set(map(tuple, rows))) > 1:
        return None
    names = fields.pop()
    if not names or not _TEXT.issuperset(map(type, names)):
        return None
    columns: dict[str, list[Any]] = {}
    nulls = False
    for name in sorted(names):
        columns[name] = column = list(map(itemgetter(name), rows))
        kinds = set(map(type, column))
        if kinds == {list}:
            kinds = set(map(type, chain.from_iterable(column)))
        elif NoneType in kinds:
            kinds.discard(NoneType)
            nulls = True
        if not kinds <= _CANONICAL:
            return None
    table = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    if nulls:
        return [{name: value for name, value in row.items() if value is not None} for row in table]
    return table


def _canonical(value: Any) -> Any:
    # Nearly all values are plain texts and numbers in plain dicts and lists; the exact types are asked for first.
    kind = type(value)
    if kind in _CANONICAL:
        return value
    if kind is list and _CANONICAL.issuperset(map(type, value)):
        return value
    if kind is dict:
        if _CANONICAL.issuperset(map(type, value.values())) and _TEXT.issuperset(map(type, value)):
            return value
        return {
            key if type(key) is str else str(key): each if type(each) is str else _canonical(each)
            for key, each in value.items()
            if each is not None
        }
    if isinstance(value, Mapping):
        return {str(key): _canonical(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_canonical(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"a {type(value).__name__} has no canonical form")
