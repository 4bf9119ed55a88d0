"""Score against resource: who is left behind?"""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.captions import interval_sentence, items_sentence, judge_sentence
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import FigureError, check, number, numbers
from polyarena.reports.figures.legend import Key
from polyarena.reports.figures.style import SERIES_COLOURS, SERIES_MARKERS, house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.figures.xy_chart import Point, Scale, xy_chart
from polyarena.reports.labels import language_label, sentence_case

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ("system", "group", "value", "resource")
STEPS = ("high", "mid", "low")
MOST_CLASSES = 8
"""Different numbers that are taken as classes, whose languages stand beside each other."""

MEAN = 0.38
"""Where in its lane the mean of a tier stands, from the middle: at the right of the languages."""

ROUNDS = 2_000
"""Of the bootstrap of the line's band, over languages."""


def resource_chart(
    estimates: pd.DataFrame,
    *,
    venue: str = "page",
    resource: str = "resource tier",
    what: str = "score, %",
    scale: float = 100.0,
    log: bool = False,
    title: str = "",
    caption: str = "",
) -> Drawing:
    """Draw each language's number against its resource, with a line and its band, or the means of steps.

    Args:
        estimates: Rows of languages with a column ``resource``: numbers (speakers, tokens per sentence, Joshi class),
            or the tiers ``high``, ``mid`` and ``low``. Up to seven systems. Where many languages share a resource,
            they stand beside each other in the order of their values.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        resource: What the column is.
        what: Is measured, with the unit.
        scale: What values are multiplied with.
        log: Whether the axis of the resource is logarithmic; the line is then straight in the logarithm.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column, fewer than three languages have both numbers, a tier is unknown, or
            systems are too many to be told apart.
    """
    frame = check(estimates, "resource", COLUMNS)
    frame = frame[frame["level"] == "language"] if "level" in frame.columns else frame
    frame = frame[frame["value"].map(number).notna() & frame["resource"].notna() & (frame["resource"] != "")]
    if frame["group"].nunique() < 3:
        raise FigureError("a resource figure needs three languages with a number and a resource",
                          why=f"{frame['group'].nunique()} have both")  # fmt: skip
    systems = list(dict.fromkeys(map(str, frame["system"])))
    steps = not all(number(value) is not None for value in frame["resource"])
    tiers = _tiers(frame) if steps else ()
    spots = [tiers.index(str(value)) if steps else number(value) for value in frame["resource"]]
    frame = frame.assign(_x=pd.Series(spots, index=frame.index, dtype=float))
    _refuse(frame, systems, log=log)
    lane = _lane(frame, systems, steps=steps)
    frame = frame.assign(_at=_side_by_side(frame, systems, lane, steps=steps))
    rows = frame.to_dict("records")
    ends = [end for row in rows for end in numbers(row, "value", "low", "high", scale=scale)]
    y_limits, y_ticks = nice_axis(ends)
    x = _resource_scale(resource, [float(v) for v in frame["_at"]], tiers, log=log)
    found = find_venue(venue)
    curves = {name: _curve(frame[frame["system"] == name], scale, steps=steps, log=log) for name in systems}

    def draw(axes: Axes) -> None:
        for i, name in enumerate(systems):
            for row in (row for row in rows if row["system"] == name):
                value, low, high = numbers(row, "value", "low", "high", scale=scale)
                at = row["_at"]
                if value is None:
                    continue
                if low is not None and high is not None:
                    axes.plot([at, at], [low, high], color=SERIES_COLOURS[i], linewidth=0.5, alpha=0.5, zorder=2)
                axes.plot([at], [value], marker=SERIES_MARKERS[i], color=SERIES_COLOURS[i], markersize=2.6, zorder=3,
                          markeredgewidth=0)  # fmt: skip
            places, middle, lower_ends, upper_ends = curves[name]
            if steps:
                for place, value, lower, upper in zip(places, middle, lower_ends, upper_ends, strict=True):
                    at = place + lane * (i - (len(systems) - 1) / 2 + MEAN)
                    axes.plot([at, at], [lower, upper], color=SERIES_COLOURS[i], linewidth=2.0, zorder=4)
                    axes.plot([at], [value], marker="D", color="white", markeredgecolor=SERIES_COLOURS[i], zorder=5,
                              markersize=4.5)  # fmt: skip
            else:
                axes.plot(places, middle, color=SERIES_COLOURS[i], linewidth=1.2, zorder=4)
                axes.fill_between(
                    places, lower_ends, upper_ends, color=SERIES_COLOURS[i], alpha=0.15, linewidth=0, zorder=1.5
                )

    with house_style():
        keys = [Key(name, SERIES_COLOURS[i], SERIES_MARKERS[i]) for i, name in enumerate(systems)]
        points = [] if steps else _outliers(rows, curves, scale)
        words = title or f"{sentence_case(what.partition(',')[0])} against {resource}"
        said = caption or _caption(frame, resource, steps=steps, beside=lane > 0)
        figure = xy_chart(x, Scale(what, y_limits, y_ticks), draw, found, keys=keys if len(systems) > 1 else (),
                          points=points, title=words, caption=said)  # fmt: skip
    return Drawing((figure,), words, said, frame.drop(columns=["_x", "_at"]))


