"""Which fonts draw a text, and what happens to characters that none has."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from every_case import every_case
from matplotlib import font_manager

from polyarena.reports.figures import MissingGlyphError, add_fonts
from polyarena.reports.figures.fonts import (
    BASE,
    families,
    families_for,
    missing_characters,
    needs_outlines,
    one_line,
)
from polyarena.reports.figures.fonts import families as module_of_families
from polyarena.reports.figures.fonts.families import BUNDLE, FALLBACK, FOLDER, MATHS, OF_SCRIPT, SANS
from polyarena.reports.figures.sheet import new_page, write
from polyarena.reports.figures.style import house_style
from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.languages import all_languages

LANGUAGES = all_languages()


@pytest.fixture
def only_bundled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without fonts of its own."""
    families()
    manager = font_manager.fontManager
    ours = {font.family for font in BUNDLE}
    monkeypatch.setattr(
        manager, "ttflist", [entry for entry in manager.ttflist if entry.name in ours or entry.name == FALLBACK]
    )
    families_for.cache_clear()
    yield
    families_for.cache_clear()


@pytest.mark.usefixtures("only_bundled")
@pytest.mark.parametrize("language", LANGUAGES, ids=str)
def test_bundled_fonts_cover_both_names_of_every_language(language) -> None:
    assert not missing_characters(language.autonym, families(language.script))
    assert families_for(language.autonym, language.script) == families(language.script)
    assert families_for(language.name) == BASE


@pytest.mark.usefixtures("only_bundled")
@pytest.mark.parametrize("text", ["Müller‑7B · v2.0", "Ełk", "Ɓaɗaɗa ŋ", "Ельцин", "Αθήνα", "Việt", "−1 ≤ 2 → ≥ ≈ ×"])
def test_letters_and_signs_of_plain_names_need_no_other_font(text: str) -> None:
    assert families_for(text) == BASE
    assert not missing_characters(text, (SANS, MATHS))


@every_case("sign", list("−←↑→↓≤≥"))
def test_signs_that_noto_sans_lacks_come_from_the_font_for_maths(sign: str) -> None:
    assert missing_characters(sign, (SANS,)) == {sign}
    assert not missing_characters(sign, (SANS, MATHS))


@pytest.mark.usefixtures("only_bundled")
def test_a_character_that_no_font_has_is_an_error_that_names_it_and_the_cure() -> None:
    with pytest.raises(MissingGlyphError) as caught:
        families_for("模型-7B")
    message = str(caught.value)
    assert "'型' (U+578B, CJK UNIFIED IDEOGRAPH-578B)" in message
    assert "模型-7B" in message
    assert "--font FILE" in message


@pytest.mark.usefixtures("only_bundled")
def test_the_error_reaches_whoever_draws() -> None:
    _, page = new_page(2, 1)
    with pytest.raises(MissingGlyphError, match="578B"):
        write(page, 0.1, 0.5, "型")


def test_a_font_that_is_given_cures_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A font of one glyph: a rectangle for the character that is missing."""
    path = tmp_path / "mine.ttf"
    tiny_font(path, "\U0001f9ea")
    monkeypatch.setattr(module_of_families, "_given", [], raising=False)
    assert "Tiny" in add_fonts([path])
    assert "Tiny" in families_for("a \U0001f9ea")
    families_for.cache_clear()


@pytest.mark.parametrize("content", [None, b"no font"])
def test_what_is_no_font_is_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "wrong.ttf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PolyarenaError, match=r"wrong\.ttf"):
        add_fonts([path])


def test_japanese_korean_and_both_chinese_have_fonts_of_their_own() -> None:
    assert len({families(script)[1] for script in ("Jpan", "Hang", "Hans", "Hant")}) == 4


@every_case(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tof  text", "two lines of text"),
        ("nul\x00byte", "nul\N{REPLACEMENT CHARACTER}byte"),
        ("lone \ud800 surrogate", "lone \N{REPLACEMENT CHARACTER} surrogate"),
        ("", ""),
    ],
)
def test_what_is_no_character_is_replaced(text: str, shown: str) -> None:
    assert one_line(text) == shown
    assert families_for(one_line(text)) == BASE


def test_invisible_characters_need_no_glyph() -> None:
    assert not missing_characters("\u200e \u00a0\u2066", (FALLBACK,))


def test_several_scripts_in_one_text_are_all_covered() -> None:
    text = "ไทย 简体中文 հայերեն ქართული العربية"
    assert not missing_characters(text, families_for(text))


@every_case(
    ("text", "outlines"),
    [
        ("plain", False),
        ("Ελλ", False),
        ("日本語", False),
        ("አማርኛ", False),
        ("العربية", True),
        ("हिन्दी", True),
        ("עברית", True),
    ],
)
def test_scripts_that_are_shaped_are_drawn_as_outlines(text: str, outlines: bool) -> None:
    assert needs_outlines(text) is outlines


@pytest.mark.usefixtures("only_bundled")
def test_a_word_is_drawn_in_one_font_so_that_its_letters_join() -> None:
    assert set(families_for("العربية")) - set(BASE) == {"Polyarena Sans Arabic"}
    assert families_for("مژده")[-1] == FALLBACK
    assert not missing_characters("مژده", (FALLBACK,))


def test_bold_text_in_a_font_without_bold_gives_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with caplog.at_level(logging.WARNING), house_style():
        figure, page = new_page(2, 1)
        write(page, 0.1, 0.5, "−1 → 日本語", weight="bold")
        FigureCanvasAgg(figure).draw()
    assert not caplog.records


def test_every_script_of_the_table_beyond_the_base_fonts_has_a_font() -> None:
    assert {language.script for language in LANGUAGES} - {"Latn", "Cyrl", "Grek"} == set(OF_SCRIPT)
    assert all((FOLDER / font.file).is_file() for font in BUNDLE)


def tiny_font(path: Path, character: str) -> None:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    pen.lineTo((100, 700))
    pen.lineTo((500, 700))
    pen.lineTo((500, 0))
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "box"])
    builder.setupCharacterMap({ord(character): "box"})
    builder.setupGlyf({".notdef": pen.glyph(), "box": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (600, 100), "box": (600, 100)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Tiny", "styleName": "Regular", "psName": "Tiny-Regular", "fullName": "Tiny"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
