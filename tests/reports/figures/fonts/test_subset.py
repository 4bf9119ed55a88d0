"""The bundled fonts are small, free, TrueType, and draw every name as the full fonts do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from every_case import every_case
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from polyarena.reports.figures.fonts import families, families_for
from polyarena.reports.figures.fonts.families import BUNDLE, FOLDER, MATHS, SANS, BundledFont
from polyarena.reports.figures.fonts.subset import ALPHABETS, SIGNS, characters, find, make
from polyarena.reports.figures.style import house_style
from polyarena.tasks.languages import all_languages

PLACES = (os.environ.get("POLYARENA_NOTO", ""), "/usr/share/fonts", "/usr/local/share/fonts")
MOST_DIFFERENCE = 64
"""Of 255, of a pixel: quadratic outlines differ a little from cubic ones; a missing mark differs by all."""


@cache
def sources() -> dict[str, Path] | None:
    for place in filter(None, PLACES):
        try:
            return find(Path(place), [font.source for font in BUNDLE])
        except FileNotFoundError:
            continue
    return None


@pytest.fixture
def full() -> Iterator[dict[str, str]]:
    """The families of the full fonts, by bundled family; under names of their own, so that none is mistaken."""
    found = sources()
    if found is None:
        pytest.skip("the full Noto fonts are not installed (Debian: fonts-noto-core fonts-noto-cjk)")
    manager = font_manager.fontManager
    before = list(manager.ttflist)
    names = {}
    for font in BUNDLE:
        if font.weight == 400:
            manager.addfont(found[font.source])
            region = font.family.rpartition(" ")[2]
            names[font.family] = f"Noto Sans CJK {region}" if font.source.endswith(".ttc") else manager.ttflist[-1].name
    yield names
    manager.ttflist[:] = before


def ink(text: str, family: list[str]) -> np.ndarray:
    with house_style():
        figure = Figure(figsize=(4, 0.6), dpi=150)
        figure.text(0.02, 0.4, text, family=family, fontsize=16, parse_math=False)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[:, :, 0].astype(int)


def test_all_together_stay_under_500_kb() -> None:
    assert sum((FOLDER / font.file).stat().st_size for font in BUNDLE) < 500_000
    assert {path.name for path in FOLDER.glob("*.ttf")} == {font.file for font in BUNDLE}


@every_case("font", BUNDLE, ids=lambda font: font.file)
def test_each_font_is_truetype_free_and_has_its_own_name(font: BundledFont) -> None:
    file = TTFont(FOLDER / font.file)
    assert "glyf" in file
    assert "CFF " not in file
    assert file["name"].getDebugName(1) == font.family
    assert "SIL Open Font License" in file["name"].getDebugName(13)
    assert file["name"].getDebugName(0)
    assert set(map(ord, characters(font))) - set(file.getBestCmap()) <= not_in(font)


def not_in(font: BundledFont) -> set[int]:
    """Code points that the full font itself lacks: unassigned ones of the ranges, and signs of scripts."""
    if font.family == SANS:
        letters = {code for first, last in ALPHABETS for code in range(first, last + 1) if chr(code).isalpha()}
        return set(map(ord, characters(font))) - letters | set(range(0x02B0, 0x0500))
    own = "".join(language.autonym for language in all_languages() if language.script in font.scripts)
    return set(map(ord, characters(font))) - {ord(character) for character in own if character.isalpha()}


def test_the_licence_lies_beside_the_fonts() -> None:
    text = (FOLDER / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE" in text
    assert "Google" in text
    assert "Adobe" in text


def test_decomposed_forms_are_asked_for() -> None:
    bengali = next(font for font in BUNDLE if font.scripts == ("Beng",))
    assert {"\u09c7", "\u09be"} <= set(characters(bengali))  # the halves of U+09CB, which stands in মৈতৈলোন্
    assert {"\u1112", "\u1161"} <= set(characters(next(font for font in BUNDLE if font.scripts == ("Hang",))))
    assert characters(next(font for font in BUNDLE if font.family == MATHS)) == SIGNS


def test_every_name_is_drawn_as_with_the_full_fonts(full: dict[str, str], tmp_path: Path) -> None:
    """And the script makes the files that are here, to the byte."""
    for language in all_languages():
        for text, script in ((language.autonym, language.script), (language.name, "")):
            ours = list(families_for(text, script))
            theirs = [full.get(family, family) for family in ours]
            difference = np.abs(ink(text, ours) - ink(text, theirs))
            cubic = script in {"Jpan", "Hang", "Hans", "Hant"}
            assert difference.max() <= (MOST_DIFFERENCE if cubic else 0), (language.code, text)
    found = sources()
    assert found
    for font in BUNDLE:
        if font.family == MATHS or font.scripts in {("Thai",), ("Jpan",)}:
            with make(font, found[font.source]) as made:
                made.save(tmp_path / font.file)
            assert (tmp_path / font.file).read_bytes() == (FOLDER / font.file).read_bytes()


def test_a_folder_without_the_fonts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="fonts-noto-core"):
        find(tmp_path, ["NotoSans-Regular.ttf"])


def test_families_are_registered_once() -> None:
    families()
    count = len(font_manager.fontManager.ttflist)
    families("Thai")
    assert len(font_manager.fontManager.ttflist) == count
