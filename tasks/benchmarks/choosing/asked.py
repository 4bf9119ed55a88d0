"""What a template makes of a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from polyarena.tasks.benchmarks.row import Row


class Asked(NamedTuple):
    """What a template makes of a row.

    Attributes:
        prompt: Empty where the choices are whole texts.
        choices: What may follow it.
        separator: What stands between them (see :attr:`polyarena.tasks.item.Item.choice_separator`).
        whole: Whether the choices are whole texts.
    """

    prompt: str
    choices: tuple[str, ...]
    separator: str = " "
    whole: bool = False


Template = Callable[[Row], tuple[str, tuple[str, ...]] | Asked]
"""Turns a row into the prompt and its choices, with a space between, or into what is asked in full."""
