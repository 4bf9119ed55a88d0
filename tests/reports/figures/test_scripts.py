"""That every script comes out in its own letters, joined and ordered, and nothing as an empty box."""

from __future__ import annotations

import warnings

import numpy as np
from every_case import every_case
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from polyarena.reports.figures.fonts import families
from polyarena.reports.figures.sheet import new_page, text_width, write
from polyarena.reports.figures.style import house_style
from polyarena.reports.labels import language_label
from polyarena.tasks.languages import all_languages

CODES = [language.code for language in all_languages()]


def ink(text: str, script: str = "") -> np.ndarray:
    """Return the pixels of a text, 0 is black."""
    with house_style():
        figure, page = new_page(3, 0.5)
        write(page, 0.1, 0.25, text, script=script, fontsize=14, color="black")
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[:, :, 0].copy()


@every_case("code", CODES)
def test_own_names_are_drawn_without_a_warning(code: str) -> None:
    label = language_label(code)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = ink(label.autonym or label.name, label.script)
    assert (pixels < 128).sum() > 30
    assert (pixels[:, -30:] == 255).all()


def test_arabic_letters_are_joined() -> None:
    """Shaped, the word is narrower than its letters in isolation; taken apart by non-joiners it is not."""
    word = "العربية"
    apart = "\N{ZERO WIDTH NON-JOINER}".join(word)
    assert text_width(word, 20, "normal", "Arab") < 0.95 * text_width(apart, 20, "normal", "Arab")


def test_arabic_runs_from_right_to_left() -> None:
    """The first letter, alef, is a bare stroke: the ink at the right end is as tall as narrow."""
    family = families("Arab")
    outline = TextPath((0, 0), "اببب", 100, prop=FontProperties(family=list(family))).vertices
    right = outline[outline[:, 0] > outline[:, 0].max() - 12]
    assert right[:, 1].max() > 0.8 * outline[:, 1].max()


def test_mixed_labels_keep_the_latin_part_first() -> None:
    mixed, arabic = ink("Arabic · العربية", "Arab"), ink("العربية", "Arab")
    columns = np.flatnonzero((mixed < 128).any(axis=0))
    latin = np.flatnonzero((ink("Arabic") < 128).any(axis=0))
    assert abs(int(columns[0]) - int(latin[0])) <= 2
    assert columns[-1] > np.flatnonzero((arabic < 128).any(axis=0))[-1]


def test_devanagari_vowel_signs_are_reordered() -> None:
    """In हि the vowel sign stands before its consonant, so that the word begins with other ink than ह alone."""
    consonant, syllable = (text_width(text, 20, "normal", "Deva") for text in ("ह", "हि"))
    assert consonant < syllable < 2 * consonant
    assert not np.array_equal(ink("ह", "Deva")[:, :60], ink("हि", "Deva")[:, :60])


def test_chinese_and_japanese_have_their_own_forms() -> None:
    assert not np.array_equal(ink("語", "Hant"), ink("語", "Jpan"))
