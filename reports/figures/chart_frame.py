"""What every chart over languages has: title, columns of labelled rows, numbers at the right, a caption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Rectangle

from polyarena.reports.figures.columns import height, panels
from polyarena.reports.figures.sheet import LINE, new_sheet, plot_area, shorten, text_width, wrap, write
from polyarena.reports.figures.style import BAND, GREY, HAIRLINE, INK
from polyarena.reports.labels import Label
from polyarena.reports.rows import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN, GAP, GUTTER = 0.25, 0.12, 0.42
PLOT_WIDTH = {1: 3.1, 2: 2.3}
NARROWEST = 7.0
TITLE_SIZE, SUBTITLE_SIZE, LABEL_SIZE, NOTE_SIZE = 12.0, 8.5, 8.0, 6.8
WIDEST_NAME = 1.7
NARROW = 0.1
"""Number columns below this width (daggers) stand close to their neighbour; all widths are in inches."""


@dataclass(frozen=True, slots=True)
class Number:
    """A text at the right of a row."""

    text: str
    colour: str = INK


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of the legend above the rows."""

    text: str
    colour: str
    marker: str
    filled: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """All that is written around the rows.

    Attributes:
        title: One or more lines, wrapped.
        subtitle: Likewise.
        axis: What the horizontal axis shows.
        numbers: Heading of the numbers at the right.
        keys: The legend.
        caption: Below, wrapped.
    """

    title: str
    subtitle: str
    axis: str
    numbers: str
    keys: tuple[Key, ...]
    caption: str


Draw = Callable[["Axes", Row, float], None]
"""Draws the marks of one row at a height (inches from the top of the axes)."""


def chart_frame(
    rows: Sequence[Row],
    numbers: Sequence[Sequence[Number]],
    words: Words,
    limits: tuple[float, float],
    tick: float,
    reference: float | None,
    draw: Draw,
    columns: int,
) -> Figure:
    """Draw a whole chart.

    Args:
        rows: From :func:`polyarena.reports.rows.rows`.
        numbers: For each row, the texts at its right, one for each number column.
        words: Texts around the rows.
        limits: Of the horizontal axis.
        tick: Distance of its ticks.
        reference: Where a vertical line stands, such as 50.
        draw: Draws the marks of a row.
        columns: Columns of rows, 1 or 2.
    """
    shown = dict(zip(rows, numbers, strict=True))
    parts = panels(rows, columns)
    names = min(WIDEST_NAME, _widest([r.label.name for r in rows if r.label]))
    autonyms = min(WIDEST_NAME, max((_own_width(r.label) for r in rows if r.label), default=0.0))
    slots = [_widest([line[i].text for line in numbers]) for i in range(len(numbers[0]))]
    left = max(names + GAP + autonyms, max(text_width(r.title, LABEL_SIZE, "bold") for r in rows)) + GAP
    plot = PLOT_WIDTH[len(parts)]
    gaps = [GAP if slot > NARROW else GAP / 3 if slot else 0.0 for slot in slots]
    right = max(sum(slots) + sum(gaps), text_width(words.numbers, NOTE_SIZE) + GAP)
    plot = plot if len(parts) > 1 else max(plot, NARROWEST - 2 * MARGIN - left - right)
    panel = left + plot + right
    width = 2 * MARGIN + len(parts) * panel + (len(parts) - 1) * GUTTER
    inner = width - 2 * MARGIN

    title = wrap(words.title, inner, TITLE_SIZE, "bold")
    subtitle = wrap(words.subtitle, inner, SUBTITLE_SIZE)
    caption = wrap(words.caption, inner, NOTE_SIZE)
    keys = _key_lines(words.keys, inner)
    head = [*((t, TITLE_SIZE, "bold", INK) for t in title), *((t, SUBTITLE_SIZE, "normal", GREY) for t in subtitle)]
    top = MARGIN + sum(size * LINE / 72 for _, size, _, _ in head) + 0.06 + 0.2 * len(keys) + 0.26
    tall = max(sum(map(height, part)) for part in parts)
    figure, page = new_sheet(width, top + tall + 0.52 + len(caption) * NOTE_SIZE * LINE / 72 + MARGIN)

    y = MARGIN
    for line, size, weight, colour in head:
        write(page, MARGIN, y + size * LINE / 144, line, fontsize=size, weight=weight, color=colour)
        y += size * LINE / 72
    for i, line_keys in enumerate(keys):
        _write_keys(page, line_keys, y + 0.16 + 0.2 * i)
    for i, part in enumerate(parts):
        x = MARGIN + i * (panel + GUTTER)
        axes = plot_area(figure, x + left, top, plot, sum(map(height, part)))
        _dress(axes, limits, tick, reference, words.axis)
        ends = [x + panel - sum(slots[k + 1 :]) - sum(gaps[k + 1 :]) for k in range(len(slots))]
        end = max((e for e, slot in zip(ends, slots, strict=True) if slot > NARROW), default=x + panel)
        write(page, end, top - 0.12, words.numbers, fontsize=NOTE_SIZE, color=GREY, ha="right")
        below = 0.0
        for j, row in enumerate(part):
            middle = below + height(row) / 2 + (0.04 if row.kind == "tier" else 0)
            if row.kind == "language" and j % 2:
                page.add_patch(Rectangle((x - 0.05, top + below), panel + 0.1, height(row), color=BAND, linewidth=0))
            _write_row(page, row, x, top + middle, names)
            for number, end in zip(shown.get(row, ()), ends, strict=False):
                weight = "normal" if row.kind == "language" else "bold"
                how: dict[str, Any] = {"fontsize": LABEL_SIZE, "color": number.colour, "weight": weight, "ha": "right"}
                write(page, end, top + middle, number.text, **how)
            draw(axes, row, middle)
            below += height(row)
    y = top + tall + 0.52
    for line in caption:
        write(page, MARGIN, y + NOTE_SIZE * LINE / 144, line, fontsize=NOTE_SIZE, color=GREY)
        y += NOTE_SIZE * LINE / 72
    return figure


