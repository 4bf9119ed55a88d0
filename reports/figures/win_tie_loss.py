"""Wins, ties and losses in each language as stacked bars: where does a system beat its baseline?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.patches import Rectangle

from polyarena.reports.figures.captions import (
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
from polyarena.reports.figures.style import INK, LOSS, TIE, WIN, house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.figures.views import View, views_of
from polyarena.reports.stats.win_rates import COUNTS_OF_ITEMS, TOLD_APART, rate_of_counts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = ("system", "baseline", "level", "group", "wins", "ties", "losses")
COLOURS = (WIN, TIE, LOSS)


def win_tie_loss(
    outcomes: pd.DataFrame, *, venue: str = "page", by: By = "tier", title: str = "", caption: str = ""
) -> Drawing:
    """Draw the shares of wins, ties and losses, with the win rate (ties count half) and its interval on top.

    Args:
        outcomes: Columns ``system``, ``baseline``, ``level`` (``macro``, ``tier``, ``language``), ``group``, and
            ``wins``, ``ties`` and ``losses`` as counts or in percent; and, if they are known, ``value``, ``low`` and
            ``high`` of the win rate (0 to 1), ``n``, ``judge``, ``confidence``, ``method`` and ``signature``, as
            :func:`polyarena.reports.stats.win_rates` estimates them. Several pairs of systems are drawn side by side.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        by: Headings of the languages.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column or any row, or was measured in different ways.
    """
    size = find_venue(venue).size
    frame = check(outcomes, "win-tie-loss", COLUMNS, ["wins", "ties", "losses", "value"])
    pairs = list(frame[["system", "baseline"]].drop_duplicates().itertuples(index=False, name=None))
    rows = {
        (system, baseline, level, group): row
        for system, baseline, level, group, row in zip(
            frame["system"], frame["baseline"], frame["level"], frame["group"], frame.to_dict("records"), strict=True
        )
    }

    def shares(pair: tuple[str, str], key: tuple[str, str]) -> tuple[float, float, float] | None:
        wins, ties, losses = numbers(rows.get((*pair, *key), {}), "wins", "ties", "losses")
        total = (wins or 0.0) + (ties or 0.0) + (losses or 0.0)
        return (
            None if total <= 0 else (100 * (wins or 0) / total, 100 * (ties or 0) / total, 100 * (losses or 0) / total)
        )

    def rate(pair: tuple[str, str], key: tuple[str, str]) -> float | None:
        """Return the win rate: battles of several games may be worth a quarter, which counts of ties do not tell."""
        value = numbers(rows.get((*pair, *key), {}), "value", scale=100)[0]
        parts = shares(pair, key)
        return value if value is not None or parts is None else parts[0] + parts[1] / 2

    def mean_rate(code: str) -> float | None:
        known = [value for pair in pairs if (value := rate(pair, ("language", code))) is not None]
        return sum(known) / len(known) if known else None

    codes = frame.loc[frame["level"] == "language", "group"]
    entries = language_rows(codes, mean_rate, by=by, average=bool((frame["level"] == "macro").any()))
    views = views_of(pairs, entries, rate)

    def facet(view: View) -> Facet:
        def draw(axes: Axes, entry: Entry, y: float) -> None:
            pair, key = view.cell(entry)
            parts = shares(pair, key)
            if parts is None:
                return
            _bar(axes, parts, y, size)
            low, high = numbers(rows.get((*pair, *key), {}), "low", "high", scale=100)
            value = rate(pair, key)
            value = parts[0] + parts[1] / 2 if value is None else value
            if low is not None and high is not None:
                axes.plot([low, high], [y, y], color=INK, linewidth=1.1, zorder=4, solid_capstyle="butt")
            axes.plot([value], [y], marker="o", markersize=2.6, color=INK, markerfacecolor="white", zorder=5,
                      markeredgewidth=0.8)  # fmt: skip

        def full(entry: Entry) -> str:
            parts = shares(*view.cell(entry))
            return " / ".join(f"{part:.0f}" for part in parts) if parts else _none(entry)

        return Facet(view.title, "% of battles", (0, 100), (0, 25, 50, 75, 100), draw, (full,),
                     ("win / tie / loss",), reference=50, least=12)  # fmt: skip

    with house_style():
        words = Words(
            title or _title(pairs),
            caption
            or f"Shares of wins, ties and losses{pairs_sentence(frame)}{judge_sentence(frame)}{items_sentence(frame)}"
            f"{_circles(frame)}{_counts(frame)}{interval_sentence(frame)}Dashed: one half.",
            (
                Key("win", WIN, "bar"),
                *([Key("tie", TIE, "bar")] if (frame["ties"].fillna(0) > 0).any() else []),
                Key("loss", LOSS, "bar"),
                Key("win rate", INK, "o", False),
            ),
        )
        figures = row_chart(views.entries, [facet(view) for view in views.views], words, find_venue(venue))
    return Drawing(figures, words.title, words.caption, frame)


def _bar(axes: Axes, parts: tuple[float, float, float], y: float, size: float) -> None:
    """Draw a stacked bar, as high as its row's letters."""
    half = 0.45 * size / 72
    left = 0.0
    for part, colour in zip(parts, COLOURS, strict=True):
        box = Rectangle((left, y - half), part, 2 * half, facecolor=colour, edgecolor="white", linewidth=0.4, zorder=2)
        axes.add_patch(box)
        left += part


def _circles(frame: pd.DataFrame) -> str:
    """Say what circles are; without any verdict there are none."""
    if not (frame[["wins", "ties", "losses"]].fillna(0) > 0).to_numpy().any():
        return "No verdict is known. "
    known = "value" in frame.columns and frame["value"].notna().any()
    return f"Circles: the win rate{'' if known else ' as the counts have it'}, ties counting half. "


def _counts(frame: pd.DataFrame) -> str:
    """Say what is counted, if the win rates do not follow from the bars."""
    for row in frame.to_dict("records"):
        value, wins, ties, losses = numbers(row, "value", "wins", "ties", "losses")
        told = rate_of_counts(wins or 0.0, ties or 0.0, losses or 0.0)
        if value is not None and told is not None and abs(told - value) >= TOLD_APART:
            return f"{COUNTS_OF_ITEMS} "
    return ""


def _none(entry: Entry) -> str:
    return "no verdict" if entry.kind == "item" else ""


def _title(pairs: list[tuple[str, str]]) -> str:
    if len({system for system, _ in pairs}) == 1:
        against = f" vs. {pairs[0][1]}" if len(pairs) == 1 else ""
        return f"{pairs[0][0]}{against}: wins, ties and losses by language"
    return f"Wins, ties and losses of {len(pairs)} comparisons by language"
