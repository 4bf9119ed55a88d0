"""The concepts that are asked, the same in all languages, and their fixed order.

Countries and languages were chosen from all continents among those whose names differ most between languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from itertools import zip_longest
from typing import TypeVar

T = TypeVar("T")

N_CHOICES = 4

_MONTHS = tuple(str(number) for number in range(1, 13))
_WEEKDAYS = tuple(str(number) for number in range(1, 8))
_TERRITORIES = (
    ("ZA", "MA", "EG", "DZ", "ET", "CM"),
    ("CN", "JP", "KR", "IN", "TR", "PH", "KH", "SA"),
    ("DE", "FR", "IT", "ES", "GB", "NL", "GR", "CH", "NO", "HU", "PL", "RU"),
    ("US", "BR", "MX", "NZ"),
)
_LANGUAGES = (
    ("zh", "ja", "ko", "hi", "bn", "th", "vi", "id", "ta"),
    ("ar", "am", "tr", "fa"),
    ("es", "fr", "de", "ru", "pt", "en", "it", "nl", "pl", "uk", "ro", "sv", "el", "hu", "cs"),
)


class Category(StrEnum):
    """What a name is the name of; the value is the word for it in questions."""

    MONTH = "month"
    WEEKDAY = "weekday"
    TERRITORY = "country"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Concept:
    """Something that has a name in every language.

    Attributes:
        category: What it is.
        key: CLDR's key of it within the category; for weekdays the number of ISO 8601, where 1 is Monday.
    """

    category: Category
    key: str

    @property
    def source_id(self) -> str:
        """The same in all languages: ``territory:JP``, ``month:3``, ``weekday:1``, ``language:fr``."""
        return f"{self.category.name.lower()}:{self.key}"


@cache
def all_concepts() -> tuple[Concept, ...]:
    """Return all concepts, the categories taking turns, so that a small limit on items still has each of them."""
    keys = (_MONTHS, _WEEKDAYS, _in_turns(_TERRITORIES), _in_turns(_LANGUAGES))
    return _in_turns([[Concept(category, key) for key in of] for category, of in zip(Category, keys, strict=True)])


@cache
def gold_position(concept: Concept) -> int:
    """Return the place of the right answer among the choices, equally often each within a category and over all."""
    shuffled = sorted(all_concepts(), key=lambda each: (each.category, _hash(each.source_id)))
    return shuffled.index(concept) % N_CHOICES


@cache
def rivals(concept: Concept) -> tuple[Concept, ...]:
    """Return the other concepts of the category, in the order in which they are tried as distractors."""
    others = [each for each in all_concepts() if each.category is concept.category and each != concept]
    return tuple(sorted(others, key=lambda each: _hash(f"{concept.source_id} {each.source_id}")))


def _in_turns(groups: Sequence[Sequence[T]]) -> tuple[T, ...]:
    return tuple(each for turn in zip_longest(*groups) for each in turn if each is not None)


def _hash(text: str) -> bytes:
    return sha256(text.encode()).digest()
