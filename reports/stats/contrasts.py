r"""Weighted sums of the estimates of several columns: differences, gaps, averages without a language, slopes.

With weights :math:`a_j` of the columns j, their values :math:`\theta_j` and the influence :math:`u_{ij}` of cluster i
on each, a contrast is :math:`\sum_j a_j \theta_j`, its influence :math:`\sum_j a_j u_{ij}`, and its replicate in a
bootstrap round :math:`\sum_j a_j \theta^*_j`. What two columns share (a hard prompt, in two languages or for two
systems) so drops out of their difference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from polyarena.reports.stats.intervals import Interval, interval, needs_replicates
from polyarena.reports.stats.resampling import Floats, linear_replicates
from polyarena.reports.stats.score_interval import equal_clusters, smoothed_spread
from polyarena.reports.stats.summary import Estimator, Settings

ROUNDING = 1e-12
"""Share of the absolute summands below which a sum is rounding error."""


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of columns.

    Attributes:
        weights: By column; none is 0.
        value: The sum.
        influence: Shape (n clusters,), 0 where no column has the cluster.
        present: Shape (n clusters,); which clusters one of the columns has.
        n: Items of all columns together.
        n_side: Those among them that count with the more frequent sign.
        fewest: Clusters of the column that has fewest.
        span: Smallest and largest possible value, if all columns hold shares; otherwise ``None``.
        added: Variance of the cluster that a score interval adds.
        clusters: How many clusters of equal share would tell as much.
    """

    weights: Mapping[int, float]
    value: float
    influence: Floats
    present: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    n: int
    n_side: int
    fewest: int
    span: tuple[float, float] | None
    added: float
    clusters: float


def contrast(data: Estimator, weights: Mapping[int, float], *, known: Mapping[int, float] | None = None) -> Contrast:
    """Return a weighted sum of columns.

    Args:
        data: Values or statistics of one task.
        weights: By column; at least one that is not 0.
        known: Columns whose value is certain, as one half is for a baseline against itself. They shift the span and
            have no part in the width of a score interval.

    Raises:
        ValueError: All weights are 0.
    """
    used = {column: weight for column, weight in sorted(weights.items()) if weight != 0}
    if not used:
        raise ValueError("a contrast needs a weight that is not 0")
    columns, factors = list(used), np.array(list(used.values()))
    values = [data.value(column) for column in columns]
    parts = np.array([weight * data.influence(column) for column, weight in used.items()])
    influence = parts.sum(axis=0)
    # What cancels out is 0, not the rounding error that is left: whether clusters are alike is asked of it later.
    influence[np.abs(influence) <= ROUNDING * np.abs(parts).sum(axis=0)] = 0.0
    counts = data.counts[:, columns]
    sizes = np.count_nonzero(counts, axis=0)
    free = np.array([column not in (known or {}) for column in columns])
    shares = (counts / counts.sum(axis=0))[:, free] @ np.abs(factors[free])
    span, added = None, 0.0
    if data.bounded[columns].all():
        shift = math.fsum(weight * known[column] for column, weight in used.items() if known and column in known)
        span = (
            shift + float(factors[free & (factors < 0)].sum()),
            shift + float(factors[free & (factors > 0)].sum()),
        )
        spreads = np.array([smoothed_spread(value, size) for value, size in zip(values, sizes, strict=True)])
        for side in (free & (factors > 0), free & (factors < 0)):
            added += math.sqrt(float((factors[side] ** 2).sum())) * float((abs(factors[side]) * spreads[side]).sum())
    return Contrast(
        weights=used,
        value=math.fsum(weight * value for weight, value in zip(used.values(), values, strict=True)),
        influence=influence,
        present=np.asarray(counts.any(axis=1)),
        n=int(counts.sum()),
        n_side=int(max(counts[:, factors > 0].sum(), counts[:, factors < 0].sum())),
        fewest=int(sizes.min()),
        span=span,
        added=added,
        clusters=equal_clusters(shares[shares > 0]),
    )


def contrast_interval(data: Estimator, found: Contrast, settings: Settings) -> Interval:
    """Return standard error and interval of a contrast.

    Shares get the score interval, whose span is that of the contrast; other values the percentile interval of the joint
    bootstrap; or what ``settings.method`` asks for.

    Args:
        data: Estimates the columns.
        found: The contrast, a weighted sum of columns.
        settings: Method, confidence, rounds and seed.
    """
    if found.fewest < 2:
        return Interval(None, None, None, "none", "one source item only: no interval")
    bounded = found.span is not None
    replicates = errors = None
    if needs_replicates(settings.method, bounded=bounded):
        columns = list(found.weights)
        drawn = data.replicates(columns, rounds=settings.rounds, seed=settings.seed)
        replicates = np.asarray((np.array([*found.weights.values()])[:, None] * drawn).sum(axis=0))
        if settings.method == "student":
            errors = linear_replicates(
                found.influence, data.clusters, data.labels, rounds=settings.rounds, seed=settings.seed
            )[1]
    return interval(
        found.value,
        found.influence[found.present],
        data.labels[found.present],
        replicates,
        items=found.n_side,
        bounded=bounded,
        confidence=settings.confidence,
        method=settings.method,
        errors=errors,
        span=found.span or (0.0, 1.0),
        added=found.added if bounded else None,
        clusters=found.clusters,
    )
