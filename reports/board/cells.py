r"""The approximate method: what it keeps of item values, and averages of cells.

Of cells, :math:`s^2 = \frac1{L^2}\left[(1-\rho) \sum s_l^2 + \rho \left(\sum s_l\right)^2\right]` with one correlation
:math:`\rho` of a system's languages.

Shares get Wilson's interval with :math:`n_e = p(1-p)/v`, where :math:`v` is the square error that the exact method's
interval (:func:`polyarena.reports.stats.score_interval.effective_n`) amounts to: it allows for few items and for
values that hardly differ. :math:`v_l` is kept of each cell, so that intervals of one language are the exact ones. Of
averages over l of L languages, :math:`v` follows from the :math:`v_l` by the formula above, times
:math:`1 + (\kappa - 1)\frac{1-1/l}{1-1/L}`; :math:`\kappa` makes the interval of the average over all languages the
exact one. Other values have :math:`t\,s`.

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
"""At which the square errors of intervals are computed; they hardly depend on it."""

ROUNDS = 200
"""Of the fit of loadings."""


def mean_variance(errors: Floats, correlation: Floats) -> Floats:
    """Return the variance of means over languages from the errors of cells, shape (systems, languages)."""
    sums, squares = errors.sum(axis=1), np.square(errors).sum(axis=1)
    found: Floats = ((1 - correlation) * squares + correlation * sums**2) / errors.shape[1] ** 2
    return found


def cell_interval(
    value: float,
    variance: float,
    bounded: bool,
    confidence: float,
    *,
    freedom: float,
    noise: float,
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
        noise: Of shares, the square error that the interval is made of; NaN where it is not known.
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
    spent = noise if math.isfinite(noise) else variance
    # Wins and losses vary most of all values with a mean, so n items are never worth less than clusters.
    n = max(share * (1 - share) / spent, clusters) if spent > 0 else clusters
    low, high = wilson_interval(share, n, confidence, continuity=CONTINUITY / max(items, 1))
    return error, low, high


def interval_noise(value: float, low: float, high: float, items: int, confidence: float) -> float:
    """Return the square error that made Wilson's interval of a share what it is; NaN where it cannot be known."""
    if not (math.isfinite(low) and math.isfinite(high)) or not 0 < value < 1:
        return math.nan
    least, most = 1e-3, 1e9
    for _ in range(100):
        middle = math.sqrt(least * most)
        ends = wilson_interval(value, middle, confidence, continuity=CONTINUITY / max(items, 1))
        least, most = (middle, most) if ends[1] - ends[0] > high - low else (least, middle)
    return value * (1 - value) / most


def cells_of(table: ItemTable) -> CellTable:
    """Return what the approximate method keeps of item values."""
    systems = tuple(sorted({system for system, _ in table.places}))
    languages = tuple(sorted({language for _, language in table.places}))
    shape = (len(systems), len(languages))
    data = table.data
    values, errors, noise, n = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    clusters, correlation, adjustment = np.zeros(len(systems)), np.zeros(len(systems)), np.ones(len(systems))
    totals = np.zeros((len(systems), len(data.clusters)))
    for i, system in enumerate(systems):
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
                if table.bounded:
                    labels = np.zeros(size, dtype=np.int64)
                    own = _noise(values[i, j], pulls[counts > 0], labels, square, int(n[i, j]), float(size))
                    noise[i, j] = math.sqrt(own)
        clusters[i] = np.count_nonzero(seen)
        known = errors[i][np.isfinite(errors[i])]
        of_sum = float(np.square(totals[i]).sum())
        correlation[i] = language_correlation(of_sum, float(np.square(known).sum()), float(known.sum()), len(known))
        adjustment[i] = noise_adjustment(noise[i], correlation[i], _average_noise(table, system))
    return CellTable(
        systems, languages, values, errors, n, clusters, correlation, noise, adjustment, loadings(totals), table.bounded
    )


def noise_adjustment(noise: Floats, correlation: float, of_average: float) -> float:
    r"""Return :math:`\kappa`, what the square error of the average over all languages is, divided by that of its cells.

    Args:
        noise: Shape (languages,); roots of the square errors of intervals, NaN where unknown.
        correlation: Between languages.
        of_average: The square error of the average's interval; NaN where unknown.
    """
    known = noise[np.isfinite(noise)][None, :]
    if not math.isfinite(of_average) or known.size < 2:
        return 1.0
    combined = float(mean_variance(known, np.array([correlation]))[0])
    return of_average / combined if combined > 0 else 1.0


def average_noise(cells: CellTable, rows: Sequence[int], places: Sequence[int]) -> Floats:
    """Return the square errors that intervals of averages are made of, shape (rows,).

    Args:
        cells: Of the column.
        rows: Of systems.
        places: Of the languages that are averaged.
    """
    every = np.isfinite(cells.values[rows]).sum(axis=1)
    share = np.divide(1 - 1 / len(places), 1 - 1 / every, out=np.ones(len(rows)), where=every > 1)
    combined = mean_variance(cells.noise[np.ix_(rows, places)], cells.correlation[rows])
    found: Floats = combined * (1 + np.minimum(share, 1.0) * (cells.adjustment[rows] - 1))
    return found


def _noise(value: float, pulls: Floats, labels: Integers, variance: float, items: int, clusters: float) -> float:
    """Return the square error that an interval is made of; 0 where the share is 0 or 1."""
    spread = value * (1 - value)
    if spread <= 0:
        return 0.0
    return spread / effective_n(
        value, pulls, labels, variance=variance, items=items, confidence=CONFIDENCE, clusters=clusters
    )


def _average_noise(table: ItemTable, system: str) -> float:
    """Return that of the average over all languages of a system; NaN where it has no interval."""
    if not table.bounded:
        return math.nan
    places = [place for (name, _), place in sorted(table.places.items()) if name == system]
    found = contrast(table.data, dict.fromkeys(places, 1 / len(places)))
    labels = strata(table.data.counts[:, places][found.present] > 0)
    pulls = found.influence[found.present]
    sizes = np.bincount(labels)
    if (sizes < 2).any():
        return math.nan
    variance = math.fsum(
        size / (size - 1) * math.fsum((pulls[labels == label] ** 2).tolist()) for label, size in enumerate(sizes)
    )
    return _noise(found.value, pulls, labels, variance, found.n, found.clusters)


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
