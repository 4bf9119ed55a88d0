r"""The approximate method: what it keeps of item values, and averages of cells.

Of cells, :math:`s^2 = \frac1{L^2}\left[(1-\rho) \sum s_l^2 + \rho \left(\sum s_l\right)^2\right]` with one correlation
:math:`\rho` of a system's languages.

Shares get Wilson's interval with :math:`n_e = \kappa\, p(1-p)/s^2`. The efficiency :math:`\kappa` is what the exact
method (:func:`polyarena.reports.stats.score_interval.effective_n`) makes of the same items. It is known of one cell and
of all L languages; of l languages it is taken as linear in :math:`1 - 1/l`, as that method's caution for several items
of one source is. Other values have :math:`t\,s`.

Errors of two systems are correlated, for they answer the same items. One factor describes it, the difficulty of the
items: :math:`r_{ij} = \lambda_i \lambda_j`, fitted by least squares to the correlations over all languages. Of a
difference, :math:`s_{ij}^2 = s_i^2 + s_j^2 - 2 \lambda_i \lambda_j s_i s_j`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from polyarena.reports.board.model import CellTable, ItemTable
from polyarena.reports.stats.contrasts import contrast
from polyarena.reports.stats.quantiles import student_quantile
from polyarena.reports.stats.resampling import Floats, Integers, strata
from polyarena.reports.stats.score_interval import effective_n, wilson_interval

CONTINUITY = 0.125
"""As of :func:`polyarena.reports.stats.score_interval.score_interval`, in items."""

MOST_SHARED = 0.999
"""Greatest loading, so that no difference is without error."""

CONFIDENCE = 0.95
"""At which efficiencies are computed; they hardly depend on it."""

ROUNDS = 200
"""Of the fit of loadings."""


def mean_variance(errors: Floats, correlation: Floats) -> Floats:
    """Return the variance of means over languages from the errors of cells, shape (systems, languages)."""
    sums, squares = errors.sum(axis=1), np.square(errors).sum(axis=1)
    found: Floats = ((1 - correlation) * squares + correlation * sums**2) / errors.shape[1] ** 2
    return found


def efficiency_of(cells: CellTable, languages: int) -> Floats:
    """Return the efficiency of averages over a number of languages, shape (systems,)."""
    every = np.isfinite(cells.values).sum(axis=1)
    share = np.divide(1 - 1 / languages, 1 - 1 / every, out=np.ones(len(every)), where=every > 1)
    found: Floats = cells.efficiency[:, 0] + np.minimum(share, 1.0) * (cells.efficiency[:, 1] - cells.efficiency[:, 0])
    return found


def cell_interval(
    value: float,
    variance: float,
    bounded: bool,
    confidence: float,
    *,
    freedom: float,
    efficiency: float,
    clusters: float,
    items: int,
) -> tuple[float | None, float | None, float | None]:
    """Return standard error and both ends of an average by the approximate method; ``None`` without an error.

    Args:
        value: The average.
        variance: Its square error.
        bounded: Whether values are shares.
        confidence: Nominal, two-sided.
        freedom: Degrees of freedom, of values without bounds.
        efficiency: From :func:`efficiency_of`.
        clusters: Least effective sample size.
        items: Averaged.
    """
    if not math.isfinite(variance):
        return None, None, None
    error = math.sqrt(variance)
    if not bounded:
        half = student_quantile(0.5 + confidence / 2, freedom) * error
        return error, value - half, value + half
    share = min(1.0, max(0.0, value))
    # Wins and losses vary most of all values with a mean, so n items are never worth less than clusters.
    n = max(efficiency * share * (1 - share) / variance, clusters) if variance > 0 else clusters
    low, high = wilson_interval(share, n, confidence, continuity=CONTINUITY / max(items, 1))
    return error, low, high


def mean_efficiency(found: Sequence[float]) -> float:
    """Return the efficiency that gives the mean width of intervals; widths are as its inverse square root."""
    return float(np.mean(np.asarray(found, dtype=float) ** -0.5) ** -2)


def interval_efficiency(
    value: float, error: float, low: float, high: float, items: int, confidence: float
) -> float | None:
    """Return the efficiency that made Wilson's interval of a share what it is; ``None`` where it cannot be known."""
    if not (math.isfinite(error) and math.isfinite(low) and math.isfinite(high)) or not 0 < value < 1 or error <= 0:
        return None
    least, most = 1e-3, 1e9
    for _ in range(100):
        middle = math.sqrt(least * most)
        ends = wilson_interval(value, middle, confidence, continuity=CONTINUITY / max(items, 1))
        least, most = (middle, most) if ends[1] - ends[0] > high - low else (least, middle)
    return most * error**2 / (value * (1 - value))


