"""Which gender a translation gives to a person, told from a lexicon and from the words around.

The noun decides where it is said of one gender only. Where it is said of both, the word before it does in Spanish,
French and Italian (*el*, *la*; an elided article says nothing), the article and the ending in German (*der* or *die
Angestellte*), the ending in Russian and Ukrainian (*рабочий*, *рабочая*), and nothing in Hebrew and Arabic, whose
letters leave out what would tell.

Stanovsky et al. 2019 (arXiv 1906.00591, section 3) align words with fast_align and ask a morphological analyser for
each language. A lexicon of the 103 words needs neither and makes other errors: it does not know every word that a
translation may have, and then says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from polyarena.tasks.benchmarks.winomt.lexicon import Gender, Term, lexicon
from polyarena.tasks.benchmarks.winomt.matching import ending, starts
from polyarena.tasks.benchmarks.winomt.words import words

_MALE_BEFORE: Mapping[str, str] = MappingProxyType(
    {
        "spa_Latn": "el un al del este ese aquel",
        "fra_Latn": "le un au du ce",
        "ita_Latn": "il lo un uno al allo del dello dal dallo nel nello sul sullo col",
    }
)
_FEMALE_BEFORE: Mapping[str, str] = MappingProxyType(
    {
        "spa_Latn": "la una esta esa aquella",
        "fra_Latn": "la une cette",
        "ita_Latn": "la una un' alla della dalla nella sulla",
    }
)
"""Words that say the gender of the noun after them: of a man, of a woman."""

_GERMAN: Mapping[tuple[str, str], Gender] = MappingProxyType(
    {
        **{(article, "e"): Gender.MALE for article in ("der",)},
        **{(article, "e"): Gender.FEMALE for article in ("die", "eine")},
        **{(article, "er"): Gender.MALE for article in ("ein", "kein", "sein", "ihr")},
        **{
            (article, "en"): Gender.MALE
            for article in ("den", "dem", "des", "vom", "zum", "beim", "am", "im", "einen", "einem", "eines")
        },
        **{(article, "en"): Gender.FEMALE for article in ("der", "zur", "einer")},
    }
)
"""Of nouns that are declined like adjectives: gender by article and ending."""

_SLAVIC_MALE = frozenset(["ий", "ый", "ого", "его", "ому", "ему", "им", "ым", "ом", "ем"])
_SLAVIC_FEMALE = frozenset(["ая", "яя", "ую", "юю", "ей", "ою", "ею", "а", "я", "у", "ю"])


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a term stands: from ``start`` up to ``stop``, and what gender it gives there, if any."""

    start: int
    stop: int
    gender: Gender | None

    def within(self, other: _Span) -> bool:
        return other.start <= self.start and self.stop <= other.stop and (self.start, self.stop) != (
            other.start,
            other.stop,
        )  # fmt: skip


def gender_of(person: str, translation: str, language: str, others: Iterable[str] = ()) -> Gender | None:
    """Return the gender that a translation gives to a person.

    Args:
        person: The English word, such as ``construction worker``.
        translation: Of the whole sentence.
        language: The language of the translation, ``lang_Script``; one of the lexicon's.
        others: The other people of the English sentence. What may be either of two people counts for the person only
            where nothing else does.

    Returns:
        The gender; ``None`` where no word of the lexicon is found, or none that tells, or words of both genders.
    """
    sentence = words(translation, language)
    own = _spans(sentence, lexicon(language)[person.casefold()], language)
    theirs = [span for other in others for span in _spans(sentence, lexicon(language)[other.casefold()], language)]
    own = [span for span in own if not any(span.within(other) for other in (*own, *theirs))]
    taken = {(span.start, span.stop) for span in theirs}
    free = [span for span in own if (span.start, span.stop) not in taken]
    told = {span.gender for span in free or own} - {None}
    return told.pop() if len(told) == 1 else None


def _spans(sentence: Sequence[str], terms: Iterable[Term], language: str) -> list[_Span]:
    found = [
        (_Span(start, start + len(term.words), term.gender or _told(sentence, start, term, language)), term)
        for term in terms
        for start in starts(sentence, term.words, language)
    ]
    # Of stems of one word the longest is meant: учительниц and not учител.
    longest: dict[tuple[int, int], int] = {}
    for span, term in found:
        place = (span.start, span.stop)
        longest[place] = max(longest.get(place, 0), sum(map(len, term.words)))
    return [span for span, term in found if sum(map(len, term.words)) == longest[span.start, span.stop]]


def _told(sentence: Sequence[str], start: int, term: Term, language: str) -> Gender | None:
    before = sentence[start - 1] if start else ""
    if language in _MALE_BEFORE:
        if before in _MALE_BEFORE[language].split():
            return Gender.MALE
        return Gender.FEMALE if before in _FEMALE_BEFORE[language].split() else None
    rest = ending(sentence[start], term.words[0])
    if language == "deu_Latn":
        return _GERMAN.get((before, rest))
    if language in ("rus_Cyrl", "ukr_Cyrl"):
        return Gender.MALE if rest in _SLAVIC_MALE else Gender.FEMALE if rest in _SLAVIC_FEMALE else None
    return None
