"""Win rates in which strong verdicts weigh more, as arena-hard-auto counts them; for comparison with such boards."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from polyarena.judges.collapse import SCORES
from polyarena.judges.records import GAME_SCHEMA, Label
from polyarena.reports.stats.intervals import interval
from polyarena.reports.stats.score_interval import equal_clusters
from polyarena.reports.stats.validation import refuse_duplicates, refuse_values, require_columns
from polyarena.tasks.errors import DataError

_KEY = ("judge", "task", "language", "item_id", "system_a", "system_b", "repeat")
_GROUP = ["judge", "task", "language"]
_NUMBERS = (
    "value", "standard_error", "low", "high", "n_clusters", "n_games", "n_invalid", "note", "strong_weight",
    "confidence",
)  # fmt: skip
_STRONG = (Label.A_MUCH, Label.B_MUCH)


def weighted_win_rates(
    games: pd.DataFrame, candidate: str, baseline: str, *, strong_weight: float = 3.0, confidence: float = 0.95
) -> pd.DataFrame:
    r"""Estimate a candidate's win rate by language, with strong verdicts (``>>``) weighing ``strong_weight`` games.

    The rate is :math:`\sum w s / \sum w` over games, ties counting half: what arena-hard-auto's Bradley-Terry model
    gives with one baseline. Its interval here is that of a ratio of sums over prompts, which stay whole. With
    ``strong_weight=1`` and as many games for each item it is the win rate.

    Args:
        games: Rows of :class:`polyarena.judges.records.Game` between the two systems.
        candidate: The system that the rate is about.
        baseline: The other one.
        strong_weight: Games that one strong verdict counts as; above 0.
        confidence: Nominal, two-sided.

    Returns:
        One row for each judge, task and language: ``value``, ``standard_error``, ``low``, ``high``, ``n_clusters``,
        ``n_games`` (with a verdict), ``n_invalid``, ``strong_weight``, ``confidence``, ``note``. Without any verdict
        the numbers are NaN and the note says so.

    Raises:
        DataError: A column is missing, a game occurs twice or is between other systems, a label is unknown, or
            ``strong_weight`` is not above 0.

    Example:
        >>> weighted_win_rates(games, "ours", "theirs")[["language", "value", "low", "high"]]  # doctest: +SKIP
    """
    require_columns(games, GAME_SCHEMA.names[:9], "games")
    refuse_duplicates(games, _KEY, "games")
    one, other = games["system_a"], games["system_b"]
    between = ((one == candidate) & (other == baseline)) | ((one == baseline) & (other == candidate))
    refuse_values(games, ~between.astype(bool), f"a game is not between {candidate} and {baseline}", _KEY, "system_a")
    known = {str(label): score for label, score in SCORES.items()}
    refuse_values(games, ~games["label"].isin(known), "unknown label", _KEY, "label")
    if not 0 < strong_weight < math.inf:
        raise DataError(f"strong_weight is {strong_weight:g}", why="it must be above 0")
    score = games["label"].map(known).to_numpy(dtype=np.float64)
    score = np.where(games["system_a"] == candidate, score, 1.0 - score)
    weight = np.where(games["label"].isin(_STRONG), strong_weight, 1.0) * (games["label"] != Label.INVALID)
    told = games.assign(points=np.nan_to_num(score) * weight, weight=weight)
    rows = [
        {
            **dict(zip(_GROUP, map(str, key), strict=True)),
            **_estimate(own, confidence),
            "strong_weight": strong_weight,
            "confidence": confidence,
        }
        for key, own in told.groupby(_GROUP, sort=True)
    ]
    return pd.DataFrame(rows, columns=[*_GROUP, *_NUMBERS])


def _estimate(own: pd.DataFrame, confidence: float) -> dict[str, float | int | str | None]:
    sums = own.groupby("source_id", sort=True)[["points", "weight"]].sum()
    sums = sums[sums["weight"] > 0]
    counts = {
        "n_clusters": len(sums),
        "n_games": int((own["weight"] > 0).sum()),
        "n_invalid": int((own["weight"] == 0).sum()),
    }
    if sums.empty:
        nothing = dict.fromkeys(("value", "standard_error", "low", "high"), math.nan)
        return {**nothing, **counts, "note": "no game has a verdict"}
    points, weight = (sums[name].to_numpy(dtype=np.float64) for name in ("points", "weight"))
    value = math.fsum(points) / math.fsum(weight)
    around = interval(
        value,
        (points - value * weight) / weight.sum(),
        np.zeros(len(sums), dtype=np.int64),
        None,
        items=len(sums),
        bounded=True,
        confidence=confidence,
        clusters=equal_clusters(weight),
    )
    found = {"value": value, "standard_error": around.standard_error, "low": around.low, "high": around.high}
    return {**found, **counts, "note": around.note}
