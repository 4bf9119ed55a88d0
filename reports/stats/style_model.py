r"""The logistic model behind style control, as functions on arrays.

The score of a battle in group g (a pair of systems in a language) is expected to be
:math:`1/(1 + e^{-\theta_g - \beta \cdot x})`, where x is how much the candidate's style exceeds the baseline's and
:math:`\beta` is shared by all groups. Scores between 0 and 1 enter the Bernoulli likelihood as they are (Papke and
Wooldridge 1996). Each group's own parameter leaves a Newton step that is solved by its Schur complement, for many
bootstrap rounds at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyarena.reports.stats.resampling import Floats, Integers

RIDGE = 1e-6
"""Penalty on each squared parameter; it keeps groups that won everything finite."""

STEPS = 100
LONGEST_STEP = 2.0
SMALLEST_STEP = 1e-9
CHUNK_CELLS = 2**21


@dataclass(frozen=True)
class StyleData:
    """Battles, sorted by group.

    Attributes:
        scores: Shape (n,), in [0, 1].
        style: Shape (n, f); the candidate's features less the baseline's.
        clusters: Shape (n,); each battle's cluster, by number.
        starts: Shape (groups,); where each group begins.
        weights: Shape (n,); how much each battle counts; ``None`` for 1.
        without_own: Shape (groups,); groups whose own parameter is held at 0; ``None`` for none.
    """

    scores: Floats
    style: Floats
    clusters: Integers
    starts: Integers
    weights: Floats | None = None
    without_own: NDArray[np.bool_] | None = None

    def lengths(self) -> Integers:
        """Return the number of battles of each group."""
        return np.diff(np.append(self.starts, len(self.scores)))


@dataclass(frozen=True)
class StyleFit:
    """Parameters of rounds.

    Attributes:
        groups: Shape (rounds, groups): log-odds of a win at equal style.
        effects: Shape (rounds, f): what one unit of each feature adds to them.
    """

    groups: Floats
    effects: Floats

    def controlled(self) -> Floats:
        """Return the win rates at equal style; shape (rounds, groups)."""
        return logistic(self.groups)


def fit_style(data: StyleData, weights: Floats, start: StyleFit | None = None) -> StyleFit:
    """Fit the model by Newton's method.

    Args:
        data: The battles.
        weights: Shape (rounds, clusters): how often each cluster was drawn.
        start: A fit of one round to begin with.
    """
    rounds, groups, features = len(weights), len(data.starts), data.style.shape[1]
    theta = np.zeros((rounds, groups)) if start is None else np.repeat(start.groups, rounds, axis=0)
    beta = np.zeros((rounds, features)) if start is None else np.repeat(start.effects, rounds, axis=0)
    active = np.arange(rounds)
    own = weights[:, data.clusters] * (1.0 if data.weights is None else data.weights)
    for _ in range(STEPS):
        on_group, on_effect = _step(data, own[active], theta[active], beta[active])
        size = np.maximum(np.abs(on_group).max(axis=1), np.abs(on_effect).max(axis=1, initial=0.0))
        damped = np.minimum(1.0, LONGEST_STEP / np.maximum(size, LONGEST_STEP))[:, None]
        theta[active] += damped * on_group
        beta[active] += damped * on_effect
        active = active[size > SMALLEST_STEP]
        if not len(active):
            break
    return StyleFit(theta, beta)


def fit_rounds(data: StyleData, weights: Iterator[Floats], start: StyleFit) -> StyleFit:
    """Fit the model again in each bootstrap round; the chunks of ``weights`` are cut to fit into memory."""
    step = max(1, CHUNK_CELLS // max(1, len(data.scores)))
    found = [
        fit_style(data, chunk[first : first + step], start) for chunk in weights for first in range(0, len(chunk), step)
    ]
    return StyleFit(np.concatenate([each.groups for each in found]), np.concatenate([each.effects for each in found]))


def logistic(odds: Floats) -> Floats:
    """Return the probabilities of log-odds."""
    from scipy.special import expit

    return np.asarray(expit(odds), dtype=np.float64)


def _step(data: StyleData, weights: Floats, theta: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Return Newton's step for the groups and the effects; shapes (rounds, groups) and (rounds, f)."""
    lengths, features = data.lengths(), data.style.shape[1]
    expected = logistic(np.repeat(theta, lengths, axis=1) + beta @ data.style.T)
    residual = weights * (data.scores - expected)
    curve = weights * expected * (1 - expected)
    pull = np.add.reduceat(residual, data.starts, axis=1) - RIDGE * theta
    # A group that the round did not draw stays where it is.
    drawn = np.add.reduceat(weights, data.starts, axis=1) > 0
    pull *= drawn
    own = np.add.reduceat(curve, data.starts, axis=1) + RIDGE
    if data.without_own is not None:
        own[:, data.without_own] = np.inf
    pull_effects = residual @ data.style - RIDGE * beta
    cross = np.stack([np.add.reduceat(curve * data.style[:, f], data.starts, axis=1) for f in range(features)], axis=2)
    products = (data.style[:, :, None] * data.style[:, None, :]).reshape(len(data.scores), -1)
    both = (curve @ products).reshape(-1, features, features) + RIDGE * np.eye(features)
    left = both - np.einsum("rgf,rgh->rfh", cross / own[:, :, None], cross)
    right = pull_effects - np.einsum("rgf,rg->rf", cross, pull / own)
    on_effect = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    on_group = (pull - np.einsum("rgf,rf->rg", cross, on_effect) * drawn) / own
    return on_group, on_effect
