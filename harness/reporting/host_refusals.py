"""Prompts that the host refused, as a rate of its own: they say something about the host, nothing about the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.harness.reporting.estimates import cells_digest, how_asked
from polyarena.harness.reporting.run_statistics import run_statistics
from polyarena.harness.results import RunRecords
from polyarena.reports.stats import estimates_frame, mean_scores
from polyarena.tasks.finish_reasons import is_refused_by_host
from polyarena.tasks.signature import Signature

if TYPE_CHECKING:
    import pandas as pd

METRIC = "refused_by_host"
"""Share of prompts that the host refused."""


def host_refusal_rates(records: RunRecords, completions: pd.DataFrame) -> pd.DataFrame:
    """Estimate how many prompts the host refused, by system, task and language.

    Refused prompts are in no other rate. Where a judge of safety counts harmful answers, a refusal by the host is thus
    a category of its own: neither a harmful answer nor a harmless one of the model. Averages and intervals are those of
    :func:`polyarena.reports.stats.mean_scores`.

    Args:
        records: Of a run.
        completions: Its completions.

    Returns:
        Rows of :class:`polyarena.reports.records.Estimate` with the metric :data:`METRIC`, for the tasks of which any
        prompt was refused, all of their systems included; empty if none was.
    """
    texts = completions[completions["text"].notna()]
    refused = [
        is_refused_by_host(text, reason if isinstance(reason, str) else None)
        for text, reason in zip(texts["text"], texts["finish_reason"], strict=True)
    ]
    marked = texts.assign(value=[float(each) for each in refused])
    concerned = marked[marked["task"].isin(marked.loc[marked["value"] > 0, "task"].unique())]
    if concerned.empty:
        return estimates_frame([])
    lock, chosen = records.lock, run_statistics(records.lock)
    signature = Signature({"metric": METRIC})
    scores = concerned[["system", "task", "language", "item_id", "sample_index", "source_id", "value"]].assign(
        metric=METRIC, signature=str(signature), statistics=None, category=None
    )
    return mean_scores(
        scores,
        groupings=chosen.groupings,
        signatures={(task, METRIC): how_asked(entry).with_(metric=signature) for task, entry in lock.tasks.items()},
        cells=cells_digest(lock, chosen.groupings),
        **chosen.bootstrap,
    )
