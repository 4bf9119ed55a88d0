"""Computes jobs in one process: loads a model once and keeps it for the next job of the same model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from polyarena.harness.endpoints.accounting.cost_label import CostLabel, attribute_costs
from polyarena.harness.events import ModelChanged, ModelLoaded, ModelLoading
from polyarena.harness.executors.protocol import CellName, Fault, Job, JobDone, JobEvent, JobFailed, JobOutcome
from polyarena.harness.experiment import Experiment
from polyarena.harness.lock.digest import content_digest
from polyarena.harness.models.protocol import Model, ModelContext
from polyarena.harness.planning.systems import resolve_systems
from polyarena.harness.planning.tasks import ResolvedTask, resolve_tasks
from polyarena.harness.running.connections import CANDIDATES
from polyarena.harness.running.flips import measure_flips
from polyarena.harness.running.open_cell import CellContext, OpenCell, open_cell
from polyarena.harness.running.shared_batches import compute_together
from polyarena.harness.running.work_units import part_key
from polyarena.harness.servers import served_arguments
from polyarena.harness.store import RunFolder, shard_metadata, write_shard
from polyarena.judges.protocol import Ask
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, ModelError, PolyarenaError
from polyarena.tasks.records import COMPLETION_SCHEMA, Completion

OpenEndpoint = Callable[[Mapping[str, Any]], Ask]


class JobRunner:
    """Computes jobs; a :class:`polyarena.harness.executors.protocol.JobRunner`.

    Args:
        experiment: The experiment.
        folder: The run folder.
        data_root: The local mirror, or ``None`` for the hub.
        open_endpoint: Opens an endpoint for models that ask one through the run's own client.
        tasks: The tasks of the experiment, if they were resolved before.

    Attributes:
        context: What the cells have in common.
    """

    def __init__(
        self,
        experiment: Experiment,
        folder: RunFolder,
        data_root: Path | None,
        open_endpoint: OpenEndpoint,
        tasks: Sequence[ResolvedTask] | None = None,
    ) -> None:
        self._folder = folder
        self._open_endpoint = open_endpoint
        self._base = str(experiment.base)
        tasks = resolve_tasks(experiment) if tasks is None else tasks
        systems = resolve_systems(experiment, tasks, self._model_context())
        self.context = CellContext(
            {system.spec.name: system for system in systems},
            {task.spec.task: task for task in tasks},
            DataSource(data_root),
            folder,
            self._model_context(),
        )
        self._experiment_base = experiment.base
        self._loaded: tuple[str, Model] | None = None
        self._held = ExitStack()
        self._failed_together: set[tuple[CellName, ...]] = set()
        self._provenance: dict[str, str] = {}

    def run(self, job: Job) -> Iterator[JobEvent | JobOutcome]:
        """Compute a job; yield events of its model, and its outcome last.

        A result that is stored already, by an earlier run or by another life of the job, is not computed again.
        """
        path = self._result(job)
        key = job.key if job.is_whole else part_key(job)
        # The ranges of a cell are removed once it is stored.
        if shard_metadata(path).get("key") == key or shard_metadata(self._folder.cell(*job.cell)).get("key") == job.key:
            yield JobDone(job.number, 0.0)
            return
        try:
            yield from self._load(job)
        except PolyarenaError as error:
            yield _failed(job, error, "load")
            return
        assert self._loaded is not None
        model = self._loaded[1]
        began = time.monotonic()
        if job.shared and job.shared not in self._failed_together:
            try:
                yield from self._compute_together(job, model)
            except (DataError, ModelError):
                # One of the cells may be at fault: each is computed by itself, and its own failure reported.
                self._failed_together.add(job.shared)
            if shard_metadata(path).get("key") == key:
                yield from self._changed(job, model)
                yield JobDone(job.number, time.monotonic() - began)
                return
        try:
            with attribute_costs(CostLabel(CANDIDATES, job.system, job.task, job.language)):
                cell = open_cell(job, self.context, None if job.is_whole else (job.start, job.stop))
                completions = cell.ask(model)
            if job.is_whole:
                cell.store(self._folder, completions)
            else:
                facts = {"key": key, "content": content_digest(completions)}
                write_shard(path, completions, COMPLETION_SCHEMA, facts)
            yield from measure_flips(cell, model, completions)
        except DataError as error:
            yield _failed(job, error, "data")
            return
        except ModelError as error:
            yield _failed(job, error, "model")
            return
        yield from self._changed(job, model)
        yield JobDone(job.number, time.monotonic() - began)

    def _compute_together(self, job: Job, model: Model) -> Iterator[JobEvent]:
        """Compute the cells that share batches with a job, and store each that is missing once it is complete."""
        stored = {name for name in job.shared if self._is_stored(name)}
        fresh: list[tuple[OpenCell, list[Completion]]] = []

        def store(name: CellName, cell: OpenCell, completions: list[Completion]) -> None:
            if name not in stored:
                cell.store(self._folder, completions)
                fresh.append((cell, completions))

        error: PolyarenaError | None = None
        try:
            compute_together(job.shared, self.context, model, store)
        except (DataError, ModelError) as failure:
            error = failure
        # When the model is free again.
        for cell, completions in fresh:
            yield from measure_flips(cell, model, completions)
        if error is not None:
            raise error

    def _is_stored(self, name: CellName) -> bool:
        return shard_metadata(self._folder.cell(name.system, name.task, name.language)).get("key") == name.key

    def _changed(self, job: Job, model: Model) -> Iterator[JobEvent]:
        if self._provenance != (provenance := dict(model.provenance)):
            self._provenance = provenance
            yield ModelChanged(job.systems, provenance)

    def close(self) -> None:
        """Unload the model, and stop its server if it has one."""
        self._loaded = None
        self._held.close()

    def _load(self, job: Job) -> Iterator[ModelLoading | ModelLoaded]:
        if self._loaded is not None and self._loaded[0] == job.model:
            return
        self.close()
        system = self.context.systems[job.system]
        yield ModelLoading(job.systems, system.spec.model)
        started = time.monotonic()
        context = self._model_context(job.systems)
        args = self._held.enter_context(served_arguments(system.spec, self._folder, self._experiment_base))
        try:
            model = system.type.load(args, system.chat_template, context)
        except PolyarenaError:
            self.close()
            raise
        self._held.callback(model.close)
        self._loaded = job.model, model
        self._provenance = dict(model.provenance)
        yield ModelLoaded(job.systems, time.monotonic() - started, self._provenance)

    def _model_context(self, systems: tuple[str, ...] = ()) -> ModelContext:
        lock = self._folder.read_lock() if systems else None
        recorded = next((lock.models[name] for name in systems if name in lock.models), {}) if lock else {}
        return ModelContext(base=self._base, open_endpoint=self._open_endpoint, recorded=recorded)

    def _result(self, job: Job) -> Path:
        if job.is_whole:
            return self._folder.cell(*job.cell)
        return self._folder.part(*job.cell, job.start, job.stop)


def _failed(job: Job, error: PolyarenaError, fault: Fault) -> JobFailed:
    return JobFailed(job.number, str(error), error.exit_code, fault)
