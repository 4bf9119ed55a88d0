"""Intervals for means of clustered values, and the rule that chooses between them.

The choice rests on simulated coverage of nominal 95 % intervals.

One language, 8 to 100 items, 1,500 data sets a cell (wins and losses, ties, five-valued battles, continuous scores):

* The plain percentile interval covers 77 to 93 % with 8 items and 91 to 96 % with 20 (means .2 and .5). Expanding its
  tails (Hesterberg 2014, arXiv 1411.5279, the "expanded percentile interval") brings that to 94 to 97 % from 20 items.
* Near 0 and 1, and whenever nearly all items have one value, every bootstrap interval fails, for the sample has not
  seen what could happen: 14 to 88 % at a mean of .02. Wilson's interval covers 93 to 99 % there, and 86 % at the worst
  (8 items, no ties).

The rule of :func:`interval`, 23 languages x 8, 20, 50, 100 items, correlation between languages 0, .3, .7, with and
without ties, 400 data sets a cell:

* Languages: 92 to 99 % everywhere, but for 8 items with a mean of .02 (83 to 88 %).
* Average over languages: 92 to 98 % at means .1 and .5 (87 % with 8 items, mean .1 and correlation .7); 92 to 98 % at a
  mean of .02 and correlations up to .3. At a mean of .02 and correlation .7 it is too narrow: 81 to 90 % with 20 to 100
  items, because a few lost prompts decide it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST_EVENTS = 10
FEWEST_DEVIATING = 7


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval and how it came about.

    Attributes:
        standard_error: Of the mean; ``None`` with fewer than two clusters.
        low: Lower end, or ``None``.
        high: Upper end, or ``None``.
        method: ``percentile``, ``wilson`` or ``none``.
        note: Why there is no interval; empty if there is one.
    """

    standard_error: float | None
    low: float | None
    high: float | None
    method: str
    note: str = ""


def wilson_interval(mean: float, n: float, confidence: float) -> tuple[float, float]:
    r"""Wilson's score interval for a proportion (Wilson 1927).

    .. math:: \frac{p + z^2/2n \pm z\sqrt{p(1-p)/n + z^2/4n^2}}{1 + z^2/n}

    Values in [0, 1] with the same mean vary no more than wins and losses do (Bhatia and Davis 2000), so with ``n`` the
    number of clusters it is conservative for them.

    Args:
        mean: In [0, 1].
        n: Effective sample size, more than 0.
        confidence: Such as 0.95.

    Returns:
        Both ends, within [0, 1] and around ``mean``.
    """
    z = normal_quantile(0.5 + confidence / 2)
    centre = (mean + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n))
    return max(0.0, min(mean, centre - half)), min(1.0, max(mean, centre + half))


def percentile_interval(replicates: Floats, tail: float) -> tuple[float, float]:
    """Return the order statistics of bootstrap replicates that leave ``tail`` on either side, rounded outwards.

    Args:
        replicates: Shape (rounds,).
        tail: Share below the lower and above the upper end, such as 0.025.
    """
    rank = math.floor(tail * (len(replicates) - 1))
    ordered = np.partition(replicates, [rank, len(replicates) - 1 - rank])
    return float(ordered[rank]), float(ordered[len(replicates) - 1 - rank])


def expanded_tail(confidence: float, inflation: float, freedom: float) -> float:
    r"""Return the tail that makes the percentile interval as wide as Student's t with the unbiased variance.

    :math:`\alpha' = \Phi(-\sqrt{n/(n-1)}\; t_{\alpha, n-1})`: Hesterberg, "What Teachers Should Know About the
    Bootstrap", arXiv 1411.5279, the "expanded percentile interval".

    Args:
        confidence: Nominal, two-sided.
        inflation: Unbiased over bootstrap standard error; :math:`\sqrt{n/(n-1)}` with n clusters.
        freedom: Degrees of freedom of the standard error.
    """
    from scipy.special import ndtr

    return float(ndtr(-inflation * student_quantile(0.5 + confidence / 2, freedom)))


