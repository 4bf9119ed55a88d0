"""Words and sentences of any script, without a dictionary.

**Words** are runs of letters, marks and digits. Scripts that are not written with spaces between words are cut into
characters with their marks:

* Han, kana and bopomofo, Yi: one character each, kana with its voicing marks and the lengthening bar;
* Thai, Lao, Khmer, Burmese and the scripts that Unicode counts with them (UAX #14, class SA), Javanese, Balinese: a
  letter with its vowel signs and tones, and, in scripts that stack consonants, the whole stack.

These are units of writing that two texts can share, smaller than words: a score on them is a little higher than on
words and is comparable within a language. Tibetan and Ethiopic need nothing of their own: their marks between syllables
and words are punctuation. Hangul is written with spaces.

Texts are equal as :mod:`polyarena.tasks.text` says: in Unicode's form NFC, without invisible characters, with a
zero-width space as a space.

**Sentences** end at line breaks and at the full stops of each script. A dot ends one only before a space and a letter
that is not lower-case, and not after a single capital (``J. Smith``); other abbreviations are not known. Thai and Lao
have no full stop and put a space between clauses, which counts as the end of one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from polyarena.tasks.text import comparable

_LETTER, _DENSE, _MARK, _STACK, _NOTHING, _BREAK = range(6)

_DENSE_BLOCKS = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u1950-\u19df\u1a20-\u1aaf\uaa80-\uaadf\U00011700-\U0001174f"  # Tai Le, New Tai Lue, Tai Tham, Tai Viet, Ahom
    "\u1b00-\u1b7f\ua980-\ua9df"  # Balinese, Javanese
    "\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\uff66-\uff9d"  # kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\ua000-\ua4cf"  # Yi
    "]"
)
# Signs that put the next consonant below, in Khmer, Burmese, Tai Tham, Balinese, Javanese.
_STACKERS = frozenset("\u17d2\u1039\u1a60\u1b44\ua9c0")
# Letters to Unicode that never stand alone: sara am of Thai and Lao, the lengthening bar and voicing marks of kana.
_TRAILING = frozenset("\u0e33\u0eb3\u30fc\uff70\uff9e\uff9f")
_ZERO_WIDTH_SPACE = "\u200b"

_TURKIC = frozenset({"tur", "azj", "aze", "kaz", "crh", "tat", "bak", "gag"})
_DOTTED = str.maketrans({"I": "ı", "İ": "i"})

_CLOSING = "[\"'”’»)\\]」』】）]{0,5}"
_STOPS = (
    "!?\u2026\u203c\u2047\u2048\u2049"
    "\u061f\u06d4"  # Arabic, Urdu
    "\u0964\u0965\u1c7e\u1c7f\uabeb"  # dandas, Ol Chiki, Meetei Mayek
    "\u1362\u1367\u1368\u0589"  # Ethiopic, Armenian
    "\u104b\u17d4\u17d5\u1803\u0f0d\u0f0e"  # Burmese, Khmer, Mongolian, Tibetan
)
_WIDE_STOPS = "\u3002\uff01\uff1f\uff0e\uff61"
_SENTENCE_END = re.compile(
    "\n+"
    f"|(?<=[{_STOPS}])(?!{_CLOSING}[{_STOPS}]){_CLOSING}\\s+"
    "|(?<=[\u0964\u0965\u104b\u17d4\u17d5])(?=\\w)"
    f"|(?<=[{_WIDE_STOPS}])(?![{_WIDE_STOPS}]){_CLOSING}"
    "|(?<=[\u0370-\u03ff\u1f00-\u1fff]);\\s+"  # the question mark of Greek
    f"|(?<!\\.)\\.+{_CLOSING}\\s+"
    "|(?<=[\u0e00-\u0eff])\\s+(?=[\u0e00-\u0eff])"  # Thai, Lao
)


def words(text: str) -> list[str]:
    """Return the words of a text, in its case; characters of scripts without spaces."""
    found: list[str] = []
    growing = False  # whether the last word takes more letters
    dense = False  # whether it is a character of a dense script
    stacked = False
    for character in comparable(text):
        kind = _kind(character)
        if kind == _NOTHING:
            continue
        if kind == _BREAK:
            growing = stacked = False
        elif growing and (kind in (_MARK, _STACK) or (kind == _LETTER and not dense) or (kind == _DENSE and stacked)):
            found[-1] += character
            stacked = kind == _STACK
        else:
            found.append(character)
            growing, dense, stacked = True, kind == _DENSE, kind == _STACK
    return found


def units(token: str) -> list[str]:
    """Cut a token without spaces where it has characters of scripts without spaces; signs stay with what they touch."""
    if not _DENSE_BLOCKS.search(token):
        return [token]
    parts: list[str] = []
    dense = stacked = True
    for character in token:
        kind = _kind(character)
        joins = kind in (_MARK, _STACK, _NOTHING) or (stacked and kind == _DENSE) or (not dense and kind != _DENSE)
        if parts and joins:
            parts[-1] += character
        else:
            parts.append(character)
            dense = kind == _DENSE
        stacked = kind == _STACK
    return parts


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, stripped; none of them is empty."""
    found, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        if match.group().startswith(".") and "\n" not in match.group() and not _ends(text, match):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    return [sentence for sentence in (*found, text[start:].strip()) if sentence]


def lowercase(text: str, language: str = "") -> str:
    """Return a text in lower case; the dotted and dotless i of Turkic languages are kept apart.

    Args:
        text: Any.
        language: ``lang_Script``; empty where it is not known.
    """
    if language.endswith("_Latn") and language.partition("_")[0] in _TURKIC:
        text = text.translate(_DOTTED)
    return text.lower()


def _ends(text: str, match: re.Match[str]) -> bool:
    """Whether a dot and a space end a sentence."""
    following = text[match.end() : match.end() + 1]
    before = text[max(0, match.start() - 2) : match.start()]
    initial = before[-1:].isupper() and not before[:-1].isalnum()
    return not following.islower() and not initial


@lru_cache(maxsize=65_536)
def _kind(character: str) -> int:
    """Return the role of a character in a word."""
    category = unicodedata.category(character)
    if character in _STACKERS:
        return _STACK
    if character == _ZERO_WIDTH_SPACE:
        return _BREAK
    if category == "Cf":
        return _NOTHING
    if category[0] == "M" or character in _TRAILING:
        return _MARK
    if category[0] not in "LN":
        return _BREAK
    return _DENSE if _DENSE_BLOCKS.match(character) and category != "Nd" else _LETTER
