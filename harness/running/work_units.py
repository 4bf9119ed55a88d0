"""Divides the cells of a plan into jobs, and assembles cells from finished jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from polyarena.harness.events import CellDone, CellFailed, CellProgress, CellStarted, Event
from polyarena.harness.executors.protocol import CellName, Job, JobFailed, JobOutcome
from polyarena.harness.lock import digest
from polyarena.harness.planning import Plan, PlannedCell
from polyarena.harness.running.cell_stream import GIVE_UP_AFTER
from polyarena.harness.running.open_cell import CellContext, open_cell
from polyarena.harness.running.shared_batches import cells_together
from polyarena.harness.store import read_shard, shard_metadata
from polyarena.tasks.errors import DataError, StoreError
from polyarena.tasks.records import Completion

ITEMS_PER_JOB = 512
"""Most items of one job. Larger cells are divided into ranges of nearly equal size, however many workers there are."""


def jobs(plan: Plan, cells: Sequence[PlannedCell]) -> list[Job]:
    """Return the jobs of some cells, in the order of the plan.

    Args:
        plan: The plan.
        cells: The cells that are to be computed.
    """
    models = {system.spec.name: model_digest(plan, system.spec.name) for system in plan.systems}
    sharing: dict[str, tuple[str, ...]] = {}
    for name, model in models.items():
        sharing[model] = (*sharing.get(model, ()), name)
    together = cells_together(plan, models)
    found: list[Job] = []
    for cell in cells:
        model = models[cell.system]
        shared = together.get(CellName(cell.system, cell.task, cell.language, cell.key), ())
        for start, stop in item_ranges(cell.items):
            share = (stop - start) / max(cell.items, 1)
            found.append(
                Job(
                    number=len(found),
                    system=cell.system,
                    task=cell.task,
                    language=cell.language,
                    key=cell.key,
                    model=model,
                    systems=sharing[model],
                    start=start,
                    stop=stop,
                    items=cell.items,
                    requests=round(cell.requests * share),
                    cost=share * (cell.requests + cell.prompt_tokens.high + 8 * cell.completion_tokens.high),
                    shared=shared,
                )
            )
    return found


def model_digest(plan: Plan, system: str) -> str:
    """Return a digest that is equal for systems that can share a loaded model."""
    resolved = plan.system(system)
    server = None if resolved.spec.server is None else resolved.spec.server.model_dump(mode="json")
    return digest([resolved.spec.model, resolved.spec.args, server, resolved.chat_template])


def item_ranges(items: int) -> list[tuple[int, int]]:
    """Return the ranges of items into which a cell is divided: first item, and the one after the last."""
    count = max(1, -(-items // ITEMS_PER_JOB))
    bounds = [items * place // count for place in range(count + 1)]
    return list(pairwise(bounds))


def part_key(job: Job) -> str:
    """Return the key of the shard of a range."""
    return f"{job.key}:{job.start}-{job.stop}"


@dataclass(slots=True)
class _Cell:
    """A cell whose jobs are being computed."""

    jobs: list[Job]
    requests: int
    left: set[int]
    seconds: float = 0.0
    begun: bool = False
    failed: bool = False


@dataclass
class CellLog:
    """Follows the cells of a run; a :class:`polyarena.harness.executors.protocol.JobLog`.

    Args:
        jobs: All jobs.
        context: Of the cells, for those that are assembled from ranges.
    """

    jobs: Sequence[Job]
    context: CellContext
    _cells: dict[tuple[str, str, str], _Cell] = field(default_factory=dict)
    _in_a_row: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for job in self.jobs:
            cell = self._cells.setdefault(job.cell, _Cell([], 0, set()))
            cell.jobs.append(job)
            cell.requests += job.requests
            cell.left.add(job.number)

    def is_wanted(self, job: Job) -> bool:
        """Whether the job is still to be computed."""
        cell = self._cells[job.cell]
        return job.number in cell.left and not cell.failed

    def started(self, job: Job) -> Iterator[Event]:
        """Yield the start of a cell with its first job."""
        cell = self._cells[job.cell]
        if not cell.begun:
            cell.begun = True
            yield CellStarted(*job.cell, cell.requests)

    def ended(self, job: Job, outcome: JobOutcome) -> Iterator[Event]:
        """Yield the end of a cell with its last job, or with the first of them that fails."""
        cell = self._cells[job.cell]
        if not self.is_wanted(job):
            return
        if isinstance(outcome, JobFailed):
            yield from self._failed(job, cell, outcome)
            return
        cell.left.discard(job.number)
        cell.seconds += outcome.seconds
        if cell.left:
            computed = sum(other.requests for other in cell.jobs if other.number not in cell.left)
            yield CellProgress(*job.cell, computed, cell.requests, cell.seconds)
            return
        try:
            if not job.is_whole:
                self._put_together(cell.jobs)
        except (DataError, StoreError) as error:
            yield from self._failed(job, cell, JobFailed(job.number, str(error), error.exit_code, "data"))
            return
        self._in_a_row[job.model] = 0
        yield CellDone(*job.cell, cell.requests, cell.seconds, job.key)

    def _failed(self, job: Job, cell: _Cell, outcome: JobFailed) -> Iterator[Event]:
        yield self._fail(cell, outcome)
        if outcome.fault == "data":
            # Of this language only; the next one's may be good.
            return
        self._in_a_row[job.model] = self._in_a_row.get(job.model, 0) + 1
        if outcome.fault == "load" or self._in_a_row[job.model] >= GIVE_UP_AFTER:
            for other in self._cells.values():
                if other.jobs[0].model == job.model and other.left and not other.failed:
                    yield self._fail(other, outcome)

    def _fail(self, cell: _Cell, outcome: JobFailed) -> CellFailed:
        cell.failed = True
        return CellFailed(*cell.jobs[0].cell, cell.requests, outcome.error, outcome.exit_code)

    def _put_together(self, ranges: Sequence[Job]) -> None:
        """Write the shard of a cell from those of its ranges."""
        folder, first = self.context.folder, ranges[0]
        if shard_metadata(folder.cell(*first.cell)).get("key") != first.key:
            completions = [
                completion
                for job in sorted(ranges, key=lambda job: job.start)
                for completion in read_shard(folder.part(*job.cell, job.start, job.stop), Completion)
            ]
            open_cell(first, self.context).store(folder, completions)
        for job in ranges:
            folder.part(*job.cell, job.start, job.stop).unlink(missing_ok=True)
