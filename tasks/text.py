"""Makes texts safe to store and send, and defines when two texts are equal.

**Equal texts.** All metrics on texts, and the identification of languages, see a text as :func:`comparable` returns it.
Two texts are equal if nobody can see a difference:

* Canonically equivalent texts are equal: they are compared in Unicode's form NFC (UAX #15). ``e`` with a combining
  acute and ``é`` are one letter.
* *Default ignorable* characters count as nothing (property Default_Ignorable_Code_Point, DerivedCoreProperties.txt):
  directional marks and isolates, the byte-order mark, the soft hyphen, the word joiner, variation selectors, Hangul
  fillers. They have no glyph, and the Unicode Collation Algorithm ignores them at every level (UTS #10). The joiners
  U+200C and U+200D belong to them: they choose how neighbours are shaped and are optional in practice, as in Persian.
* The zero-width space U+200B, which ends a word in Khmer, Burmese and Thai text, counts as a space.

What a reader can see stays: case, spaces, punctuation, diacritics, tatweel, and compatibility forms (NFKC would make
``2²`` and ``22`` one text). A metric that ignores some of these says so itself.
"""

from __future__ import annotations

import re
import unicodedata

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "�"


def sanitize_text(text: str) -> str:
    """Replace NUL characters and lone surrogates by U+FFFD.

    Neither survives UTF-8 encoding, Arrow or most HTTP servers; everything else is kept as it is.
    """
    try:
        text.encode("utf-8")  # Much faster than to look for surrogates, and nearly always enough.
    except UnicodeEncodeError:
        return _UNSTORABLE.sub(REPLACEMENT, text)
    return text.replace("\x00", REPLACEMENT)


COMPARISON = "text:1"
"""The version of :func:`comparable`, for the signatures of all numbers that depend on it."""

_ZERO_WIDTH_SPACE = "\u200b"
_IGNORABLE = re.compile(
    "["
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "]+"
)
"""Default_Ignorable_Code_Point of Unicode 16, without the zero-width space."""


def comparable(text: str) -> str:
    r"""Return the comparable form of a text, as defined in this module.

    Example:
        >>> comparable("\ufeffNairobi\u200f") == comparable("Nairobi")
        True
    """
    if text.isascii():
        return text
    # Ignorable characters go first: the combining grapheme joiner among them keeps marks from being composed.
    return unicodedata.normalize("NFC", _IGNORABLE.sub("", text).replace(_ZERO_WIDTH_SPACE, " "))
