"""Long work in parts: each is stored when it is done, so that a killed stage goes on after the last one.

Sampling, asking and scoring are the long work of stages that train nothing. Their results are the same whether they
were interrupted or not, since a part depends on its place and not on the parts before it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

Part = TypeVar("Part")

PARTS = "parts"
"""Folder of what is done, in the folder where a stage works; the output of the stage does not contain it."""


def in_parts(path: Path | None, parts: Sequence[Part], work: Callable[[int, Part], Any]) -> Iterator[Any]:
    """Yield the result of each part, in order; what the file has already is not done again.

    Args:
        path: A file with one line for each part that is done; ``None`` to store nothing. What a killed process left of
            a line is cut off.
        parts: The parts, the same and in the same order as when the file was begun.
        work: Does one part, given its number and the part; returns what JSON can hold, without numbers that are not
            finite.

    Raises:
        ValueError: ``work`` returned a number that is not finite.
        OSError: The file cannot be written.
    """
    if path is None:
        yield from (work(number, part) for number, part in enumerate(parts))
        return
    done = _read(path)
    yield from done[: len(parts)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        for number, part in list(enumerate(parts))[len(done) :]:
            result = work(number, part)
            # Escapes keep half a surrogate pair, which a model may write, and no line break is inside a line.
            file.write(json.dumps(result, allow_nan=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
            yield result


def clear_but_parts(folder: Path) -> None:
    """Remove what an interrupted stage left, but not the parts that are done."""
    for path in folder.iterdir():
        if path.name == PARTS:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def drop_parts(folder: Path) -> None:
    """Remove the parts from the folder of a stage that has written its output, and from the folders in it."""
    for path in [folder, *(each for each in folder.iterdir() if each.is_dir())]:
        shutil.rmtree(path / PARTS, ignore_errors=True)


def _read(path: Path) -> list[Any]:
    """Return the parts that are whole, and cut the file after the last one."""
    if not path.exists():
        return []
    content = path.read_bytes()
    found = []
    length = 0
    for line in content.splitlines(keepends=True):
        try:
            found.append(json.loads(line))
        except ValueError:
            break
        if not line.endswith(b"\n"):
            found.pop()
            break
        length += len(line)
    if length < len(content):
        os.truncate(path, length)
    return found
