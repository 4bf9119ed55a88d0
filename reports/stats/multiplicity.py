r"""Many looks at once: adjusted p-values and simultaneous bands.

Of 23 languages without any difference, about one shows one at 5%. Adjusted p-values and simultaneous bands hold their
level for all languages together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from polyarena.reports.stats.resampling import Floats, Integers, Product, exact_grid, resample_weights

Adjustment = Literal["holm", "benjamini-yekutieli"]


def adjust(p_values: Sequence[float], method: Adjustment = "holm") -> list[float]:
    r"""Return p-values adjusted for their number m, in the order given.

    * ``holm`` (Holm 1979, Scandinavian Journal of Statistics 6, 65-70) bounds the probability of any false alarm, under
      any dependence: with :math:`p_{(1)} \le \ldots \le p_{(m)}`,
      :math:`\tilde p_{(i)} = \max_{j \le i} \min(1, (m - j + 1) p_{(j)})`.
    * ``benjamini-yekutieli`` (Benjamini and Yekutieli 2001, Annals of Statistics 29, theorem 1.3) bounds the expected
      share of false alarms among all alarms, under any dependence:
      :math:`\tilde p_{(i)} = \min_{j \ge i} \min(1, \tfrac{m}{j} p_{(j)} \sum_{k=1}^m \tfrac1k)`.

    Args:
        p_values: Each in [0, 1]; may be empty.
        method: What is bounded.

    Raises:
        ValueError: A p-value is no number in [0, 1], or there is no such method.

    Example:
        >>> [round(p, 3) for p in adjust([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p-values must be numbers from 0 to 1")
    m = len(values)
    order = np.argsort(values, kind="stable")
    ranks = np.arange(1, m + 1)
    if method == "holm":
        raised = np.maximum.accumulate((m - ranks + 1) * values[order])
    elif method == "benjamini-yekutieli":
        harmonic = math.fsum(1 / k for k in range(1, m + 1))
        raised = np.minimum.accumulate((m * harmonic / ranks * values[order])[::-1])[::-1]
    else:
        raise ValueError(f"there is no adjustment {method!r}: use holm or benjamini-yekutieli")
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(raised, 1.0)
    return [float(p) for p in adjusted]


def largest_deviations(
    influence: Floats, errors: Floats, clusters: Sequence[str], labels: Integers, *, rounds: int, seed: int
) -> Floats:
    r"""Return :math:`\max_j |\delta^*_j| / SE_j` of every bootstrap round: the distribution of the largest of many t.

    :math:`\delta^*_j = \sum_i w_i u_{ij}` is the linearised deviation of estimate j; the multiplicities :math:`w_i` are
    the same for all j, so that the correlation of the estimates is in it (the single-step max-T procedure of Westfall
    and Young, *Resampling-Based Multiple Testing*, 1993). With n clusters the spread of a resample is short by
    :math:`\sqrt{(n-1)/n}`, which is put right.

    Args:
        influence: Shape (n clusters, k estimates).
        errors: Shape (k,); the standard errors. Estimates with none (0) never deviate.
        clusters: The n names, sorted.
        labels: Shape (n,); the strata.
        rounds: How many rounds.
        seed: Not negative.

    Returns:
        Shape (rounds,).
    """
    sizes = [influence.shape[1]]
    largest: Floats = largest_deviations_by_family(
        influence, errors, sizes, clusters, labels, rounds=rounds, seed=seed
    )[0]
    return largest


def largest_deviations_by_family(
    influence: Floats,
    errors: Floats,
    sizes: Sequence[int],
    clusters: Sequence[str],
    labels: Integers,
    *,
    rounds: int,
    seed: int,
) -> Floats:
    """Return what :func:`largest_deviations` returns of each of several families of estimates, to the same bits.

    All families share the resamples, which are drawn once.

    Args:
        influence: Shape (n clusters, k estimates), family after family.
        errors: Shape (k,).
        sizes: How many estimates each family has; they add up to k.
        clusters: As in :func:`largest_deviations`.
        labels: Likewise.
        rounds: Likewise.
        seed: Likewise.

    Returns:
        Shape (families, rounds).
    """
    known = errors > 0
    scaled = np.zeros_like(influence)
    scaled[:, known] = influence[:, known] / errors[known]
    families = np.repeat(np.arange(len(sizes)), sizes)
    strata = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    touched = np.array([scaled[rows].any(axis=0) for rows in strata]).reshape(len(strata), -1)
    # Estimates of several strata, such as gaps between languages with prompts of their own, are summed over these.
    joined = np.isin(families, families[touched.sum(axis=0) > 1])
    sums = np.zeros((int(joined.sum()), rounds))
    largest = np.zeros((len(sizes), rounds))
    for rows, here in zip(strata, touched, strict=True):
        columns = np.flatnonzero(here)
        if not len(columns):
            continue
        exact = exact_grid(scaled[np.ix_(rows, columns)] * math.sqrt(len(rows) / max(1, len(rows) - 1)))
        product = Product(exact)
        alone, place = ~joined[columns], np.cumsum(joined)[columns] - 1
        starts = np.flatnonzero(np.diff(families[columns[alone]], prepend=-1))
        start = 0
        for weights in resample_weights([clusters[int(i)] for i in rows], rounds, seed, columns=len(columns)):
            part, deviations = slice(start, start + len(weights)), product.of(weights)
            if len(starts):
                highest = np.maximum.reduceat(np.abs(deviations[:, alone]), starts, axis=1)
                own = families[columns[alone]][starts]
                largest[own, part] = np.maximum(largest[own, part], highest.T)
            sums[place[~alone], part] += deviations[:, ~alone].T
            start += len(weights)
    for family in np.unique(families[joined]):
        largest[family] = np.abs(sums[families[joined] == family]).max(axis=0)
    return largest
