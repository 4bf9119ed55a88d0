r"""A judge corrected by people: many verdicts of a judge and few of people give one honest win rate.

With people's scores Y and the judge's f on n labelled items, and the judge's on N others, the power-tuned
prediction-powered estimate is

.. math::

   \hat\theta = \frac{1}{n}\sum_{\text{labelled}} (Y_i - \lambda f_i) + \lambda\,\frac{1}{N}\sum_{\text{others}} f_j,
   \qquad
   \lambda = \frac{\widehat{\mathrm{Cov}}(Y, f)}{(1 + n/N)\,\widehat{\mathrm{Var}}(f)} \text{ within } [0, 1]

(Angelopoulos et al. 2023, *Prediction-powered inference*, arXiv 2301.09633; the tuned weight from Angelopoulos, Duchi
and Zrnic 2023, *PPI++*, arXiv 2311.01453, section 6). Whatever the judge's bias, the mean is that of people's scores;
a judge who knows nothing gets the weight 0, which leaves people's scores alone.

For an average over languages l, each with the same weight, one :math:`\lambda` makes the variance of the average
smallest, :math:`\sum_l \widehat{\mathrm{Cov}}_l / n_l` over
:math:`\sum_l \widehat{\mathrm{Var}}_l (1/n_l + 1/N_l)`, which is the above for one language.

The standard error is the jackknife's over labels, each left out of the weight too (Efron and Stein 1981, *Annals of
Statistics* 9), and sums each ``source_id``'s influence over languages, since translations are judged alike. With few
labels the few items on which judge and people disagree decide everything, and the interval would be too narrow: below
:data:`FEW` labels the weight is 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from polyarena.reports.stats.intervals import interval
from polyarena.reports.stats.quantiles import student_quantile
from polyarena.reports.stats.resampling import Floats, Integers
from polyarena.reports.stats.score_interval import equal_clusters

FEW = 50
"""Labels below which people's scores stand alone; corrected intervals of 20 labels covered 85% in place of 95%."""


@dataclass(frozen=True)
class Corrected:
    r"""A judge's mean, corrected by people's labels.

    Attributes:
        value: The estimate, not cut to [0, 1]; ``None`` with fewer than two labels.
        standard_error: Of it.
        low: Lower end of the interval, by Student's t with one degree of freedom less than labelled clusters; that of
            people alone where the weight is 0. ``None`` where nothing is known of the spread.
        high: Upper end.
        weight: :math:`\lambda`, what the judge's verdicts count; 0 below :data:`FEW` labels.
        humans: Mean of people's scores alone.
        humans_error: Its standard error; ``None`` with one labelled cluster.
        humans_low: Lower end of its interval, by the rule of :mod:`polyarena.reports.stats.intervals`.
        humans_high: Upper end.
        judge_alone: Mean of the judge's scores of all items, uncorrected.
        n_labelled: Items with labels.
        n_judged: Items with a judge's score.
    """

    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    weight: float | None
    humans: float | None
    humans_error: float | None
    humans_low: float | None
    humans_high: float | None
    judge_alone: float
    n_labelled: int
    n_judged: int


@dataclass(frozen=True)
class LanguageLabels:
    """The items of one language.

    Attributes:
        judge: Shape (n,); the judge's scores, finite.
        humans: Shape (n,); people's scores averaged over people, NaN where an item has none.
        clusters: Shape (n,); number of each item's ``source_id``.
    """

    judge: Floats
    humans: Floats
    clusters: Integers


@dataclass(frozen=True)
class _Half:
    """One language, split by whether people labelled an item."""

    people: Floats
    judge: Floats
    others: Floats

    def moments(self) -> tuple[float, float]:
        """Return covariance and variance, as they enter the weight."""
        variance = float(np.concatenate([self.judge, self.others]).var(ddof=1)) if len(self.others) else 0.0
        if variance <= 0:
            return 0.0, 0.0
        n = len(self.people)
        return float(np.cov(self.people, self.judge, ddof=1)[0, 1]) / n, variance * (1 / n + 1 / len(self.others))

    def without_each(self) -> Floats:
        """Return the covariance over n with each label left out."""
        n = len(self.people)
        one, other = self.people - self.people.mean(), self.judge - self.judge.mean()
        if n < 3 or not len(self.others):
            return np.full(n, self.moments()[0])
        left: Floats = (one @ other - one * other * n / (n - 1)) / ((n - 2) * n)
        return left

    def estimate(self, weight: float) -> float:
        """Return the corrected mean."""
        return float(self.people.mean() - weight * self._beyond())

    def estimates_without_each(self, weights: Floats) -> Floats:
        """Return it with each label left out, with the weights found without it."""
        n = len(self.people)
        people, judge = ((values.sum() - values) / (n - 1) for values in (self.people, self.judge))
        others = self.others.mean() if len(self.others) else 0.0
        left: Floats = people - weights * (judge - others)
        return left

    def _beyond(self) -> float:
        return float(self.judge.mean() - self.others.mean()) if len(self.others) else 0.0


