r"""Watching a mean as verdicts come in, at an error level that holds whenever one stops.

A confidence sequence holds the true mean at all times at once with the stated confidence; an interval that is looked
at again and again does not. This one bets against each candidate mean m: a gambler starts with 1, stakes a share
:math:`\lambda_t` of the capital on the next value lying above m, another on below, and no fair game makes the capital
reach :math:`1/\alpha` with more than probability :math:`\alpha` (Ville 1939). The m with less are the sequence:
the hedged capital (the mean of both gamblers') of Waudby-Smith and Ramdas 2023, *Estimating means of bounded random
variables by betting* (arXiv 2010.09686), section 4.4, with the predictable plug-in bets of their equation 26.

If the values are drawn without replacement from N items, the mean of all N is watched instead ("what would judging
them all say?"), with the same bets against what is left of m (their section 5); it ends with certainty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from polyarena.reports.stats.outcome import Outcome, outcome
from polyarena.reports.stats.resampling import Floats
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError

TRUNCATION = 0.5
"""No bet stakes more than this share of what would ruin it."""


@dataclass(frozen=True)
class ConfidenceSequence:
    """Intervals for the mean after each value.

    Attributes:
        low: Shape (values,); never falls, but for the last of a whole population, which is its mean.
        high: Shape (values,); never rises, with the same exception.
        confidence: Of all intervals together.
    """

    low: Floats
    high: Floats
    confidence: float


@dataclass(frozen=True, slots=True)
class Stop:
    """When judging could stop.

    Attributes:
        n: Values needed; all of them if it could not stop early.
        outcome: Better or worse than the reference; inconclusive if the values ran out.
        low: Interval at that time.
        high: Likewise.
    """

    n: int
    outcome: Outcome
    low: float
    high: float


def confidence_sequence(
    values: Sequence[float] | Floats, *, confidence: float = 0.95, population: int | None = None, steps: int = 1000
) -> ConfidenceSequence:
    """Return the intervals that hold the mean of values in [0, 1] at all times at once.

    Args:
        values: In [0, 1], in random order, that is in one that says nothing about them; one per item.
        confidence: That the mean is in all intervals.
        population: Number of items that the values are drawn from without replacement; the mean is then theirs.
        steps: Candidate means are multiples of 1 / steps; ends are rounded outwards to one.

    Raises:
        DataError: There is no value, one lies outside [0, 1], or there are more values than the population has.

    Example:
        >>> sequence = confidence_sequence([1.0] * 20)
        >>> bool(sequence.low[-1] > 0.5)
        True
    """
    y = np.asarray(values, dtype=np.float64)
    _check(y, confidence, population, steps)
    alpha = 1 - confidence
    bets = _bets(y, alpha)
    candidates = np.linspace(0.0, 1.0, steps + 1)
    up, down = np.zeros(steps + 1), np.zeros(steps + 1)
    possible = np.ones(steps + 1, dtype=np.bool_)
    low, high = np.empty(len(y)), np.empty(len(y))
    before = 0.0
    for t, (value, bet) in enumerate(zip(y, bets, strict=True)):
        mean = candidates
        if population is not None:
            left = population - t
            mean = (population * candidates - before) / left
            # What is left cannot have a mean outside [0, 1].
            possible &= (mean >= -1e-9) & (mean <= 1 + 1e-9)
            mean = np.clip(mean, 0.0, 1.0)
        with np.errstate(divide="ignore"):
            stake_up = np.minimum(bet, TRUNCATION / mean)
            stake_down = np.minimum(bet, TRUNCATION / (1 - mean))
        up += np.log1p(stake_up * (value - mean))
        down += np.log1p(-stake_down * (value - mean))
        possible &= np.logaddexp(up, down) - math.log(2) < -math.log(alpha)
        before += value
        held = np.flatnonzero(possible)
        if len(held):
            low[t], high[t] = max(0, held[0] - 1) / steps, min(steps, held[-1] + 1) / steps
        else:
            # Between two candidates: the interval is narrower than a step.
            low[t], high[t] = (low[t - 1], high[t - 1]) if t else (0.0, 1.0)
    low, high = np.maximum.accumulate(low), np.minimum.accumulate(high)
    if population == len(y):
        # All are seen: certain, even where an earlier interval had missed it.
        low[-1] = high[-1] = math.fsum(y) / population
    return ConfidenceSequence(low, high, confidence)


def stop_early(
    values: Sequence[float] | Floats,
    *,
    reference: float = 0.5,
    confidence: float = 0.95,
    population: int | None = None,
    least: int = 1,
) -> Stop:
    """Return when judging could have stopped, had it been to tell the mean from a reference.

    The probability of a wrong answer, or of any answer where the mean is the reference, is at most 1 - confidence,
    although it is looked at after every item.

    Args:
        values: As in :func:`confidence_sequence`.
        reference: What the mean is compared with; one half for win rates.
        confidence: Of the answer.
        population: As in :func:`confidence_sequence`.
        least: Values to see before stopping.

    Raises:
        DataError: As :func:`confidence_sequence`.

    Example:
        >>> stop_early([1.0] * 40)
        Stop(n=10, outcome=<Outcome.BETTER: 'better'>, low=0.528, high=1.0)
    """
    sequence = confidence_sequence(values, confidence=confidence, population=population)
    for t in range(max(0, least - 1), len(sequence.low)):
        low, high = float(sequence.low[t]), float(sequence.high[t])
        found = outcome(low, high, reference)
        if found is not Outcome.INCONCLUSIVE:
            return Stop(t + 1, found, low, high)
    return Stop(len(sequence.low), Outcome.INCONCLUSIVE, float(sequence.low[-1]), float(sequence.high[-1]))


def _bets(values: Floats, alpha: float) -> Floats:
    """Return the size of each bet, from the values before it alone."""
    t = np.arange(1, len(values) + 1)
    means = (0.5 + np.cumsum(values)) / (t + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2)) / (t + 1)
    known = np.concatenate([[0.25], variances[:-1]])
    bets: Floats = np.sqrt(2 * math.log(2 / alpha) / (known * t * np.log1p(t)))
    return bets


def _check(values: Floats, confidence: float, population: int | None, steps: int) -> None:
    if not 0 < confidence < 1 or steps < 2:
        raise DataError("no such confidence sequence", why="confidence must lie between 0 and 1, steps be 2 or more")
    if values.ndim != 1 or not len(values):
        raise DataError("there is no value to watch", fix="pass one value per item, in the order in which they came")
    outside = ~((values >= 0) & (values <= 1))
    if outside.any():
        place = int(outside.argmax())
        raise DataError("a value lies outside [0, 1]", where=f"value {place + 1}", why=f"it is {values[place]}")
    if population is not None and population < len(values):
        raise DataError(
            f"{count_of(len(values), 'value')} out of {count_of(population, 'item')}",
            why="each item is drawn once at most",
        )
