"""Texts as the parser sees them: sign by sign, so that any part of a text looks the same as it does within the whole.

Each character is looked at by itself, whatever stands around it: it is decomposed (NFKD), look-alikes become ASCII, and
case is folded. What makes texts harmless works on the same view as what reads verdicts, and finds its way back to the
characters that were there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("【〔〖⟦「『", "["),
        **dict.fromkeys("】〕〗⟧」』", "]"),
        **dict.fromkeys("≫»》", ">>"),
        **dict.fromkeys("≪«《", "<<"),
        **dict.fromkeys("›〉", ">"),
        **dict.fromkeys("‹〈", "<"),
        **dict.fromkeys("АаΑα", "A"),
        **dict.fromkeys("ВвΒβ", "B"),
    }
)


class _Decomposed(dict[int, str]):
    """What each character is shown as, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = unicodedata.normalize("NFKD", chr(code))
        return self[code]


class _Plain(dict[int, str]):
    """Likewise, with look-alikes in ASCII and case folded, until nothing changes any more."""

    def __missing__(self, code: int) -> str:
        shown, before = chr(code), ""
        while shown != before:
            shown, before = shown.translate(DECOMPOSED).translate(_SIGNS).casefold(), shown
        self[code] = shown
        return shown


DECOMPOSED = _Decomposed()
"""Full-width signs and ligatures taken apart; for :class:`NormalizedView`."""
PLAIN = _Plain()
"""Also look-alikes in ASCII, and case folded; for :class:`NormalizedView`."""
LOOKS_LIKE_LESS = re.compile("[<\u226e\ufe64\uff1c]")
"""All characters with a ``<`` in :data:`DECOMPOSED`."""
LOOKS_LIKE_BRACKET = re.compile(
    "[\\[\u27e6\u300c\u300e\u3010\u3014\u3016\ufe17\ufe39\ufe3b\ufe41\ufe43\ufe47\ufe5d\uff3b\uff62"
    "\U0001f12a\U0001f240-\U0001f248]"
)
"""All characters with a ``[`` in :data:`PLAIN`."""


def decompose(text: str) -> str:
    """Return a text with full-width signs, ligatures and the like taken apart, each by itself."""
    return text.translate(DECOMPOSED)


def normalize_characters(text: str) -> str:
    """Return a text with full-width and look-alike signs in ASCII and its case folded; doing it twice adds nothing."""
    return text.translate(PLAIN)


class NormalizedView:
    """A text and the view of it in which patterns are looked for.

    Args:
        text: As it was written.
        table: ``DECOMPOSED`` or ``PLAIN``.

    Attributes:
        view: What the text looks like; spans are those of this.
    """

    def __init__(self, text: str, table: dict[int, str] = PLAIN) -> None:
        self.view = text.translate(table)
        self._text = text
        self._table = table
        self._origins: list[int] = []

    def between(self, start: int, end: int) -> str:
        """Return what was written where the view has this span; a character only part of which is in it, as viewed."""
        first, last = start, end
        while first < end and not self._begins(first):
            first += 1
        while last > first and not self._begins(last):
            last -= 1
        if first == last:
            return self.view[start:end]
        return self.view[start:first] + self._text[self._origin(first) : self._origin(last)] + self.view[last:end]

    def edited(self, edits: Iterable[tuple[int, int, str]]) -> str:
        """Return the text with spans of the view replaced.

        Args:
            edits: Start, end and what takes the place; in order, none within another.
        """
        parts: list[str] = []
        done = 0
        for start, end, note in edits:
            parts += [self.between(done, start), note]
            done = end
        return "".join([*parts, self.between(done, len(self.view))]) if parts else self._text

    def _begins(self, at: int) -> bool:
        return at == 0 or self._origin(at) != self._origin(at - 1)

    def _origin(self, at: int) -> int:
        """Return which character of the text a character of the view is from."""
        if len(self.view) == len(self._text):  # No character is ever viewed as nothing.
            return at
        if not self._origins:
            for number, sign in enumerate(self._text):
                self._origins += [number] * len(self._table[ord(sign)])
            self._origins.append(len(self._text))
        return self._origins[at]
