r"""The joint cluster bootstrap, as functions on arrays.

Let :math:`s_{ij}` be the sum and :math:`c_{ij}` the number of the values of column :math:`j` (a system in a language)
in cluster :math:`i` (a ``source_id``). A round draws as many clusters as there are, with replacement; with the
multiplicities :math:`w_i`, the same for all columns, the round's mean of column :math:`j` is
:math:`\sum_i w_i s_{ij} / \sum_i w_i c_{ij}` (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, with
the ratio estimator of survey sampling for columns that lack some clusters).

Results are the same to the bit whatever the order of rows and columns and the size of chunks: generators are seeded by
the clusters' names, and sums are rounded to a grid on which float64 addition is exact.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CHUNK_BYTES = 16 * 2**20

SPARSE = 0.05
"""Share of entries that are not 0 below which a matrix is multiplied entry by entry."""

SMALLEST = -1000
"""Power of two of the finest grid; values below it count as 0, for their quotients would leave float64."""


def resample_weights(
    clusters: Sequence[str], rounds: int, seed: int, *, chunk: int | None = None, columns: int = 0
) -> Iterator[Floats]:
    """Yield the multiplicities of clusters in bootstrap rounds, chunk by chunk.

    The stream depends on ``seed`` and on the sorted names of the clusters, so that two calls (two tasks, two metrics)
    about the same clusters get the same resample, whatever else is estimated beside them.

    Args:
        clusters: Names, sorted and distinct; n of them.
        rounds: How many rounds in all.
        seed: Not negative.
        chunk: Rounds held in memory at once; by default as many as fit into 16 MiB. It does not change the numbers.
        columns: How many numbers are made of each round, if they are more than the clusters.

    Yields:
        Arrays of shape (up to ``chunk``, n); each row sums to n.

    Example:
        >>> weights = next(resample_weights(["a", "b", "c"], 2, 0))
        >>> weights.sum(axis=1).tolist()
        [3.0, 3.0]
    """
    n = len(clusters)
    generator = named_generator(clusters, seed)
    step = chunk or max(1, CHUNK_BYTES // (8 * max(n, columns)))
    for start in range(0, rounds, step):
        size = min(step, rounds - start)
        drawn = generator.integers(0, n, size=(size, n)) + n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


def named_generator(names: Sequence[str], seed: int) -> np.random.Generator:
    """Return a generator that depends on the seed and on these names in their order, on every machine alike."""
    digest = hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).digest()
    words = [int.from_bytes(digest[i : i + 4], "big") for i in range(0, len(digest), 4)]
    return np.random.default_rng([seed, *words])


def exact_grid(sums: Floats) -> Floats:
    """Round each column to multiples of a power of two, so that weighted sums over clusters are exact in float64.

    A resample of n clusters sums to at most n times the largest absolute value; the grid leaves that 52 bits. The
    rounding error of a mean is below n * max * 2**-53.

    Args:
        sums: Shape (n clusters, k columns).

    Returns:
        The same shape.
    """
    largest = len(sums) * np.abs(sums).max(axis=0, initial=0.0)
    _, exponent = np.frexp(largest)
    quantum = np.ldexp(1.0, np.maximum(exponent - 52, SMALLEST))
    return np.asarray(np.rint(sums / quantum) * quantum, dtype=np.float64)


def exact_sum(values: Floats) -> float:
    """Return the sum of numbers, rounded once, so that their order does not matter.

    Args:
        values: Of one dimension; zeros, which most are where systems share few prompts, cost next to nothing.

    Example:
        >>> exact_sum(np.array([1e16, 1.0, 0.0, -1e16]))
        1.0
    """
    return math.fsum(values[values != 0].tolist())


class Product:
    """Multiplies resamples with one matrix, whose sums are exact: with its entries alone where most of it is 0.

    Args:
        matrix: Shape (n clusters, k), on the :func:`exact_grid`, or small whole numbers.
    """

    def __init__(self, matrix: Floats) -> None:
        from scipy.sparse import csr_array

        sparse = matrix.size > 0 and np.count_nonzero(matrix) < SPARSE * matrix.size
        self._matrix = csr_array(matrix.T) if sparse else matrix
        self._sparse = sparse

    def of(self, weights: Floats) -> Floats:
        """Return the product with resamples of shape (rounds, n); shape (rounds, k)."""
        found = (self._matrix @ weights.T).T if self._sparse else weights @ self._matrix
        return np.asarray(found, dtype=np.float64)


def strata(present: NDArray[np.bool_]) -> Integers:
    """Label the clusters that must be resampled together.

    Languages that share a cluster belong together, and so do their clusters; languages with prompts of their own are
    resampled apart, so that each keeps its number of items in every round.

    Args:
        present: Shape (n clusters, languages); every cluster is present in at least one language.

    Returns:
        Shape (n,): labels from 0.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    shared = csr_array(present.T.astype(np.int64) @ present.astype(np.int64))
    _, labels = connected_components(shared, directed=False)
    return np.asarray(labels[present.argmax(axis=1)], dtype=np.int64)


