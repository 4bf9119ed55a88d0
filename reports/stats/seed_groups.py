"""Several training seeds of one recipe as one system: their mean, and an interval with both parts of variance.

The score of seed s on item i is read as ``mean + seed_s + item_i + rest_si`` (two-way random effects; Searle, Casella
and McCulloch 1992, *Variance Components*). With S seeds, n items and the mean squares of the two-way analysis of
variance, the variance of the grand mean is estimated without bias by ``(MS_seed + MS_item - MS_rest) / (S n)``. Its
part between seeds is ``(MS_seed - MS_rest) / (S n)``, and the rest is that of sampling items. The interval is
Student's, with the degrees of freedom of Satterthwaite 1946 for that sum. Two or three seeds say little of their own
spread: such intervals are wide, and rightly so.

The difference of two groups has three parts: that of the items, from the paired differences of their means over seeds,
and that between the seeds of either group. A side with a single seed has no part of its own between seeds, which is
unknown and not zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyarena.reports.stats.quantiles import student_probability, student_quantile

SeedGroups = Mapping[str, tuple[str, ...]]
"""Systems that are seeds of one recipe, by the name of their group."""


@dataclass(frozen=True, slots=True)
class SeedGroupEstimate:
    """The score of a group of seeds.

    Attributes:
        value: Mean over seeds and items.
        low: Lower end of the interval.
        high: Upper end.
        standard_error: Of the mean, both parts together.
        within: Standard error from sampling items.
        between: Standard error from seeds.
        seeds: Number of seeds.
        items: Number of items, all of which every seed has answered.
    """

    value: float
    low: float
    high: float
    standard_error: float
    within: float
    between: float
    seeds: int
    items: int


def seed_group_estimate(scores: NDArray[np.float64], confidence: float = 0.95) -> SeedGroupEstimate:
    """Return the mean of several seeds with an interval for seeds and items that were not drawn.

    Args:
        scores: Shape (seeds, items), at least 2 by 2, all finite. Items that are translations of one source item must
            have been averaged before, since they are not independent.
        confidence: Nominal coverage.

    Raises:
        ValueError: There are fewer than two seeds or items, or a score is not finite.
    """
    seeds, items = scores.shape
    if seeds < 2 or items < 2 or not np.isfinite(scores).all():
        raise ValueError(f"scores of shape {scores.shape}: at least 2 seeds and 2 items, all finite, are needed")
    mean = float(scores.mean())
    of_seed, of_item = scores.mean(axis=1), scores.mean(axis=0)
    rest = scores - of_seed[:, None] - of_item[None, :] + mean
    degrees = np.array([seeds - 1, items - 1, (seeds - 1) * (items - 1)], dtype=float)
    squares = np.array([items * np.var(of_seed) * seeds, seeds * np.var(of_item) * items, float((rest**2).sum())])
    seed, item, noise = squares / degrees
    total = seeds * items
    between = max(0.0, (seed - noise) / total)
    # A difference of mean squares can fall below zero by chance; the larger of the two parts is then all there is.
    variance = max((seed + item - noise) / total, seed / total, item / total)
    terms = np.array([seed, item, noise])
    freedom = float(variance**2 / ((terms / total) ** 2 / degrees).sum()) if variance > 0 else math.inf
    half = student_quantile((1 + confidence) / 2, max(1.0, freedom)) * math.sqrt(variance) if variance > 0 else 0.0
    within = math.sqrt(max(0.0, variance - between))
    return SeedGroupEstimate(
        mean, mean - half, mean + half, math.sqrt(variance), within, math.sqrt(between), seeds, items
    )


@dataclass(frozen=True, slots=True)
class SeedGroupDifference:
    """The difference of two systems, of which one or both are groups of seeds.

    Attributes:
        value: Mean of the first minus mean of the second.
        low: Lower end of the interval.
        high: Upper end.
        standard_error: Of the difference, all parts together.
        p_value: Two-sided, of Student's test that the difference is 0.
    """

    value: float
    low: float
    high: float
    standard_error: float
    p_value: float


def seed_group_difference(
    first: NDArray[np.float64], second: NDArray[np.float64], confidence: float = 0.95
) -> SeedGroupDifference:
    """Return the difference of the means of two groups on the same items.

    Args:
        first: Shape (seeds, items), at least one seed and two items, all finite.
        second: Likewise, with the same items; the number of seeds may differ.
        confidence: Nominal coverage.

    Raises:
        ValueError: The items differ in number, are fewer than two, or a score is not finite.
    """
    items = first.shape[1]
    if items < 2 or second.shape[1] != items or not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError(f"scores of shapes {first.shape} and {second.shape}: the same items, at least 2, are needed")
    apart = first.mean(axis=0) - second.mean(axis=0)
    value = float(apart.mean())
    parts = [(float(apart.var(ddof=1)) / items, items - 1)]
    parts += [_between(scores) for scores in (first, second) if len(scores) > 1]
    variance = sum(part for part, _ in parts)
    if variance <= 0:
        return SeedGroupDifference(value, value, value, 0.0, 1.0 if value == 0 else 0.0)
    freedom = max(1.0, variance**2 / sum(part**2 / degrees for part, degrees in parts))
    error = math.sqrt(variance)
    half = student_quantile((1 + confidence) / 2, freedom) * error
    p_value = 2 * student_probability(-abs(value) / error, freedom)
    return SeedGroupDifference(value, value - half, value + half, error, p_value)


def _between(scores: NDArray[np.float64]) -> tuple[float, int]:
    """Return the variance of the mean that comes from seeds, and the degrees of freedom of its estimate."""
    seeds, items = scores.shape
    of_seed, of_item = scores.mean(axis=1), scores.mean(axis=0)
    rest = scores - of_seed[:, None] - of_item[None, :] + scores.mean()
    noise = float((rest**2).sum()) / ((seeds - 1) * (items - 1))
    return max(0.0, (items * float(of_seed.var(ddof=1)) - noise) / (seeds * items)), seeds - 1
