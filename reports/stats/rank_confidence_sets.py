r"""Ranks with their uncertainty, from ratings and their bootstrap replicates.

How sure a rank is follows from differences, not from the spread of resampled ranks, which is too narrow where systems
are close. A system's rank lies between one more than the number of systems that are surely better and what is left
when the surely worse ones are taken away; "surely" holds for all its comparisons at once, by the largest studentised
difference over rounds (Mogstad, Romano, Shaikh and Wilhelm 2024, *Inference for Ranks with Applications to Mobility
across Neighbourhoods and Academic Achievement across Countries*, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyarena.reports.stats.resampling import Floats, Integers

EQUAL_RATINGS = 1e-4
"""Ratings (in natural logarithms of odds) that differ by less count as equal: 0.02 Elo points. The ridge of the fit
moves systems with equal battles apart (by 5e-7 with 12 battles a pair); one of them would be first in all rounds."""


@dataclass(frozen=True)
class Ranks:
    """Ranks of s systems, 1 being the best.

    Attributes:
        rank: Shape (s,); one more than the number of better systems.
        low: Shape (s,); best rank that the data allow.
        high: Shape (s,); worst rank that the data allow.
        best: Shape (s,); share of rounds in which a system is first, shared out among equals.
        group: Shape (s,), from 1: a group begins with the best system that is in none yet and holds those after it
            that are not surely worse.
    """

    rank: Integers
    low: Integers
    high: Integers
    best: Floats
    group: Integers


def rank_confidence_sets(ratings: Floats, replicates: Floats, errors: Floats, confidence: float) -> Ranks:
    """Return ranks with the sets that hold the true ones.

    Args:
        ratings: Shape (s,).
        replicates: Shape (rounds, s).
        errors: Shape (s, s); standard error of the difference of two ratings, 0 where it says nothing (on the diagonal,
            and for systems that won or lost everything); such pairs are never told apart.
        confidence: Of each system's set of ranks, such as 0.95.
    """
    told = _told_apart(ratings, replicates, errors, confidence)
    rank = 1 + (ratings[None, :] > ratings[:, None] + EQUAL_RATINGS).sum(axis=1)
    first = replicates >= replicates.max(axis=1, keepdims=True) - EQUAL_RATINGS
    return Ranks(
        rank=rank.astype(np.int64),
        low=1 + (told > 0).sum(axis=1),
        high=len(ratings) - (told < 0).sum(axis=1),
        best=(first / first.sum(axis=1, keepdims=True)).mean(axis=0),
        group=_groups(ratings, told),
    )


def _told_apart(ratings: Floats, replicates: Floats, errors: Floats, confidence: float) -> Integers:
    """Return 1 where the column's system is surely better than the row's, -1 where it is surely worse, else 0."""
    told = np.zeros(errors.shape, dtype=np.int64)
    moves = np.ascontiguousarray((replicates - ratings).T)
    # A pair of unknown error gets no weight in the largest difference.
    weights = np.divide(1.0, errors, out=np.zeros_like(errors), where=errors > 0)
    for i, error in enumerate(errors):
        known = error > 0
        if known.any():
            difference = ratings[known] - ratings[i]
            moved = moves - moves[i]
            np.abs(moved, out=moved)
            moved *= weights[i][:, None]
            critical = float(np.quantile(moved.max(axis=0), confidence, method="higher"))
            sure = np.abs(difference) > critical * error[known]
            told[i, known] = np.where(sure, np.sign(difference), 0)
    return told


def _groups(ratings: Floats, told: Integers) -> Integers:
    group = np.zeros(len(ratings), dtype=np.int64)
    for head in np.argsort(-ratings, kind="stable"):
        if group[head] == 0:
            group[(group == 0) & (told[head] >= 0)] = group.max() + 1
    return group
