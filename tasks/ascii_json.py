"""JSON in ASCII, as :mod:`json` writes it, of many values at once.

Nearly all data are texts and whole numbers in lists, of which pydantic's writer makes the same bytes several times
faster, if they are ASCII. Whoever asks for it looks first at the types of the values, many at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
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

    ``None`` where characters would have to be escaped to make it ASCII, at which :mod:`json` is as fast.

    Args:
        values: One or more, plain, or dicts of plain values with texts as keys.
        separator: Between the values.
    """
    try:
        # The first one tells of most languages that their letters are others.
        if not to_json(values[0]).isascii():
            return None
        found = separator.join(map(to_json, values))
    except PydanticSerializationError:  # half of a surrogate pair
        return None
    # Of ASCII, json alone escapes the delete character.
    return found if found.isascii() and b"\x7f" not in found else None
