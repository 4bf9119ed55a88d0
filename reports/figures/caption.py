"""Sentences that the captions of several charts share."""

from __future__ import annotations

from collections.abc import Iterable

from polyarena.reports.rows import Mark


def about_intervals(marks: Iterable[Mark], confidence: str) -> str:
    """Return a sentence, with a space after it, on the lines of a chart, or on why there are none; empty without marks.

    Args:
        marks: Everything drawn.
        confidence: As it is printed, such as ``95%``.
    """
    ends = [mark.low is not None for mark in marks]
    if any(ends):
        return f"Lines: {confidence} intervals; a source item counts as one in all languages and systems. "
    return "The items are too few for intervals. " if ends else ""
