"""The figure of a gate: the worst checks with their intervals, and where the floor and the margin of each lie."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import FigureError
from polyarena.reports.figures.legend import Key
from polyarena.reports.figures.row_chart import Entry, Facet, Words, row_chart
from polyarena.reports.figures.style import BLUE, GREY, INK, VERMILLION, house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.gate.result import GateResult, name_of, signed
from polyarena.reports.gate.settings import GateSettings, Level
from polyarena.reports.gate.verdict import Status, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 40
"""Checks that are drawn; the caption counts the rest."""

_COLOURS = {
    Status.REGRESSED: VERMILLION,
    Status.INCONCLUSIVE: GREY,
    Status.INCOMPARABLE: GREY,
    Status.OK: BLUE,
    Status.IMPROVED: BLUE,
}
_HEADINGS = {
    Status.REGRESSED: "Regressed",
    Status.INCOMPARABLE: "Incomparable",
    Status.INCONCLUSIVE: "Inconclusive",
    Status.OK: "Within the margin",
    Status.IMPROVED: "Improved",
}


def gate_chart(
    result: GateResult, *, venue: str = "page", most: int = MOST, title: str = "", caption: str = ""
) -> Drawing:
    """Draw the checks of a gate, worst first: difference and interval, with marks at minus its floor and margin.

    Colour and filling say the same thing twice: regressions are vermillion and filled, what is shown to be within the
    margin is blue and filled, the rest grey and hollow. Averages are diamonds.

    Args:
        result: The gate's answer.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        most: Checks that are drawn, from the worst.
        title: In place of the gate's headline.
        caption: In place of the one made from the data.

    Raises:
        FigureError: No check has a difference: the two could not be compared at all.
    """
    measured = [each for each in result.decision.verdicts if each.difference is not None]
    if not measured:
        raise FigureError(
            "the gate has no difference to draw",
            why="no check could be compared",
            fix="see the notes of the checks: polyarena gate check --json",
        )
    settings = result.decision.settings
    shown = measured[:most]
    entries: list[Entry] = []
    by_key: dict[tuple[str, str], Verdict] = {}
    for status, heading in _HEADINGS.items():
        own = [(i, each) for i, each in enumerate(shown) if each.status == status]
        if own:
            total = sum(each.status == status for each in measured)
            entries.append(Entry("group", ("", status.value), f"{heading} ({total})"))
        for i, verdict in own:
            by_key["check", str(i)] = verdict
            entries.append(Entry("item", ("check", str(i)), name_of(verdict)))
    ends = [end for each in shown for end in (each.difference, each.low, each.high)]
    limits, ticks = nice_axis(ends, include=(1.0, *(-_limits(each, settings)[1] for each in shown)), most=5)

    def draw(axes: Axes, entry: Entry, y: float) -> None:
        verdict = by_key.get(entry.key)
        if verdict is not None:
            _draw(axes, verdict, y, settings)

    def text(entry: Entry, *, interval: bool) -> str:
        verdict = by_key.get(entry.key)
        if verdict is None:
            return ""
        span = f" [{signed(verdict.low)}, {signed(verdict.high)}]" if interval else ""
        warns = " (warns)" if verdict.status == Status.REGRESSED and verdict.action != "fail" else ""
        return f"{signed(verdict.difference)}{span}{warns}".replace("-", "−")

    facet = Facet("", "difference, points", limits, ticks, draw,
                  (lambda e: text(e, interval=True), lambda e: text(e, interval=False)), ("[interval]", ""),
                  reference=0.0)  # fmt: skip
    keys = (
        Key("regressed", VERMILLION, "o"), Key("within the margin, or better", BLUE, "o"),
        Key("inconclusive", GREY, "o", filled=False), Key("floor", GREY, "|"), Key("margin", INK, "|"),
    )  # fmt: skip
    words = Words(title or result.headline, caption or _caption(result, len(shown), len(measured)), keys)
    with house_style():
        figures = row_chart(entries, [facet], words, find_venue(venue))
    return Drawing(figures, words.title, words.caption, pd.DataFrame([asdict(each) for each in shown]))


def _limits(verdict: Verdict, settings: GateSettings) -> tuple[float, float]:
    return settings.floor_of(Level(verdict.level), verdict.metric), settings.margin_of(verdict.metric)


def _draw(axes: Axes, verdict: Verdict, y: float, settings: GateSettings) -> None:
    status = Status(verdict.status)
    colour = _COLOURS[status]
    assert verdict.difference is not None, "checks without a difference are not drawn"
    for limit, shade in zip(_limits(verdict, settings), (GREY, INK), strict=True):
        axes.plot([-limit], [y], marker="|", color=shade, markersize=5.5, markeredgewidth=0.8, linestyle="none",
                  zorder=2)  # fmt: skip
    if verdict.low is not None and verdict.high is not None:
        axes.plot([verdict.low, verdict.high], [y, y], color=colour, linewidth=1.5, solid_capstyle="butt", zorder=3)
    average = verdict.level != Level.CELL
    axes.plot([verdict.difference], [y], marker="D" if average else "o", color=colour,
              markersize=4.0 if average else 3.4, markerfacecolor="white" if colour == GREY else colour,
              markeredgewidth=0.8, clip_on=False, zorder=4)  # fmt: skip


def _caption(result: GateResult, shown: int, measured: int) -> str:
    settings = result.decision.settings
    rest = f" {measured - shown} more checks, none worse, are not drawn." if measured > shown else ""
    several = "" if not settings.limits else " unless the gate file sets others for a metric"
    return (
        f"{result.candidate} minus {result.baseline}, in hundredths of each metric's range; below 0 is worse. Lines: "
        f"{100 * (1 - 2 * settings.alpha):g}% intervals of single checks. A drop beyond the floor "
        f"({settings.floor:g} points in a language, {settings.average_floor:g} in an average{several}) that is "
        f"significant after correction for all checks is a regression; an interval right of the margin "
        f"({settings.margin:g} points) shows that the drop is smaller. Diamonds: averages.{rest}"
    )
