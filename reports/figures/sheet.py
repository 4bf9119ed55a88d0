"""A blank sheet measured in inches, and text on it that is measured before it is placed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from polyarena.reports.figures.fonts import BASE, drawable, families_for
from polyarena.reports.figures.style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = 1.45
"""Distance of lines as a multiple of the font size."""

MIDDLE = 0.34
"""Height of the middle of letters and digits above the baseline, likewise."""


def new_sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure and axes that cover it, with x from the left and y from the top, both in inches."""
    figure = Figure(figsize=(width, height))
    page = figure.add_axes((0.0, 0.0, 1.0, 1.0), zorder=-1)
    page.set_axis_off()
    page.set_xlim(0, width)
    page.set_ylim(height, 0)
    return figure, page


def plot_area(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Return transparent axes at a place given in inches from the upper left corner; y runs downwards in inches."""
    total_width, total_height = figure.get_size_inches()
    box = (left / total_width, 1 - (top + height) / total_height, width / total_width, height / total_height)
    axes = figure.add_axes(box, facecolor="none")
    axes.set_ylim(height, 0)
    axes.yaxis.set_visible(False)
    return axes


def write(page: Axes, x: float, y: float, text: str, **how: Any) -> None:
    """Write one line whose letters are centred at ``y``; characters without a glyph become U+FFFD.

    What needs more than the base fonts is drawn as outlines, because embedded subsets of complex and CJK fonts come out
    wrong in some readers of PDF (seen: misplaced vowel signs, and warnings of a wrong font type).

    Args:
        page: From :func:`new_sheet`.
        x: Inches from the left.
        y: Inches from the top.
        text: What to write.
        **how: ``family`` (default: what the text needs), ``fontsize``, ``color``, ``weight``, ``ha``.
    """
    family = tuple(how.pop("family", None) or families_for(text))
    size = how.setdefault("fontsize", 8.0)
    how = {"color": INK, "va": "baseline", **how}
    line, baseline = drawable(text, family), y + MIDDLE * size / 72
    if set(family) <= set(BASE):
        page.text(x, baseline, line, family=list(family), **how)
        return
    fonts = FontProperties(family=list(family), weight=how.get("weight", "normal"))
    width = text_width(text, size, how.get("weight", "normal"), family)
    left = x - {"left": 0.0, "right": width}[how.get("ha", "left")]
    place = Affine2D().scale(1 / 72, -1 / 72).translate(left, baseline) + page.transData
    page.add_patch(PathPatch(TextPath((0, 0), line, size, fonts), transform=place, color=how["color"], linewidth=0))


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: str = "normal", family: tuple[str, ...] = ()) -> float:
    """Return the width of a text in inches, shaped as it will be drawn."""
    family = family or families_for(text)
    line = Text(0, 0, drawable(text, family), fontsize=size, fontweight=weight, family=list(family), parse_math=False)
    figure = Figure(dpi=72)
    figure.add_artist(line)
    renderer = RendererAgg(1, 1, 72)  # type: ignore[no-untyped-call]
    return float(line.get_window_extent(renderer).width) / 72


def wrap(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Break a text into lines no wider than ``width`` inches; a single word that is wider is cut with an ellipsis."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        fitted = shorten(word, width, size, weight)
        longer = f"{line} {fitted}" if line else fitted
        if line and text_width(longer, size, weight) > width:
            lines.append(line)
            longer = fitted
        line = longer
    return [*lines, line] if line else lines


def shorten(text: str, width: float, size: float, weight: str = "normal", family: tuple[str, ...] = ()) -> str:
    """Return ``text``, cut with an ellipsis if it is wider than ``width`` inches."""
    if text_width(text, size, weight, family) <= width:
        return text
    shortest, longest = 0, len(text)
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        fits = text_width(text[:middle] + "…", size, weight, family) <= width
        shortest, longest = (middle, longest) if fits else (shortest, middle - 1)
    return text[:shortest] + "…"
