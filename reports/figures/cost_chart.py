"""Quality against price, tokens or time: what does a point cost?"""

from __future__ import annotations

from math import ceil, floor, inf, log10
from typing import TYPE_CHECKING

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.captions import averages_sentence, interval_sentence
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import FigureError, check, numbers
from polyarena.reports.figures.style import BLUE, GREY, INK, house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.figures.xy_chart import Point, Scale, xy_chart
from polyarena.reports.labels import sentence_case

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = ("system", "value", "cost")

FRONTIER = (
    "On the dashed line, in blue: no other system is both better and cheaper. Marks without a name have no room for "
    "it; the data names them. "
)


def cost_chart(
    systems: pd.DataFrame,
    *,
    venue: str = "page",
    cost: str = "US dollars",
    what: str = "score, %",
    scale: float = 100.0,
    title: str = "",
    caption: str = "",
) -> Drawing:
    """Draw each system's quality against its cost; a stair joins those that no other beats in both.

    Args:
        systems: ``system``, ``value``, ``cost`` (any unit, more is worse); and ``low``, ``high`` if they are known.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        cost: What the column is, with the unit.
        what: Is measured, with the unit.
        scale: What values are multiplied with.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column, or no system has both numbers.
    """
    frame = check(systems, "cost", COLUMNS)
    rows = [row for row in frame.to_dict("records") if None not in numbers(row, "value", "cost")]
    if not rows:
        raise FigureError("a cost figure needs a system with a value and a cost", why="no system has both")
    ends = [end for row in rows for end in numbers(row, "value", "low", "high", scale=scale)]
    known = [end for end in ends if end is not None]
    # Room for names below, but no ticks where no value can be.
    bounds = (0.0 if min(known) >= 0 else -inf, scale if scale > 1 and max(known) <= scale else inf)
    y_limits, y_ticks = nice_axis([*known, min(known) - 0.08 * (max(known) - min(known))], bounds=bounds)
    costs = [float(row["cost"]) for row in rows]
    log = min(costs) > 0 and max(costs) / min(costs) > 20
    if log:
        first, last = floor(log10(min(costs))), ceil(log10(max(costs)))
        x = Scale(cost, (10.0**first / 1.2, 10.0**last * 1.2), tuple(10.0**e for e in range(first, last + 1)), log=True)
    else:
        limits, ticks = nice_axis(costs, include=(0.0,) if min(costs) >= 0 else ())
        x = Scale(cost, limits, ticks)
    best = _frontier([(float(row["cost"]), scale * float(row["value"]), str(row["system"])) for row in rows])

    stair = _stair(best, x.limits[1])

    def draw(axes: Axes) -> None:
        for row in rows:
            value, low, high = numbers(row, "value", "low", "high", scale=scale)
            if value is None:
                continue
            colour = BLUE if str(row["system"]) in {name for *_, name in best} else GREY
            if low is not None and high is not None:
                axes.plot([row["cost"]] * 2, [low, high], color=colour, linewidth=1.0, zorder=2)
            axes.plot([row["cost"]], [value], marker="o", color=colour, markersize=4, zorder=3)
        axes.plot(*zip(*stair, strict=True), color=BLUE, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1.5)

    names = [Point(float(row["cost"]), scale * float(row["value"]), str(row["system"]), INK) for row in rows]
    names.sort(key=lambda point: (point.name not in {name for *_, name in best}, -point.y, point.name))
    words = title or f"{sentence_case(what.partition(',')[0])} against {cost}"
    said = caption or (
        f"{sentence_case(what)} against {cost}. "
        + (FRONTIER if len(rows) > 1 else "")
        + interval_sentence(frame)
        + averages_sentence(frame)
    )
    with house_style():
        figure = xy_chart(x, Scale(what, y_limits, y_ticks), draw, find_venue(venue), points=names, stair=stair,
                          title=words, caption=said)  # fmt: skip
    return Drawing((figure,), words, said, frame)


def _frontier(systems: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """Return the systems that no other beats in cost and value, from the cheapest."""
    best: list[tuple[float, float, str]] = []
    for cost, value, name in sorted(systems, key=lambda s: (s[0], -s[1], s[2])):
        if not best or value > best[-1][1]:
            best.append((cost, value, name))
    return best


def _stair(best: list[tuple[float, float, str]], end: float) -> list[tuple[float, float]]:
    """Return the corners of the line along the best systems, to the right end of the axis."""
    corners: list[tuple[float, float]] = []
    for cost, value, _ in best:
        if corners:
            corners.append((cost, corners[-1][1]))
        corners.append((cost, value))
    return [*corners, (end, corners[-1][1])]
