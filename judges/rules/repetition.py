"""Finds texts that run in circles, in any script."""

from __future__ import annotations

from polyarena.tasks.identify.prose import prose

WINDOW = 20
"""Characters of a passage."""
SHORTEST = 100
"""Characters of prose under which nothing can be said."""


def repeated(text: str) -> float:
    """Return the share of passages of a text that occurred before in it.

    A passage is any :data:`WINDOW` consecutive characters of the prose (code repeats itself by nature and is left
    out), so that no word boundaries are needed. A text that is written out k times has a share near ``1 - 1/k``.
    Of 2,400 answers of two large models in 21 languages, half had less than 0.04, songs with a refrain up to 0.6, and
    the five above that ran in circles.

    Returns:
        Between 0 and 1; 0 for less than :data:`SHORTEST` characters.
    """
    line = prose(text)
    if len(line) < SHORTEST:
        return 0.0
    count = len(line) - WINDOW + 1
    return 1.0 - len({line[start : start + WINDOW] for start in range(count)}) / count
