"""The rule that chooses an interval for a mean of clustered values.

Values with bounds (shares, win rates, differences of them) get Wilson's score interval with the effective n of
:mod:`polyarena.reports.stats.score_interval`; other values get the expanded percentile interval of the joint bootstrap.
The bias-corrected and accelerated and the studentised interval of :mod:`polyarena.reports.stats.bootstrap_intervals`
can be asked for instead.

The choice rests on the coverage of nominal 95% intervals, which ``benchmarks/coverage.py`` measures and prints; its
table is on the page *Measured coverage*. In short:

* The percentile, accelerated and studentised bootstrap know only what the sample has shown. With wins and losses at a
  rate of .02 they hold the truth about a language in 25 to 31% of the samples of 20 items, and in 59 to 89% of those
  of 100 items; the score interval in 95%.
* In the middle all of them agree. A rule that takes one interval there and another near the ends would jump where it
  changes over; one score interval everywhere does not.
* With 50, 100 and 500 items, correlations of 0, .3 and .7 between languages, and rates of .02, .2 and .5, it covers 94
  to 97% of languages, averages and differences, and 97 to 100% where wins come in steps (rates of .02 with 50 or 100
  items).
* For values without bounds the tails of the percentile interval are expanded (Hesterberg 2014, arXiv 1411.5279), for
  the plain one is too narrow with few items.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from polyarena.reports.stats.bootstrap_intervals import (
    bca_interval,
    expanded_tail,
    percentile_interval,
    student_interval,
)
from polyarena.reports.stats.quantiles import normal_quantile, student_quantile
from polyarena.reports.stats.resampling import exact_sum
from polyarena.reports.stats.score_interval import score_interval, wilson_interval
from polyarena.tasks.counts import too_few

__all__ = [
    "Interval",
    "Method",
    "expanded_tail",
    "interval",
    "normal_quantile",
    "percentile_interval",
    "student_quantile",
    "wilson_interval",
]

Floats = NDArray[np.float64]

Method = Literal["default", "wilson", "percentile", "bca", "student"]
"""How an interval is made; ``default`` is ``wilson`` for values with bounds, and ``percentile`` for others."""

FEWEST_CLUSTERS = 8


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval and how it came about.

    Attributes:
        standard_error: Of the mean; ``None`` with fewer than two clusters.
        low: Lower end, or ``None``.
        high: Upper end, or ``None``.
        method: ``wilson``, ``percentile``, ``bca``, ``student``, ``seeds`` (of
            :mod:`polyarena.reports.stats.seed_groups`) or ``none``.
        note: Why there is no interval, or what it consists of; else empty.
    """

    standard_error: float | None
    low: float | None
    high: float | None
    method: str
    note: str = ""


def interval(
    mean: float,
    influence: Floats,
    labels: NDArray[np.int64],
    replicates: Floats | None,
    *,
    items: int,
    bounded: bool,
    confidence: float,
    method: Method = "default",
    errors: Floats | None = None,
    span: tuple[float, float] = (0.0, 1.0),
    added: float | None = None,
    clusters: float | None = None,
) -> Interval:
    r"""Return standard error and interval of one mean.

    With the influence :math:`u_i` of cluster i on the mean (:math:`(s_i - \bar y c_i)/\sum c` for a language, the
    average of these for a mean over languages) and :math:`n_h` clusters in stratum h, the standard error is
    :math:`\sqrt{\sum_h n_h/(n_h-1) \sum_{i \in h} u_i^2}` (linearised ratio; Cochran, *Sampling Techniques*,
    1977, chapter 6). It is free of simulation noise and equals SD / sqrt(n) where no language lacks an item.

    Values without bounds get no interval with fewer than 8 clusters, nor without any spread: nothing is known of what
    such values could have been.

    Args:
        mean: The estimate.
        influence: Shape (n clusters,); only clusters that have a value.
        labels: Shape (n,), from :func:`polyarena.reports.stats.resampling.strata`.
        replicates: Shape (rounds,); may be ``None`` where :func:`needs_replicates` says so.
        items: Values averaged.
        bounded: Whether values lie in ``span``.
        confidence: Nominal, such as 0.95.
        method: What to make; methods of the bootstrap leave values without spread without an interval.
        errors: Shape (rounds,), the standard error in each round; for ``student`` only.
        span: Bounds of the values.
        added: Variance of the added cluster of the score interval; by default that of a mean.
        clusters: How many clusters of equal share would tell as much, from
            :func:`polyarena.reports.stats.score_interval.equal_clusters`; by default all count alike.

    Example:
        >>> values = np.array([1.0, 0.0] * 20)
        >>> labels = np.zeros(40, dtype=np.int64)
        >>> found = interval(0.5, (values - 0.5) / 40, labels, None, items=40, bounded=True, confidence=0.95)
        >>> round(found.low, 3), round(found.high, 3)
        (0.349, 0.651)
    """
    strata, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < 2:
        return Interval(None, None, None, "none", "one source item only: no interval")
    parts = [n / (n - 1) * _squares(influence[labels == h]) for h, n in zip(strata, sizes, strict=True)]
    variance = math.fsum(parts)
    error = math.sqrt(variance)
    if method == "wilson" or (method == "default" and bounded):
        ends = score_interval(
            mean,
            influence,
            labels,
            variance=variance,
            items=items,
            confidence=confidence,
            span=span,
            added=added,
            clusters=clusters,
        )
        return Interval(error, *ends, "wilson")
    many = len(influence)
    if many < FEWEST_CLUSTERS or variance == 0 or replicates is None:
        reason = "no spread between items" if variance == 0 else too_few(many, "item")
        return Interval(error, None, None, "none", f"{reason}: no interval")
    if method == "bca":
        return Interval(error, *bca_interval(mean, influence, replicates, (1 - confidence) / 2), "bca")
    if method == "student":
        if errors is None or not (errors > 0).any():
            return Interval(error, None, None, "none", "no spread in any bootstrap round: no interval")
        logit = bounded and 0 < mean < 1 and span == (0.0, 1.0)
        ends = student_interval(mean, error, replicates, errors, (1 - confidence) / 2, logit=logit)
        return Interval(error, *ends, "student")
    spread = math.fsum(v**2 / (n - 1) for v, n in zip(parts, sizes, strict=True))
    # Variances below 1e-162 have a square of 0.
    freedom = variance**2 / spread if spread > 0 else many - 1.0
    tail = expanded_tail(confidence, math.sqrt(variance / _squares(influence)), freedom)
    return Interval(error, *percentile_interval(replicates, tail), "percentile")


def needs_replicates(method: Method, *, bounded: bool) -> bool:
    """Tell whether an interval of this method comes from bootstrap replicates."""
    return not (method == "wilson" or (method == "default" and bounded))


def _squares(values: Floats) -> float:
    return exact_sum(values * values)
