r"""Averages over the tasks of a suite: each task counts the same, and within it each language.

With the macro averages :math:`\theta_t` of T tasks the average is :math:`\frac1T \sum_t \theta_t`. Tasks are taken to
have items of their own, so that its variance is :math:`\frac1{T^2} \sum_t s_t^2`; within a task the resample is joint,
as everywhere. Where two tasks ask about the same items (a translation in both directions), the interval is a little too
narrow. Only one metric is averaged at a time: a mean of accuracies and of chrF would have no unit.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from polyarena.reports.records import Estimate
from polyarena.reports.stats.contrasts import Contrast, contrast
from polyarena.reports.stats.groupings import Group
from polyarena.reports.stats.intervals import Interval, Method, interval, needs_replicates
from polyarena.reports.stats.resampling import linear_replicates
from polyarena.reports.stats.series import LanguageSeries, language_series
from polyarena.reports.stats.signature import estimate_signature
from polyarena.reports.stats.summary import Settings, Summary
from polyarena.reports.stats.table import estimates_frame
from polyarena.tasks.signature import Signature

LEVEL = "suite"
"""The level of these estimates; their task and group are the suite."""

_Kind = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class _Part:
    """One task of an average."""

    series: LanguageSeries
    languages: tuple[str, ...]
    found: Contrast


def suite_averages(
    frame: pd.DataFrame,
    suites: Mapping[str, Collection[str]],
    *,
    confidence: float = 0.95,
    rounds: int = 10_000,
    seed: int = 0,
    method: Method = "default",
) -> pd.DataFrame:
    """Estimate the average over the tasks of each suite, for each system and metric (and judge and baseline).

    A task is averaged if all systems with the metric have it, in the languages that all of them have; the note names
    the tasks left out. There is a row where at least two tasks are left.

    Args:
        frame: Rows of :class:`polyarena.judges.records.Battle` or :class:`polyarena.tasks.records.Score`, in any order.
        suites: By the name of the suite: its tasks; those that the frame lacks are left out.
        confidence: Nominal and two-sided.
        rounds: Of the bootstrap.
        seed: Not negative; the same seed gives the same bytes.
        method: Of the intervals; see :mod:`polyarena.reports.stats.intervals`.

    Returns:
        Rows of :class:`polyarena.reports.records.Estimate` with the level ``suite``.

    Raises:
        DataError: The frame is of neither kind or not sound.

    Example:
        >>> from polyarena.harness import open_run
        >>> found = suite_averages(open_run("runs/ours").scores(), {"ours": ["xnli", "xcopa"]})  # doctest: +SKIP
        >>> found[["system", "metric", "value", "low", "high"]]  # doctest: +SKIP
    """
    settings = Settings(confidence, rounds, seed, method)
    kinds: dict[_Kind, dict[str, dict[str, LanguageSeries]]] = {}
    for series in language_series(frame):
        kind = (series.metric, series.judge, series.baseline)
        kinds.setdefault(kind, {}).setdefault(series.task, {})[series.system] = series
    return estimates_frame(
        _estimate(name, system, parts, left, settings)
        for name, tasks in suites.items()
        for asked in kinds.values()
        for system, parts, left in _averaged({task: asked[task] for task in sorted({*tasks} & {*asked})})
    )


def _averaged(
    asked: Mapping[str, Mapping[str, LanguageSeries]],
) -> Iterator[tuple[str, list[_Part], list[str]]]:
    """Yield each system with the tasks that are averaged and those that are not."""
    systems = sorted({system for found in asked.values() for system in found})
    common = {
        task: tuple(sorted(set.intersection(*({*series.columns} for series in found.values()))))
        for task, found in asked.items()
        if len(found) == len(systems)
    }
    common = {task: languages for task, languages in common.items() if languages}
    if len(common) < 2:
        return
    for system in systems:
        parts = []
        for task, languages in common.items():
            series = asked[task][system]
            weights = {series.columns[code]: 1 / len(languages) for code in languages}
            parts.append(_Part(series, languages, contrast(series.data, weights)))
        yield system, parts, sorted({*asked} - {*common})


def _estimate(suite: str, system: str, parts: Sequence[_Part], left: Sequence[str], settings: Settings) -> Estimate:
    around = _interval(parts, settings)
    languages = tuple(sorted({code for part in parts for code in part.languages}))
    value = math.fsum(part.found.value for part in parts) / len(parts)
    n = sum(part.found.n for part in parts)
    n_clusters = sum(int(np.count_nonzero(part.found.present)) for part in parts)
    summary = Summary(value, around, n, n_clusters, (), len(languages))
    first, tasks = parts[0].series, "+".join(part.series.task for part in parts)
    judge = {"judge": first.judge} if first.judge else {}
    notes = [around.note] if around.note else []
    if left:
        notes.append(f"not averaged, as another system or language lacks them: {', '.join(left)}")
    return Estimate(
        system=system,
        baseline=first.baseline,
        judge=first.judge,
        task=suite,
        level=LEVEL,
        group=suite,
        metric=first.metric,
        value=value,
        standard_error=around.standard_error,
        low=around.low,
        high=around.high,
        confidence=settings.confidence,
        method=around.method,
        n=n,
        n_clusters=n_clusters,
        n_languages=len(languages),
        n_invalid=0,
        worst=None,
        best=None,
        note="; ".join(notes),
        signature=estimate_signature(
            Signature({"suite": suite, "tasks": tasks, **judge, "metric": first.metric}),
            Group("languages", suite, languages),
            summary,
            settings,
        ),
    )


def _interval(parts: Sequence[_Part], settings: Settings) -> Interval:
    alone = [part.series.task for part in parts if part.found.fewest < 2]
    if alone:
        return Interval(
            None, None, None, "none", f"one source item only in a language of {', '.join(alone)}: no interval"
        )
    many = len(parts)
    labels, first = [], 0
    for part in parts:
        own = part.series.data.labels[part.found.present]
        labels.append(own + first)
        first += int(own.max()) + 1
    bounded = all(part.found.span is not None for part in parts)
    replicates = errors = None
    if needs_replicates(settings.method, bounded=bounded):
        drawn = [_rounds(part, settings) for part in parts]
        replicates = np.asarray(np.sum([means for means, _ in drawn], axis=0)) / many
        errors = np.sqrt(np.sum([spread**2 for _, spread in drawn], axis=0)) / many
    return interval(
        math.fsum(part.found.value for part in parts) / many,
        np.concatenate([part.found.influence[part.found.present] for part in parts]) / many,
        np.concatenate(labels),
        replicates,
        items=sum(part.found.n for part in parts),
        bounded=bounded,
        confidence=settings.confidence,
        method=settings.method,
        errors=errors,
        clusters=round(many**2 / math.fsum(1 / part.found.clusters for part in parts), 9),
    )


def _rounds(part: _Part, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Return the average of one task in every round, and its standard error there."""
    data, found = part.series.data, part.found
    # Items of two tasks may have the same names; their draws must not be the same.
    own = replace(settings, seed=settings.seed + zlib.crc32(part.series.task.encode()))
    drawn = data.replicates(list(found.weights), rounds=own.rounds, seed=own.seed)
    spread = linear_replicates(found.influence, data.clusters, data.labels, rounds=own.rounds, seed=own.seed)[1]
    return np.asarray((np.array([*found.weights.values()])[:, None] * drawn).sum(axis=0)), spread
