"""Results beyond estimates: rankings, comparisons of scores, equity over languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from polyarena.harness.experiment import SuiteSpec
from polyarena.harness.lock import Lock
from polyarena.tasks.suites import all_suites

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from polyarena.reports.page import Table

FEWEST_RANKED = 3
"""Systems of a judge and task from which on they are ranked; of two, the win rate says it all."""


def no_rows() -> pd.DataFrame:
    """Return a table of nothing."""
    import pandas as pd

    return pd.DataFrame({"level": []})


@dataclass(frozen=True)
class SecondaryResults:
    """Data frames as the functions of :mod:`polyarena.reports.stats` return them; any may be empty.

    Attributes:
        ranking: From ``rank``.
        comparisons: From ``compare``.
        equity: From ``equity``.
        cycles: Systems that beat each other in a circle, one sentence each.
        suites: From ``suite_averages``.
    """

    ranking: pd.DataFrame
    comparisons: pd.DataFrame
    equity: pd.DataFrame
    cycles: tuple[str, ...] = ()
    suites: pd.DataFrame = field(default_factory=no_rows)

    @property
    def tables(self) -> dict[str, pa.Table]:
        """Those that are not empty, by the name of their file."""
        named = {"ranking": self.ranking, "comparisons": self.comparisons, "equity": self.equity}
        named["suites"] = self.suites
        return {name: as_table(frame) for name, frame in named.items() if len(frame)}

    @property
    def page_tables(self) -> list[Table]:
        """What the page shows of them."""
        from polyarena.reports.page.suite_table import suite_table
        from polyarena.reports.page.tables import comparison_table, equity_table, ranking_table

        ranked = ranking_table(self.ranking, self.cycles)
        found = (
            ranked, suite_table(self.suites), comparison_table(self.comparisons), equity_table(self.equity)
        )  # fmt: skip
        return [sheet for sheet in found if sheet is not None]


def secondary_results(
    lock: Lock,
    battles: pd.DataFrame,
    scores: pd.DataFrame,
    varied: Mapping[str, tuple[str, str]] | None = None,
) -> SecondaryResults:
    """Compute what a run's battles and scores say beyond estimates.

    Scores are compared with the baseline's or, without a baseline, where there are two systems. Beside the prompt
    templates of a task stands the mean over them.

    Args:
        lock: The lock of the run.
        battles: All battles.
        scores: All scores.
        varied: The family and the template of each task that has several templates.
    """
    import pandas as pd

    from polyarena.harness.reporting.run_statistics import run_statistics
    from polyarena.reports.stats import compare, equity, rank, suite_averages
    from polyarena.reports.stats.cycles import cycle_sentences
    from polyarena.reports.stats.seed_summaries import average_seeds
    from polyarena.reports.stats.template_items import template_items

    statistics = run_statistics(lock)
    chosen = statistics.bootstrap
    seeds = lock.seed_groups
    joined = template_items(scores, varied or {})
    apart = pd.concat([scores, joined], ignore_index=True) if len(joined) else scores
    judged, scores = average_seeds(battles[battles["score"].notna()], seeds), average_seeds(apart, seeds)
    many = [
        part
        for _, part in judged.groupby(["task", "judge"], sort=True)
        if len({*part["candidate"], *part["baseline"]}) >= FEWEST_RANKED
    ]
    ranked = [rank(part, **chosen) for part in many]
    even = [equity(frame, **chosen) for frame in (judged, scores) if len(frame)]
    suites = {**_suites(lock), **_by_training(lock)}
    over = [suite_averages(frame, suites, **chosen) for frame in (judged, scores) if len(frame) and suites]
    groups = statistics.groupings
    compared = [
        compare(part, one, other, groupings=groups, seeds=seeds, **chosen) for one, other, part in _pairs(lock, apart)
    ]
    ranking, comparisons, evenness, averages = (
        pd.concat(each, ignore_index=True) if each else no_rows() for each in (ranked, compared, even, over)
    )
    cycles = tuple(sentence for part in many for sentence in cycle_sentences(part, confidence=chosen["confidence"]))
    return SecondaryResults(ranking, comparisons, evenness, cycles, averages)


def _suites(lock: Lock) -> dict[str, tuple[str, ...]]:
    """Return the tasks of the suites that the experiment names, as far as this version knows them.

    A task that was asked with one template other than its default is known by the name of that.
    """
    named = {entry.suite for entry in lock.settings.tasks if isinstance(entry, SuiteSpec)}
    known = all_suites()
    single: dict[str, str] = {}
    for task, locked in lock.tasks.items():
        others = [name for name, each in lock.tasks.items() if each.family == locked.family]
        if locked.family and locked.family not in lock.tasks and len(others) == 1:
            single[locked.family] = task
    return {
        name: tuple(single.get(entry.task, entry.task) for entry in known[name].entries)
        for name in sorted(named & {*known})
    }


HELD_OUT, IN_DISTRIBUTION = "held-out tasks", "in-distribution tasks"


def _by_training(lock: Lock) -> dict[str, tuple[str, ...]]:
    """Return the tasks that no system was trained on, and those of which a system saw the task but not its items.

    Only systems that say what they have seen are asked; a task of which any saw items is in neither.
    """
    told = [system.seen for system in lock.settings.systems if system.seen]
    found: dict[str, list[str]] = {HELD_OUT: [], IN_DISTRIBUTION: []}
    for name in dict.fromkeys(task.family or name for name, task in lock.tasks.items()) if told else ():
        seen = {entry.get(name, "") for entry in told}
        if seen == {"none"}:
            found[HELD_OUT].append(name)
        elif "task" in seen and seen <= {"none", "task"}:
            found[IN_DISTRIBUTION].append(name)
    return {name: tuple(tasks) for name, tasks in found.items() if tasks}


def _pairs(lock: Lock, scores: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the systems to be compared, with the scores of tasks and metrics on which they share items."""
    names, baseline = lock.reported_systems, lock.settings.baseline
    if baseline is None and len(names) == 2:
        baseline = names[1]
    found = []
    scored = set(scores["system"])
    for name in names if baseline is not None else []:
        if name == baseline:
            continue
        systems = {*lock.seed_groups.get(name, (name,)), *lock.seed_groups.get(str(baseline), (str(baseline),))}
        if not systems <= scored:
            continue
        both = scores[scores["system"].isin(systems)]
        shared = both.groupby(["task", "metric", "language", "item_id"])["system"].transform("nunique") == len(systems)
        kept = shared.groupby([both["task"], both["metric"]]).transform("any")
        if kept.any():
            found.append((name, str(baseline), both[kept]))
    return found


def as_table(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as an Arrow table with the same types whatever its values: texts, whole numbers or numbers."""
    fields = []
    for name in frame.columns:
        known = frame[name].dropna()
        kind = pa.int64() if frame[name].dtype.kind in "iu" else pa.float64()
        text = name in _TEXTS or any(isinstance(value, str) for value in known)
        fields.append(pa.field(str(name), pa.string() if text else kind))
    return pa.Table.from_pandas(frame, schema=pa.schema(fields), preserve_index=False)


_TEXTS = frozenset(
    {
        "task", "metric", "judge", "system", "language", "baseline", "against", "level", "group", "aggregate",
        "languages", "method", "outcome", "non_inferiority", "equivalence", "note", "signature",
    }
)  # fmt: skip
