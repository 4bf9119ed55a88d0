"""The default interval of many data sets at once: the formulas of ``reports/stats/score_interval.py`` on arrays.

One data set at a time takes 10 ms, and 4,000 in each of 54 cells too long. :func:`ends` is compared with the package's
own intervals in ``benchmarks/coverage.py``, cell by cell.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri, stdtrit
from simulate import Floats

from polyarena.reports.stats.score_interval import CAUTION, CONTINUITY, SPARED

Z = float(ndtri(0.975))


def ends(values: Floats, items: int, span: tuple[float, float] = (0.0, 1.0), added: Floats | None = None) -> Floats:
    """Return the ends of the 95% interval of the mean of each data set.

    Args:
        values: Shape (data sets, clusters); all clusters count alike.
        items: Values averaged, in all clusters together.
        span: Smallest and largest possible value.
        added: Shape (data sets,); variance of the added cluster, in the unit of the values squared.

    Returns:
        Shape (2, data sets).
    """
    low, high = span
    size, n = high - low, values.shape[1]
    mean = values.mean(axis=1)
    share = np.clip((mean - low) / size, 0, 1)
    influence = (values - mean[:, None]) / n / size
    variance = n / (n - 1) * (influence**2).sum(axis=1)
    many = max(items / n, 1.0)
    if added is None:
        smoothed = (n * share + 0.5) / (n + 1)
        extra = smoothed * (1 - smoothed) / math.sqrt(many)
    else:
        extra = added / size**2
    common = _modal_shares(influence)
    spread = share * (1 - share)
    inverse = _inverse_freedom(share, influence) + CAUTION * (1 - 1 / many) / ((1 - common) * n + SPARED)
    shrink = np.where(inverse > 0, Z / stdtrit(1 / np.clip(inverse, 1e-12, 1.0), 0.975), 1.0) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = spread / ((1 - 1 / n) * variance + common * extra / n**2) * shrink
    effective = np.where(spread <= 0, n, np.maximum(n, effective))
    moved = CONTINUITY / items / size
    shares = [_wilson(np.maximum(share - moved, 0), effective, -1), _wilson(np.minimum(share + moved, 1), effective, 1)]
    return np.array([np.minimum(mean, low + size * shares[0]), np.maximum(mean, low + size * shares[1])])


def _wilson(share: Floats, n: Floats, side: int) -> Floats:
    half = Z * np.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return np.clip((share + Z * Z / (2 * n) + side * half) / (1 + Z * Z / n), 0, 1)


def _modal_shares(influence: Floats) -> Floats:
    scale = np.abs(influence).max(axis=1, keepdims=True)
    ordered = np.sort(np.rint(influence / np.where(scale > 0, scale, 1) * 1e9), axis=1)
    found = np.empty(len(ordered))
    for i, row in enumerate(ordered):
        edges = np.flatnonzero(np.concatenate(([True], row[1:] != row[:-1], [True])))
        found[i] = np.diff(edges).max() / len(row)
    return found


def _inverse_freedom(share: Floats, influence: Floats) -> Floats:
    squares = influence**2
    total = squares.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        pull = (1 - 2 * share) / (share * (1 - share))
        varying = (squares - squares.mean(axis=1, keepdims=True)) / total[:, None] - pull[:, None] * influence
        noise = (varying**2).sum(axis=1)
    return np.where((total > 0) & (noise > 1e-12), np.minimum(1.0, noise / 2), 0.0)
