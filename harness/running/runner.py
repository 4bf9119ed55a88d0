"""A run: computes cells, games, results and the report, and skips what is stored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.harness.endpoints import EndpointSettings, read_api_key
from polyarena.harness.events import (
    CellFailed,
    Event,
    GamesFailed,
    GamesProgress,
    Listener,
    ModelChanged,
    ModelLoaded,
    PairsChosen,
    RunFinished,
    RunStarted,
    event_record,
)
from polyarena.harness.executors.local import LocalExecutor
from polyarena.harness.executors.protocol import Executor, Job
from polyarena.harness.lock import Lock, digest
from polyarena.harness.lock.imported_judges import refuse_name_clash
from polyarena.harness.models.protocol import StoredAnswers
from polyarena.harness.planning import Plan
from polyarena.harness.results import RunRecords
from polyarena.harness.running.allocating import with_allocated_games
from polyarena.harness.running.cells import CellsPart, do_job
from polyarena.harness.running.games import judge_games
from polyarena.harness.running.lock import build_lock
from polyarena.harness.running.panels import derive_panels
from polyarena.harness.running.scoring import restore_scores
from polyarena.harness.store import archive_shard, restore_shard
from polyarena.harness.store.atomic import write_atomically
from polyarena.harness.workers import processes_for, share

if TYPE_CHECKING:
    from polyarena.harness.reporting import Files


@dataclass(frozen=True)
class Run(RunRecords):
    """A finished run, and its records.

    Attributes:
        folder: The run folder.
        lock: Its lock.
        files: What the report wrote.
        failures: Cells and pairs without a result, each with the reason.
        seconds: Wall time of this run.
    """

    files: Files
    failures: tuple[CellFailed | GamesFailed, ...]
    seconds: float


def run(
    plan: Plan,
    *,
    executor: Executor | None = None,
    listener: Listener | None = None,
    report: bool = True,
    grace_s: float = 0.0,
) -> Run:
    """Compute what a plan lacks, then write the results and the report.

    Args:
        plan: The plan.
        executor: Where jobs run; this process if left out.
        listener: Receives each event as it happens.
        report: Whether to write ``report/`` (figures, tables and the page) after ``results/``. Without it, the report
            of an earlier run stays as it is; :func:`polyarena.harness.write_report` writes it later.
        grace_s: Seconds that an interrupted run waits for requests in flight, so that their answers are stored.

    Raises:
        StoreError: The run folder cannot be written, or another process is writing it.
        PolyarenaError: Nothing at all could be computed.
    """
    started = time.monotonic()
    failures: list[CellFailed | GamesFailed] = []
    folder = plan.folder
    _require_keys(plan)
    with folder.write_access():
        folder.check_owner(plan.experiment.name)
        earlier = folder.read_lock()
        refuse_name_clash(plan.experiment, earlier, folder.path)
        _put_in_place(plan)
        lock = build_lock(plan, earlier)
        _write_inputs(plan, lock)
        for event in _everything(plan, executor or LocalExecutor(), grace_s):
            if isinstance(event, ModelLoaded | ModelChanged):
                lock = lock.with_model(event.systems, event.provenance)
                folder.write_lock(lock)
            if isinstance(event, PairsChosen):
                lock = build_lock(with_allocated_games(plan), lock)
                folder.write_lock(lock)
            if isinstance(event, CellFailed | GamesFailed):
                failures.append(event)
            if not isinstance(event, GamesProgress):
                folder.log(event_record(event))
            if listener:
                listener(event)
        from polyarena.harness.reporting import write_report

        files = write_report(folder, results_only=not report)
        finished = RunFinished(time.monotonic() - started, len(failures))
        folder.log(event_record(finished))
        if listener:
            listener(finished)
    return Run(folder, lock, files, tuple(failures), finished.seconds)


def _everything(plan: Plan, executor: Executor, grace_s: float) -> Iterator[Event]:
    yield RunStarted(
        plan.experiment.name,
        str(plan.folder.path),
        len(plan.cells),
        sum(cell.stored for cell in plan.cells),
        len(plan.games),
        sum(games.stored for games in plan.games),
        sum(part.requests for part in plan.parts if not part.stored),
    )
    restore_scores(plan)
    yield from _computed(plan, executor, grace_s)
    yield from judge_games(plan, grace_s)
    derive_panels(with_allocated_games(plan))


def _computed(plan: Plan, executor: Executor, grace_s: float) -> Iterator[Event]:
    """Compute the missing cells; those of stored answers, on one machine, in several processes if they are many."""
    left = jobs(plan, grace_s)
    if isinstance(executor, LocalExecutor):
        stored = [job for job in left if isinstance(plan.system(job.cells[0].system).type, StoredAnswers)]
        processes = processes_for(sum(cell.requests for job in stored for cell in job.cells), len(stored))
        if processes > 1:
            yield from share([CellsPart(job) for job in stored], processes)
            left = [job for job in left if job not in stored]
    yield from executor.run(left, do_job)


def jobs(plan: Plan, grace_s: float = 0.0) -> list[Job]:
    """Group the missing cells by the model that they need, so that each model is loaded once."""
    grouped: dict[str, list[int]] = {}
    missing = plan.missing_cells
    for position, cell in enumerate(missing):
        system = plan.system(cell.system)
        server = None if system.spec.server is None else system.spec.server.model_dump(mode="json")
        model = digest([system.spec.model, system.spec.args, server, system.chat_template])
        grouped.setdefault(model, []).append(position)
    return [
        Job(plan.experiment, plan.folder.path, tuple(missing[position] for position in positions), grace_s)
        for positions in grouped.values()
    ]


def _put_in_place(plan: Plan) -> None:
    """Restore the shards of the present settings and archive all others, because the report reads all shards in place.

    Shards of other settings are moved aside, and earlier ones of these come back.
    """
    folder = plan.folder
    for cell in plan.cells:
        if not restore_shard(folder.cell(cell.system, cell.task, cell.language), cell.key):
            archive_shard(folder.scores(cell.system, cell.task, cell.language))
    for games in plan.games:
        pair = (games.judge, games.candidate, games.baseline, games.task, games.language)
        for path in (folder.games(*pair), folder.ratings(*pair)):
            if games.key:
                restore_shard(path, games.key)
            else:
                archive_shard(path)


def _require_keys(plan: Plan) -> None:
    """Refuse a run that lacks an API key, before it starts; stored and cached answers need none."""
    asked = {games.judge for games in plan.games if games.billed and not games.stored and games.cached < games.requests}
    for judge in plan.judges:
        if judge.spec.endpoint is not None and judge.spec.name in asked:
            read_api_key(judge.spec.endpoint)
    systems = {cell.system for cell in plan.cells if cell.billed and not cell.stored and cell.cached < cell.requests}
    for name in sorted(systems):
        read_api_key(EndpointSettings.model_validate(plan.system(name).spec.args))


def _write_inputs(plan: Plan, lock: Lock) -> None:
    path = plan.experiment.path
    text = path.read_bytes() if path else plan.experiment.model_dump_json(indent=2).encode()
    write_atomically(plan.folder.experiment, text)
    plan.folder.write_lock(lock)
