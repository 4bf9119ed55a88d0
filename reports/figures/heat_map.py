"""Systems by languages as a heat map: which cells are weak?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarena.reports.figures.captions import items_sentence, judge_sentence
from polyarena.reports.figures.cells import cell_charts
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import FigureError, check, numbers
from polyarena.reports.figures.language_rows import By, language_rows
from polyarena.reports.figures.row_chart import Entry, Words
from polyarena.reports.figures.style import house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.labels import language_label, sentence_case
from polyarena.reports.metric_facts import MetricFacts, metric_facts

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("system", "level", "group", "value")

LEAST_SPAN = 0.2
"""Of the colours, as a share of a scale of 100, so that two points do not look like night and day."""


def heat_map(
    estimates: pd.DataFrame,
    *,
    systems: Sequence[str] | None = None,
    venue: str = "page",
    by: By = "tier",
    scale: float = 100.0,
    unit: str = "%",
    what: str = "",
    title: str = "",
    caption: str = "",
) -> Drawing:
    """Draw one number for each system and language, as colour and as text; darker is lower, also in grey.

    Languages are rows if there are more of them than systems, else columns. Systems and languages stand from best to
    worst, which is from low to high where the metric is an error.

    Args:
        estimates: Of one task and metric, or win rates of one judge, task and baseline: ``system``, ``level``,
            ``group``, ``value``; where ``low`` and ``high`` are known, values without an interval are in grey.
        systems: Which, in order; by default by their mean, best first.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        by: Headings of the languages.
        scale: What values are multiplied with.
        unit: Of what is shown.
        what: Is measured; by default the metric.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: The data lacks a column, holds no value, has two values for a cell, or was measured in different
            ways.
    """
    frame = check(estimates, "heat map", COLUMNS)
    frame = frame[frame["level"].isin(["language", "macro"])]
    languages = frame[frame["level"] == "language"]
    if languages.duplicated(["system", "group"]).any():
        raise FigureError("a heat map shows one number for each system and language",
                          why="there are several: of different tasks, judges or baselines",
                          fix="choose one")  # fmt: skip
    cells = {
        (str(system), str(group)): value
        for system, group, row in zip(frame["system"], frame["group"], frame.to_dict("records"), strict=True)
        if (value := numbers(row, "value", scale=scale)[0]) is not None
    }
    if not cells:
        raise FigureError("there is nothing to draw in a heat map", why="no cell has a value")
    codes = list(dict.fromkeys(map(str, languages["group"])))

    def mean(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known else None

    # A system that was asked in easy languages alone is not better for that.
    asked = sorted(set(map(str, frame["system"])))
    common = [code for code in codes if all((name, code) in cells for name in asked)] or codes

    facts = metric_facts(str(frame["metric"].iloc[0])) if "metric" in frame.columns else MetricFacts()

    def goodness(values: list[float | None]) -> float | None:
        own = mean(values)
        return None if own is None else facts.goodness(own / scale)

    def place(name: str) -> tuple[float, str]:
        own = goodness([cells.get((name, code)) for code in common])
        return (float("inf") if own is None else -own), name

    names = list(systems) if systems else sorted(asked, key=place)
    own = [value for (name, _), value in cells.items() if name in names]
    if not own:
        raise FigureError("there is nothing to draw in a heat map", why=f"no value of {', '.join(names)}")
    limits = _limits(own, scale)

    def of_language(entry: Entry, name: str) -> float | None:
        return None if entry.kind == "group" else cells.get((name, entry.key[1]))

    shown = what or (str(frame["metric"].iloc[0]).replace("_", " ") if "metric" in frame.columns else "score")
    words = Words(title or f"{sentence_case(shown.partition(',')[0])} by system and language",
                  caption or _caption(frame, shown, unit))  # fmt: skip
    with house_style():
        if len(codes) >= len(names):
            entries = language_rows(codes, lambda code: goodness([cells.get((n, code)) for n in names]), by=by,
                                    average=bool((frame["level"] == "macro").any()))  # fmt: skip
            figures = cell_charts(entries, names, of_language, words, find_venue(venue), limits=limits)
        else:
            entries = [Entry("item", ("system", name), name) for name in names]
            figures = cell_charts(entries, codes, lambda e, code: cells.get((e.key[1], code)), words, find_venue(venue),
                                  limits=limits, titles=[language_label(code).name for code in codes])  # fmt: skip
    return Drawing(figures, words.title, words.caption, frame)


def _limits(values: list[float], scale: float) -> tuple[float, float]:
    """Return what the darkest and the lightest colour stand for: at least a fifth of the scale, not a few points."""
    low, high = min(values), max(values)
    wider = max(0.0, LEAST_SPAN * scale - (high - low)) / 2 if scale == 100 else 0.0
    return low - wider, high + wider


def _caption(frame: pd.DataFrame, what: str, unit: str) -> str:
    task = f" on {', '.join(sorted(set(map(str, frame['task']))))}" if "task" in frame.columns else ""
    shown = f"{what}{f', {unit}' if unit else ''}{task}. {judge_sentence(frame)}{items_sentence(frame)}"
    return f"{sentence_case(shown)}Darker is lower. A dash: no result."
