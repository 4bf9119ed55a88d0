"""The frame of charts with a row for each language or system: labels, plots side by side, numbers, legend, caption.

The width is the venue's and text keeps its size. Where rows are too many for the height, the chart gets several
columns of rows, then several figures; where plots side by side are too many for the width, numbers are shortened, then
left out (they are in the CSV), and the plots are spread over figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Literal

from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter

from polyarena.reports.figures.fonts import families_for
from polyarena.reports.figures.legend import Key, key_lines, write_keys
from polyarena.reports.figures.sheet import LINE, new_page, plot_area, shorten, text_width, wrap, wrap_name, write
from polyarena.reports.figures.style import BAND, GREY, HAIRLINE, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from polyarena.reports.figures.venues import Venue

Kind = Literal["average", "group", "item"]
UPWARDS = 0.25
"""Share of a figure's height that names of columns may take."""

PRINT_SIZE = 7.0
"""Points of text for which the sizes of marks are meant."""

HEIGHTS: dict[Kind, float] = {"average": 1.8, "group": 1.75, "item": 1.34}
"""Of a row, in font sizes."""

NO_NUMBERS = 99
"""A level beyond all texts at the right."""

MOST_PARTS = 2
"""Figures over which plots side by side are spread before languages lose their own names, which makes room."""

LONGEST_NAMES = 0.45
"""Share of the width that names may always take."""

MOST_NAMES = 0.6
"""Share that they take where plots and numbers do not need it."""

TITLE_LINES = 2
"""Of the title of a plot; the rest is cut."""

FEWEST_TOGETHER = 3
"""Rows that follow a heading in the same column."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row.

    Attributes:
        kind: ``average``, ``group`` (a heading, with or without an average of its own) or ``item``.
        key: What ``draw`` and ``numbers`` know it by.
        name: At the left.
        own_name: After it, in grey.
        script: Of ``own_name``, ISO 15924.
    """

    kind: Kind
    key: tuple[str, str]
    name: str
    own_name: str = ""
    script: str = ""


@dataclass(frozen=True)
class Facet:
    """One of the plots that stand side by side.

    Attributes:
        title: Above it; the system's name, say.
        axis: Below it: what is measured, with the unit.
        limits: Of its horizontal axis.
        ticks: On it.
        draw: Draws the marks of a row at a height, in inches from the top of the axes.
        numbers: From the fullest to the shortest text at the right of a row; none of them if there is no room.
        heading: Above the numbers, one for each.
        reference: Where a dashed line stands.
        least: The narrowest it may be, in font sizes.
        tick_texts: In place of the numbers of ticks; long ones are written upwards, above the plot.
    """

    title: str
    axis: str
    limits: tuple[float, float]
    ticks: tuple[float, ...]
    draw: Callable[[Axes, Entry, float], None]
    numbers: tuple[Callable[[Entry], str], ...] = ()
    heading: tuple[str, ...] = ()
    reference: float | None = None
    least: float = 10.0
    tick_texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Words:
    """What is written around the rows: ``title`` and ``caption`` only where the venue has words in the picture."""

    title: str
    caption: str
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True)
class _Layout:
    """Widths in inches, and how many plots and columns of rows a figure has."""

    names: float
    own: float
    numbers: tuple[float, ...]
    level: int
    plot: float
    columns: int
    starts: tuple[float, ...]


def row_chart(
    entries: Sequence[Entry], facets: Sequence[Facet], words: Words, venue: Venue, *, series: int = 1
) -> tuple[Figure, ...]:
    """Draw a chart; several figures where one has no room.

    Args:
        entries: Rows from the top.
        facets: Plots from the left; all have the same rows.
        words: Title, caption and legend.
        venue: Width, height and size of text.
        series: Marks drawn one above the other in a row, which makes rows taller.
    """
    parts = _parts(entries, facets, venue)
    if parts > MOST_PARTS:
        bare = [replace(entry, own_name="") for entry in entries]
        entries, parts = bare, _parts(bare, facets, venue)
    together = ceil(len(facets) / parts)
    return tuple(
        figure
        for start in range(0, len(facets), together)
        for figure in _pages(entries, facets[start : start + together], words, venue, series)
    )


def _parts(entries: Sequence[Entry], facets: Sequence[Facet], venue: Venue) -> int:
    """Return over how many figures plots side by side must be spread."""
    together = len(facets)
    while together > 1 and _layout(entries, facets[:together], venue, 1) is None:
        together -= 1
    return ceil(len(facets) / together)


