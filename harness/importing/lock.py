"""The lock file of a run that has imported verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.item import Kind
from polyarena.tasks.registry import find_task

IMPORTED = "imported"
"""The key of the lock file, and the type of judges and systems that were not run here."""
Pair = tuple[str, str, str, str]
"""Judge, candidate, baseline, task."""


def fresh_lock(
    name: str, systems: Sequence[str], baselines: Sequence[str], tasks: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return the lock file of a run that holds nothing but imported verdicts.

    Args:
        name: Of the experiment.
        systems: All of them.
        baselines: Those that others are compared with; named in the experiment if there is one.
        tasks: The languages of each task.
    """
    from polyarena.harness.experiment import Experiment, load_experiment
    from polyarena.harness.lock.digest import digest
    from polyarena.harness.running.lock import installed_versions
    from polyarena.tasks.identify import IDENTIFIER

    experiment: Experiment = load_experiment(
        {
            "name": name,
            "systems": [{"name": system, "model": IMPORTED} for system in systems],
            "baseline": baselines[0] if len(baselines) == 1 else None,
            "tasks": list(tasks),
        }
    )
    resolved = experiment.model_dump(mode="json")
    return {
        "experiment": {"name": name, "digest": digest(resolved), "resolved": resolved},
        "versions": installed_versions(),
        "identifier": IDENTIFIER,
        "tasks": {
            task: {"card": _card(task, languages), "languages": list(languages), "limit": None, "sampling": {}}
            for task, languages in tasks.items()
        },
        "data": {},
        "models": {},
        "judges": {},
        "cells": {system: {task: {} for task in tasks} for system in systems},
        "games": [],
        "unsupported": [],
        IMPORTED: {},
    }


def _card(task: str, languages: Sequence[str]) -> dict[str, Any]:
    """Return the card of the installed task of this name, else one that says how little is known."""
    try:
        card = find_task(task).card
    except UnknownNameError:
        card = TaskCard(
            name=task,
            version="0",
            title=f"{task}, as imported",
            kind=Kind.OPEN_ENDED,
            dataset=Dataset(id=IMPORTED, revision="unknown", licence="unknown"),
            languages=tuple(languages),
            provenance=dict.fromkeys(languages, Provenance.GENERATED),
            notes="Known from imported verdicts alone; how its items came to be is not known here.",
        )
    return card.model_dump(mode="json")


def add_judge(
    lock: dict[str, Any], judge: str, entry: Mapping[str, Any], games: Sequence[Sequence[Any]] | None = None
) -> None:
    """Enter an imported judge, in place of an earlier import of the same name.

    Args:
        lock: The lock file; changed.
        judge: The judge's name.
        entry: What :func:`entry_of` returns.
        games: Of its pairs, those that the experiment has, each with its languages; all of them if left out.
    """
    lock.setdefault(IMPORTED, {})[judge] = dict(entry)
    known = {name: entry[name] for name in ("signature", "description", "orders", "order_known")}
    lock["judges"][judge] = known
    resolved = lock["experiment"]["resolved"]
    others = [spec for spec in resolved["judges"] if spec["name"] != judge]
    spec = {"name": judge, "judge": IMPORTED, "args": {}, "endpoint": None, "repeats": entry["repeats"]}
    resolved["judges"] = [*others, spec]
    own = entry["games"] if games is None else games
    lock["games"] = sorted([*(pair for pair in lock["games"] if pair[0] != judge), *own])


def entry_of(
    *,
    format_name: str,
    files: Mapping[str, str],
    games: Mapping[Pair, Sequence[str]],
    orders: int,
    order_known: bool,
    repeats: int,
    leftovers: Sequence[Mapping[str, Any]],
    renamed: Mapping[str, str],
    facts: Mapping[str, str],
) -> dict[str, Any]:
    """Return what the lock file says of one imported judge.

    Args:
        format_name: Of the files.
        files: Digest of each file by its name.
        games: The languages of each pair.
        orders: In how many orders answers were shown.
        order_known: Whether it is known which was shown first.
        repeats: Games of one item in one order, at most.
        leftovers: What was not mapped.
        renamed: Names of systems and judges that could not be folders, and what became of them.
        facts: What the files say of the judge.
    """
    from polyarena.harness.lock.digest import digest

    shown = "the order in which answers were shown is not known" if not order_known else f"{orders} order(s)"
    return {
        "format": format_name,
        "files": dict(files),
        "signature": f"judge:imported@1|format:{format_name}|files:{digest(dict(files))[:12]}",
        "description": f"imported verdicts ({format_name}; {shown}); made elsewhere, with settings that are not known",
        "orders": orders,
        "order_known": order_known,
        "repeats": repeats,
        "games": [[*pair, sorted(languages)] for pair, languages in sorted(games.items())],
        "leftovers": list(leftovers),
        "renamed": dict(renamed),
        "facts": dict(facts),
        "polyarena": version("polyarena"),
    }
