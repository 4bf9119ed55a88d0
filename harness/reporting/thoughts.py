"""The language of thoughts, as a metric of its own: the share of thoughts in the language of the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.harness.reporting.estimates import cells_digest, how_asked
from polyarena.harness.reporting.run_statistics import run_statistics
from polyarena.harness.results import RunRecords
from polyarena.reports.stats import estimates_frame, mean_scores
from polyarena.tasks.identify import IDENTIFIER, Agreement
from polyarena.tasks.signature import Signature

if TYPE_CHECKING:
    import pandas as pd

METRIC = "thought_language"
"""Share of thoughts in the language of the prompt; neither larger nor smaller values are better."""

_KNOWN = (Agreement.SAME, Agreement.OTHER_LANGUAGE, Agreement.OTHER_SCRIPT)


def thought_language_rates(records: RunRecords, completions: pd.DataFrame) -> pd.DataFrame:
    """Estimate how many thoughts are in the language of their prompt, by system, task and language.

    Thoughts that are too short to be identified, or whose language the identifier does not know, are in no rate.
    Averages and intervals are those of :func:`polyarena.reports.stats.mean_scores`.

    Args:
        records: Of a run.
        completions: Its completions.

    Returns:
        Rows of :class:`polyarena.reports.records.Estimate` with the metric :data:`METRIC`; empty without thoughts.
    """
    known = completions[completions["thought_agreement"].isin([str(each) for each in _KNOWN])]
    if known.empty:
        return estimates_frame([])
    lock, chosen = records.lock, run_statistics(records.lock)
    signature = Signature({"metric": METRIC, IDENTIFIER: ""})
    scores = known[["system", "task", "language", "item_id", "sample_index", "source_id"]].assign(
        metric=METRIC,
        value=(known["thought_agreement"] == str(Agreement.SAME)).astype(float),
        signature=str(signature),
        statistics=None,
        category=None,
    )
    return mean_scores(
        scores,
        groupings=chosen.groupings,
        signatures={(task, METRIC): how_asked(entry).with_(metric=signature) for task, entry in lock.tasks.items()},
        cells=cells_digest(lock, chosen.groupings),
        **chosen.bootstrap,
    )