def corrected_mean(languages: list[LanguageLabels], confidence: float) -> Corrected:
    """Return the corrected mean over languages, each with the same weight.

    Args:
        languages: At least one; for the estimate of a language that one alone. Those with fewer than two labels leave
            the group without an estimate.
        confidence: Nominal, two-sided.
    """
    judged, count = sum(len(each.judge) for each in languages), len(languages)
    has = [np.isfinite(each.humans) for each in languages]
    labelled = sum(int(known.sum()) for known in has)
    judge = math.fsum(float(each.judge.mean()) for each in languages) / count
    none = Corrected(None, None, None, None, None, None, None, None, None, judge, labelled, judged)
    if any(known.sum() < 2 for known in has):
        return none
    halves = [
        _Half(each.humans[known], each.judge[known], each.judge[~known])
        for each, known in zip(languages, has, strict=True)
    ]
    clusters = [(each.clusters[known], each.clusters[~known]) for each, known in zip(languages, has, strict=True)]
    size = 1 + max(int(each.clusters.max()) for each in languages)
    known = np.zeros(size, dtype=np.bool_)
    pull, shares = np.zeros(size), np.zeros(size)
    for half, (own, _) in zip(halves, clusters, strict=True):
        known[own] = True
        np.add.at(shares, own, 1 / len(half.people))
        np.add.at(pull, own, (half.people - half.people.mean()) / len(half.people) / count)
    alone = math.fsum(half.people.mean() for half in halves) / count
    around = interval(
        alone,
        pull[known],
        np.zeros(int(known.sum()), dtype=np.int64),
        None,
        items=labelled,
        bounded=True,
        confidence=confidence,
        clusters=equal_clusters(shares[known]),
    )
    found = replace(
        none,
        value=alone,
        standard_error=around.standard_error,
        low=around.low,
        high=around.high,
        weight=0.0,
        humans=alone,
        humans_error=around.standard_error,
        humans_low=around.low,
        humans_high=around.high,
    )
    moments = [half.moments() for half in halves]
    weight = _weight(*map(math.fsum, zip(*moments, strict=True)))
    if weight == 0 or labelled < FEW or known.sum() < 2:
        return found
    error = _error(halves, clusters, moments, weight, size)
    value = math.fsum(half.estimate(weight) for half in halves) / count
    far = student_quantile(0.5 + confidence / 2, known.sum() - 1.0) * error
    ends = (value - far, value + far) if error > 0 else (None, None)
    return replace(found, value=value, standard_error=error, low=ends[0], high=ends[1], weight=weight)


def _weight(covariance: float, variance: float) -> float:
    return min(1.0, max(0.0, covariance / variance)) if variance > 0 else 0.0


def _error(
    halves: list[_Half],
    clusters: list[tuple[Integers, Integers]],
    moments: list[tuple[float, float]],
    weight: float,
    size: int,
) -> float:
    """Return the standard error of the corrected mean, by clusters."""
    covariance, variance = (math.fsum(part) for part in zip(*moments, strict=True))
    # How far the other languages follow when a label of one of them moves the weight.
    slope = math.fsum(half.estimate(1.0) - half.estimate(0.0) for half in halves)
    pull = np.zeros(size)
    for half, (own, others), (part, _) in zip(halves, clusters, moments, strict=True):
        n = len(half.people)
        weights = np.clip((covariance - part + half.without_each()) / variance, 0.0, 1.0)
        rest = (slope - (half.estimate(1.0) - half.estimate(0.0))) * (weight - weights)
        moved = half.estimate(weight) - half.estimates_without_each(weights) + rest
        np.add.at(pull, own, moved * math.sqrt((n - 1) / n) / len(halves))
        if len(others) > 1:
            far = weight * (half.others - half.others.mean()) / math.sqrt(len(others) * (len(others) - 1))
            np.add.at(pull, others, far / len(halves))
    return math.sqrt(math.fsum((pull**2).tolist()))
