from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.reports.figures.columns import FEWEST_TOGETHER, height, panels
from polyarena.reports.figures.sheet import new_sheet, plot_area, shorten, text_width, wrap
from polyarena.reports.labels import language_label
from polyarena.reports.rows import Row
from polyarena.tasks.languages import all_languages

Make = Callable[..., pd.DataFrame]
LABELS = [language_label(language.code) for language in all_languages()]


def chart_rows(tiers: list[int], series: int = 1) -> list[Row]:
    found = [Row("average", "All languages", None, (None,) * series)]
    labels = iter(LABELS)
    for i, many in enumerate(tiers):
        found.append(Row("tier", f"tier {i}", None, (None,) * series))
        found += [Row("language", "", next(labels), (None,) * series) for _ in range(many)]
    return found


def test_sheet_and_plot_area_are_measured_in_inches() -> None:
    figure, page = new_sheet(7, 3)
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


def test_one_column_is_left_alone() -> None:
    rows = chart_rows([5, 3])
    assert panels(rows, 1) == [rows]


@settings(max_examples=60)
@given(st.lists(st.integers(0, 38), min_size=1, max_size=3), st.integers(1, 3))
def test_columns_hold_every_row_once_and_in_order(tiers: list[int], columns: int) -> None:
    rows = chart_rows(tiers)
    parts = panels(rows, columns)
    assert 1 <= len(parts) <= columns
    flat = [row for part in parts for row in part if not row.title.endswith(", continued")]
    assert flat == rows


@settings(max_examples=60)
@given(st.lists(st.integers(15, 38), min_size=2, max_size=3))
def test_two_columns_are_about_as_tall_and_cut_no_tier_near_its_end(tiers: list[int]) -> None:
    parts = panels(chart_rows(tiers), 2)
    tall = [sum(map(height, part)) for part in parts]
    assert max(tall) <= 0.5 * sum(tall) + FEWEST_TOGETHER * 0.35 + 0.7
    second = parts[1]
    assert second[0].kind == "tier"
    together = next((i for i, row in enumerate(second[1:]) if row.kind == "tier"), len(second) - 1)
    assert together >= FEWEST_TOGETHER


def test_rows_grow_with_the_number_of_series() -> None:
    heights = [height(Row("language", "", LABELS[0], (None,) * k)) for k in (1, 2, 4)]
    assert all(first < second for first, second in pairwise(heights))
