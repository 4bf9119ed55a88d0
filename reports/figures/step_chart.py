"""What each stage adds: a stair over training stages, with the paired gain of each step and its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.captions import interval_sentence, items_sentence, judge_sentence
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import FigureError, check, numbers
from polyarena.reports.figures.sheet import wrap_name
from polyarena.reports.figures.style import BLUE, GREY, INK, VERMILLION, house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.figures.xy_chart import Scale, xy_chart
from polyarena.reports.labels import sentence_case

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from polyarena.reports.figures.venues import Venue

COLUMNS = ("stage", "value")
_RATIO = 0.5
"""Height of the plot by its width, with names of stages of no line."""


def step_chart(
    stages: pd.DataFrame, *, venue: str = "page", what: str = "win rate, %", scale: float = 100.0, title: str = "",
    caption: str = "",
) -> Drawing:  # fmt: skip
    """Draw the value after each stage as a stair, and the gain of each step with its interval beside it.

    Args:
        stages: In order: ``stage``, ``value``; and, if they are known, ``low`` and ``high`` of the value, ``gain``,
            ``gain_low`` and ``gain_high`` of the step from the stage before (paired, so not the difference of the two
            intervals), and ``detectable``, the gain found in 80% of such experiments. From
            :func:`polyarena.reports.figures.data.stage_gains`.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        what: Is measured, with the unit.
        scale: What all numbers are multiplied with.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column, a value, or a second stage.
    """
    frame = check(stages, "steps", COLUMNS)
    rows = frame.to_dict("records")
    values = [numbers(row, "value", scale=scale)[0] for row in rows]
    missing = [str(row["stage"]) for row, value in zip(rows, values, strict=True) if value is None]
    if missing or len(rows) < 2:
        raise FigureError("a chart of steps needs two stages, each with a value",
                          why=f"{', '.join(missing)} has none" if missing else "there is one stage")  # fmt: skip
    found = find_venue(venue)
    known = [value for value in values if value is not None]
    ends = [end for row in rows for end in numbers(row, "low", "high", scale=scale)]
    limits, ticks = nice_axis([*known, *ends, *_room_for_text(known, ends, found)])
    gains = [_gain(row, value, before, scale) for row, value, before in zip(rows[1:], known[1:], known, strict=False)]

    def draw(axes: Axes) -> None:
        for i, (row, value) in enumerate(zip(rows, known, strict=True)):
            axes.plot([i - 0.4, i + 0.4], [value, value], color=INK, linewidth=1.6, solid_capstyle="butt", zorder=3)
            low, high = numbers(row, "low", "high", scale=scale)
            if low is not None and high is not None:
                axes.plot([i + 0.1] * 2, [low, high], color=GREY, linewidth=1.0, zorder=2.5)
            axes.annotate(f"{value:.1f}".replace("-", "−"), (i + 0.4, value), xytext=(0, -2),
                          textcoords="offset points", ha="right", va="top", fontsize=found.size, color=INK)  # fmt: skip
        for i, (gain, low, high) in enumerate(gains, start=1):
            colour = BLUE if (low or gain) > 0 and gain > 0 else VERMILLION if gain < 0 and (high or gain) < 0 else GREY
            axes.annotate("", (i - 0.32, known[i]), (i - 0.32, known[i - 1]), zorder=4,
                          arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.2, "shrinkA": 0,
                                      "shrinkB": 0})  # fmt: skip
            axes.plot([i - 0.6, i - 0.3], [known[i - 1]] * 2, color=GREY, linewidth=0.5, linestyle=(0, (3, 2)))
            text = f"{gain:+.1f}" if low is None or high is None else f"{gain:+.1f}\n[{low:.1f}, {high:.1f}]"
            axes.annotate(text.replace("-", "−"), (i - 0.4, max(known[i], known[i - 1])), xytext=(0, 3),
                          textcoords="offset points", ha="left", va="bottom", fontsize=found.size, color=colour,
                          weight="bold", linespacing=1.1)  # fmt: skip

    width = (found.width - 0.5) / len(rows)
    texts = ["\n".join(wrap_name(str(row["stage"]), 0.95 * width, found.size, most=4)) for row in rows]
    lines = max(text.count("\n") + 1 for text in texts)
    with house_style():
        words = title or f"{sentence_case(what.partition(',')[0])} after each stage"
        said = caption or _caption(frame, what, scale)
        figure = xy_chart(
            Scale("", (-0.5, len(rows) - 0.5), tuple(range(len(rows))), tuple(texts)),
            Scale(what, limits, ticks), draw, found, title=words, caption=said,
            ratio=min(0.62, _RATIO + 0.02 * lines),
        )  # fmt: skip
    return Drawing((figure,), words, said, frame)


def _room_for_text(known: list[float], ends: list[float | None], venue: Venue) -> tuple[float, float]:
    """Return the ends that the axis needs so that no text touches it or leaves the plot.

    A value is one line below its step, a gain two lines above the higher of two steps.
    """
    line = 1.4 * venue.size / 72 / min((venue.width - 0.5) * _RATIO, venue.height)
    values = [*known, *(end for end in ends if end is not None)]
    # Of the axis with this room at both ends, and with what rounding to ticks adds to it.
    whole = 1.25 * (max(values) - min(values) or 1.0) / (1 - 3 * line)
    return min(known) - line * whole, max(known) + 2 * line * whole


def _gain(row: dict, value: float, before: float, scale: float) -> tuple[float, float | None, float | None]:  # type: ignore[type-arg]
    gain, low, high = numbers(row, "gain", "gain_low", "gain_high", scale=scale)
    return (value - before if gain is None else gain), low, high


def _power(frame: pd.DataFrame, scale: float) -> str:
    """Return the sentence on the smallest gain that each step would have shown; empty if that is not known."""
    if "detectable" not in frame.columns:
        return ""
    known = frame[frame["detectable"].notna()]
    gains = ", ".join(f"{value * scale:.1f} for {stage}" for stage, value in known[["stage", "detectable"]].to_numpy())
    return f"Gains found in 80% of such experiments: {gains}. " if gains else ""


def _caption(frame: pd.DataFrame, what: str, scale: float) -> str:
    paired = "gain_low" in frame.columns and frame["gain_low"].notna().any()
    steps = "Arrows: the gain of each step, with its paired interval in brackets. " if paired else (
        "Arrows: the difference of neighbouring stages; no interval of it is known. ")  # fmt: skip
    parts = (
        f"{sentence_case(what)}, after each stage. {steps}{_power(frame, scale)}",
        f"{judge_sentence(frame)}{items_sentence(frame)}",
        interval_sentence(frame, mark="Grey lines") if "low" in frame.columns else "",
    )
    return "".join(parts)
