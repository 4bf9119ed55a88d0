from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import matplotlib
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from every_case import every_case
from matplotlib.figure import Figure
from matplotlib.image import imread

from polyarena.reports.figures import FORMATS, FigureError, charts, forest, render, score_chart
from polyarena.reports.figures.charts import Meetings
from polyarena.reports.figures.style import BLUE, GREY, VERMILLION, house_style
from polyarena.reports.stats import mean_scores, pairwise_matrix, rank, win_rates
from polyarena.tasks.languages import select_languages

Make = Callable[..., pd.DataFrame]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def markers(figure: Figure, marker: str) -> list[Any]:
    return [line for axes in figure.axes[1:] for line in axes.lines if line.get_marker() == marker]


def assert_nothing_overlaps(figure: Figure) -> None:
    """Every text lies on the sheet, and no two texts touch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    outlines = [patch for patch in figure.axes[0].patches if type(patch).__name__ == "PathPatch"]
    with house_style():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts if text.get_text()]
        boxes += [patch.get_window_extent(renderer) for patch in outlines]
    sheet = figure.bbox
    for box in boxes:
        assert box.x0 >= sheet.x0 - 1
        assert box.x1 <= sheet.x1 + 1
        assert box.y0 >= sheet.y0 - 1
        assert box.y1 <= sheet.y1 + 1
    edges = np.array([(box.x0, box.x1, box.y0 + 2.5, box.y1 - 2.5) for box in boxes])
    x0, x1, y0, y1 = (edges[:, [k]] for k in range(4))
    touching = (x0 < x1.T - 0.5) & (x1 - 0.5 > x0.T) & (y0 < y1.T) & (y1 > y0.T)
    np.fill_diagonal(touching, val=False)
    assert not touching.any()


def test_forest_shows_every_language_in_both_names(win_estimates: pd.DataFrame, aya23: list[str]) -> None:
    figure = forest(win_estimates).figure
    written = texts(figure)
    assert {"Arabic", "Chinese (Simplified)", "Ukrainian", "All languages", "High-resource", "Mid-resource"} <= set(
        written
    )
    assert len(markers(figure, "o")) == len(aya23)
    assert len(markers(figure, "D")) == 3
    assert "polski" in written


def test_forest_says_what_it_shows(win_estimates: pd.DataFrame) -> None:
    written = " ".join(texts(forest(win_estimates).figure))
    assert "new vs. old" in written
    assert "Judge: rules." in written
    assert "n = 40 items in each of 23 languages" in written
    assert "†" in written
    assert "games without a verdict" in written


def test_colour_and_filling_tell_the_outcome(make_battles: Make) -> None:
    values = {"deu_Latn": [1.0] * 30, "swh_Latn": [0.0] * 30, "tha_Thai": [1.0, 0.0] * 15}
    found = markers(forest(win_rates(make_battles(values), rounds=100)).figure, "o")
    shown = {float(line.get_xdata()[0]): (line.get_color(), line.get_markerfacecolor()) for line in found}
    assert shown == {100.0: (BLUE, BLUE), 0.0: (VERMILLION, VERMILLION), 50.0: (GREY, "white")}


def test_languages_without_verdict_stay_visible(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0, 1.0], "swh_Latn": [0.0, 0.0, 0.0]})
    silent = battles["language"] == "swh_Latn"
    battles.loc[silent, "score"] = None
    battles.loc[silent, "n_invalid"] = 2
    written = texts(forest(win_rates(battles, rounds=50)).figure)
    assert "Swahili" in written
    assert "no verdict" in written


@pytest.mark.parametrize(("selector", "items"), [("deu, arb, swh", 8), ("aya23", 20), ("aya101", 10)])
def test_forests_of_any_size_have_no_overlaps(make_battles: Make, drawn: Any, selector: str, items: int) -> None:
    codes = [language.code for language in select_languages(selector)]
    figure = forest(win_rates(make_battles(drawn(codes, items)), rounds=50)).figure
    assert_nothing_overlaps(figure)
    assert len(markers(figure, "o")) == len(codes)
    width, tall = figure.get_size_inches()
    assert width == 9
    assert tall <= 14.01


def test_scores_of_four_systems_in_a_hundred_languages(make_scores: Make, drawn: Any) -> None:
    codes = [language.code for language in select_languages("aya101")]
    systems = ["alpha", "beta-instruct", "gamma", "a system with a rather long name, quantised"]
    scores = pd.concat(
        [make_scores({c: v > 0.4 for c, v in drawn(codes, 8, k).items()}, system=s) for k, s in enumerate(systems)]
    )
    figures = score_chart(mean_scores(scores, rounds=50), chance=0.25).figures
    assert len(figures) == 2
    for figure in figures:
        assert_nothing_overlaps(figure)
    assert sum(len(markers(figure, m)) for figure in figures for m in "os^") == 3 * len(codes)


def test_scores_draw_chance_and_names_the_systems(score_estimates: pd.DataFrame) -> None:
    figure = score_chart(score_estimates, chance=0.25).figure
    assert any(list(line.get_xdata()) == [25.0, 25.0] for line in figure.axes[1].lines)
    written = " ".join(texts(figure))
    assert "guessing, 25.0" in written
    assert {"new", "old"} <= set(texts(figure))


def test_systems_keep_the_order_that_is_asked(score_estimates: pd.DataFrame) -> None:
    figure = score_chart(score_estimates, systems=["old", "new"]).figure
    keys = [text for text in texts(figure) if text in ("old", "new")]
    assert keys == ["old", "new"]


def test_scores_beyond_shares_keep_their_unit(make_scores: Make) -> None:
    scores = make_scores({"deu_Latn": np.linspace(20, 60, 20), "tha_Thai": np.linspace(5, 30, 20)}, metric="chrf")
    (chart,) = charts(mean_scores(scores, rounds=50))
    figure = chart.draw().figure
    assert "chrf on names" in texts(figure)
    assert not any("%" in text for text in texts(figure) if text.startswith("chrf"))
    low, high = figure.axes[1].get_xlim()
    assert low < 17.5
    assert high > 40


def test_a_chart_refuses_too_many_systems_and_nothing(
    win_estimates: pd.DataFrame, score_estimates: pd.DataFrame
) -> None:
    with pytest.raises(FigureError, match="tells 7 systems apart"):
        score_chart(score_estimates, systems=[f"s{i}" for i in range(8)])
    with pytest.raises(FigureError, match="nothing to draw"):
        forest(win_estimates.head(0))


HOSTILE = "$x_$ <b>\x00 \ud800 العربية " + "very long " * 20


@pytest.mark.parametrize("format", FORMATS)
def test_hostile_names_are_drawn_as_text(make_battles: Make, format: str) -> None:
    battles = make_battles({"deu_Latn": [1, 0, 1, 1]}, candidate=HOSTILE.replace("\ud800", ""), judge="$\\frac$")
    figure = forest(win_rates(battles, rounds=50), title=HOSTILE, caption=HOSTILE).figure
    assert render(figure, format)  # type: ignore[arg-type]
    assert any("$x_$ <b>" in text for text in texts(figure)) or figure.axes[0].patches


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_figure_gives_the_same_bytes(make_battles: Make, drawn: Any, format: str) -> None:
    estimates = win_rates(make_battles(drawn(["arb_Arab", "deu_Latn", "jpn_Jpan"], 12)), rounds=50)
    first = forest(estimates).figure
    digests = {
        hashlib.sha256(render(figure, format)).hexdigest() for figure in (first, first, forest(estimates).figure)
    }  # type: ignore[arg-type]
    assert len(digests) == 1


def test_files_hold_no_dates_and_are_what_they_say(score_estimates: pd.DataFrame) -> None:
    figure = score_chart(score_estimates).figure
    png, svg, pdf = (render(figure, format) for format in ("png", "svg", "pdf"))
    width, tall = figure.get_size_inches()
    assert imread(io.BytesIO(png), format="png").shape[:2] == (int(tall * 200), int(width * 200))
    assert pdf.startswith(b"%PDF")
    assert b"CreationDate" not in pdf
    assert b"/Type3" not in pdf
    assert b"dc:date" not in svg
    root = ET.fromstring(svg)
    assert not list(root.iter("{http://www.w3.org/2000/svg}text"))
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


def test_the_users_own_settings_change_nothing_and_stay(win_estimates: pd.DataFrame) -> None:
    plain = render(forest(win_estimates).figure, "svg")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "none"}):
        assert render(forest(win_estimates).figure, "svg") == plain
        assert mpl.rcParams["font.size"] == 30


def test_charts_draws_all_that_there_is(win_estimates: pd.DataFrame, score_estimates: pd.DataFrame) -> None:
    found = charts(pd.concat([win_estimates, score_estimates]), chance={"names": 0.25})
    assert [chart.name for chart in found] == [
        "win-rate-mini-rules-new-old",
        "win-tie-loss-mini-rules-new-old",
        "accuracy-names",
    ]
    assert "new against old" in found[0].title
    assert charts(win_estimates.head(0)) == []
    drawing = found[0].draw()
    assert drawing.caption
    assert drawing.caption not in " ".join(texts(drawing.figure))


def test_candidates_share_a_figure(make_battles: Make, drawn: Any) -> None:
    codes = ["deu_Latn", "tha_Thai"]
    battles = [make_battles(drawn(codes, 12, k), candidate=f"s{k}") for k in range(6)]
    few, many = (win_rates(pd.concat(battles[:n]), rounds=20) for n in (3, 6))
    assert [chart.name for chart in charts(few)] == ["win-rate-mini-rules-old", "win-tie-loss-mini-rules-old"]
    assert [chart.name for chart in charts(many)] == ["win-rates-mini-rules-old"]
    one = many[(many["level"] != "language") | (many["group"] == "deu_Latn")]
    assert [chart.name for chart in charts(one)] == ["win-rate-mini-rules-old", "win-tie-loss-mini-rules-old"]


def test_ranks_and_who_beats_whom_come_first(make_battles: Make, drawn: Any) -> None:
    battles = pd.concat(
        [make_battles(drawn(["deu_Latn"], 12, 3 * i + j), candidate=f"s{i}", baseline=f"s{j}")
         for i in range(3) for j in range(i)]
    )  # fmt: skip
    ranking = rank(battles, rounds=20)
    found = charts(
        win_rates(battles, rounds=20),
        rankings={("rules", "mini"): ranking[ranking["level"] == "macro"]},
        meetings={("rules", "mini"): Meetings(pairwise_matrix(battles))},
    )
    assert [chart.name for chart in found][:2] == ["ranks-mini-rules", "matrix-mini-rules"]
    assert [chart.title for chart in found][:2] == [
        "Ranks of 3 systems on mini, judge rules",
        "Who beats whom on mini, judge rules",
    ]
    assert all(chart.draw().figures for chart in found)


def test_names_of_files_are_safe_and_distinct(win_estimates: pd.DataFrame) -> None:
    hostile = pd.concat([win_estimates.assign(baseline=f"../{c}/etc") for c in "?*"])
    names = [chart.name for chart in charts(hostile)]
    assert len(set(names)) == 4
    assert not any(c in name for name in names for c in "/\\?* ")


def test_more_systems_than_colours(make_scores: Make) -> None:
    """They are spread over charts in one language, and rows of a heat map in several."""
    for values, names in (
        ({"deu_Latn": [1, 0, 1]}, ["accuracy-names", "accuracy-names-2"]),
        ({"deu_Latn": [1, 0, 1], "tha_Thai": [1, 0, 0]}, ["accuracy-names"]),
    ):
        scores = pd.concat([make_scores(values, system=f"s{i}") for i in range(9)])
        assert [chart.name for chart in charts(mean_scores(scores, rounds=50))] == names


def test_lower_is_better_puts_the_lowest_first(make_scores: Make) -> None:
    scores = make_scores({"deu_Latn": [0.0, 0.1, 0.0], "fra_Latn": [0.9, 0.8, 1.0]}, metric="gender_undecided")
    written = texts(score_chart(mean_scores(scores, rounds=20)).figure)
    assert written.index("German") < written.index("French")


@every_case("module", ["polyarena.reports.stats", "polyarena.reports.page", "polyarena.reports.tables"])
def test_only_figures_import_matplotlib(module: str) -> None:
    code = f"import sys, {module}; sys.exit(any(name in sys.modules for name in ('matplotlib', 'torch', 'datasets')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_pyplot_is_never_imported() -> None:
    code = "import sys, polyarena.reports.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
