"""Means and intervals of languages and groups of languages, from clustered values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, get_args

import numpy as np

from polyarena.reports.stats.clustered import Series
from polyarena.reports.stats.groupings import Group
from polyarena.reports.stats.intervals import Interval, Method, interval, needs_replicates
from polyarena.reports.stats.resampling import Floats, Integers, linear_replicates
from polyarena.reports.stats.score_interval import equal_clusters
from polyarena.reports.stats.sparse_columns import SparseTable

BATCH_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Settings:
    """What changes an interval without changing the data.

    Attributes:
        confidence: Nominal, two-sided, such as 0.95.
        rounds: Of the bootstrap.
        seed: Not negative.
        method: Of the intervals.
    """

    confidence: float = 0.95
    rounds: int = 10_000
    seed: int = 0
    method: Method = "default"

    def __post_init__(self) -> None:
        """Refuse settings without a meaning."""
        if not 0 < self.confidence < 1 or self.rounds < 2 or self.seed < 0:
            raise ValueError("confidence must lie between 0 and 1, rounds be 2 or more, seed not negative")
        if self.method not in get_args(Method):
            raise ValueError(f"method must be one of {', '.join(get_args(Method))}, not {self.method!r}")


class Estimator(Protocol):
    """What is estimated: one number of each column (a series in a language), from the clusters that it has.

    :class:`polyarena.reports.stats.clustered.Clustered` estimates means and
    :class:`polyarena.reports.stats.corpus.CorpusClustered` metrics of a corpus; their attributes are described there.
    """

    @property
    def clusters(self) -> tuple[str, ...]:
        """The names of the clusters, sources of items, in order."""

    @property
    def labels(self) -> Integers:
        """The resampling group of each cluster; shape (clusters,). Clusters are redrawn within their group."""

    @property
    def columns(self) -> tuple[tuple[Series, str], ...]:
        """The series and the language of each column."""

    @property
    def counts(self) -> Floats | SparseTable:
        """How many items a cluster has in a column; shape (clusters, columns)."""

    @property
    def bounded(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether all values of a column lie in [0, 1]; shape (columns,)."""

    def value(self, column: int) -> float:
        """Return the estimate of a column."""

    def influence(self, column: int) -> Floats:
        """Return the influence of each cluster on it; shape (clusters,), 0 where the column lacks it."""

    def replicates(self, columns: Sequence[int], *, rounds: int, seed: int) -> Floats:
        """Return the estimate of the columns in every bootstrap round; shape (columns, rounds)."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One estimate, before it is dressed as a record.

    Attributes:
        value: The unweighted mean over the languages' means; ``None`` if no language has a value.
        interval: Standard error, ends and method.
        n: Items.
        n_clusters: Distinct clusters.
        missing: Languages of the group that have no value; they are not averaged.
        n_languages: Languages averaged.
    """

    value: float | None
    interval: Interval
    n: int
    n_clusters: int
    missing: tuple[str, ...]
    n_languages: int

    @classmethod
    def empty(cls, languages: tuple[str, ...]) -> Summary:
        """Return the summary of languages none of which has a value."""
        return cls(None, Interval(None, None, None, "none"), 0, 0, languages, 0)


def summarise(
    data: Estimator, groups: Mapping[Series, Sequence[Group]], settings: Settings
) -> Iterator[tuple[Series, Group, Summary]]:
    """Estimate every group of every series from one joint resample.

    Args:
        data: Values or statistics of one task; it has the series of ``groups``.
        groups: What to estimate of each series.
        settings: Of the bootstrap.

    Yields:
        The series, the group and its summary, in the order of ``groups``.
    """
    places = {key: i for i, key in enumerate(data.columns)}
    for batch in _batches(groups, settings.rounds):
        used = sorted({places[s, g] for s in batch for group in groups[s] for g in group.languages if (s, g) in places})
        # A score interval needs no round at all.
        drawn = [c for c in used if needs_replicates(settings.method, bounded=bool(data.bounded[c]))]
        means = np.empty((0, settings.rounds))
        if drawn:
            means = data.replicates(used, rounds=settings.rounds, seed=settings.seed)
        for series in batch:
            influences = _Influences(data)
            for group in groups[series]:
                found = [code for code in group.languages if (series, code) in places]
                columns = [places[series, code] for code in found]
                replicates = means[np.searchsorted(used, columns)] if drawn else None
                yield series, group, _summary(data, group, found, columns, influences, replicates, settings)


class _Influences:
    """The value and influence of columns, each computed once for all groups that it is in."""

    def __init__(self, data: Estimator) -> None:
        self._data = data
        self._known: dict[int, tuple[float, Floats]] = {}

    def of(self, column: int) -> tuple[float, Floats]:
        if column not in self._known:
            self._known[column] = (self._data.value(column), self._data.influence(column))
        return self._known[column]


def _summary(
    data: Estimator,
    group: Group,
    found: list[str],
    columns: list[int],
    influences: _Influences,
    replicates: Floats | None,
    settings: Settings,
) -> Summary:
    missing = tuple(code for code in group.languages if code not in found)
    if not columns:
        return Summary.empty(missing)
    counts = data.counts[:, columns]
    present = counts.any(axis=1)
    means = [influences.of(column)[0] for column in columns]
    value = math.fsum(means) / len(means)
    n, n_clusters = int(counts.sum()), int(np.count_nonzero(present))
    alone = [code for code, size in zip(found, np.count_nonzero(counts, axis=0), strict=True) if size < 2]
    if alone:
        reason = (
            "one source item only: no interval"
            if group.level == "language"
            else f"one source item only in {', '.join(alone)}"
        )
        return Summary(value, Interval(None, None, None, "none", reason), n, n_clusters, missing, len(found))
    influence = np.zeros(len(counts))
    for column in columns:
        influence += influences.of(column)[1] / len(means)
    bounded = bool(data.bounded[columns].all())
    drawn, errors = None, None
    if needs_replicates(settings.method, bounded=bounded) and replicates is not None:
        drawn = replicates.sum(axis=0) / len(means)
        if settings.method == "student":
            errors = linear_replicates(
                influence, data.clusters, data.labels, rounds=settings.rounds, seed=settings.seed
            )[1]
    around = interval(
        value,
        influence[present],
        data.labels[present],
        drawn,
        items=n,
        bounded=bounded,
        confidence=settings.confidence,
        method=settings.method,
        errors=errors,
        clusters=equal_clusters((counts / counts.sum(axis=0)).sum(axis=1)[present]),
    )
    return Summary(value, around, n, n_clusters, missing, len(found))


def _batches(groups: Mapping[Series, Sequence[Group]], rounds: int) -> Iterator[list[Series]]:
    """Split the series so that the replicates of one batch fit into memory; the numbers do not depend on it."""
    batch: list[Series] = []
    size = 0
    for series, wanted in groups.items():
        columns = len({code for group in wanted for code in group.languages})
        if batch and (size + columns) * rounds * 8 > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(series)
        size += columns
    if batch:
        yield batch
