"""A run: computes cells, games, results and the report, and skips what is stored."""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain, compress
from operator import not_
from typing import TYPE_CHECKING

from polyarena.harness.endpoints import EndpointSettings, read_api_key
from polyarena.harness.events import (
    CellFailed,
    CellProgress,
    Event,
    FlipsMeasured,
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
from polyarena.harness.executors.protocol import Executor, Waiting, Work
from polyarena.harness.lock import Lock
from polyarena.harness.lock.imported_judges import refuse_name_clash
from polyarena.harness.models.protocol import ModelContext, StoredAnswers
from polyarena.harness.planning import Plan, PlannedCell
from polyarena.harness.progress.status import StatusWriter
from polyarena.harness.results import RunRecords
from polyarena.harness.running.allocating import with_allocated_games
from polyarena.harness.running.background import Background
from polyarena.harness.running.cells import compute_streamed
from polyarena.harness.running.cells_part import CellsPart
from polyarena.harness.running.connections import Connections
from polyarena.harness.running.games import Judging, frozen_heap
from polyarena.harness.running.job_runner import JobRunner
from polyarena.harness.running.lock import build_lock
from polyarena.harness.running.open_cell import CellContext
from polyarena.harness.running.panels import derive_panels
from polyarena.harness.running.scoring import restore_scores
from polyarena.harness.running.work_units import CellLog, jobs, model_digest
from polyarena.harness.running.worker import work
from polyarena.harness.servers import end_orphans
from polyarena.harness.silent_judges import stored_silent_judges
from polyarena.harness.store import archive_shard, restore_shard
from polyarena.harness.store.atomic import write_atomically
from polyarena.harness.workers import processes_for, share
from polyarena.tasks.data import DataSource

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
        silent: Judges that gave no verdict in any of their games, with the number of these.
        seconds: Wall time of this run.
    """

    files: Files
    failures: tuple[CellFailed | GamesFailed, ...]
    silent: Mapping[str, int]
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
    with folder.write_access() as lease, StatusWriter(plan) as status:
        folder.check_owner(plan.experiment.name)
        earlier = folder.read_lock()
        refuse_name_clash(plan.experiment, earlier, folder.path)
        _put_in_place(plan)
        lock = build_lock(plan, earlier)
        _write_inputs(plan, lock)
        end_orphans(folder.path)
        # Closed at once, whatever is raised here: requests in flight must not be waited for by the garbage collector.
        kept = KeptLock(plan, lock)
        with closing(_everything(plan, executor or LocalExecutor(), grace_s)) as events, closing(kept):
            for event in events:
                lease.check()
                kept.take(event)
                if isinstance(event, CellFailed | GamesFailed):
                    failures.append(event)
                if not isinstance(event, CellProgress | GamesProgress):
                    folder.log(event_record(event))
                status(event)
                if listener:
                    listener(event)
        from polyarena.harness.reporting import write_report

        files = write_report(folder, results_only=not report)
        silent = stored_silent_judges(folder)
        finished = RunFinished(time.monotonic() - started, len(failures), silent)
        folder.log(event_record(finished))
        status(finished)
        if listener:
            listener(finished)
    return Run(folder, kept.lock, files, tuple(failures), silent, finished.seconds)


class KeptLock:
    """The lock of a run while it goes on; what models tell of themselves is written as it comes.

    Flip rates come with each cell. They are written when a task is done, and on closing: a lock of many cells takes
    long to write.

    Args:
        plan: The plan.
        lock: As it was written at the beginning.

    Attributes:
        lock: As it is now.
    """

    def __init__(self, plan: Plan, lock: Lock) -> None:
        self._plan = plan
        self.lock = lock
        self._measured: tuple[str, str] | None = None

    def take(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, FlipsMeasured):
            name = event.system, event.task
            if self._measured not in (None, name):
                self._write()
            self.lock = self.lock.with_flips(*name, event.items, event.flips)
            self._measured = name
        elif isinstance(event, ModelLoaded | ModelChanged):
            self.lock = self.lock.with_model(event.systems, event.provenance)
            self._write()
        elif isinstance(event, PairsChosen):
            self.lock = build_lock(with_allocated_games(self._plan), self.lock)
            self._write()

    def close(self) -> None:
        """Write what is not written yet."""
        if self._measured is not None:
            self._write()

    def _write(self) -> None:
        self._plan.folder.write_lock(self.lock)
        self._measured = None


def _everything(plan: Plan, executor: Executor, grace_s: float) -> Generator[Event, None, None]:
    yield RunStarted(
        plan.experiment.name,
        str(plan.folder.path),
        len(plan.cells),
        sum(cell.stored for cell in plan.cells),
        len(plan.games),
        sum(games.stored for games in plan.games),
        sum(part.requests for part in plan.parts if not part.stored),
        sum(part.stored and part.billed for part in plan.parts),
    )
    restore_scores(plan)
    with ExitStack() as stack:
        background = stack.enter_context(Background())
        connections = stack.enter_context(
            Connections(plan.experiment, plan.folder, retry_refused=plan.retry_refused, grace_s=grace_s)
        )
        events = stack.enter_context(closing(_in_flight(plan, executor, grace_s, background, connections, stack)))
        # Before an executor waits for its workers, so that nothing new is sent meanwhile.
        stack.callback(connections.stop)
        for event in events:
            if not isinstance(event, CellProgress | GamesProgress):
                connections.log_spent()
            yield event
    derive_panels(with_allocated_games(plan))


def _in_flight(
    plan: Plan,
    executor: Executor,
    grace_s: float,
    background: Background,
    connections: Connections,
    stack: ExitStack,
) -> Generator[Event, None, None]:
    """Compute cells and judge games; systems and judges behind endpoints work at once, beside the executor."""
    groups = _streamed_cells(plan)
    streamed = {cell for group in groups for cell in group}
    if groups or any(games.billed for games in plan.games):
        stack.enter_context(frozen_heap())
    streams = [compute_streamed(plan, group, connections, background.put) for group in groups]
    computed = _computed(
        plan, executor, [cell for cell in plan.missing_cells if cell not in streamed], connections, grace_s
    )
    judging = Judging(plan, connections) if plan.games else None
    if judging is not None:
        stack.callback(judging.close)
        streams = [judging.follow(stream) for stream in streams]
        computed = judging.follow(computed)
        for name, events in judging.early_streams():
            background.start(f"judge-{name}", events)
    # Systems whose servers the run starts take turns, because each server may need the whole machine.
    served = [plan.system(group[0].system).spec.server is not None for group in groups]
    background.start("served-systems", chain.from_iterable(compress(streams, served)))
    for group, events in compress(zip(groups, streams, strict=True), map(not_, served)):
        background.start(f"system-{group[0].system}", events)
    # Closed here: after an error of another stream, its traceback would keep the workers of an executor for a while.
    with closing(computed):
        for event in computed:
            if not isinstance(event, Waiting):
                yield event
            yield from background.events()
    yield from background.wait()
    if judging is not None:
        with frozen_heap():
            yield from judging.rest()


def _streamed_cells(plan: Plan) -> list[list[PlannedCell]]:
    """Return the missing cells of systems that wait for an endpoint, grouped by their model."""
    groups: dict[str, list[PlannedCell]] = {}
    for cell in plan.missing_cells:
        if plan.system(cell.system).asks_endpoint:
            groups.setdefault(model_digest(plan, cell.system), []).append(cell)
    return list(groups.values())


def _computed(
    plan: Plan, executor: Executor, cells: Sequence[PlannedCell], connections: Connections, grace_s: float
) -> Generator[Event | Waiting, None, None]:
    """Compute cells that need no endpoint; many cells of stored answers are divided among processes of this machine."""
    if isinstance(executor, LocalExecutor):
        stored: dict[str, list[PlannedCell]] = {}
        for cell in cells:
            if isinstance(plan.system(cell.system).type, StoredAnswers):
                stored.setdefault(model_digest(plan, cell.system), []).append(cell)
        processes = processes_for(sum(cell.requests for each in stored.values() for cell in each), len(stored))
        if processes > 1:
            root = plan.data_root
            parts = [
                CellsPart(plan.experiment, plan.folder.path, root, tuple(jobs(plan, each))) for each in stored.values()
            ]
            yield from share(parts, processes)
            shared = {cell for each in stored.values() for cell in each}
            cells = [cell for cell in cells if cell not in shared]
    # A run starts one server for a system, so its cells are computed beside it and not by several workers.
    served = [cell for cell in cells if plan.system(cell.system).spec.server is not None]
    if served:
        yield from LocalExecutor().run(_work(plan, served, connections, grace_s))
    yield from executor.run(_work(plan, [cell for cell in cells if cell not in served], connections, grace_s))


def _work(plan: Plan, cells: Sequence[PlannedCell], connections: Connections, grace_s: float) -> Work:
    """Return the work of an executor."""
    every_job = jobs(plan, cells)
    lock = plan.folder.read_lock()
    context = CellContext(
        {system.spec.name: system for system in plan.systems},
        {task.spec.task: task for task in plan.tasks},
        DataSource(plan.data_root),
        plan.folder,
        ModelContext(base=str(plan.experiment.base)),
    )
    return Work(
        experiment=plan.experiment,
        folder=plan.folder.path,
        data_root=plan.data_root,
        jobs=every_job,
        log=CellLog(every_job, context),
        runner=lambda: JobRunner(plan.experiment, plan.folder, plan.data_root, connections.open_candidate),
        worker=work,
        recorded=frozenset(job.model for job in every_job if lock and job.system in lock.models),
        grace_s=grace_s,
        interrupted=connections.stop,
        abandoned=lambda: connections.stop(0.0),
    )


def _put_in_place(plan: Plan) -> None:
    """Restore the shards of the present settings and archive all others, because the report reads all shards in place.

    Shards of other settings are archived, and archived shards of the present settings are restored.
    """
    folder = plan.folder
    for cell in plan.cells:
        if not restore_shard(folder.cell(cell.system, cell.task, cell.language), cell.key):
            archive_shard(folder.scores(cell.system, cell.task, cell.language))
        elif (parts := folder.parts(cell.system, cell.task, cell.language)).is_dir():
            # A worker that was taken to be dead wrote them after the cell was stored.
            shutil.rmtree(parts, ignore_errors=True)
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
