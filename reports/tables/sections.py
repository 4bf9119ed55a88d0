"""Estimates arranged as tables of texts: one for each comparison of two systems, or for each task and metric."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from polyarena.reports.flags import MARK
from polyarena.reports.labels import TIER_TITLES, system_order
from polyarena.reports.metric_facts import display_scale
from polyarena.reports.rows import Mark, Place, Row, marks_in_order, rows_of_marks
from polyarena.reports.template_names import is_over_templates, plain_metric

if TYPE_CHECKING:
    import pandas as pd

COMPARISON = ("judge", "task", "system", "baseline")
FIXED = frozenset({"code", "language", "own_name", "tier", "band", "wins_ties_losses", "n", "no_verdict", "flag"})
"""Columns of a table over languages that are there whatever the systems are called."""

MOST_TABLES = 60
"""Comparisons of which each has a table over languages; of more, all are rows of one table."""

MOST_NAMED = 8
"""Languages that a footnote names."""


@dataclass(frozen=True)
class Section:
    """The estimates that make one table: a comparison of two systems, or the scores of all systems on one metric.

    Attributes:
        task: Task name.
        metric: ``win_rate`` or the task's metric.
        systems: Those that have a column; for win rates the candidate alone.
        baseline: The other side of a win rate, or ``None``.
        judge: The judge of a win rate, or ``None``.
        estimates: The rows.
        detail: Whether this is a single prompt template of a task that also has an estimate over all of them.
        marks: What is shown of each row, by level, group and system.
    """

    task: str
    metric: str
    systems: tuple[str, ...]
    baseline: str | None
    judge: str | None
    estimates: pd.DataFrame
    detail: bool = False
    marks: Mapping[Place, Mark] = field(default_factory=dict, repr=False, compare=False)

    @property
    def scale(self) -> float:
        """What values are multiplied with: 100 for shares, else 1; the metric says which."""
        return display_scale(self.metric, self.estimates["value"].dropna())

    @property
    def n_languages(self) -> int:
        """How many languages have an estimate."""
        return len(set(self.estimates.loc[self.estimates["level"] == "language", "group"]))

    @cached_property
    def rows(self) -> list[Row]:
        """Averages and languages, in the order in which charts show them."""
        return rows_of_marks(self.marks, self.systems, self.metric)

    @property
    def footnotes(self) -> list[str]:
        """What the marks beside numbers mean, with the languages; and what single templates gave."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            for flag in sorted({mark.flag for mark in row.marks if mark and mark.flag}):
                found.setdefault(flag, []).append(row.label.name if row.label else row.title)
        notes = [f"{MARK} {_named(places)}: {flag}." for flag, places in found.items()]
        if self.over_templates:
            notes.append("In braces: the least and the greatest value of a single template.")
        return notes

    @property
    def without_interval(self) -> list[str]:
        """Why languages have no interval, one sentence for each reason; empty where all have one."""
        own = self.estimates[self.estimates["level"] == "language"]
        bare = own[own["value"].notna() & own["low"].isna() & own["note"].fillna("").ne("")]
        return [f"[–]: {note}." for note in sorted(set(map(str, bare["note"])))]

    @property
    def over_templates(self) -> bool:
        """Whether the numbers are a median or mean over prompt templates."""
        return is_over_templates(self.metric)


def _named(places: list[str]) -> str:
    """Join the places of a footnote; many of them are counted, for each is marked itself."""
    return ", ".join(places) if len(places) <= MOST_NAMED else f"{len(places)} languages, each of them marked"


def sections(estimates: pd.DataFrame, order: Sequence[str] = ()) -> Iterator[Section]:
    """Yield the comparisons (by judge, task, candidate, baseline), then the scores (by task and metric).

    A task's estimates over prompt templates come before those of its single templates.

    Args:
        estimates: Rows of :class:`polyarena.reports.records.Estimate`.
        order: Systems in the order of their experiment; natural order if left out.
    """
    met = (estimates["system"].unique(), estimates["baseline"].dropna().unique())
    names = system_order({str(name) for each in met for name in each}, order)
    place = {name: n for n, name in enumerate(names)}
    # All at once: a report may have thousands of comparisons.
    estimates = estimates.reset_index(drop=True)
    shown = list(marks_in_order(estimates))
    won = estimates[estimates["baseline"].notna()]
    compared = [(tuple(map(str, key)), part) for key, part in won.groupby(list(COMPARISON), sort=True)]
    for key, part in sorted(compared, key=lambda item: (*item[0][:2], place[item[0][2]], place[item[0][3]])):
        judge, task, system, baseline = key
        yield Section(task, "win_rate", (system,), baseline, judge, part, marks=dict(shown[i] for i in part.index))
    scored = estimates[estimates["baseline"].isna()]
    parts = {(str(task), str(metric)): part for (task, metric), part in scored.groupby(["task", "metric"])}
    joined = {(task, plain_metric(metric)) for task, metric in parts if is_over_templates(metric)}
    for (task, metric), part in sorted(parts.items(), key=lambda item: _place(*item[0])):
        detail = (task.partition(".")[0], metric) in joined
        systems = tuple(system_order(map(str, part["system"].unique()), names))
        yield Section(task, metric, systems, None, None, part, detail, dict(shown[i] for i in part.index))


