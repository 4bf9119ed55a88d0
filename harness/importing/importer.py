"""Imports files of verdicts into a run folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from polyarena.harness.importing.existing_run import match_to_run, only_open_task
from polyarena.harness.importing.formats import find_format
from polyarena.harness.importing.names import folder_names, has_usable_characters
from polyarena.harness.importing.result import ImportOptions, ImportResult
from polyarena.harness.importing.rows import files, language_code
from polyarena.harness.importing.shards import ShardKey, group_into_shards, rename_games
from polyarena.harness.importing.strong_weight import set_strong_weight
from polyarena.harness.importing.wrong_language import mark_wrong_language
from polyarena.harness.lock import ImportedJudge, Lock, Pair, UnmappedField, content_digest, digest
from polyarena.harness.lock.imported_judges import (
    IMPORTED,
    extended_run,
    import_signature,
    imported_judge,
    imported_run,
    is_imported_run,
    merged_judge,
    with_imported_judge,
)
from polyarena.harness.models.weights import file_digest
from polyarena.harness.store import RunFolder, read_shard, shard_metadata, stage_shard, write_shard
from polyarena.harness.store.atomic import write_atomically
from polyarena.judges.records import GAME_SCHEMA, Game, Label
from polyarena.tasks.errors import DataError, StoreError
from polyarena.tasks.records import COMPLETION_SCHEMA, Completion
from polyarena.tasks.suggest import unknown


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """The result of an import.

    Attributes:
        folder: The run folder.
        games: Games written, by judge.
        invalid: Those without a verdict.
        completions: Answers written.
        renamed: Names that could not be folders, and what became of them.
        unmapped: What the files contain and our records do not.
        defaults: What neither the files nor the options say (``language``, ``baseline``) and was taken by custom.
    """

    folder: RunFolder
    games: Mapping[str, int]
    invalid: int
    completions: int
    renamed: Mapping[str, str]
    unmapped: tuple[UnmappedField, ...]
    defaults: Mapping[str, str]


def import_verdicts(
    format_name: str,
    path: str | Path,
    folder: str | Path,
    options: ImportOptions | None = None,
    *,
    strong_weight: float | None = None,
) -> ImportSummary:
    """Import verdicts as judges of a run, new or existing.

    An existing run of imports gains the systems, tasks and languages of the file; importing a judge again replaces its
    games on the same pairs of systems and keeps those on others. The experiment of any other run must have the systems,
    tasks and languages; there, importing a judge again replaces it.

    Args:
        format_name: One of :data:`polyarena.harness.importing.formats.FORMATS`.
        path: A file, or a folder of files.
        folder: The run folder.
        options: What the file does not say.
        strong_weight: How many times a verdict with ``>>`` counts in the reports of a run of nothing but imports; what
            the run has already, or 1, if left out.

    Raises:
        ExperimentError: There is no such weight, or the run has an experiment of its own.
        UnknownNameError: No such format or language, or a system or task that the run's experiment does not have.
        DataError: The file is not of this format, contains no games or one twice, or a language that the run's
            experiment does not have.
        StoreError: The folder is not a run folder, a judge of the same name was run in it, or another import changed it
            meanwhile.
    """
    chosen_format = find_format(format_name)
    source, run = Path(path), RunFolder(Path(folder))
    chosen = options or ImportOptions()
    if chosen.language is not None:
        chosen = replace(chosen, language=language_code(chosen.language, "--language"))
    lock = _lock(run)
    if lock is not None and chosen.task is None:
        chosen = replace(chosen, task=only_open_task(lock))
    result = chosen_format.read(source, chosen)
    if not result.games:
        raise result.first_error or DataError("there are no games to import", where=source)
    _refuse_nameless(result, chosen, lock)
    names = _names(result, lock)
    games = rename_games(mark_wrong_language(result), names["systems"], names["judges"], names["tasks"])
    games, locations = match_to_run(games, lock, run, result) if lock is not None else (games, result.locations)
    baselines = _baselines(result, chosen, lock, names["systems"])
    shards = group_into_shards(games, baselines, locations, repeatable=result.repeatable)
    changed = {old: new for part in names.values() for old, new in part.items() if old != new}
    digests = {_named(file, source): file_digest(file) for file in files(source, chosen_format.suffixes)}
    with run.write_access():
        if run.read_lock() != lock:
            raise StoreError("the run folder has changed meanwhile", where=run.path, fix="run the same command again")
        if lock is None:
            lock = _new(run, shards)
        elif is_imported_run(lock):
            lock = extended_run(lock, *_contents(shards))
        if strong_weight is not None:
            lock = set_strong_weight(lock, strong_weight, run.path)
        judges = sorted({place[0] for place in shards})
        _refuse_taken(lock, judges, run)
        lock, completions = _store_completions(run, lock, _kept_answers(result, shards, names), result)
        for judge in judges:
            own = {Pair(*place): shard for place, shard in shards.items() if place[0] == judge}
            entry = _stage_judge(run, format_name, digests, own, result, changed)
            earlier = lock.imported.get(judge) if is_imported_run(lock) else None
            lock = with_imported_judge(lock, judge, merged_judge(earlier, entry))
            run.log({"event": "Imported", "judge": judge, "format": format_name, "files": digests,
                     "games": sum(map(len, own.values())),
                     "unmapped": [each.model_dump(mode="json") for each in result.unmapped]})  # fmt: skip
        # From here on every reader sees all of the new verdicts; before, all of the old ones.
        run.write_lock(lock)
        run.put_staged_games_in_place(lock)
    counts: defaultdict[str, int] = defaultdict(int)
    for place, shard in shards.items():
        counts[place[0]] += len(shard)
    invalid = sum(game.label == Label.INVALID for shard in shards.values() for game in shard)
    return ImportSummary(run, dict(counts), invalid, completions, changed, result.unmapped, result.defaults)


def _refuse_nameless(result: ImportResult, options: ImportOptions, lock: Lock | None) -> None:
    """Refuse names that cannot become ours, each with its place.

    Raises:
        DataError: A name has no letter or digit.
    """
    known = set() if lock is None else {*lock.cells, *lock.judges, *lock.tasks}
    given = {name: f"--{option}" for option, name in (("judge", options.judge), ("task", options.task)) if name}
    for game, where in zip(result.games, result.locations, strict=True):
        for name in (game.system_a, game.system_b, game.judge, game.task):
            if name in known:
                continue
            if not has_usable_characters(name):
                raise DataError(
                    f"{name!r} cannot name a system, judge or task",
                    where=given.get(name, where),
                    fix="give it letters or digits",
                )
            known.add(name)


def _names(result: ImportResult, lock: Lock | None) -> dict[str, dict[str, str]]:
    """Return the names of systems, judges and tasks in the run folder by those in the files."""
    systems = (name for game in result.games for name in (game.system_a, game.system_b))
    return {
        "systems": folder_names(systems, lock.cells if lock else ()),
        "judges": folder_names((game.judge for game in result.games), lock.judges if lock else ()),
        "tasks": folder_names((game.task for game in result.games), lock.tasks if lock else ()),
    }


def _baselines(result: ImportResult, options: ImportOptions, lock: Lock | None, systems: Mapping[str, str]) -> set[str]:
    """Return the systems that others are compared with: what the files, the options and the run say."""
    named = {systems[name] for name in result.baselines if name in systems}
    if options.baseline is not None:
        if options.baseline not in {*systems, *systems.values()}:
            raise unknown("system", options.baseline, systems, where="--baseline")
        named.add(systems.get(options.baseline, options.baseline))
    own = lock.settings.baseline if lock else None
    earlier = {games.baseline for games in lock.games} if lock and is_imported_run(lock) else set()
    return {*named, *earlier, *([] if own is None else [own])}


def _lock(run: RunFolder) -> Lock | None:
    """Return the lock of a run; ``None`` if it is to be made.

    Raises:
        StoreError: The folder is somebody else's; it is left as it is.
    """
    lock = run.read_lock()
    if lock is None:
        run.check_owner(_own_name(run))
    return lock


def _own_name(run: RunFolder) -> str:
    """Return the name of the experiment that a new run is of."""
    return next(iter(folder_names([run.path.resolve().name]).values()))


def _named(file: Path, source: Path) -> str:
    return file.relative_to(source).as_posix() if source.is_dir() else file.name


def _new(run: RunFolder, shards: Mapping[ShardKey, Sequence[Game]]) -> Lock:
    name = _own_name(run)
    systems, tasks = _contents(shards)
    lock = imported_run(name, systems, sorted({place[2] for place in shards}), tasks)
    text = f"# This run was imported and cannot be run again from this file.\nname: {name}\n"
    write_atomically(run.experiment, text.encode())
    return lock


def _contents(shards: Mapping[ShardKey, Sequence[Game]]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the systems of shards, and the languages of each task."""
    systems = sorted({system for place in shards for system in place[1:3]})
    tasks: defaultdict[str, set[str]] = defaultdict(set)
    for *_, task, language in shards:
        tasks[task].add(language)
    return systems, {task: sorted(codes) for task, codes in sorted(tasks.items())}


