"""The figure of a gate: what is drawn of which check, and that it fits."""

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.figures import FigureError, find_venue, gate_chart, render
from polyarena.reports.figures.style import BLUE, GREY, VERMILLION
from polyarena.reports.gate import GateSettings, Status, decide, pair_items
from polyarena.reports.gate.decision import incomparable_verdict
from polyarena.reports.gate.result import GateResult, Outcome

CODES = ["deu_Latn", "fra_Latn", "swh_Latn", "yor_Latn"]


def frame(values):
    n, k = values.shape
    items = [f"{i:04d}" for i in range(n)]
    return pd.DataFrame(
        {
            "task": "mini", "metric": "acc", "judge": None, "language": np.tile(CODES[:k], n),
            "item_id": np.repeat(items, k), "source_id": np.repeat(items, k), "value": values.ravel(),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def result():
    """Swahili regressed, German is noisy, the rest is ok."""
    rng = np.random.default_rng(0)
    old = (rng.random((300, 4)) < 0.7).astype(float)
    new = old.copy()
    new[rng.random(300) < 0.3, 2] = 0.0
    noisy = rng.permutation(np.flatnonzero(old[:, 0] == 1))[:50], rng.permutation(np.flatnonzero(old[:, 0] == 0))[:45]
    for place, value in zip(noisy, (0.0, 1.0), strict=True):
        new[place, 0] = value
    found = decide(pair_items(frame(old), frame(new)), GateSettings(rounds=999))
    return GateResult("main (runs/main)", "pr (runs/pr)", Outcome.REGRESSED, found)


def lines(figure):
    return [line for axes in figure.axes for line in axes.lines]


def test_checks_come_worst_first_with_the_colour_of_their_status(result):
    drawing = gate_chart(result)
    assert list(drawing.data["status"]) == [each.status for each in result.decision.verdicts]
    colours = {line.get_color() for line in lines(drawing.figure)}
    assert {VERMILLION, BLUE, GREY} <= colours
    written = [text.get_text() for axes in drawing.figure.axes for text in axes.texts]
    assert any("Swahili in mini" in text for text in written)
    assert written.index("Regressed (2)") < written.index("Within the margin (2)")
    assert any("(warns)" in text for text in written)


def test_floor_and_margin_stand_where_the_settings_put_them(result):
    marks = {
        round(float(line.get_xdata()[0]), 6) for line in lines(gate_chart(result).figure) if line.get_marker() == "|"
    }
    assert {-0.5, -2.0, -4.0} <= marks


def test_what_is_drawn_is_inside_the_axes(result):
    figure = gate_chart(result).figure
    plot = max(figure.axes, key=lambda axes: len(axes.lines))
    low, high = plot.get_xlim()
    for verdict in result.decision.verdicts:
        assert low <= verdict.low <= verdict.high <= high


def test_the_rest_is_counted(result):
    drawing = gate_chart(result, most=2)
    assert len(drawing.data) == 2
    assert "3 more checks, none worse, are not drawn." in drawing.caption
    assert "more checks" not in gate_chart(result).caption


@pytest.mark.parametrize("venue", ["acl-1col", "acl-2col", "slides"])
def test_it_fits_its_venue(result, boxes, venue):
    preset = find_venue(venue)
    for figure in gate_chart(result, venue=venue).figures:
        width, height = figure.get_size_inches()
        assert (width, height <= preset.height + 0.1) == (pytest.approx(preset.width), True)
        outside = [text for text, _, box in boxes(figure) if box.x0 < -1 or box.x1 > figure.bbox.x1 + 1]
        assert not outside


def test_the_same_result_gives_the_same_bytes(result):
    assert render(gate_chart(result).figure, "svg") == render(gate_chart(result).figure, "svg")


def test_nothing_comparable_is_an_error_that_says_where_to_look(result):
    note = incomparable_verdict("mini", "acc", None, "deu_Latn", note="template")
    empty = type(result.decision)((), result.decision.settings).with_verdicts([note])
    assert note.status == Status.INCOMPARABLE
    with pytest.raises(FigureError, match="no difference to draw"):
        gate_chart(GateResult("a", "b", Outcome.INCOMPARABLE, empty))
