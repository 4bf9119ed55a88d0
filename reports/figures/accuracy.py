"""The score chart: how do systems do in each language?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarena.reports.figures.caption import about_intervals
from polyarena.reports.figures.chart_frame import Key, Number, Words, chart_frame
from polyarena.reports.figures.style import INK, SERIES_COLOURS, SERIES_MARKERS, house_style
from polyarena.reports.rows import Mark, Row, rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DODGE = 0.05
MOST_IN_ONE_COLUMN = 45


def accuracy(
    estimates: pd.DataFrame,
    *,
    systems: Sequence[str] | None = None,
    chance: float | None = None,
    title: str | None = None,
    caption: str | None = None,
    columns: int | None = None,
) -> Figure:
    """Draw the scores of up to seven systems by language as dots with intervals, grouped by resource tier.

    A flagged score is hollow. Over prompt templates, a pale bar runs from the least to the greatest of them.

    Args:
        estimates: Scores of one task and metric.
        systems: Which, and in which order (their colours follow it); by default all, by name.
        chance: Expected score of guessing, in the metric's unit; drawn as a line.
        title: By default names metric and task.
        caption: By default states items and intervals.
        columns: Of rows; by default 1 up to 45 languages, else 2.

    Raises:
        ValueError: There is no estimate, the estimates are of more than one task or metric, or the systems are too many
            to be told apart.
    """
    kinds = estimates[["task", "metric"]].drop_duplicates()
    if len(kinds) != 1:
        raise ValueError(f"a score chart shows one task and metric, not {len(kinds)}")
    task, metric = (str(value) for value in kinds.iloc[0])
    chosen = list(systems) if systems is not None else sorted(map(str, estimates["system"].unique()))
    if not 0 < len(chosen) <= len(SERIES_COLOURS):
        raise ValueError(f"a score chart can tell 1 to {len(SERIES_COLOURS)} systems apart, not {len(chosen)}")
    with house_style():
        shown = rows(estimates[estimates["system"].isin(chosen)], chosen)
        marks = [mark for row in shown for mark in row.marks if mark and mark.value is not None]
        scale, unit = (100.0, ", %") if all(_in_unit(mark) for mark in marks) else (1.0, "")
        confidence = f"{estimates['confidence'].iloc[0] * 100:g}%"
        languages = sum(row.kind == "language" for row in shown)
        alone = len(chosen) == 1
        words = Words(
            title=title or f"{metric} on {task}",
            subtitle=f"By language, {languages} languages",
            axis=f"{metric}{unit}",
            numbers=f"{unit.lstrip(', ')} [{confidence} interval]".strip() if alone else unit.lstrip(", "),
            keys=tuple(_key(i, name) for i, name in enumerate(chosen)),
            caption=caption or _caption(shown, confidence, chance, scale, unit),
        )
        limits, tick = _axis(marks, scale, chance)
        numbers = [[Number(_number(mark, scale, alone), _ink(i, alone)) for i, mark in enumerate(r.marks)]
                   for r in shown]  # fmt: skip
        reference = None if chance is None else scale * chance

        def draw(axes: Axes, row: Row, y: float) -> None:
            for i, mark in enumerate(row.marks):
                if mark and mark.value is not None:
                    _draw(axes, row, mark, y + DODGE * (i - (len(row.marks) - 1) / 2), i, scale)

        columns = columns or (1 if languages <= MOST_IN_ONE_COLUMN else 2)
        return chart_frame(shown, numbers, words, limits, tick, reference, draw, columns)


def _draw(axes: Axes, row: Row, mark: Mark, y: float, series: int, scale: float) -> None:
    colour = SERIES_COLOURS[series]
    average = row.kind != "language"
    assert mark.value is not None
    if mark.lowest is not None and mark.highest is not None:
        axes.plot([scale * mark.lowest, scale * mark.highest], [y, y], color=colour, alpha=0.22, linewidth=4.0,
                  solid_capstyle="butt", zorder=2)  # fmt: skip
    if mark.low is not None and mark.high is not None:
        ends = [scale * mark.low, scale * mark.high]
        axes.plot(ends, [y, y], color=colour, linewidth=1.6 if average else 1.0, solid_capstyle="butt", zorder=3)
    hollow = {"markerfacecolor": "white", "markeredgewidth": 0.9} if mark.flag else {"markeredgewidth": 0}
    axes.plot([scale * mark.value], [y], marker="D" if average else SERIES_MARKERS[series], color=colour,
              markersize=5.0 if average else 3.6, clip_on=False, zorder=4, **hollow)  # fmt: skip


def _key(series: int, name: str) -> Key:
    return Key(name, SERIES_COLOURS[series], SERIES_MARKERS[series])


def _ink(series: int, alone: bool) -> str:
    return INK if alone else SERIES_COLOURS[series]


def _number(mark: Mark | None, scale: float, interval: bool) -> str:
    if mark is None or mark.value is None:
        return ""
    value = f"{scale * mark.value:.1f}"
    if not interval:
        return value
    if mark.low is None or mark.high is None:
        return f"{value} [–]"
    return f"{value} [{scale * mark.low:.1f}, {scale * mark.high:.1f}]"


def _in_unit(mark: Mark) -> bool:
    return mark.value is not None and 0 <= mark.value <= 1


def _axis(marks: Sequence[Mark], scale: float, chance: float | None) -> tuple[tuple[float, float], float]:
    """Return limits that hold everything drawn, and the distance of ticks."""
    ends = [scale * end for m in marks for end in (m.value, m.low, m.high, m.lowest, m.highest) if end is not None]
    ends += [] if chance is None else [scale * chance]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    raw = (high - low or max(abs(high), 1.0) / 5) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    tick = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= raw)
    low, high = tick * math.floor(low / tick), tick * math.ceil(high / tick)
    if low == high:
        low, high = low - tick, high + tick
    pad = 0.02 * (high - low)
    return (low - pad, high + pad), tick


def _caption(shown: list[Row], confidence: str, chance: float | None, scale: float, unit: str) -> str:
    marks = [mark for row in shown for mark in row.marks if mark]
    items = sorted({mark.n for row in shown if row.kind == "language" for mark in row.marks if mark})
    many = f"{items[0]}" if len(items) == 1 else f"{items[0]} to {items[-1]}" if items else "no"
    text = f"n = {many} items in each language. "
    text += about_intervals(marks, confidence)
    text += "Diamonds: averages over the languages that all systems have, each with the same weight."
    if any(mark.lowest is not None for mark in marks):
        text += " Pale bars: from the least to the greatest score of a single prompt template."
    if any(mark.flag for mark in marks):
        text += " Hollow: the metric is doubtful or inadequate there; the table says why."
    if chance is not None:
        text += f" Dashed: guessing, {scale * chance:.1f}{unit.replace(',', '')}."
    return text