def _pages(entries: Sequence[Entry], facets: Sequence[Facet], words: Words, venue: Venue, series: int) -> list[Figure]:
    unit = venue.size / 72
    heights = {kind: unit * (h + 0.35 * (series - 1)) for kind, h in HEIGHTS.items()}
    total = sum(heights[entry.kind] for entry in entries)
    columns, layout = 1, _layout(entries, facets, venue, 1) or _narrow(entries, facets, venue)
    while True:
        titles = _titles(facets, layout, venue)
        head = _head(words, facets, venue, layout, max(map(len, titles), default=0))
        room = venue.height - head - _foot(words, facets, venue)
        wider = _layout(entries, facets, venue, columns + 1) if total / columns > room else None
        if wider is None:
            break
        columns, layout = columns + 1, wider
    parts = columns * ceil(total / columns / room)
    panels = _split(entries, heights, room, parts)
    while panels is None:
        parts += columns
        panels = _split(entries, heights, room, parts)
    return [
        _figure(panels[start : start + columns], facets, words, venue, layout, heights, head, titles)
        for start in range(0, len(panels), columns)
    ]


def _layout(entries: Sequence[Entry], facets: Sequence[Facet], venue: Venue, columns: int) -> _Layout | None:
    """Return the layout with the most numbers that fits, or ``None`` if there is none."""
    unit = venue.size / 72
    width = (venue.width - (columns - 1) * 2 * unit) / columns
    names = max((text_width(e.name, venue.size) for e in entries if e.kind == "item"), default=0.0)
    own = max((text_width(e.own_name, venue.size, "normal", e.script) for e in entries if e.own_name), default=0.0)
    own = min(own, 0.3 * width) + unit if own else 0.0
    starts, ends = zip(*(_overhang(facet, venue.size) for facet in facets), strict=True)
    levels = max((len(facet.numbers) for facet in facets), default=0)
    for level in range(levels + 1):
        slots = tuple(_numbers_width(entries, facet, level, venue.size) for facet in facets)
        room = width - own - unit - sum(map(max, slots, ends)) - sum(starts[1:]) - unit * (len(facets) - 1)
        least = max(facet.least for facet in facets) * unit * (1.0 if level < levels else 0.8)
        spare = min(room - least * len(facets), MOST_NAMES * width)
        shown = min(names, max(LONGEST_NAMES * width, spare))
        if (plot := (room - shown) / len(facets)) >= least - 1e-9:
            return _Layout(shown, own, tuple(map(max, slots, ends)), level, plot, columns, starts)
    return None


def _narrow(entries: Sequence[Entry], facets: Sequence[Facet], venue: Venue) -> _Layout:
    """Return a layout for names that are too long for the venue: they are cut, and own names go."""
    unit = venue.size / 72
    names = min(max((text_width(e.name, venue.size) for e in entries), default=0.0), 0.4 * venue.width)
    starts, ends = zip(*(_overhang(facet, venue.size) for facet in facets), strict=True)
    plot = (venue.width - names - unit * len(facets) - sum(ends) - sum(starts[1:])) / len(facets)
    return _Layout(names, 0.0, ends, NO_NUMBERS, plot, 1, starts)


def _overhang(facet: Facet, size: float) -> tuple[float, float]:
    """Return how far the first and the last tick's text reach beyond the plot."""
    if facet.tick_texts or not facet.ticks:
        return 0.0, 0.0
    first, last = (text_width(_tick(tick), size) / 2 for tick in (facet.ticks[0], facet.ticks[-1]))
    return first, last


def _numbers_width(entries: Sequence[Entry], facet: Facet, level: int, size: float) -> float:
    if level >= len(facet.numbers):
        return 0.0
    widths = [text_width(facet.numbers[level](e), size, "normal" if e.kind == "item" else "bold") for e in entries]
    heading = text_width(facet.heading[level], size) if level < len(facet.heading) else 0.0
    return max([*widths, heading]) + 0.7 * size / 72


def _split(entries: Sequence[Entry], heights: dict[Kind, float], room: float, parts: int) -> list[list[Entry]] | None:
    """Cut rows into at most ``parts`` columns of about the same height; ``None`` if they need more."""
    row = heights["item"]
    target = min(room, sum(heights[e.kind] for e in entries) / parts)
    while target <= room + 1e-9:
        panels = _fill(entries, heights, target)
        if len(panels) <= parts:
            return panels
        target += row / 2
    panels = _fill(entries, heights, room)
    return panels if len(panels) <= parts else None


