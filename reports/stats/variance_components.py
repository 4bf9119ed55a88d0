r"""How much of a win rate's error is the judge's own, and how many repeats a budget should buy.

The score of item i in order o (who is shown first) and repeat k is :math:`\mu \pm \delta + a_i + g_{io} + e_{iok}`:
items differ (:math:`\sigma_a^2`), the first place helps every candidate alike (:math:`\delta`, which two orders cancel)
and some answers more than others (:math:`\sigma_g^2`), and the same question asked again may get another answer
(:math:`\sigma_e^2`). With the mean :math:`\bar y_{io}` of :math:`k_{io}` repeats and
:math:`\kappa = \mathrm{mean}(1/k_{i0} + 1/k_{i1})`, the moments are

.. math::

   E[\text{mean square within } (i,o)] = \sigma_e^2, \qquad
   4\,\mathrm{Var}\!\left(\tfrac{\bar y_{i0} - \bar y_{i1}}{2}\right) = 2\sigma_g^2 + \kappa\sigma_e^2, \qquad
   \mathrm{Var}\!\left(\tfrac{\bar y_{i0} + \bar y_{i1}}{2}\right) =
   \sigma_a^2 + \tfrac12\sigma_g^2 + \tfrac14\kappa\sigma_e^2

and the estimates solve them (analysis of variance; negative ones become 0). A win rate from n items, both orders and K
repeats has the variance :math:`(\sigma_a^2 + \sigma_g^2/2 + \sigma_e^2/2K)/n`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from polyarena.judges.collapse import SCORES
from polyarena.judges.records import GAME_SCHEMA, Label
from polyarena.reports.stats.resampling import Floats, Integers
from polyarena.reports.stats.validation import refuse_duplicates, refuse_values, require_columns
from polyarena.tasks.errors import DataError

MOST_REPEATS = 50

_KEY = ("judge", "task", "language", "item_id", "system_a", "system_b", "repeat")
_WHO = ["judge", "task", "language", "candidate", "baseline"]


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """Where the variance of a judge's scores comes from.

    Attributes:
        between: Variance between items; ``None`` with fewer than two items judged in both orders.
        order: Variance of the order's effect from item to item. Without repeats it holds the repeats' variance too.
        repeat: Variance between repeats of one question; ``None`` if nothing was repeated.
        first_place: Half the mean advantage of being shown first, in points of score.
        items: Items judged in both orders.
        games: Games with a verdict among these.
    """

    between: float | None
    order: float | None
    repeat: float | None
    first_place: float | None
    items: int
    games: int

    def error(self, items: int, repeats: int = 1) -> float:
        """Return the standard error of a win rate with so many items, both orders and so many repeats of each.

        Raises:
            DataError: The parts of the variance are not known.
        """
        if self.between is None or self.order is None or (self.repeat is None and repeats > 1):
            raise DataError(
                f"the error with {repeats} repeats is not known",
                why="too few items were judged in both orders, or none was judged twice in one",
                fix="judge some items again: repeats of 2 for 50 items are enough to begin with",
            )
        return math.sqrt((self.between + self.order / 2 + (self.repeat or 0.0) / (2 * repeats)) / items)


@dataclass(frozen=True, slots=True)
class RepeatPlan:
    """How to spend a budget on items and repeats.

    Attributes:
        repeats: Judgments of each order.
        items: Items that the budget buys with them.
        standard_error: Of the win rate.
    """

    repeats: int
    items: int
    standard_error: float


def variance_components(scores: Floats, items: Integers, swapped: Integers) -> VarianceComponents:
    """Split the variance of games' scores.

    Args:
        scores: Shape (games,), finite; of the candidate.
        items: Shape (games,); the item of each game.
        swapped: Shape (games,); 0 where the candidate was shown first, 1 where second.
    """
    _, item = np.unique(items, return_inverse=True)
    cell = 2 * item + swapped
    count = np.bincount(cell, minlength=2 * (item.max(initial=-1) + 1)).reshape(-1, 2)
    both = np.asarray((count > 0).all(axis=1))
    kept = both[item] if len(item) else np.zeros(0, dtype=np.bool_)
    n, games = int(both.sum()), int(kept.sum())
    if n == 0:
        return VarianceComponents(None, None, None, None, 0, 0)
    total = np.bincount(cell, weights=scores, minlength=count.size).reshape(-1, 2)
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    spare = int((count - 1).clip(0).sum())
    inside = float(((scores - mean.ravel()[cell]) ** 2).sum())
    repeat = inside / spare if spare else None
    means, counts = mean[both], count[both]
    half = (means[:, 0] - means[:, 1]) / 2
    if n < 2:
        return VarianceComponents(None, None, repeat, float(half.mean()), n, games)
    share = float((1 / counts).sum(axis=1).mean()) * (repeat or 0.0)
    order = max(0.0, 2 * float(half.var(ddof=1)) - share / 2)
    between = max(0.0, float(means.mean(axis=1).var(ddof=1)) - order / 2 - share / 4)
    return VarianceComponents(between, order, repeat, float(half.mean()), n, games)


def judge_noise(games: pd.DataFrame) -> pd.DataFrame:
    """Split the variance of each judge's games, by task, language and pair of systems.

    Args:
        games: Rows of :class:`polyarena.judges.records.Game`, in any order; those without a verdict are left out. A
            graded verdict counts with its ``score``, any other with its label's. Where systems gave several samples of
            an item, what is called a repeat may be of another sample: the samples' variance is then part of it.

    Returns:
        One row for each judge, task, language and pair (``candidate`` is the first by name) with the attributes of
        :class:`VarianceComponents`.

    Raises:
        DataError: A column is missing, a game occurs twice, or a label is unknown.

    Example:
        >>> noise = judge_noise(games)  # doctest: +SKIP
        >>> noise[["judge", "language", "between", "order", "repeat"]]  # doctest: +SKIP
    """
    require_columns(games, GAME_SCHEMA.names[:9], "games")
    refuse_duplicates(games, _KEY, "games")
    known = {str(label): score for label, score in SCORES.items()}
    refuse_values(games, ~games["label"].isin(known), "unknown label", _KEY, "label")
    valid = games[games["label"] != Label.INVALID].sort_values(list(_KEY))
    score = valid["label"].map(known).to_numpy(dtype=np.float64)
    if "score" in valid:
        score = valid["score"].astype("float64").fillna(pd.Series(score, index=valid.index)).to_numpy()
    swapped = (valid["system_a"] > valid["system_b"]).to_numpy(dtype=np.bool_)
    told = valid.assign(
        candidate=valid["system_b"].where(swapped, valid["system_a"]),
        baseline=valid["system_a"].where(swapped, valid["system_b"]),
        score=np.where(swapped, 1.0 - score, score),
        swapped=swapped.astype(np.int64),
    )
    rows = []
    for key, own in told.groupby(_WHO, sort=True):
        found = variance_components(
            own["score"].to_numpy(dtype=np.float64), own["item_id"].factorize(sort=True)[0], own["swapped"].to_numpy()
        )
        rows.append({**dict(zip(_WHO, map(str, key), strict=True)), **asdict(found)})
    return pd.DataFrame(rows, columns=[*_WHO, *(field.name for field in fields(VarianceComponents))])


def best_repeats(
    noise: VarianceComponents | pd.DataFrame,
    *,
    budget: float,
    game_price: float = 1.0,
    item_price: float = 0.0,
    most_items: int | None = None,
) -> list[RepeatPlan]:
    """Return what a budget buys with 1 to 50 repeats, the smallest standard error first.

    New items tell more than repeats unless items cost much or run out: then repeats are what is left to buy.

    Args:
        noise: One row of :func:`judge_noise` (a frame that holds no other), or what
            :func:`variance_components` returns; with repeats.
        budget: In the unit of the prices.
        game_price: Of one judgment; above 0.
        item_price: Of what an item costs beside its judgments, such as two completions.
        most_items: How many items there are, if they are limited.

    Raises:
        DataError: The budget buys fewer than two items, a price has no meaning, the noise of repeats is not known, or
            the frame has not one row.

    Example:
        >>> best_repeats(VarianceComponents(0.1, 0.05, 0.02, 0.0, 50, 200), budget=400, most_items=50)[0].repeats
        4
    """
    if isinstance(noise, pd.DataFrame):
        noise = _only_row(noise)
    if game_price <= 0 or item_price < 0:
        raise DataError("a price has no meaning", why="games cost more than 0 and items not less")
    plans = []
    for repeats in range(1, MOST_REPEATS + 1):
        affordable = math.floor(budget / (item_price + 2 * repeats * game_price) + 1e-9)
        items = affordable if most_items is None else min(affordable, most_items)
        if items < 2:
            break
        plans.append(RepeatPlan(repeats, items, noise.error(items, repeats)))
    if not plans:
        raise DataError(
            f"a budget of {budget:g} buys fewer than two items",
            why=f"one costs {item_price + 2 * game_price:g} in both orders",
        )
    return sorted(plans, key=lambda plan: (plan.standard_error, plan.repeats))


def _only_row(frame: pd.DataFrame) -> VarianceComponents:
    names = [field.name for field in fields(VarianceComponents)]
    require_columns(frame, names, "noise")
    if len(frame) != 1:
        raise DataError(
            f"the noise of {len(frame)} comparisons",
            why="a budget is planned for one judge, task, language and pair",
            fix="take one row of it, such as noise.head(1)",
        )
    row: dict[str, Any] = {name: None if pd.isna(frame[name].iloc[0]) else frame[name].iloc[0] for name in names}
    return VarianceComponents(**row)
