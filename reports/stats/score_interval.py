r"""Wilson's score interval for means of clustered, bounded values: what an item is worth is estimated from the data.

Let :math:`p` be the mean of values in [0, 1], :math:`u_i` the influence of cluster i on it (:math:`(y_i - p)/n` for
plain items), n the number of clusters and m the number of items in one. Wilson's interval for a proportion needs a
number of independent wins and losses; the *effective n* is the number that would vary as much as these values do:

.. math::

   V = \left(1 - \tfrac1n\right) \sum_h \frac{n_h}{n_h - 1} \sum_{i \in h} u_i^2
       + \frac{s\, \tilde p(1-\tilde p)}{n^2 \sqrt m},
   \qquad n_e = \frac{p(1-p)}{V} \left(\frac{z}{t_{\nu'}}\right)^2, \qquad n_e \ge n,
   \qquad \frac1{\nu'} = \frac1\nu + \frac32\,\frac{1 - 1/m}{K + 2}.

* The last part of V is one cluster more, at :math:`\tilde p = (np + 1/2)/(n + 1)`. Its variance lies between that of a
  cluster that is won or lost as a whole and that of one with independent items (their geometric mean). It counts with
  the share s of clusters that have the commonest value: where nearly all have the same, no spread seen is not no
  spread.
* :math:`V / p(1-p)` is estimated, and :math:`\nu = 2 / \sum_i w_i^2` are the degrees of freedom of its logarithm, with
  the influence on it
  :math:`w_i = (u_i^2 - \overline{u^2}) / \sum u^2 - (1 - 2p)\, u_i / p(1-p)` (delta method). For wins and losses of
  single items :math:`w_i = 0`: the variance follows from the mean, and Wilson's own interval is left.
* How much the items of a cluster have in common is seen only in the :math:`K = (1 - s) n` clusters that do not have the
  commonest value. With a rate near 0 or 1 there are few of them, and the delta method knows nothing of the rare cluster
  that is won in most languages and happens not to be in the sample: so :math:`K + 2` bounds the degrees of freedom, the
  more the more items a cluster has. The factors 3/2 and 2 are chosen by simulated coverage.
* The ends are those of a mean that is an eighth of a win farther out, :math:`p \mp 1/8nm`: a continuity correction, of
  which a half would be the classical one (Newcombe 1998, Statistics in Medicine 17, method 4), and too wide.
* Values in [0, 1] with the same mean vary at most as much as wins and losses (Bhatia and Davis 2000), hence
  :math:`n_e \ge n`.
* Where clusters do not count alike, as in an average of a language with many items and one with few, n is
  :math:`1 / \sum_i a_i^2` with their shares :math:`a_i` in the mean (Kish 1965, *Survey Sampling*, section 11.7): as
  many clusters of equal share would do as much. With equal shares that is their number.

Effective sample sizes in Wilson's interval for surveys go back to Korn and Graubard 1998 (Survey Methodology 24); the
added cluster follows the added successes of Agresti and Coull 1998 (The American Statistician 52). Their combination
here is our own, and it stands on its measured coverage (``benchmarks/coverage.py``).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from polyarena.reports.stats.quantiles import normal_quantile, student_quantile
from polyarena.reports.stats.resampling import Floats, exact_sum

CONTINUITY = 0.125
"""Share of one item's value by which the ends are corrected for steps."""

CAUTION, SPARED = 1.5, 2.0
"""Of the degrees of freedom where a cluster has several items."""


