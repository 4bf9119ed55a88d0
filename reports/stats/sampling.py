r"""Several samples of each item: how much of the spread is the sampling, and what the best of k samples is worth.

With :math:`n_i` samples of item i, mean :math:`\bar y_i` and the one-way analysis of variance (Searle, Casella and
McCulloch, *Variance Components*, 1992, section 3.6), the variance within items is the mean square within, and the
variance between them is what remains of the mean square between after the sampling's part.

pass@k is the probability that at least one of k samples passes. With c of n samples passing it is estimated without
bias by :math:`1 - \binom{n-c}{k} / \binom{n}{k}` (Chen et al. 2021, arXiv 2107.03374, section 2.1); the expected mean
of k samples, mean@k, is the mean of all samples whatever k, and only its spread depends on k.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyarena.reports.stats.mean_scores import mean_scores
from polyarena.reports.stats.resampling import Floats, Integers
from polyarena.reports.stats.validation import finite, refuse_duplicates, refuse_values, require_columns
from polyarena.tasks.errors import DataError
from polyarena.tasks.records import SCORE_SCHEMA
from polyarena.tasks.signature import Signature

_SERIES = ["task", "metric", "system", "language"]
_KEY = ("system", "task", "metric", "language", "item_id", "sample_index")


@dataclass(frozen=True, slots=True)
class Spread:
    """The variance of one value, in two parts.

    Attributes:
        between: Variance of the items' own means; never negative.
        within: Variance of the samples of one item; ``None`` if no item has two.
        items: Items.
        samples: Mean number of samples of an item.
        standard_error: Of the mean over items, as it was sampled; ``None`` with one item.
    """

    between: float | None
    within: float | None
    items: int
    samples: float
    standard_error: float | None

    @property
    def note(self) -> str:
        """What is not known, and why; empty if nothing."""
        if self.items < 2:
            return "one item only: no variance between items"
        return "" if self.within is not None else "no item has two samples: the variance between items holds both parts"


def spread_of(values: Floats, items: Integers) -> Spread:
    """Split the variance of values into between and within items.

    Args:
        values: Shape (n,), finite, n at least 1.
        items: Shape (n,); the item of each value.
    """
    _, place, sizes = np.unique(items, return_inverse=True, return_counts=True)
    groups, n = len(sizes), len(values)
    means = np.bincount(place, weights=values) / sizes
    error = float(means.std(ddof=1) / math.sqrt(groups)) if groups > 1 else None
    within = float(((values - means[place]) ** 2).sum() / (n - groups)) if n > groups else None
    between = None
    if groups > 1:
        square = float((sizes * (means - values.mean()) ** 2).sum() / (groups - 1))
        typical = (n - float((sizes**2).sum()) / n) / (groups - 1)
        between = max(0.0, (square - (within or 0.0)) / typical)
    return Spread(between, within, groups, n / groups, error)


def sampling_variance(scores: pd.DataFrame) -> pd.DataFrame:
    """Return how much scores vary between items and between samples of one item.

    Args:
        scores: Rows of :class:`polyarena.tasks.records.Score`, in any order.

    Returns:
        One row for each task, metric, system and language with ``between``, ``within`` (variances), ``items``,
        ``samples`` (mean number), ``standard_error`` and ``share_within``: the share of the squared standard error that
        more samples would remove; and ``note``. Where no item has two samples, ``within`` is missing and ``between``
        holds both parts.

    Raises:
        DataError: A column is missing, a score occurs twice or is not a finite number.

    Example:
        >>> sampling_variance(scores)  # doctest: +SKIP
    """
    _check(scores)
    rows = []
    ordered = scores.sort_values([*_SERIES, "item_id", "sample_index"])
    for key, own in ordered.groupby(_SERIES, sort=True):
        found = spread_of(own["value"].to_numpy(dtype=np.float64), own["item_id"].factorize(sort=True)[0])
        noise = None
        if found.within is not None and found.between is not None and found.between + found.within > 0:
            noise = found.within / found.samples / (found.between + found.within / found.samples)
        rows.append(
            {
                **dict(zip(_SERIES, map(str, key), strict=True)),
                "between": found.between,
                "within": found.within,
                "items": found.items,
                "samples": found.samples,
                "standard_error": found.standard_error,
                "share_within": noise,
                "note": found.note,
            }
        )
    names = ["between", "within", "items", "samples", "standard_error", "share_within", "note"]
    return pd.DataFrame(rows, columns=[*_SERIES, *names])


def pass_at_k(n: int, passed: int, k: int) -> float:
    """Estimate the probability that one of k samples passes, from n samples of which some did.

    Args:
        n: Samples.
        passed: Those that passed, 0 to n.
        k: 1 to n.

    Raises:
        DataError: k is larger than n (no unbiased estimate exists), or a number is out of its range.

    Example:
        >>> pass_at_k(5, 1, 2)
        0.4
    """
    if not 1 <= k <= n or not 0 <= passed <= n:
        raise DataError(
            f"pass@{k} with {passed} of {n} samples passing",
            why="k must be from 1 to the number of samples, and no more can pass than there are",
            fix="sample each item k times or more",
        )
    if n - passed < k:
        return 1.0
    return 1.0 - math.comb(n - passed, k) / math.comb(n, k)


def pass_rates(
    scores: pd.DataFrame,
    *,
    k: int,
    confidence: float = 0.95,
    rounds: int = 10_000,
    seed: int = 0,
    signatures: Mapping[tuple[str, str], Signature] | None = None,
) -> pd.DataFrame:
    """Estimate pass@k of each system, task and language, and over languages.

    Args:
        scores: Rows of :class:`polyarena.tasks.records.Score` with values 0 and 1, k or more samples of each item.
        k: Samples of which one must pass.
        confidence: As in :func:`polyarena.reports.stats.mean_scores`.
        rounds: Likewise.
        seed: Likewise.
        signatures: Likewise, by task and ``<metric>@k`` (such as ``acc@5``).

    Returns:
        Rows of :class:`polyarena.reports.records.Estimate` with the metric ``<metric>@k``.

    Raises:
        DataError: As :func:`polyarena.reports.stats.mean_scores`; a value is neither 0 nor 1; an item has fewer than k
            samples.

    Example:
        >>> pass_rates(scores, k=5)[["system", "group", "value", "low", "high"]]  # doctest: +SKIP
    """
    _check(scores)
    refuse_values(scores, ~scores["value"].isin([0, 1]), "pass@k needs values that are 0 or 1", _KEY, "value")
    ordered = scores.sort_values([*_SERIES, "item_id", "sample_index"])
    items = ordered.groupby([*_SERIES, "source_id", "item_id"], sort=True).agg(
        n=("value", "size"), passed=("value", "sum"), signature=("signature", "first")
    )
    items = items.reset_index()
    few = items["n"] < k
    refuse_values(items, few, f"pass@{k} needs {k} samples of each item", _KEY[:-1], "n")
    items["value"] = [pass_at_k(int(n), int(c), k) for n, c in zip(items["n"], items["passed"], strict=True)]
    items["metric"] = [f"{metric}@{k}" for metric in items["metric"]]
    items["signature"] = [str(Signature.parse(each).with_({"pass@k": k})) for each in items["signature"]]
    return mean_scores(
        items.assign(sample_index=0).drop(columns=["n", "passed"]),
        confidence=confidence,
        rounds=rounds,
        seed=seed,
        signatures=signatures,
    )


def _check(scores: pd.DataFrame) -> None:
    require_columns(scores, [field.name for field in SCORE_SCHEMA if not field.nullable], "scores")
    refuse_duplicates(scores, _KEY, "scores")
    refuse_values(scores, ~finite(scores["value"]), "a score is not a finite number", _KEY, "value")
