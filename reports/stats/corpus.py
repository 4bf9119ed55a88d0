r"""Metrics of a whole corpus: the score of a language is a formula of statistics that are summed over its items.

BLEU and chrF are no means of scores of sentences. With the statistics :math:`S_i` of cluster i (counts of n-grams, of a
``source_id``) and the metric's formula f,

* the score of a language is :math:`f(\sum_i S_i)`, and the mean over languages is the mean of these scores;
* a bootstrap round with the multiplicities :math:`w_i` has the score :math:`f(\sum_i w_i S_i)`, as sacrebleu resamples
  (Koehn 2004, "Statistical significance tests for machine translation evaluation");
* the influence of cluster i is that of the jackknife,
  :math:`u_i = \frac{n-1}{n} (\theta_{(\cdot)} - \theta_{(i)})` with :math:`\theta_{(i)} = f(\sum_{j \ne i} S_j)` and
  their mean :math:`\theta_{(\cdot)}` (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, section 11.2).
  For a mean it is the deviation of item i over n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyarena.reports.stats.clustered import Clustered, Series, cluster_values
from polyarena.reports.stats.resampling import Floats, Integers, exact_grid, resample_weights

Formula = Callable[[Floats], Floats]


@dataclass(frozen=True)
class CorpusClustered:
    """The statistics of one task and metric, summed by ``source_id``; clusters and columns as in ``Clustered``.

    Attributes:
        clusters: The n ``source_id``, sorted.
        labels: Shape (n,); which clusters are resampled together.
        columns: (series, language) of the k columns, sorted.
        statistics: Shape (k, n, m): the m statistics of each column and cluster, on the exact grid.
        counts: Shape (n, k); items, 0 where the column lacks the cluster.
        bounded: Shape (k,); never, for Wilson's interval is about proportions.
        formula: From shape (..., m) to (...).
    """

    clusters: tuple[str, ...]
    labels: Integers
    columns: tuple[tuple[Series, str], ...]
    statistics: Floats
    counts: Floats
    bounded: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    formula: Formula

    def value(self, column: int) -> float:
        """Return the score of a column."""
        return float(self.formula(self.statistics[column].sum(axis=0)))

    def influence(self, column: int) -> Floats:
        """Return the influence of each cluster on the score; shape (n,), 0 where the column lacks it."""
        present = self.counts[:, column] > 0
        found = self.statistics[column][present]
        without = self.formula(found.sum(axis=0) - found)
        influence = np.zeros(len(present))
        influence[present] = (len(found) - 1) / len(found) * (without.mean() - without)
        return influence

    def replicates(self, columns: Sequence[int], *, rounds: int, seed: int, chunk: int | None = None) -> Floats:
        """Return the score of the columns in every bootstrap round; shape (columns, rounds).

        A round that drew nothing of a column holds the column's own score.

        Args:
            columns: Places of the columns.
            rounds: Of the bootstrap.
            seed: Not negative.
            chunk: Rounds that are in memory at once; chosen by the size of the data if left out.
        """
        scores = np.empty((len(columns), rounds))
        for label in np.unique(self.labels):
            rows = np.flatnonzero(self.labels == label)
            within = [i for i, column in enumerate(columns) if self.counts[rows, column].any()]
            start = 0
            for weights in resample_weights([self.clusters[int(i)] for i in rows], rounds, seed, chunk=chunk):
                for i in within:
                    drawn = weights @ self.counts[rows, columns[i]] > 0
                    score = np.full(len(weights), self.value(columns[i]))
                    score[drawn] = self.formula((weights @ self.statistics[columns[i]][rows])[drawn])
                    scores[i, start : start + len(weights)] = score
                start += len(weights)
        return scores


def cluster_statistics(frame: pd.DataFrame, series: Sequence[str], formula: Formula) -> CorpusClustered:
    """Sum statistics by cluster; samples of one item are averaged first.

    Args:
        frame: One row per sample with ``source_id``, ``item_id``, ``sample_index``, ``language``, ``value``,
            ``statistics`` (of one length) and the columns named in ``series``; at least one row, in any order.
        series: The columns that, with the language, tell one score from another.
        formula: The metric's.
    """
    key = [*series, "language", "source_id", "item_id"]
    ordered = frame.sort_values([*key, "sample_index"], ignore_index=True)
    items = ordered.groupby(key, sort=True)
    item, sizes = np.asarray(items.ngroup(), dtype=np.int64), items.size()
    # What the clusters are and who has them is the same as for means.
    shape: Clustered = cluster_values(sizes.rename("value").reset_index(), series)
    averaged = _sums(np.stack(ordered["statistics"].to_list()), item, len(sizes)) / sizes.to_numpy()[:, None]
    names = sizes.index.to_frame(index=False).astype(str)
    places = {name: i for i, name in enumerate(shape.columns)}
    column = np.array([places[tuple(name[:-1]), name[-1]] for name in names[[*series, "language"]].to_numpy()])
    cluster = np.searchsorted(np.array(shape.clusters, dtype=str), names["source_id"].to_numpy(dtype=str))
    n = len(shape.clusters)
    sums = _sums(averaged, column * n + cluster, len(shape.columns) * n)
    return CorpusClustered(
        clusters=shape.clusters,
        labels=shape.labels,
        columns=shape.columns,
        statistics=np.stack([exact_grid(part) for part in np.split(sums, len(shape.columns))]),
        counts=shape.counts,
        bounded=np.zeros(len(shape.columns), dtype=np.bool_),
        formula=formula,
    )


def _sums(values: Floats, groups: Integers, length: int) -> Floats:
    """Sum rows by group, in their order."""
    columns = [np.bincount(groups, weights=part, minlength=length) for part in values.astype(np.float64).T]
    return np.stack(columns, axis=1)
