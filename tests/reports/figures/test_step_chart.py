"""The step chart: text that stays clear of the axes, and the power of each step."""

import pandas as pd
import pytest
from every_case import every_case
from matplotlib.backends.backend_agg import FigureCanvasAgg

from polyarena.reports.figures.step_chart import step_chart

VENUES = ("page", "acl-1col", "acl-2col", "neurips")
VALUES = {
    "flat": [0.5, 0.5, 0.501],
    "rising": [0.5, 0.55, 0.6],
    "falling": [0.5, 0.44, 0.41],
    "far": [0.01, 0.5, 0.99],
}


def chart(values, venue="page", **columns):
    names = [f"stage {place}" for place in range(len(values))]
    return step_chart(pd.DataFrame({"stage": names, "value": values, **columns}), venue=venue)


@every_case("venue", VENUES)
@every_case("name", list(VALUES))
def test_no_text_touches_an_axis(venue, name):
    """The value under the lowest step lay on the axis of a narrow chart."""
    values = VALUES[name]
    figure = chart(
        values, venue, gain_low=[None, *(v - 0.1 for v in values[1:])], gain_high=[None, *(v + 0.1 for v in values[1:])]
    ).figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    axes = next(axes for axes in figure.axes if axes.texts and axes.lines)
    box = axes.get_window_extent(renderer)
    for text in axes.texts:
        if text.get_text():
            extent = text.get_window_extent(renderer)
            assert extent.y0 > box.y0
            assert extent.y1 < box.y1 + 1


def test_the_caption_names_what_each_step_would_have_shown():
    caption = chart(
        [0.5, 0.6], gain=[None, 0.1], gain_low=[None, 0.05], gain_high=[None, 0.15], detectable=[None, 0.07]
    ).caption
    assert "Gains found in 80% of such experiments: 7.0 for stage 1. " in caption


def test_without_the_power_the_caption_says_nothing_of_it():
    assert "80%" not in chart([0.5, 0.6]).caption


def test_a_single_stage_is_refused():
    with pytest.raises(Exception, match="two stages"):
        chart([0.5])
