"""The forest plot: in which languages does a system do better than its baseline, or than another system?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.captions import (
    bands_sentence,
    interval_sentence,
    items_sentence,
    judge_sentence,
    pairs_sentence,
)
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import check, number, numbers, without_values
from polyarena.reports.figures.language_rows import By, language_rows
from polyarena.reports.figures.legend import Key
from polyarena.reports.figures.row_chart import Entry, Facet, Words, row_chart
from polyarena.reports.figures.style import BLUE, GREY, INK, VERMILLION, house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.figures.views import View, views_of
from polyarena.reports.labels import system_order
from polyarena.reports.stats.pooling import NAME as POOLED
from polyarena.reports.stats.pooling import pooled_estimates
from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = ("system", "baseline", "level", "group", "value", "low", "high")
MARKS = ("value", "low", "high", "band_low", "band_high", "worst", "best")
"""What is drawn of a row."""


def forest(
    estimates: pd.DataFrame,
    *,
    systems: Sequence[str] | None = None,
    venue: str = "page",
    by: By = "tier",
    pooled: bool = False,
    description: str = "",
    title: str = "",
    caption: str = "",
) -> Drawing:
    """Draw win rates, or differences of two systems, with pointwise intervals and simultaneous bands by language.

    Colour and filling say the same thing twice: filled and blue when the interval is above the middle, filled and
    vermillion when below, hollow and grey when it contains it. A pale bar and a dagger mark games without a verdict.

    Args:
        estimates: Win rates of one judge and task (rows of :class:`polyarena.reports.records.Estimate`), one or several
            candidates side by side; or the table of :func:`polyarena.reports.stats.compare`, whose ``difference`` is
            drawn around 0.
        systems: Which candidates, in order; by default all, by name.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        by: Headings of the languages.
        pooled: Whether crosses show the languages drawn to their mean
            (:func:`polyarena.reports.stats.pooled_estimates`); numbers and intervals stay those of each language alone.
        description: What the judge says of itself, for the caption.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column or any row, or was measured in different ways.
    """
    differences = "difference" in estimates.columns
    frame = estimates
    if differences:
        frame = frame.assign(value=frame["difference"], baseline=frame["against"])
    frame = check(frame, "forest", COLUMNS, ["value"])
    if systems is not None:
        frame = check(frame[frame["system"].isin(list(systems))], "forest", COLUMNS, ["value"])
    order = {name: i for i, name in enumerate(systems or system_order(map(str, frame["system"].unique())))}
    found = set(frame[["system", "baseline"]].drop_duplicates().itertuples(index=False, name=None))
    pairs = sorted(found, key=lambda pair: (order[pair[0]], str(pair[1])))
    middle = 0.0 if differences else 50.0
    rows = {(row["system"], row["baseline"], row["level"], row["group"]): row for row in frame.to_dict("records")}

    def mean(code: str) -> float | None:
        known = [v for pair in pairs if (v := numbers(rows.get((*pair, "language", code), {}), "value")[0]) is not None]
        return sum(known) / len(known) if known else None

    entries = language_rows(
        frame.loc[frame["level"] == "language", "group"], mean, by=by, average=bool((frame["level"] == "macro").any())
    )
    crosses = _pooled(frame) if pooled else {}
    ends = [end for row in rows.values() for end in _marks(row)]
    limits, ticks = nice_axis(ends, include=(middle - 10, middle + 10), bounds=(-100, 100) if differences else (0, 100),
                              most=4)  # fmt: skip

    views = views_of(pairs, entries, lambda pair, key: numbers(rows.get((*pair, *key), {}), "value")[0])

    def facet(view: View) -> Facet:
        def place(entry: Entry) -> tuple[str, str, str, str]:
            pair, key = view.cell(entry)
            return (*pair, *key)

        def draw(axes: Axes, entry: Entry, y: float) -> None:
            _draw(axes, entry, y, _marks(rows.get(place(entry), {})), middle)
            if (cross := crosses.get(place(entry))) is not None:
                axes.plot([cross], [y], marker="x", color=INK, markersize=3.6, markeredgewidth=0.8, linestyle="none",
                          zorder=5)  # fmt: skip

        def text(entry: Entry, *, interval: bool) -> str:
            row = rows.get(place(entry), {})
            value, low, high = numbers(row, "value", "low", "high", scale=100)
            if value is None:
                return "no verdict" if entry.kind == "item" and place(entry) in rows else ""
            short = f"{value:{'+' if differences else ''}.1f}"
            span = "" if not interval else " [–]" if low is None or high is None else f" [{low:.1f}, {high:.1f}]"
            return f"{short}{span}{' †' if number(row.get('n_invalid')) else ''}".replace("-", "−")

        axis = "difference, points" if differences else "win rate, %"
        return Facet(view.title, axis, limits, ticks, draw,
                     (lambda e: text(e, interval=True), lambda e: text(e, interval=False)),
                     ("[interval]", ""), reference=middle)  # fmt: skip

    with house_style():
        keys = (*_keys(middle), *([Key(POOLED, INK, "x")] if crosses else []))
        words = Words(title or _title(pairs, differences), caption or _caption(frame, differences, description), keys)
        figures = row_chart(views.entries, [facet(view) for view in views.views], words, find_venue(venue))
    return Drawing(figures, words.title, words.caption, frame)


def _marks(row: Mapping[Any, Any]) -> tuple[float | None, ...]:
    """Return what is drawn of a row; the worst and the best case only where games have no verdict."""
    found = numbers(row, *MARKS, scale=100)
    return found if number(row.get("n_invalid")) else (*found[:-2], None, None)


def _pooled(frame: pd.DataFrame) -> dict[tuple[str, str, str, str], float]:
    """Return the pooled estimate of each language in percent; empty where there are too few languages."""
    found = pooled_estimates(frame)
    return {
        (str(row["system"]), str(row["baseline"]), "language", str(row["group"])): 100 * float(row["pooled"])
        for row in found.to_dict("records")
    }


def _draw(axes: Axes, entry: Entry, y: float, marks: tuple[float | None, ...], middle: float) -> None:
    value, low, high, band_low, band_high, worst, best = marks
    if value is None:
        return
    colour = GREY
    if low is not None and high is not None:
        colour = BLUE if low > middle else VERMILLION if high < middle else GREY
    if worst is not None and best is not None:
        axes.plot([worst, best], [y, y], color=colour, alpha=0.22, linewidth=5.0, solid_capstyle="butt", zorder=2)
    if band_low is not None and band_high is not None:
        axes.plot([band_low, band_high], [y, y], color=colour, linewidth=0.5, zorder=2.5, solid_capstyle="butt")
    if low is not None and high is not None:
        axes.plot([low, high], [y, y], color=colour, linewidth=1.5, zorder=3, solid_capstyle="butt")
    average = entry.kind != "item"
    axes.plot([value], [y], marker="D" if average else "o", color=colour, markersize=4.2 if average else 3.4,
              markerfacecolor="white" if colour == GREY else colour, markeredgewidth=0.8, clip_on=False,
              zorder=4)  # fmt: skip


def _keys(middle: float) -> tuple[Key, ...]:
    line = f"{middle:g}%" if middle else "0"
    return (
        Key(f"better: interval above {line}", BLUE, "o"),
        Key(f"worse: interval below {line}", VERMILLION, "o"),
        Key(f"inconclusive: interval contains {line}", GREY, "o", filled=False),
    )


def _title(pairs: Sequence[tuple[str, str]], differences: bool) -> str:
    what = "differences" if differences else "win rates"
    if len(pairs) == 1:
        return f"{pairs[0][0]} vs. {pairs[0][1]}: {what} by language"
    return f"{what.capitalize()} of {len(pairs)} comparisons by language"


def _caption(frame: pd.DataFrame, differences: bool, description: str) -> str:
    what = "Paired differences on the same items" if differences else "Win rates (ties count half)"
    what += pairs_sentence(frame) + judge_sentence(frame, description) + items_sentence(frame)
    what += interval_sentence(frame) + bands_sentence(frame)
    what += without_values(frame)
    what += "Diamonds: averages, in which each language has the same weight."
    own = frame[frame["level"] == "language"]
    invalid = sum(int(value) for value in map(number, own["n_invalid"]) if value) if "n_invalid" in own.columns else 0
    if invalid:
        what += f" † {count_of(invalid, 'game')} without a verdict: the pale bar runs from all lost to all won."
    return what
