"""Rules that remove rows from a source, and how many rows each has removed."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from polyarena.tasks.identify import Agreement, agreement, identify
from polyarena.tasks.languages import all_languages
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.mixtures.settings import PruningSettings
from polyarena.tasks.repetition import LOOP_TIMES, loop_turns, repeated_share
from polyarena.tasks.text import comparable

MAX_REPEATED = 0.5
"""Share of repeated passages above which a completion is degenerate."""

FEWEST_LETTERS = 12
"""Letters under which a completion is never in the wrong language."""


class Rule(StrEnum):
    """Why a row was removed; in the order in which the rules are applied."""

    UNKNOWN_LANGUAGE = "unknown language"
    """In none of the languages that polyarena knows."""
    EMPTY = "empty"
    SHORT = "short"
    LONG = "long"
    DEGENERATE = "degenerate"
    WRONG_LANGUAGE = "wrong language"
    NEAR_DUPLICATE = "near-duplicate"


def broken_rule(row: TrainingRow, settings: PruningSettings) -> Rule | None:
    """Return the first rule that a row breaks by itself, or ``None``.

    Near-duplicates are found by :class:`polyarena.tasks.mixtures.near_duplicates.DuplicateIndex`, since they depend on
    the rows before.

    Args:
        row: The row.
        settings: Which rules there are.
    """
    prompt, completion = comparable(row.prompt).strip(), comparable(row.completion).strip()
    longest = max(len(row.prompt), len(row.completion))
    if row.language not in _known():
        return Rule.UNKNOWN_LANGUAGE
    if not prompt or not completion:
        return Rule.EMPTY
    if len(completion) < settings.min_characters:
        return Rule.SHORT
    if settings.max_characters is not None and longest > settings.max_characters:
        return Rule.LONG
    if settings.degenerate and is_degenerate(row.completion):
        return Rule.DEGENERATE
    if settings.wrong_language and _is_in_another_language(row.completion, row.language):
        return Rule.WRONG_LANGUAGE
    return None


@cache
def _known() -> frozenset[str]:
    return frozenset(language.code for language in all_languages())


def is_degenerate(text: str) -> bool:
    """Return whether a text repeats itself: half of its passages occurred before, or it ends in a loop."""
    return repeated_share(text) > MAX_REPEATED or loop_turns(text) >= LOOP_TIMES


def _is_in_another_language(text: str, language: str) -> bool:
    # A name, a number or a formula is right in any language.
    if sum(each.isalpha() for each in text) < FEWEST_LETTERS:
        return False
    found = identify(text)
    match agreement(found, language):
        case Agreement.OTHER_SCRIPT:
            return True
        case Agreement.OTHER_LANGUAGE:
            # Chinese without a kana is taken for Japanese now and then; script and language must agree.
            return found.language is not None and found.language.rpartition("_")[2] == found.script
    return False
