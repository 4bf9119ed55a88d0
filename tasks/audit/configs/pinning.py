"""Which data a task reads, and whether it will be the same tomorrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyarena.tasks.audit.configs.index import Config
from polyarena.tasks.audit.finding import Finding, Severity
from polyarena.tasks.audit.revisions import is_pinned

SCRIPT_DATASETS = frozenset(
    {
        "Hennara/aexams",
        "facebook/flores",
        "masakhane/afriqa-gold-passages",
        "masakhane/masakhaner-x",
        "masakhane/masakhapos",
        "tyouisen/aclue",
    }
)
"""Data sets that are programs, which ``datasets`` 4 and later refuse: those that users report in
https://github.com/EleutherAI/lm-evaluation-harness/issues/3171 and that are not marked there as fixed."""


def audit_data(tasks: list[Config]) -> Iterator[Finding]:
    """Yield data sets without a pinned revision, data sets that are programs, and examples out of the test split."""
    for task in tasks:
        yield from _revision(task)
        yield from _script(task)
        yield from _few_shot(task)


def _options(task: Config) -> dict[str, Any]:
    options = task.get("dataset_kwargs")
    return options if isinstance(options, dict) else {}


def _revision(task: Config) -> Iterator[Finding]:
    path = task.get("dataset_path")
    local = path in ("json", "csv", "text", "parquet", "arrow")
    if path is None or local or task.get("custom_dataset") is not None:
        return
    revision = _options(task).get("revision")
    if revision is None or not is_pinned(str(revision)):
        what = "no revision" if revision is None else f"the revision {revision!r}, which can move"
        message = f"the data set {path} is read at {what}: scores of two days may be of two data sets"
        yield Finding("unpinned-revision", Severity.WARNING, task.name, "", message)


def _script(task: Config) -> Iterator[Finding]:
    path = task.get("dataset_path")
    if path in SCRIPT_DATASETS:
        message = f"the data set {path} is a program, which datasets 4 and later refuse: the task cannot be loaded"
        yield Finding("script-data-set", Severity.ERROR, task.name, "", message)
    if "trust_remote_code" in _options(task):
        message = (
            "trust_remote_code is dropped in silence under datasets 4 and later: the data set was a program when the "
            "task was written, and loads only if it has been converted since"
        )
        yield Finding("trust-remote-code", Severity.WARNING, task.name, "", message)


def _few_shot(task: Config) -> Iterator[Finding]:
    if task.get("class") is not None:
        return
    asked = task.get("test_split") or task.get("validation_split")
    config = task.get("fewshot_config")
    own = config if isinstance(config, dict) else {}
    split = own.get("split") or task.get("fewshot_split")
    shots = task.get("num_fewshot") or 0
    severity = Severity.WARNING if isinstance(shots, int) and shots > 0 else Severity.NOTE
    if split is None and own.get("samples") is None:
        if task.get("training_split") or not asked:
            return
        if task.get("validation_split") and task.get("test_split"):
            return
        message = f"no split is named for few-shot examples and there is only {asked!r}: they come from what is asked"
        yield Finding("few-shot-from-test", severity, task.name, "", message)
    elif split is not None and split == asked:
        message = f"few-shot examples come from {split!r}, the split that is asked"
        yield Finding("few-shot-from-test", Severity.WARNING, task.name, "", message)
