"""Values summed by cluster, of very many columns that each have few of the clusters.

:class:`polyarena.reports.stats.clustered.Clustered` holds a number for each cluster and column. Where thousands of
pairs of systems meet on prompts of their own, nearly all of these are 0 and fill gigabytes; here only the others are
held. Means and bootstrap rounds have the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from polyarena.reports.stats.resampling import SMALLEST, Floats, Integers, resample_weights, strata

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class SparseClusters:
    """The values of k columns, summed by cluster.

    The entries of column i are those from ``starts[i]`` to ``starts[i + 1]``.

    Attributes:
        clusters: The n ``source_id``, sorted.
        labels: Shape (n,); which clusters are resampled together.
        starts: Shape (k + 1,).
        rows: Shape (entries,); the cluster of each entry, ascending within a column.
        sums: Shape (entries,), on the grid of :func:`polyarena.reports.stats.resampling.exact_grid`.
        counts: Shape (entries,); how many values each sum has, at least 1.
    """

    clusters: tuple[str, ...]
    labels: Integers
    starts: Integers
    rows: Integers
    sums: Floats
    counts: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Clusters and columns."""
        return len(self.clusters), len(self.starts) - 1

    def sizes(self) -> Floats:
        """Return how many values each column has; shape (k,)."""
        return np.asarray(np.add.reduceat(self.counts, self.starts[:-1]), dtype=np.float64)

    def values(self) -> Floats:
        """Return the mean of each column; shape (k,)."""
        sums = self.sums.tolist()
        starts = self.starts.tolist()
        totals = [math.fsum(sums[start:end]) for start, end in pairwise(starts)]
        return np.asarray(totals, dtype=np.float64) / self.sizes()

    def influence(self) -> csr_array:
        """Return the influence of each cluster on each column's mean; shape (k, n)."""
        lengths = np.diff(self.starts)
        value, size = np.repeat(self.values(), lengths), np.repeat(self.sizes(), lengths)
        return self._matrix((self.sums - value * self.counts) / size)

    def contributions(self) -> csr_array:
        """Return what each cluster adds to each column's mean; shape (k, n)."""
        return self._matrix(self.sums / np.repeat(self.sizes(), np.diff(self.starts)))

    def shares(self) -> csr_array:
        """Return which share of a column's values each cluster has; shape (k, n)."""
        return self._matrix(self.counts / np.repeat(self.sizes(), np.diff(self.starts)))

    def column(self, number: int) -> tuple[Integers, Floats]:
        """Return the clusters of a column, ascending, and their counts."""
        part = slice(int(self.starts[number]), int(self.starts[number + 1]))
        return self.rows[part], self.counts[part]

    def present(self, columns: Integers) -> NDArray[np.bool_]:
        """Tell which clusters any of the columns has; shape (n,)."""
        found = np.zeros(len(self.clusters), dtype=np.bool_)
        for number in columns.tolist():
            found[self.column(number)[0]] = True
        return found

    def table(self, columns: Integers) -> tuple[NDArray[np.bool_], Floats]:
        """Return which clusters some columns have (shape (n,)), and the counts of these (shape (those, columns))."""
        found = self.present(columns)
        place = np.cumsum(found) - 1
        counts = np.zeros((int(found.sum()), len(columns)))
        for i, number in enumerate(columns.tolist()):
            rows, own = self.column(number)
            counts[place[rows], i] = own
        return found, counts

    def replicates(self, columns: Integers, *, rounds: int, seed: int) -> tuple[Floats, Floats]:
        """Return the mean of the columns in every bootstrap round, as ``bootstrap_means``, and how much was drawn.

        Both are of shape (columns, rounds); the second counts values, as a multiple of those that a column has.
        """
        means, much = np.empty((len(columns), rounds)), np.empty((len(columns), rounds))
        sums, counts = self._matrix(self.sums), self._matrix(self.counts)
        sizes = self.sizes()
        totals = np.asarray(sums.sum(axis=1)) / sizes
        stratum = self.labels[self.rows[self.starts[:-1]]]
        for label in np.unique(self.labels):
            places = np.flatnonzero(stratum[columns] == label)
            if not len(places):
                continue
            own = columns[places]
            clusters = np.flatnonzero(self.labels == label)
            first, which = self._patterns(own)
            on_counts, on_sums = counts[first][:, clusters], sums[own][:, clusters]
            names = [self.clusters[int(i)] for i in clusters]
            start = 0
            for weights in resample_weights(names, rounds, seed, columns=len(own)):
                turned = np.ascontiguousarray(weights.T)
                drawn = np.asarray(on_counts @ turned)[which]
                estimate = np.broadcast_to(totals[own][:, None], drawn.shape).copy()
                np.divide(np.asarray(on_sums @ turned), drawn, out=estimate, where=drawn > 0)
                means[places, start : start + len(weights)] = estimate
                much[places, start : start + len(weights)] = drawn / sizes[own, None]
                start += len(weights)
        return means, much

    def _patterns(self, columns: Integers) -> tuple[Integers, Integers]:
        """Return columns of distinct counts, and which of them each of ``columns`` is like."""
        seen: dict[bytes, int] = {}
        first: list[int] = []
        which = []
        for number in columns.tolist():
            rows, counts = self.column(number)
            key = rows.tobytes() + counts.tobytes()
            if key not in seen:
                seen[key] = len(first)
                first.append(number)
            which.append(seen[key])
        return np.array(first, dtype=np.int64), np.array(which, dtype=np.int64)

    def _matrix(self, entries: Floats) -> csr_array:
        from scipy.sparse import csr_array

        return csr_array((entries, self.rows, self.starts), shape=self.shape[::-1])


def sparse_clusters(
    sources: pd.Series, items: pd.Series, languages: Integers, columns: Integers, values: Sequence[Floats]
) -> list[SparseClusters]:
    """Sum values by cluster and column.

    Args:
        sources: ``source_id`` of each row.
        items: ``item_id``; sums are made in its order.
        languages: Number of the language, which a column has one of.
        columns: Number of the column, from 0, each at least once.
        values: Each of the shape of the rows, finite.

    Returns:
        One for each of ``values``, alike but for the sums.
    """
    codes, texts = pd.factorize(sources.astype(str), sort=True)
    n, k = len(texts), int(columns.max()) + 1
    order = np.lexsort((pd.factorize(items.astype(str), sort=True)[0], codes, columns))
    flat = columns[order].astype(np.int64) * n + codes[order]
    entry, counts = np.unique(flat, return_counts=True)
    column, rows = entry // n, entry % n
    starts = np.searchsorted(column, np.arange(k + 1))
    present = np.zeros((n, int(languages.max()) + 1), dtype=np.bool_)
    present[codes, languages] = True
    labels, clusters = strata(present), tuple(map(str, texts))
    number = np.repeat(np.arange(len(entry)), counts)
    found = []
    for each in values:
        sums = np.bincount(number, weights=each[order], minlength=len(entry))
        largest = n * np.maximum.reduceat(np.abs(sums), starts[:-1])
        quantum = np.ldexp(1.0, np.maximum(np.frexp(largest)[1] - 52, SMALLEST))[column]
        sums = np.rint(sums / quantum) * quantum
        found.append(SparseClusters(clusters, labels, starts, rows, sums, counts.astype(np.float64)))
    return found
