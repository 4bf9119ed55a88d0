"""A blank sheet measured in inches, and text on it that is measured before it is placed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from polyarena.reports.figures.fonts import families_for, needs_outlines, one_line
from polyarena.reports.figures.style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = 1.45
"""Distance of lines as a multiple of the font size."""

FINE_DPI = 720
"""Of measuring: widths come in whole pixels."""

MIDDLE = 0.34
"""Height of the middle of letters and digits above the baseline, likewise."""


def new_page(width: float, height: float) -> tuple[Figure, Axes]:
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


def write(page: Axes, x: float, y: float, text: str, *, script: str = "", **how: Any) -> None:
    """Write one line whose letters are centred at ``y``.

    Scripts that are shaped are drawn as outlines: matplotlib 3.11.2 puts their glyphs at wrong places in PDF (seen in
    Arabic, Hebrew and Odia with poppler, MuPDF and PDFium alike). All others are text in embedded fonts.

    Args:
        page: From :func:`new_page`.
        x: Inches from the left.
        y: Inches from the top.
        text: What to write.
        script: ISO 15924, where it is known (see :func:`polyarena.reports.figures.fonts.families_for`).
        **how: ``fontsize``, ``color``, ``weight``, ``ha``.

    Raises:
        MissingGlyphError: No font has one of the characters.
    """
    size = how.setdefault("fontsize", 8.0)
    line = one_line(text)
    family = families_for(line, script)
    how = {"color": INK, "va": "baseline", "ha": "left", "weight": "normal", **how}
    baseline = y + MIDDLE * size / 72
    if not needs_outlines(line):
        page.text(x, baseline, line, family=list(family), **how)
        return
    fonts = FontProperties(family=list(family), weight=how["weight"])
    width = text_width(text, size, how["weight"], script)
    left = x - {"left": 0.0, "center": width / 2, "right": width}[how["ha"]]
    place = Affine2D().scale(1 / 72, -1 / 72).translate(left, baseline) + page.transData
    page.add_patch(PathPatch(TextPath((0, 0), line, size, fonts), transform=place, color=how["color"], linewidth=0))


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: str = "normal", script: str = "") -> float:
    """Return the width of a text in inches, shaped as it will be drawn.

    Args:
        text: The text; line breaks count as spaces.
        size: In points.
        weight: Of the font.
        script: ISO 15924, where the text alone does not say it.
    """
    line = one_line(text)
    family = list(families_for(line, script))
    drawn = Text(0, 0, line, fontsize=size, fontweight=weight, family=family, parse_math=False)
    figure = Figure(dpi=FINE_DPI)
    figure.add_artist(drawn)
    renderer = RendererAgg(1, 1, FINE_DPI)  # type: ignore[no-untyped-call]
    return float(drawn.get_window_extent(renderer).width) / FINE_DPI


def wrap(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Break a text into lines no wider than ``width`` inches; a single word that is wider is cut with an ellipsis.

    Args:
        text: The text.
        width: In inches.
        size: In points.
        weight: Of the font.
    """
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


def wrap_name(text: str, width: float, size: float, weight: str = "normal", *, most: int = 2) -> list[str]:
    """Break a name, also after its hyphens, into at most ``most`` lines; what does not fit is cut with an ellipsis.

    Args:
        text: The name.
        width: In inches.
        size: In points.
        weight: Of the font.
        most: Lines.
    """
    parts = [part for word in text.split() for part in re.split(r"(?<=[-_/])(?=.)", f"{word} ")]
    lines: list[str] = []
    line = ""
    for i, part in enumerate(parts):
        if line and text_width(f"{line}{part}".rstrip(), size, weight) > width:
            if len(lines) == most - 1:
                line = "".join([line, *parts[i:]])
                break
            lines.append(line)
            line = ""
        line += part
    return [shorten(found.rstrip(), width, size, weight) for found in [*lines, line] if found]


def shorten(text: str, width: float, size: float, weight: str = "normal", script: str = "") -> str:
    """Return ``text``, cut with an ellipsis if it is wider than ``width`` inches.

    Args:
        text: The text.
        width: In inches.
        size: In points.
        weight: Of the font.
        script: ISO 15924, where the text alone does not say it.
    """
    if text_width(text, size, weight, script) <= width:
        return text
    shortest, longest = 0, len(text)
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        fits = text_width(text[:middle] + "…", size, weight, script) <= width
        shortest, longest = (middle, longest) if fits else (shortest, middle - 1)
    return text[:shortest] + "…"
