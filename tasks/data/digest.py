"""A digest of what was read, which does not depend on the file format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any


def content_digest(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the SHA-256 of the rows, in order, in hexadecimal.

    Each row is hashed as one line of JSON with sorted keys. Copies of the same rows as JSON Lines and as Parquet have
    the same digest: a null counts as no field, and a whole number as its float.

    Raises:
        TypeError: A value is neither text, number, date, bytes, list nor object.
    """
    digest = hashlib.sha256()
    encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain).encode
    for row in rows:
        line = encode(_canonical(row))
        digest.update(line.encode("ascii") + b"\n")
    return digest.hexdigest()


def _canonical(value: Any) -> Any:
    # Nearly all values are plain texts and numbers in plain dicts; the exact types are asked for first.
    kind = type(value)
    if kind is str or kind is int:
        return value
    if kind is dict:
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
