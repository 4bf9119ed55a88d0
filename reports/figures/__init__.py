"""Figures for papers and reports, with every script drawn in its own letters.

Each kind of figure is one function from a tidy data frame to a :class:`Drawing` (figures, caption, data); :data:`KINDS`
lists them, :data:`VENUES` the widths they are drawn for. :func:`render` turns a figure into bytes. Nothing here reads
or writes a file. Importing this package imports matplotlib.
"""

from polyarena.reports.figures.agreement_chart import agreement_chart
from polyarena.reports.figures.charts import Chart, charts
from polyarena.reports.figures.cost_chart import cost_chart
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.fonts import MissingGlyphError, add_fonts
from polyarena.reports.figures.forest import forest
from polyarena.reports.figures.gate_chart import gate_chart
from polyarena.reports.figures.heat_map import heat_map
from polyarena.reports.figures.inputs import FigureError
from polyarena.reports.figures.judge_bias import judge_bias
from polyarena.reports.figures.kinds import KINDS, FigureKind
from polyarena.reports.figures.power_curve import power_curve
from polyarena.reports.figures.ranks import ranks
from polyarena.reports.figures.render import FORMATS, Format, render
from polyarena.reports.figures.resource_chart import resource_chart
from polyarena.reports.figures.score_chart import score_chart
from polyarena.reports.figures.sensitivity import sensitivity
from polyarena.reports.figures.step_chart import step_chart
from polyarena.reports.figures.venues import VENUES, Venue, find_venue
from polyarena.reports.figures.win_matrix import win_matrix
from polyarena.reports.figures.win_tie_loss import win_tie_loss

__all__ = [
    "FORMATS",
    "KINDS",
    "VENUES",
    "Chart",
    "Drawing",
    "FigureError",
    "FigureKind",
    "Format",
    "MissingGlyphError",
    "Venue",
    "add_fonts",
    "agreement_chart",
    "charts",
    "cost_chart",
    "find_venue",
    "forest",
    "gate_chart",
    "heat_map",
    "judge_bias",
    "power_curve",
    "ranks",
    "render",
    "resource_chart",
    "score_chart",
    "sensitivity",
    "step_chart",
    "win_matrix",
    "win_tie_loss",
]
