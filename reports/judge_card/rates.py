"""A mean over games or items with its interval, prompts resampled."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from polyarena.reports.stats.intervals import interval
from polyarena.reports.stats.score_interval import equal_clusters


@dataclass(frozen=True, slots=True)
class Rate:
    """A mean of values in [0, 1].

    Attributes:
        value: ``None`` where there is nothing to average.
        low: Lower end of the interval, or ``None``.
        high: Upper end, or ``None``.
        n: Values averaged.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


@dataclass(frozen=True, slots=True)
class RateSettings:
    """How intervals are made.

    Attributes:
        confidence: Nominal, two-sided.
        rounds: Of the bootstrap over ``source_id``, for coefficients of agreement.
        seed: Not negative.
    """

    confidence: float = 0.95
    rounds: int = 2_000
    seed: int = 0


def rate(values: Iterable[tuple[str, float]], settings: RateSettings) -> Rate:
    """Return the mean of values that belong to clusters.

    The interval is the score interval of :func:`polyarena.reports.stats.intervals.interval`, by clusters; it needs no
    round of a bootstrap.

    Args:
        values: Cluster (the ``source_id``) and value in [0, 1], in any order.
        settings: How the interval is made.
    """
    pairs = list(values)
    if not pairs:
        return Rate()
    names = {cluster: place for place, cluster in enumerate(sorted({cluster for cluster, _ in pairs}))}
    places = np.array([names[cluster] for cluster, _ in pairs])
    counts = np.bincount(places, minlength=len(names)).astype(np.float64)
    totals = np.bincount(places, weights=[value for _, value in pairs], minlength=len(names)).astype(np.float64)
    mean = math.fsum(totals) / len(pairs)
    around = interval(
        mean,
        (totals - mean * counts) / len(pairs),
        np.zeros(len(names), dtype=np.int64),
        None,
        items=len(pairs),
        bounded=True,
        confidence=settings.confidence,
        clusters=equal_clusters(counts),
    )
    return Rate(mean, around.low, around.high, len(pairs))
