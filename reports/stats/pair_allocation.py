r"""Which pairs of systems should meet next: the games that make the ratings most certain.

The design is sequential and greedy. Ratings are fitted to the battles so far, with a normal prior; battles that a pair
has not had yet would add :math:`m\,w\,dd^T` to the information of the ratings, where :math:`m` is their number,
:math:`w` the variance of the pair's score under the fit and :math:`d` the difference of the two unit vectors. Of all
pairs, the one is chosen whose battles reduce the summed variance of all differences of two ratings most, for each game
(A-optimality; Atkinson, Donev and Tobias 2007, Optimum Experimental Designs with SAS, ch. 10). With :math:`\Sigma` the
covariance and :math:`C` the matrix that takes the mean away, the reduction is proportional to

.. math:: \frac{m\,w\,\lVert C\Sigma d\rVert^2}{1 + m\,w\,d^T\Sigma d}

(Sherman and Morrison 1950). Pairs of similar strength decide more than lopsided ones, and systems with few battles come
before those with many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from polyarena.reports.stats.bradley_terry import Pairs, fit, moments
from polyarena.reports.stats.resampling import Floats

PRIOR_DEVIATION = 2.0
"""Standard deviation of the prior of a rating, in natural logarithms of odds: 350 points of Elo."""

Couple = tuple[str, str]
"""Two systems."""


@dataclass(frozen=True, slots=True)
class PairResult:
    """What is known of a pair that met.

    Attributes:
        battles: How many it had.
        score: Mean score of the first system.
        ties: Share of ties.
    """

    battles: float
    score: float
    ties: float


class Step(NamedTuple):
    """What one more step of a pair adds.

    Attributes:
        battles: Items, counted in each language.
        games: What they cost.
    """

    battles: int
    games: int


def choose_pairs(
    systems: Sequence[str],
    results: Mapping[Couple, PairResult],
    open_steps: Mapping[Couple, Sequence[Step]],
    games: int,
) -> list[Couple]:
    """Choose the pairs that get the next games, most valuable first; a pair may be chosen several times.

    Args:
        systems: All names.
        results: Of the pairs that met, at least one.
        open_steps: The next steps of each pair, in order.
        games: How many games may be chosen altogether.

    Returns:
        One entry a step, as long as a step fits into what is left of ``games``.

    Example:
        >>> results = {("a", "b"): PairResult(50, 0.5, 0.2), ("c", "b"): PairResult(50, 0.98, 0.0)}
        >>> steps = dict.fromkeys([("a", "b"), ("c", "b"), ("a", "c")], [Step(10, 20), Step(10, 20)])
        >>> choose_pairs(["a", "b", "c"], results, steps, 40)
        [('a', 'c'), ('a', 'c')]
    """
    numbers = {name: place for place, name in enumerate(systems)}
    couples = list(open_steps)
    ratings, tie = _fitted(numbers, results)
    covariance = np.linalg.inv(_information(numbers, results, ratings, tie))
    ends = np.array([[numbers[one], numbers[other]] for one, other in couples], dtype=np.int64).reshape(-1, 2)
    variances = moments(ratings[ends[:, 0]] - ratings[ends[:, 1]], np.array(tie))[2]
    taken = np.zeros(len(couples), dtype=np.int64)
    chosen: list[Couple] = []
    while True:
        sizes = np.array(
            [
                steps[done] if done < len(steps) else (0, 0)
                for steps, done in zip(open_steps.values(), taken.tolist(), strict=True)
            ]
        ).reshape(-1, 2)
        possible = np.flatnonzero((sizes[:, 1] > 0) & (sizes[:, 1] <= games))
        if not len(possible):
            return chosen
        differences = covariance[:, ends[possible, 0]] - covariance[:, ends[possible, 1]]
        columns = np.arange(len(possible))
        spread = differences[ends[possible, 0], columns] - differences[ends[possible, 1], columns]
        centered = differences - differences.mean(axis=0)
        weights = sizes[possible, 0] * variances[possible]
        gains = weights * np.square(centered).sum(axis=0) / (1 + weights * spread) / sizes[possible, 1]
        # Rounding must not decide between pairs that are alike.
        best = int(np.flatnonzero(gains >= gains.max() * (1 - 1e-9))[0])
        place = int(possible[best])
        pull = differences[:, best]
        covariance = covariance - np.outer(pull, pull) * (weights[best] / (1 + weights[best] * spread[best]))
        taken[place] += 1
        games -= int(sizes[place, 1])
        chosen.append(couples[place])


def _fitted(numbers: Mapping[str, int], results: Mapping[Couple, PairResult]) -> tuple[Floats, float]:
    """Return the ratings and the parameter of ties, with the prior."""
    firsts = np.array([numbers[one] for one, _ in results], dtype=np.int64)
    seconds = np.array([numbers[other] for _, other in results], dtype=np.int64)
    ties = np.array([[result.ties for result in results.values()]])
    pairs = Pairs(firsts, seconds, len(numbers), int(seconds[0]), bool(ties.any()))
    fitted = fit(
        pairs,
        np.array([result.battles for result in results.values()], dtype=np.float64),
        np.array([[result.score for result in results.values()]]),
        ties,
        ridge=PRIOR_DEVIATION**-2,
    )
    return fitted.ratings[0], float(fitted.tie[0])


def _information(
    numbers: Mapping[str, int], results: Mapping[Couple, PairResult], ratings: Floats, tie: float
) -> Floats:
    information = np.eye(len(numbers)) * PRIOR_DEVIATION**-2
    for (one, other), result in results.items():
        i, j = numbers[one], numbers[other]
        weight = result.battles * float(moments(np.asarray(ratings[i] - ratings[j]), np.array(tie))[2])
        information[i, i] += weight
        information[j, j] += weight
        information[i, j] -= weight
        information[j, i] -= weight
    return information