def _fill(entries: Sequence[Entry], heights: dict[Kind, float], target: float) -> list[list[Entry]]:
    panels: list[list[Entry]] = [[]]
    filled = 0.0
    heading: Entry | None = None
    for i, entry in enumerate(entries):
        need = heights[entry.kind]
        if entry.kind == "group":
            heading = entry
            need += sum(heights[e.kind] for e in entries[i + 1 : i + FEWEST_TOGETHER])
        if panels[-1] and filled + need > target + 1e-9:
            panels.append([])
            filled = 0.0
            if entry.kind == "item" and heading is not None:
                again = replace(heading, name=f"{heading.name}, continued", key=("", ""))
                panels[-1].append(again)
                filled += heights["group"]
        panels[-1].append(entry)
        filled += heights[entry.kind]
    return panels


def _titles(facets: Sequence[Facet], layout: _Layout, venue: Venue) -> list[list[str]]:
    """Return the lines of each plot's title; that of a single plot may stand above the names as well."""
    if len(facets) == 1 and layout.columns == 1:
        room = 0.95 * venue.width
        return [[shorten(facet.title, room, venue.size, "bold")] if facet.title else [] for facet in facets]
    return [
        wrap_name(facet.title, layout.plot + slot, venue.size, "bold", most=TITLE_LINES)
        for facet, slot in zip(facets, layout.numbers, strict=True)
    ]


def _head(words: Words, facets: Sequence[Facet], venue: Venue, layout: _Layout, lines: int) -> float:
    """Return the height above the plots: title, legend, names of the plots, headings of the numbers."""
    unit = venue.size / 72
    title = len(wrap(words.title, venue.width, venue.size + 3, "bold")) * (venue.size + 3) * LINE / 72
    rows = len(key_lines(words.keys, venue.width, venue.size)) * LINE * unit
    names = lines * LINE * unit
    columns = [
        unit if _fits_across(facet, layout, venue.size) else min(text_width(text, venue.size), UPWARDS * venue.height)
        for facet in facets
        for text in facet.tick_texts
    ]
    upwards = max(columns, default=0.0)
    headings = LINE * unit if any(_heading(facet, layout.level) for facet in facets) else 0.0
    return (title if venue.words else 0.0) + rows + names + max(headings, upwards + 0.4 * unit) + 0.2 * unit


def _fits_across(facet: Facet, layout: _Layout, size: float) -> bool:
    """Return whether the names of the columns fit above them without being turned."""
    room = layout.plot / max(len(facet.tick_texts), 1) - 0.5 * size / 72
    return all(text_width(text, size) <= room for text in facet.tick_texts)


def _foot(words: Words, facets: Sequence[Facet], venue: Venue) -> float:
    unit = venue.size / 72
    axis = 3.1 * unit if any(facet.axis or not facet.tick_texts for facet in facets) else 0.3 * unit
    caption = len(wrap(words.caption, venue.width, venue.size)) * LINE * unit + unit if venue.words else 0.0
    return axis + caption


def _figure(
    panels: Sequence[Sequence[Entry]],
    facets: Sequence[Facet],
    words: Words,
    venue: Venue,
    layout: _Layout,
    heights: dict[Kind, float],
    head: float,
    titles: Sequence[Sequence[str]],
) -> Figure:
    unit, size = venue.size / 72, venue.size
    tall = max(sum(heights[e.kind] for e in panel) for panel in panels)
    figure, page = new_page(venue.width, head + tall + _foot(words, facets, venue))
    y = 0.0
    for line in wrap(words.title, venue.width, size + 3, "bold") if venue.words else ():
        write(page, 0.0, y + (size + 3) * LINE / 144, line, fontsize=size + 3, weight="bold")
        y += (size + 3) * LINE / 72
    for keys in key_lines(words.keys, venue.width, size):
        write_keys(page, keys, y + LINE * unit / 2, size)
        y += LINE * unit
    panel_width = (venue.width - (layout.columns - 1) * 2 * unit) / layout.columns
    for number, panel in enumerate(panels):
        left = number * (panel_width + 2 * unit)
        _labels(page, panel, left, head, panel_width, layout, heights, size)
        x = left + layout.names + layout.own + unit
        for i, (facet, slot) in enumerate(zip(facets, layout.numbers, strict=True)):
            x += layout.starts[i] if i else 0.0
            height = sum(heights[e.kind] for e in panel)
            axes = plot_area(figure, x, head, layout.plot, height)
            _dress(axes, facet, size, layout.plot)
            _above(page, facet, titles[i], x, head, layout, slot, venue)
            below = 0.0
            for entry in panel:
                middle = below + heights[entry.kind] / 2
                facet.draw(axes, entry, middle)
                if layout.level < len(facet.numbers) and (text := facet.numbers[layout.level](entry)):
                    weight = "normal" if entry.kind == "item" else "bold"
                    write(page, x + layout.plot + slot, head + middle, text, fontsize=size, weight=weight, ha="right")
                below += heights[entry.kind]
            if facet.axis:
                under = head + height + 2.4 * unit
                text = shorten(facet.axis, layout.plot + slot + layout.starts[i], size)
                wide = text_width(text, size)
                end = x + layout.plot + slot
                at = min(x + (layout.plot - wide) / 2, end - wide)
                write(page, max(at, x - layout.starts[i]), under, text, fontsize=size, color=GREY)
            x += layout.plot + slot + unit
            _scale(axes, size / PRINT_SIZE)
    y = head + tall + 3.6 * unit
    for line in wrap(words.caption, venue.width, size) if venue.words else ():
        write(page, 0.0, y + unit * LINE / 2, line, fontsize=size, color=GREY)
        y += LINE * unit
    return figure


