"""How much a result depends on one judge, language or template: the estimate without each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.captions import interval_sentence, judge_sentence
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import FigureError, check, numbers
from polyarena.reports.figures.row_chart import Entry, Facet, Words, row_chart
from polyarena.reports.figures.style import BLUE, GREY, VERMILLION, house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.labels import language_label, sentence_case

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = ("kind", "without", "value", "low", "high")
HEADINGS = {"judge": "Without the judge", "language": "Without the language", "template": "Without the template"}


def sensitivity(
    estimates: pd.DataFrame,
    *,
    venue: str = "page",
    what: str = "win rate, %",
    scale: float = 100.0,
    reference: float | None = 50.0,
    title: str = "",
    caption: str = "",
) -> Drawing:
    """Draw the estimate of everything, and of everything but one judge, language or template.

    Args:
        estimates: Columns ``kind`` (``all``, ``judge``, ``language``, ``template``), ``without`` (what is left out),
            ``value``, ``low``, ``high``. From :func:`polyarena.reports.figures.data.leave_one_out`.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        what: Is measured, with the unit.
        scale: What values are multiplied with.
        reference: Where better ends and worse begins. A part without which the outcome (better, worse or inconclusive)
            is another one is hollow and vermillion.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column, or the row of everything.
    """
    frame = check(estimates, "sensitivity", COLUMNS)
    rows = {(str(row["kind"]), str(row["without"])): row for row in frame.to_dict("records")}
    whole = next((row for (kind, _), row in rows.items() if kind == "all"), None)
    value = numbers(whole or {}, "value", scale=scale)[0]
    if whole is None or value is None:
        raise FigureError("a sensitivity figure needs the estimate of everything", why="no row has the kind 'all'")
    entries = [Entry("average", ("all", str(whole["without"])), "Everything")]
    for kind in (*HEADINGS, *sorted({kind for kind, _ in rows} - {*HEADINGS, "all"})):
        names = [name for other, name in rows if other == kind]
        if not names:
            continue
        entries.append(Entry("group", ("", kind), HEADINGS.get(kind, f"Without the {kind}")))
        names.sort(key=lambda name, kind=kind: (-(numbers(rows[kind, name], "value")[0] or 0.0), name))  # type: ignore[misc]
        for name in names:
            label = language_label(name) if kind == "language" else None
            entries.append(
                Entry("item", (kind, name), label.name, label.autonym, label.script)
                if label
                else Entry("item", (kind, name), name)
            )
    ends = [end for row in rows.values() for end in numbers(row, "value", "low", "high", scale=scale)]
    limits, ticks = nice_axis(ends, most=4)
    outcome = _outcome(whole, reference, scale)

    def draw(axes: Axes, entry: Entry, y: float) -> None:
        here, low, high = numbers(rows.get(entry.key, {}), "value", "low", "high", scale=scale)
        if here is None:
            return
        flipped = _outcome(rows[entry.key], reference, scale) != outcome
        colour = VERMILLION if flipped else BLUE if entry.kind == "average" else GREY
        if low is not None and high is not None:
            axes.plot([low, high], [y, y], color=colour, linewidth=1.5, solid_capstyle="butt", zorder=3)
        axes.plot([here], [y], marker="D" if entry.kind == "average" else "o", color=colour, markersize=3.4, zorder=4,
                  markerfacecolor="white" if flipped else colour, markeredgewidth=0.9)  # fmt: skip

    def text(entry: Entry, *, change: bool) -> str:
        here = numbers(rows.get(entry.key, {}), "value", scale=scale)[0]
        if here is None:
            return ""
        moved = f" ({here - value:+.1f})".replace("-", "−") if change and entry.kind == "item" else ""
        return f"{here:.1f}{moved}"

    words = Words(
        title or f"{sentence_case(what.partition(',')[0])} without each part",
        caption
        or f"{sentence_case(what)}, of everything (dashed) and with one part left out; numbers in brackets are "
        f"changes. {_turns(rows.values(), outcome, reference, scale)}{judge_sentence(frame)}{interval_sentence(frame)}",
    )
    facet = Facet("", what, limits, ticks, draw, (lambda e: text(e, change=True), lambda e: text(e, change=False)),
                  ("(change)", ""), reference=value)  # fmt: skip
    with house_style():
        figures = row_chart(entries, [facet], words, find_venue(venue))
    return Drawing(figures, words.title, words.caption, frame)


def _outcome(row: Mapping[Any, Any], reference: float | None, scale: float) -> str:
    """Return ``better``, ``worse`` or ``inconclusive`` by the interval; by the value where there is none."""
    value, low, high = numbers(row, "value", "low", "high", scale=scale)
    if value is None or reference is None:
        return ""
    if (value if low is None else low) > reference:
        return "better"
    return "worse" if (value if high is None else high) < reference else "inconclusive"


def _turns(rows: Iterable[Mapping[Any, Any]], outcome: str, reference: float | None, scale: float) -> str:
    """Return what hollow marks mean, or that there are none."""
    if reference is None:
        return ""
    parts = [row for row in rows if str(row["kind"]) != "all" and numbers(row, "value")[0] is not None]
    turned = sum(_outcome(row, reference, scale) != outcome for row in parts)
    if not turned:
        return f"Whatever is left out, the outcome stays {outcome} (against {reference:g}). "
    return f"Hollow: without this part, the outcome (against {reference:g}) is not {outcome}, as it is of everything. "
