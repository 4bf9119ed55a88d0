"""Scores of several systems in each language, as dots with intervals side by side in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.captions import interval_sentence, items_sentence
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import FigureError, check, numbers, without_values
from polyarena.reports.figures.language_rows import By, language_rows
from polyarena.reports.figures.legend import Key
from polyarena.reports.figures.row_chart import Entry, Facet, Words, row_chart
from polyarena.reports.figures.style import SERIES_COLOURS, SERIES_MARKERS, house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.labels import sentence_case, system_order
from polyarena.reports.metric_facts import MetricFacts, metric_facts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = ("system", "level", "group", "value")
DODGE = 0.34
"""Distance of two systems in a row, in font sizes."""


def score_chart(
    estimates: pd.DataFrame,
    *,
    systems: Sequence[str] | None = None,
    venue: str = "page",
    by: By = "tier",
    what: str = "score, %",
    scale: float = 100.0,
    chance: float | None = None,
    title: str = "",
    caption: str = "",
) -> Drawing:
    """Draw the scores of up to seven systems by language.

    A flagged score is hollow. Over prompt templates, a pale bar runs from the lowest to the highest of them.

    Args:
        estimates: Scores of one task and metric.
        systems: Which, and in which order (colours follow it); by default all, by name.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        by: Headings of the languages.
        what: Is measured, with the unit.
        scale: What values are multiplied with.
        chance: Expected score of guessing, in the unit of the values; a dashed line.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column or any row, or systems are too many to be told apart.
    """
    frame = check(estimates, "scores", COLUMNS, ["value"])
    names = list(systems or system_order(map(str, frame["system"])))
    if len(names) > len(SERIES_COLOURS):
        raise FigureError(f"a score figure tells {len(SERIES_COLOURS)} systems apart", why=f"there are {len(names)}",
                          fix="choose some (--systems), or draw a heat map")  # fmt: skip
    rows = {(str(r["system"]), str(r["level"]), str(r["group"])): r for r in frame.to_dict("records")}

    facts = metric_facts(str(frame["metric"].iloc[0])) if "metric" in frame.columns else MetricFacts()

    def goodness(code: str) -> float | None:
        known = [v for n in names if (v := numbers(rows.get((n, "language", code), {}), "value")[0]) is not None]
        return facts.goodness(sum(known) / len(known)) if known else None

    codes = frame.loc[frame["level"] == "language", "group"]
    entries = language_rows(codes, goodness, by=by, average=bool((frame["level"] == "macro").any()))
    shown = [row for (name, _, _), row in rows.items() if name in names]
    ends = [end for row in shown for end in numbers(row, "value", "low", "high", "lowest", "highest", scale=scale)]
    limits, ticks = nice_axis(ends, include=() if chance is None else (scale * chance,), most=4)
    found = find_venue(venue)

    def draw(axes: Axes, entry: Entry, y: float) -> None:
        for i, name in enumerate(names):
            at = y + DODGE * found.size / 72 * (i - (len(names) - 1) / 2)
            _draw(axes, entry, at, rows.get((name, *entry.key), {}), i, scale)

    def text(entry: Entry) -> str:
        known = [numbers(rows.get((name, *entry.key), {}), "value", scale=scale)[0] for name in names]
        return " / ".join("–" if value is None else f"{value:.1f}" for value in known) if any(
            value is not None for value in known
        ) else ""  # fmt: skip

    def with_interval(entry: Entry) -> str:
        _, low, high = numbers(rows.get((names[0], *entry.key), {}), "value", "low", "high", scale=scale)
        span = " [–]" if low is None or high is None else f" [{low:.1f}, {high:.1f}]"
        return f"{short}{span}" if (short := text(entry)) else ""

    keys = tuple(Key(name, SERIES_COLOURS[i], SERIES_MARKERS[i]) for i, name in enumerate(names))
    guess = "" if chance is None else f" Dashed: guessing, {scale * chance:.1f}."
    missing = without_values(frame[frame["system"].astype(str).isin(names)])
    words = Words(
        title or f"{sentence_case(what.partition(',')[0])} by language",
        caption
        or f"{sentence_case(what)}. {items_sentence(frame)}{interval_sentence(frame)}Diamonds: averages over the "
        f"languages, each with the same weight.{_marks_sentences(shown)}{missing}{guess}",
        keys,
    )
    texts, headings = ((with_interval, text), ("[interval]", "")) if len(names) == 1 else ((text,), ("",))
    facet = Facet("", what, limits, ticks, draw, texts, headings, None if chance is None else scale * chance)
    with house_style():
        figures = row_chart(entries, [facet], words, found, series=len(names))
    return Drawing(figures, words.title, words.caption, frame)


def _draw(axes: Axes, entry: Entry, y: float, row: Mapping[Any, Any], series: int, scale: float) -> None:
    value, low, high, lowest, highest = numbers(row, "value", "low", "high", "lowest", "highest", scale=scale)
    if value is None:
        return
    colour, average = SERIES_COLOURS[series], entry.kind != "item"
    if lowest is not None and highest is not None:
        axes.plot([lowest, highest], [y, y], color=colour, alpha=0.22, linewidth=4.0, solid_capstyle="butt", zorder=2)
    if low is not None and high is not None:
        axes.plot([low, high], [y, y], color=colour, linewidth=1.1, solid_capstyle="butt", zorder=3)
    hollow = {"markerfacecolor": "white", "markeredgewidth": 0.9} if _flagged(row) else {"markeredgewidth": 0}
    axes.plot([value], [y], marker="D" if average else SERIES_MARKERS[series], color=colour,
              markersize=3.8 if average else 3, zorder=4, clip_on=False, **hollow)  # fmt: skip


def _flagged(row: Mapping[Any, Any]) -> bool:
    return isinstance(row.get("flag"), str) and bool(row["flag"])


def _marks_sentences(rows: Sequence[Mapping[Any, Any]]) -> str:
    """Say what pale bars and hollow marks mean, where there are any."""
    found = ""
    if any(numbers(row, "lowest")[0] is not None for row in rows):
        found += " Pale bars: from the lowest to the highest score of a single prompt template."
    if any(map(_flagged, rows)):
        found += " Hollow: the metric is doubtful or inadequate there; the table says why."
    return found
