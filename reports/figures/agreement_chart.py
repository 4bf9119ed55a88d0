"""Agreement of a judge with people in each language, beside the agreement of people with one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import check, counts, numbers
from polyarena.reports.figures.language_rows import By, language_rows
from polyarena.reports.figures.legend import Key
from polyarena.reports.figures.row_chart import Entry, Facet, Words, row_chart
from polyarena.reports.figures.style import BLUE, TIE, house_style
from polyarena.reports.figures.venues import find_venue

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = ("group", "value", "low", "high", "ceiling")


def agreement_chart(
    agreement: pd.DataFrame,
    *,
    venue: str = "page",
    by: By = "tier",
    what: str = "raw agreement",
    title: str = "",
    caption: str = "",
) -> Drawing:
    """Draw a judge's agreement with people by language, on a pale bar that ends at the agreement of people.

    Args:
        agreement: Columns ``group`` (language, or ``all``), ``value``, ``low``, ``high`` (of the judge with people) and
            ``ceiling`` (of people with one another), from -1 or 0 to 1; and ``n`` if it is known. From
            :func:`polyarena.reports.figures.data.agreement_rows`.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        by: Headings of the languages.
        what: The coefficient.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column or any row.
    """
    frame = check(agreement, "agreement", COLUMNS, ["value", "ceiling"])
    rows = {str(row["group"]): row for row in frame.to_dict("records")}
    codes = [code for code in rows if code != "all"]
    entries = language_rows(codes, lambda code: numbers(rows[code], "value")[0], by=by, average="all" in rows)
    ends = [end for row in rows.values() for end in numbers(row, "value", "low", "high", "ceiling")]
    limits, ticks = nice_axis(ends, include=(0.0, 1.0), bounds=(-1, 1), most=4)

    def row_of(entry: Entry) -> dict[str, object]:
        return {} if entry.kind == "group" else dict(rows.get(entry.key[1], {}))  # type: ignore[arg-type]

    def draw(axes: Axes, entry: Entry, y: float) -> None:
        value, low, high, ceiling = numbers(row_of(entry), "value", "low", "high", "ceiling")
        if ceiling is not None:
            axes.plot([limits[0], ceiling], [y, y], color=TIE, linewidth=5.0, solid_capstyle="butt", zorder=2)
        if low is not None and high is not None:
            axes.plot([low, high], [y, y], color=BLUE, linewidth=1.5, solid_capstyle="butt", zorder=3)
        if value is not None:
            axes.plot(
                [value], [y], marker="D" if entry.kind == "average" else "o", color=BLUE, markersize=3.4, zorder=4
            )

    def text(entry: Entry, *, full: bool) -> str:
        value, low, high, ceiling = numbers(row_of(entry), "value", "low", "high", "ceiling")
        if value is None:
            return ""
        found = f"{value:.2f}"
        if full and low is not None and high is not None:
            found += f" [{low:.2f}, {high:.2f}]"
        return f"{found} / {ceiling:.2f}" if ceiling is not None else f"{found} / –"

    n = f" n = {counts(frame['n'])} items a language." if "n" in frame.columns else ""
    words = Words(
        title or f"Agreement of the judge with people: {what}",
        caption
        or f"{what[0].upper()}{what[1:]} of the judge with people (points, with 95% intervals) and of people with "
        f"one another (pale bars), the most that a judge can be expected to reach.{n}",
        (Key("judge and people", BLUE, "o"), Key("people and people", TIE, "bar")),
    )
    facet = Facet("", what, limits, ticks, draw, (lambda e: text(e, full=True), lambda e: text(e, full=False)),
                  ("judge / people", "judge / people"))  # fmt: skip
    with house_style():
        figures = row_chart(entries, [facet], words, find_venue(venue))
    return Drawing(figures, words.title, words.caption, frame)
