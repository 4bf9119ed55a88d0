"""From rows of values to matrices of clusters and columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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

    def value(self, column: int) -> float:
        """Return the mean of a column."""
        return math.fsum(self.sums[:, column].tolist()) / math.fsum(self.counts[:, column].tolist())

    def influence(self, column: int) -> Floats:
        """Return the influence of each cluster on the mean of a column; shape (n,), 0 where the column lacks it."""
        counts = self.counts[:, column]
        influence: Floats = (self.sums[:, column] - self.value(column) * counts) / counts.sum()
        return influence

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
    ordered = frame.sort_values([*series, "language", "source_id", "item_id"])
    clusters, row = np.unique(ordered["source_id"].to_numpy(dtype=object).astype(str), return_inverse=True)
    names = list(zip(*(ordered[name].astype(str) for name in (*series, "language")), strict=True))
    keys = sorted(set(names))
    places = {key: i for i, key in enumerate(keys)}
    column = np.array([places[name] for name in names])
    values = ordered["value"].to_numpy(dtype=np.float64)
    shape = (len(clusters), len(keys))
    flat = row * shape[1] + column
    counts = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    sums = np.bincount(flat, weights=values, minlength=shape[0] * shape[1]).reshape(shape)
    outside = (values < 0) | (values > 1)
    if "metric" in ordered:
        # A reward or a chrF++ that happens to lie between 0 and 1 is no share.
        shares = {name: is_share(str(name)) for name in ordered["metric"].unique()}
        outside |= ~ordered["metric"].map(shares).to_numpy(dtype=np.bool_)
    beyond = np.bincount(column, weights=outside, minlength=shape[1])
    columns = tuple((key[:-1], key[-1]) for key in keys)
    languages = sorted({language for _, language in columns})
    present = np.zeros((shape[0], len(languages)), dtype=np.bool_)
    for i, (_, language) in enumerate(columns):
        present[:, languages.index(language)] |= counts[:, i] > 0
    return Clustered(
        clusters=tuple(map(str, clusters)),
        labels=strata(present),
        columns=columns,
        sums=exact_grid(sums.astype(np.float64)),
        counts=counts,
        bounded=beyond == 0,
    )