def wilson_interval(mean: float, n: float, confidence: float, *, continuity: float = 0.0) -> tuple[float, float]:
    r"""Wilson's score interval for a proportion (Wilson 1927).

    .. math:: \frac{p + z^2/2n \pm z\sqrt{p(1-p)/n + z^2/4n^2}}{1 + z^2/n}

    Args:
        mean: In [0, 1].
        n: Effective sample size, more than 0.
        confidence: Such as 0.95.
        continuity: How much farther out the mean of each end is.

    Returns:
        Both ends, within [0, 1] and around ``mean``.

    Example:
        >>> low, high = wilson_interval(81 / 263, 263, 0.95)
        >>> round(low, 4), round(high, 4)
        (0.2553, 0.3662)
    """
    z = normal_quantile(0.5 + confidence / 2)
    ends = []
    for side, moved in ((-1, max(0.0, mean - continuity)), (1, min(1.0, mean + continuity))):
        centre = (moved + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(moved * (1 - moved) / n + z * z / (4 * n * n))
        ends.append(centre + side * half)
    return max(0.0, min(mean, ends[0])), min(1.0, max(mean, ends[1]))


def effective_n(
    mean: float,
    influence: Floats,
    labels: NDArray[np.int64],
    *,
    variance: float,
    items: int,
    confidence: float,
    added: float | None = None,
    clusters: float | None = None,
) -> float:
    r"""Return the number of independent wins and losses that would vary as much as these values.

    Args:
        mean: In [0, 1].
        influence: Shape (n clusters,); sums to 0 in each stratum.
        labels: Shape (n,), the strata.
        variance: :math:`\sum_h n_h/(n_h-1) \sum u_i^2`.
        items: Values averaged.
        confidence: Nominal, two-sided.
        added: Variance of the added cluster; by default that of a mean, as above.
        clusters: The number n of the formula, from :func:`equal_clusters`; by default all clusters count alike.
    """
    n = float(len(influence)) if clusters is None else clusters
    spread = mean * (1 - mean)
    if spread <= 0:
        return n
    size = max(items / len(influence), 1.0)
    if added is None:
        added = smoothed_spread(mean, n) / math.sqrt(size)
    common = modal_share(influence)
    departing = (1 - common) * len(influence)
    inverse = 1 / _freedom(mean, influence, labels) + CAUTION * (1 - 1 / size) / (departing + SPARED)
    freedom = max(1.0, 1 / inverse) if inverse > 0 else math.inf
    probability = 0.5 + confidence / 2
    shrink = 1.0
    if math.isfinite(freedom):
        shrink = (normal_quantile(probability) / student_quantile(probability, freedom)) ** 2
    return max(n, spread / ((1 - 1 / n) * variance + common * added / n**2) * shrink)


def equal_clusters(shares: Floats) -> float:
    r"""Return how many clusters of equal share would tell as much as these, :math:`(\sum a_i)^2 / \sum a_i^2`.

    Args:
        shares: Shape (n clusters,), not negative, at least one more than 0: how much each counts in a mean.

    Example:
        >>> equal_clusters(np.array([0.25, 0.25, 0.25, 0.25]))
        4.0
        >>> equal_clusters(np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1]))
        3.333333333
    """
    # Rounded, so that equal shares give their number whatever their sums round to.
    return round(exact_sum(shares) ** 2 / exact_sum(shares * shares), 9)


def modal_share(influence: Floats) -> float:
    """Return the share of clusters that have the commonest value; 1 if all are alike.

    Args:
        influence: Shape (n clusters,), n at least 1.
    """
    scale = np.abs(influence).max()
    if scale == 0:
        return 1.0
    _, sizes = np.unique(np.rint(influence / scale * 1e9), return_counts=True)
    return float(sizes.max() / len(influence))


def smoothed_spread(mean: float, n: float) -> float:
    r"""Return :math:`\tilde p (1 - \tilde p)` of a mean of n clusters, which is never 0."""
    smoothed = (n * mean + 0.5) / (n + 1)
    return smoothed * (1 - smoothed)


def score_interval(
    mean: float,
    influence: Floats,
    labels: NDArray[np.int64],
    *,
    variance: float,
    items: int,
    confidence: float,
    span: tuple[float, float] = (0.0, 1.0),
    added: float | None = None,
    clusters: float | None = None,
) -> tuple[float, float]:
    """Return Wilson's interval with the effective n, for values that lie in ``span``.

    Args:
        mean: The estimate.
        influence: Shape (n clusters,).
        labels: Shape (n,), the strata.
        variance: As in :func:`effective_n`.
        items: Values averaged; of a difference, those on its larger side.
        confidence: Nominal, two-sided.
        span: Smallest and largest possible value: (0, 1) for shares, (-1, 1) for their differences.
        added: As in :func:`effective_n`, in the unit of the values squared.
        clusters: As in :func:`effective_n`.
    """
    low, high = span
    size = high - low
    share = min(1.0, max(0.0, (mean - low) / size))
    n = effective_n(
        share,
        influence / size,
        labels,
        variance=variance / size**2,
        items=items,
        confidence=confidence,
        added=None if added is None else added / size**2,
        clusters=clusters,
    )
    ends = wilson_interval(share, n, confidence, continuity=CONTINUITY / items / size)
    return min(mean, low + size * ends[0]), max(mean, low + size * ends[1])


def _freedom(mean: float, influence: Floats, labels: NDArray[np.int64]) -> float:
    """Return the degrees of freedom of the effective n; infinite where it does not vary."""
    squares = influence * influence
    total = exact_sum(squares)
    if total <= 0:
        return math.inf
    centre = np.empty_like(squares)
    for label in np.unique(labels):
        rows = labels == label
        centre[rows] = exact_sum(squares[rows]) / np.count_nonzero(rows)
    varying = (squares - centre) / total - (1 - 2 * mean) / (mean * (1 - mean)) * influence
    noise = exact_sum(varying * varying)
    return max(1.0, 2 / noise) if noise > 1e-12 else math.inf
