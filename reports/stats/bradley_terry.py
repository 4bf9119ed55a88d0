r"""Ratings from comparisons in pairs: Bradley and Terry (1952) with Davidson's ties (1970), as functions on arrays.

With ratings :math:`r` and :math:`d = r_i - r_j`, system i wins, ties and loses against j with probabilities in the
proportion :math:`e^{d/2} : \nu : e^{-d/2}`. This is an exponential family in :math:`(r, \log\nu)`; its sufficient
statistics are each pair's score (ties count half) and the number of ties. So Newton's method needs only the mean score
and the share of ties of each pair, whatever the number of battles, and solves many bootstrap rounds at once.

A battle with score s between 0 and 1 (several games of one item) counts as :math:`1 - |2s - 1|` of a tie and the rest
as a win or a loss, which keeps its score: contradicting games make a tie.

With :math:`\nu` held at 0, ties only count half: the model of arena-hard-auto.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from polyarena.reports.stats.resampling import Floats, Integers
from polyarena.tasks.processors import processors

if TYPE_CHECKING:
    from scipy.sparse import csr_array

RIDGE = 1e-6
"""Penalty on each squared parameter (half of it enters the log-likelihood); it keeps separated systems finite."""

STEPS = 200
LONGEST_STEP = 2.0
SMALLEST_STEP = 1e-6
"""A step this small leaves an error of about its square."""
CHUNK, FEWEST_TOGETHER, CHUNK_BYTES, PAIR_BYTES = 512, 64, 32 * 2**20, 3 * 2**20
"""Rounds that are solved together: the most, the fewest, and the sizes of their matrices and of a number for each of
their pairs, which thus stay near the processor."""
MOST_THREADS = 4
MANY = 100
"""Parameters from which the steps of resampled rounds are solved by conjugate gradients."""
CONJUGATE_STEPS, CONJUGATE_ERROR = 60, 1e-8
"""How many there are before a round is solved directly, and the smallest relative error of a step, in energy."""
ERROR_OF_STEP, LARGEST_ERROR = 0.1, 0.1
"""The relative error that a step of size 1 may have, in proportion for smaller ones, and the largest there is."""


@dataclass(frozen=True)
class Pairs:
    """Which systems met.

    Attributes:
        first: Shape (p,); the system that scores are about, by number.
        second: Shape (p,); the other one.
        systems: How many there are.
        anchor: The system whose rating is 0.
        ties: Whether ties have a parameter of their own (Davidson) or only count half.
    """

    first: Integers
    second: Integers
    systems: int
    anchor: int
    ties: bool = True

    def design(self) -> Floats:
        """Return which free rating enters which pair; shape (p, systems - 1), with 1 and -1."""
        whole = np.zeros((len(self.first), self.systems))
        rows = np.arange(len(self.first))
        whole[rows, self.first] = 1.0
        whole[rows, self.second] = -1.0
        return np.delete(whole, self.anchor, axis=1)


@dataclass(frozen=True)
class Fit:
    r"""Ratings of one or many rounds.

    Attributes:
        ratings: Shape (rounds, systems), in natural logarithms of odds; 0 for the anchor.
        tie: Shape (rounds,): Davidson's :math:`\nu`; 0 where ties only count half.
    """

    ratings: Floats
    tie: Floats

    def expected(self, system: int, opponent: int) -> Floats:
        """Return the expected score of a system against another, ties counting half; shape (rounds,)."""
        return moments(self.ratings[:, system] - self.ratings[:, opponent], self.tie)[0]


def tie_share(scores: Floats) -> Floats:
    """Return how much of a battle is a tie: 1 at a score of one half, 0 at 0 and 1."""
    return np.asarray(1.0 - np.abs(2.0 * scores - 1.0), dtype=np.float64)


def moments(difference: Floats, tie: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return expected score, probability of a tie, variance of the score, and covariance of score and tie.

    Args:
        difference: Of two ratings, any shape.
        tie: Davidson's nu, broadcast against it.
    """
    # Multiplying all by exp(-|d|/2) leaves nothing that overflows.
    half = np.exp(-np.abs(difference) / 2)
    small, root = half * half, half * tie
    total = 1.0 + small + root
    drawn = root / total
    better, worse = 1.0 / total, small / total
    score = np.where(difference > 0, better, worse) + drawn / 2
    variance = better * worse + drawn * (better + worse) / 4
    return score, drawn, variance, drawn * (0.5 - score)


