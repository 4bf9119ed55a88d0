"""Counts of things in messages, with the noun in its number."""

from __future__ import annotations


def count_of(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, such as ``1 language`` or ``1,200 languages``.

    Args:
        number: How many.
        one: The noun in the singular.
        many: In the plural; the singular with an ``s`` by default.
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def too_few(number: int, one: str) -> str:
    """Return that so many are too few, such as ``1 item is too few``."""
    return f"{count_of(number, one)} {'is' if number == 1 else 'are'} too few"
