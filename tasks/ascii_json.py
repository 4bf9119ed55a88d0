"""JSON in ASCII, as :mod:`json` writes it, of many values at once.

Nearly all data are texts and whole numbers in lists, of which pydantic's writer makes the same bytes several times
faster, if they are ASCII. Other letters are escaped by :mod:`json`'s own function, but column by column, so that all
else is done once for many values. Whoever asks for it looks first at the types of the values, many at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from json.encoder import encode_basestring_ascii
from types import NoneType
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

SCALARS = frozenset({str, int, bool, NoneType})
"""Types whose values both writers write alike; a number with a point is none of them."""
_LISTS = frozenset({list, tuple})
_PLAIN = SCALARS | _LISTS
_DEPTH = 4
"""Lists within lists down to which plain values are recognised."""


def are_plain(values: Iterable[Any]) -> bool:
    """Return whether values are scalars, or lists or tuples of such values, by their exact types."""
    level = list(values)
    for _ in range(_DEPTH):
        kinds = set(map(type, level))
        if kinds <= SCALARS:
            return True
        if not kinds <= _PLAIN:
            return False
        lists = level if kinds <= _LISTS else [value for value in level if type(value) in _LISTS]
        level = list(chain.from_iterable(lists))
    return False


def ascii_json(values: Sequence[Any], separator: bytes) -> bytes | None:
    """Return what ``json.dumps`` writes of each value, without spaces.

    ``None`` where the values are too unlike each other to be written faster.

    Args:
        values: One or more, plain, or dicts of plain values with texts as keys.
        separator: Between the values.
    """
    return _unescaped(values, separator) or _by_column(values, separator)


def _unescaped(values: Sequence[Any], separator: bytes) -> bytes | None:
    try:
        # The first one tells of most languages that their letters are others.
        if not to_json(values[0]).isascii():
            return None
        found = separator.join(map(to_json, values))
    except PydanticSerializationError:  # half of a surrogate pair
        return None
    # Of ASCII, json alone escapes the delete character.
    return found if found.isascii() and b"\x7f" not in found else None


def _by_column(values: Sequence[Any], separator: bytes) -> bytes | None:
    kinds = set(map(type, values))
    if kinds == {dict} and len(names := set(map(tuple, values))) == 1:
        columns = [_texts(column) for column in zip(*map(dict.values, values), strict=True)]
        fields = (encode_basestring_ascii(name).replace("%", "%%") + ":%s" for name in names.pop())
        start, end = "{", "}"
    elif kinds <= _LISTS and len(set(map(len, values))) == 1:
        columns = [_texts(column) for column in zip(*values, strict=True)]
        fields = ("%s" for _ in columns)
        start, end = "[", "]"
    else:
        return None
    if None in columns:
        return None
    template = start + ",".join(fields) + end
    texts = chain.from_iterable(zip(*columns, strict=True))
    return (separator.decode().join([template] * len(values)) % tuple(texts)).encode("ascii")


def _texts(column: Sequence[Any], depth: int = _DEPTH) -> list[str] | None:
    """Return the JSON of each value of a column, or ``None`` if these are not all scalars or all lists."""
    kinds = set(map(type, column))
    if kinds <= _LISTS and depth:
        texts = _texts(list(chain.from_iterable(column)), depth - 1)
        if texts is None:
            return None
        rest = iter(texts)
        return ["[" + ",".join(islice(rest, len(value))) + "]" for value in column]
    if not kinds <= SCALARS:
        return None
    if len(kinds) == 1:
        return list(map(_WRITERS[kinds.pop()], column))
    return [_WRITERS[type(value)](value) for value in column]


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring_ascii,
    int: int.__repr__,
    bool: {False: "false", True: "true"}.__getitem__,
    NoneType: lambda _: "null",
}
