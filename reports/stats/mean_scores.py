"""Mean scores, from scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pandas as pd

from polyarena.reports.records import Estimate
from polyarena.reports.stats.averaged_languages import AveragedLanguages, averaged_languages
from polyarena.reports.stats.clustered import Series, cluster_values
from polyarena.reports.stats.corpus import cluster_statistics
from polyarena.reports.stats.groupings import Group, Groupings, groups_of, tier_groups
from polyarena.reports.stats.intervals import Method
from polyarena.reports.stats.seed_groups import SeedGroups
from polyarena.reports.stats.seed_summaries import group_of_system, items_of_all_seeds, seed_series, seed_summaries
from polyarena.reports.stats.signature import CellsDigest, EstimateKey, estimate_signature
from polyarena.reports.stats.summary import Estimator, Settings, Summary, summarise
from polyarena.reports.stats.table import estimates_frame
from polyarena.reports.stats.validation import corpus_formula, finite, refuse_duplicates, refuse_values, require_columns
from polyarena.tasks.records import SCORE_SCHEMA
from polyarena.tasks.signature import Signature

_SERIES = ("metric", "system")
_KEY = ("system", "task", "metric", "language", "item_id", "sample_index")


def mean_scores(
    scores: pd.DataFrame,
    *,
    confidence: float = 0.95,
    rounds: int = 10_000,
    seed: int = 0,
    groupings: Groupings | None = None,
    signatures: Mapping[tuple[str, str], Signature] | None = None,
    cells: CellsDigest | None = None,
    method: Method = "default",
    seeds: SeedGroups | None = None,
) -> pd.DataFrame:
    """Estimate the mean of each metric for each system, task and language, and over languages.

    Where scores have ``statistics``, the metric is one of a whole corpus: the estimate of a language is the metric's
    formula on their sums, and of several languages the mean of these (see :mod:`polyarena.reports.stats.corpus`).

    Samples of one item are averaged first. Averages over languages take only languages that all systems with this task
    and metric have, so that they can be compared; the note names those left out.

    Args:
        scores: Rows of :class:`polyarena.tasks.records.Score`, in any order.
        confidence: Nominal and two-sided.
        rounds: Of the bootstrap.
        seed: Not negative; the same seed gives the same bytes.
        groupings: Levels and groups that are averaged beside the macro average; by default the resource tiers.
        signatures: By (task, metric): the settings that changed the scores; by default what the scores say themselves.
        cells: Digest of all that the answers behind an estimate depend on, for its signature.
        method: Of the intervals; see :mod:`polyarena.reports.stats.intervals` for the default and why.
        seeds: Groups of systems that are seeds of one recipe. A group is estimated as one system in place of its seeds,
            on the items that all of them have (:mod:`polyarena.reports.stats.seed_groups`).

    Returns:
        Rows of :class:`polyarena.reports.records.Estimate` in canonical order; empty if there are no scores.

    Raises:
        DataError: A column is missing, a score occurs twice or is not a finite number; statistics are of no metric of a
            corpus, of another length than its own, or missing in some rows of a metric.

    Example:
        >>> from polyarena.harness import open_run
        >>> found = mean_scores(open_run("runs/quickstart").scores())  # doctest: +SKIP
        >>> found.query("level == 'macro'")[["system", "task", "value", "low", "high"]]  # doctest: +SKIP
    """
    check_scores(scores)
    settings = Settings(confidence, rounds, seed, method)
    return score_estimates(
        scores,
        score_columns,
        settings=settings,
        groupings=groupings,
        signatures=signatures,
        cells=cells,
        seeds=seeds,
    )


def score_estimates(
    scores: pd.DataFrame,
    parts_of: Callable[[pd.DataFrame], list[Estimator]],
    *,
    settings: Settings,
    groupings: Groupings | None = None,
    signatures: Mapping[tuple[str, str], Signature] | None = None,
    cells: CellsDigest | None = None,
    seeds: SeedGroups | None = None,
) -> pd.DataFrame:
    """Estimate scores that were found sound, task by task; arguments not named here as in :func:`mean_scores`.

    Args:
        scores: Rows of :class:`polyarena.tasks.records.Score`.
        parts_of: Turns the scores of one task into what is estimated; its series are (metric, system).
        settings: Of the bootstrap.
        groupings: Levels and groups.
        signatures: By (task, metric).
        cells: Digest of all that the answers behind an estimate depend on, for its signature.
        seeds: Groups of seeds.
    """
    chosen = tier_groups() if groupings is None else groupings
    named, grouped = signatures or {}, seeds or {}
    names = group_of_system(grouped)
    estimates: list[Estimate] = []
    for task, rows in items_of_all_seeds(scores, grouped).groupby("task", sort=True):
        own = _signatures(rows.assign(system=rows["system"].map(names).fillna(rows["system"])) if names else rows)
        parts = parts_of(rows)
        every: dict[Series, set[str]] = defaultdict(set)
        for series, language in (column for data in parts for column in data.columns):
            every[series].add(language)
        of_seeds = seed_series(list(every), grouped, place=1)
        languages = {series: found for series, found in every.items() if series[1] not in names}
        languages |= {name: set.intersection(*(every[each] for each in found)) for name, found in of_seeds.items()}
        averaged = {
            series: own
            for name in {metric for metric, _ in languages}
            for series, own in averaged_languages({s: found for s, found in languages.items() if s[0] == name}).items()
        }
        groups = {s: list(groups_of(found, averaged[s].languages, chosen)) for s, found in languages.items()}
        for (metric, system), group, summary in _summaries(parts, groups, settings, of_seeds):
            prefix = named.get((str(task), metric), own[metric, system])
            around = summary.interval
            key = EstimateKey(str(task), metric, system, None, group.level, group.name)
            estimate = Estimate(
                system=system,
                baseline=None,
                judge=None,
                task=str(task),
                level=group.level,
                group=group.name,
                metric=metric,
                value=summary.value,
                standard_error=around.standard_error,
                low=around.low,
                high=around.high,
                confidence=settings.confidence,
                method=around.method,
                n=summary.n,
                n_clusters=summary.n_clusters,
                n_languages=summary.n_languages,
                n_invalid=0,
                worst=None,
                best=None,
                note=_note(group, summary, averaged[metric, system]),
                signature=estimate_signature(prefix, group, summary, settings, cells and cells(key)),
                flag="" if group.level == "language" else averaged[metric, system].flag,
            )
            estimates.append(estimate)
    return estimates_frame(estimates)


def check_scores(scores: pd.DataFrame) -> None:
    """Refuse scores that cannot be averaged, as :func:`mean_scores` says."""
    require_columns(scores, [field.name for field in SCORE_SCHEMA if not field.nullable], "scores")
    refuse_duplicates(scores, _KEY, "scores")
    refuse_values(scores, ~finite(scores["value"]), "a score is not a finite number", _KEY, "value")


def score_columns(rows: pd.DataFrame, series: Sequence[str] = _SERIES) -> list[Estimator]:
    """Return what is estimated of the scores of one task: the means together, then each metric of a corpus.

    Args:
        rows: Scores of one task.
        series: The columns that, with the language, tell one estimate from another.
    """
    if "statistics" not in rows or not rows["statistics"].notna().any():
        return [cluster_values(_items(rows, series), series)]
    summed = rows["metric"].isin(rows.loc[rows["statistics"].notna(), "metric"].unique())
    parts: list[Estimator] = [cluster_values(_items(rows[~summed], series), series)] if not summed.all() else []
    for metric, found in rows[summed].groupby("metric", sort=True):
        parts.append(cluster_statistics(found, series, corpus_formula(str(metric), found, _KEY)))
    return parts


def _summaries(
    parts: list[Estimator],
    groups: Mapping[Series, Sequence[Group]],
    settings: Settings,
    of_seeds: Mapping[Series, Sequence[Series]],
) -> Iterator[tuple[Series, Group, Summary]]:
    for data in parts:
        own = sorted({series for series, _ in data.columns} & groups.keys())
        yield from summarise(data, {series: groups[series] for series in own}, settings)
        yield from seed_summaries(data, groups, of_seeds, settings.confidence)


def _items(rows: pd.DataFrame, series: Sequence[str]) -> pd.DataFrame:
    """Average the samples of each item; rows are sorted first, so that sums do not depend on their order."""
    key = [*series, "language", "source_id", "item_id"]
    return rows.sort_values([*key, "sample_index"]).groupby(key, sort=True)["value"].mean().reset_index()


def _signatures(rows: pd.DataFrame) -> dict[tuple[str, str], Signature]:
    return {
        (str(metric), str(system)): metric_signature(part)
        for (metric, system), part in rows.groupby(["metric", "system"])["signature"]
    }


def metric_signature(signatures: Iterable[object]) -> Signature:
    """Return how a metric was computed, from what its scores say themselves."""
    return Signature.one_of(map(Signature.parse, set(map(str, signatures))))


def _note(group: Group, summary: Summary, averaged: AveragedLanguages) -> str:
    notes = [summary.interval.note] if summary.interval.note else []
    if group.level == "macro" and averaged.note:
        notes.append(averaged.note)
    return "; ".join(notes)
