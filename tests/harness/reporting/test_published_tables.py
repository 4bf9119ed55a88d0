"""Figures of published tables: what is measured comes from the table, and that it is published is said."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from polyarena.harness.reporting.figure_data import _with_baseline, draw_figure
from polyarena.harness.reporting.figure_request import FigureRequest

PUBLISHED = Path(__file__).parents[3] / "examples" / "published"


@pytest.mark.parametrize(
    ("kind", "name", "source", "words"),
    [
        ("scores", "aya_101_flores", "Table 18", "chrF++."),
        ("heat-map", "aya_101_flores", "Table 18", "chrF++."),
        ("resource", "aya_101_flores", "Table 18", "tier"),
        ("win-tie-loss", "aya_vision_table_8", "Table 8", "of Aya-Vision-8B"),
        ("steps", "aya_vision_figure_12", "Figure 12", "Win rate against Pangea-7B, %"),
        ("agreement", "aya_101_agreement", "Table 17", "n = 100 items"),
        ("cost", "aya_vision_table_4", "Table 4", "against billions of parameters"),
    ],
)
def test_the_caption_says_what_is_measured_and_where_it_is_from(kind, name, source, words):
    request = FigureRequest(kind=kind, sources=(PUBLISHED / f"{name}.csv",), venue="acl-1col")
    caption = draw_figure(request).caption
    assert words in caption
    assert caption.endswith(f"{source}.")
    assert "Published numbers, not measured here" in caption


def test_a_caption_of_ones_own_stays():
    request = FigureRequest(kind="steps", sources=(PUBLISHED / "aya_vision_figure_12.csv",), caption="Mine.")
    assert draw_figure(request).caption == "Mine."


def test_the_baseline_of_win_rates_has_a_place_among_costs():
    macro = pd.DataFrame({"system": ["a", "b"], "baseline": "old", "level": "macro", "value": [0.4, 0.6]})
    assert list(_with_baseline(macro)["system"]) == ["a", "b", "old"]
    assert list(_with_baseline(macro)["value"]) == [0.4, 0.6, 0.5]
    assert len(_with_baseline(macro.assign(baseline=None))) == 2
