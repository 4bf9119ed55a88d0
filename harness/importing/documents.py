"""JSON documents read so that a complaint can name the line: where each part of the first levels begins."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyarena.harness.importing.rows import read_text
from polyarena.tasks.data.fields import sanitize_texts
from polyarena.tasks.data.jsonl import RepeatedKeyError, repeated, unique_keys
from polyarena.tasks.errors import DataError

Step = tuple[str | int, ...]
"""The way to a part of a document: keys and, in lists, places from 0."""
_SPACE = re.compile(r"[ \t\n\r]*")


class Places:
    """Where the parts of a document begin.

    Args:
        file: The file.
        lines: The line of each part, from 1.
    """

    def __init__(self, file: Path, lines: Mapping[Step, int]) -> None:
        self._file = file
        self._lines = lines

    def of(self, *step: str | int) -> str:
        """Return ``file:line`` of a part, or of the nearest part around it that is known."""
        while step not in self._lines:
            step = step[:-1]
        return f"{self._file}:{self._lines[step]}"


def document(path: Path, depth: int = 0) -> tuple[Any, Places]:
    """Return the JSON document of a file, and where its parts begin.

    Args:
        path: A file of UTF-8, with or without a byte order mark.
        depth: Levels of objects and lists whose parts are placed.

    Raises:
        DataError: It cannot be read, is not JSON, or has a key twice in one object.
    """
    text = read_text(path)
    walk = _Walk(text, path)
    try:
        value, end = walk.value(walk.space(0), (), depth)
        if walk.space(end) < len(text):
            raise json.JSONDecodeError("Extra data", text, walk.space(end))
        return sanitize_texts(value), Places(path, walk.lines)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise DataError("the file is not JSON", where=f"{path}:{line}", why=str(error)) from error


class _Walk:
    """Walks the first levels by hand and leaves what is deeper to the library."""

    def __init__(self, text: str, path: Path) -> None:
        self.text = text
        self.path = path
        self.lines: dict[Step, int] = {}
        self._breaks = [found.start() for found in re.finditer("\n", text)]
        self._decoder = json.JSONDecoder(object_pairs_hook=unique_keys)

    def space(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return at if found is None else found.end()

    def value(self, at: int, step: Step, depth: int) -> tuple[Any, int]:
        """Return the value that begins at a place, and where it ends."""
        self.lines[step] = line = bisect_right(self._breaks, at) + 1
        opening = self.text[at : at + 1]
        if depth and opening in ("{", "["):
            return self._parts(at + 1, step, depth - 1, keyed=opening == "{")
        try:
            return self._decoder.raw_decode(self.text, at)
        except RepeatedKeyError as error:
            raise repeated(error, f"{self.path}:{line}") from error

    def _parts(self, at: int, step: Step, depth: int, *, keyed: bool) -> tuple[Any, int]:
        pairs: list[tuple[Any, Any]] = []
        closing = "}" if keyed else "]"
        at = self.space(at)
        if self.text[at : at + 1] == closing:
            return ({} if keyed else []), at + 1
        while True:
            name: str | int = len(pairs)
            if keyed:
                name, at = self._key(at)
            value, at = self.value(at, (*step, name), depth)
            pairs.append((name, value))
            at = self.space(at)
            if self.text[at : at + 1] == closing:
                break
            at = self.space(self._past(",", at))
        if not keyed:
            return [value for _, value in pairs], at + 1
        try:
            return unique_keys(pairs), at + 1
        except RepeatedKeyError as error:
            # The line of the second one: the first was overwritten.
            raise repeated(error, f"{self.path}:{self.lines[*step, error.key]}") from error

    def _key(self, at: int) -> tuple[str, int]:
        if self.text[at : at + 1] != '"':
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", self.text, at)
        name, at = self._decoder.raw_decode(self.text, at)
        return name, self.space(self._past(":", self.space(at)))

    def _past(self, sign: str, at: int) -> int:
        if self.text[at : at + 1] != sign:
            raise json.JSONDecodeError(f"Expecting {sign!r} delimiter", self.text, at)
        return at + 1
