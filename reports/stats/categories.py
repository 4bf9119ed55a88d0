"""Scores by the category of the items, such as the culturally sensitive and the agnostic questions of Global-MMLU."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from polyarena.reports.stats.mean_scores import mean_scores, metric_signature
from polyarena.reports.stats.seed_groups import SeedGroups
from polyarena.reports.stats.signature import CellsDigest
from polyarena.reports.stats.table import estimates_frame
from polyarena.reports.stats.validation import require_columns
from polyarena.tasks.records import SCORE_SCHEMA
from polyarena.tasks.signature import Signature

LEVEL = "category"
"""The level of these estimates; their group is the category."""

MOST_CATEGORIES = 30
"""A task with more of them has labels of items, not parts to be reported."""


def category_scores(
    scores: pd.DataFrame,
    *,
    confidence: float = 0.95,
    rounds: int = 10_000,
    seed: int = 0,
    signatures: Mapping[tuple[str, str], Signature] | None = None,
    cells: CellsDigest | None = None,
    seeds: SeedGroups | None = None,
) -> pd.DataFrame:
    """Estimate the macro average over languages of each category of a task's items.

    Args:
        scores: Rows of :class:`polyarena.tasks.records.Score`, in any order; items without a category, and tasks with
            fewer than two or more than :data:`MOST_CATEGORIES`, are left out.
        confidence: Nominal and two-sided.
        rounds: Of the bootstrap.
        seed: Not negative; the same seed gives the same bytes.
        signatures: By (task, metric), as in :func:`polyarena.reports.stats.mean_scores`; the category is added.
        cells: Digest of all that the answers behind an estimate depend on, for its signature.
        seeds: Groups of seeds, as in :func:`polyarena.reports.stats.mean_scores`.

    Returns:
        Rows of :class:`polyarena.reports.records.Estimate` with the level ``category``; empty without categories.

    Raises:
        DataError: As :func:`polyarena.reports.stats.mean_scores` raises it.

    Example:
        >>> category_scores(scores)[["task", "group", "value", "low", "high"]]  # doctest: +SKIP
    """
    require_columns(scores, [field.name for field in SCORE_SCHEMA if not field.nullable], "scores")
    found = []
    parted = scores[scores["category"].notna()] if "category" in scores else scores.head(0)
    for task, rows in parted.groupby("task", sort=True):
        if not 2 <= rows["category"].nunique() <= MOST_CATEGORIES:
            continue
        for category, part in rows.groupby("category", sort=True):
            prefixes = {
                (str(task), str(metric)): Signature(
                    {
                        "settings": (signatures or {}).get((str(task), str(metric))) or metric_signature(own),
                        "category": category,
                    }
                )
                for metric, own in part.groupby("metric", sort=True)["signature"].unique().items()
            }
            frame = mean_scores(
                part,
                confidence=confidence,
                rounds=rounds,
                seed=seed,
                groupings={},
                signatures=prefixes,
                cells=cells,
                seeds=seeds,
            )
            average = frame[frame["level"] == "macro"]
            found.append(average.assign(level=LEVEL, group=str(category)))
    return pd.concat(found, ignore_index=True) if found else estimates_frame([])
