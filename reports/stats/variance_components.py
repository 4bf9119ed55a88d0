r"""How much of the spread of values is noise: a judge's between repeats of a question, a system's between samples.

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

With :math:`n_i` samples of item i, the variance of a score within items is the mean square within, and the variance
between them is what remains of the mean square between after the samples' part (one-way analysis of variance; Searle,
Casella and McCulloch, *Variance Components*, 1992, section 3.6).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from statistics import fmean, harmonic_mean

import numpy as np
import pandas as pd

from polyarena.judges.collapse import SCORES
from polyarena.judges.records import GAME_SCHEMA, Label
from polyarena.reports.stats.resampling import Floats, Integers
from polyarena.reports.stats.validation import refuse_duplicates, refuse_values, require_columns

_KEY = ("judge", "task", "language", "item_id", "system_a", "system_b", "repeat")
_WHO = ["judge", "task", "language", "candidate", "baseline"]


@dataclass(frozen=True, slots=True)
class Noise:
    """The part of an item's value that asking again would draw anew.

    Attributes:
        variance: Of the value with one repeat.
        repeats: Repeats behind each value that was observed, as their harmonic mean; at least 1.
    """

    variance: float
    repeats: float


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
        repeats: Verdicts of each item and order, as their harmonic mean; ``None`` without any.
    """

    between: float | None
    order: float | None
    repeat: float | None
    first_place: float | None
    items: int
    games: int
    repeats: float | None = None


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
    inverse = float((1 / counts).sum(axis=1).mean())
    half = (means[:, 0] - means[:, 1]) / 2
    if n < 2:
        return VarianceComponents(None, None, repeat, float(half.mean()), n, games, 2 / inverse)
    share = inverse * (repeat or 0.0)
    order = max(0.0, 2 * float(half.var(ddof=1)) - share / 2)
    between = max(0.0, float(means.mean(axis=1).var(ddof=1)) - order / 2 - share / 4)
    return VarianceComponents(between, order, repeat, float(half.mean()), n, games, 2 / inverse)


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


def pair_noise(components: pd.DataFrame, judge: str, task: str, systems: tuple[str, str]) -> Noise | None:
    """Return the judge's own noise in the comparison of two systems, over their languages.

    Args:
        components: From :func:`judge_noise`.
        judge: The judge.
        task: The task.
        systems: In any order.
    """
    candidate, baseline = sorted(systems)
    names = {"judge": judge, "task": task, "candidate": candidate, "baseline": baseline}
    own = components[(components[list(names)] == pd.Series(names)).all(axis=1)].dropna(subset=["repeat", "repeats"])
    return mean_noise(Noise(repeat / 2, repeats) for repeat, repeats in own[["repeat", "repeats"]].to_numpy().tolist())


def sample_noise(values: Floats, items: Integers) -> Noise | None:
    """Return how much the samples of one item vary.

    Args:
        values: Shape (n,), finite; of one system.
        items: Shape (n,); the item of each value.

    Returns:
        The noise of one sample, or ``None`` if no item has two.
    """
    _, place, sizes = np.unique(items, return_inverse=True, return_counts=True)
    if len(values) == len(sizes):
        return None
    means = np.bincount(place, weights=values) / sizes
    within = float(((values - means[place]) ** 2).sum() / (len(values) - len(sizes)))
    return Noise(within, 1 / float((1 / sizes).mean()))


def mean_noise(found: Iterable[Noise | None]) -> Noise | None:
    """Return the noise of several languages, each with the same weight; those of which nothing is known are left out.

    Returns:
        The mean variance and the harmonic mean of the repeats; ``None`` if nothing is known of any.
    """
    known = [each for each in found if each is not None]
    if not known:
        return None
    return Noise(fmean(each.variance for each in known), harmonic_mean(each.repeats for each in known))
