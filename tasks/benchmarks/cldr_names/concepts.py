"""The concepts that are asked, the same in all languages, and their fixed order.

Countries and languages were chosen from all continents among those whose names differ most between languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from itertools import zip_longest

N_CHOICES = 4

MONTHS = tuple(str(number) for number in range(1, 13))
WEEKDAYS = tuple(str(number) for number in range(1, 8))
"""ISO 8601: 1 is Monday."""
TERRITORIES = tuple(
    "ZA MA EG DZ ET CM CN JP KR IN TR PH KH SA DE FR IT ES GB NL GR CH NO HU PL RU US BR MX NZ".split()
)
LANGUAGES = tuple("zh ja ar es fr hi bn de ru pt en it ko id tr nl pl th uk fa ro sv el hu vi am cs ta".split())


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
        key: CLDR's key of it within the category; the ISO 8601 number for weekdays.
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
    by_category = [
        [Concept(category, key) for key in keys]
        for category, keys in zip(Category, (MONTHS, WEEKDAYS, TERRITORIES, LANGUAGES), strict=True)
    ]
    return tuple(concept for turn in zip_longest(*by_category) for concept in turn if concept)


@cache
def gold_position(concept: Concept) -> int:
    """Return the place of the right answer among the choices, equally often each over all concepts."""
    shuffled = sorted(all_concepts(), key=lambda each: _hash(each.source_id))
    return shuffled.index(concept) % N_CHOICES


@cache
def rivals(concept: Concept) -> tuple[Concept, ...]:
    """Return the other concepts of the category, in the order in which they are tried as distractors."""
    others = [each for each in all_concepts() if each.category is concept.category and each != concept]
    return tuple(sorted(others, key=lambda each: _hash(f"{concept.source_id} {each.source_id}")))


def _hash(text: str) -> bytes:
    return sha256(text.encode()).digest()
