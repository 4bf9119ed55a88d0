"""Sentences on what a run lacks: tasks left out, metrics that were not computed, cells without a result."""

from __future__ import annotations

from collections.abc import Sequence

from polyarena.harness.lock import Lock
from polyarena.harness.lock.imported_judges import hidden_judges
from polyarena.harness.reporting.estimates import native_languages
from polyarena.tasks.counts import count_of
from polyarena.tasks.languages import find_language

MOST_NAMED = 8
"""Languages or cells that a note names before it only counts."""


def omission_sentences(lock: Lock) -> list[str]:
    """Say what was not asked or not scored, and how suites differ from their papers, one sentence each."""
    found = []
    for each in lock.omissions:
        names = some([find_language(code).name for code in each.languages])
        if each.metric:
            found.append(f"{each.metric} of {each.task} is not scored in {names}: {each.reason}.")
        else:
            wanted = f", which the suite {each.suite} has," if each.suite else ""
            where = f" in {names}" if names else ""
            found.append(f"{each.task}{wanted} is not asked{where}: {each.reason}.")
    for suite in dict.fromkeys(each.suite for each in lock.deviations):
        told = [f"{each.task} ({each.reason})" for each in lock.deviations if each.suite == suite]
        found.append(f"The suite {suite} differs from the paper in {', '.join(told)}.")
    if lock.settings.statistics.averages == "native":
        native = native_languages(lock)
        pairs = [(name, code) for name, task in lock.tasks.items() for code in task.languages]
        apart = [name for name, code in pairs if (name, code) not in native]
        if apart:
            tasks = some(sorted(set(apart)))
            found.append(f"Averages are over native data only: without {len(apart)} translated sets, of {tasks}.")
    for system in lock.settings.systems:
        items = sorted(task for task, what in system.seen.items() if what == "items" and _asked(lock, task))
        if items:
            found.append(f"{system.name} was trained on items of {some(items)}: its scores there say little.")
    return [*found, *(f"{said[:1].upper()}{said[1:]}." for said in hidden_judges(lock).values())]


def _asked(lock: Lock, task: str) -> bool:
    return any(task in (name, entry.family) for name, entry in lock.tasks.items())


def some(names: Sequence[str]) -> str:
    """Join names; of many, only the first are named."""
    shown = ", ".join(names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"


def incomplete(missing: Sequence[str]) -> str:
    """Say what of the experiment is not stored."""
    return (
        f"Incomplete: {count_of(len(missing), 'cell or pair', 'cells and pairs')} without a result, which no number "
        f"here includes ({some(missing)}). Running the experiment again does only these."
    )
