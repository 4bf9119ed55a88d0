r"""Equivalence and non-inferiority: when no difference is the claim, an interval must fit within a margin.

Two one-sided tests at level :math:`\alpha` reject both "worse by the margin" and "better by the margin" exactly
when the two-sided interval of confidence :math:`1 - 2\alpha` lies within the margin (Schuirmann 1987, Journal of
Pharmacokinetics and Biopharmaceutics 15, 657-680). "Not significantly different" claims nothing of the kind.
"""

from __future__ import annotations

import math
from enum import StrEnum


class Equivalence(StrEnum):
    """What an interval says about a margin on both sides."""

    EQUIVALENT = "equivalent"
    DIFFERENT = "different"
    INCONCLUSIVE = "inconclusive"


class NonInferiority(StrEnum):
    """What an interval says about a margin below."""

    NON_INFERIOR = "non-inferior"
    INFERIOR = "inferior"
    INCONCLUSIVE = "inconclusive"


def equivalence(low: float | None, high: float | None, margin: float) -> Equivalence:
    """Tell whether a difference lies within ``margin`` of 0.

    Args:
        low: Lower end of the interval of confidence 1 - 2 alpha (90% for a test at 5%); ``None`` without one.
        high: Upper end.
        margin: The largest difference that does not matter; more than 0, in the unit of the difference.

    Returns:
        ``equivalent`` when the interval lies within (-margin, margin), ``different`` when it lies wholly outside of it,
        otherwise (also without an interval) ``inconclusive``.

    Example:
        >>> equivalence(-0.01, 0.015, 0.02)
        <Equivalence.EQUIVALENT: 'equivalent'>
    """
    _check(margin)
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return Equivalence.INCONCLUSIVE
    if -margin < low and high < margin:
        return Equivalence.EQUIVALENT
    return Equivalence.DIFFERENT if low > margin or high < -margin else Equivalence.INCONCLUSIVE


def non_inferiority(low: float | None, high: float | None, margin: float) -> NonInferiority:
    """Tell whether a difference is no worse than ``-margin``.

    Args:
        low: Lower end of the interval of confidence 1 - 2 alpha; ``None`` without one.
        high: Upper end.
        margin: The largest loss that does not matter; more than 0.

    Returns:
        ``non-inferior`` when the interval lies above ``-margin``, ``inferior`` when it lies below, otherwise (also
        without an interval) ``inconclusive``.

    Example:
        >>> non_inferiority(-0.01, 0.08, 0.02)
        <NonInferiority.NON_INFERIOR: 'non-inferior'>
    """
    _check(margin)
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return NonInferiority.INCONCLUSIVE
    if low > -margin:
        return NonInferiority.NON_INFERIOR
    return NonInferiority.INFERIOR if high < -margin else NonInferiority.INCONCLUSIVE


def _check(margin: float) -> None:
    if not (math.isfinite(margin) and margin > 0):
        raise ValueError("a margin must be a number greater than 0")
