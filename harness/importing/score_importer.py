"""Imports results of another evaluation tool as cells and scores of a run folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version as installed_version
from pathlib import Path

from polyarena.harness.importing.every_eval_ever import read as read_every_eval_ever
from polyarena.harness.importing.helm import read as read_helm
from polyarena.harness.importing.inspect_logs import read as read_inspect
from polyarena.harness.importing.lighteval import read as read_lighteval
from polyarena.harness.importing.lm_eval import ImportedCell, LmEvalResult
from polyarena.harness.importing.lm_eval import read as read_lm_eval
from polyarena.harness.importing.names import folder_names
from polyarena.harness.importing.nemo_evaluator import read as read_nemo_evaluator
from polyarena.harness.importing.rows import language_code
from polyarena.harness.lock import Lock, LockedTask, UnmappedField, content_digest, digest
from polyarena.harness.lock.imported_judges import IMPORTED, extended_run, imported_run, is_imported_run
from polyarena.harness.models.weights import file_digest
from polyarena.harness.store import RunFolder, write_shard
from polyarena.harness.store.atomic import write_atomically
from polyarena.reports.metric_facts import metric_facts
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.errors import StoreError
from polyarena.tasks.records import COMPLETION_SCHEMA, SCORE_SCHEMA

READERS: Mapping[str, Callable[[Path, str | None], LmEvalResult]] = {
    "every-eval-ever": read_every_eval_ever,
    "helm": read_helm,
    "inspect": read_inspect,
    "lighteval": read_lighteval,
    "lm-eval": read_lm_eval,
    "nemo-evaluator": read_nemo_evaluator,
}
"""Readers of scored answers by format."""
REVISION = "unknown"
"""Of a data set that another tool read."""


@dataclass(frozen=True, slots=True)
class ScoreImportSummary:
    """The result of an import.

    Attributes:
        folder: The run folder.
        systems: Their names in the run.
        languages: Of each task that was imported.
        completions: Answers written.
        scores: Item scores written.
        renamed: Names that could not be folders, and what became of them.
        unmapped: What the files contain and the run does not, counted.
    """

    folder: RunFolder
    systems: tuple[str, ...]
    languages: Mapping[str, tuple[str, ...]]
    completions: int
    scores: int
    renamed: Mapping[str, str]
    unmapped: tuple[UnmappedField, ...]


def import_scores(
    format: str, path: str | Path, folder: str | Path, *, language: str | None = None
) -> ScoreImportSummary:
    """Import results and samples of another tool as systems of a run, new or of imports.

    A cell that the run has already is replaced.

    Args:
        format: A key of :data:`READERS`.
        path: The folder that the tool wrote, with samples.
        folder: The run folder.
        language: Of tasks of which no rule finds the language.

    Raises:
        DataError: There are no samples, no language could be found, or a file is not of the tool.
        UnknownNameError: There is no such language.
        StoreError: The folder is of an experiment that was run, or has a task of this name that was measured otherwise.
    """
    source, run = Path(path), RunFolder(Path(folder))
    result = READERS[format](source, None if language is None else language_code(language, "--language"))
    lock = run.read_lock()
    own_name = next(iter(folder_names([run.path.resolve().name]).values()))
    if lock is None:
        run.check_owner(own_name)
    elif not is_imported_run(lock):
        raise StoreError("the run has an experiment of its own", where=run.path,
                         why="its systems and tasks were run here; results of another tool are none of them",
                         fix="import into a new folder, and compare the two")  # fmt: skip
    systems = folder_names((cell.system for cell in result.cells), lock.cells if lock else ())
    tasks = folder_names((cell.task for cell in result.cells), lock.tasks if lock else ())
    cells = [_renamed(cell, systems[cell.system], tasks[cell.task]) for cell in result.cells]
    entries = {name: _task(name, of_task, format) for name, of_task in _by_task(cells).items()}
    for name, entry in entries.items():
        _refuse_other_measurement(lock, name, entry, run)
    digests = {file.relative_to(source).as_posix() if source.is_dir() else file.name: file_digest(file)
               for file in result.files}  # fmt: skip
    facts = {
        systems[name]: {**each, "files": digest(digests)[:12]} for name, each in result.facts.items() if name in systems
    }
    changed = {old: new for part in (systems, tasks) for old, new in part.items() if old != new}
    with run.write_access():
        if run.read_lock() != lock:
            raise StoreError("the run folder has changed meanwhile", where=run.path, fix="run the same command again")
        keys = {(cell.system, cell.task, cell.language): _write(run, cell) for cell in cells}
        if lock is None:
            text = f"# This run was imported and cannot be run again from this file.\nname: {own_name}\n"
            write_atomically(run.experiment, text.encode())
        run.write_lock(_extended(lock, own_name, entries, cells, keys, facts))
        run.log({"event": "Imported", "format": format, "files": digests,
                 "polyarena": installed_version("polyarena"), "systems": sorted(set(systems.values())),
                 "renamed": changed,
                 "unmapped": [each.model_dump(mode="json") for each in result.left_out.unmapped]})  # fmt: skip
    return ScoreImportSummary(
        folder=run,
        systems=tuple(sorted({cell.system for cell in cells})),
        languages={name: entry.languages for name, entry in sorted(entries.items())},
        completions=sum(len(cell.completions) for cell in cells),
        scores=sum(len(cell.scores) for cell in cells),
        renamed=changed,
        unmapped=result.left_out.unmapped,
    )


def _renamed(cell: ImportedCell, system: str, task: str) -> ImportedCell:
    return replace(
        cell,
        system=system,
        task=task,
        completions=[replace(each, system=system, task=task) for each in cell.completions],
        scores=[replace(each, system=system, task=task) for each in cell.scores],
    )


def _by_task(cells: list[ImportedCell]) -> dict[str, list[ImportedCell]]:
    found: defaultdict[str, list[ImportedCell]] = defaultdict(list)
    for cell in cells:
        found[cell.task].append(cell)
    return dict(sorted(found.items()))


def _task(name: str, cells: list[ImportedCell], tool: str) -> LockedTask:
    languages = tuple(sorted({cell.language for cell in cells}))
    first = cells[0]
    card = TaskCard(
        name=name,
        version=first.version,
        title=f"{name}, as {tool} ran it",
        kind=first.kind,
        dataset=Dataset(id=first.dataset, revision=REVISION, licence="unknown"),
        languages=languages,
        provenance=dict.fromkeys(languages, Provenance.UNKNOWN),
        metrics=first.metrics,
        notes=f"Run and scored by {tool}. Items of one name in two languages are taken for translations.",
    )
    facts = {metric: metric_facts(metric) for metric in first.metrics}
    return LockedTask(card=card, metrics=facts, languages=languages, limit=first.limit)


def _refuse_other_measurement(lock: Lock | None, name: str, entry: LockedTask, run: RunFolder) -> None:
    earlier = lock.tasks.get(name) if lock else None
    if earlier is None:
        return
    for what, old, new in (
        ("the version", earlier.card.version, entry.card.version),
        ("the metrics", earlier.card.metrics, entry.card.metrics),
        ("the data set", earlier.card.dataset, entry.card.dataset),
        ("the limit", earlier.limit, entry.limit),
    ):
        if old != new:
            raise StoreError(
                f"the run has a task {name!r} that was measured otherwise",
                where=run.path,
                why=f"{what} was {old} there and is {new} here",
                fix="import into a folder of its own",
            )


def _write(run: RunFolder, cell: ImportedCell) -> str:
    """Write the answers and scores of a cell, and return the key of the answers."""
    place = (cell.system, cell.task, cell.language)
    content = content_digest(cell.completions)
    key = digest([IMPORTED, content])
    write_shard(run.cell(*place), cell.completions, COMPLETION_SCHEMA, {"key": key, "content": content})
    write_shard(run.scores(*place), cell.scores, SCORE_SCHEMA, {"key": digest([key, cell.scores])})
    return key


def _extended(
    lock: Lock | None,
    name: str,
    entries: Mapping[str, LockedTask],
    cells: list[ImportedCell],
    keys: Mapping[tuple[str, str, str], str],
    facts: Mapping[str, Mapping[str, str]],
) -> Lock:
    systems = sorted({cell.system for cell in cells})
    languages = {task: list(entry.languages) for task, entry in entries.items()}
    whole = imported_run(name, systems, [], languages) if lock is None else extended_run(lock, systems, languages)
    asked = {system: {task: dict(codes) for task, codes in tasks.items()} for system, tasks in whole.cells.items()}
    for (system, task, language), key in keys.items():
        asked[system][task][language] = key
    data = dict(whole.data)
    for cell in cells:
        for part, value in cell.digests.items():
            data[f"{cell.dataset}@{REVISION}/{cell.task}/{cell.language}.{part}"] = value
    return whole.model_copy(
        update={
            "tasks": {
                task: entry if task not in entries else _with_languages(entries[task], entry.languages)
                for task, entry in whole.tasks.items()
            },
            "cells": asked,
            "data": data,
            "stored_answers": {**whole.stored_answers, **facts},
        }
    )


def _with_languages(entry: LockedTask, languages: tuple[str, ...]) -> LockedTask:
    card = entry.card.model_copy(
        update={"languages": languages, "provenance": dict.fromkeys(languages, Provenance.UNKNOWN)}
    )
    return entry.model_copy(update={"card": card, "languages": languages})
