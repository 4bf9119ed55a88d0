"""The fonts of figures, bundled, so that a figure looks the same on every machine and needs no system fonts.

:func:`families_for` says which families draw a text; ``subset.py`` makes the font files from Noto (SIL Open Font
License 1.1, see ``OFL.txt``). Figures call this; it draws nothing itself.
"""

from polyarena.reports.figures.fonts.families import (
    BASE,
    MissingGlyphError,
    add_fonts,
    families,
    families_for,
    missing_characters,
    needs_outlines,
    one_line,
)

__all__ = [
    "BASE",
    "MissingGlyphError",
    "add_fonts",
    "families",
    "families_for",
    "missing_characters",
    "needs_outlines",
    "one_line",
]
