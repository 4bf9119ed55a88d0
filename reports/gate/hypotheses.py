"""The hypotheses of a gate: cells, and averages over languages and tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyarena.reports.gate.pairs import ItemDifferences
from polyarena.reports.gate.settings import Action, GateSettings, Level
from polyarena.reports.stats.groupings import Groupings, groups_of


@dataclass(frozen=True)
class Hypothesis:
    """One cell or average.

    Attributes:
        level: What it is.
        grouping: ``tier`` and the like at the level ``group``, else empty.
        group: Language, group, suite or ``all``.
        action: What a regression does: that of its level or, for the only language of a task, the stricter one of cell
            and task.
        parts: By the position of an :class:`ItemDifferences`, the weight of each of its columns; all weights of a
            hypothesis sum to 1.
    """

    level: Level
    grouping: str
    group: str
    action: Action
    parts: Mapping[int, Mapping[int, float]]


def hypotheses(
    pairs: Sequence[ItemDifferences],
    settings: GateSettings,
    *,
    groupings: Groupings,
    suites: Mapping[str, Sequence[str]] | None = None,
    primary: Mapping[str, str] | None = None,
) -> list[Hypothesis]:
    """Return all hypotheses of the levels that are not off.

    An average of a single language or task is left out: it says what its only member says. The only language of a task
    stands for the task, and does what a regression of a task does.

    Args:
        pairs: The paired items.
        settings: Which levels are tested.
        groupings: Levels and groups of languages.
        suites: Tasks of each suite.
        primary: The metric by which each task enters suites and the overall average; by default its first.
    """
    used = [[i for i, size in enumerate(pair.counts.sum(axis=0)) if size > 0] for pair in pairs]
    found: list[Hypothesis] = []
    for place, (pair, columns) in enumerate(zip(pairs, used, strict=True)):
        at = {pair.languages[i]: i for i in columns}
        of_cell = settings.action(Level.CELL)
        if len(columns) == 1:
            of_cell = min(of_cell, settings.action(Level.TASK), key=list(Action).index)
        for group in groups_of(at, at, groupings):
            level = {"macro": Level.TASK, "language": Level.CELL}.get(group.level, Level.GROUP)
            alone = level is not Level.CELL and len(group.languages) < 2
            action = of_cell if level is Level.CELL else settings.action(level)
            if not group.languages or alone or action is Action.OFF:
                continue
            share = {at[code]: 1 / len(group.languages) for code in group.languages}
            grouping = group.level if level is Level.GROUP else ""
            found.append(Hypothesis(level, grouping, group.name, action, {place: share}))
    chosen = _primary(pairs, used, primary or {})
    for name, tasks in (suites or {}).items():
        _add_average(found, Level.SUITE, name, {task: chosen[task] for task in tasks if task in chosen}, used, settings)
    _add_average(found, Level.OVERALL, "all", chosen, used, settings)
    return found


def _primary(
    pairs: Sequence[ItemDifferences], used: Sequence[Sequence[int]], primary: Mapping[str, str]
) -> dict[str, int]:
    """Return, by task, the position of the differences by which it enters averages over tasks."""
    chosen: dict[str, int] = {}
    for place, pair in enumerate(pairs):
        if used[place] and (pair.task not in chosen or primary.get(pair.task) == pair.metric):
            chosen[pair.task] = place
    return chosen


def _add_average(
    found: list[Hypothesis],
    level: Level,
    name: str,
    places: Mapping[str, int],
    used: Sequence[Sequence[int]],
    settings: GateSettings,
) -> None:
    if len(places) < 2 or settings.action(level) is Action.OFF:
        return
    parts = {place: dict.fromkeys(used[place], 1 / len(places) / len(used[place])) for place in sorted(places.values())}
    found.append(Hypothesis(level, "", name, settings.action(level), parts))
