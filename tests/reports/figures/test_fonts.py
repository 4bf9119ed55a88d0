from __future__ import annotations

import pytest
from matplotlib import font_manager

from polyarena.reports.figures import fonts, missing_languages
from polyarena.reports.figures.fonts import (
    BASE,
    SCRIPTS,
    drawable,
    families,
    families_for,
    missing_characters,
)
from polyarena.tasks.languages import all_languages, select_languages

FALLBACK = ("DejaVu Sans",)


def noto(*names: str) -> None:
    installed = {entry.name for entry in font_manager.fontManager.ttflist} | fonts._installed()
    lacking = [name for name in names if name not in installed]
    if lacking:
        pytest.skip(f"fonts are not installed: {', '.join(lacking)} (Debian: fonts-noto-core fonts-noto-cjk)")


def test_every_family_returned_is_installed() -> None:
    installed = {entry.name for entry in font_manager.fontManager.ttflist} | fonts._installed()
    for script in ("", *SCRIPTS):
        found = families(script)
        assert found
        assert set(found) <= installed
        assert found[-1] == "DejaVu Sans"


def test_the_fonts_of_the_project_cover_all_languages() -> None:
    noto(*(names[0] for names in SCRIPTS.values() if names[0].startswith(("Noto Sans CJK", "Noto Sans Th"))))
    assert missing_languages(all_languages()) == ()


def test_codes_and_languages_are_both_understood() -> None:
    codes = [language.code for language in select_languages("aya23")]
    assert missing_languages(codes) == missing_languages(select_languages("aya23"))


def test_missing_glyphs_are_found() -> None:
    assert missing_characters("Deutsch", FALLBACK) == frozenset()
    assert missing_characters("Thai ไทย", FALLBACK) == set("ไทย")
    assert missing_characters("\u200e \u00a0", FALLBACK) == frozenset()


def test_languages_fall_back_when_their_fonts_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", lambda: frozenset(FALLBACK))
    found = missing_languages(["tha_Thai", "deu_Latn", "zho_Hans", "rus_Cyrl"])
    assert found == ("tha_Thai", "zho_Hans")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tof  text", "two lines of text"),
        ("nul\x00byte", "nul\N{REPLACEMENT CHARACTER}byte"),
        ("lone \ud800 surrogate", "lone \N{REPLACEMENT CHARACTER} surrogate"),
        ("", ""),
    ],
)
def test_what_cannot_be_drawn_is_replaced(text: str, shown: str) -> None:
    assert drawable(text, FALLBACK) == shown


def test_plain_texts_need_the_base_fonts_only() -> None:
    assert set(families_for("a title · with signs — “quoted”")) <= set(BASE)


@pytest.mark.parametrize(
    ("text", "family"),
    [("العربية", "Noto Sans Arabic"), ("Hindi हिन्दी", "Noto Sans Devanagari"), ("አማርኛ", "Noto Sans Ethiopic")],
)
def test_further_scripts_bring_their_font(text: str, family: str) -> None:
    noto("Noto Sans", family)
    found = families_for(text)
    assert missing_characters(text, found) == frozenset()
    assert family in found or missing_characters(text, BASE) == frozenset()
    assert len(found) <= 3


def test_several_scripts_in_one_text_are_all_covered() -> None:
    noto("Noto Sans", "Noto Sans Thai", "Noto Sans CJK SC", "Noto Sans Armenian")
    text = "ไทย 简体中文 Հայերեն ქართული"
    assert missing_characters(text, families_for(text)) == frozenset()
