"""Imported judges while the experiment of their run changes: none is lost, and what is not shown is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyarena.harness.experiment import Experiment
from polyarena.harness.importing.lock import IMPORTED, add_judge
from polyarena.harness.store import RunFolder
from polyarena.tasks.errors import StoreError

MOST_NAMED = 6
"""Things that the experiment lacks which a sentence names before it only counts."""


def refuse_clash(experiment: Experiment, folder: RunFolder) -> None:
    """Refuse an experiment with a judge or panel of the name of an imported judge, whose games it would replace.

    Args:
        experiment: The experiment.
        folder: Its run folder, which need not be there.

    Raises:
        StoreError: A name is taken.
    """
    # Names become folders, and some file systems do not tell letter case apart.
    taken = {judge.casefold(): judge for judge in folder.read_lock().get(IMPORTED) or {}}
    named = {"judge": [each.name for each in experiment.judges], "panel": [each.name for each in experiment.panels]}
    for kind, names in named.items():
        for index, name in enumerate(names):
            imported = taken.get(name.casefold())
            if imported is not None:
                raise StoreError(
                    f"the {kind} {name!r} of the experiment has the name of the imported judge {imported!r}",
                    where=experiment.where(f"{kind}s", index),
                    why=f"the games of both would lie in {folder.path / 'games' / imported}",
                    fix=f"rename the {kind}, or run in another folder with --output; verdicts can be imported again "
                    "under another name with --judge",
                )


def keep_imports(content: dict[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new lock file with the imported judges of the earlier one.

    All of each is kept; what is about systems, tasks or languages that the experiment does not have is not shown, and
    comes back with them.
    """
    for judge, entry in (earlier.get(IMPORTED) or {}).items():
        shown = _shown(content, entry["games"])
        if shown:
            add_judge(content, judge, entry, shown)
        else:
            content.setdefault(IMPORTED, {})[judge] = dict(entry)
    return content


def not_shown(lock: Mapping[str, Any]) -> dict[str, str]:
    """Say of each imported judge that is not shown, or not wholly, what the experiment lacks; a sentence by judge."""
    found = {}
    for judge, entry in sorted((lock.get(IMPORTED) or {}).items()):
        games = entry["games"]
        number, shown = _pairs(games), _pairs([pair for pair in lock["games"] if pair[0] == judge])
        if shown < number:
            part = f"{number - shown} of the {number} pairs of " if shown else ""
            found[judge] = (
                f"{part}the imported judge {judge!r} {'are' if part else 'is'} not shown: the experiment does not have "
                f"{_lacking(lock, games)}. They are kept, and shown again once the experiment has it all"
            )
    return found


def _shown(lock: Mapping[str, Any], games: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Return the pairs that the experiment has, each with the languages that it asks."""
    found = []
    for judge, candidate, baseline, task, languages in games:
        if all(task in lock["cells"].get(system, {}) for system in (candidate, baseline)):
            asked = [language for language in languages if language in lock["tasks"][task]["languages"]]
            found += [[judge, candidate, baseline, task, asked]] if asked else []
    return found


def _pairs(games: Sequence[Sequence[Any]]) -> int:
    return sum(len(languages) for *_, languages in games)


def _lacking(lock: Mapping[str, Any], games: Sequence[Sequence[Any]]) -> str:
    """Name the systems, tasks and languages of games that the experiment does not have."""
    found: dict[str, None] = {}
    for _, candidate, baseline, task, languages in games:
        missing = [f"the system {name}" for name in (candidate, baseline) if name not in lock["cells"]]
        if task not in lock["tasks"]:
            missing.append(f"the task {task}")
        else:
            asked = lock["tasks"][task]["languages"]
            missing += [f"{task} in {language}" for language in languages if language not in asked]
            systems = [name for name in (candidate, baseline) if name in lock["cells"]]
            missing += [f"{task} for {name}" for name in systems if task not in lock["cells"][name]]
        found.update(dict.fromkeys(missing))
    shown = ", ".join(list(found)[:MOST_NAMED])
    return shown if len(found) <= MOST_NAMED else f"{shown} and {len(found) - MOST_NAMED} more"
