r"""How far two raters agree beyond chance, from tables of weighted counts, with cluster bootstrap intervals.

Let :math:`p_{ck}` be the share of units that the first rater puts into category c and the second into k, :math:`p_o`
the sum of the diagonal, :math:`r_c` and :math:`s_k` the sums of rows and columns, q the number of categories.

* ``raw``: :math:`p_o`.
* ``cohen``: :math:`(p_o - p_e)/(1 - p_e)` with :math:`p_e = \sum_c r_c s_c` (Cohen 1960, *Educational and
  Psychological Measurement* 20).
* ``gwet``: AC1, the same with :math:`p_e = \sum_c \pi_c (1 - \pi_c)/(q - 1)`, :math:`\pi_c = (r_c + s_c)/2` (Gwet 2008,
  *British Journal of Mathematical and Statistical Psychology* 61). It does not collapse when nearly all units are in
  one category, as Cohen's does.
* ``krippendorff``: alpha with the ordinal metric, :math:`1 - D_o/D_e`, from the coincidences
  :math:`o_{ck} = w_{ck} + w_{kc}` and their margins :math:`n_c` (Krippendorff, *Computing Krippendorff's
  Alpha-Reliability*, 2011): categories are ordered, and a win taken for a loss is worse than a win taken for a tie.

An undefined coefficient (all units in one category) is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyarena.reports.stats.intervals import FEWEST_CLUSTERS, expanded_tail, interval, percentile_interval
from polyarena.reports.stats.resampling import resample_weights
from polyarena.reports.stats.score_interval import equal_clusters

Floats = NDArray[np.float64]
COEFFICIENTS = ("raw", "cohen", "krippendorff", "gwet")
MOST_UNDEFINED = 0.05
"""Share of bootstrap rounds in which a coefficient may be undefined; beyond it there is no interval."""
NO_SPREAD = 1e-12
"""Replicates that differ by less are the same number."""
ROUNDS = 2_000
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient with its interval; ``None`` where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


def coefficients(tables: Floats) -> dict[str, Floats]:
    """Return every coefficient of each table.

    Args:
        tables: Shape (..., q, q): weighted counts, categories in their order.

    Returns:
        By the names of :data:`COEFFICIENTS`: shape (...), NaN where undefined.
    """
    total = tables.sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = tables / total[..., None, None]
        agreed = np.einsum("...cc->...", tables) / total
        rows, columns = shares.sum(axis=-1), shares.sum(axis=-2)
        mean = (rows + columns) / 2
        by_chance = (rows * columns).sum(axis=-1)
        gwet = (mean * (1 - mean)).sum(axis=-1) / (tables.shape[-1] - 1)
        return {
            "raw": agreed,
            "cohen": _beyond(agreed, by_chance),
            "krippendorff": _krippendorff(tables),
            "gwet": _beyond(agreed, gwet),
        }


def fleiss(counts: Floats) -> float | None:
    r"""Return Fleiss' kappa (Fleiss 1971, *Psychological Bulletin* 76).

    Args:
        counts: Shape (units, categories): how many of the same number (2 or more) of raters chose each.

    Returns:
        ``None`` if there is no unit, or all raters always chose the same category.

    Raises:
        ValueError: Units have different numbers of raters, or fewer than two.
    """
    if not len(counts):
        return None
    raters = counts.sum(axis=1)
    if raters.min() != raters.max() or raters[0] < 2:
        raise ValueError("every unit needs the same number of raters, 2 or more")
    n = float(raters[0])
    agreed = float(((counts * (counts - 1)).sum(axis=1) / (n * (n - 1))).mean())
    by_chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return None if math.isclose(by_chance, 1.0) else (agreed - by_chance) / (1 - by_chance)


def estimate_agreement(
    tables: Floats,
    clusters: Sequence[str],
    *,
    confidence: float = 0.95,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> dict[str, Coefficient]:
    """Return every coefficient over all units, with its interval.

    ``raw``, a share, has the score interval of :func:`polyarena.reports.stats.intervals.interval`; the others have the
    expanded percentile interval from resampled clusters, and none where there are fewer than 8 clusters or no round of
    the bootstrap differs: perfect agreement on a few units does not say what other units would have shown.

    Args:
        tables: Shape (units, q, q); the weight of each unit, usually 1, on its pair of categories.
        clusters: The ``source_id`` of each unit.
        confidence: Nominal, two-sided.
        rounds: Of the bootstrap.
        seed: Not negative.

    Returns:
        By the names of :data:`COEFFICIENTS`.
    """
    if not len(tables):
        return {name: Coefficient(None, None, None) for name in COEFFICIENTS}
    names, places = np.unique(np.array(clusters, dtype=str), return_inverse=True)
    sums = np.zeros((len(names), *tables.shape[1:]))
    np.add.at(sums, places, tables)
    values = coefficients(sums.sum(axis=0))
    replicates: dict[str, list[Floats]] = {name: [] for name in COEFFICIENTS}
    flat = sums.reshape(len(names), -1)
    if len(names) >= FEWEST_CLUSTERS:
        for weights in resample_weights([str(name) for name in names], rounds, seed, chunk=_CHUNK):
            drawn = coefficients((weights @ flat).reshape(-1, *tables.shape[1:]))
            for name in COEFFICIENTS:
                replicates[name].append(drawn[name])
    found = {name: _coefficient(float(values[name]), replicates[name], len(names), confidence) for name in COEFFICIENTS}
    return found | {"raw": _share(float(values["raw"]), sums, len(tables), confidence)}


def _share(value: float, sums: Floats, units: int, confidence: float) -> Coefficient:
    weights = sums.sum(axis=(-2, -1))
    influence = (np.einsum("ncc->n", sums) - value * weights) / weights.sum()
    labels = np.zeros(len(sums), dtype=np.int64)
    around = interval(
        value,
        influence,
        labels,
        None,
        items=units,
        bounded=True,
        confidence=confidence,
        clusters=equal_clusters(weights),
    )
    return Coefficient(value, around.low, around.high)


def _coefficient(value: float, drawn: Sequence[Floats], clusters: int, confidence: float) -> Coefficient:
    if math.isnan(value):
        return Coefficient(None, None, None)
    rounds = np.concatenate(drawn) if drawn else np.empty(0)
    defined = rounds[~np.isnan(rounds)]
    few = clusters < FEWEST_CLUSTERS or len(defined) < (1 - MOST_UNDEFINED) * len(rounds)
    if few or np.ptp(defined) < NO_SPREAD:
        return Coefficient(value, None, None)
    tail = expanded_tail(confidence, math.sqrt(clusters / (clusters - 1)), clusters - 1.0)
    return Coefficient(value, *percentile_interval(defined, tail))


def _beyond(agreed: Floats, by_chance: Floats) -> Floats:
    found = (agreed - by_chance) / (1 - by_chance)
    return np.asarray(np.where(np.isclose(by_chance, 1.0), np.nan, found), dtype=np.float64)


def _krippendorff(tables: Floats) -> Floats:
    coincidences = tables + np.swapaxes(tables, -2, -1)
    margins = coincidences.sum(axis=-1)
    total = margins.sum(axis=-1)
    # The ordinal distance of c and k: how many values lie between them, half of either's own included.
    before = np.cumsum(margins, axis=-1) - margins / 2
    distances = (before[..., :, None] - before[..., None, :]) ** 2
    observed = (coincidences * distances).sum(axis=(-2, -1)) / total
    expected = (margins[..., :, None] * margins[..., None, :] * distances).sum(axis=(-2, -1)) / (total * (total - 1))
    return np.asarray(np.where(expected > 0, 1 - observed / expected, np.nan), dtype=np.float64)
