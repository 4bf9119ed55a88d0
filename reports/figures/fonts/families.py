"""Which font families draw a text: the bundled ones first, then files the user gives, then fonts of the machine.

Every text has a glyph for each of its visible characters, or :class:`MissingGlyphError` names what is missing; nothing
is drawn as an empty box. The text engine of matplotlib (3.11.1 or later) shapes Arabic and Indic scripts and orders
bidirectional text by itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from matplotlib import font_manager

from polyarena.tasks.errors import PolyarenaError

FOLDER = Path(__file__).parent
REGULAR, BOLD = 400, 700


@dataclass(frozen=True, slots=True)
class BundledFont:
    """A font file of the project.

    Attributes:
        family: Its name; never that of a full font, which a machine may have as well.
        source: File name of the font that it is a subset of.
        scripts: ISO 15924 codes that it draws.
        weight: 400 or 700.
        number: Of the font within a collection.
    """

    family: str
    source: str
    scripts: tuple[str, ...] = ()
    weight: int = REGULAR
    number: int = 0

    @property
    def file(self) -> str:
        """The file's name in this folder."""
        return f"{self.family.replace(' ', '')}-{'Bold' if self.weight == BOLD else 'Regular'}.ttf"


SANS, MATHS = "Polyarena Sans", "Polyarena Sans Math"
FALLBACK = "DejaVu Sans"
"""Comes with matplotlib; has signs and letters that the bundled fonts lack."""

BASE = (SANS, MATHS, FALLBACK)
"""What draws Latin, Greek, Cyrillic, digits and signs. Noto Sans lacks U+2212, arrows, ≤ and ≥: hence the second."""

_NOTO = {
    "Arab": "Arabic", "Armn": "Armenian", "Beng": "Bengali", "Deva": "Devanagari", "Ethi": "Ethiopic",
    "Geor": "Georgian", "Gujr": "Gujarati", "Guru": "Gurmukhi", "Hebr": "Hebrew", "Khmr": "Khmer", "Knda": "Kannada",
    "Laoo": "Lao", "Mlym": "Malayalam", "Mymr": "Myanmar", "Orya": "Oriya", "Sinh": "Sinhala", "Taml": "Tamil",
    "Telu": "Telugu", "Thai": "Thai",
}  # fmt: skip
_CJK = {"Jpan": ("JP", 0), "Hang": ("KR", 1), "Hans": ("SC", 2), "Hant": ("TC", 3)}

BUNDLE = (
    BundledFont(SANS, "NotoSans-Regular.ttf"),
    BundledFont(SANS, "NotoSans-Bold.ttf", weight=BOLD),
    BundledFont(MATHS, "NotoSansMath-Regular.ttf"),
    *(BundledFont(f"{SANS} {name}", f"NotoSans{name}-Regular.ttf", (script,)) for script, name in _NOTO.items()),
    *(
        BundledFont(f"{SANS} {region}", "NotoSansCJK-Regular.ttc", (script,), number=number)
        for script, (region, number) in _CJK.items()
    ),
)
"""All fonts that figures need for the languages of the table."""

OF_SCRIPT = {script: font.family for font in BUNDLE for script in font.scripts}
"""The bundled family of each script beyond Latin, Greek and Cyrillic. Chinese, Japanese and Korean draw the characters
that they share in shapes of their own, so each has its own font."""

UNSHAPED = (SANS, MATHS, *(OF_SCRIPT[script] for script in ("Armn", "Ethi", "Geor", *_CJK)))
"""Families whose letters stand side by side as they come: no joining, no reordering, no right-to-left."""

INVISIBLE = frozenset({"Cf", "Zs"})


class MissingGlyphError(PolyarenaError):
    """A name has a character that no font at hand can draw."""


def families(script: str = "") -> tuple[str, ...]:
    """Return the families for one script, in order of preference, to be passed as ``family=``.

    Args:
        script: ISO 15924; scripts without a font of their own get the base families.
    """
    _register()
    own = (OF_SCRIPT[script],) if script in OF_SCRIPT else ()
    return (SANS, *own, *BASE[1:])


