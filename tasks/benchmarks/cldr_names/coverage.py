"""Which names of which languages can be asked, and why the others cannot."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from polyarena.tasks.benchmarks.cldr_names.concepts import N_CHOICES, Category, Concept, all_concepts
from polyarena.tasks.benchmarks.cldr_names.locales import locale_of, names_in
from polyarena.tasks.identify.scripts import letters
from polyarena.tasks.languages import Language, select_languages

MIN_ITEMS = 40
"""About half of the concepts, so that the scores of any two languages rest largely on the same questions."""

_SCRIPTS = {"Jpan": {"Hani", "Hira", "Kana"}, "Hang": {"Hang", "Hani"}, "Hans": {"Hani"}, "Hant": {"Hani"}}
_ACCENTS = re.compile("[\u0300-\u036f]")


@dataclass(frozen=True)
class Coverage:
    """What CLDR offers for one language.

    Attributes:
        names: The concepts that can be asked with their names, in the order of the items.
        reason: Why the language is left out; empty if it is covered.
    """

    names: Mapping[Concept, str]
    reason: str


def question(concept: Concept, language: Language) -> str:
    """Return the question, the same for all languages but for the names in it."""
    return f'What is the {concept.category} "{names_in("en")[concept]}" called in {language.name}?'


def bare(text: str) -> str:
    """Return a text without case and accents, for comparison."""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))


@cache
def coverage(language: Language) -> Coverage:
    """Return what can be asked in one language, by the rules that the package states."""
    locale = locale_of(language)
    if locale is None:
        return Coverage(MappingProxyType({}), "CLDR has no locale for it")
    found = names_in(locale)
    usable: dict[Concept, str] = {}
    lost: Counter[str] = Counter()
    for concept in all_concepts():
        if concept not in found:
            lost["not in CLDR"] += 1
        elif not _in_script(found[concept], language.script):
            lost["not in its script"] += 1
        elif _words(found[concept]) in _words(question(concept, language)):
            lost["in the question itself"] += 1
        else:
            usable[concept] = found[concept]
    return Coverage(MappingProxyType(usable), _reason(usable, lost))


@cache
def aya_coverage() -> Mapping[str, Coverage]:
    """Return the coverage of each language of the Aya 101 by its code, sorted."""
    return MappingProxyType({language.code: coverage(language) for language in select_languages("aya101")})


def _words(text: str) -> str:
    """Return the words of a text, so spaced that ``in`` finds whole words only: ``Januar`` is not in ``January``."""
    return " " + " ".join(re.findall(r"\w+", bare(text))) + " "


def _in_script(name: str, script: str) -> bool:
    found = set(letters(name))
    return bool(found) and found <= _SCRIPTS.get(script, {script})


def _reason(usable: Mapping[Concept, str], lost: Counter[str]) -> str:
    # Names that are the same without accents cannot be choices of one item, so they count once.
    distinct = Counter(category for category, _ in {(each.category, bare(name)) for each, name in usable.items()})
    if len(usable) >= MIN_ITEMS and all(distinct[category] >= N_CHOICES for category in Category):
        return ""
    counts = ", ".join(f"{category} {distinct[category]}" for category in Category)
    why = ", ".join(f"{count} {how}" for how, count in sorted(lost.items()))
    return f"too few names to ask ({counts}); of {len(all_concepts())}: {why}"
