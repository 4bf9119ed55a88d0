"""Battles and estimates of a run, with the settings that belong into each signature."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from polyarena.harness.experiment.games import GamesBudget
from polyarena.harness.lock import Lock, LockedTask, digest
from polyarena.harness.reporting.run_statistics import run_statistics
from polyarena.reports.bands import with_bands, with_detectable
from polyarena.reports.flags import add_flags
from polyarena.reports.stats import estimates_table, mean_scores, pass_rates, simultaneous_bands, win_rates
from polyarena.reports.stats.categories import category_scores
from polyarena.reports.stats.templates import template_scores
from polyarena.reports.template_names import is_over_templates
from polyarena.tasks.card import Provenance
from polyarena.tasks.signature import Signature

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.reports.stats.groupings import Groupings
    from polyarena.reports.stats.signature import CellsDigest, EstimateKey


LANGUAGE_LEVEL = "language"
"""The level of estimates of single languages."""


def estimates(lock: Lock, all_battles: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Estimate all win rates and mean scores of a run.

    With ``averages: native``, averages are of the languages alone whose items were written in the language.
    """
    table = _estimated(lock, all_battles, scores, {})
    if lock.settings.statistics.averages == "all":
        return table
    native = native_languages(lock)
    averaged = _estimated(lock, _within(all_battles, native), _within(scores, native), {"averages": "native"})
    parts = [table[table["level"] == LANGUAGE_LEVEL], averaged[averaged["level"] != LANGUAGE_LEVEL]]
    return pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else table


def native_languages(lock: Lock) -> frozenset[tuple[str, str]]:
    """Return each task with its languages whose items were written in the language."""
    return frozenset(
        (name, code)
        for name, task in lock.tasks.items()
        for code in task.languages
        if task.card.provenance.get(code) is Provenance.NATIVE
    )


def _within(frame: pd.DataFrame, kept: Collection[tuple[str, str]]) -> pd.DataFrame:
    inside = [pair in kept for pair in zip(frame["task"], frame["language"], strict=True)]
    return frame.loc[inside].reset_index(drop=True)


def _estimated(
    lock: Lock, all_battles: pd.DataFrame, scores: pd.DataFrame, marks: Mapping[str, object]
) -> pd.DataFrame:
    """Estimate win rates and mean scores; the marks are added to their signatures."""
    chosen = run_statistics(lock)
    groupings = chosen.groupings
    settings = {**chosen.bootstrap, "cells": cells_digest(lock, groupings), "seeds": lock.seed_groups}
    scored = {key: signature.with_(marks) for key, signature in _scored(lock, scores).items()}
    judged = {key: signature.with_(marks) for key, signature in _judged(lock, chosen.strong_weight).items()}
    varied = lock.template_families
    frames = [
        win_rates(all_battles, signatures=judged, groupings=groupings, **settings),
        mean_scores(scores, signatures=scored, groupings=groupings, **settings),
        pass_rates(scores, signatures=scored, groupings=groupings, **settings),
        category_scores(scores, signatures=scored, **settings),
        template_scores(scores, varied, signatures=_of_families(lock, scored), groupings=groupings, **settings),
    ]
    table: pd.DataFrame = estimates_table(frames).to_pandas()
    table = _aggregated(table, {task.family: task.aggregate for task in lock.tasks.values() if task.aggregate})
    kinds = [frame for frame in (all_battles[all_battles["score"].notna()], scores) if len(frame)]
    banded = with_bands(with_detectable(table), [simultaneous_bands(frame, **chosen.bootstrap) for frame in kinds])
    return add_flags(banded, lock.flags, groupings)


def _aggregated(table: pd.DataFrame, chosen: Mapping[str, str]) -> pd.DataFrame:
    """Return the estimates without those over templates by another statistic than the one chosen for their family."""
    kept = [
        task not in chosen or not is_over_templates(metric) or is_over_templates(metric, chosen[task])
        for task, metric in zip(table["task"], table["metric"], strict=True)
    ]
    return table.loc[kept].reset_index(drop=True)


