"""Removes from a judge's reply the texts that it quotes: our delimited blocks, and fenced code blocks.

Quotations are found line by line and mark by mark, never by a pattern that can be tried from many places: replies are
hostile texts, and each is read in time linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BLOCK_MARK = re.compile(
    r"<<<(?P<end>end of )?(?P<what>(?:request|reference answer|answer(?: [AB])?)(?:, turn \d{1,6} of \d{1,6})?) "
    r"(?P<fence>[0-9a-f]{16})>>>",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\A[ \t]*(?P<fence>`{3,}(?=[^`]*$)|~{3,})")


def without_blocks(text: str) -> str:
    """Return a text with each delimited block replaced by a line end; a block that is never closed runs to the end.

    Only the end with the name and the fence of a block closes it (see :mod:`polyarena.judges.llm.delimiters`).
    """
    parts: list[str] = []
    done = 0
    opened: tuple[str, str] | None = None
    for mark in _BLOCK_MARK.finditer(text):
        name = (mark["what"].lower(), mark["fence"].lower())
        if opened is None and mark["end"] is None:
            parts += [text[done : mark.start()], "\n"]
            opened = name
        elif opened == name and mark["end"] is not None:
            done, opened = mark.end(), None
    return "".join(parts) if opened is not None else "".join([*parts, text[done:]])


def without_code_blocks(text: str) -> str:
    """Return a text with each fenced code block replaced by an empty line; one that is never closed runs to the end.

    As in CommonMark, a fence is three or more backticks or tildes; the closing one is at least as long, and alone on
    its line.
    """
    return "\n".join(_outside_code(text.split("\n")))


def inside_code_fence(text: str) -> str:
    """Return what stands between the fences if a text is one fenced code block and nothing else, else the text."""
    lines = text.strip().split("\n")
    fence = _FENCE.match(lines[0])
    if fence is None or len(lines) < 2 or not _closes(lines[-1], fence["fence"]):
        return text
    if any(_closes(line, fence["fence"]) for line in lines[1:-1]):
        return text
    return "\n".join(lines[1:-1])


def _outside_code(lines: list[str]) -> Iterator[str]:
    fence = ""
    for line in lines:
        if fence:
            if _closes(line, fence):
                fence = ""
            continue
        opening = _FENCE.match(line)
        if opening is None:
            yield line
        else:
            fence = opening["fence"]
            yield ""


def _closes(line: str, fence: str) -> bool:
    marks = line.strip(" \t\r")
    return len(marks) >= len(fence) and not marks.strip(fence[0])
