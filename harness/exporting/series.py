"""What every export is made of: the estimates of a run by language and over languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polyarena.harness.results import RunRecords
from polyarena.reports.template_names import is_over_templates

if TYPE_CHECKING:
    import pandas as pd

WIN_RATE = "win_rate"
LEVELS = ("language", "macro")


@dataclass(frozen=True)
class ExportedEstimate:
    """One estimate.

    Attributes:
        system: Its system.
        task: Task name.
        metric: The metric; of win rates with judge and baseline, so that it names one measurement.
        language: ``lang_Script``; ``all`` for the average over languages.
        row: The estimate's columns.
    """

    system: str
    task: str
    metric: str
    language: str
    row: pd.Series[Any]

    @property
    def name(self) -> str:
        """The task and the language."""
        return f"{self.task}/{self.language}"


def exported_estimates(records: RunRecords) -> Iterator[ExportedEstimate]:
    """Yield the estimates of a run that have a value, sorted by system, task, metric and language.

    Raises:
        StoreError: The run has no results.
    """
    estimates = records.estimates()
    wanted = estimates["level"].isin(LEVELS) & estimates["value"].notna() & ~estimates["metric"].map(is_over_templates)
    rows = estimates[wanted].sort_values(["system", "task", "metric", "judge", "baseline", "level", "group"])
    for _, row in rows.iterrows():
        yield ExportedEstimate(
            system=str(row["system"]),
            task=str(row["task"]),
            metric=metric_name(str(row["metric"]), row["judge"], row["baseline"]),
            language="all" if row["level"] == "macro" else str(row["group"]),
            row=row,
        )


def metric_name(metric: str, judge: object, baseline: object) -> str:
    """Return the name of a measurement: the metric, and of win rates also who judged against whom."""
    if metric != WIN_RATE or not isinstance(judge, str) or not judge:
        return metric
    return f"{metric} against {baseline} by {judge}"
