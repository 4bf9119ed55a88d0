"""Estimators whose bootstrap rounds are drawn once for many contrasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from polyarena.reports.stats.clustered import Series
from polyarena.reports.stats.resampling import Floats, Integers
from polyarena.reports.stats.series import LanguageSeries
from polyarena.reports.stats.sparse_columns import SparseTable
from polyarena.reports.stats.summary import Estimator

REPLICATE_BYTES = 128 * 2**20
"""Of the replicates that are in memory at once."""


class Replicated:
    """An estimator that draws the replicates of its columns once, when they are first asked for.

    Gaps, averages without one language and differences of the same columns then share the rounds; the numbers are those
    of the estimator itself.

    Args:
        data: Values or statistics of one task.
        columns: Those that are asked for, and no others.
        rounds: Of the bootstrap.
        seed: Not negative.
    """

    def __init__(self, data: Estimator, columns: Sequence[int], *, rounds: int, seed: int) -> None:
        self._data, self._asked = data, sorted({*columns})
        self._rounds, self._seed = rounds, seed
        self._drawn: Floats | None = None

    @property
    def clusters(self) -> tuple[str, ...]:
        """Those of the estimator; likewise all that follow."""
        return self._data.clusters

    @property
    def labels(self) -> Integers:  # noqa: D102
        return self._data.labels

    @property
    def columns(self) -> tuple[tuple[Series, str], ...]:  # noqa: D102
        return self._data.columns

    @property
    def counts(self) -> Floats | SparseTable:  # noqa: D102
        return self._data.counts

    @property
    def bounded(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:  # noqa: D102
        return self._data.bounded

    def value(self, column: int) -> float:  # noqa: D102
        return self._data.value(column)

    def influence(self, column: int) -> Floats:  # noqa: D102
        return self._data.influence(column)

    def replicates(self, columns: Sequence[int], *, rounds: int, seed: int) -> Floats:
        """Return the estimate of the columns in every round.

        Raises:
            ValueError: The rounds or the seed are others than those that were announced.
        """
        if (rounds, seed) != (self._rounds, self._seed):
            raise ValueError(f"{self._rounds} rounds of seed {self._seed} are drawn, not {rounds} of seed {seed}")
        if self._drawn is None:
            self._drawn = self._data.replicates(self._asked, rounds=rounds, seed=seed)
        places = np.searchsorted(self._asked, list(columns))
        drawn: Floats = self._drawn[places]
        return drawn


def replicated_series(
    found: Iterator[LanguageSeries], *, rounds: int, seed: int
) -> Iterator[tuple[LanguageSeries, Replicated]]:
    """Yield series with their estimator, whose replicates are drawn for many of them together.

    Args:
        found: From :func:`polyarena.reports.stats.series.language_series`.
        rounds: Of the bootstrap.
        seed: Not negative.
    """
    for _, same in groupby(found, key=lambda series: id(series.data)):
        for batch in _batches(same, rounds):
            columns = [column for series in batch for column in series.columns.values()]
            data = Replicated(batch[0].data, columns, rounds=rounds, seed=seed)
            yield from ((series, data) for series in batch)


def _batches(found: Iterator[LanguageSeries], rounds: int) -> Iterator[list[LanguageSeries]]:
    """Split series so that the replicates of one batch fit into memory."""
    batch: list[LanguageSeries] = []
    for series in found:
        columns = sum(len(each.columns) for each in batch) + len(series.columns)
        if batch and 8 * rounds * columns > REPLICATE_BYTES:
            yield batch
            batch = []
        batch.append(series)
    if batch:
        yield batch
