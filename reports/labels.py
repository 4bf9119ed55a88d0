"""How a language is named in figures, tables and pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from polyarena.tasks.languages import all_languages


@dataclass(frozen=True, slots=True)
class Label:
    """The names of one language.

    Attributes:
        code: ``lang_Script``.
        name: In English; the code where the language is not in the table.
        autonym: In the language itself; empty where unknown or equal to ``name``.
        direction: ``ltr`` or ``rtl``, of the autonym.
        script: ISO 15924; empty where unknown.
        tag: BCP 47, for the ``lang`` attribute of HTML.
        tier: ``high``, ``mid``, ``low`` or empty.
    """

    code: str
    name: str
    autonym: str
    direction: str
    script: str
    tag: str
    tier: str


@cache
def language_label(code: str) -> Label:
    """Return the names of a language; codes that are not in the table stand for themselves."""
    known = {language.code: language for language in all_languages()}.get(code)
    if known is None:
        return Label(code, code, "", "ltr", "", "und", "")
    autonym = "" if known.autonym == known.name else known.autonym
    tag = f"{known.iso639_1 or known.iso639_3}-{known.script}"
    return Label(code, known.name, autonym, known.direction, known.script, tag, known.tier)


def sentence_case(text: str) -> str:
    """Return a text with an upper-case first letter, unless it begins with the name of a metric; the rest is kept.

    Example:
        >>> sentence_case("win rate on XQuAD"), sentence_case("exact_match on XQuAD")
        ('Win rate on XQuAD', 'exact_match on XQuAD')
    """
    from polyarena.tasks.metrics.builtin import METRICS

    first = text.partition(" ")[0].rstrip(",.:")
    is_name = first in METRICS or not first.isalpha() or not first.islower()
    return text if is_name else text[:1].upper() + text[1:]


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return what sorts names as people do: numbers in them by value, so that step-200 comes before step-1000.

    Example:
        >>> sorted(["step-1000", "step-200", "base", "step-10000"], key=natural_key)
        ['base', 'step-200', 'step-1000', 'step-10000']
    """
    parts = re.split(r"(\d+)", name)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


def system_order(names: Iterable[str], order: Sequence[str] = ()) -> list[str]:
    """Return systems in the order of their experiment; those that it does not have come last, in natural order.

    Args:
        names: Of the systems.
        order: Of the experiment; empty if there is none.
    """
    places = {name: place for place, name in enumerate(order)}
    return sorted({*names}, key=lambda name: (places.get(name, len(places)), natural_key(name), name))


TIER_TITLES = {"high": "High-resource", "mid": "Mid-resource", "low": "Low-resource", "": "Other languages"}
"""Titles of the resource tiers, in the order in which they are shown."""
