"""What a judge favours, besides quality: position, length, ties and language, in each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from polyarena.reports.figures.axis import nice_axis
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import check, counts, numbers
from polyarena.reports.figures.language_rows import By, language_rows
from polyarena.reports.figures.row_chart import Entry, Facet, Words, row_chart
from polyarena.reports.figures.style import BLUE, house_style
from polyarena.reports.figures.venues import find_venue

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = ("measure", "group", "value", "low", "high")

LETTER = 0.72
"""Width of a bold letter in font sizes: the words of a measure's name are not cut, they are broken into lines."""


def judge_bias(
    rates: pd.DataFrame,
    *,
    measures: Sequence[str] | None = None,
    venue: str = "page",
    by: By = "tier",
    title: str = "",
    caption: str = "",
) -> Drawing:
    """Draw the rates of a judge card by language, one plot for each measure.

    Args:
        rates: Columns ``measure``, ``group`` (language, or ``all``), ``value``, ``low``, ``high`` (0 to 1); and, if
            they are known, ``n``, ``judge``, ``meaning`` (of the measure) and ``reference`` (of a judge without the
            bias). From :func:`polyarena.reports.figures.data.card_rows`.
        measures: Which, and in which order; by default as they come.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        by: Headings of the languages.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column or any row.
    """
    frame = check(rates, "bias", COLUMNS, ["value"])
    if measures is not None:
        frame = check(frame[frame["measure"].isin(list(measures))], "bias", COLUMNS, ["value"])
    names = list(measures or dict.fromkeys(map(str, frame["measure"])))
    rows = {(str(row["measure"]), str(row["group"])): row for row in frame.to_dict("records")}
    codes = [code for code in dict.fromkeys(map(str, frame["group"])) if code != "all"]
    entries = language_rows(codes, lambda code: numbers(rows.get((names[0], code), {}), "value")[0], by=by,
                            average=any(group == "all" for _, group in rows))  # fmt: skip

    def facet(name: str) -> Facet:
        own = [row for (measure, _), row in rows.items() if measure == name]
        ends = [end for row in own for end in numbers(row, "value", "low", "high", scale=100)]
        reference = next((r for row in own if (r := numbers(row, "reference", scale=100)[0]) is not None), None)
        limits, ticks = nice_axis(ends, include=(0.0, reference or 0.0), bounds=(0, 100), most=3)  # fmt: skip

        def draw(axes: Axes, entry: Entry, y: float) -> None:
            value, low, high = _of(rows, name, entry)
            if low is not None and high is not None:
                axes.plot([low, high], [y, y], color=BLUE, linewidth=1.5, solid_capstyle="butt", zorder=3)
            if value is not None:
                marker = "o" if entry.kind == "item" else "D"
                axes.plot([value], [y], marker=marker, color=BLUE, markersize=3.2, zorder=4, clip_on=False)  # fmt: skip

        def text(entry: Entry) -> str:
            value = _of(rows, name, entry)[0]
            return "" if value is None else f"{value:.0f}"

        words = name.split("_")
        return Facet(" ".join(words), "%", limits, ticks, draw, (text,), ("",), reference,
                     least=max(7.0, LETTER * max(map(len, words))))  # fmt: skip

    with house_style():
        words = Words(title or _title(frame), caption or _caption(frame, names))
        figures = row_chart(entries, [facet(name) for name in names], words, find_venue(venue))
    return Drawing(figures, words.title, words.caption, frame)


def _of(rows: Mapping[tuple[str, str], Mapping[Any, Any]], name: str, entry: Entry) -> tuple[float | None, ...]:
    own = {} if entry.kind == "group" else rows.get((name, entry.key[1]), {})
    return numbers(own, "value", "low", "high", scale=100)


def _title(frame: pd.DataFrame) -> str:
    judges = sorted(set(map(str, frame["judge"]))) if "judge" in frame.columns else []
    return f"What the judge {judges[0]} favours, by language" if judges else "What the judge favours, by language"


def _caption(frame: pd.DataFrame, names: Sequence[str]) -> str:
    meanings = ""
    if "meaning" in frame.columns:
        first = frame.drop_duplicates("measure").set_index("measure")["meaning"]
        meanings = " ".join(f"{name.replace('_', ' ')}: {str(first[name]).rstrip('.')}." for name in names) + " "
    n = f"n = {counts(frame['n'])}. " if "n" in frame.columns else ""
    return f"{meanings}{n}Lines: 95% intervals over prompts. Dashed: a judge without the bias."
