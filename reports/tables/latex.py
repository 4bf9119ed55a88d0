"""Tables of texts in LaTeX for the package booktabs, and any text as LaTeX that every engine sets."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarena.reports.escaping import without_controls
from polyarena.reports.flags import MARK
from polyarena.tasks.errors import PolyarenaError

if TYPE_CHECKING:
    import pandas as pd


def latex(table: pd.DataFrame, notes: Sequence[str] = (), *, unicode: bool = True) -> str:
    """Return a table of texts as a LaTeX ``tabular`` for the package ``booktabs``; own names are left out.

    Own names would need a font for each script. Text columns are aligned left, columns of numbers right.

    Args:
        table: From this module or :mod:`polyarena.reports.groups`.
        notes: Lines below the table.
        unicode: Whether letters that pdflatex cannot set stay as they are.
    """
    chosen = table[[name for name in table.columns if name not in ("own_name", "flag")]].astype(str)
    texts = ("code", "language", "tier", "task", "metric", "system", "baseline", "judge")
    columns = "".join("l" if name in texts else "r" for name in chosen.columns)
    rows = [list(chosen.columns), *chosen.to_numpy().tolist()]
    lines = [" & ".join(_cell(text, unicode) for text in row) + " \\\\" for row in rows]
    body = ["\\toprule", lines[0], "\\midrule", *lines[1:], "\\bottomrule"]
    below = [f"\\par\\footnotesize {tex_text(note, unicode=unicode)}" for note in notes]
    return "\n".join([f"\\begin{{tabular}}{{{columns}}}", *body, "\\end{tabular}", *below, ""])


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
    words = " ".join(without_controls(text, "").split())
    return "".join(_character(character, text, unicode) for character in words)


def tex_caption(text: str) -> str:
    """Return a text as the caption command of LaTeX, for a file that is read in its place.

    A file that is read inside of a caption is an error of LaTeX.
    """
    return f"\\caption{{{tex_text(text, unicode=True)}}}\n"


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


def _cell(text: str, unicode: bool) -> str:
    # After the end of a line, LaTeX would read a bracket as a distance.
    flat = tex_text(text, unicode=unicode)
    return f"{{}}{flat}" if flat.startswith("[") else flat
