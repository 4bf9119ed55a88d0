"""Scores over games with strong verdicts weighed, as Arena-Hard-Auto publishes them, beside the win rates of items."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from polyarena.harness.reporting.estimates import how_asked
from polyarena.harness.reporting.run_statistics import run_statistics
from polyarena.harness.results import RunRecords
from polyarena.harness.store import read_shard
from polyarena.judges import Game
from polyarena.reports.stats import weighted_win_rates
from polyarena.reports.stats.signature import own_version

if TYPE_CHECKING:
    import pandas as pd


def strong_scores(records: RunRecords) -> pd.DataFrame:
    """Estimate the score of each candidate over games in which ``>>`` counts ``strong_weight`` times.

    An item with a ``>>`` weighs more than others here, which no win rate of a report does. Judges that graded their
    preferences with numbers are left out: their labels are not what counts.

    Args:
        records: Of a run.

    Returns:
        Columns ``task``, ``judge``, ``language``, ``system``, ``baseline``, those of
        :func:`polyarena.reports.stats.weighted_win_rates` and ``signature``; empty where strong verdicts count once.
    """
    lock = records.lock
    chosen = run_statistics(lock)
    weight, confidence = chosen.strong_weight, chosen.bootstrap["confidence"]
    found = []
    for pair in records.pairs() if weight != 1 else ():
        judge, candidate, baseline, task, _ = pair
        path = records.games_file(pair)
        games = read_shard(path, Game) if path.exists() else []
        if not games or any(game.score is not None for game in games):
            continue
        frame = pd.DataFrame([asdict(game) for game in games])
        rates = weighted_win_rates(frame, candidate, baseline, strong_weight=weight, confidence=confidence)
        signature = how_asked(lock.tasks[task]).with_(
            judge=lock.judges[judge].signature,
            over="games",
            strong=f"{weight:g}",
            ci=f"{confidence * 100:g}",
            polyarena=own_version(),
        )
        found.append(rates.assign(system=candidate, baseline=baseline, signature=str(signature)))
    names = ["task", "judge", "language", "system", "baseline"]
    if not found:
        return pd.DataFrame({name: [] for name in names})
    table = pd.concat(found, ignore_index=True)
    order = [*names, *(name for name in table.columns if name not in names)]
    return table[order].sort_values(names, ignore_index=True)
