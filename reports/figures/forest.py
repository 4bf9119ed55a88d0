"""The forest plot: in which languages does the candidate win?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from polyarena.reports.figures.caption import about_intervals
from polyarena.reports.figures.chart_frame import Key, Number, Words, chart_frame
from polyarena.reports.figures.style import BLUE, GREY, INK, VERMILLION, house_style
from polyarena.reports.rows import Mark, Row, rows
from polyarena.reports.stats.outcome import Outcome, outcome
from polyarena.reports.stats.pooling import NAME as POOLED
from polyarena.reports.stats.pooling import pooled_estimates

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {Outcome.BETTER: BLUE, Outcome.WORSE: VERMILLION, Outcome.INCONCLUSIVE: GREY}
MOST_IN_ONE_COLUMN = 50


def forest(
    estimates: pd.DataFrame,
    *,
    title: str | None = None,
    caption: str | None = None,
    columns: int | None = None,
    description: str = "",
    pooled: bool = False,
) -> Figure:
    """Draw win rates with intervals by language, sorted, grouped by resource tier, with averages as diamonds.

    Colour and filling say the same thing twice: filled and blue when the interval is above 50%, filled and vermillion
    when below, hollow and grey when it holds 50%.

    Args:
        estimates: Win rates of one judge, task, candidate and baseline.
        title: By default names the two systems.
        caption: By default states judge, items, interval and ties.
        columns: Of rows; by default 1 up to 50 languages, else 2.
        description: What the judge says of itself, for the caption.
        pooled: Whether crosses show the languages drawn to their mean
            (:func:`polyarena.reports.stats.pooled_estimates`); numbers and intervals stay those of each language alone.

    Raises:
        ValueError: There is no estimate, or the estimates are of more than one comparison.
    """
    comparisons = estimates[["system", "baseline", "judge", "task", "metric"]].drop_duplicates()
    if len(comparisons) != 1:
        raise ValueError(f"a forest plot shows one comparison, not {len(comparisons)}")
    system, baseline, judge, task, _ = (str(value) for value in comparisons.iloc[0])
    with house_style():
        shown = rows(estimates, [system])
        drawn_in = _pooled(estimates) if pooled else {}
        languages = sum(row.kind == "language" for row in shown)
        confidence = f"{estimates['confidence'].iloc[0] * 100:g}%"
        words = Words(
            title=title or f"{system} against {baseline}",
            subtitle=f"Win rate by language on {task}, as decided by the judge “{judge}”",
            axis="win rate, %",
            numbers=f"% [{confidence} interval]",
            keys=(*_keys(), *([Key(POOLED, INK, "x")] if drawn_in else [])),
            caption=caption or _caption(shown, judge, confidence, description),
        )
        limits, tick = _axis([row.marks[0] for row in shown])
        numbers = [[Number(_number(row.marks[0])), Number(_dagger(row.marks[0]), GREY)] for row in shown]
        columns = columns or (1 if languages <= MOST_IN_ONE_COLUMN else 2)
        return chart_frame(shown, numbers, words, limits, tick, 50.0, partial(_draw, pooled=drawn_in), columns)


def _pooled(estimates: pd.DataFrame) -> dict[str, float]:
    """Return the pooled estimate of each language, by code; empty where there are too few languages."""
    found = pooled_estimates(estimates)
    return {str(code): float(value) for code, value in zip(found["group"], found["pooled"], strict=True)}


def _draw(axes: Axes, row: Row, y: float, pooled: Mapping[str, float]) -> None:
    mark = row.marks[0]
    if mark is None or mark.value is None:
        return
    verdict = outcome(mark.low, mark.high)
    colour = COLOURS[verdict]
    average = row.kind != "language"
    if mark.n_invalid and mark.worst is not None and mark.best is not None:
        axes.plot([100 * mark.worst, 100 * mark.best], [y, y], color=colour, alpha=0.22, linewidth=5.5,
                  solid_capstyle="butt", zorder=2)  # fmt: skip
    if mark.low is not None and mark.high is not None:
        ends = [100 * mark.low, 100 * mark.high]
        axes.plot(ends, [y, y], color=colour, linewidth=1.8 if average else 1.1, solid_capstyle="butt", zorder=3)
    face = "white" if verdict is Outcome.INCONCLUSIVE else colour
    size = 7.0 if row.kind == "average" else 5.5 if average else 4.2
    axes.plot([100 * mark.value], [y], marker="D" if average else "o", color=colour, markerfacecolor=face,
              markeredgewidth=1.0, markersize=size, clip_on=False, zorder=4)  # fmt: skip
    if row.label is not None and row.label.code in pooled:
        axes.plot([100 * pooled[row.label.code]], [y], marker="x", color=INK, markersize=3.6, markeredgewidth=0.8,
                  linestyle="none", zorder=5)  # fmt: skip


def _number(mark: Mark | None) -> str:
    if mark is None:
        return ""
    if mark.value is None:
        return "no verdict"
    if mark.low is None or mark.high is None:
        return f"{100 * mark.value:.1f} [–]"
    return f"{100 * mark.value:.1f} [{100 * mark.low:.1f}, {100 * mark.high:.1f}]"


def _dagger(mark: Mark | None) -> str:
    return "†" if mark and mark.n_invalid else ""


def _axis(marks: list[Mark | None]) -> tuple[tuple[float, float], float]:
    """Return limits in steps of ten that hold 50 and everything drawn, and the distance of ticks."""
    ends = [
        100 * end
        for mark in marks
        if mark
        for end in (mark.value, mark.low, mark.high, *((mark.worst, mark.best) if mark.n_invalid else ()))
        if end is not None
    ]
    low = max(0, 10 * math.floor(min([40.0, *ends]) / 10))
    high = min(100, 10 * math.ceil(max([60.0, *ends]) / 10))
    pad = 0.02 * (high - low)
    return (low - pad, high + pad), 10 if high - low <= 40 else 20 if high - low < 90 else 25


def _keys() -> tuple[Key, ...]:
    return (
        Key("better: interval above 50%", BLUE, "o"),
        Key("worse: interval below 50%", VERMILLION, "o"),
        Key("inconclusive: interval contains 50%", GREY, "o", filled=False),
        Key("average", GREY, "D", filled=False),
    )


def _caption(shown: list[Row], judge: str, confidence: str, description: str) -> str:
    marks = [row.marks[0] for row in shown if row.kind == "language" and row.marks[0]]
    items = sorted({mark.n for mark in marks})
    many = f"{items[0]}" if len(items) == 1 else f"{items[0]} to {items[-1]}"
    invalid = sum(mark.n_invalid for mark in marks)
    text = (
        f"Judge: {judge}{_said(judge, description)}. n = {many} items in each of {len(marks)} languages. "
        "Ties count half. "
    )
    text += about_intervals((mark for row in shown for mark in row.marks if mark), confidence)
    text += "Averages give each language the same weight."
    if invalid:
        text += f" † {invalid} games without a verdict: the pale bar runs from all of them lost to all of them won."
    return text


def _said(judge: str, description: str) -> str:
    """Return what a judge says of itself, in brackets, without its name in front."""
    said = description.removeprefix(f"{judge}:").strip().rstrip(".")
    return f" ({said})" if said else ""
