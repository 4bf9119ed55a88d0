"""The frame of charts with two axes: margins measured from the labels, legend above, no text rotated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter

from polyarena.reports.figures.fonts import families_for, one_line
from polyarena.reports.figures.legend import Key, key_lines, write_keys
from polyarena.reports.figures.sheet import LINE, new_page, plot_area, shorten, text_width, wrap, write
from polyarena.reports.figures.style import GREY, HAIRLINE, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from polyarena.reports.figures.venues import Venue


Box = tuple[float, float, float, float]
"""Left, lower, right and upper end, in inches from the lower left corner of the axes."""


@dataclass(frozen=True)
class Scale:
    """One axis.

    Attributes:
        label: With its unit.
        limits: Lower and upper.
        ticks: On it.
        texts: In place of the numbers of ticks.
        log: Whether it is logarithmic.
    """

    label: str
    limits: tuple[float, float]
    ticks: tuple[float, ...]
    texts: tuple[str, ...] = ()
    log: bool = False

    def text(self, value: float) -> str:
        """Return what is written at a tick."""
        if self.texts:
            return self.texts[min(range(len(self.ticks)), key=lambda i: abs(self.ticks[i] - value))]
        return f"{value:,.6g}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Point:
    """A mark that may be named: its place in the units of the axes, and its name."""

    x: float
    y: float
    name: str
    colour: str = INK


def xy_chart(
    x: Scale,
    y: Scale,
    draw: Callable[[Axes], None],
    venue: Venue,
    *,
    keys: Sequence[Key] = (),
    points: Sequence[Point] = (),
    stair: Sequence[tuple[float, float]] = (),
    title: str = "",
    caption: str = "",
    ratio: float = 0.62,
) -> Figure:
    """Draw a chart as wide as the venue.

    Args:
        x: Horizontal axis.
        y: Vertical axis; its label stands above it.
        draw: Draws everything on the axes.
        venue: Width and size of text.
        keys: Legend.
        points: Marks to name, the most important first; a name that would cover another one, or a mark, is left out.
        stair: Corners of a line of horizontal and vertical parts, which names cross only where there is no other place.
        title: In the picture only where the venue has words.
        caption: Likewise.
        ratio: Height of the plot by its width.
    """
    size, unit = venue.size, venue.size / 72
    left = max(text_width(y.text(tick), size) for tick in y.ticks) + 0.9 * unit
    right = max(text_width(x.text(x.ticks[-1]), size) / 2, 0.3 * unit)
    width = venue.width - left - right
    height = min(width * ratio, venue.height - 8 * unit)
    titles = wrap(title, venue.width, size + 3, "bold") if venue.words else []
    captions = wrap(caption, venue.width, size) if venue.words else []
    lines = key_lines(keys, venue.width, size)
    top = len(titles) * (size + 3) * LINE / 72 + (len(lines) + 1) * LINE * unit + 0.4 * unit
    foot = (2.0 + 1.2 * max(text.count("\n") + 1 for text in ("", *x.texts)) + (0.2 if x.label else -0.7)) * unit
    figure, page = new_page(venue.width, top + height + foot + len(captions) * LINE * unit)
    at = 0.0
    for line in titles:
        write(page, 0.0, at + (size + 3) * LINE / 144, line, fontsize=size + 3, weight="bold")
        at += (size + 3) * LINE / 72
    for keys_of_line in lines:
        write_keys(page, keys_of_line, at + LINE * unit / 2, size)
        at += LINE * unit
    write(page, 0.0, at + LINE * unit / 2, shorten(y.label, venue.width, size), fontsize=size, color=GREY)
    axes = plot_area(figure, left, top, width, height)
    _dress(axes, x, y, size)
    draw(axes)
    name_points(axes, points, size, (width, height), stair)
    under = top + height + foot - 0.9 * unit
    label = shorten(x.label, venue.width, size)
    write(page, left + max(0.0, (width - text_width(label, size)) / 2), under, label, fontsize=size, color=GREY)
    at = top + height + foot
    for line in captions:
        write(page, 0.0, at + LINE * unit / 2, line, fontsize=size, color=GREY)
        at += LINE * unit
    return figure


def _dress(axes: Axes, x: Scale, y: Scale, size: float) -> None:
    axes.yaxis.set_visible(True)
    for scale, axis, set_scale, set_limits in (
        (x, axes.xaxis, axes.set_xscale, axes.set_xlim),
        (y, axes.yaxis, axes.set_yscale, axes.set_ylim),
    ):
        if scale.log:
            set_scale("log")
            axis.minorticks_off()
        set_limits(*scale.limits)
        axis.set_major_locator(FixedLocator(list(scale.ticks)))
        axis.set_major_formatter(FuncFormatter(lambda value, _, scale=scale: scale.text(value)))
    axes.tick_params(labelsize=size, labelcolor=GREY, color=HAIRLINE, pad=2, length=2.5, width=0.6)
    axes.grid(color=HAIRLINE, linewidth=0.4)
    axes.set_axisbelow(True)


def name_points(
    axes: Axes,
    points: Sequence[Point],
    size: float,
    inches: tuple[float, float],
    stair: Sequence[tuple[float, float]] = (),
) -> None:
    """Write names beside points, each at the first of eight places where it covers nothing.

    Args:
        axes: With limits set.
        points: In order of importance.
        size: Of text.
        inches: Width and height of the axes.
        stair: See :func:`xy_chart`.
    """
    unit = size / 72
    to_axes = axes.transData + axes.transAxes.inverted()

    def place(x: float, y: float) -> tuple[float, float]:
        across, up = to_axes.transform((x, y))
        return inches[0] * across, inches[1] * up

    places = [(point, *place(point.x, point.y)) for point in points]
    taken = [_around(px, py, px, py, 0.25 * unit) for _, px, py in places]
    corners = [place(x, y) for x, y in stair]
    line = [
        _around(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by), 0.05 * unit)
        for (ax, ay), (bx, by) in pairwise(corners)
    ]
    for keep_off in (line, []):
        unnamed = []
        for point, px, py in places:
            if (box := _free_box(point.name, px, py, size, inches, [*taken, *keep_off])) is None:
                unnamed.append((point, px, py))
                continue
            taken.append(box)
            if not keep_off:
                _blank(axes, box, inches)
            _write_name(axes, box[0] / inches[0], (box[1] + 0.25 * unit) / inches[1], point, size)
        places = unnamed


def _free_box(
    name: str, px: float, py: float, size: float, inches: tuple[float, float], taken: Sequence[Box]
) -> Box | None:
    """Return the first of eight places beside a point at which its name covers nothing."""
    unit = size / 72
    wide, tall = text_width(name, size), 1.05 * unit
    for left, low in (
        (px + 0.5 * unit, py - tall / 2),
        (px - wide - 0.5 * unit, py - tall / 2),
        (px - wide / 2, py + 0.5 * unit),
        (px - wide / 2, py - tall - 0.5 * unit),
        (px + 0.3 * unit, py + 0.35 * unit),
        (px + 0.3 * unit, py - tall - 0.35 * unit),
        (px - wide - 0.3 * unit, py + 0.35 * unit),
        (px - wide - 0.3 * unit, py - tall - 0.35 * unit),
    ):
        box = (left, low, left + wide, low + tall)
        inside = left >= 0 and low >= 0 and box[2] <= inches[0] and box[3] <= inches[1]
        if inside and not any(_touch(box, other) for other in taken):
            return box
    return None


def _around(x0: float, y0: float, x1: float, y1: float, margin: float) -> Box:
    return x0 - margin, y0 - margin, x1 + margin, y1 + margin


def _blank(axes: Axes, box: Box, inches: tuple[float, float]) -> None:
    """Interrupt the line under a name."""
    (left, low, right, high), (width, height) = box, inches
    axes.add_patch(Rectangle((left / width, low / height), (right - left) / width, (high - low) / height,
                             transform=axes.transAxes, facecolor="white", linewidth=0, zorder=1.6))  # fmt: skip


def _write_name(axes: Axes, x: float, y: float, point: Point, size: float) -> None:
    line = one_line(point.name)
    axes.text(x, y, line, transform=axes.transAxes, fontsize=size, color=point.colour, va="baseline",
              family=list(families_for(line)))  # fmt: skip


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
