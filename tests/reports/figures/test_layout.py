from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.reports.figures.sheet import new_page, plot_area, shorten, text_width, wrap

Make = Callable[..., pd.DataFrame]


def test_sheet_and_plot_area_are_measured_in_inches() -> None:
    figure, page = new_page(7, 3)
    assert tuple(figure.get_size_inches()) == (7, 3)
    assert page.transData.transform((7, 3))[1] == pytest.approx(0)
    axes = plot_area(figure, 2, 1, 4, 1.5)
    left, bottom, width, tall = axes.get_position().bounds
    assert (left * 7, (1 - bottom) * 3 - 1.5, width * 7, tall * 3) == pytest.approx((2, 1, 4, 1.5))


def test_width_grows_with_text_size_and_weight() -> None:
    width = text_width("Bahasa Indonesia", 8)
    assert 0.5 < width < 1.5
    assert text_width("Bahasa Indonesia", 16) == pytest.approx(2 * width, rel=0.05)
    assert text_width("Bahasa Indonesia", 8, "bold") > width
    assert text_width("", 8) == 0


@settings(deadline=None, max_examples=25)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=120), st.floats(0.8, 4))
def test_no_line_is_wider_than_asked(text: str, width: float) -> None:
    for line in wrap(text, width, 8):
        assert text_width(line, 8) <= width + 1e-9


def test_wrapping_keeps_the_words() -> None:
    text = "Averages give each language the same weight, whatever its number of items."
    lines = wrap(text, 2, 8)
    assert len(lines) > 1
    assert " ".join(lines) == text
    assert wrap("", 2, 8) == []


def test_a_name_that_is_too_long_is_cut() -> None:
    cut = shorten("an extraordinarily long name of a system " * 3, 1.5, 8)
    assert cut.endswith("…")
    assert text_width(cut, 8) <= 1.5
    assert shorten("short", 1.5, 8, "normal") == "short"
