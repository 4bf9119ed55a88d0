"""Any text as LaTeX that every engine typesets."""

from __future__ import annotations

import unicodedata

from polyarena.reports.escaping import without_controls
from polyarena.reports.flags import MARK
from polyarena.tasks.errors import PolyarenaError

_SPECIAL = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\textquotedbl{}",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": "\\ldots{}",
    "·": "$\\cdot$",
    "×": "$\\times$",
    "±": "$\\pm$",
    "−": "$-$",
    "≤": "$\\le$",
    "≥": "$\\ge$",
    "≈": "$\\approx$",
    "→": "$\\rightarrow$",
    "†": "$^\\dagger$",
    MARK: "$^\\ddagger$",
    "\u00a0": "~",
    "\u2011": "-",
    "ß": "\\ss{}",
    "æ": "\\ae{}",
    "Æ": "\\AE{}",
    "œ": "\\oe{}",
    "Œ": "\\OE{}",
    "ø": "\\o{}",
    "Ø": "\\O{}",
    "ł": "\\l{}",
    "Ł": "\\L{}",
    "ı": "\\i{}",
    "§": "\\S{}",
    "©": "\\textcopyright{}",
}
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c", "\u0328": "k",
    "\u0331": "b",
}  # fmt: skip


DOTLESS_UNDER = "\u0300\u0301\u0302\u0303\u0304\u0308"
"""Accents that take the place of the dot of i and j."""


class TexError(PolyarenaError):
    """A character that pdflatex cannot set."""


def tex_text(text: str, *, unicode: bool = False) -> str:
    """Return a text as LaTeX: specials escaped, letters with accents as macros, on one line.

    Macros, because pdflatex knows only some letters as they are (it stops at the ế of Vietnamese and at all Cyrillic).

    Args:
        text: Any text.
        unicode: Whether letters without a macro stay as they are, for xelatex and lualatex.

    Raises:
        TexError: A character has no macro, and ``unicode`` is false.
    """
    return "".join(tex for _, tex in tex_characters(text, unicode=unicode))


def tex_characters(text: str, *, unicode: bool = False) -> list[tuple[str, str]]:
    """Return the characters of a text, on one line, each with its LaTeX.

    Args:
        text: Any text.
        unicode: As of :func:`tex_text`.

    Raises:
        TexError: As :func:`tex_text`.
    """
    words = " ".join(without_controls(text, "").split())
    return [(character, _character(character, text, unicode)) for character in words]


def _character(character: str, text: str, unicode: bool) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii():
        return character
    base, *marks = list(unicodedata.normalize("NFD", character))
    if base.isascii() and base.isalpha() and all(mark in _ACCENTS for mark in marks):
        found = (
            {"i": "\\i", "j": "\\j"}.get(base, base) if marks[-1] in "\u0300\u0301\u0302\u0303\u0304\u0308" else base
        )
        for mark in marks:
            found = f"\\{_ACCENTS[mark]}{{{found}}}"
        return found
    if unicode:
        return character
    raise TexError(
        f"pdflatex cannot set {character!r} (U+{ord(character):04X}, {unicodedata.name(character, 'no name')})",
        where=text[:80],
        fix="write the table for xelatex or lualatex (unicode=True), or rename what is called so",
    )