def interval(
    mean: float,
    influence: Floats,
    labels: NDArray[np.int64],
    replicates: Floats,
    *,
    items: int,
    bounded: bool,
    confidence: float,
) -> Interval:
    r"""Return standard error and interval of one mean.

    With the influence :math:`u_i` of cluster i on the mean (:math:`(s_i - \bar y c_i)/\sum c` for a language, the
    average of these for a mean over languages) and :math:`n_h` clusters in stratum h, the standard error is
    :math:`\sqrt{\sum_h n_h/(n_h-1) \sum_{i \in h} u_i^2}` (linearised ratio; Cochran, *Sampling Techniques*,
    1977, chapter 6). It is free of simulation noise and equals SD / sqrt(n) where no language lacks an item.

    With values in [0, 1] the effective n is :math:`n_e = p(1-p)/SE^2 \cdot (z/t)^2`, not less than the clusters (no
    spread seen is not no spread), nor more than the items (ties make the spread look small). The interval is the
    expanded percentile interval, unless :math:`n_e \min(p, 1-p)` is below 10 or fewer than 7 clusters differ from the
    commonest influence; then it is Wilson's with :math:`n_e`. Other values get no interval with 7 clusters or fewer.

    Args:
        mean: The estimate.
        influence: Shape (n clusters,); only clusters that have a value.
        labels: Shape (n,), from :func:`polyarena.reports.stats.resampling.strata`.
        replicates: Shape (rounds,).
        items: Values averaged.
        bounded: Whether values lie in [0, 1].
        confidence: Nominal, such as 0.95.
    """
    strata, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < 2:
        return Interval(None, None, None, "none", "one item only: no interval")
    parts = [n / (n - 1) * _squares(influence[labels == h]) for h, n in zip(strata, sizes, strict=True)]
    variance, plain = math.fsum(parts), _squares(influence)
    error = math.sqrt(variance)
    clusters = len(influence)
    freedom = clusters - 1.0
    spread = math.fsum(v**2 / (n - 1) for v, n in zip(parts, sizes, strict=True))
    # Variances below 1e-162 have a square of 0.
    if spread > 0:
        freedom = variance**2 / spread
    if bounded:
        effective = _effective(mean, variance, freedom, clusters, items, confidence)
        if effective * min(mean, 1 - mean) < FEWEST_EVENTS or _deviating(influence) < FEWEST_DEVIATING:
            return Interval(error, *wilson_interval(mean, effective, confidence), "wilson")
    if clusters <= FEWEST_DEVIATING or variance == 0:
        reason = "no spread between items" if variance == 0 else f"{clusters} items are too few"
        return Interval(error, None, None, "none", f"{reason}: no interval")
    tail = expanded_tail(confidence, math.sqrt(variance / plain), freedom)
    return Interval(error, *percentile_interval(replicates, tail), "percentile")


def normal_quantile(probability: float) -> float:
    """Quantile of the standard normal distribution."""
    from scipy.special import ndtri

    return float(ndtri(probability))


def student_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def _effective(mean: float, variance: float, freedom: float, clusters: int, items: int, confidence: float) -> float:
    if variance == 0:
        return float(clusters)
    probability = 0.5 + confidence / 2
    shrink = (normal_quantile(probability) / student_quantile(probability, freedom)) ** 2
    return min(max(mean * (1 - mean) / variance * shrink, clusters), max(items, clusters))


def _deviating(influence: Floats) -> int:
    """Count the clusters that differ from the commonest value; for wins and losses the rarer of the two."""
    scale = np.abs(influence).max()
    if scale == 0:
        return 0
    _, sizes = np.unique(np.rint(influence / scale * 1e9), return_counts=True)
    return int(len(influence) - sizes.max())


def _squares(values: Floats) -> float:
    return math.fsum(v * v for v in values.tolist())
