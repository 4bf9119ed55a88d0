"""Matches imported games to the systems, tasks and items of an existing run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from polyarena.harness.importing.result import ImportResult
from polyarena.harness.lock import Lock
from polyarena.harness.lock.imported_judges import is_imported_run
from polyarena.harness.store import RunFolder, read_table
from polyarena.judges.records import Game
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.item import Kind
from polyarena.tasks.suggest import unknown


def only_open_task(lock: Lock) -> str | None:
    """Return the one open-ended task of a run, ``None`` if there are several or none."""
    tasks = [name for name, task in lock.tasks.items() if task.card.kind is Kind.OPEN_ENDED]
    return tasks[0] if len(tasks) == 1 else None


def match_to_run(
    games: Iterable[Game], lock: Lock, run: RunFolder, result: ImportResult
) -> tuple[list[Game], list[str]]:
    """Return the games that are about items of the run, with the run's ``source_id``, and where each stands.

    Games on items that the run does not have are left out and counted. Where the run has no answers (it was imported
    without them) every item is taken. A run of imports takes games on any system, task and language: it has no
    experiment that says what belongs to it.

    Args:
        games: All imported games, under the names of the run folder.
        lock: The run's lock.
        run: The run folder.
        result: Records what is left out.

    Raises:
        UnknownNameError: The run does not have a task or system.
        DataError: The run's task does not have a language, or nothing fits.
    """
    sources: dict[tuple[str, str], dict[str, str]] = {}
    open_to_all = is_imported_run(lock)
    kept, places = [], []
    for game, place in zip(games, result.locations, strict=True):
        where = f"{place}, for the run {run.path}"
        if not open_to_all:
            _require_in_experiment(game, lock, where)
        cell = (game.task, game.language)
        if cell not in sources:
            sources[cell] = _sources(run, lock.cells, *cell)
        known = sources[cell]
        if known and game.item_id not in known:
            example = f"item {game.item_id} of {game.task} in {game.language}, {place}"
            result.skip("a game on an item that the run does not have (left out)", example)
            continue
        places.append(place)
        kept.append(replace(game, source_id=known.get(game.item_id, game.source_id)))
    if not kept:
        raise DataError(
            "no game is about an item of the run",
            where=f"{result.locations[0]}, for the run {run.path}",
            why=f"the first one is about item {result.games[0].item_id!r}",
            fix="compare the item ids with the run's",
        )
    return kept, places


def _require_in_experiment(game: Game, lock: Lock, where: str) -> None:
    """Refuse a game on a task, a system or a language that the run's experiment does not have."""
    if game.task not in lock.tasks:
        raise unknown("task", game.task, lock.tasks, where=where)
    for system in (game.system_a, game.system_b):
        if system not in lock.cells:
            error = unknown("system", system, lock.cells, where=where)
            fix = "add it to the experiment and run that, or import into a new run folder"
            raise UnknownNameError(error.what, where=where, fix=f"{error.fix}; {fix}" if error.fix else fix)
    asked = lock.tasks[game.task].languages
    if game.language not in asked:
        raise DataError(
            f"the run does not ask {game.task} in {game.language}",
            where=where,
            why=f"its languages are {', '.join(asked)}",
            fix="leave these rows out, or import into a new run folder",
        )


def _sources(
    run: RunFolder, cells: Mapping[str, Mapping[str, Mapping[str, str]]], task: str, language: str
) -> dict[str, str]:
    """Return the ``source_id`` of each item that any system answered."""
    result: dict[str, str] = {}
    for system, tasks in cells.items():
        path = run.cell(system, task, language)
        if task in tasks and path.exists():
            table = read_table(path)
            result.update(zip(*(table.column(name).to_pylist() for name in ("item_id", "source_id")), strict=True))
    return result