def distinct_columns(matrix: Floats) -> tuple[Floats, Integers]:
    """Return the distinct columns of a matrix, and which of them each column is.

    Args:
        matrix: Shape (n, k).

    Returns:
        Shapes (n, distinct) and (k,).

    Example:
        >>> found, which = distinct_columns(np.array([[1.0, 2.0, 1.0]]))
        >>> found.tolist(), which.tolist()
        ([[1.0, 2.0]], [0, 1, 0])
    """
    seen: dict[bytes, int] = {}
    which = np.array([seen.setdefault(column.tobytes(), len(seen)) for column in np.ascontiguousarray(matrix.T)])
    first = np.unique(which, return_index=True)[1]
    return matrix[:, first], which


def bootstrap_means(
    sums: Floats,
    counts: Floats,
    clusters: Sequence[str],
    labels: Integers,
    *,
    rounds: int,
    seed: int,
    chunk: int | None = None,
) -> Floats:
    """Return the mean of every column in every bootstrap round.

    Args:
        sums: Shape (n clusters, k columns), on the :func:`exact_grid`.
        counts: Shape (n, k); how many values each sum has, 0 where the column lacks the cluster.
        clusters: The n names, sorted.
        labels: Shape (n,), from :func:`strata`; the clusters of a column have one label.
        rounds: How many rounds.
        seed: Not negative.
        chunk: As in :func:`resample_weights`.

    Returns:
        Shape (k, rounds). A round that drew nothing of a column holds the column's own mean (this happens only to
        columns that have few of the clusters they share: with 8 of many, once in 3,000 rounds).

    Example:
        >>> sums, counts = np.array([[1.0], [0.0]]), np.ones((2, 1))
        >>> bootstrap_means(sums, counts, ["a", "b"], np.zeros(2, dtype=np.int64), rounds=4, seed=0).shape
        (1, 4)
    """
    means = np.empty((sums.shape[1], rounds))
    totals = sums.sum(axis=0) / counts.sum(axis=0)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        columns = np.flatnonzero(counts[rows].any(axis=0))
        values = sums[np.ix_(rows, columns)]
        patterns, which = distinct_columns(counts[np.ix_(rows, columns)])
        on_patterns, on_values = Product(patterns), Product(values)
        names, many = [clusters[int(i)] for i in rows], len(columns)
        start = 0
        for weights in resample_weights(names, rounds, seed, chunk=chunk, columns=many):
            drawn = on_patterns.of(weights)[:, which]
            estimate = np.broadcast_to(totals[columns], drawn.shape).copy()
            np.divide(on_values.of(weights), drawn, out=estimate, where=drawn > 0)
            means[columns, start : start + len(weights)] = estimate.T
            start += len(weights)
    return means


def linear_replicates(
    influence: Floats, clusters: Sequence[str], labels: Integers, *, rounds: int, seed: int
) -> tuple[Floats, Floats]:
    r"""Return the linearised deviation of an estimate in every bootstrap round, and its standard error there.

    :math:`\delta^* = \sum_i w_i u_i` and :math:`\sum_h (\sum_{i \in h} w_i u_i^2 - \delta_h^{*2}/n_h)`, with the same
    multiplicities as :func:`bootstrap_means`.

    Args:
        influence: Shape (n clusters,).
        clusters: The n names, sorted.
        labels: Shape (n,), from :func:`strata`.
        rounds: How many rounds.
        seed: Not negative.

    Returns:
        Both of shape (rounds,).
    """
    moments = exact_grid(np.stack([influence, influence**2], axis=1))
    deviation, variance = np.zeros(rounds), np.zeros(rounds)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        start = 0
        for weights in resample_weights([clusters[int(i)] for i in rows], rounds, seed):
            first, second = (weights @ moments[rows]).T
            deviation[start : start + len(weights)] += first
            variance[start : start + len(weights)] += second - first**2 / len(rows)
            start += len(weights)
    return deviation, np.sqrt(np.maximum(variance, 0.0))
