"""The forest plot: in which languages does a system do better than its baseline, or than another system?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.captions import (
    bands_sentence,
    interval_sentence,
    items_sentence,
    judge_sentence,
    pairs_sentence,
)
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import check, numbers
from polyarena.reports.figures.language_rows import By, language_rows
from polyarena.reports.figures.legend import Key
from polyarena.reports.figures.row_chart import Entry, Facet, Words, row_chart
from polyarena.reports.figures.style import BLUE, GREY, VERMILLION, house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.figures.views import View, views_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = ("system", "baseline", "level", "group", "value", "low", "high")


def win_rate_forest(
    estimates: pd.DataFrame,
    *,
    systems: Sequence[str] | None = None,
    venue: str = "page",
    by: By = "tier",
    title: str = "",
    caption: str = "",
) -> Drawing:
    """Draw win rates, or differences of two systems, with pointwise intervals and simultaneous bands by language.

    Args:
        estimates: Win rates of one judge and task (rows of :class:`polyarena.reports.records.Estimate`), one or several
            candidates side by side; or the table of :func:`polyarena.reports.stats.compare`, whose ``difference`` is
            drawn around 0.
        systems: Which candidates, in order; by default all, by name.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        by: Headings of the languages.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column or any row, or was measured in different ways.
    """
    differences = "difference" in estimates.columns
    frame = estimates
    if differences:
        frame = frame.assign(value=frame["difference"], baseline=frame["against"])
    frame = check(frame, "forest", COLUMNS)
    if systems is not None:
        frame = check(frame[frame["system"].isin(list(systems))], "forest", COLUMNS)
    order = {name: i for i, name in enumerate(systems or sorted(map(str, frame["system"].unique())))}
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
    ends = [
        end for row in rows.values() for end in numbers(row, "value", "low", "high", "band_low", "band_high", scale=100)
    ]
    limits, ticks = nice_axis(ends, include=(middle - 10, middle + 10), bounds=(-100, 100) if differences else (0, 100),
                              most=4)  # fmt: skip

    views = views_of(pairs, entries, lambda pair, key: numbers(rows.get((*pair, *key), {}), "value")[0])

    def facet(view: View) -> Facet:
        def place(entry: Entry) -> tuple[str, str, str, str]:
            pair, key = view.cell(entry)
            return (*pair, *key)

        def draw(axes: Axes, entry: Entry, y: float) -> None:
            _draw(axes, entry, y, numbers(rows.get(place(entry), {}), "value", "low", "high", "band_low",
                                          "band_high", scale=100), middle)  # fmt: skip

        def text(entry: Entry, *, interval: bool) -> str:
            value, low, high = numbers(rows.get(place(entry), {}), "value", "low", "high", scale=100)
            if value is None:
                return "no verdict" if entry.kind == "item" and place(entry) in rows else ""
            sign = "+" if differences else ""
            short = f"{value:{sign}.1f}".replace("-", "−")
            if not interval:
                return short
            return (
                f"{short} [{low:.1f}, {high:.1f}]".replace("-", "−")
                if low is not None and high is not None
                else f"{short} [–]"
            )

        axis = "difference, points" if differences else "win rate, %"
        return Facet(view.title, axis, limits, ticks, draw,
                     (lambda e: text(e, interval=True), lambda e: text(e, interval=False)),
                     ("[interval]", ""), reference=middle)  # fmt: skip

    with house_style():
        words = Words(title or _title(pairs, differences), caption or _caption(frame, differences), _keys(middle))
        figures = row_chart(views.entries, [facet(view) for view in views.views], words, find_venue(venue))
    return Drawing(figures, words.title, words.caption, frame)


def _draw(axes: Axes, entry: Entry, y: float, marks: tuple[float | None, ...], middle: float) -> None:
    value, low, high, band_low, band_high = marks
    if value is None:
        return
    colour = GREY
    if low is not None and high is not None:
        colour = BLUE if low > middle else VERMILLION if high < middle else GREY
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


def _caption(frame: pd.DataFrame, differences: bool) -> str:
    what = "Paired differences on the same items" if differences else "Win rates (ties count half)"
    what += pairs_sentence(frame)
    diamonds = "Diamonds: averages, in which each language has the same weight."
    return (
        what
        + judge_sentence(frame)
        + items_sentence(frame)
        + interval_sentence(frame)
        + bands_sentence(frame)
        + diamonds
    )