def _widest(texts: Sequence[str]) -> float:
    return max((text_width(text, LABEL_SIZE, "bold") for text in texts), default=0.0)


def _own_width(label: Label) -> float:
    return text_width(label.autonym, LABEL_SIZE, "normal", label.script)


def _write_row(page: Axes, row: Row, x: float, y: float, names: float) -> None:
    if row.label is None:
        write(page, x, y, row.title, fontsize=LABEL_SIZE, weight="bold")
        return
    name = shorten(row.label.name, names, LABEL_SIZE, "bold")
    write(page, x, y, name, fontsize=LABEL_SIZE)
    own = shorten(row.label.autonym, WIDEST_NAME, LABEL_SIZE, "normal", row.label.script)
    write(page, x + names + GAP, y, own, fontsize=LABEL_SIZE, color=GREY, script=row.label.script)


def _dress(axes: Axes, limits: tuple[float, float], tick: float, reference: float | None, title: str) -> None:
    from matplotlib.ticker import MultipleLocator

    axes.set_xlim(*limits)
    axes.xaxis.set_major_locator(MultipleLocator(tick))
    axes.grid(axis="x", color=HAIRLINE, linewidth=0.4)
    axes.set_axisbelow(True)
    if reference is not None:
        axes.axvline(reference, color=GREY, linewidth=0.9, linestyle=(0, (3, 2)), zorder=1.5)
    axes.set_xlabel(title, fontsize=NOTE_SIZE, labelpad=2)


def _key_lines(keys: Sequence[Key], width: float) -> list[list[tuple[float, Key]]]:
    """Distribute the legend over lines; each entry comes with its distance from the left."""
    lines: list[list[tuple[float, Key]]] = []
    x = width
    for key in keys:
        need = 0.13 + text_width(key.text, NOTE_SIZE) + 0.22
        if x + need - 0.22 > width:
            lines.append([])
            x = 0.0
        lines[-1].append((x, key))
        x += need
    return lines


def _write_keys(page: Axes, keys: Sequence[tuple[float, Key]], y: float) -> None:
    for x, key in keys:
        face = key.colour if key.filled else "white"
        spot: dict[str, Any] = {"marker": key.marker, "color": key.colour, "markerfacecolor": face, "markersize": 4.5}
        page.plot([MARGIN + x + 0.04], [y], zorder=3, **spot)
        write(page, MARGIN + x + 0.13, y, key.text, fontsize=NOTE_SIZE, color=GREY)
