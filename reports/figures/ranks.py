"""Ranks with intervals, in groups of systems that cannot be told apart: which systems differ?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import FigureError, check, numbers
from polyarena.reports.figures.row_chart import Entry, Facet, Words, row_chart
from polyarena.reports.figures.style import BLUE, GREY, house_style
from polyarena.reports.figures.venues import find_venue

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = ("system", "rank", "rank_low", "rank_high", "tie_group")
Rows = Mapping[str, Mapping[Any, Any]]


def ranks(ranking: pd.DataFrame, *, venue: str = "page", title: str = "", caption: str = "") -> Drawing:
    """Draw each system's rank with the ranks that the data allow, and its win rate with its interval.

    Args:
        ranking: From :func:`polyarena.reports.stats.rank`: one judge and task, one level and group.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column or any ranked system, or contains several rankings.
    """
    frame = check(ranking, "ranks", COLUMNS, ["rank"])
    if frame["system"].duplicated().any():
        raise FigureError("a figure of ranks shows one ranking", why="a system occurs twice",
                          fix="choose a judge, a task, a level and a group")  # fmt: skip
    frame = frame[frame["rank"].notna()].sort_values(["rank", "tie_group", "system"], kind="stable")
    rows = {str(row["system"]): row for row in frame.to_dict("records")}
    facets = [_rank_facet(rows)]
    if "win_rate" in frame.columns and frame["win_rate"].notna().any():
        facets.append(_rate_facet(rows))
    with house_style():
        words = Words(title or f"Ranks of {len(rows)} systems", caption or _caption(frame))
        figures = row_chart(_entries(rows), facets, words, find_venue(venue))
    return Drawing(figures, words.title, words.caption, frame)


def _entries(rows: Rows) -> list[Entry]:
    found: list[Entry] = []
    for name, row in rows.items():
        group = numbers(row, "tie_group")[0]
        heading = Entry("group", ("tie group", str(group)), "Not grouped" if group is None else f"Group {group:g}")
        if heading not in found:
            found.append(heading)
        found.append(Entry("item", ("system", name), name))
    return found


def _rank_facet(rows: Rows) -> Facet:
    ends = [end for row in rows.values() for end in numbers(row, "rank", "rank_low", "rank_high") if end is not None]
    last = max(ends)
    inner = [tick for tick in nice_axis(ends, bounds=(0, last))[1] if 1 < tick <= last and tick == int(tick)]

    def draw(axes: Axes, entry: Entry, y: float) -> None:
        if entry.kind != "item":
            return
        rank, low, high = numbers(rows[entry.key[1]], "rank", "rank_low", "rank_high")
        if rank is None:
            return
        if low is not None and high is not None:
            axes.plot([low, high], [y, y], color=BLUE, linewidth=1.5, solid_capstyle="butt", zorder=3)
        axes.plot([rank], [y], marker="o", color=BLUE, markersize=3.4, zorder=4, clip_on=False)

    def text(entry: Entry) -> str:
        if entry.kind != "item":
            return ""
        rank, low, high = numbers(rows[entry.key[1]], "rank", "rank_low", "rank_high")
        return f"{rank:g} [{low:g}, {high:g}]" if low is not None and high is not None else f"{rank:g}"

    return Facet("Rank", "1 is best", (0.5, last + 0.5), (1.0, *inner), draw, (text,), ("[interval]",), least=9)


def _rate_facet(rows: Rows) -> Facet:
    ends = [end for row in rows.values() for end in numbers(row, "win_rate", "low", "high", scale=100)]
    limits, ticks = nice_axis(ends, include=(50,), bounds=(0, 100), most=4)

    def draw(axes: Axes, entry: Entry, y: float) -> None:
        if entry.kind != "item":
            return
        value, low, high = numbers(rows[entry.key[1]], "win_rate", "low", "high", scale=100)
        if low is not None and high is not None:
            axes.plot([low, high], [y, y], color=GREY, linewidth=1.5, solid_capstyle="butt", zorder=3)
        if value is not None:
            axes.plot([value], [y], marker="s", color=GREY, markersize=3, zorder=4, clip_on=False)

    def text(entry: Entry) -> str:
        value = numbers(rows[entry.key[1]], "win_rate", scale=100)[0] if entry.kind == "item" else None
        return "" if value is None else f"{value:.1f}"

    return Facet("Win rate", "% vs. the baseline", limits, ticks, draw, (text,), ("",), 50, least=9)


def _caption(frame: pd.DataFrame) -> str:
    first = dict(frame.iloc[0])
    judge = f"Judge: {first['judge']}. " if isinstance(first.get("judge"), str) else ""
    items, level = numbers(first, "n_clusters", "confidence")
    n = f"n = {items:,.0f} source items. " if items else ""
    percent = f"{100 * level:g}% " if level else ""
    against = f" against {first['baseline']}" if isinstance(first.get("baseline"), str) else ""
    return (
        f"{judge}{n}Lines: the ranks that the data allow, {percent}simultaneous over all pairs, and {percent}intervals "
        f"of the win rate{against}. The systems of a group cannot be told from its best."
    )
