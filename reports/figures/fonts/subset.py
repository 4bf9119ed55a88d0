"""Makes the bundled fonts: subsets of Noto that cover the language table and Latin, Greek and Cyrillic names.

Run it again when the language table gets a new name or script::

    python -m polyarena.reports.figures.fonts.subset FOLDER_WITH_NOTO

The folder is searched for the files of Debian's ``fonts-noto-core`` (20201225) and ``fonts-noto-cjk`` (20220127).
The same files give the same bytes. ``tests/reports/figures/fonts`` compares every name, drawn with the subset, with
the full font.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

from polyarena.reports.figures.fonts.families import BOLD, BUNDLE, FOLDER, MATHS, SANS, BundledFont
from polyarena.tasks.languages import all_languages

ALPHABETS = (
    (0x0020, 0x007E), (0x00A0, 0x0292), (0x02B0, 0x036F), (0x0370, 0x045F), (0x048A, 0x04FF), (0x1E00, 0x1EFF),
    (0x2000, 0x209F), (0x20A0, 0x20BF), (0x2116, 0x2116), (0x2122, 0x2122), (0x2150, 0x215F), (0xFFFD, 0xFFFD),
)  # fmt: skip
"""Inclusive ranges: Latin with Vietnamese and African letters, Greek, Cyrillic, punctuation, super- and subscripts."""

SIGNS = "−±×÷≈≠≤≥∞√∑∆←↑→↓↔⇒⇐⇔≪≫"
"""What captions and axes write beyond letters; Noto has most of these signs only in its font for maths."""

IN_EVERY_SCRIPT = " \u00a0\u200c\u200d\u25cc-.,()·"
"""Space, joiners, the dotted circle that carries lone signs, and what stands between words of a name."""

LATIN_FEATURES = ("ccmp", "kern", "locl", "mark", "mkmk")

NAMES = (0, 1, 2, 3, 4, 5, 6, 10, 13, 14)
"""Records of the table of names that stay: copyright, names, version, description, licence, its address."""

MOST_ERROR = 1.0
"""Largest distance of a quadratic outline from the cubic one that it replaces, in thousandths of the font size."""


def characters(font: BundledFont) -> str:
    """Return the characters that a bundled font has to cover.

    Of every name the decomposed and composed forms are added, because the shaping engine splits some vowel signs
    (Bengali U+09CB into U+09C7 and U+09BE); without the parts it would draw a dotted circle and give no warning.
    """
    if font.family == MATHS:
        return SIGNS
    if font.family == SANS:
        return "".join(chr(code) for first, last in ALPHABETS for code in range(first, last + 1))
    names = [language.autonym for language in all_languages() if language.script in font.scripts]
    forms = {unicodedata.normalize(form, name) for name in names for form in ("NFC", "NFD", "NFKC", "NFKD")}
    return "".join(sorted({*IN_EVERY_SCRIPT, *"".join(names), *"".join(forms)}))


def make(font: BundledFont, source: Path) -> TTFont:
    """Return the subset of a font file.

    Args:
        font: What is made.
        source: A TrueType or OpenType file, or a collection of which ``font.number`` is taken.
    """
    full = TTFont(source, fontNumber=font.number, recalcTimestamp=False, lazy=True)
    options = subset.Options()
    # Small capitals and old-style figures would double the size of the Latin fonts.
    options.layout_features = list(LATIN_FEATURES) if font.family == SANS else ["*"]
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = list(NAMES)
    options.name_languages = [0x409]
    options.drop_tables += ["DSIG", "meta", "STAT", "BASE", "vhea", "vmtx", "VORG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters(font))
    subsetter.subset(full)
    if "CFF " in full:
        to_truetype(full)
    _rename(full, font)
    return full


def to_truetype(font: TTFont) -> None:
    """Give a font with cubic (CFF) outlines quadratic ones, which PDF can embed as Type 42.

    Args:
        font: Changed in place.
    """
    order = font.getGlyphOrder()
    glyphs = font.getGlyphSet()
    error = MOST_ERROR * font["head"].unitsPerEm / 1000
    outlines = {}
    for name in order:
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, error, reverse_direction=True))
        outlines[name] = pen.glyph()
    font["loca"] = newTable("loca")
    font["glyf"] = glyf = newTable("glyf")
    glyf.glyphOrder = order
    glyf.glyphs = outlines
    for name in order:
        glyf[name].recalcBounds(glyf)
        width, _ = font["hmtx"][name]
        font["hmtx"][name] = (width, getattr(glyf[name], "xMin", 0))
    maxp = newTable("maxp")
    maxp.tableVersion = 0x00010000
    maxp.numGlyphs = len(order)
    for field in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
                  "maxStackElements", "maxSizeOfInstructions", "maxComponentElements", "maxPoints", "maxContours",
                  "maxCompositePoints", "maxCompositeContours", "maxComponentDepth"):  # fmt: skip
        setattr(maxp, field, 1 if field == "maxZones" else 0)
    font["maxp"] = maxp
    font["post"].formatType = 3.0
    del font["CFF "]
    font.sfntVersion = "\000\001\000\000"


def _rename(font: TTFont, bundled: BundledFont) -> None:
    """Give a subset a family name of its own, so that it is never taken for a full font that is installed."""
    names = font["name"]
    original = names.getDebugName(4)
    style = "Bold" if bundled.weight == BOLD else "Regular"
    postscript = f"{bundled.family.replace(' ', '')}-{style}"
    texts = {1: bundled.family, 2: style, 3: postscript, 4: f"{bundled.family} {style}", 6: postscript,
             10: f"Subset of {original} for the names of languages in the figures of polyarena"}  # fmt: skip
    for number, text in texts.items():
        names.setName(text, number, 3, 1, 0x409)
    names.names = [record for record in names.names if (record.platformID, record.langID) == (3, 0x409)]


def find(folder: Path, wanted: Iterable[str]) -> dict[str, Path]:
    """Return where each font file is below a folder.

    Raises:
        FileNotFoundError: One of them is not there.
    """
    there = {path.name: path for path in sorted(folder.rglob("*")) if path.suffix in {".ttf", ".ttc", ".otf"}}
    lacking = sorted(set(wanted) - set(there))
    if lacking:
        raise FileNotFoundError(f"{folder} has no {', '.join(lacking)} (Debian: fonts-noto-core fonts-noto-cjk)")
    return {name: there[name] for name in wanted}


def main(folder: str) -> None:
    """Write all bundled fonts beside this module.

    Args:
        folder: Where the full fonts are.
    """
    sources = find(Path(folder), [font.source for font in BUNDLE])
    for font in BUNDLE:
        target = FOLDER / font.file
        with make(font, sources[font.source]) as made:
            made.save(target)
        sys.stdout.write(f"{target.stat().st_size:8,} {font.file}\n")
    sys.stdout.write(f"{sum((FOLDER / font.file).stat().st_size for font in BUNDLE):8,} in all\n")


if __name__ == "__main__":
    main(sys.argv[1])
