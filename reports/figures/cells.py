"""Coloured cells with a number in each, in rows of a chart; spread over figures where columns are too many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from matplotlib import colormaps
from matplotlib.patches import Rectangle

from polyarena.reports.figures.row_chart import Entry, Facet, Words, row_chart
from polyarena.reports.figures.sheet import text_width
from polyarena.reports.figures.style import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from polyarena.reports.figures.venues import Venue

CELL = 3.0
"""Width of a column in font sizes: four characters and a margin."""

PALEST = 0.12
"""Where in the colour map the lowest value lies; below it, colours cannot be told apart."""

At = Callable[[Entry, str], float | None]


def cell_charts(
    entries: Sequence[Entry],
    columns: Sequence[str],
    at: At,
    words: Words,
    venue: Venue,
    *,
    limits: tuple[float, float],
    titles: Sequence[str] | None = None,
) -> tuple[Figure, ...]:
    """Draw a cell for each row and column, coloured from ``limits`` and with its value.

    Args:
        entries: Rows.
        columns: Keys of the columns.
        at: The value of a cell; ``None`` gives a dash.
        words: Title, caption and legend.
        venue: Width and size of text.
        limits: Values of the darkest and of the lightest colour.
        titles: Of the columns; by default their keys.
    """
    names = dict(zip(columns, titles or columns, strict=True))
    unit = venue.size / 72
    labels = max(
        text_width(e.name, venue.size) + text_width(e.own_name, venue.size, "normal", e.script) for e in entries
    )
    room = max(1, int((venue.width - min(labels + 3 * unit, 0.6 * venue.width)) / (CELL * unit)))
    each = ceil(len(columns) / ceil(len(columns) / room))
    figures: list[Figure] = []
    for start in range(0, len(columns), each):
        part = list(columns[start : start + each])
        ticks = tuple(place + 0.5 for place in range(len(part)))
        facet = Facet("", "", (0, len(part)), ticks, _drawing(part, at, limits, venue.size), least=CELL * len(part),
                      tick_texts=tuple(names[column] for column in part))  # fmt: skip
        figures += row_chart(entries, [facet], words, venue)
    return tuple(figures)


def text_colour(face: Sequence[float]) -> str:
    """Return white or black, whichever has the higher contrast on a colour; it is never below 4.5:1 (WCAG 2.2, 1.4.3).

    Args:
        face: Red, green and blue of the cell, from 0 to 1.
    """
    luminance = relative_luminance(face)
    # Their contrasts are 1.05 / (L + 0.05) and (L + 0.05) / 0.05. A dark grey in place of black would fall below 4.5:1.
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "black"


def relative_luminance(colour: Sequence[float]) -> float:
    """Return the relative luminance of an sRGB colour, from 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _drawing(
    columns: Sequence[str], at: At, limits: tuple[float, float], size: float
) -> Callable[[Axes, Entry, float], None]:
    low, high = limits
    colours = colormaps["cividis"]
    half = 0.67 * size / 72

    def draw(axes: Axes, entry: Entry, y: float) -> None:
        text: dict[str, Any] = {"fontsize": size, "ha": "center", "va": "baseline"}
        for place, column in enumerate(columns):
            value = at(entry, column)
            if value is None:
                if entry.kind == "item":
                    axes.text(place + 0.5, y + 0.34 * size / 72, "–", color=GREY, **text)
                continue
            share = min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5
            face = colours(PALEST + (1 - PALEST) * share)
            box = Rectangle((place, y - half), 1, 2 * half, facecolor=face, edgecolor="white", linewidth=0.4)
            # Unlike `add_patch`, it does not look at the limits, which are known.
            axes.add_artist(box)
            axes.text(place + 0.5, y + 0.34 * size / 72, f"{value:.1f}".replace("-", "−"),
                      color=text_colour(face), weight="normal" if entry.kind == "item" else "bold",
                      **text)  # fmt: skip

    return draw
