"""The power curve: which differences do so many items detect?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import FigureError, check, number, numbers
from polyarena.reports.figures.legend import Key
from polyarena.reports.figures.style import GREY, SERIES_COLOURS, SERIES_MARKERS, house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.figures.xy_chart import Scale, xy_chart

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = ("items", "effect", "power")


def power_curve(
    powers: pd.DataFrame, *, venue: str = "page", target: float = 0.8, title: str = "", caption: str = ""
) -> Drawing:
    """Draw the chance of detecting a difference against its size, one line for each number of items.

    Args:
        powers: ``items`` (in each language), ``effect`` (0 to 1) and ``power`` (0 to 1); and ``confidence``,
            ``languages`` and ``sd`` if they are known. From :func:`polyarena.reports.figures.data.power_rows`.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        target: The power that a design should have; a dashed line.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column or any row, or has more than seven numbers of items.
    """
    frame = check(powers, "power", COLUMNS, ["power"])
    known = frame[list(COLUMNS)].map(number).notna().all(axis=1)
    frame = check(frame[known], "power", COLUMNS).sort_values(["items", "effect"])
    sizes = list(dict.fromkeys(int(n) for n in frame["items"]))
    if len(sizes) > len(SERIES_COLOURS):
        raise FigureError(
            f"a power figure tells {len(SERIES_COLOURS)} numbers of items apart", why=f"there are {len(sizes)}"
        )
    limits, ticks = nice_axis([100 * v for v in frame["effect"]])

    def draw(axes: Axes) -> None:
        axes.axhline(100 * target, color=GREY, linewidth=0.9, linestyle=(0, (3, 2)), zorder=1.5)
        for i, size in enumerate(sizes):
            own = frame[frame["items"] == size]
            axes.plot(100 * own["effect"], 100 * own["power"], color=SERIES_COLOURS[i], linewidth=1.2, zorder=3,
                      marker=SERIES_MARKERS[i], markersize=3, markevery=max(1, len(own) // 6))  # fmt: skip

    first = dict(frame.iloc[0])
    level, languages, sd = numbers(first, "confidence", "languages", "sd")
    told = [f"{100 * level:g}% two-sided intervals" if level else "", f"{languages:g} languages" if languages else "",
            f"standard deviation of an item's value {sd:.2f}" if sd else ""]  # fmt: skip
    words = title or "Power by size of the difference"
    chance = "Chance of an interval that excludes 0, by the true difference, for so many items in each language."
    design = f" {'; '.join(t for t in told if t)}." if any(told) else ""
    said = caption or f"{chance}{design} Dashed: {100 * target:g}%."
    keys = [Key(f"{size:,} items", SERIES_COLOURS[i], SERIES_MARKERS[i]) for i, size in enumerate(sizes)]
    with house_style():
        figure = xy_chart(Scale("true difference, points", limits, ticks),
                          Scale("detected, % of experiments", (-2, 102), (0, 25, 50, 75, 100)), draw, find_venue(venue),
                          keys=keys, title=words, caption=said)  # fmt: skip
    return Drawing((figure,), words, said, frame)
