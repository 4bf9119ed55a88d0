r"""Intervals from bootstrap replicates: percentile (expanded), bias-corrected and accelerated, studentised.

All take the replicates of :mod:`polyarena.reports.stats.resampling`, whatever was resampled. The studentised interval
needs a standard error for every replicate; it is that of the linearised estimate, from the same multiplicities
:math:`w_i` and the influences :math:`u_i`:

.. math:: \hat\sigma^{*2} = \sum_i w_i u_i^2 - \tfrac1n \Bigl(\sum_i w_i u_i\Bigr)^2.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from polyarena.reports.stats.quantiles import normal_probability, normal_quantile, student_quantile

Floats = NDArray[np.float64]


def percentile_interval(replicates: Floats, tail: float) -> tuple[float, float]:
    """Return the order statistics of bootstrap replicates that leave ``tail`` on either side, rounded outwards.

    Args:
        replicates: Shape (rounds,).
        tail: Share below the lower and above the upper end, such as 0.025.

    Example:
        >>> percentile_interval(np.arange(101.0), 0.05)
        (5.0, 95.0)
    """
    return quantile_interval(replicates, tail, tail)


def quantile_interval(replicates: Floats, below: float, above: float) -> tuple[float, float]:
    """Return the order statistics that leave ``below`` and ``above`` outside, rounded outwards.

    Args:
        replicates: Shape (rounds,).
        below: Share below the lower end.
        above: Share above the upper end.
    """
    last = len(replicates) - 1
    first, second = math.floor(below * last), last - math.floor(above * last)
    ordered = np.partition(replicates, sorted({first, second}))
    return float(ordered[first]), float(ordered[second])


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


def bca_interval(estimate: float, influence: Floats, replicates: Floats, tail: float) -> tuple[float, float]:
    r"""Return the bias-corrected and accelerated interval (Efron 1987, JASA 82, 171-185).

    With the bias :math:`z_0 = \Phi^{-1}(\#\{\theta^* < \hat\theta\}/B)` (ties count half) and the acceleration
    :math:`a = \sum u_i^3 / 6 (\sum u_i^2)^{3/2}`, the ends are the quantiles at
    :math:`\Phi\bigl(z_0 + (z_0 + z)/(1 - a(z_0 + z))\bigr)` for :math:`z = \mp z_\alpha`.

    Args:
        estimate: Of the data.
        influence: Shape (n clusters,); only their proportions matter.
        replicates: Shape (rounds,).
        tail: Nominal share outside on either side.
    """
    rounds = len(replicates)
    share = (np.count_nonzero(replicates < estimate) + 0.5 * np.count_nonzero(replicates == estimate)) / rounds
    bias = normal_quantile(min(max(share, 0.5 / rounds), 1 - 0.5 / rounds))
    squares = math.fsum((influence**2).tolist())
    skew = math.fsum((influence**3).tolist()) / (6 * squares**1.5) if squares > 0 else 0.0
    below, above = (_adjusted(sign * normal_quantile(tail), bias, skew) for sign in (1, -1))
    return quantile_interval(replicates, below, 1 - above)


def student_interval(
    estimate: float,
    error: float,
    replicates: Floats,
    errors: Floats,
    tail: float,
    *,
    logit: bool = False,
) -> tuple[float, float]:
    r"""Return the studentised (bootstrap-t) interval (Efron and Tibshirani 1993, section 12.5).

    :math:`(\hat\theta - t^*_{1-\alpha}\hat\sigma,\; \hat\theta - t^*_\alpha\hat\sigma)` with the quantiles of
    :math:`t^* = (\theta^* - \hat\theta)/\sigma^*`. With ``logit`` all of it happens on :math:`\log p/(1-p)`, whose
    standard error is :math:`\sigma / p(1-p)`, and the ends are taken back.

    Args:
        estimate: Of the data; strictly between 0 and 1 for ``logit``.
        error: Its standard error, more than 0.
        replicates: Shape (rounds,).
        errors: Shape (rounds,), the standard error of each; rounds without spread are left out.
        tail: Nominal share outside on either side.
        logit: Whether to work on the logit scale.

    Raises:
        ValueError: Not one round has a spread.
    """
    usable = errors > 0
    if logit:
        usable &= (replicates > 0) & (replicates < 1)
    if not usable.any():
        raise ValueError("no bootstrap round has any spread: there is nothing to studentise with")
    centre, scale, drawn, drawn_errors = estimate, error, replicates[usable], errors[usable]
    if logit:
        centre, scale = math.log(estimate / (1 - estimate)), error / (estimate * (1 - estimate))
        drawn_errors = drawn_errors / (drawn * (1 - drawn))
        drawn = np.log(drawn / (1 - drawn))
    low, high = percentile_interval((drawn - centre) / drawn_errors, tail)
    ends = centre - high * scale, centre - low * scale
    return (1 / (1 + math.exp(-ends[0])), 1 / (1 + math.exp(-ends[1]))) if logit else ends


def _adjusted(z: float, bias: float, skew: float) -> float:
    moved = bias + z
    room = 1 - skew * moved
    # Beyond the pole the quantile would turn round; there the end is the outermost replicate.
    return normal_probability(bias + moved / room) if room > 0 else float(moved > 0)