def fit(
    pairs: Pairs, battles: Floats, scores: Floats, ties: Floats, *, ridge: float = RIDGE, start: Fit | None = None
) -> Fit:
    """Fit ratings by Newton's method, many rounds at once.

    Args:
        pairs: Who met whom; the p pairs.
        battles: Shape (p,), how much each pair weighs, or (rounds, p) where that differs between rounds.
        scores: Shape (rounds, p); mean score of the first system.
        ties: Shape (rounds, p); mean share of ties, unused where ``pairs.ties`` is false.
        ridge: Above 0; see :data:`RIDGE`.
        start: A fit of one round to begin with.

    Returns:
        The fit of each round; a round's numbers do not depend on the others.
    """
    rounds, free = len(scores), pairs.systems - 1
    count = free + int(pairs.ties)
    state = np.zeros((rounds, count))
    if start is not None:
        state[:, :free] = np.delete(start.ratings[0], pairs.anchor)
        if pairs.ties:
            state[:, free] = np.log(start.tie[0])
    model = _Model(pairs, ridge)
    if start is not None and count >= MANY:
        model.precondition(state[:1], battles if battles.ndim == 1 else battles.mean(axis=0))
    weights = np.broadcast_to(battles, scores.shape)
    size = max(FEWEST_TOGETHER, min(CHUNK, PAIR_BYTES // (8 * max(1, len(pairs.first)))))
    parts = [slice(first, first + size) for first in range(0, rounds, size)]
    # NumPy and SciPy release the interpreter's lock; no round's numbers depend on the others.
    with ThreadPoolExecutor(min(MOST_THREADS, processors(), len(parts))) as pool:
        list(pool.map(lambda part: _climb(state[part], model, weights[part].T, scores[part].T, ties[part].T), parts))
    ratings = np.insert(state[:, :free], pairs.anchor, 0.0, axis=1)
    return Fit(ratings, np.exp(state[:, free]) if pairs.ties else np.zeros(rounds))


def influence(
    pairs: Pairs,
    battles: Floats,
    fitted: Fit,
    scores: Floats | csr_array,
    ties: Floats | csr_array,
    *,
    ridge: float = RIDGE,
) -> tuple[Floats, Floats]:
    """Return the influence of each cluster on the ratings and on the logarithm of nu.

    The inverse of the information times what each cluster adds to the score equations (the sandwich; Huber 1967).

    Args:
        pairs: As in :func:`fit`.
        battles: Shape (p,), as in :func:`fit`.
        fitted: The fit of the data, one round.
        scores: Shape (clusters, p), dense or sparse; what each cluster adds to the pairs' mean scores.
        ties: Shape (clusters, p); to their shares of ties.
        ridge: As in :func:`fit`.

    Returns:
        Shapes (clusters, systems) and (clusters,).
    """
    from scipy.sparse import csr_array

    free = pairs.systems - 1
    model = _Model(pairs, ridge)
    state = np.delete(fitted.ratings, pairs.anchor, axis=1)
    if pairs.ties:
        state = np.column_stack([state, np.log(fitted.tie)])
    nothing = np.zeros((len(battles), 1))
    hessian = model.information(model.slopes(state, battles[:, None], nothing, nothing))
    pulls = (csr_array(scores) @ (csr_array(pairs.design()) * battles[:, None])).toarray()
    if pairs.ties:
        pulls = np.column_stack([pulls, csr_array(ties) @ battles])
    moved = np.linalg.solve(hessian[0], pulls.T).T
    on_tie = moved[:, free] if pairs.ties else np.zeros(scores.shape[0])
    return np.insert(moved[:, :free], pairs.anchor, 0.0, axis=1), on_tie


@dataclass(frozen=True)
class _Slopes:
    """Derivatives of the penalised log-likelihood at a state of q parameters, f of them ratings.

    Attributes:
        gradient: Shape (q, rounds).
        curve: Shape (p, rounds); what each pair adds to the curvature of its difference.
        cross: Shape (f, rounds); negative mixed derivatives of the ratings and the logarithm of nu.
        corner: Shape (rounds,); the negative second derivative of the latter.
    """

    gradient: Floats
    curve: Floats
    cross: Floats
    corner: Floats

    def of(self, rounds: Integers) -> _Slopes:
        """Return the derivatives of some rounds."""
        return _Slopes(self.gradient[:, rounds], self.curve[:, rounds], self.cross[:, rounds], self.corner[rounds])


class _Model:
    """The penalised log-likelihood of the pairs."""

    def __init__(self, pairs: Pairs, ridge: float) -> None:
        from scipy.sparse import csr_array

        design = pairs.design()
        self._design, self._by_system = csr_array(design), csr_array(design.T)
        self._squares = csr_array(np.square(design.T))
        place = np.insert(np.arange(pairs.systems - 1), pairs.anchor, -1)
        self._first, self._second = place[pairs.first], place[pairs.second]
        self._free = pairs.systems - 1
        self._ties, self._ridge = pairs.ties, ridge
        # Where all met the anchor alone, no two free ratings share a pair.
        self._apart = bool(((pairs.first == pairs.anchor) | (pairs.second == pairs.anchor)).all())
        self._inverse: Floats | None = None

    def by_system(self, values: Floats) -> Floats:
        """Return the sums of the pairs' values (shape (p, m)) over each free rating's pairs, with their signs."""
        return np.asarray(self._by_system @ values)

    def precondition(self, state: Floats, battles: Floats) -> None:
        """Solve steps by conjugate gradients from now on, preconditioned by the information at a state (one row)."""
        if not self._apart:
            nothing = np.zeros((len(battles), 1))
            self._inverse = np.linalg.inv(self.information(self.slopes(state, battles[:, None], nothing, nothing))[0])

    def slopes(self, state: Floats, battles: Floats, scores: Floats, ties: Floats) -> _Slopes:
        """Return the derivatives at states of shape (rounds, q), for battles, scores and ties of shape (p, rounds)."""
        free, rounds = self._free, len(state)
        tie = np.exp(state[:, free]) if self._ties else np.zeros(rounds)
        score, drawn, variance, covariance = moments(self._design @ np.ascontiguousarray(state[:, :free].T), tie)
        gradient = -self._ridge * state.T
        gradient[:free] += self.by_system((scores - score) * battles)
        if not self._ties:
            return _Slopes(gradient, variance * battles, np.zeros((free, rounds)), np.full(rounds, self._ridge))
        gradient[free] += ((ties - drawn) * battles).sum(axis=0)
        corner = (drawn * (1 - drawn) * battles).sum(axis=0) + self._ridge
        return _Slopes(gradient, variance * battles, self.by_system(covariance * battles), corner)

    def information(self, at: _Slopes) -> Floats:
        """Return the negative Hessian; shape (rounds, q, q)."""
        count, rounds = at.gradient.shape
        free = self._free
        hessian = np.zeros((rounds, count, count))
        hessian[:, np.arange(free), np.arange(free)] = (self._squares @ at.curve).T + self._ridge
        for pair in np.flatnonzero((self._first >= 0) & (self._second >= 0)):
            first, second = self._first[pair], self._second[pair]
            hessian[:, first, second] -= at.curve[pair]
            hessian[:, second, first] -= at.curve[pair]
        if self._ties:
            hessian[:, :free, free] = hessian[:, free, :free] = at.cross.T
            hessian[:, free, free] = at.corner
        return hessian

    def step(self, at: _Slopes) -> Floats:
        """Return Newton's step; shape (rounds, q)."""
        if self._inverse is not None:
            return self._conjugate_step(at, self._inverse)
        if not self._apart:
            return self._direct_step(at)
        free = self._free
        own = self._squares @ at.curve + self._ridge
        alone = np.asarray(at.gradient[:free] / own, dtype=np.float64)
        if not self._ties:
            return alone.T
        # The ratings' block is diagonal: its Schur complement is a number.
        pull = at.cross / own
        on_tie = at.gradient[free] - (pull * at.gradient[:free]).sum(axis=0)
        on_tie /= at.corner - (pull * at.cross).sum(axis=0)
        return np.vstack([alone - pull * on_tie, on_tie]).T

    def _direct_step(self, at: _Slopes) -> Floats:
        """Return Newton's step from the whole matrices, of some rounds at a time."""
        count, rounds = at.gradient.shape
        result = np.empty((rounds, count))
        size = max(1, CHUNK_BYTES // (8 * count**2))
        for start in range(0, rounds, size):
            part = np.arange(start, min(start + size, rounds))
            own = at.of(part)
            result[part] = np.linalg.solve(self.information(own), own.gradient.T[:, :, None])[:, :, 0]
        return result

    def _conjugate_step(self, at: _Slopes, inverse: Floats) -> Floats:
        """Return Newton's step by preconditioned conjugate gradients (Hestenes and Stiefel 1952), all rounds at once.

        Resampled rounds lie near the data, so the information there is a good preconditioner: a step takes about a
        dozen products with the sparse design. Rounds that do not converge are solved directly.

        An early step is solved less exactly: Newton's own error goes with the square of a step (inexact Newton; Dembo,
        Eisenstat and Steihaug 1982), so a relative error in proportion to the step costs no further step.
        """
        step = np.zeros_like(at.gradient)
        rest = at.gradient.copy()
        scaled = inverse @ rest
        direction, size = scaled, (rest * scaled).sum(axis=0)
        error = np.clip(ERROR_OF_STEP * np.abs(scaled).max(axis=0), CONJUGATE_ERROR, LARGEST_ERROR)
        goal = size * error**2
        going = size > goal
        for _ in range(CONJUGATE_STEPS):
            turned = self._times(at, direction)
            along = (direction * turned).sum(axis=0)
            # What has converged stays as it is: no round's numbers depend on the others.
            pace = np.divide(size, along, out=np.zeros_like(size), where=going & (along > 0))
            step += pace * direction
            rest -= pace * turned
            scaled = inverse @ rest
            before, size = size, (rest * scaled).sum(axis=0)
            going &= size > goal
            if not going.any():
                return step.T
            direction = scaled + np.divide(size, before, out=np.zeros_like(size), where=before > 0) * direction
        left = np.flatnonzero(going)
        step[:, left] = self._direct_step(at.of(left)).T
        return step.T

    def _times(self, at: _Slopes, vectors: Floats) -> Floats:
        """Return the products of each round's information with its vector; shape (q, rounds)."""
        free = self._free
        ratings = vectors[:free]
        product = self._ridge * vectors
        product[:free] += self.by_system(at.curve * (self._design @ ratings))
        if self._ties:
            product[:free] += at.cross * vectors[free]
            product[free] = (at.cross * ratings).sum(axis=0) + at.corner * vectors[free]
        return product


def _climb(state: Floats, model: _Model, battles: Floats, scores: Floats, ties: Floats) -> None:
    """Move each round's state (a row), in place, to where the gradient is 0."""
    active = np.arange(len(state))
    for _ in range(STEPS):
        at = state[active]
        step = model.step(model.slopes(at, battles[:, active], scores[:, active], ties[:, active]))
        size = np.abs(step).max(axis=1, initial=0.0)
        state[active] = at + step * np.minimum(1.0, LONGEST_STEP / np.maximum(size, LONGEST_STEP))[:, None]
        active = active[size > SMALLEST_STEP]
        if not len(active):
            break
