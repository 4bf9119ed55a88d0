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
from matplotlib.figure import Figure
from matplotlib.image import imread

from polyarena.reports.figures import FORMATS, accuracy, charts, forest, render
from polyarena.reports.figures.style import BLUE, GREY, VERMILLION
from polyarena.reports.stats import mean_scores, win_rates
from polyarena.tasks.languages import select_languages

Make = Callable[..., pd.DataFrame]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def markers(figure: Figure, marker: str) -> list[Any]:
    return [line for axes in figure.axes[1:] for line in axes.lines if line.get_marker() == marker]


def assert_nothing_overlaps(figure: Figure) -> None:
    """Every text lies on the sheet, and no two texts touch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    sheet = figure.bbox
    outlines = [patch for patch in figure.axes[0].patches if type(patch).__name__ == "PathPatch"]
    boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts if text.get_text()]
    boxes += [patch.get_window_extent(renderer) for patch in outlines]
    for box in boxes:
        assert box.x0 >= sheet.x0
        assert box.x1 <= sheet.x1
        assert box.y0 >= sheet.y0
        assert box.y1 <= sheet.y1
    edges = np.array([(box.x0, box.x1, box.y0 + 2.5, box.y1 - 2.5) for box in boxes])
    x0, x1, y0, y1 = (edges[:, [k]] for k in range(4))
    touching = (x0 < x1.T - 0.5) & (x1 - 0.5 > x0.T) & (y0 < y1.T) & (y1 > y0.T)
    np.fill_diagonal(touching, val=False)
    assert not touching.any()


def test_forest_shows_every_language_in_both_names(win_estimates: pd.DataFrame, aya23: list[str]) -> None:
    figure = forest(win_estimates)
    written = texts(figure)
    assert {"Arabic", "Chinese (Simplified)", "Ukrainian", "All languages", "High-resource", "Mid-resource"} <= set(
        written
    )
    assert len(markers(figure, "o")) == len(aya23)
    assert len(markers(figure, "D")) == 3
    assert "polski" in written


def test_forest_says_what_it_shows(win_estimates: pd.DataFrame) -> None:
    written = " ".join(texts(forest(win_estimates)))
    assert "new against old" in written
    assert "judge “rules”" in written
    assert "n = 40 items in each of 23 languages" in written
    assert "†" in written
    assert "games without a verdict" in written


def test_colour_and_filling_tell_the_outcome(make_battles: Make) -> None:
    values = {"deu_Latn": [1.0] * 30, "swh_Latn": [0.0] * 30, "tha_Thai": [1.0, 0.0] * 15}
    found = markers(forest(win_rates(make_battles(values), rounds=100)), "o")
    shown = {float(line.get_xdata()[0]): (line.get_color(), line.get_markerfacecolor()) for line in found}
    assert shown == {100.0: (BLUE, BLUE), 0.0: (VERMILLION, VERMILLION), 50.0: (GREY, "white")}


def test_languages_without_verdict_stay_visible(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0, 1.0], "swh_Latn": [0.0, 0.0, 0.0]})
    silent = battles["language"] == "swh_Latn"
    battles.loc[silent, "score"] = None
    battles.loc[silent, "n_invalid"] = 2
    written = texts(forest(win_rates(battles, rounds=50)))
    assert "Swahili" in written
    assert "no verdict" in written


@pytest.mark.parametrize(("selector", "items"), [("deu, arb, swh", 8), ("aya23", 20), ("aya101", 10)])
def test_forests_of_any_size_have_no_overlaps(make_battles: Make, drawn: Any, selector: str, items: int) -> None:
    codes = [language.code for language in select_languages(selector)]
    figure = forest(win_rates(make_battles(drawn(codes, items)), rounds=50))
    assert_nothing_overlaps(figure)
    assert len(markers(figure, "o")) == len(codes)
    width, tall = figure.get_size_inches()
    assert 6.5 <= width <= 13
    assert tall <= 16


def test_accuracy_of_four_systems_in_a_hundred_languages(make_scores: Make, drawn: Any) -> None:
    codes = [language.code for language in select_languages("aya101")]
    systems = ["alpha", "beta-instruct", "gamma", "a system with a rather long name, quantised"]
    scores = pd.concat(
        [make_scores({c: v > 0.4 for c, v in drawn(codes, 8, k).items()}, system=s) for k, s in enumerate(systems)]
    )
    figure = accuracy(mean_scores(scores, rounds=50), chance=0.25)
    assert_nothing_overlaps(figure)
    assert sum(len(markers(figure, m)) for m in "os^") == 3 * len(codes)
    assert len(figure.axes) == 3


def test_accuracy_draws_chance_and_names_the_systems(score_estimates: pd.DataFrame) -> None:
    figure = accuracy(score_estimates, chance=0.25)
    assert any(list(line.get_xdata()) == [25.0, 25.0] for line in figure.axes[1].lines)
    written = " ".join(texts(figure))
    assert "accuracy on names" in written
    assert "guessing, 25.0" in written
    assert {"new", "old"} <= set(texts(figure))


def test_systems_keep_the_order_that_is_asked(score_estimates: pd.DataFrame) -> None:
    figure = accuracy(score_estimates, systems=["old", "new"])
    keys = [text for text in texts(figure) if text in ("old", "new")]
    assert keys == ["old", "new"]


def test_scores_beyond_shares_keep_their_unit(make_scores: Make) -> None:
    scores = make_scores({"deu_Latn": np.linspace(20, 60, 20), "tha_Thai": np.linspace(5, 30, 20)}, metric="chrf")
    figure = accuracy(mean_scores(scores, rounds=50))
    assert "chrf" in figure.axes[1].get_xlabel()
    assert "%" not in figure.axes[1].get_xlabel()
    low, high = figure.axes[1].get_xlim()
    assert low < 17.5
    assert high > 40


def test_a_chart_refuses_more_than_one_comparison(win_estimates: pd.DataFrame, score_estimates: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="one comparison, not 2"):
        forest(pd.concat([win_estimates, win_estimates.assign(judge="other")]))
    with pytest.raises(ValueError, match="one task and metric, not 2"):
        accuracy(pd.concat([score_estimates, score_estimates.assign(metric="f1")]))
    with pytest.raises(ValueError, match="1 to 7 systems"):
        accuracy(score_estimates, systems=[f"s{i}" for i in range(8)])
    with pytest.raises(ValueError, match="not 0"):
        forest(win_estimates.head(0))


HOSTILE = "$x_$ <b>\x00 \ud800 العربية " + "very long " * 20


@pytest.mark.parametrize("format", FORMATS)
def test_hostile_names_are_drawn_as_text(make_battles: Make, format: str) -> None:
    battles = make_battles({"deu_Latn": [1, 0, 1, 1]}, candidate=HOSTILE.replace("\ud800", ""), judge="$\\frac$")
    figure = forest(win_rates(battles, rounds=50), title=HOSTILE, caption=HOSTILE)
    assert render(figure, format)  # type: ignore[arg-type]
    assert any("$x_$ <b>" in text for text in texts(figure)) or figure.axes[0].patches


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_figure_gives_the_same_bytes(make_battles: Make, drawn: Any, format: str) -> None:
    estimates = win_rates(make_battles(drawn(["arb_Arab", "deu_Latn", "jpn_Jpan"], 12)), rounds=50)
    first = forest(estimates)
    digests = {hashlib.sha256(render(figure, format)).hexdigest() for figure in (first, first, forest(estimates))}  # type: ignore[arg-type]
    assert len(digests) == 1


def test_files_hold_no_dates_and_are_what_they_say(score_estimates: pd.DataFrame) -> None:
    figure = accuracy(score_estimates)
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
    plain = render(forest(win_estimates), "svg")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "none"}):
        assert render(forest(win_estimates), "svg") == plain
        assert mpl.rcParams["font.size"] == 30


def test_charts_draws_all_that_there_is(win_estimates: pd.DataFrame, score_estimates: pd.DataFrame) -> None:
    found = charts(pd.concat([win_estimates, score_estimates]), chance={"names": 0.25})
    assert [chart.name for chart in found] == ["win-rate-mini-rules-new-old", "accuracy-names"]
    assert "new against old" in found[0].title
    assert charts(win_estimates.head(0)) == []


def test_names_of_files_are_safe_and_distinct(win_estimates: pd.DataFrame) -> None:
    hostile = pd.concat([win_estimates.assign(system=f"../{c}/etc") for c in "?*"])
    names = [chart.name for chart in charts(hostile)]
    assert len(set(names)) == 2
    assert not any(c in name for name in names for c in "/\\?* ")


def test_more_systems_than_colours_are_spread(make_scores: Make) -> None:
    scores = pd.concat([make_scores({"deu_Latn": [1, 0, 1]}, system=f"s{i}") for i in range(9)])
    assert [chart.name for chart in charts(mean_scores(scores, rounds=50))] == ["accuracy-names", "accuracy-names-2"]


@pytest.mark.parametrize("module", ["polyarena.reports.stats", "polyarena.reports.page", "polyarena.reports.tables"])
def test_only_figures_import_matplotlib(module: str) -> None:
    code = f"import sys, {module}; sys.exit(any(name in sys.modules for name in ('matplotlib', 'torch', 'datasets')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_pyplot_is_never_imported() -> None:
    code = "import sys, polyarena.reports.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