def _refuse(frame: pd.DataFrame, systems: list[str], *, log: bool) -> None:
    if len(systems) > len(SERIES_COLOURS):
        raise FigureError(f"a resource figure tells {len(SERIES_COLOURS)} systems apart",
                          why=f"there are {len(systems)}", fix="choose some: --systems A,B")  # fmt: skip
    if log and (frame["_x"] <= 0).any():
        raise FigureError("a logarithmic axis needs a resource above 0", why="a language has 0 or less")


def _tiers(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the tiers that languages have, from high to low.

    Raises:
        FigureError: One is none of the three.
    """
    there = {str(value) for value in frame["resource"]}
    if unknown := sorted(there - set(STEPS)):
        raise FigureError(f"a resource figure knows the tiers {', '.join(STEPS)}", why=f"not {', '.join(unknown)}",
                          fix="write those, or numbers")  # fmt: skip
    return tuple(tier for tier in STEPS if tier in there)


def _lane(frame: pd.DataFrame, systems: list[str], *, steps: bool) -> float:
    """Return the width in which a system's languages of the same resource stand beside each other; 0 for one place."""
    places = np.unique(frame["_x"])
    shared = 1 < len(places) <= MOST_CLASSES and frame["group"].nunique() > 2 * len(places)
    if not steps and not shared:
        return 0.0
    gap = float(np.diff(places).min()) if len(places) > 1 else 1.0
    return 0.84 * gap / (len(systems) if steps else 1)


def _side_by_side(frame: pd.DataFrame, systems: list[str], lane: float, *, steps: bool) -> pd.Series:
    """Return where each mark stands: languages of one resource from the lowest value to the highest."""
    keys = ["system", "_x"]
    order = frame.sort_values(["value", "group"], kind="stable").groupby(keys).cumcount()
    many = frame.groupby(keys)["value"].transform("size")
    share = ((order.reindex(frame.index) + 0.5) / many - 0.5) * (MEAN - 0.1 + 0.5 if steps else 1.0)
    share -= (0.6 - MEAN) / 2 if steps else 0.0
    series = frame["system"].map(lambda name: systems.index(str(name)) - (len(systems) - 1) / 2 if steps else 0.0)
    return frame["_x"] + lane * (share + series)


def _resource_scale(label: str, values: list[float], tiers: tuple[str, ...], *, log: bool) -> Scale:
    if tiers:
        return Scale(label, (-0.5, len(tiers) - 0.5), tuple(range(len(tiers))), tiers)
    if log:
        first, last = int(np.floor(log10(min(values)))), int(np.ceil(log10(max(values))))
        return Scale(label, (10.0**first, 10.0**last), tuple(10.0**e for e in range(first, last + 1)), log=True)
    limits, ticks = nice_axis(values)
    return Scale(label, limits, ticks)


def _curve(own: pd.DataFrame, scale: float, *, steps: bool, log: bool) -> tuple[np.ndarray, ...]:
    """Return places, middle and 95% band: means of steps, or the least-squares line; languages resampled."""
    generator = np.random.default_rng(0)
    x = own["_x"].to_numpy(float)
    y = scale * own["value"].to_numpy(float)
    x = np.log10(x) if log else x
    if steps:
        places = np.unique(x)
        draws = [generator.choice(y[x == p], (ROUNDS, (x == p).sum())).mean(axis=1) for p in places]
        middle = np.array([y[x == p].mean() for p in places])
        low, high = np.array([np.quantile(d, (0.025, 0.975)) for d in draws]).T
        return places, middle, low, high
    places = np.linspace(x.min(), x.max(), 50)
    if np.ptp(x) == 0:
        return places, *(np.full(50, y.mean()) for _ in range(3))
    chosen = generator.integers(0, len(x), (ROUNDS, len(x)))
    xs, ys = x[chosen], y[chosen]
    dx, dy = xs - xs.mean(axis=1, keepdims=True), ys - ys.mean(axis=1, keepdims=True)
    spread = (dx**2).sum(axis=1)
    slope = (dx * dy).sum(axis=1)[spread > 0] / spread[spread > 0]
    lines = ys.mean(axis=1)[spread > 0, None] + slope[:, None] * (places - xs.mean(axis=1)[spread > 0, None])
    low, high = np.quantile(lines, (0.025, 0.975), axis=0)
    middle = np.polyval(np.polyfit(x, y, 1), places)
    return (10**places if log else places), middle, low, high


def _outliers(rows: list[dict], curves: dict[str, tuple[np.ndarray, ...]], scale: float) -> list[Point]:  # type: ignore[type-arg]
    """Return the languages farthest from their system's line, those first."""
    far = []
    for row in rows:
        if row["system"] in curves:
            places, middle, *_ = curves[row["system"]]
            value = scale * row["value"]
            gap = abs(value - float(np.interp(row["_x"], places, middle)))
            far.append((gap, Point(row["_at"], value, language_label(str(row["group"])).name)))
    return [point for _, point in sorted(far, key=lambda pair: (-pair[0], pair[1].name))[:12]]


def _caption(frame: pd.DataFrame, resource: str, *, steps: bool, beside: bool) -> str:
    line = (
        "Diamonds: mean of the languages of a tier, with its 95% interval over languages. "
        if steps
        else "Line and band: least squares with its 95% interval, languages resampled. Names: the languages farthest "
        "from it. "
    )
    order = "; those of the same one stand from the lowest value to the highest" if beside else ""
    return f"Each mark is a language, by {resource}{order}. {line}{judge_sentence(frame)}{items_sentence(frame)}" + (
        interval_sentence(frame, mark="Thin lines") if "low" in frame.columns else "No intervals are known. "
    )