def cells_digest(lock: Lock, groupings: Groupings) -> CellsDigest:
    """Return what digests the keys of all cells behind an estimate: whatever the systems were asked with changes it."""
    varied = lock.template_families

    def digested(estimate: EstimateKey) -> str:
        joined = is_over_templates(estimate.metric)
        asked = sorted(name for name, (family, _) in varied.items() if family == estimate.task)
        keys = [
            (language, key)
            for behind in (estimate.system, estimate.baseline)
            if behind is not None
            for name in lock.seed_groups.get(behind, (behind,))
            for each in (asked if joined else [estimate.task])
            for language, key in sorted(lock.cells[name].get(each, {}).items())
            if _belongs(language, estimate.level, estimate.group, groupings)
        ]
        return digest(keys)[:8]

    return digested


def _of_families(lock: Lock, scored: Mapping[tuple[str, str], Signature]) -> dict[tuple[str, str], Signature]:
    """Return how each family was asked and each metric computed; the templates differ in their names alone."""
    found: defaultdict[tuple[str, str], list[Signature]] = defaultdict(list)
    for (task, metric), signature in scored.items():
        if task in lock.template_families:
            family = lock.template_families[task][0]
            found[family, metric].append(signature.with_(task=f"{family}@{lock.tasks[task].card.version}"))
    return {key: Signature.one_of(signatures) for key, signatures in found.items()}


def _belongs(language: str, level: str, group: str, groupings: Groupings) -> bool:
    """Tell whether a language is behind a number; what is no group of languages is over all of them."""
    if level == "language":
        return language == group
    return level not in groupings or language in groupings[level].get(group, ())


def _judged(lock: Lock, strong_weight: float) -> dict[tuple[str, str], Signature]:
    # Only where it is not the usual one, so that numbers made before there was a choice keep their signatures.
    strong = {"strong": f"{strong_weight:g}"} if strong_weight != 1 else {}
    chosen = {"pairs": "by uncertainty"} if isinstance(lock.settings.opponents, GamesBudget) else {}
    if lock.settings.stop_when is not None:
        chosen = {"judged": "until decided"}
    return {
        (task, name): how_asked(entry).with_(
            {
                "judge": judge.signature,
                "orders": judge.orders,
                "repeats": judge.repeats,
                "ties": "half",
                **strong,
                **chosen,
            }
        )
        for task, entry in lock.tasks.items()
        for name, judge in lock.judges.items()
    }


def _scored(lock: Lock, scores: pd.DataFrame) -> dict[tuple[str, str], Signature]:
    """Return how each task was asked and each metric computed; the scores themselves say the latter."""
    computed: defaultdict[tuple[str, str], list[Signature]] = defaultdict(list)
    kinds = scores[["task", "metric", "signature"]].drop_duplicates()
    for task, metric, signature in kinds.itertuples(index=False, name=None):
        computed[str(task), str(metric)].append(Signature.parse(str(signature)))
    return {
        (task, metric): how_asked(lock.tasks[task]).with_(metric=Signature.one_of(found))
        for (task, metric), found in computed.items()
    }


def how_asked(task: LockedTask) -> Signature:
    """Return the part of a signature that says how a task was asked, from its entry in the lock."""
    card = task.card
    signature = Signature({"task": f"{card.name}@{card.version}", "rev": card.dataset.revision})
    limited = signature.with_(limit=f"{task.limit}({task.subset})") if task.limit else signature
    return limited.with_(_how_thought(task))


def _how_thought(task: LockedTask) -> dict[str, str]:
    """Return effort and budget of the thoughts, where any system has them; by system where they differ."""
    asked = dict(sorted(task.sampling.items()))
    settings: dict[str, str] = {}
    for name, values in (
        ("effort", {system: said.settings.reasoning_effort for system, said in asked.items()}),
        ("thinking", {system: said.settings.thinking_budget for system, said in asked.items()}),
    ):
        different = set(values.values())
        if len(different) > 1:
            settings[name] = ",".join(f"{system}={value}" for system, value in values.items() if value)
        elif any(different):
            settings[name] = str(next(iter(different)))
    return settings
