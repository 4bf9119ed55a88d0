"""The columns of battles, held entry by entry where a table of all clusters and columns would be large.

Where every vote of thousands of pairs of systems has a prompt of its own, nearly all of that table is 0:
:class:`SparseColumns` holds the rest, and numbers have the same bits as those of
:class:`polyarena.reports.stats.clustered.Clustered`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyarena.reports.stats.clustered import Clustered, Series, cluster_values
from polyarena.reports.stats.resampling import SPARSE, Floats, Integers
from polyarena.reports.stats.sparse_clusters import SparseClusters, sparse_clusters

LARGE = 4 * 2**20
"""Entries of a table that is held whole whatever is in it: 32 MiB."""

_SERIES = ("judge", "candidate", "baseline")


@dataclass(frozen=True)
class SparseTable:
    """Numbers by cluster and column; columns are made when they are asked for.

    Attributes:
        data: Which clusters the columns have.
        entries: The numbers of these.
    """

    data: SparseClusters
    entries: Floats

    def __getitem__(self, place: tuple[slice | int | Integers, int | Sequence[int] | Integers]) -> Floats:
        """Return rows of one column, of shape (rows,), or of several, of shape (rows, columns), as an array does."""
        rows, columns = place
        chosen = np.atleast_1d(np.asarray(columns))
        table = np.zeros((self.data.shape[0], len(chosen)))
        for i, column in enumerate(chosen.tolist()):
            part = slice(int(self.data.starts[column]), int(self.data.starts[column + 1]))
            table[self.data.rows[part], i] = self.entries[part]
        found: Floats = table[rows, 0] if np.ndim(columns) == 0 else table[rows]
        return found

    def __len__(self) -> int:
        """Return how many clusters there are."""
        return self.data.shape[0]


@dataclass(frozen=True)
class SparseColumns:
    """Win rates as an :class:`polyarena.reports.stats.summary.Estimator`.

    Attributes:
        data: The scores of battles.
        columns: Judge, candidate and baseline, and the language, of each column; sorted.
    """

    data: SparseClusters
    columns: tuple[tuple[Series, str], ...]

    @property
    def clusters(self) -> tuple[str, ...]:
        """The names of the clusters."""
        return self.data.clusters

    @property
    def labels(self) -> Integers:
        """The resampling group of each cluster."""
        return self.data.labels

    @property
    def counts(self) -> SparseTable:
        """How many battles a cluster has in a column."""
        return SparseTable(self.data, self.data.counts)

    @property
    def sums(self) -> SparseTable:
        """The sum of the scores of a cluster in a column."""
        return SparseTable(self.data, self.data.sums)

    @property
    def bounded(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether the values of a column lie in [0, 1]: scores of battles do."""
        return np.ones(len(self.columns), dtype=np.bool_)

    def value(self, column: int) -> float:
        """Return the mean of a column."""
        part = self._part(column)
        return math.fsum(self.data.sums[part].tolist()) / math.fsum(self.data.counts[part].tolist())

    def influence(self, column: int) -> Floats:
        """Return the influence of each cluster on the mean of a column; shape (n,), 0 where the column lacks it."""
        part = self._part(column)
        counts = self.data.counts[part]
        influence = np.zeros(len(self.clusters))
        influence[self.data.rows[part]] = (self.data.sums[part] - self.value(column) * counts) / counts.sum()
        return influence

    def replicates(self, columns: Sequence[int], *, rounds: int, seed: int) -> Floats:
        """Return the mean of the columns in every bootstrap round; shape (columns, rounds)."""
        return self.data.replicates(np.asarray(columns, dtype=np.int64), rounds=rounds, seed=seed)[0]

    def _part(self, column: int) -> slice:
        return slice(int(self.data.starts[column]), int(self.data.starts[column + 1]))


def battle_columns(decided: pd.DataFrame) -> Clustered | SparseColumns:
    """Return the columns of battles of one task: whole, or only what is in them where that is little of much.

    Args:
        decided: Battles with a score, which is called ``value``; at least one.
    """
    names = [pd.factorize(decided[name].astype(str), sort=True) for name in (*_SERIES, "language")]
    combined = np.zeros(len(decided), dtype=np.int64)
    for codes, found in names:
        combined = combined * len(found) + codes
    kinds, first, column = np.unique(combined, return_index=True, return_inverse=True)
    size = len(kinds) * decided["source_id"].nunique()
    if size <= LARGE or len(decided) > SPARSE * size:
        return cluster_values(decided, _SERIES)
    keys = [tuple(str(found[codes[i]]) for codes, found in names) for i in first.tolist()]
    values = decided["value"].to_numpy(dtype=np.float64)
    [data] = sparse_clusters(decided["source_id"], decided["item_id"], names[-1][0], column, [values])
    return SparseColumns(data, tuple((key[:-1], key[-1]) for key in keys))
