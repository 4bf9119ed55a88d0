"""Where a term of the lexicon stands in a sentence, in whatever form its language gives it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

_GERMAN = ("", "s", "es", "n", "en", "e", "er", "em", "nen")
_SLAVIC = frozenset(
    "а я у ю ы и і ї е ь й о ом ем єм ою ею єю ой ей ий ый ій ая яя ую юю ого его ому ему им ым ові еві єві".split()  # noqa: SIM905
)
_ARABIC = re.compile(r"(?:[وف])?(?:ال|لل|[بكف]ال|[بلك])?")
_HEBREW = "והבלמשכ"


def starts(sentence: Sequence[str], term: Sequence[str], language: str) -> list[int]:
    """Return the places in a sentence at which a term begins.

    Args:
        sentence: Words (see :func:`polyarena.tasks.benchmarks.winomt.words.words`).
        term: Likewise.
        language: ``lang_Script``, one of the lexicon's.
    """
    same = _SAME.get(language, str.__eq__)
    last = len(sentence) - len(term)
    return [
        start
        for start in range(last + 1)
        if all(same(sentence[start + place], word) for place, word in enumerate(term))
    ]


def ending(word: str, stem: str) -> str:
    """Return what follows the stem of a word."""
    return word.removeprefix(stem)


def _german(word: str, form: str) -> bool:
    return word.startswith(form) and word.removeprefix(form) in _GERMAN


def _slavic(word: str, stem: str) -> bool:
    if stem.endswith("к") and word == f"{stem[:-1]}ці":
        return True  # Ukrainian: секретарка, секретарці
    if not word.startswith(stem):
        return False
    rest = word.removeprefix(stem)
    return not rest or rest in _SLAVIC


def _hebrew(word: str, form: str) -> bool:
    """Compare without up to three of the letters that are written together with the next word (and, the, in, to)."""
    while word != form:
        if len(word) <= len(form) or word[0] not in _HEBREW or len(word) - len(form) > 3:
            return False
        word = word[1:]
    return True


def _arabic(word: str, form: str) -> bool:
    """Compare without what is written together with the next word (and, the, to), and without the accusative's alef."""
    if not word.endswith((form, f"{form}ا")):
        return False
    before = word.removesuffix("ا") if not word.endswith(form) else word
    return bool(_ARABIC.fullmatch(before.removesuffix(form)))


_SAME: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {
        "deu_Latn": _german,
        "rus_Cyrl": _slavic,
        "ukr_Cyrl": _slavic,
        "heb_Hebr": _hebrew,
        "arb_Arab": _arabic,
    }
)