def _refuse_taken(lock: Lock, judges: Sequence[str], run: RunFolder) -> None:
    imported = lock.imported
    # Names become folders, and some file systems do not tell letter case apart.
    taken = {name.casefold(): name for name in (*lock.judges, *imported)}
    for judge in judges:
        other = taken.get(judge.casefold(), judge)
        if other != judge or (judge in lock.judges and judge not in imported):
            raise StoreError(
                f"the run has a judge {other!r}" + (" of its own" if other not in imported else ""),
                where=run.path,
                why="" if other == judge else f"a folder for {judge!r} might be the same",
                fix="name the imported one with --judge",
            )


def _stage_judge(
    run: RunFolder,
    format_name: str,
    digests: Mapping[str, str],
    shards: Mapping[Pair, Sequence[Game]],
    result: ImportResult,
    changed: Mapping[str, str],
) -> ImportedJudge:
    """Write the shards of one judge beside their places, and return its entry in the lock."""
    signature = import_signature(format_name, digests)
    keys = {pair: digest([str(signature), [asdict(game) for game in shard]]) for pair, shard in shards.items()}
    for pair, shard in shards.items():
        stage_shard(run.games(*pair), shard, GAME_SCHEMA, {"key": keys[pair]})
    return imported_judge(
        format_name=format_name,
        files=digests,
        shards=keys,
        orders=result.orders,
        order_known=result.order_known,
        repeats=1 + max(game.repeat for shard in shards.values() for game in shard),
        unmapped=result.unmapped,
        renamed=changed,
        facts=result.facts,
    )


