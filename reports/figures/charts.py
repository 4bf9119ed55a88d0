"""All charts of a report, in the order in which it shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.forest import forest
from polyarena.reports.figures.heat_map import heat_map
from polyarena.reports.figures.ranks import ranks
from polyarena.reports.figures.score_chart import score_chart
from polyarena.reports.figures.style import SERIES_COLOURS
from polyarena.reports.figures.win_matrix import win_matrix
from polyarena.reports.figures.win_tie_loss import win_tie_loss
from polyarena.reports.stats.cycles import Cycle
from polyarena.reports.tables import Section, sections
from polyarena.reports.template_names import is_over_templates
from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    import pandas as pd

VENUE = "report"

MOST_SIDE_BY_SIDE = 4
"""Candidates of one figure by language; of more, a heat map shows all of them."""


Key = tuple[str, str]
"""Judge and task."""

MOST_IN_MATRIX = 30
"""Systems whose matrix comes before the comparisons; of more it takes several sheets, and comes last."""


@dataclass(frozen=True)
class Chart:
    """A figure with the names it goes by.

    Attributes:
        name: Of its files, without suffix; letters, digits, dots and hyphens, distinct within a report.
        title: A line for people; also the text for those who cannot see it.
        draw: Draws it, for :func:`polyarena.reports.figures.render`. Charts are drawn one by one, so that a report of
            many holds one at a time, and a name that no font can draw costs one chart only.
        about: Judge and task, or task and metric.
    """

    name: str
    title: str
    draw: Callable[[], Drawing]
    about: Key = ("", "")


@dataclass(frozen=True)
class Meetings:
    """Who beat whom, of one judge and task.

    Attributes:
        matrix: From :func:`polyarena.reports.stats.pairwise_matrix`.
        cycles: From :func:`polyarena.reports.stats.cycles`.
    """

    matrix: pd.DataFrame
    cycles: tuple[Cycle, ...] = ()


def charts(
    estimates: pd.DataFrame,
    *,
    rankings: Mapping[Key, pd.DataFrame] | None = None,
    meetings: Mapping[Key, Meetings] | None = None,
    chance: Mapping[str, float | None] | None = None,
    judges: Mapping[str, str] | None = None,
) -> list[Chart]:
    """Return the charts of each judge and task, then of each task and metric.

    Ranks come first, where there are any. Up to four candidates stand side by side in one forest plot and in one chart
    of wins, ties and losses; more are rows (of one language) or a heat map. Of systems that met several opponents, a
    matrix shows who beats whom. Of a task with several prompt templates the median over them is drawn, not each.

    Args:
        estimates: Any rows of :class:`polyarena.reports.records.Estimate`.
        rankings: By judge and task, from :func:`polyarena.reports.stats.rank`: rows of the average over languages.
        meetings: By judge and task.
        chance: By task: expected headline score of guessing.
        judges: By name: what each judge says of itself.

    Returns:
        Undrawn, in the order of judge and task; then task and metric. More systems than colours are spread over several
        charts where a heat map would have a single column.
    """
    found: list[Chart] = []
    shown = [p for p in sections(estimates) if not p.detail and not is_over_templates(p.metric, "mean")]
    for about, name, title, draw in (
        *_of_verdicts(shown, rankings or {}, meetings or {}, judges or {}),
        *_of_scores(shown, chance or {}),
    ):
        taken = {chart.name for chart in found}
        slug = _slug(name)
        unique = next(n for i in range(len(found) + 1) if (n := slug if i == 0 else f"{slug}-{i + 1}") not in taken)
        found.append(Chart(unique, title, draw, about))
    return found


_Part = tuple[Key, str, str, Callable[[], Drawing]]
"""What it is about, its name, its title, and what draws it."""


def _of_verdicts(
    shown: list[Section],
    rankings: Mapping[Key, pd.DataFrame],
    meetings: Mapping[Key, Meetings],
    judges: Mapping[str, str],
) -> Iterator[_Part]:
    compared: dict[Key, list[Section]] = {}
    for part in shown:
        if part.baseline is not None:
            compared.setdefault((str(part.judge), part.task), []).append(part)
    for key, parts in compared.items():
        judge, task = key
        place = f"{task}, judge {judge}"
        name = f"{task}-{judge}"
        if (ranking := rankings.get(key)) is not None and ranking["rank"].notna().any():
            title = f"Ranks of {len(ranking)} systems on {place}"
            yield key, f"ranks-{name}", title, partial(ranks, ranking, venue=VENUE, title=title)
        matrix: list[_Part] = []
        if len({part.baseline for part in parts}) > 1 and (met := meetings.get(key)) is not None:
            title = f"Who beats whom on {place}"
            draw = partial(win_matrix, met.matrix, cycles=met.cycles, venue=VENUE, title=title)
            matrix = [(key, f"matrix-{name}", title, draw)]
        readable = matrix if len(ranking if ranking is not None else ()) <= MOST_IN_MATRIX else []
        yield from readable
        for baseline in dict.fromkeys(str(part.baseline) for part in parts):
            own = [part for part in parts if part.baseline == baseline]
            for chart in _against(own, baseline, place, name, judges.get(judge, "")):
                yield key, *chart
        if not readable:
            yield from matrix


def _against(
    parts: list[Section], baseline: str, place: str, name: str, description: str
) -> Iterator[tuple[str, str, Callable[[], Drawing]]]:
    """Yield the charts of one or several candidates against the same baseline."""
    estimates = pd.concat([part.estimates for part in parts])
    languages = estimates.loc[estimates["level"] == "language", "group"].nunique()
    who = parts[0].systems[0] if len(parts) == 1 else count_of(len(parts), "system")
    about = f"{who} against {baseline}"
    files = f"{name}-{parts[0].systems[0]}-{baseline}" if len(parts) == 1 else f"{name}-{baseline}"
    draw: Callable[[], Drawing]
    if len(parts) > MOST_SIDE_BY_SIDE and languages > 1:
        title = f"{about}: win rates by system and language on {place}"
        yield f"win-rates-{files}", title, partial(heat_map, estimates, venue=VENUE, title=title)
        return
    title = f"{about}: win rate by language on {place}"
    draw = partial(forest, estimates, venue=VENUE, title=title, description=description)
    yield f"win-rate-{files}", title, draw
    if estimates["wins"].notna().any():
        title = f"{about}: wins, ties and losses on {place}"
        yield f"win-tie-loss-{files}", title, partial(win_tie_loss, estimates, venue=VENUE, title=title)


def _of_scores(shown: list[Section], chance: Mapping[str, float | None]) -> Iterator[_Part]:
    for part in shown:
        if part.baseline is not None:
            continue
        unit = "%" if part.scale == 100 else ""
        languages = part.estimates.loc[part.estimates["level"] == "language", "group"].nunique()
        name, key = f"{part.metric}-{part.task}", (part.task, part.metric)
        if len(part.systems) > len(SERIES_COLOURS) and languages > 1:
            title = f"{part.metric} on {part.task}, {count_of(len(part.systems), 'system')}"
            yield (
                key,
                name,
                title,
                partial(heat_map, part.estimates, venue=VENUE, scale=part.scale, unit=unit, title=title),
            )
            continue
        for start in range(0, len(part.systems), len(SERIES_COLOURS)):
            chosen = part.systems[start : start + len(SERIES_COLOURS)]
            what = f"{part.metric} on {part.task}{', %' if unit else ''}"
            title = f"{part.metric} by language on {part.task}: {', '.join(chosen)}"
            guess = chance.get(part.task)
            own = part.estimates[part.estimates["system"].isin(chosen)]
            draw = partial(score_chart, own, systems=chosen, venue=VENUE, what=what, scale=part.scale, chance=guess,
                           title=title)  # fmt: skip
            yield key, name, title, draw


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:120] or "chart"