def _place(task: str, metric: str) -> tuple[str, int, str, str]:
    """Sort by family; within it the medians, the means, then single templates."""
    order = 0 if is_over_templates(metric, "median") else 1 if is_over_templates(metric) else 2
    return (task.partition(".")[0], order, task, metric)


def format_mark(mark: Mark | None, scale: float = 100.0, *, spread: bool = True, unit: str = "") -> str:
    """Return a number as tables show it.

    Args:
        mark: The estimate; ``None`` where a system lacks the row.
        scale: 100 for shares.
        spread: Whether to show the least and the greatest of several prompt templates.
        unit: Behind the value.

    Returns:
        ``61.2 [57.0, 65.3]``; ``61.2 [–]`` without an interval; ``–`` without a value. Over prompt templates, the least
        and the greatest of them follow, ``{52.0 to 66.1}``; a flagged number ends with ``‡``.
    """
    if mark is None or mark.value is None:
        return "–"
    parts = [f"{scale * mark.value:.1f}{unit}"]
    known = mark.low is not None and mark.high is not None
    parts.append(f"[{scale * mark.low:.1f}, {scale * mark.high:.1f}]" if known else "[–]")  # type: ignore[operator]
    if spread and mark.lowest is not None and mark.highest is not None:
        parts.append(f"{{{scale * mark.lowest:.1f} to {scale * mark.highest:.1f}}}")
    return " ".join([*parts, MARK] if mark.flag else parts)


def format_band(mark: Mark | None, scale: float = 100.0) -> str:
    """Return the band of a language that holds for all languages together, ``[55.1, 67.0]``; ``–`` without one."""
    if mark is None or mark.band_low is None or mark.band_high is None:
        return "–"
    return f"[{scale * mark.band_low:.1f}, {scale * mark.band_high:.1f}]"


def language_table(section: Section) -> pd.DataFrame:
    """Return one section as a table of texts.

    It is ready for :meth:`pandas.DataFrame.to_csv` and :func:`polyarena.reports.tables.markdown.markdown`.

    Returns:
        Columns ``code`` (empty for averages), ``language``, ``own_name``, ``tier``, one for each system (one that has
        the name of another column gets ``(system)`` behind it), ``band`` (for all languages together, where there is
        one; of several systems ``<system>: band``), ``n`` (items of the first system), for win rates
        ``wins_ties_losses`` (battles) and ``no_verdict`` (games) and, where a number is flagged, ``flag``.
    """
    found = []
    shown = section.rows
    names = [f"{system} (system)" if system in FIXED else system for system in section.systems]
    banded = any(mark.band_low is not None for row in shown for mark in row.marks if mark)
    flags = [next((mark.flag for mark in row.marks if mark and mark.flag), "") for row in shown]
    for row, flag in zip(shown, flags, strict=True):
        if row.kind == "tier" and not any(row.marks):
            continue
        first = next((mark for mark in row.marks if mark), None)
        label = row.label
        line = {
            "code": label.code if label else "",
            "language": label.name if label else f"Average: {row.title}",
            "own_name": label.autonym if label else "",
            "tier": label.tier if label else "",
            **dict(zip(names, (format_mark(mark, section.scale) for mark in row.marks), strict=True)),
        }
        for system, mark in zip(section.systems, row.marks, strict=True) if banded else ():
            name = "band" if len(section.systems) == 1 else f"{system}: band"
            line[name] = format_band(mark, section.scale) if label else ""
        line["n"] = str(first.n) if first else "0"
        if section.baseline is not None:
            line["wins_ties_losses"] = first.record if first else ""
            line["no_verdict"] = str(first.n_invalid) if first else "0"
        if any(flags):
            line["flag"] = flag
        found.append(line)
    return pd.DataFrame(found)


def win_rate_table(parts: Iterable[Section]) -> pd.DataFrame:
    """Return comparisons as one table of texts, a row for each: the averages over all languages and by tier.

    Args:
        parts: Comparisons, from :func:`sections`.

    Returns:
        Columns ``task``, ``judge``, ``system``, ``baseline``, ``all``, the tiers, ``wins_ties_losses`` (battles),
        ``n`` and ``no_verdict`` (games).
    """
    tiers = [tier for tier in TIER_TITLES if tier]
    lines = []
    for part in parts:
        marks, system = part.marks, part.systems[0]
        average = marks.get(("macro", "all", system))
        if average is None:
            continue
        lines.append(
            {
                "task": part.task,
                "judge": part.judge or "",
                "system": system,
                "baseline": part.baseline or "",
                "all": format_mark(average),
                **{tier: format_mark(marks.get(("tier", tier, system))) for tier in tiers},
                "wins_ties_losses": average.record,
                "n": str(average.n),
                "no_verdict": str(average.n_invalid),
            }
        )
    return pd.DataFrame(lines)
