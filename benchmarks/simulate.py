"""Simulated populations of battles whose win rates are known exactly.

A judge sees the difference in quality of two answers through noise. For each system, item and language the difference
is normal with variance 1; its correlation between languages (of one item and system) and between systems (of one item
and language) are stated. A game adds what the first shown answer gains and the judge's noise, and is a tie when the sum
is close to 0. A battle is the mean of its games. The win rate is then a mean of normal probabilities: the mean of the
difference can be solved for a stated win rate, and coverage is counted against an exact truth.

    from simulate import Judging, draw_battles

    scores = draw_battles([[0.2] * 23], 100, np.random.default_rng(0), correlation=0.3)  # shape (1, 100, 23)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

FARTHEST = 40.0
"""Standard deviations within which the mean of the difference is sought."""


@dataclass(frozen=True)
class Judging:
    """How differences in quality become battles; all lengths in standard deviations of the difference.

    Attributes:
        ties: A game is a tie when the judge sees a difference of at most this size.
        order: What the answer shown first gains.
        noise: Standard deviation of what the judge adds anew to every game.
        repeats: Games in each order.
        orders: Whether both orders are judged; if not, the order effect plays no part.
    """

    ties: float = 0.0
    order: float = 0.0
    noise: float = 0.0
    repeats: int = 1
    orders: bool = True

    @property
    def shifts(self) -> tuple[float, ...]:
        """What the candidate gains by its place in each game of a battle."""
        return ((self.order, -self.order) if self.orders else (0.0,)) * self.repeats

    def rate(self, mean: ArrayLike) -> Floats:
        """Return the win rate of a mean difference in quality; of any shape."""
        from scipy.special import ndtr

        scale = math.sqrt(1 + self.noise**2)
        edges = [np.asarray(mean) + shift + tie for shift in self.shifts for tie in (self.ties, -self.ties)]
        return np.asarray(np.mean([ndtr(edge / scale) for edge in edges], axis=0))

    def mean(self, rate: ArrayLike) -> Floats:
        """Return the mean difference in quality that makes a win rate strictly between 0 and 1; of any shape."""
        wanted = np.asarray(rate, dtype=np.float64)
        low, high = np.full(wanted.shape, -FARTHEST), np.full(wanted.shape, FARTHEST)
        for _ in range(80):
            middle = (low + high) / 2
            below = self.rate(middle) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)


PLAIN = Judging(orders=False)
"""One game without ties: wins and losses."""

REAL = Judging(ties=0.15, order=0.2, noise=0.85)
"""Both orders, with ties, an order effect and noise as in real verdicts.

At a win rate of one half it gives 10% ties, 55% for the answer shown first and a correlation of .43 between the two
games of a battle; the verdicts of a jury on 500 Korean Arena-Hard prompts have 9%, 54 to 62% and .44.
"""


def draw_battles(
    rates: ArrayLike,
    items: int,
    generator: np.random.Generator,
    *,
    correlation: float = 0.0,
    between_systems: float = 0.0,
    judging: Judging = PLAIN,
    mean: float | None = None,
) -> Floats:
    """Draw the battles of several systems against one baseline on parallel items.

    Args:
        rates: True win rates, strictly between 0 and 1; shape (systems, languages).
        items: How many items; each is answered in all languages.
        generator: Where the numbers come from.
        correlation: Of the difference in quality between languages, for one item and system.
        between_systems: Of the difference in quality between systems, for one item and language.
        judging: How differences become scores.
        mean: From :meth:`Judging.mean`, where all rates are one and it is known.

    Returns:
        Scores in [0, 1]; shape (systems, items, languages).
    """
    means = judging.mean(rates) if mean is None else np.full(np.shape(rates), mean)
    systems, languages = means.shape
    quality = means[:, None, :]
    quality = quality + math.sqrt(correlation) * _mixed(between_systems, (systems, items, 1), generator)
    quality = quality + math.sqrt(1 - correlation) * _mixed(between_systems, (systems, items, languages), generator)
    scores = np.zeros_like(quality)
    for shift in judging.shifts:
        seen = quality + shift
        if judging.noise:
            seen = seen + judging.noise * generator.normal(size=seen.shape)
        scores += 0.5 * (seen > judging.ties) + 0.5 * (seen > -judging.ties)
    return scores / len(judging.shifts)


def _mixed(share: float, shape: tuple[int, int, int], generator: np.random.Generator) -> Floats:
    """Return standard normal numbers, correlated along the first axis."""
    own = generator.normal(size=shape)
    if share == 0:
        return own
    common = generator.normal(size=(1, *shape[1:]))
    return np.asarray(math.sqrt(share) * common + math.sqrt(1 - share) * own)
