"""Fonts for all scripts, found on the machine; nothing is drawn that would come out as empty boxes.

The text engine of matplotlib (3.11.1 or later) shapes Arabic and Indic scripts and orders bidirectional text by itself.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from matplotlib import font_manager

BASE = ("Noto Sans", "DejaVu Sans")

SCRIPTS = {
    "Arab": ("Noto Sans Arabic", "Noto Naskh Arabic"),
    "Armn": ("Noto Sans Armenian",),
    "Beng": ("Noto Sans Bengali",),
    "Deva": ("Noto Sans Devanagari",),
    "Ethi": ("Noto Sans Ethiopic",),
    "Geor": ("Noto Sans Georgian",),
    "Gujr": ("Noto Sans Gujarati",),
    "Guru": ("Noto Sans Gurmukhi",),
    "Hang": ("Noto Sans CJK KR", "Noto Sans KR"),
    "Hans": ("Noto Sans CJK SC", "Noto Sans SC"),
    "Hant": ("Noto Sans CJK TC", "Noto Sans TC"),
    "Hebr": ("Noto Sans Hebrew",),
    "Jpan": ("Noto Sans CJK JP", "Noto Sans JP"),
    "Khmr": ("Noto Sans Khmer",),
    "Knda": ("Noto Sans Kannada",),
    "Laoo": ("Noto Sans Lao",),
    "Mlym": ("Noto Sans Malayalam",),
    "Mtei": ("Noto Sans Meetei Mayek",),
    "Mymr": ("Noto Sans Myanmar",),
    "Nkoo": ("Noto Sans NKo",),
    "Olck": ("Noto Sans Ol Chiki",),
    "Orya": ("Noto Sans Oriya",),
    "Sinh": ("Noto Sans Sinhala",),
    "Syrc": ("Noto Sans Syriac",),
    "Taml": ("Noto Sans Tamil",),
    "Telu": ("Noto Sans Telugu",),
    "Tfng": ("Noto Sans Tifinagh",),
    "Thaa": ("Noto Sans Thaana",),
    "Thai": ("Noto Sans Thai",),
    "Tibt": ("Noto Serif Tibetan", "Noto Sans Tibetan"),
}
"""Families by ISO 15924 script, the preferred first; Latin, Greek and Cyrillic are in the base families."""

INVISIBLE = frozenset({"Cf", "Zs"})


def families(script: str = "") -> tuple[str, ...]:
    """Return the installed font families for one script, in order of preference, to be passed as ``family=``.

    Args:
        script: ISO 15924; scripts without an entry get the base families.
    """
    installed = _installed()
    wanted = (BASE[0], *SCRIPTS.get(script, ()), BASE[1])
    return tuple(family for family in wanted if family in installed)


@lru_cache(maxsize=4096)
def families_for(text: str) -> tuple[str, ...]:
    """Return the families that a text of unknown script needs: the base families, and one for each further script."""
    found = families()
    for script in SCRIPTS:
        lacking = missing_characters(text, found)
        if not lacking:
            break
        more = families(script)
        if missing_characters("".join(lacking), more) != lacking:
            found = tuple(dict.fromkeys((*found[:-1], *more)))
    return found


def missing_characters(text: str, among: tuple[str, ...]) -> frozenset[str]:
    """Return the characters of ``text`` that none of the families has a glyph for (invisible ones apart)."""
    visible = {c for c in text if unicodedata.category(c) not in INVISIBLE}
    for family in among:
        if not visible:
            break
        visible -= {c for c in visible if ord(c) in _covered(family)}
    return frozenset(visible)


def drawable(text: str, among: tuple[str, ...]) -> str:
    """Return ``text`` on one line, with U+FFFD for what cannot be drawn (missing glyphs, control characters)."""
    line = " ".join(text.split())
    missing = missing_characters(line, among)
    return "".join("\N{REPLACEMENT CHARACTER}" if c in missing else c for c in line)


@cache
def _installed() -> frozenset[str]:
    """Name the installed families; fonts that came after matplotlib wrote its cache are added to it."""
    manager = font_manager.fontManager
    known = {str(entry.fname) for entry in manager.ttflist}
    for path in sorted(font_manager.findSystemFonts()):
        if path not in known and Path(path).name.startswith("NotoSans"):
            manager.addfont(path)
    return frozenset(entry.name for entry in manager.ttflist)


@cache
def _covered(family: str) -> frozenset[int]:
    path = font_manager.findfont(font_manager.FontProperties(family=[family]))
    return frozenset(font_manager.get_font(path).get_charmap())
