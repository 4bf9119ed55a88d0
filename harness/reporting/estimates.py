"""Battles and estimates of a run, with the settings that belong into each signature."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from polyarena.harness.lock import Lock, LockedTask, digest
from polyarena.harness.reporting.run_statistics import run_statistics
from polyarena.reports.template_names import is_over_templates

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.reports.stats.groupings import Groupings


def estimates(lock: Lock, all_battles: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Estimate all win rates and mean scores of a run."""
    from polyarena.reports.bands import with_bands, with_detectable
    from polyarena.reports.flags import add_flags
    from polyarena.reports.stats import estimates_table, mean_scores, simultaneous_bands, win_rates
    from polyarena.reports.stats.categories import category_scores
    from polyarena.reports.stats.templates import template_scores

    chosen = run_statistics(lock)
    settings, groupings = chosen.bootstrap, chosen.groupings
    scored, varied = _scored(lock, scores), lock.template_families
    frames = [
        win_rates(all_battles, signatures=_judged(lock, chosen.strong_weight), groupings=groupings, **settings),
        mean_scores(scores, signatures=scored, groupings=groupings, **settings),
        category_scores(scores, signatures=scored, **settings),
        template_scores(scores, varied, signatures=_of_families(scored, varied), groupings=groupings, **settings),
    ]
    table: pd.DataFrame = estimates_table(frames).to_pandas()
    table["signature"] = signatures_with_cells(lock, table, groupings)
    kinds = [frame for frame in (all_battles[all_battles["score"].notna()], scores) if len(frame)]
    banded = with_bands(with_detectable(table), [simultaneous_bands(frame, **settings) for frame in kinds])
    return add_flags(banded, lock.flags, groupings)


def signatures_with_cells(lock: Lock, table: pd.DataFrame, groupings: Groupings) -> list[str]:
    """Return the signature of each estimate with a digest of the keys of all cells behind it."""
    varied = lock.template_families
    rows = zip(*(table[name] for name in _CELLS), strict=True)
    return [_with_cells(lock, varied, groupings, *row) for row in rows]


_CELLS = ("signature", "task", "metric", "system", "baseline", "level", "group")


def _of_families(scored: dict[tuple[str, str], str], varied: dict[str, tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return how each family was asked and each metric computed; the templates differ in their names alone."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (task, metric), signature in scored.items():
        if task in varied:
            family = varied[task][0]
            found[family, metric].add(signature.replace(f"task:{task}@", f"task:{family}@", 1))
    return {key: "+".join(sorted(signatures)) for key, signatures in found.items()}


def _with_cells(
    lock: Lock,
    varied: dict[str, tuple[str, str]],
    groupings: Groupings,
    signature: str,
    task: str,
    metric: str,
    system: str,
    baseline: str | None,
    level: str,
    group: str,
) -> str:
    """Add a digest of the keys of all cells behind a number: whatever the systems were asked with changes it."""
    joined = is_over_templates(metric)
    asked = sorted(name for name, (family, _) in varied.items() if family == task) if joined else [task]
    keys = [
        (language, key)
        for name in (system, baseline)
        if isinstance(name, str)
        for each in asked
        for language, key in sorted(lock.cells[name].get(each, {}).items())
        if _belongs(language, level, group, groupings)
    ]
    settings, version = signature.rsplit("|", 1)
    return f"{settings}|cells:{digest(keys)[:8]}|{version}"


def _belongs(language: str, level: str, group: str, groupings: Groupings) -> bool:
    """Tell whether a language is behind a number; what is no group of languages is over all of them."""
    if level == "language":
        return language == group
    return level not in groupings or language in groupings[level].get(group, ())


def _judged(lock: Lock, strong_weight: float) -> dict[tuple[str, str], str]:
    return {
        (task, name): f"{how_asked(entry)}|{judge.signature}|orders:{judge.orders}|repeats:{judge.repeats}|ties:half"
        # Only where it is not the usual one, so that numbers made before there was a choice keep their signatures.
        + (f"|strong:{strong_weight:g}" if strong_weight != 1 else "")
        for task, entry in lock.tasks.items()
        for name, judge in lock.judges.items()
    }


def _scored(lock: Lock, scores: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return how each task was asked and each metric computed; the scores themselves say the latter."""
    computed: dict[tuple[str, str], set[str]] = defaultdict(set)
    kinds = scores[["task", "metric", "signature"]].drop_duplicates()
    for task, metric, signature in kinds.itertuples(index=False, name=None):
        computed[str(task), str(metric)].add(str(signature))
    return {
        (task, metric): f"{how_asked(lock.tasks[task])}|{'+'.join(sorted(found))}"
        for (task, metric), found in computed.items()
    }


def how_asked(task: LockedTask) -> str:
    """Return the part of a signature that says how a task was asked, from its entry in the lock."""
    limit = f"|limit:{task.limit}({task.subset})" if task.limit else ""
    asked = f"task:{task.card.name}@{task.card.version}|rev:{task.card.dataset.revision}{limit}"
    return asked + _how_thought(task)


def _how_thought(task: LockedTask) -> str:
    """Return effort and budget of the thoughts, where any system has them; by system where they differ."""
    asked = dict(sorted(task.sampling.items()))
    parts = []
    for name, values in (
        ("effort", {system: said.settings.reasoning_effort for system, said in asked.items()}),
        ("thinking", {system: said.settings.thinking_budget for system, said in asked.items()}),
    ):
        different = set(values.values())
        if len(different) == 1:
            parts += [f"|{name}:{value}" for value in different if value]
        elif different:
            parts.append(f"|{name}:" + ",".join(f"{system}={value}" for system, value in values.items() if value))
    return "".join(parts)
