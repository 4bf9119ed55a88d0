"""What keeps two sides of a check from being compared: other items, prompts, judges or settings."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from polyarena.harness.gate.gate_file import GateFile
from polyarena.harness.gate.item_values import ItemValues
from polyarena.harness.gate.same_items import is_only_another_set
from polyarena.harness.gate.sides import Sides
from polyarena.harness.lock import Lock
from polyarena.harness.lock.differences import Aspect, Difference, differences
from polyarena.reports.gate.decision import Decision, incomparable_verdict

if TYPE_CHECKING:
    import pandas as pd

_OF_THE_SYSTEM = {
    Aspect.SYSTEM_PROMPT: "system prompt",
    Aspect.CHAT_TEMPLATE: "chat template",
    Aspect.DECODING: "decoding",
}
"""Differences of the two systems that change what is measured, unless the gate file allows them."""


def obstacles_of(sides: Sides, gate: GateFile) -> dict[tuple[str, str], str]:
    """Return, by task and judge (empty for scores), why it cannot be compared."""
    ours, theirs = _renamed(sides.candidate, sides.baseline.system), sides.baseline.lock
    found = differences(ours, theirs)
    judges = {str(judge) for judge in sides.baseline.frame["judge"].dropna().unique()}
    obstacles: dict[tuple[str, str], str] = {}
    other_items = {each.name for each in found if each.aspect is Aspect.ITEMS}
    for task in found.shared_tasks:
        of_system = [
            str(each)
            for each in found
            if each.aspect in _OF_THE_SYSTEM
            and each.name == sides.baseline.system
            and _OF_THE_SYSTEM[each.aspect] not in gate.allow_differences
            and (each.aspect is not Aspect.DECODING or each.field.startswith(f"{task}: "))
        ]
        for judge in ("", *sorted(judges)):
            of_task = [
                str(each)
                for each in found.obstacles(task, judge or None)
                if not _only_items(each, other_items) and not is_only_another_set(each, sides, task)
            ]
            reasons = of_task + of_system
            if reasons:
                obstacles[task, judge] = "; ".join(dict.fromkeys(reasons))
    return obstacles


def _only_items(difference: Difference, other_items: AbstractSet[str]) -> bool:
    """Return whether a difference is that of the numbers of items; those that both have are paired, too few refused.

    The cells of the baseline of games have other keys for that reason alone.
    """
    cells = {f"{Aspect.MODEL.value} cells of {task}" for task in other_items}
    return difference.aspect is Aspect.ITEMS or (difference.aspect is Aspect.BASELINE and difference.field in cells)


def _renamed(candidate: ItemValues, name: str) -> Lock:
    """Return the candidate's lock with its system under the name that the baseline has, so that the two are matched."""
    if candidate.system == name:
        return candidate.lock
    lock, old = candidate.lock, candidate.system
    systems = tuple(
        spec.model_copy(update={"name": name}) if spec.name == old else spec
        for spec in lock.settings.systems
        if spec.name != name
    )
    settings = lock.settings.model_copy(update={"systems": systems})
    tasks = {
        task: entry.model_copy(
            update={
                "sampling": {(name if key == old else key): each for key, each in entry.sampling.items() if key != name}
            }
        )
        for task, entry in lock.tasks.items()
    }
    stored = {name if key == old else key: each for key, each in lock.stored_answers.items() if key != name}
    return lock.model_copy(
        update={
            "experiment": lock.experiment.model_copy(update={"resolved": settings}),
            "tasks": tasks,
            "stored_answers": stored,
        }
    )


def comparable(frame: pd.DataFrame, obstacles: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    """Return the item values that no obstacle concerns."""
    if not obstacles:
        return frame
    keys = zip(frame["task"], frame["judge"].where(frame["judge"].notna(), ""), strict=True)
    return frame[[key not in obstacles for key in keys]]


def with_incomparable(decision: Decision, baseline: pd.DataFrame, obstacles: Mapping[tuple[str, str], str]) -> Decision:
    """Return a decision with an incomparable verdict on each cell of the baseline that an obstacle concerns."""
    named = baseline.assign(judge=baseline["judge"].where(baseline["judge"].notna(), ""))
    cells = named[["task", "metric", "judge", "language"]].drop_duplicates()
    added = [
        incomparable_verdict(task, metric, judge or None, language, note=obstacles[task, judge])
        for task, metric, judge, language in cells.itertuples(index=False, name=None)
        if (task, judge) in obstacles
    ]
    return decision.with_verdicts(added)
