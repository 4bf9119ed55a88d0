"""Readable at print size: titles and names in full, marks apart, the order of what is drawn, words for every mark."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from matplotlib import colors
from matplotlib.patches import Rectangle

from polyarena.reports.figures import FigureError, cost_chart, heat_map, resource_chart, sensitivity, win_tie_loss
from polyarena.reports.figures.captions import facet_title
from polyarena.reports.figures.inputs import numbers
from polyarena.reports.figures.sheet import text_width, wrap_name
from polyarena.tasks.languages import all_languages

PUBLISHED = Path(__file__).parents[3] / "examples" / "published"
WHOLE = {"kind": "all", "without": "", "value": 0.55, "low": 0.52, "high": 0.58}


def written(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def outcome(system, wins, ties, value):
    return {"system": system, "baseline": "old", "level": "language", "group": "kor_Hang", "wins": wins, "ties": ties,
            "losses": 500 - wins - ties, "value": value}  # fmt: skip


def test_bars_are_sorted_by_the_win_rate_that_they_show():
    # Battles of two games may be worth a quarter, so that wins and half of the ties do not give the win rate.
    frame = pd.DataFrame([outcome("a", 217, 113, 0.541), outcome("b", 218, 106, 0.5455), *(
        outcome(name, 10, 10, 0.03) for name in "cdef")])  # fmt: skip
    names = [name for name in written(win_tie_loss(frame, venue="acl-1col").figure) if name in ("a", "b")]
    assert names == ["b", "a"]


def test_numbers_that_differ_by_rounding_only_print_the_same():
    assert numbers({"x": 0.6285}, "x", scale=100) == numbers({"x": 0.6285 + 1.1e-16}, "x", scale=100) == (62.85,)


@pytest.mark.parametrize(
    ("pairs", "title"),
    [
        ([("a", "old")], "a vs. old"),
        ([("a", "old"), ("b", "old")], "a"),
        ([("a", "old"), ("a", "new")], "vs. old"),
        ([("a", "old"), ("b", "new")], "a vs. old"),
    ],
)
def test_a_plot_is_titled_by_what_differs(pairs, title):
    assert facet_title(pairs[0], pairs) == title


def test_the_title_of_a_single_plot_is_not_cut():
    frame = pd.DataFrame([outcome("gpt-4", 250, 100, 0.6)]).assign(baseline="Llama-3.3-70B-Instruct")
    assert "gpt-4 vs. Llama-3.3-70B-Instruct" in written(win_tie_loss(frame, venue="acl-1col").figure)


def test_names_are_broken_after_hyphens_and_only_the_rest_is_cut():
    lines = wrap_name("Llama-3.3-70B-Instruct-with-a-very-long-tail-of-words", 1.0, 7, "bold", most=2)
    assert len(lines) == 2
    assert lines[0].endswith("-")
    assert lines[1].endswith("…")
    assert all(text_width(line, 7, "bold") <= 1.0 for line in lines)
    assert wrap_name("+ cross-modal merging", 0.7, 7, most=4)[0] != "+"
    assert wrap_name("", 1.0, 7) == []


def test_long_names_of_systems_take_the_room_that_plots_leave():
    name = "mistral-small-3.1-24b-instruct-2503"
    frame = pd.DataFrame([outcome(f"s{i}", 10 * i, 10, 0.02 * i) for i in range(5)] + [outcome(name, 9, 9, 0.03)])
    assert name in written(win_tie_loss(frame, venue="acl-1col").figure)


def resources(**changes):
    rows = [
        {"system": system, "level": "language", "group": f"q{i:02d}_Latn", "value": 0.5, "resource": tier}
        for system in ("a", "b")
        for i, tier in enumerate(["high"] * 12 + ["low"] * 12)
    ]
    return pd.DataFrame(rows).assign(**changes)


@pytest.mark.parametrize("changes", [{}, {"resource": [5, 1] * 24}])
def test_languages_of_the_same_resource_stand_beside_each_other(changes):
    frame = resources(**changes)
    figure = resource_chart(frame, venue="acl-1col").figure
    spots = [
        (line.get_marker(), round(float(line.get_xdata()[0]), 6))
        for line in figure.axes[1].lines
        if line.get_marker() in ("o", "s") and len(line.get_xdata()) == 1
    ]
    assert len(spots) == len(set(spots)) == 48


def test_tiers_without_a_language_take_no_room():
    figure = resource_chart(resources(), venue="acl-1col").figure
    assert figure.axes[1].get_xlim() == (-0.5, 1.5)


def test_unknown_tiers_and_too_many_systems_are_refused():
    with pytest.raises(FigureError, match="tiers high, mid, low"):
        resource_chart(resources(resource="medium"))
    many = pd.concat([resources().query("system == 'a'").assign(system=f"s{i}") for i in range(8)])
    with pytest.raises(FigureError, match="7 systems apart"):
        resource_chart(many)


def test_without_what_the_outcome_changes_is_hollow_not_only_coloured():
    part = {"kind": "language", "without": "tha_Thai", "value": 0.52, "low": 0.49, "high": 0.55}
    same = {**part, "without": "kor_Hang", "low": 0.51}
    drawing = sensitivity(pd.DataFrame([WHOLE, part, same]), venue="acl-1col")
    dots = [line for axes in drawing.figure.axes[1:] for line in axes.lines if line.get_marker() == "o"]
    assert sorted(str(dot.get_markerfacecolor()) == "white" for dot in dots) == [False, True]
    assert "is not better" in drawing.caption
    calm = sensitivity(pd.DataFrame([WHOLE, same]), venue="acl-1col")
    assert "the outcome stays better" in calm.caption


def test_a_few_points_do_not_look_like_night_and_day():
    frame = pd.DataFrame(
        {"system": "a", "level": "language", "group": ["kor_Hang", "heb_Hebr"], "value": [0.508, 0.483]}
    )
    figure = heat_map(frame, venue="acl-1col").figure
    faces = [patch.get_facecolor()[0] for patch in figure.axes[1].patches]
    assert abs(faces[0] - faces[1]) < 0.2


def test_names_do_not_cross_the_line_of_the_best():
    frame = pd.read_csv(PUBLISHED / "aya_vision_table_4.csv")
    drawing = cost_chart(frame, venue="acl-2col", scale=1, cost="billions of parameters")
    assert set(frame["system"]) <= set(written(drawing.figure))
    assert "Marks without a name" in drawing.caption


def test_a_cost_axis_has_no_tick_where_no_share_can_be():
    frame = pd.DataFrame({"system": ["a"], "value": [0.14], "low": [0.02], "high": [0.51], "cost": [14.0]})
    drawing = cost_chart(frame, venue="acl-2col")
    assert min(drawing.figure.axes[1].get_yticks()) == 0
    assert "dashed line" not in drawing.caption


def test_names_of_columns_are_turned_only_where_they_do_not_fit():
    row = {"level": "language", "group": "kor_Hang", "value": 0.4}
    one = heat_map(pd.DataFrame([{"system": "model-8B-instruct", **row}]), venue="acl-2col").figure
    assert all(text.get_rotation() == 0 for axes in one.axes for text in axes.texts)
    languages = [
        "kor_Hang",
        "heb_Hebr",
        "tha_Thai",
        "arb_Arab",
        "deu_Latn",
        "fra_Latn",
        "hin_Deva",
        "ita_Latn",
        "tur_Latn",
    ]
    frame = pd.DataFrame(
        [{"system": f"model-{i}B-instruct", **row, "group": code} for i in range(9) for code in languages]
    )
    assert any(
        text.get_rotation() == 90 for axes in heat_map(frame, venue="acl-2col").figure.axes for text in axes.texts
    )


def test_the_legend_of_bars_has_no_ties_where_there_are_none():
    assert "tie" not in written(win_tie_loss(pd.DataFrame([outcome("a", 300, 0, 0.6)])).figure)
    assert "tie" in written(win_tie_loss(pd.DataFrame([outcome("a", 300, 10, 0.61)])).figure)


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colors.to_rgb(colour)]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_numbers_in_cells_have_a_contrast_of_four_and_a_half():
    codes = [language.code for language in all_languages()][:100]
    frame = pd.DataFrame({"system": ["a"] * 100 + ["b"] * 100, "level": "language", "group": codes * 2,
                          "value": [place / 199 for place in range(200)]})  # fmt: skip
    seen = []
    for figure in heat_map(frame).figures:
        for axes in figure.axes:
            cells = [(patch.get_bbox(), patch.get_facecolor()) for patch in axes.patches
                     if isinstance(patch, Rectangle)]  # fmt: skip
            for text in axes.texts:
                faces = [face for box, face in cells if box.contains(*text.get_position())]
                if faces and text.get_text().replace(".", "").isdigit():
                    light, dark = sorted((luminance(faces[0]), luminance(text.get_color())), reverse=True)
                    assert (light + 0.05) / (dark + 0.05) >= 4.5, text.get_text()
                    seen.append(text.get_color())
    assert (len(seen), set(seen)) == (200, {"white", "black"})
