"""The legend: one or more lines of signs with their meaning, above a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Rectangle

from polyarena.reports.figures.sheet import shorten, text_width, write
from polyarena.reports.figures.style import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Key:
    """One entry.

    Attributes:
        text: The meaning.
        colour: Of the sign.
        marker: Of matplotlib; ``bar`` for a filled box, ``line`` for a line.
        filled: Whether a marker is filled.
        hatch: Of a box.
    """

    text: str
    colour: str
    marker: str
    filled: bool = True
    hatch: str = ""


def key_lines(keys: Sequence[Key], width: float, size: float) -> list[list[tuple[float, Key]]]:
    """Distribute a legend over lines; each entry comes with its distance from the left, in inches."""
    lines: list[list[tuple[float, Key]]] = []
    x = width
    for key in keys:
        need = 1.7 * size / 72 + text_width(key.text, size)
        if not lines or x + need > width:
            lines.append([])
            x = 0.0
        lines[-1].append((x, key))
        x += need + 1.6 * size / 72
    return lines


def write_keys(page: Axes, keys: Sequence[tuple[float, Key]], y: float, size: float) -> None:
    """Draw one line of a legend.

    Args:
        page: Axes in inches.
        keys: Each with its left edge, in inches.
        y: Middle of the line, in inches.
        size: Of the letters, in points.
    """
    unit = size / 72
    for x, key in keys:
        face = key.colour if key.filled else "white"
        if key.marker == "bar":
            box = Rectangle((x, y - 0.4 * unit), 1.2 * unit, 0.8 * unit, facecolor=face, edgecolor="white",
                            linewidth=0, hatch=key.hatch or None)  # fmt: skip
            page.add_patch(box)
        elif key.marker == "line":
            page.plot([x, x + 1.2 * unit], [y, y], color=key.colour, linewidth=1.2)
        else:
            spot: dict[str, Any] = {"marker": key.marker, "color": key.colour, "markerfacecolor": face}
            page.plot([x + 0.6 * unit], [y], markersize=0.55 * size, zorder=3, **spot)
        room = page.get_xlim()[1] - x - 1.7 * unit
        write(page, x + 1.7 * unit, y, shorten(key.text, room, size), fontsize=size, color=GREY)
