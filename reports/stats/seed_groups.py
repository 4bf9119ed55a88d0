"""Several training seeds of one recipe as one system: their mean, and an interval with both parts of variance.

The score of seed s on item i is read as ``mean + seed_s + item_i + rest_si`` (two-way random effects; Searle, Casella
and McCulloch 1992, *Variance Components*). With S seeds, n items and the mean squares of the two-way analysis of
variance, the variance of the grand mean is estimated without bias by ``(MS_seed + MS_item - MS_rest) / (S n)``. Its
part between seeds is ``(MS_seed - MS_rest) / (S n)``, and the rest is that of sampling items. The interval is
Student's, with the degrees of freedom of Satterthwaite 1946 for that sum. Two or three seeds say little of their own
spread: such intervals are wide, and rightly so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats


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
    half = float(stats.t.ppf((1 + confidence) / 2, max(1.0, freedom))) * math.sqrt(variance) if variance > 0 else 0.0
    within = math.sqrt(max(0.0, variance - between))
    return SeedGroupEstimate(
        mean, mean - half, mean + half, math.sqrt(variance), within, math.sqrt(between), seeds, items
    )
