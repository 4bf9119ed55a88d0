"""Imported judges in the lock: added, carried over when the experiment changes, and reported where it lacks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from polyarena.harness.experiment import Experiment, load_experiment
from polyarena.harness.lock.digest import digest
from polyarena.harness.lock.model import (
    ImportedJudge,
    Lock,
    LockedExperiment,
    LockedGames,
    LockedJudge,
    LockedTask,
    Pair,
    UnmappedField,
    shard_name,
)
from polyarena.harness.lock.versions import installed_versions
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import StoreError, UnknownNameError
from polyarena.tasks.identify import IDENTIFIER
from polyarena.tasks.item import Kind
from polyarena.tasks.registry import find_task
from polyarena.tasks.signature import Signature

IMPORTED = "imported"
"""The type of systems that were not run here, and of data sets that are known from imported verdicts alone."""
MOST_NAMED = 6
"""Things that the experiment lacks which a sentence names; of more, it gives the number."""


def stored_systems(lock: Lock) -> frozenset[str]:
    """Return the systems whose answers were generated elsewhere."""
    imported = (system.name for system in lock.settings.systems if system.model == IMPORTED)
    return frozenset(lock.stored_answers).union(imported)


def imported_run(
    name: str, systems: Sequence[str], baselines: Sequence[str], tasks: Mapping[str, Sequence[str]]
) -> Lock:
    """Return the lock of a run that contains nothing but imported verdicts.

    Args:
        name: Of the experiment.
        systems: All of them.
        baselines: Those that others are compared with; named in the experiment if there is one.
        tasks: The languages of each task.
    """
    experiment = load_experiment(
        {
            "name": name,
            "systems": [{"name": system, "model": IMPORTED} for system in systems],
            "baseline": baselines[0] if len(baselines) == 1 else None,
            "tasks": list(tasks),
        }
    )
    return Lock(
        experiment=LockedExperiment(name=name, digest=digest(experiment.model_dump(mode="json")), resolved=experiment),
        versions=installed_versions(),
        identifier=IDENTIFIER,
        tasks={
            task: LockedTask(card=_card(task, languages), languages=tuple(languages))
            for task, languages in tasks.items()
        },
        cells={system: {task: {} for task in tasks} for system in systems},
    )


def is_imported_run(lock: Lock) -> bool:
    """Return whether a run contains nothing but imports, so that no experiment says what its systems are."""
    return all(system.model == IMPORTED for system in lock.settings.systems)


def extended_run(lock: Lock, systems: Iterable[str], tasks: Mapping[str, Iterable[str]]) -> Lock:
    """Return the lock of a run of imports with the systems, tasks and languages of a further import.

    Args:
        lock: The lock; :func:`is_imported_run` is true of it.
        systems: Of the further import.
        tasks: Its languages, by task.
    """
    every_task = {name: {*task.languages} for name, task in lock.tasks.items()}
    for name, languages in tasks.items():
        every_task.setdefault(name, set()).update(languages)
    baseline = [lock.settings.baseline] if lock.settings.baseline else []
    whole = imported_run(
        lock.experiment.name,
        [*lock.cells, *sorted({*systems} - {*lock.cells})],
        baseline,
        {name: sorted(languages) for name, languages in every_task.items()},
    )
    resolved = whole.settings.model_copy(update={"statistics": lock.settings.statistics})
    return lock.model_copy(
        update={
            "experiment": LockedExperiment(
                name=lock.experiment.name, digest=digest(resolved.model_dump(mode="json")), resolved=resolved
            ),
            "tasks": {name: _extended_task(lock.tasks.get(name), task) for name, task in whole.tasks.items()},
            "cells": {
                system: {task: lock.cells.get(system, {}).get(task, {}) for task in cells}
                for system, cells in whole.cells.items()
            },
        }
    )


def _extended_task(earlier: LockedTask | None, task: LockedTask) -> LockedTask:
    """Return a task with the languages of a further import; a scored task keeps its metrics and version."""
    if earlier is None or not earlier.card.metrics:
        return task
    provenance = {**dict.fromkeys(task.languages, Provenance.UNKNOWN), **earlier.card.provenance}
    card = earlier.card.model_copy(update={"languages": tuple(sorted(provenance)), "provenance": provenance})
    return earlier.model_copy(update={"card": card, "languages": task.languages})


def merged_judge(earlier: ImportedJudge | None, entry: ImportedJudge) -> ImportedJudge:
    """Return an imported judge with the pairs of an earlier import that the later one does not have.

    Args:
        earlier: The earlier import of the same name and format; ``None`` if there is none.
        entry: The later one, whose games take the place of earlier ones of the same pair.
    """
    if earlier is None or earlier.format != entry.format:
        return entry

    def about(pair: Pair) -> tuple[frozenset[str], str, str]:
        return frozenset((pair.candidate, pair.baseline)), pair.task, pair.language

    new = {pair: entry.judge.shards[shard_name(pair)] for games in entry.games for pair in games.pairs()}
    taken = {about(pair) for pair in new}
    old = {pair: earlier.judge.shards[shard_name(pair)] for games in earlier.games for pair in games.pairs()}
    return imported_judge(
        format_name=entry.format,
        files={**earlier.files, **entry.files},
        shards={**{pair: key for pair, key in old.items() if about(pair) not in taken}, **new},
        orders=max(earlier.judge.orders, entry.judge.orders),
        order_known=earlier.judge.order_known and entry.judge.order_known,
        repeats=max(earlier.judge.repeats, entry.judge.repeats),
        unmapped=_merged_counts(earlier, entry),
        renamed={**earlier.renamed, **entry.renamed},
        facts={**earlier.facts, **entry.facts},
    )


def _merged_counts(earlier: ImportedJudge, entry: ImportedJudge) -> list[UnmappedField]:
    """Return what was left out of the files of both imports; a file that is imported again is not counted twice."""
    if set(entry.files) == set(earlier.files):
        return sorted(entry.unmapped, key=lambda field: field.what)
    imported_before = set(entry.files) < set(earlier.files)
    merged = {field.what: field for field in earlier.unmapped}
    for field in entry.unmapped:
        before = merged[field.what].count if field.what in merged else 0
        count = max(before, field.count) if imported_before else before + field.count
        merged[field.what] = field.model_copy(update={"count": count})
    return [merged[what] for what in sorted(merged)]


def _card(task: str, languages: Sequence[str]) -> TaskCard:
    """Return the card of the installed task of this name, else one that says how little is known."""
    try:
        return find_task(task).card
    except UnknownNameError:
        return TaskCard(
            name=task,
            version="0",
            title=f"{task}, as imported",
            kind=Kind.OPEN_ENDED,
            dataset=Dataset(id=IMPORTED, revision="unknown", licence="unknown"),
            languages=tuple(languages),
            provenance=dict.fromkeys(languages, Provenance.GENERATED),
            notes="Known from imported verdicts alone; how its items came to be is not known here.",
        )


def imported_judge(
    *,
    format_name: str,
    files: Mapping[str, str],
    shards: Mapping[Pair, str],
    orders: int,
    order_known: bool,
    repeats: int,
    unmapped: Iterable[UnmappedField] = (),
    renamed: Mapping[str, str],
    facts: Mapping[str, str],
) -> ImportedJudge:
    """Return the entry of one imported judge.

    Args:
        format_name: Of the files.
        files: Digest of each file by its name.
        shards: Key of the shard of each pair.
        orders: In how many orders answers were shown.
        order_known: Whether it is known which was shown first.
        repeats: Games of one item in one order, at most.
        unmapped: What the files contain and polyarena's records do not.
        renamed: Names of systems and judges that could not be folders, each with the name that took its place.
        facts: What the files say of the judge.
    """
    shown = count_of(orders, "order") if order_known else "the order in which answers were shown is not known"
    languages: dict[tuple[str, str, str, str], list[str]] = {}
    for pair in sorted(shards):
        languages.setdefault(pair[:4], []).append(pair.language)
    return ImportedJudge(
        format=format_name,
        files=dict(files),
        judge=LockedJudge(
            signature=import_signature(format_name, files),
            description=f"imported verdicts ({format_name}; {shown}); made elsewhere, with settings that are not known",
            repeats=repeats,
            orders=orders,
            order_known=order_known,
            shards={shard_name(pair): key for pair, key in sorted(shards.items())},
        ),
        games=tuple(
            LockedGames(judge=judge, candidate=candidate, baseline=baseline, task=task, languages=tuple(codes))
            for (judge, candidate, baseline, task), codes in languages.items()
        ),
        unmapped=tuple(unmapped),
        renamed=dict(renamed),
        facts=dict(facts),
        polyarena=version("polyarena"),
    )


def import_signature(format_name: str, files: Mapping[str, str]) -> Signature:
    """Return the signature of a judge that is imported from these files."""
    return Signature({"judge": "imported@1", "format": format_name, "files": digest(dict(files))[:12]})


def with_imported_judge(lock: Lock, name: str, entry: ImportedJudge) -> Lock:
    """Return a lock with an imported judge, in place of an earlier import of the same name.

    All of it is kept under ``imported``; only the pairs that the experiment has are among its games.

    Args:
        lock: The lock.
        name: The judge's name.
        entry: The judge.
    """
    judges = {other: judge for other, judge in lock.judges.items() if other != name}
    games = [each for each in lock.games if each.judge != name]
    own = _covered(lock, entry.games)
    if own:
        judges[name] = entry.judge
        games += own
    return lock.model_copy(
        update={
            "judges": judges,
            "games": tuple(sorted(games, key=lambda each: (each.judge, each.candidate, each.baseline, each.task))),
            "imported": {**lock.imported, name: entry},
        }
    )


def carry_over(lock: Lock, earlier: Lock | None) -> Lock:
    """Return the lock of a changed experiment with the imported judges of the earlier lock.

    All of each is kept; what is about systems, tasks or languages that the experiment does not have is not shown, and
    comes back with them.
    """
    for name, entry in (earlier.imported if earlier else {}).items():
        lock = with_imported_judge(lock, name, entry)
    return lock


def refuse_name_clash(experiment: Experiment, lock: Lock | None, folder: Path) -> None:
    """Refuse an experiment with a judge or panel of the name of an imported judge, whose games it would replace.

    Args:
        experiment: The experiment.
        lock: Of its run folder; ``None`` if there is none yet.
        folder: The run folder, for messages.

    Raises:
        StoreError: A name is taken.
    """
    # Names become folders, and some file systems do not tell letter case apart.
    taken = {judge.casefold(): judge for judge in (lock.imported if lock else ())}
    named = {"judge": [each.name for each in experiment.judges], "panel": [each.name for each in experiment.panels]}
    for kind, names in named.items():
        for index, name in enumerate(names):
            imported = taken.get(name.casefold())
            if imported is not None:
                raise StoreError(
                    f"the {kind} {name!r} of the experiment has the name of the imported judge {imported!r}",
                    where=experiment.where(f"{kind}s", index),
                    why=f"the games of both would be in {folder / 'games' / imported}",
                    fix=f"rename the {kind}, or run in another folder with --output; verdicts can be imported again "
                    "under another name with --judge",
                )


def hidden_judges(lock: Lock) -> dict[str, str]:
    """Return, for each imported judge that is not shown in full, a sentence on what the experiment lacks."""
    found = {}
    for name, entry in sorted(lock.imported.items()):
        number = sum(len(games.languages) for games in entry.games)
        shown = sum(len(games.languages) for games in lock.games if games.judge == name)
        if shown < number:
            part = f"{number - shown} of the {number} pairs of " if shown else ""
            found[name] = (
                f"{part}the imported judge {name!r} {'are' if part else 'is'} not shown: the experiment does not have "
                f"{_lacking(lock, entry.games)}. They are kept, and shown again once the experiment has it all"
            )
    return found


def _covered(lock: Lock, games: Iterable[LockedGames]) -> list[LockedGames]:
    """Return the games that the experiment has, each with the languages that it asks."""
    found = []
    for each in games:
        if all(each.task in lock.cells.get(system, {}) for system in (each.candidate, each.baseline)):
            asked = tuple(code for code in each.languages if code in lock.tasks[each.task].languages)
            found += [each.model_copy(update={"languages": asked})] if asked else []
    return found


def _lacking(lock: Lock, games: Iterable[LockedGames]) -> str:
    """Name the systems, tasks and languages of games that the experiment does not have."""
    found: dict[str, None] = {}
    for each in games:
        systems = (each.candidate, each.baseline)
        missing = [f"the system {name}" for name in systems if name not in lock.cells]
        if each.task not in lock.tasks:
            missing.append(f"the task {each.task}")
        else:
            asked = lock.tasks[each.task].languages
            missing += [f"{each.task} in {language}" for language in each.languages if language not in asked]
            known = [name for name in systems if name in lock.cells]
            missing += [f"{each.task} for {name}" for name in known if each.task not in lock.cells[name]]
        found.update(dict.fromkeys(missing))
    shown = ", ".join(list(found)[:MOST_NAMED])
    return shown if len(found) <= MOST_NAMED else f"{shown} and {len(found) - MOST_NAMED} more"
