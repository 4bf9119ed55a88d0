"""The protocol of executors: they are handed work, and run its jobs here or on other processes and machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from polyarena.harness.events import Event, FlipsMeasured, ModelChanged, ModelLoaded, ModelLoading
from polyarena.harness.experiment import Experiment


@dataclass(frozen=True, slots=True)
class CellName:
    """A cell by its names, and the key of its result."""

    system: str
    task: str
    language: str
    key: str


@dataclass(frozen=True, slots=True)
class Job:
    """A range of the items of one cell: the unit that is computed, retried and moved between workers.

    It is idempotent: its result is a shard with a key. Its batches depend on the job alone, so that any number of
    workers gives the same bytes.

    Attributes:
        number: Of the job within the run, from 0.
        system: Name of the system.
        task: Name of the task.
        language: ``lang_Script``.
        key: Of the cell.
        model: Digest of the model that it needs; jobs with the same digest share a loaded model.
        systems: Names of all systems with this model.
        start: First item.
        stop: After the last item.
        items: Of the whole cell.
        requests: Of this range.
        cost: How much work it is, in any unit that is the same for all jobs.
        shared: All cells that share batches with this one, itself and stored ones included, in the order of the plan;
            empty if it is computed by itself. Whoever computes one of their jobs computes and stores them all.
    """

    number: int
    system: str
    task: str
    language: str
    key: str
    model: str
    systems: tuple[str, ...]
    start: int
    stop: int
    items: int
    requests: int
    cost: float
    shared: tuple[CellName, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole cell."""
        return self.start == 0 and self.stop == self.items

    @property
    def cell(self) -> tuple[str, str, str]:
        """System, task and language."""
        return self.system, self.task, self.language


Fault = Literal["data", "model", "load", "worker"]
"""What is at fault where a job failed: the data of its language, the model's answers, loading the model, the worker."""


@dataclass(frozen=True, slots=True)
class JobStarted:
    """A job is being computed."""

    number: int


@dataclass(frozen=True, slots=True)
class JobDone:
    """The result of a job is stored; ``seconds`` is the time that it took."""

    number: int
    seconds: float


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job has no result; ``error`` and ``exit_code`` as in :class:`polyarena.harness.events.CellFailed`."""

    number: int
    error: str
    exit_code: int
    fault: Fault


JobOutcome = JobDone | JobFailed
ModelEvent = ModelLoading | ModelLoaded | ModelChanged
JobEvent = ModelEvent | FlipsMeasured
"""The events that computing a job gives."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing has happened since the last event; whoever takes the events can do something else for a moment."""


class JobRunner(Protocol):
    """Computes jobs one after the other in one process; a model stays loaded until a job needs another."""

    def run(self, job: Job) -> Iterator[JobEvent | JobOutcome]:
        """Compute a job; yield events of its model, and its outcome last."""

    def close(self) -> None:
        """Unload the model."""


class JobLog(Protocol):
    """What becomes of the cells as their jobs come to an end; in the process that coordinates the run."""

    def is_wanted(self, job: Job) -> bool:
        """Whether the job is still to be computed: its cell has not failed, and its model was not given up."""

    def started(self, job: Job) -> Iterator[Event]:
        """Take note that a job was begun; it may be begun more than once."""

    def ended(self, job: Job, outcome: JobOutcome) -> Iterator[Event]:
        """Take note of the outcome of a job; a second outcome of the same job changes nothing."""


@dataclass(frozen=True)
class Work:
    """What an executor is handed.

    Attributes:
        experiment: The experiment.
        folder: The run folder.
        data_root: The local mirror, or ``None`` for the hub.
        jobs: The jobs, in the order of the plan.
        log: Takes note of what becomes of them, and turns it into events.
        runner: Makes a runner in this process.
        worker: The function that another process or machine runs, :func:`polyarena.harness.running.worker.work`.
        recorded: Models of which the lock has the provenance, so that any number of workers may load them at once.
        grace_s: Seconds that an interruption waits for jobs that are being computed.
        interrupted: Called at an interruption or error, before jobs that are being computed are waited for: nothing
            new is begun anywhere else from then on.
        abandoned: Called if that wait is interrupted, too: nothing is waited for anywhere else.
    """

    experiment: Experiment
    folder: Path
    data_root: Path | None
    jobs: Sequence[Job]
    log: JobLog
    runner: Callable[[], JobRunner]
    worker: Callable[..., None]
    recorded: frozenset[str] = frozenset()
    grace_s: float = 0.0
    interrupted: Callable[[], None] = lambda: None
    abandoned: Callable[[], None] = lambda: None


class Executor(Protocol):
    """Runs jobs and yields their events.

    An executor needs no memory of its own: whatever it loses is found missing in the run folder and done again.
    """

    def run(self, work: Work) -> Iterator[Event | Waiting]:
        """Run every job that is wanted, in any order or at once, and yield events as they come."""