def cells_of(table: ItemTable) -> CellTable:
    """Return what the approximate method keeps of item values."""
    systems = tuple(sorted({system for system, _ in table.places}))
    languages = tuple(sorted({language for _, language in table.places}))
    shape = (len(systems), len(languages))
    data = table.data
    values, errors, n = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    clusters, correlation = np.zeros(len(systems)), np.zeros(len(systems))
    efficiency, totals = np.ones((len(systems), 2)), np.zeros((len(systems), len(data.clusters)))
    for i, system in enumerate(systems):
        squares, own, worth = 0.0, [], []
        seen = np.zeros(len(data.clusters), dtype=np.bool_)
        for j, code in enumerate(languages):
            place = table.places.get((system, code))
            if place is None:
                continue
            pulls, counts = data.influence(place), data.counts[:, place]
            size = int(np.count_nonzero(counts))
            values[i, j], n[i, j] = data.value(place), counts.sum()
            seen |= counts > 0
            if size > 1:
                square = size / (size - 1) * math.fsum((pulls**2).tolist())
                errors[i, j] = math.sqrt(square)
                totals[i] += pulls * math.sqrt(size / (size - 1))
                squares += square
                own.append(errors[i, j])
                if table.bounded:
                    labels = np.zeros(size, dtype=np.int64)
                    worth += _efficiency(values[i, j], pulls[counts > 0], labels, square, int(n[i, j]), float(size))
        clusters[i] = np.count_nonzero(seen)
        correlation[i] = language_correlation(float(np.square(totals[i]).sum()), squares, float(np.sum(own)), len(own))
        if worth:
            efficiency[i] = mean_efficiency(worth)
            efficiency[i, 1] = next(iter(_average_efficiency(table, system)), efficiency[i, 0])
    return CellTable(
        systems, languages, values, errors, n, clusters, correlation, efficiency, loadings(totals), table.bounded
    )


def _efficiency(
    value: float, pulls: Floats, labels: Integers, variance: float, items: int, clusters: float
) -> list[float]:
    """Return the efficiency of a mean; nothing where no item differs."""
    spread = value * (1 - value)
    if spread <= 0 or variance <= 0:
        return []
    n = effective_n(value, pulls, labels, variance=variance, items=items, confidence=CONFIDENCE, clusters=clusters)
    return [n * variance / spread]


def _average_efficiency(table: ItemTable, system: str) -> list[float]:
    """Return the efficiency of the average over all languages of a system; nothing where it has no interval."""
    places = [place for (name, _), place in sorted(table.places.items()) if name == system]
    found = contrast(table.data, dict.fromkeys(places, 1 / len(places)))
    labels = strata(table.data.counts[:, places][found.present] > 0)
    pulls = found.influence[found.present]
    sizes = np.bincount(labels)
    if (sizes < 2).any():
        return []
    variance = math.fsum(
        size / (size - 1) * math.fsum((pulls[labels == label] ** 2).tolist()) for label, size in enumerate(sizes)
    )
    return _efficiency(found.value, pulls, labels, variance, found.n, found.clusters)


def loadings(pulls: Floats) -> Floats:
    """Return how much each system's error follows the difficulty of the items, in [0, 1).

    Args:
        pulls: Shape (systems, clusters); the influence of each item on a system's average.
    """
    many = len(pulls)
    norms = np.sqrt(np.square(pulls).sum(axis=1))
    shapes = np.divide(pulls, norms[:, None], out=np.zeros_like(pulls), where=norms[:, None] > 0)
    correlation = shapes @ shapes.T
    np.fill_diagonal(correlation, 0.0)
    mean = float(correlation.sum()) / max(many * (many - 1), 1)
    found: Floats = np.full(many, math.sqrt(max(mean, 0.0)))
    for _ in range(ROUNDS):
        squares = np.square(found)
        rest = squares.sum() - squares
        wanted = np.divide(correlation @ found, rest, out=np.zeros(many), where=rest > 1e-12)
        found = np.clip((found + wanted) / 2, 0.0, MOST_SHARED)
    return found


def language_correlation(of_sum: float, squares: float, errors: float, languages: int) -> float:
    r"""Return :math:`\rho` such that :math:`(1-\rho) \sum s_l^2 + \rho (\sum s_l)^2` is the variance of the sum.

    Args:
        of_sum: That variance.
        squares: Sum of the squared standard errors.
        errors: Sum of the standard errors.
        languages: How many. No correlation is below :math:`-1/(L-1)`, so that no selection has a negative variance.
    """
    crossed = errors**2 - squares
    if crossed <= 1e-12 * max(squares, 1e-300):
        return 0.0
    return min(1.0, max(-1 / (languages - 1), (of_sum - squares) / crossed))
