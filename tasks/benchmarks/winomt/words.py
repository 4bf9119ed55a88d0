"""A sentence as the words that are compared, in each of the languages of WinoMT."""

from __future__ import annotations

import re

from polyarena.tasks.text import comparable

_WORD = re.compile(r"[^\W_]+(?:[-'’ʼ\"״][^\W_]+)*['’]?", re.UNICODE)
_ELIDED = re.compile(r"^([a-z]{1,5}['’])(.+)$")
_MARKS = re.compile(r"[\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640\u0300\u0301]")
_ALIKE = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ё": "е", "’": "'", "ʼ": "'"})
_ELIDING = frozenset({"fra_Latn", "ita_Latn"})


def words(text: str, language: str) -> list[str]:
    """Return the words of a text in lower case, spelled alike.

    Vowel points of Hebrew and Arabic, and the mark of Hebrew abbreviations, are dropped; alef with and without hamza
    are one letter, and so are Russian е and ё. In French and Italian an elided article is a word of its own
    (``l'`` ``avocat``).

    Args:
        text: A sentence, or a term of the lexicon.
        language: ``lang_Script``.
    """
    # Composed first, so that an accent of Latin letters is no mark of its own; й is one letter too.
    plain = _MARKS.sub("", comparable(text)).casefold().translate(_ALIKE)
    found: list[str] = []
    for word in _WORD.findall(plain):
        elided = _ELIDED.match(word) if language in _ELIDING else None
        parts = [elided[1], elided[2]] if elided else [word]
        found.extend(part if elided else part.rstrip("'") for part in parts)
    return [word.replace('"', "").replace("״", "") for word in found]
