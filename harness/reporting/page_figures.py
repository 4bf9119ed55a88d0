"""Draws the figures of a report: as files, and as what the page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.harness.reporting.figure_choice import PAGE, chosen_charts
from polyarena.harness.results import RunRecords
from polyarena.reports.escaping import csv_bytes
from polyarena.reports.page import Figure
from polyarena.reports.stats import cycles, pairwise_matrix
from polyarena.reports.stats.cycles import significant_wins

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.reports.figures import Drawing
    from polyarena.reports.figures.charts import Key, Meetings
    from polyarena.reports.page import Figure


@dataclass(frozen=True)
class PageFigures:
    """The figures of a report.

    Attributes:
        files: Contents by name: each figure in all formats, its caption, and the numbers drawn.
        figures: What the page shows, in order.
        notes: Which figures are not drawn, and why.
    """

    files: dict[str, bytes]
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]


def page_figures(
    records: RunRecords, estimates: pd.DataFrame, battles: pd.DataFrame, ranking: pd.DataFrame, chosen: str
) -> PageFigures:
    """Draw the chosen figures of a run.

    Args:
        records: Of the run.
        estimates: Its estimates.
        battles: Its battles.
        ranking: From :func:`polyarena.reports.stats.rank`, of all judges and tasks; may be empty.
        chosen: As in :func:`polyarena.harness.reporting.figure_choice.chosen_charts`.

    Raises:
        UnknownNameError: There is no figure of a name.
    """
    from polyarena.reports.figures import FigureError, MissingGlyphError, charts

    chance = {name: task.card.chance for name, task in records.lock.tasks.items()}
    chance = {family: chance[name] for name, (family, _) in records.lock.template_families.items()} | chance
    judges = {name: judge.description for name, judge in records.lock.judges.items()}
    rankings = rankings_by_task(ranking)
    every = charts(
        estimates, rankings=rankings, meetings=_meetings(battles, rankings), chance=chance, judges=judges
    )  # fmt: skip
    shown = chosen_charts(every, chosen)
    files: dict[str, bytes] = {}
    figures: list[Figure] = []
    notes: list[str] = []
    if chosen == PAGE and len(shown) < len(every):
        notes.append(
            f"{len(every) - len(shown)} more figures are not drawn; `polyarena report --figures all` draws them."
        )
    for chart in shown:
        try:
            drawing = chart.draw()
        except MissingGlyphError as error:
            notes.append(f"Not drawn: {chart.title}. In {error.where}, {error.what}. Fix: {error.fix}.")
            continue
        except FigureError as error:
            notes.append(f"Not drawn: {chart.title}: {error.what}, since {error.why}.")
            continue
        rendered, images = _rendered(chart.name, drawing)
        files |= rendered
        figures.append(Figure(chart.title, images, tuple(f"figures/{name}" for name in rendered), drawing.caption))
    return PageFigures(files, tuple(figures), tuple(notes))


def rankings_by_task(ranking: pd.DataFrame) -> dict[Key, pd.DataFrame]:
    """Return the ranks over all languages by judge and task; without any, nothing."""
    if "rank" not in ranking.columns:
        return {}
    own = ranking[(ranking["level"] == "macro") & ranking["rank"].notna()]
    return {(str(judge), str(task)): part for (judge, task), part in own.groupby(["judge", "task"], sort=True)}


def _meetings(battles: pd.DataFrame, rankings: dict[Key, pd.DataFrame]) -> dict[Key, Meetings]:
    """Return who beat whom where systems met several opponents."""
    from polyarena.reports.figures.charts import Meetings

    found = {}
    for judge, task in rankings:
        own = battles[(battles["judge"] == judge) & (battles["task"] == task)]
        if len(set(own["baseline"])) > 1:
            matrix = pairwise_matrix(own)
            found[judge, task] = Meetings(matrix, tuple(cycles(matrix, significant_wins(own))))
    return found


def _rendered(name: str, drawing: Drawing) -> tuple[dict[str, bytes], tuple[bytes, ...]]:
    """Return the files of a drawing, and its images as SVG."""
    from polyarena.reports.figures import FORMATS, render

    files: dict[str, bytes] = {}
    images = []
    for number, figure in enumerate(drawing.figures, start=1):
        stem = f"{name}-part-{number}" if len(drawing.figures) > 1 else name
        files |= {f"{stem}.{kind}": render(figure, kind) for kind in FORMATS}
        images.append(files[f"{stem}.svg"])
    files[f"{name}.csv"] = csv_bytes(drawing.data)
    files[f"{name}.caption.txt"] = f"{drawing.caption}\n".encode()
    return files, tuple(images)
