r"""One test of many drops at once: the sign-flip test with the smallest weighted p-value.

If two runs are of the same model, it is chance which of them gave which answer to an item. Swapping the two runs in
whole clusters (a ``source_id`` in all its languages) then leaves the distribution of all differences together as it is
(Fisher 1935). With the contribution :math:`c_{ij}` of cluster i to the mean difference of hypothesis j and random signs
:math:`\epsilon_i`, the same for all hypotheses,

.. math:: Z_j = -\frac{\sum_i \epsilon_i c_{ij}}{\sqrt{\sum_i c_{ij}^2}}, \qquad
          Q_j = \frac{1 - \Phi(Z_j)}{w_j}

measures how bad a drop is (the denominator does not change with signs), and the adjusted p-value of a hypothesis is the
probability that the smallest Q of a swapped data set is as small as its own: the step-down procedure of Westfall and
Young (*Resampling-Based Multiple Testing*, 1993, section 2.6), which bounds the family-wise error whatever the
correlation. Two properties matter here. Languages that flip together count less than independent ones. And a cell with
k discordant items cannot have a Z above :math:`\sqrt k`: cells in which hardly anything changed cost the others
nothing, which Holm's correction cannot know.

A cell of graded differences (battles that become ties, F1 scores) has a second statistic, the same with the signs of
its contributions in their place, and counts as the more extreme of the two. Means find rare large losses, signs find
losses that are more frequent and of any size; the joint distribution charges little for asking both, since the two are
highly correlated. An adjusted p-value is never below the p-value of the mean alone, so that no cell is rejected
whose mean is not significantly lower by itself.

With random signs the test is exact: whatever the sample size, the ties and the dependence, the chance of a false
rejection is at most :math:`\alpha`. Signs are drawn once, though, from a seed, and a project keeps its seed and its
items: for one set of B sign vectors the chance varies by :math:`\sqrt{\alpha(1-\alpha)/B}` around :math:`\alpha` (0.2
points at 10,000). Adjusted p-values therefore lie one such standard error above the estimate, and no set of vectors
that is not unusual errs more often than stated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from polyarena.reports.stats.resampling import Floats, named_generator

CHUNK = 500
"""Sign vectors held in memory at once."""

TIE = 1e-9
"""Sums that are equal but for rounding count as equally large."""


@dataclass(frozen=True)
class Contributions:
    """What clusters add to the differences of hypotheses, in one block of clusters that are swapped together.

    Attributes:
        clusters: The n names, sorted; blocks with the same names are swapped alike.
        values: Shape (n, k).
        columns: Shape (k,): the hypothesis of each column; several blocks may add to one hypothesis.
    """

    clusters: tuple[str, ...]
    values: Floats
    columns: np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True)
class JointTest:
    """The result for m hypotheses.

    Attributes:
        z: Shape (m,): how bad each drop of a mean is, in standard errors under the swap; 0 where nothing differs.
        gain: Shape (m,): how large each gain is, by the more extreme of its statistics; ``-z`` where there is only one
            or the mean alone is not significantly higher.
        p: Shape (m,): one-sided p-values of the drops of the means, unadjusted.
        adjusted: Shape (m,): adjusted for all m, step-down, with one standard error of the random signs added.
        critical: Shape (m,): the Z beyond which a hypothesis is rejected in the first step, at the level asked for.
    """

    z: Floats
    gain: Floats
    p: Floats
    adjusted: Floats
    critical: Floats


def sign_flip_tests(
    blocks: Sequence[Contributions],
    weights: Floats,
    *,
    alpha: float,
    rounds: int,
    seed: int,
    second: Sequence[Contributions] = (),
) -> JointTest:
    """Test m one-sided hypotheses "no drop" together.

    Args:
        blocks: Contributions; negative ones are drops.
        weights: Shape (m,), above 0: how much of the error budget each hypothesis may use, relative to the others.
        alpha: Family-wise level that ``critical`` refers to.
        rounds: Sign vectors drawn; p-values are at least 1 / (rounds + 1) (Phipson and Smyth 2010).
        seed: Not negative.
        second: Contributions to a second statistic of some of the hypotheses, such as the signs of the first.

    Returns:
        Adjusted p-values; a hypothesis is rejected where its own is below ``alpha``.
    """
    m = len(weights)
    statistics = [*blocks, *(Contributions(each.clusters, each.values, each.columns + m) for each in second)]
    totals, squares = np.zeros(2 * m), np.zeros(2 * m)
    for block in statistics:
        np.add.at(totals, block.columns, block.values.sum(axis=0))
        np.add.at(squares, block.columns, (block.values**2).sum(axis=0))
    norms = np.sqrt(squares)
    every = np.zeros(2 * m)
    np.divide(-totals, norms, out=every, where=norms > 0)
    z = every[:m]
    alive = np.flatnonzero(norms[:m] > 0)
    both = np.flatnonzero((norms[:m] > 0) & (norms[m:] > 0))
    drop, gain = z.copy(), -z
    drop[both] = np.maximum(z[both], every[m + both])
    surely = both[-z[both] > ndtri(1 - alpha)]
    gain[surely] = np.maximum(-z[surely], -every[m + surely])
    p, adjusted, critical = np.ones(m), np.ones(m), np.full(m, np.inf)
    if not len(alive):
        return JointTest(z, gain, p, adjusted, critical)
    place = np.full(2 * m, -1)
    place[alive] = np.arange(len(alive))
    place[m + both] = len(alive) + np.arange(len(both))
    kept = [_kept(block, place, norms) for block in statistics]
    used = weights[alive]
    seen_q = ndtr(-(drop[alive] - TIE)) / used
    order = np.argsort(seen_q, kind="stable")
    reached, single = np.zeros(len(alive)), np.zeros(len(alive))
    smallest = np.empty(rounds)
    start = 0
    for drawn in _swapped(kept, len(alive) + len(both), rounds, seed):
        means = drawn[:, : len(alive)]
        single += (means >= z[alive] - TIE).sum(axis=0)
        means[:, place[both]] = np.maximum(means[:, place[both]], drawn[:, len(alive) :])
        q = ndtr(-means)
        q /= used
        # The minimum over a hypothesis and all that look better than it.
        running = np.minimum.accumulate(q[:, order[::-1]], axis=1)[:, ::-1]
        smallest[start : start + len(drawn)] = running[:, 0]
        reached[order] += (running <= seen_q[order]).sum(axis=0)
        start += len(drawn)
    p[alive] = (1 + single) / (1 + rounds)
    stepped = np.maximum.accumulate(((1 + reached) / (1 + rounds))[order])
    adjusted[alive[order]] = with_random_error(stepped, rounds)
    adjusted[both] = np.maximum(adjusted[both], p[both])
    threshold = float(np.quantile(smallest, estimate_below(alpha, rounds), method="lower"))
    critical[alive] = -ndtri(np.minimum(1.0, threshold * used))
    return JointTest(z, gain, p, adjusted, critical)


def with_random_error(p: Floats, rounds: int) -> Floats:
    """Return p-values one standard error of their estimate from random signs higher, at most 1.

    Args:
        p: Estimates.
        rounds: Sign vectors that they rest on.
    """
    found: Floats = np.minimum(1.0, p + np.sqrt(p * (1 - p) / rounds))
    return found


def estimate_below(alpha: float, rounds: int) -> float:
    r"""Return the estimate at which :func:`with_random_error` reaches ``alpha``.

    The smaller solution p of :math:`p + \sqrt{p(1-p)/B} = \alpha`.
    """
    middle = alpha + 0.5 / rounds
    return (middle - math.sqrt(middle**2 - alpha**2 * (1 + 1 / rounds))) / (1 + 1 / rounds)


def _kept(block: Contributions, place: np.ndarray[tuple[int, ...], np.dtype[np.int64]], norms: Floats) -> Contributions:
    """Return a block without the columns in which nothing differs, in units of the norm of each hypothesis."""
    known = place[block.columns] >= 0
    columns = block.columns[known]
    return Contributions(block.clusters, block.values[:, known] / norms[columns], place[columns])


def _swapped(blocks: Sequence[Contributions], m: int, rounds: int, seed: int) -> Iterator[Floats]:
    """Yield Z of swapped data sets, shape (chunk, m).

    Signs depend on the seed and on a block's clusters alone, so that two metrics of the same items are swapped alike.
    """
    generators = {block.clusters: named_generator(block.clusters, seed) for block in blocks}
    for start in range(0, rounds, CHUNK):
        size = min(CHUNK, rounds - start)
        signs = {
            clusters: 1.0 - 2.0 * generator.integers(0, 2, size=(size, len(clusters)), dtype=np.int8)
            for clusters, generator in generators.items()
        }
        drawn = np.zeros((size, m))
        for block in blocks:
            part = signs[block.clusters] @ block.values
            if len(np.unique(block.columns)) == len(block.columns):
                drawn[:, block.columns] -= part
            else:
                np.subtract.at(drawn.T, block.columns, part.T)
        yield drawn