def _kept_answers(
    result: ImportResult, shards: Mapping[ShardKey, Sequence[Game]], names: Mapping[str, Mapping[str, str]]
) -> list[Completion]:
    """Return the answers that the games are about, under the names of the run folder."""
    judged = {(*place[3:], game.item_id) for place, shard in shards.items() for game in shard}
    answers = [
        replace(each, system=names["systems"][each.system], task=names["tasks"].get(each.task, each.task))
        for _, each in sorted(result.completions.items())
    ]
    return [each for each in answers if (each.task, each.language, each.item_id) in judged]


def _store_completions(
    run: RunFolder, lock: Lock, answers: Sequence[Completion], result: ImportResult
) -> tuple[Lock, int]:
    """Store answers as cells, and return the lock with them; answers that the run has already are left alone."""
    cells: defaultdict[tuple[str, str, str], list[Completion]] = defaultdict(list)
    for each in answers:
        cells[each.system, each.task, each.language].append(each)
    keys = {system: {task: dict(codes) for task, codes in tasks.items()} for system, tasks in lock.cells.items()}
    written = 0
    for (system, task, language), completions in cells.items():
        path = run.cell(system, task, language)
        content = content_digest(completions)
        key = digest([IMPORTED, content])
        if path.exists() and shard_metadata(path).get("key") != key:
            own = {(each.item_id, each.sample_index): each.text for each in read_shard(path, Completion)}
            for each in completions:
                if own.get((each.item_id, each.sample_index)) != each.text:
                    what = "an answer that is not the one in the run (the run's is kept)"
                    result.skip(what, f"{system}, {language}, item {each.item_id}")
            continue
        if not path.exists():
            write_shard(path, completions, COMPLETION_SCHEMA, {"key": key, "content": content})
            written += len(completions)
        keys.setdefault(system, {}).setdefault(task, {})[language] = key
    return lock.model_copy(update={"cells": keys}), written
