"""Quantiles and probabilities of the normal and Student's t distribution."""

from __future__ import annotations

import math


def normal_quantile(probability: float) -> float:
    """Quantile of the standard normal distribution."""
    from scipy.special import ndtri

    return float(ndtri(probability))


def normal_probability(quantile: float) -> float:
    """Return the probability that a standard normal number is at most ``quantile``."""
    return math.erfc(-quantile / math.sqrt(2)) / 2


def student_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def student_probability(quantile: float, freedom: float) -> float:
    """Return the probability that a number from Student's t distribution is at most ``quantile``."""
    from scipy.special import stdtr

    return float(stdtr(freedom, quantile))
