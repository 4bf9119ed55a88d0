"""The script of a text, by its letters, named as in our language codes."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

_KANA = ("Hira", "Kana")
_EAST_ASIAN = (*_KANA, "Hang", "Hani")
_MARKS_A_LANGUAGE = 0.1
"""Share of kana (or Hangul) among East Asian letters from which on a text with Han characters is Japanese (Korean).

Running Japanese is about half kana; a Chinese text that quotes a Japanese title has a few.
"""


def letters(text: str) -> Counter[str]:
    """Count the letters of a text by ISO 15924 script; digits and punctuation are not letters.

    Vowel signs and other marks that belong to one script count as letters, else the Indic scripts would weigh half.
    """
    counts: dict[str, int] = {}
    for character, times in Counter(text).items():
        script = _script_of_letter(character)
        if script:
            counts[script] = counts.get(script, 0) + times
    return Counter(counts)


def main_script(text: str, counts: Mapping[str, int] | None = None) -> str | None:
    """Return the script of most letters, ``None`` without letters.

    Scripts that are written mixed count together and get one name, as in language codes: Han with kana is ``Jpan``,
    Han with Hangul is ``Hang``, Han alone is ``Hans`` or ``Hant`` by the characters that only one of the two standard
    sets (GB 2312 and Big5) has, ``Hans`` if there is none. Equal counts are decided by the alphabet.

    Args:
        text: The text.
        counts: Its :func:`letters`, if they are known already.
    """
    counts = letters(text) if counts is None else counts
    if len(counts) == 1 and not counts.keys() & _EAST_ASIAN:
        return next(iter(counts))
    grouped: Counter[str] = Counter()
    for script, count in counts.items():
        grouped["East Asian" if script in _EAST_ASIAN else script] += count
    if not grouped:
        return None
    winner = min(grouped, key=lambda script: (-grouped[script], script))
    return _east_asian(text, counts) if winner == "East Asian" else winner


def _east_asian(text: str, counts: Mapping[str, int]) -> str:
    kana = sum(counts.get(script, 0) for script in _KANA)
    hangul = counts.get("Hang", 0)
    enough = _MARKS_A_LANGUAGE * (kana + hangul + counts.get("Hani", 0))
    if max(kana, hangul) >= enough:
        return "Jpan" if kana > hangul else "Hang"
    return han_variant(text)


def han_variant(text: str) -> str:
    """Return ``Hant`` if more characters are traditional only than simplified only, else ``Hans``."""
    only = Counter(_only_in(character) for character in text if "\u4e00" <= character <= "\u9fff")
    return "Hant" if only["Hant"] > only["Hans"] else "Hans"


@lru_cache(maxsize=65_536)
def _script_of_letter(character: str) -> str | None:
    if unicodedata.category(character)[0] not in "LM":
        return None
    from fontTools.unicodedata import script

    found = str(script(character))
    # Letters and marks that belong to no one script, such as combining accents.
    return None if found in ("Zyyy", "Zinh", "Zzzz") else found


@lru_cache(maxsize=32_768)
def _only_in(character: str) -> str:
    simplified, traditional = _encodes(character, "gb2312"), _encodes(character, "big5")
    if simplified == traditional:
        return ""
    return "Hans" if simplified else "Hant"


def _encodes(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
