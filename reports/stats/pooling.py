r"""Partial pooling of the languages' estimates (empirical Bayes): for charts and for choosing, never as raw results.

The estimate :math:`y_l` of language l has the standard error :math:`s_l`, and the true values scatter around a common
mean: :math:`y_l \sim N(\theta_l, s_l^2)`, :math:`\theta_l \sim N(\mu, \tau^2)`. Few items in a language pull its
estimate to the mean:

.. math::

   \hat\theta_l = B_l \hat\mu + (1 - B_l) y_l, \qquad
   B_l = \frac{L - 3}{L - 1} \cdot \frac{s_l^2}{s_l^2 + \hat\tau^2}.

:math:`\tau^2` solves :math:`\sum_l (y_l - \hat\mu)^2 / (s_l^2 + \tau^2) = L - 1` (Paule and Mandel 1982, Journal of
Research of the National Bureau of Standards 87), 0 if there is no such value. The variance of the pooled estimate is
Morris's (1983, JASA 78, 47-55), as is the factor in :math:`B_l` that allows for an estimated :math:`\tau^2`:
:math:`(1 - B_l) s_l^2 + B_l^2 / \sum_m (s_m^2 + \tau^2)^{-1}
+ \tfrac{2}{L - 3} B_l^2 (y_l - \hat\mu)^2`, in which the last part is what estimating :math:`\tau^2` costs.

It takes the errors of languages as independent. On parallel prompts they are not: what all share stays in the mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyarena.reports.stats.quantiles import normal_quantile
from polyarena.reports.stats.resampling import Floats
from polyarena.reports.stats.validation import require_columns
from polyarena.tasks.errors import DataError

FEWEST = 5
"""Languages below which the spread of the true values cannot be estimated."""

NAME = "partial pooling (empirical Bayes)"

_KEY = ["task", "metric", "judge", "system", "baseline"]


@dataclass(frozen=True)
class Pooled:
    r"""Estimates drawn to their common mean.

    Attributes:
        mean: :math:`\hat\mu`.
        spread: :math:`\hat\tau`, the standard deviation of the true values.
        values: Shape (k,).
        errors: Shape (k,), standard errors of the pooled values.
        shares: Shape (k,): how far each was drawn to the mean, 0 to 1.
    """

    mean: float
    spread: float
    values: Floats
    errors: Floats
    shares: Floats


def partial_pooling(values: Floats, errors: Floats) -> Pooled:
    """Draw estimates to their common mean, the noisier the more.

    Args:
        values: Shape (k,), k at least 5.
        errors: Shape (k,), their standard errors; each more than 0.

    Raises:
        ValueError: There are fewer than 5, or a standard error is not greater than 0.

    Example:
        >>> found = partial_pooling(np.array([0.1, 0.4, 0.5, 0.6, 0.9]), np.full(5, 0.2))
        >>> bool(0.1 < found.values[0] < 0.5)
        True
    """
    if len(values) < FEWEST or not (errors > 0).all():
        raise ValueError("partial pooling needs five estimates with standard errors greater than 0")
    spread = _spread(values, errors)
    weights = 1 / (errors**2 + spread)
    mean = float((weights * values).sum() / weights.sum())
    shares = (len(values) - 3) / (len(values) - 1) * errors**2 * weights
    variance = (
        (1 - shares) * errors**2 + shares**2 / weights.sum() + 2 / (len(values) - 3) * shares**2 * (values - mean) ** 2
    )
    return Pooled(mean, math.sqrt(spread), shares * mean + (1 - shares) * values, np.sqrt(variance), shares)


def pooled_estimates(estimates: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return the estimates of languages with partially pooled ones beside them.

    Args:
        estimates: From :func:`polyarena.reports.stats.win_rates` or :func:`polyarena.reports.stats.mean_scores`.
        confidence: Of the pooled intervals.

    Returns:
        The rows of languages with a standard error greater than 0, with ``pooled``, ``pooled_low``, ``pooled_high`` and
        ``pooling`` (how far it was drawn to the mean) beside them; tasks and systems with fewer than 5 such languages
        are left out.

    Raises:
        DataError: These are no estimates.

    Example:
        >>> pooled_estimates(win_rates(battles))[["group", "value", "pooled"]]  # doctest: +SKIP
    """
    require_columns(estimates, [*_KEY, "level", "value", "standard_error"], "estimates")
    if not 0 < confidence < 1:
        raise DataError("confidence must lie between 0 and 1", why=f"it is {confidence}")
    usable = estimates[(estimates["level"] == "language") & (estimates["standard_error"] > 0)]
    reach = normal_quantile(0.5 + confidence / 2)
    found = []
    for _, rows in usable.groupby(_KEY, sort=False, dropna=False):
        if len(rows) < FEWEST:
            continue
        ordered = rows.sort_values("group")
        pooled = partial_pooling(ordered["value"].to_numpy(float), ordered["standard_error"].to_numpy(float))
        found.append(
            ordered.assign(
                pooled=pooled.values,
                pooled_low=pooled.values - reach * pooled.errors,
                pooled_high=pooled.values + reach * pooled.errors,
                pooling=pooled.shares,
            )
        )
    columns = [*estimates.columns, "pooled", "pooled_low", "pooled_high", "pooling"]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


def _spread(values: Floats, errors: Floats) -> float:
    """Solve for the variance of the true values, by bisection; what is solved falls as it grows."""

    def excess(variance: float) -> float:
        weights = 1 / (errors**2 + variance)
        mean = (weights * values).sum() / weights.sum()
        return float((weights * (values - mean) ** 2).sum()) - (len(values) - 1)

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.ptp(values)) ** 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2
