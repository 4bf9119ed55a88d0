"""What a text looks like, apart from what it says: length and Markdown."""

from __future__ import annotations

import re

import pandas as pd

from polyarena.reports.stats.validation import require_columns

FEATURES = ("length", "headers", "lists", "bold")

_FENCED = re.compile(r"^(```|~~~).*?(^\1|\Z)", re.MULTILINE | re.DOTALL)
_HEADER = re.compile(r"^ {0,3}#{1,6}\s", re.MULTILINE)
_LIST = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])\s", re.MULTILINE)
_MARK = re.compile(r"\*\*|__")


def text_features(text: str) -> dict[str, int]:
    """Count what may please a judge without being an answer.

    Args:
        text: A completion, as it was written.

    Returns:
        ``length``: characters that are not white space, code included. ``headers``, ``lists`` (list items) and
        ``bold`` (bold passages): of Markdown, outside fenced code.
    """
    prose = _FENCED.sub("", text)
    return {
        "length": sum(map(len, text.split())),
        "headers": len(_HEADER.findall(prose)),
        "lists": len(_LIST.findall(prose)),
        "bold": sum(map(_bold, prose.split("\n"))),
    }


def _bold(line: str) -> int:
    """Count bold passages of a line, from an opening mark to the next closing one of its kind, in a single pass."""
    found, opened, end = 0, "", 0
    for mark in _MARK.finditer(line):
        before = line[max(end, mark.start() - 1) : mark.start()]
        after = line[mark.end() : mark.end() + 1]
        if opened == mark.group() and before.strip():
            found, opened = found + 1, ""
        elif not opened and after.strip():
            opened, end = mark.group(), mark.end()
    return found


def style_features(completions: pd.DataFrame) -> pd.DataFrame:
    """Return the features of completions; the samples of one item are averaged.

    Args:
        completions: With ``system``, ``task``, ``language``, ``item_id`` and ``text``; rows without a text are left
            out.

    Returns:
        One row for each system, task, language and item with a column for each of :data:`FEATURES`.

    Raises:
        DataError: A column is missing.

    Example:
        >>> text = "- **bold** point"
        >>> rows = {"system": "a", "task": "t", "language": "deu_Latn", "item_id": "1", "text": text}
        >>> style_features(pd.DataFrame([rows]))[["length", "headers", "lists", "bold"]].iloc[0].tolist()
        [14.0, 0.0, 1.0, 1.0]
    """
    key = ["system", "task", "language", "item_id"]
    require_columns(completions, [*key, "text"], "completions")
    known = completions[completions["text"].notna()]
    counted = pd.DataFrame(
        [text_features(text) for text in known["text"]], columns=list(FEATURES), index=known.index, dtype="float64"
    )
    return pd.concat([known[key], counted], axis=1).groupby(key, sort=True).mean().reset_index()
