"""What the people of WinoMT are called in each language, as a man and as a woman.

The table ``lexicon.csv`` has a row for each word of WinoMT that names a person and a column for each language. A cell
holds ways to say it, apart by ``|``, each of one or more words:

* ``maestr.o.a``: the stem, then what a man's word ends in, then a woman's (*maestro*, *maestra*); either may be empty.
* ``m:sastre``, ``f:ama de llaves``: said of a man only, of a woman only. This is the gender of the word: whoever the
  person is, a translation with such a word says one of both.
* ``=recepcionista``: said of both; what stands around it decides (see
  :mod:`polyarena.tasks.benchmarks.winomt.gender`).

Russian and Ukrainian words stand without their endings. The words were collected from dictionaries and from what
translation systems say for these words; a translation with a word that is not here is undecided, never wrong.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType

from polyarena.tasks.benchmarks.winomt.words import words

_TABLE = Path(__file__).with_name("lexicon.csv")
_MARKS = ("=", "m:", "f:")


class Gender(StrEnum):
    """What a translation says that a person is."""

    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class Term:
    """One way to name a person.

    Attributes:
        words: Normalised by :func:`polyarena.tasks.benchmarks.winomt.words.words`; the first one is the noun or
            precedes it.
        gender: Of whom it is said; ``None`` where of both.
    """

    words: tuple[str, ...]
    gender: Gender | None


@cache
def lexicon(language: str) -> Mapping[str, tuple[Term, ...]]:
    """Return the terms of each person, by the English word in lower case.

    Args:
        language: One of the columns of the table, as ``lang_Script``.
    """
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return MappingProxyType({row["occupation"].casefold(): tuple(_terms(row[language], language)) for row in rows})


@cache
def languages() -> tuple[str, ...]:
    """Return the languages of the table, sorted."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(sorted(next(csv.reader(file))[1:]))


def _terms(cell: str, language: str) -> list[Term]:
    found: dict[Term, None] = {}
    for way in filter(None, cell.split("|")):
        mark = next((mark for mark in _MARKS if way.startswith(mark)), "")
        if mark:
            gender = {"=": None, "m:": Gender.MALE, "f:": Gender.FEMALE}[mark]
            found[Term(_normal(way.removeprefix(mark), language), gender)] = None
            continue
        male, female = ([_ending(word, place) for word in way.split(" ")] for place in (1, 2))
        found[Term(_normal(" ".join(male), language), Gender.MALE)] = None
        found[Term(_normal(" ".join(female), language), Gender.FEMALE)] = None
    # What is said of both as well does not tell by itself.
    return [term for term in found if term.gender is None or Term(term.words, None) not in found]


def _ending(word: str, place: int) -> str:
    parts = word.split(".")
    return parts[0] + parts[place] if len(parts) == 3 else word


def _normal(term: str, language: str) -> tuple[str, ...]:
    return tuple(words(term, language))
