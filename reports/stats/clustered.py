"""From rows of values to matrices of clusters and columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from polyarena.reports.metric_facts import is_share
from polyarena.reports.stats.resampling import Floats, Integers, bootstrap_means, exact_grid, strata

Series = tuple[str, ...]


@dataclass(frozen=True)
class Clustered:
    """The values of one task, summed by ``source_id``.

    Attributes:
        clusters: The n ``source_id``, sorted.
        labels: Shape (n,); which clusters are resampled together.
        columns: (series, language) of the k columns, sorted; a series is what tells systems, judges and metrics apart.
        sums: Shape (n, k), on the exact grid.
        counts: Shape (n, k).
        bounded: Shape (k,); whether all values of a column lie in [0, 1], and those of its metric must.
    """

    clusters: tuple[str, ...]
    labels: Integers
    columns: tuple[tuple[Series, str], ...]
    sums: Floats
    counts: Floats
    bounded: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    # Averages, gaps and influences of many languages ask for the same columns again and again.
    _values: dict[int, float] = field(default_factory=dict, init=False, repr=False, compare=False)
    _influences: dict[int, Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    def value(self, column: int) -> float:
        """Return the mean of a column."""
        if column not in self._values:
            # Most columns lack most clusters where systems met in few pairs.
            there = np.flatnonzero(self.counts[:, column])
            sums, counts = self.sums[there, column], self.counts[there, column]
            self._values[column] = math.fsum(sums.tolist()) / math.fsum(counts.tolist())
        return self._values[column]

    def influence(self, column: int) -> Floats:
        """Return the influence of each cluster on the mean of a column; shape (n,), 0 where the column lacks it.

        The array is shared with later calls and cannot be written to.
        """
        if column not in self._influences:
            counts = self.counts[:, column]
            influence: Floats = (self.sums[:, column] - self.value(column) * counts) / counts.sum()
            influence.flags.writeable = False
            self._influences[column] = influence
        return self._influences[column]

    def replicates(self, columns: Sequence[int], *, rounds: int, seed: int) -> Floats:
        """Return the mean of the columns in every bootstrap round; shape (columns, rounds)."""
        chosen = list(columns)
        return bootstrap_means(
            self.sums[:, chosen], self.counts[:, chosen], self.clusters, self.labels, rounds=rounds, seed=seed
        )


def cluster_values(frame: pd.DataFrame, series: Sequence[str]) -> Clustered:
    """Sum item values by cluster.

    Args:
        frame: One row per item with ``source_id``, ``item_id``, ``language``, ``value`` (finite) and the columns named
            in ``series``; at least one row, in any order. A column ``metric`` says which range values have.
        series: The columns that, with the language, tell one mean from another.
    """
    names = [_ranked(frame[name]) for name in (*series, "language")]
    clusters, row = _ranked(frame["source_id"])
    combined = np.zeros(len(frame), dtype=np.int64)
    for found, codes in names:
        combined = combined * len(found) + codes
    kinds, first, column = np.unique(combined, return_index=True, return_inverse=True)
    keys = [tuple(found[codes[i]] for found, codes in names) for i in first.tolist()]
    shape = (len(clusters), len(kinds))
    flat = row * shape[1] + column
    values = frame["value"].to_numpy(dtype=np.float64)
    counts = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    # Sums depend on the order of their terms.
    order = np.lexsort((_ranked(frame["item_id"])[1], flat)) if counts.max() > 1 else np.arange(len(flat))
    sums = np.bincount(flat[order], weights=values[order], minlength=shape[0] * shape[1]).reshape(shape)
    outside = (values < 0) | (values > 1)
    if "metric" in frame:
        # A reward or a chrF++ that happens to lie between 0 and 1 is no share.
        shares = {name: is_share(str(name)) for name in frame["metric"].unique()}
        outside |= ~frame["metric"].map(shares).to_numpy(dtype=np.bool_)
    beyond = np.bincount(column, weights=outside, minlength=shape[1])
    columns = tuple((key[:-1], key[-1]) for key in keys)
    languages = {language: i for i, language in enumerate(sorted({language for _, language in columns}))}
    present = np.zeros((shape[0], len(languages)), dtype=np.bool_)
    for i, (_, language) in enumerate(columns):
        present[:, languages[language]] |= counts[:, i] > 0
    return Clustered(
        clusters=clusters,
        labels=strata(present),
        columns=columns,
        sums=exact_grid(sums.astype(np.float64)),
        counts=counts,
        bounded=beyond == 0,
    )


def _ranked(column: pd.Series) -> tuple[tuple[str, ...], Integers]:
    """Return the distinct texts of a column, sorted, and the position of each row's among them."""
    codes, texts = pd.factorize(column.astype(str), sort=True)
    return tuple(map(str, texts)), np.asarray(codes, dtype=np.int64)
