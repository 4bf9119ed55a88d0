"""Battles and scores alike, as columns of estimates: one series of languages for each system, judge and metric."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from polyarena.reports.stats.clustered import Series
from polyarena.reports.stats.mean_scores import check_scores, score_columns
from polyarena.reports.stats.sparse_columns import battle_columns
from polyarena.reports.stats.summary import Estimator
from polyarena.reports.stats.win_rates import check_battles


@dataclass(frozen=True)
class LanguageSeries:
    """The estimates of one system on one task, by language.

    Attributes:
        task: Task name.
        metric: ``win_rate`` or the metric.
        judge: Of win rates, else ``None``.
        system: The system, or the candidate of battles.
        baseline: Of win rates, else ``None``.
        data: The columns of this and other series, from one joint resample.
        columns: By language code, sorted: its column in ``data``.
    """

    task: str
    metric: str
    judge: str | None
    system: str
    baseline: str | None
    data: Estimator
    columns: dict[str, int]

    @property
    def labels(self) -> dict[str, str | None]:
        """What names this series in a row of a table."""
        return {
            "task": self.task,
            "metric": self.metric,
            "judge": self.judge,
            "system": self.system,
            "baseline": self.baseline,
        }


def language_series(frame: pd.DataFrame) -> Iterator[LanguageSeries]:
    """Yield every series of battles or scores, by task and then as sorted.

    Args:
        frame: Rows of :class:`polyarena.judges.records.Battle` or :class:`polyarena.tasks.records.Score`, in any order.

    Raises:
        DataError: The frame is of neither kind or not sound.
    """
    judged = "candidate" in frame.columns
    check_battles(frame) if judged else check_scores(frame)
    for task, rows in frame.groupby("task", sort=True):
        if judged:
            decided = rows[rows["score"].notna()].rename(columns={"score": "value"})
            parts: list[Estimator] = []
            if not decided.empty:
                parts = [battle_columns(decided)]
        else:
            parts = score_columns(rows)
        for data in parts:
            columns: dict[Series, dict[str, int]] = {}
            for place, (series, language) in enumerate(data.columns):
                columns.setdefault(series, {})[language] = place
            for series, found in columns.items():
                if judged:
                    judge, system, baseline = series
                    yield LanguageSeries(str(task), "win_rate", judge, system, baseline, data, found)
                else:
                    metric, system = series
                    yield LanguageSeries(str(task), metric, None, system, None, data, found)
