r"""From the values of two runs to the differences of paired items.

A difference is candidate minus baseline in *points*: hundredths of the metric's range, turned around where lower is
better, so that below 0 is always worse. For a metric of a whole corpus (BLEU, chrF) the difference of cluster i is its
jackknife pseudo-value, :math:`n (u_i^{new} - u_i^{old}) + D` with the influences :math:`u_i` and the difference D of
the scores (:mod:`polyarena.reports.stats.corpus`); their mean is D.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyarena.reports.stats.corpus import cluster_statistics
from polyarena.reports.stats.resampling import Floats, Integers
from polyarena.reports.stats.validation import corpus_formula, refuse_duplicates, require_columns
from polyarena.tasks.errors import DataError

KEY = ("task", "metric", "judge", "language", "item_id")
COLUMNS = (*KEY, "source_id", "value")
"""What a frame of item values has; ``judge`` is null for scores, ``value`` where an item has none. A frame may have
``statistics`` for metrics of a corpus."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The range and direction of a metric.

    Attributes:
        low: The least value.
        high: The greatest value; above ``low`` and finite.
        higher_is_better: Whether more of it is better.
    """

    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool = True

    @property
    def points(self) -> float:
        """Points in one unit of the metric, negative where lower is better."""
        size = 100.0 / (self.high - self.low)
        return size if self.higher_is_better else -size


@dataclass(frozen=True)
class ItemDifferences:
    """The paired items of one task, metric and judge.

    Attributes:
        task: Task name.
        metric: Metric name, ``win_rate`` for battles.
        judge: The judge, or ``None``.
        clusters: The n ``source_id``, sorted.
        languages: The k languages that both runs have, sorted.
        sums: Shape (n, k): the sum of the differences of a cluster's items, in points.
        counts: Shape (n, k): its paired items.
        differing: Shape (n, k): its paired items with different values.
        baseline: Shape (k,): mean of the baseline on the paired items, in the metric's unit.
        candidate: Likewise.
        unknown: Shape (k,): items of either run that have no value on one side.
        expected: Shape (k,): items that the baseline has.
        single: Shape (k,): whether every cluster is one item and differences are 0 or the whole range, so that the
            exact distribution of wins and losses is known.
        missing: Languages that the baseline has and the candidate does not.
        added: Languages that only the candidate has.
        corpus: Whether the metric is one of a whole corpus, so that ``sums`` are pseudo-values.
        reach: The largest difference of two means that is possible, in points.
    """

    task: str
    metric: str
    judge: str | None
    clusters: tuple[str, ...]
    languages: tuple[str, ...]
    sums: Floats
    counts: Floats
    differing: Floats
    baseline: Floats
    candidate: Floats
    unknown: Integers
    expected: Integers
    single: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    corpus: bool = False
    reach: float = 100.0

    def contributions(self) -> Floats:
        """Return what each cluster adds to the mean difference of each language, shape (n, k); columns sum to it."""
        totals = self.counts.sum(axis=0)
        found: Floats = np.divide(self.sums, totals, out=np.zeros_like(self.sums), where=totals > 0)
        return found


def pair_items(
    baseline: pd.DataFrame, candidate: pd.DataFrame, scales: Mapping[str, Scale] | None = None
) -> list[ItemDifferences]:
    """Pair the items of two runs.

    Args:
        baseline: Item values with :data:`COLUMNS`; samples and orders are averaged already. ``value`` may be null.
        candidate: Likewise.
        scales: Range and direction by metric; metrics without an entry are shares of which more is better.

    Returns:
        One record a task, metric and judge of the baseline, in this order.

    Raises:
        DataError: A column is missing, an item occurs twice, or a value is outside its metric's range.
    """
    for name, frame in (("baseline", baseline), ("candidate", candidate)):
        require_columns(frame, ("judge", "value"), f"item values of the {name}")
        require_columns(
            frame, [each for each in COLUMNS if each not in ("judge", "value")], f"item values of the {name}"
        )
        refuse_duplicates(frame, KEY, f"item values of the {name}")
    known = scales or {}
    new = dict(iter(_parts(candidate)))
    empty = candidate.iloc[:0]
    return [_paired(key, old, new.get(key, empty), known.get(key[1], Scale())) for key, old in sorted(_parts(baseline))]


def _parts(frame: pd.DataFrame) -> Iterator[tuple[tuple[str, str, str], pd.DataFrame]]:
    named = frame.assign(judge=frame["judge"].astype(object).where(frame["judge"].notna(), ""))
    for (task, metric, judge), part in named.groupby(["task", "metric", "judge"], sort=True, observed=True):
        yield (str(task), str(metric), str(judge)), part


def _paired(key: tuple[str, str, str], old: pd.DataFrame, new: pd.DataFrame, scale: Scale) -> ItemDifferences:
    task, metric, judge = key
    had, has = (set(map(str, part["language"].unique())) for part in (old, new))
    languages = sorted(had & has)
    for name, part in (("baseline", old), ("candidate", new)):
        _refuse_outside(part, scale, f"{name}, {task}, {metric}")
    columns = ["language", "item_id", "source_id", "value"]
    corpus = "statistics" in old and bool(old["statistics"].notna().any())
    if corpus:
        columns.append("statistics")
    both = _joined(old[columns], new[columns])
    moved = both["source_id_old"].to_numpy(dtype=object) != both["source_id_new"].to_numpy(dtype=object)
    if moved.any():
        raise DataError(
            f"{int(moved.sum())} items of {task} have another source_id in the candidate",
            where=f"language={both['language'][moved].iloc[0]} item_id={both['item_id'][moved].iloc[0]}",
            why="they are not the same items",
            fix="run both with the same version of the task",
        )
    paired = both[both["value_old"].notna() & both["value_new"].notna()]
    row, clusters = pd.factorize(paired["source_id_old"].to_numpy(dtype=object), sort=True)
    codes, found = pd.factorize(paired["language"].to_numpy(dtype=object))
    places = {code: i for i, code in enumerate(languages)}
    column = np.array([places[str(code)] for code in found], dtype=np.int64)[codes]
    shape = len(clusters), len(languages)
    flat = row * shape[1] + column
    difference = (
        paired["value_new"].to_numpy(dtype=np.float64) - paired["value_old"].to_numpy(dtype=np.float64)
    ) * scale.points
    difference[np.abs(difference) < 1e-9] = 0.0
    counts, sums, differing = (
        np.bincount(flat, weights=weights, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
        for weights in (np.ones(len(flat)), difference, (difference != 0).astype(np.float64))
    )
    totals = counts.sum(axis=0)
    before, after = (
        np.bincount(column, weights=paired[name].to_numpy(dtype=np.float64), minlength=shape[1]) / np.maximum(totals, 1)
        for name in ("value_old", "value_new")
    )
    partly = (difference != 0) & (np.abs(np.abs(difference) - 100) > 1e-9)
    whole = np.bincount(column, weights=partly, minlength=shape[1])
    single = (whole == 0) & (counts.max(axis=0, initial=0) <= 1)
    if corpus and len(paired):
        sums, before, after = _pseudo_values(paired, metric, languages, clusters, counts, scale)
        single = np.zeros(shape[1], dtype=np.bool_)
    expected = old.groupby("language", observed=True)["item_id"].nunique()
    return ItemDifferences(
        task=task,
        metric=metric,
        judge=judge or None,
        clusters=tuple(map(str, clusters)),
        languages=tuple(languages),
        sums=sums,
        counts=counts,
        differing=differing,
        baseline=before,
        candidate=after,
        unknown=np.array([int(expected[code]) for code in languages], dtype=np.int64) - totals.astype(np.int64),
        expected=np.array([int(expected[code]) for code in languages], dtype=np.int64),
        single=single,
        missing=tuple(sorted(had - has)),
        added=tuple(sorted(has - had)),
        corpus=corpus,
    )


def _joined(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the items that both have; without a search where both have the same ones in the same order."""
    key = ["language", "item_id"]
    plain = [frame.assign(**{name: frame[name].astype(object) for name in (*key, "source_id")}) for frame in (old, new)]
    one, other = plain
    if len(one) == len(other) and all(np.array_equal(one[name].to_numpy(), other[name].to_numpy()) for name in key):
        rest = [name for name in one.columns if name not in key]
        left = one.rename(columns={name: f"{name}_old" for name in rest}).reset_index(drop=True)
        right = other[rest].rename(columns={name: f"{name}_new" for name in rest}).reset_index(drop=True)
        return pd.concat([left, right], axis=1)
    return one.merge(other, on=key, suffixes=("_old", "_new"))


