"""That every script comes out in its own letters, joined and ordered, and nothing as an empty box."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.textpath import TextPath

from polyarena.reports.figures import fonts, forest, missing_languages, render, sheet
from polyarena.reports.figures.fonts import SCRIPTS, families
from polyarena.reports.figures.sheet import new_sheet, text_width, write
from polyarena.reports.figures.style import house_style
from polyarena.reports.labels import language_label
from polyarena.reports.stats import win_rates
from polyarena.tasks.languages import all_languages

Make = Callable[..., pd.DataFrame]
CODES = [language.code for language in all_languages()]


def ink(text: str, family: tuple[str, ...]) -> np.ndarray:
    """Return the pixels of a text, 0 is black."""
    with house_style():
        figure, page = new_sheet(3, 0.5)
        write(page, 0.1, 0.25, text, family=family, fontsize=14, color="black")
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[:, :, 0].copy()


@pytest.mark.parametrize("code", CODES)
def test_own_names_are_drawn_without_a_warning(code: str) -> None:
    label = language_label(code)
    if missing_languages([code]):
        pytest.skip(f"no font for {label.script} on this machine (Debian: fonts-noto-core fonts-noto-cjk)")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = ink(label.autonym or label.name, families(label.script))
    assert (pixels < 128).sum() > 30
    assert (pixels[:, -30:] == 255).all()


def test_arabic_letters_are_joined() -> None:
    """Shaped, the word is narrower than its letters in isolation; taken apart by non-joiners it is not."""
    family = families("Arab")
    word = "العربية"
    apart = "\N{ZERO WIDTH NON-JOINER}".join(word)
    assert text_width(word, 20, "normal", family) < 0.95 * text_width(apart, 20, "normal", family)


def test_arabic_runs_from_right_to_left() -> None:
    """The first letter, alef, is a bare stroke: the ink at the right end is as tall as narrow."""
    family = families("Arab")
    outline = TextPath((0, 0), "اببب", 100, prop=fonts.font_manager.FontProperties(family=list(family))).vertices
    right = outline[outline[:, 0] > outline[:, 0].max() - 12]
    assert right[:, 1].max() > 0.8 * outline[:, 1].max()


def test_mixed_labels_keep_the_latin_part_first() -> None:
    family = families("Arab")
    mixed, arabic = ink("Arabic · العربية", family), ink("العربية", family)
    columns = np.flatnonzero((mixed < 128).any(axis=0))
    latin = np.flatnonzero((ink("Arabic", families()) < 128).any(axis=0))
    assert abs(int(columns[0]) - int(latin[0])) <= 2
    assert columns[-1] > np.flatnonzero((arabic < 128).any(axis=0))[-1]


def test_devanagari_vowel_signs_are_reordered() -> None:
    """In हि the vowel sign stands before its consonant, so that the word begins with other ink than ह alone."""
    if missing_languages(["hin_Deva"]):
        pytest.skip("no font for Devanagari on this machine")
    family = families("Deva")
    consonant, syllable = (text_width(text, 20, "normal", family) for text in ("ह", "हि"))
    assert consonant < syllable < 2 * consonant
    assert not np.array_equal(ink("ह", family)[:, :60], ink("हि", family)[:, :60])


def test_chinese_and_japanese_have_their_own_forms() -> None:
    if not {"Noto Sans CJK SC", "Noto Sans CJK JP"} <= fonts._installed():
        pytest.skip("Noto Sans CJK is not installed (Debian: fonts-noto-cjk)")
    assert not np.array_equal(ink("直", families("Hans")), ink("直", families("Jpan")))


@pytest.fixture
def without_noto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that has matplotlib's own font only."""
    caches = (fonts.families_for, sheet.text_width)
    for cached in caches:
        cached.cache_clear()
    monkeypatch.setattr(fonts, "_installed", lambda: frozenset({"DejaVu Sans"}))
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.usefixtures("without_noto")
def test_without_fonts_the_code_stands_for_the_own_name(
    make_battles: Make, drawn: Any, caplog: pytest.LogCaptureFixture
) -> None:
    codes = ["tha_Thai", "zho_Hans", "rus_Cyrl", "deu_Latn"]
    with caplog.at_level(logging.WARNING):
        figure = forest(win_rates(make_battles(drawn(codes, 10)), rounds=50))
        assert render(figure, "png")
    assert not caplog.records
    written = {text.get_text() for text in figure.axes[0].texts}
    assert {"Thai", "tha_Thai", "Chinese (Simplified)", "zho_Hans", "русский", "Deutsch"} <= written
    assert missing_languages(codes) == ("tha_Thai", "zho_Hans")


def test_every_script_of_the_table_beyond_the_base_fonts_has_families() -> None:
    base = {"Latn", "Cyrl", "Grek"}
    assert {language.script for language in all_languages()} - base <= set(SCRIPTS)
