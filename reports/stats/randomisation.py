r"""Tests of no difference between two systems on the same items.

If two systems are alike, it is chance which of them gave which answer to an item. A randomisation test swaps the two
systems of a cluster (all its items, in all languages at once) with probability one half and asks how often the
difference is at least as large as the one seen (Fisher 1935; for metrics of a corpus, Riezler and Maxwell 2005, "On
some pitfalls in automatic evaluation and significance testing for MT"). It is exact when all swaps are tried. McNemar's
test is the same for wins and losses of single items, and has a formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from polyarena.reports.stats.resampling import CHUNK_BYTES, Floats, exact_grid, named_generator

MOST_ENUMERATED = 12
"""Up to this many clusters that differ, all swaps are tried."""


def sign_flip_test(differences: Floats, clusters: Sequence[str], *, rounds: int, seed: int) -> float:
    r"""Return the two-sided p-value of the sum of differences when signs are a matter of chance.

    With :math:`T = \sum_i d_i` and signs :math:`\epsilon_i = \pm 1`: the share of sign vectors with
    :math:`|\sum_i \epsilon_i d_i| \ge |T|`. All are tried if no more than 12 differences are not 0; otherwise
    ``rounds`` are drawn and :math:`p = (1 + \#)/(1 + R)`, which is never 0 (Phipson and Smyth 2010).

    Args:
        differences: Shape (n clusters,): what each cluster adds to the difference of the systems.
        clusters: Their n names, sorted; with the seed they determine the draws.
        rounds: Sign vectors drawn.
        seed: Not negative.

    Example:
        >>> sign_flip_test(np.array([1.0, 1.0, 1.0, 1.0, 1.0]), list("abcde"), rounds=100, seed=0)
        0.0625
    """
    exact = exact_grid(differences[:, None])[:, 0]

    def statistic(swaps: Floats) -> Floats:
        return np.asarray(exact.sum() - 2 * (swaps @ exact))

    # Thirds are rounded: swaps that give just as large a sum must not fall short of it by the last bit.
    tolerance = 1e-9 * float(np.abs(exact).sum())
    return swap_test(statistic, np.flatnonzero(exact), clusters, rounds=rounds, seed=seed, tolerance=tolerance)


def swap_test(
    statistic: Callable[[Floats], Floats],
    differing: np.ndarray[tuple[int, ...], np.dtype[np.intp]],
    clusters: Sequence[str],
    *,
    rounds: int,
    seed: int,
    tolerance: float = 0.0,
) -> float:
    """Return the two-sided p-value of a difference between two systems, by swapping them within clusters.

    Args:
        statistic: From swaps, shape (k, n clusters) of 0 and 1, to the k differences.
        differing: Clusters in which a swap changes anything.
        clusters: The n names, sorted.
        rounds: Swaps drawn, if there are too many to try all.
        seed: Not negative.
        tolerance: Differences smaller by no more than this count as equally large.
    """
    n, k = len(clusters), len(differing)
    if k == 0:
        return 1.0
    seen = abs(float(statistic(np.zeros((1, n)))[0])) - tolerance
    exhaustive = k <= MOST_ENUMERATED
    reached = total = 0
    for chosen in _all_swaps(k) if exhaustive else _drawn_swaps(clusters, differing, rounds, seed):
        swaps = np.zeros((len(chosen), n))
        swaps[:, differing] = chosen
        reached += int(np.count_nonzero(np.abs(statistic(swaps)) >= seen))
        total += len(chosen)
    return reached / total if exhaustive else (1 + reached) / (1 + total)


def mcnemar_test(wins: int, losses: int) -> float:
    r"""Return the exact two-sided p-value of McNemar's test.

    :math:`\min(1, 2 P(X \le \min(b, c)))` with :math:`X \sim \mathrm{Binomial}(b + c, 1/2)` (McNemar 1947, with the
    exact distribution).

    Args:
        wins: Items that only the first system has right.
        losses: Items that only the second system has right.

    Example:
        >>> round(mcnemar_test(9, 1), 6)
        0.021484
    """
    from scipy.special import bdtr

    if wins + losses == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(wins, losses), wins + losses, 0.5)))


def _all_swaps(k: int) -> Iterator[Floats]:
    numbers = np.arange(2**k)[:, None]
    yield ((numbers >> np.arange(k)) & 1).astype(np.float64)


def _drawn_swaps(
    clusters: Sequence[str], differing: np.ndarray[tuple[int, ...], np.dtype[np.intp]], rounds: int, seed: int
) -> Iterator[Floats]:
    generator = named_generator(["swaps", *(clusters[int(i)] for i in differing)], seed)
    step = max(1, math.floor(CHUNK_BYTES / (8 * len(clusters))))
    for start in range(0, rounds, step):
        shape = min(step, rounds - start), len(differing)
        yield generator.integers(0, 2, size=shape).astype(np.float64)
