"""Charts of 99 and 120 languages split or grow, and text keeps its size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from polyarena.reports.figures import VENUES, forest, win_tie_loss
from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.row_chart import Entry, Facet, Words, row_chart
from polyarena.reports.figures.style import house_style
from polyarena.reports.stats import win_rates
from polyarena.tasks.languages import select_languages


@pytest.fixture(scope="module")
def many(make_battles: Callable[..., pd.DataFrame], drawn: Any) -> pd.DataFrame:
    codes = [language.code for language in select_languages("aya99")]
    return win_rates(make_battles(drawn(codes, 12)), rounds=20)


@pytest.mark.parametrize(("venue", "figures"), [("acl-1col", 2), ("acl-2col", 1), ("neurips", 2), ("slides", 5)])
def test_ninety_nine_languages(
    many: pd.DataFrame, boxes: Callable[[Figure], list[tuple[str, float, Any]]], venue: str, figures: int
) -> None:
    drawing = forest(many, venue=venue)
    assert len(drawing.figures) <= figures
    names = [text for figure in drawing.figures for text, _, _ in boxes(figure)]
    assert {"Zulu", "Finnish", "Xhosa", "Yoruba", "English"} <= set(names)
    assert sum(name == "Zulu" for name in names) == 1
    assert all(figure.get_size_inches()[1] <= VENUES[venue].height + 0.01 for figure in drawing.figures)


def test_a_hundred_and_twenty_languages_that_nobody_knows(many: pd.DataFrame) -> None:
    row = many[many["level"] == "language"].iloc[[0]]
    frame = pd.concat([row.assign(group=f"q{i:02d}_Latn") for i in range(120)])
    drawing = win_tie_loss(frame, venue="acl-1col")
    assert len(drawing.figures) >= 2
    assert len(drawing.data) == 120


def test_groups_by_family_and_script(many: pd.DataFrame, boxes: Callable[[Figure], Any]) -> None:
    by_script = [text for f in forest(many, venue="neurips", by="script").figures for text, _, _ in boxes(f)]
    assert {"Latn", "Cyrl"} <= {name.removesuffix(", continued") for name in by_script}
    plain = [text for f in forest(many, venue="neurips", by="none").figures for text, _, _ in boxes(f)]
    assert "High-resource" not in plain


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.sampled_from(["acl-1col", "acl-2col", "slides"]))
def test_every_row_is_drawn_once_in_order(groups: list[int], venue: str) -> None:
    entries: list[Entry] = []
    for g, count in enumerate(groups):
        entries.append(Entry("group", ("g", str(g)), f"Group {g}"))
        entries += [Entry("item", ("i", f"{g}.{i}"), f"row {g}.{i}") for i in range(count)]
    seen: list[tuple[str, str]] = []
    facet = Facet("", "x", (0, 1), (0, 1), lambda axes, entry, y: seen.append(entry.key) if entry.key[0] else None)
    with house_style():
        figures = row_chart(entries, [facet], Words("", ""), VENUES[venue])
    assert seen == [entry.key for entry in entries]
    assert all(figure.get_size_inches()[1] <= VENUES[venue].height + 0.01 for figure in figures)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=20))
def test_axes_hold_everything(values: list[float]) -> None:
    limits, ticks = nice_axis(values)
    assert limits[0] <= min(values)
    assert max(values) <= limits[1]
    assert 2 <= len(ticks) <= 9
    assert list(ticks) == sorted(set(ticks))


def test_axes_stay_within_their_bounds() -> None:
    _, ticks = nice_axis([1, 99], bounds=(0, 100))
    assert (ticks[0], ticks[-1]) == (0, 100)