@lru_cache(maxsize=4096)
def families_for(text: str, script: str = "") -> tuple[str, ...]:
    """Return the families that a text needs: those of its script, and more for the characters that these lack.

    One family that has all of the other characters is preferred to several, for letters of two fonts do not join.

    Args:
        text: A name of a language, system, task or judge, or a caption.
        script: ISO 15924, where it is known; it decides between Chinese, Japanese and Korean shapes.

    Raises:
        MissingGlyphError: No bundled, given or installed font has one of its characters.
    """
    first = families(script)[:-1]
    lacking = missing_characters(text, first)
    more: list[str] = []
    while lacking:
        family = _best_family(lacking)
        if family is None:
            raise _missing(min(lacking), text)
        more.append(family)
        lacking = missing_characters("".join(lacking), (family,))
    return tuple(dict.fromkeys((*first, *more, FALLBACK)))


@lru_cache(maxsize=4096)
def needs_outlines(text: str) -> bool:
    """Tell whether a text may be shaped, and so is drawn as outlines in place of text."""
    return bool(missing_characters(text, UNSHAPED))


def missing_characters(text: str, among: tuple[str, ...]) -> frozenset[str]:
    """Return the characters of ``text`` that none of the families has a glyph for (invisible ones apart)."""
    visible = {c for c in text if unicodedata.category(c) not in INVISIBLE}
    for family in among:
        if not visible:
            break
        visible -= {c for c in visible if ord(c) in _covered(family)}
    return frozenset(visible)


def one_line(text: str) -> str:
    """Return ``text`` on one line, with U+FFFD for control characters, lone surrogates and unassigned code points."""
    line = " ".join(text.split())
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in {"Cc", "Cs", "Cn"} else c for c in line)


def add_fonts(paths: Iterable[str | Path]) -> tuple[str, ...]:
    """Let figures draw with font files of the user's (``--font FILE``), after the bundled ones and before others.

    Args:
        paths: TrueType or OpenType files.

    Returns:
        Their families.

    Raises:
        PolyarenaError: A file is missing, or is no font.
    """
    _register()
    for path in map(Path, paths):
        try:
            font_manager.fontManager.addfont(path)
            name = font_manager.get_font(path).family_name
        except (OSError, RuntimeError) as error:
            raise PolyarenaError(
                "this file cannot be used as a font", where=path, why=str(error), fix="give a .ttf or .otf file"
            ) from error
        if name not in _given:
            _given.append(name)
    families_for.cache_clear()
    return tuple(_given)


_given: list[str] = []


def _best_family(wanted: frozenset[str]) -> str | None:
    """Return the family with most of some characters; on a tie bundled, given, DejaVu, Noto, then others by name."""
    bundled = [font.family for font in BUNDLE]
    installed = sorted({entry.name for entry in font_manager.fontManager.ttflist} - {*bundled, *_given, FALLBACK})
    noto = [name for name in installed if name.startswith("Noto Sans")]
    best, most = None, 0
    for family in dict.fromkeys((*bundled, *_given, FALLBACK, *noto, *installed)):
        count = len(wanted) - len(missing_characters("".join(wanted), (family,)))
        if count > most:
            best, most = family, count
        if most == len(wanted):
            break
    return best


def _missing(character: str, text: str) -> MissingGlyphError:
    name = unicodedata.name(character, "a character without a name")
    return MissingGlyphError(
        f"no font can draw {character!r} (U+{ord(character):04X}, {name})",
        where=f"the name {text!r}" if len(text) <= 80 else f"the text {text[:80]!r}…",
        why="neither the bundled fonts nor those of this machine have it",
        fix="give a font that has it: --font FILE (in Python: polyarena.reports.figures.add_fonts([FILE]))",
    )


@cache
def _register() -> None:
    """Tell matplotlib of the bundled fonts; those without a bold file serve for bold text too, without its warning."""
    bold = {font.family for font in BUNDLE if font.weight == BOLD}
    manager = font_manager.fontManager
    for font in BUNDLE:
        manager.addfont(FOLDER / font.file)
        if font.family not in bold:
            manager.ttflist.append(replace(manager.ttflist[-1], weight=BOLD))


@cache
def _covered(family: str) -> frozenset[int]:
    _register()
    try:
        path = font_manager.findfont(font_manager.FontProperties(family=[family]), fallback_to_default=False)
        return frozenset(font_manager.get_font(path).get_charmap())
    except (ValueError, RuntimeError, OSError):  # a font that was removed, or is broken
        return frozenset()