def _pseudo_values(
    paired: pd.DataFrame,
    metric: str,
    languages: list[str],
    clusters: np.ndarray[tuple[int, ...], np.dtype[np.object_]],
    counts: Floats,
    scale: Scale,
) -> tuple[Floats, Floats, Floats]:
    """Return sums whose column means are the differences of the corpus scores, and both scores."""
    sides = []
    for side in ("old", "new"):
        rows = paired.rename(columns={f"value_{side}": "value", f"statistics_{side}": "statistics"})
        rows = rows.assign(source_id=rows["source_id_old"].astype(str), sample_index=0, system=side)
        formula = corpus_formula(metric, rows, ("language", "item_id"))
        sides.append(cluster_statistics(rows, ["system"], formula))
    sums, scores = np.zeros(counts.shape), []
    for sign, data in zip((-1.0, 1.0), sides, strict=True):
        order = np.searchsorted(np.array(data.clusters), clusters)
        columns = [next(i for i, (_, code) in enumerate(data.columns) if code == language) for language in languages]
        values = np.array([data.value(i) for i in columns])
        for place, i in enumerate(columns):
            present = counts[:, place] > 0
            n = np.count_nonzero(present)
            pseudo = np.where(present, n * data.influence(i)[order] + values[place], 0.0)
            # The mean over items, not over clusters, is formed later: spread each pseudo-value over the items.
            sums[:, place] += sign * scale.points * pseudo * counts[:, place].sum() / n
        scores.append(values)
    return sums, scores[0], scores[1]


def _refuse_outside(part: pd.DataFrame, scale: Scale, where: str) -> None:
    values = part["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    slack = 1e-9 * (scale.high - scale.low)
    wrong = (values < scale.low - slack) | (values > scale.high + slack) | np.isinf(values)
    if wrong.any():
        raise DataError(
            f"a value is outside the metric's range of {scale.low:g} to {scale.high:g}",
            where=f"{where}, item_id={part['item_id'].iloc[int(wrong.argmax())]}",
            why=f"it is {values[wrong][0]:g}",
            fix="state the metric's range in its declaration or in the gate file",
        )