def _labels(
    page: Axes,
    panel: Sequence[Entry],
    left: float,
    top: float,
    width: float,
    layout: _Layout,
    heights: dict[Kind, float],
    size: float,
) -> None:
    below, striped = top, False
    for entry in panel:
        height = heights[entry.kind]
        striped = entry.kind == "item" and not striped
        if striped:
            page.add_patch(Rectangle((left, below), width, height, color=BAND, linewidth=0))
        middle = below + height / 2
        if entry.kind == "item":
            write(page, left, middle, shorten(entry.name, layout.names, size), fontsize=size)
            if entry.own_name and layout.own:
                own = shorten(entry.own_name, layout.own, size, "normal", entry.script)
                x = left + layout.names + size / 72
                write(page, x, middle, own, fontsize=size, color=GREY, script=entry.script)
        else:
            room = layout.names + layout.own + size / 144
            write(page, left, middle, shorten(entry.name, room, size, "bold"), fontsize=size, weight="bold")
        below += height


def _above(
    page: Axes,
    facet: Facet,
    title: Sequence[str],
    x: float,
    top: float,
    layout: _Layout,
    slot: float,
    venue: Venue,
) -> None:
    size, unit = venue.size, venue.size / 72
    if facet.tick_texts:
        low, high = facet.limits
        for place, text in zip(facet.ticks, facet.tick_texts, strict=True):
            at = x + layout.plot * (place - low) / (high - low)
            if _fits_across(facet, layout, size):
                write(page, at, top - 0.7 * unit, text, fontsize=size, ha="center")
                continue
            text = shorten(text, UPWARDS * venue.height, size)
            page.text(at, top - 0.4 * unit, text, rotation=90, ha="center", va="bottom", fontsize=size, color=INK,
                      family=_families(text))  # fmt: skip
    elif text := _heading(facet, layout.level):
        write(page, x + layout.plot + slot, top - 0.7 * unit, text, fontsize=size, color=GREY, ha="right")
    lift = 0.7 + LINE if _heading(facet, layout.level) else 0.7
    for above, line in enumerate(reversed(title)):
        end = x + layout.plot + slot
        at, side = (x, "left") if text_width(line, size, "bold") <= end - x else (end, "right")
        write(page, at, top - (lift + LINE * above) * unit, line, fontsize=size, weight="bold", ha=side)


def _heading(facet: Facet, level: int) -> str:
    return facet.heading[level] if level < len(facet.heading) else ""


def _families(text: str) -> list[str]:
    return list(families_for(text))


def _readable(ticks: Sequence[float], limits: tuple[float, float], size: float, width: float) -> list[float]:
    """Return every tick, or every second one or fewer, so that their texts do not touch."""
    each = max((text_width(_tick(tick), size) for tick in ticks), default=0.0) + 0.5 * size / 72
    for step in range(1, len(ticks) + 1):
        chosen = list(ticks[::step])
        if len(chosen) < 2 or width * (chosen[1] - chosen[0]) / (limits[1] - limits[0]) >= each:
            return chosen
    return list(ticks[:1])


def _tick(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _scale(axes: Axes, factor: float) -> None:
    """Draw marks as much larger as the text is."""
    for line in axes.lines:
        line.set_linewidth(line.get_linewidth() * factor)
        line.set_markersize(line.get_markersize() * factor)
        line.set_markeredgewidth(line.get_markeredgewidth() * factor)


def _dress(axes: Axes, facet: Facet, size: float, width: float) -> None:
    axes.set_xlim(*facet.limits)
    axes.xaxis.set_major_locator(FixedLocator(_readable(facet.ticks, facet.limits, size, width)))
    if facet.tick_texts:
        axes.xaxis.set_visible(False)
        return
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    axes.tick_params(axis="x", labelsize=size, pad=2)
    axes.grid(axis="x", color=HAIRLINE, linewidth=0.4)
    axes.set_axisbelow(True)
    if facet.reference is not None:
        axes.axvline(facet.reference, color=GREY, linewidth=0.9, linestyle=(0, (3, 2)), zorder=1.5)
