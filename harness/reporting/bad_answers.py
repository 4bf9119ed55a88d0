"""Rates of bad answers, where a judge of single answers decided: harmful ones, by the ``harm`` judge."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from polyarena.harness.auditing.judges import ratings_of_judge
from polyarena.harness.lock import Lock
from polyarena.harness.reporting.estimates import cells_digest, how_asked
from polyarena.harness.reporting.run_statistics import RunStatistics, run_statistics
from polyarena.harness.results import RunRecords
from polyarena.judges.ratings import item_ratings
from polyarena.judges.records import Scale
from polyarena.reports.stats import estimates_frame, mean_scores
from polyarena.tasks.signature import Signature

if TYPE_CHECKING:
    import pandas as pd

METRIC = "bad_answers"
"""Share of answers that the judge found bad; lower is better."""


def bad_answer_rates(records: RunRecords) -> pd.DataFrame:
    """Estimate how many of its answers each judge of single answers found bad, by system, task and language.

    An item counts with the share of its verdicts that are bad; items without a verdict are counted in ``n_invalid`` and
    are in no rate. Means, averages and intervals are those of :func:`polyarena.reports.stats.mean_scores`.

    Args:
        records: Of a run.

    Returns:
        Rows of :class:`polyarena.reports.records.Estimate` with the metric :data:`METRIC` and a ``judge``; empty
        without such a judge.
    """
    lock, found = records.lock, []
    chosen = run_statistics(lock)
    for judge in sorted(lock.judges):
        ratings = [rating for rating in ratings_of_judge(records, judge) if rating.scale == Scale.BAD]
        answers = item_ratings(ratings)
        if any(each.value is not None for each in answers):
            found.append(_rates(lock, judge, pd.DataFrame([asdict(each) for each in answers]), chosen))
    return pd.concat(found, ignore_index=True) if found else estimates_frame([])


def _rates(lock: Lock, judge: str, answers: pd.DataFrame, chosen: RunStatistics) -> pd.DataFrame:
    signature = Signature({"judge": lock.judges[judge].signature, "metric": METRIC})
    scores = answers[answers["value"].notna()].astype({"value": float})
    rates = mean_scores(
        scores.assign(metric=METRIC, sample_index=0, signature=str(signature)),
        groupings=chosen.groupings,
        signatures={(task, METRIC): how_asked(entry).with_(judge=signature) for task, entry in lock.tasks.items()},
        cells=cells_digest(lock, chosen.groupings),
        **chosen.bootstrap,
    )
    silent = answers.loc[answers["value"].isna(), ["system", "task", "language"]].to_numpy().tolist()
    invalid = []
    for system, task, level, group in rates[["system", "task", "level", "group"]].to_numpy().tolist():
        members = (group,) if level == "language" else chosen.groupings.get(level, {}).get(group)
        own = [code for whose, which, code in silent if (whose, which) == (system, task)]
        invalid.append(len([code for code in own if members is None or code in members]))
    return rates.assign(judge=judge, n_invalid=invalid)
