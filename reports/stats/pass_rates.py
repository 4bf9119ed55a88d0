r"""What the best of k samples of an item is worth.

pass@k is the probability that at least one of k samples passes. With c of n samples passing it is estimated without
bias by :math:`1 - \binom{n-c}{k} / \binom{n}{k}` (Chen et al. 2021, arXiv 2107.03374, section 2.1); the expected mean
of k samples, mean@k, is the mean of all samples whatever k, and only its spread depends on k.

A system's pass@k is the mean of its items' estimates, with the same intervals as any mean score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from polyarena.reports.stats.groupings import Groupings
from polyarena.reports.stats.mean_scores import check_scores, mean_scores, metric_signature
from polyarena.reports.stats.seed_groups import SeedGroups
from polyarena.reports.stats.signature import CellsDigest
from polyarena.reports.stats.table import estimates_frame
from polyarena.tasks.errors import DataError
from polyarena.tasks.signature import Signature

_ITEM = ["task", "system", "language", "source_id", "item_id"]


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


def steps(samples: int) -> list[int]:
    """Return the k that are reported of so many samples: 2, 4, 8 and so on, and all of them; none of one sample.

    Example:
        >>> steps(5)
        [2, 4, 5]
    """
    powers = [1 << n for n in range(1, max(1, samples).bit_length())]
    return sorted({*powers, samples}) if samples > 1 else []


def pass_rates(
    scores: pd.DataFrame,
    *,
    confidence: float = 0.95,
    rounds: int = 10_000,
    seed: int = 0,
    groupings: Groupings | None = None,
    signatures: Mapping[tuple[str, str], Signature] | None = None,
    cells: CellsDigest | None = None,
    seeds: SeedGroups | None = None,
) -> pd.DataFrame:
    """Estimate pass@k of each system, task and language, and over languages, for every metric that passes or fails.

    A metric of a task has a pass@k if all of its values are 0 or 1 and every item has two samples or more; the k are
    :func:`steps` of the fewest samples that an item of any system has.

    Args:
        scores: Rows of :class:`polyarena.tasks.records.Score`, in any order.
        confidence: As in :func:`polyarena.reports.stats.mean_scores`.
        rounds: Likewise.
        seed: Likewise.
        groupings: Likewise.
        signatures: By task and metric, as in :func:`polyarena.reports.stats.mean_scores`; k is added.
        cells: Likewise.
        seeds: Likewise.

    Returns:
        Rows of :class:`polyarena.reports.records.Estimate` with the metric ``<metric>@k`` (such as ``acc@4``); empty if
        nothing was sampled twice.

    Raises:
        DataError: As :func:`polyarena.reports.stats.mean_scores`.

    Example:
        >>> pass_rates(scores)[["system", "metric", "group", "value", "low", "high"]]  # doctest: +SKIP
    """
    check_scores(scores)
    found = []
    for (task, metric), own in scores.groupby(["task", "metric"], sort=True):
        summed = "statistics" in own and own["statistics"].notna().any()
        if summed or not own["value"].isin([0, 1]).all():
            continue
        grouped = own.sort_values([*_ITEM, "sample_index"]).groupby(_ITEM, sort=True)
        counts = grouped.agg(n=("value", "size"), passed=("value", "sum"), signature=("signature", "first"))
        for k in steps(int(counts["n"].min())):
            stated = (signatures or {}).get((str(task), str(metric))) or metric_signature(own["signature"])
            name, signature = f"{metric}@{k}", stated.with_({"pass@k": k})
            values = [pass_at_k(int(n), int(c), k) for n, c in zip(counts["n"], counts["passed"], strict=True)]
            items = counts.reset_index().assign(value=values, metric=name, sample_index=0).drop(columns=["n", "passed"])
            named = {(str(task), name): signature}
            found.append(
                mean_scores(
                    items,
                    confidence=confidence,
                    rounds=rounds,
                    seed=seed,
                    groupings=groupings,
                    signatures=named,
                    cells=cells,
                    seeds=seeds,
                )
            )
    return pd.concat(found, ignore_index=True) if found else estimates_frame([])
