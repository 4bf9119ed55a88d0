"""The items that two systems have in common, from battles or from scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyarena.reports.stats.clustered import Clustered, cluster_values
from polyarena.reports.stats.corpus import CorpusClustered, cluster_statistics
from polyarena.reports.stats.mean_scores import check_scores
from polyarena.reports.stats.validation import corpus_formula
from polyarena.reports.stats.win_rates import check_battles
from polyarena.tasks.errors import DataError
from polyarena.tasks.suggest import unknown

_ITEM = ["language", "item_id"]


@dataclass(frozen=True)
class CommonItems:
    """What two systems did on the same items of one task.

    Attributes:
        task: Task name.
        judge: Of battles, else ``None``.
        baseline: Of battles, else ``None``.
        metric: ``win_rate`` or the metric.
        rows: ``system``, ``language``, ``item_id``, ``source_id``, ``sample_index``, ``value`` and, for metrics of a
            corpus, ``statistics``; of each item both systems' rows.
        left_out: By language, the items that only one of the two has a value for.
    """

    task: str
    judge: str | None
    baseline: str | None
    metric: str
    rows: pd.DataFrame
    left_out: dict[str, int]

    @property
    def corpus(self) -> bool:
        """Whether the metric is one of a whole corpus."""
        return "statistics" in self.rows and bool(self.rows["statistics"].notna().any())


def common_items(frame: pd.DataFrame, system: str, against: str, *, metric: str | None = None) -> Iterator[CommonItems]:
    """Yield the common items of two systems, by task, judge, baseline and metric.

    Args:
        frame: Rows of :class:`polyarena.judges.records.Battle` or :class:`polyarena.tasks.records.Score`.
        system: The first system.
        against: The second.
        metric: Only this one, of scores.

    Raises:
        DataError: A column is missing, a row occurs twice, a value is no number or out of bounds, or the systems have
            no item in common.
        UnknownNameError: There is no such system or metric.
    """
    if system == against:
        raise DataError(f"{system} cannot be compared with itself", fix="name two systems")
    judged = "candidate" in frame.columns
    rows = _battles(frame, system, against) if judged else _scores(frame)
    for name in (system, against):
        _refuse_unknown("system", name, rows["system"])
    if metric is not None:
        _refuse_unknown("metric", metric, rows["metric"])
        rows = rows[rows["metric"] == metric]
    chosen = rows[rows["system"].isin([system, against])]
    found = False
    for (task, measure, *judged_by), part in chosen.groupby(["task", "metric", "judge", "baseline"], dropna=False):
        judge, baseline = (each if isinstance(each, str) else None for each in judged_by)
        common, left_out = _common(part)
        if not common.empty:
            found = True
            yield CommonItems(str(task), judge, baseline, str(measure), common, left_out)
    if not found:
        raise DataError(
            f"{system} and {against} have no item in common",
            why="battles are compared on the same items against the same baseline, and scores on the same items",
            fix="compare systems of one run with the same tasks and languages",
        )


def _battles(frame: pd.DataFrame, system: str, against: str) -> pd.DataFrame:
    """Return battles as values of systems; a baseline's own win rate is one half, as against itself."""
    check_battles(frame)
    rows = frame.rename(columns={"candidate": "system", "score": "value"}).assign(metric="win_rate", sample_index=0)
    own = [
        rows[(rows["system"] == one) & (rows["baseline"] == other)].assign(
            system=other, value=lambda each: each["value"].where(each["value"].isna(), 0.5)
        )
        for one, other in ((system, against), (against, system))
    ]
    return pd.concat([rows, *own], ignore_index=True)


def _scores(frame: pd.DataFrame) -> pd.DataFrame:
    check_scores(frame)
    return frame.assign(judge=None, baseline=None)


def _common(part: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows of items that both systems have a value for, and how many items are left out by language."""
    known = part[part["value"].notna()]
    systems = known.groupby(_ITEM)["system"].nunique()
    both = systems[systems == 2].index
    common = known[np.asarray(pd.MultiIndex.from_frame(known[_ITEM]).isin(both), dtype=bool)]
    languages = set(common["language"])
    every = part[part["language"].isin(languages)].groupby("language")["item_id"].nunique()
    kept = common.groupby("language")["item_id"].nunique()
    return common, {str(code): int(every[code] - kept[code]) for code in sorted(languages)}


def _refuse_unknown(kind: str, name: str, known: pd.Series[str]) -> None:
    names = sorted(map(str, known.unique()))
    if name not in names:
        raise unknown(kind, name, names)


def clusters_of(pair: CommonItems) -> Clustered | CorpusClustered:
    """Return the values of both systems by ``source_id``, samples of one item averaged; or a corpus's statistics."""
    if pair.corpus:
        key = ("task", "metric", "language", "item_id")
        return cluster_statistics(pair.rows, ["system"], corpus_formula(pair.metric, pair.rows, key))
    items = ["system", "language", "source_id", "item_id"]
    averaged = pair.rows.sort_values([*items, "sample_index"]).groupby(items, sort=True)["value"].mean()
    return cluster_values(averaged.reset_index().assign(metric=pair.metric), ["system"])
