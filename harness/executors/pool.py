"""Coordinates workers: starts them, hands them jobs, replaces lost ones, and turns what they tell into events.

The same for every kind of worker; a :class:`Launcher` starts them as processes, on Ray or on Slurm.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Protocol

from polyarena.harness.events import (
    Event,
    FlipsMeasured,
    ModelChanged,
    ModelLoaded,
    WorkerLost,
    WorkersDiffer,
    WorkerStarted,
)
from polyarena.harness.executors.messages import WorkerConfig, WorkerLeaving, WorkerMessage, WorkerReady
from polyarena.harness.executors.protocol import (
    Job,
    JobDone,
    JobFailed,
    JobOutcome,
    JobStarted,
    ModelEvent,
    Waiting,
    Work,
)
from polyarena.harness.executors.scheduling import MOST_LIVES, Scheduler
from polyarena.harness.executors.spool import Polling, Silence, Spool, WorkerFolder
from polyarena.harness.lock import installed_versions
from polyarena.tasks.errors import ModelError
from polyarena.tasks.exit_codes import ExitCode

SILENCE_S = 60.0
"""Seconds without a sign of life after which a worker is taken to be lost."""
READ_LOGS = "see the logs there; "
SAME_VERSIONS = "install the same versions on all machines, such as with `pip install -c constraints.txt`"
START_S = 600.0
"""Seconds that a worker may take until its first sign of life, once its machine runs it."""


class WorkerHandle(Protocol):
    """A worker that was started."""

    def ended(self) -> str | None:
        """Return why it is not running any more; ``None`` while it runs, waits for a machine, or that is not known."""

    def is_waiting(self) -> bool:
        """Whether it waits for a machine, so that it cannot give a sign of life yet."""

    def greeted(self) -> None:
        """Take note that it has just said that it works: what was learnt of it before is out of date."""

    def stop(self) -> None:
        """End it now; harmless if it has ended."""


class Launcher(Protocol):
    """Starts workers of one kind."""

    @property
    def workers(self) -> int:
        """How many workers to start."""

    @property
    def poll_s(self) -> float:
        """Most seconds between two looks at the folders of the workers."""

    def start(self, folders: Mapping[int, WorkerFolder], work: Work) -> dict[int, WorkerHandle]:
        """Start the workers at some places, from 0, and return at once.

        Raises:
            PolyarenaError: They cannot be started.
        """

    def close(self) -> None:
        """Release all held resources; workers have been stopped."""


@dataclass(slots=True)
class _Worker:
    """A worker that the coordinator follows.

    Attributes:
        name: Of its folder; each life of a worker has its own.
        place: From 0; whoever replaces it has the same.
        folder: Through which it talks.
        handle: By which it is ended.
        silence: Since its last sign of life.
        ready: Whether it takes jobs.
        said: What it told of an error of its own.
        host: The machine that it runs on.
    """

    name: str
    place: int
    folder: WorkerFolder
    handle: WorkerHandle
    silence: Silence = field(default_factory=Silence)
    ready: bool = False
    said: str = ""
    host: str = ""


@dataclass
class PoolExecutor:
    """Runs jobs on workers; a :class:`polyarena.harness.executors.protocol.Executor`.

    Attributes:
        launcher: Starts the workers.
    """

    launcher: Launcher
    _workers: dict[str, _Worker] = field(default_factory=dict)
    _lives: dict[int, int] = field(default_factory=dict)
    _deaths: dict[int, int] = field(default_factory=dict)
    _provenance: dict[str, dict[str, str]] = field(default_factory=dict)
    _last_reason: str = ""
    _fix: str = ""

    def run(self, work: Work) -> Iterator[Event | Waiting]:
        """Run the jobs.

        Raises:
            ModelError: No worker is left.
            PolyarenaError: No worker can be started.
        """
        if not work.jobs:
            return
        # What an earlier run with this executor knew holds no more.
        for memory in (self._workers, self._lives, self._deaths, self._provenance):
            memory.clear()
        self._last_reason, self._fix = "", READ_LOGS
        scheduler = Scheduler(work.jobs, work.recorded)
        spool = Spool.create(work.folder, secrets.token_hex(8), self._config(work))
        try:
            spool.show_life()
            self._start(range(min(self.launcher.workers, len(work.jobs))), spool, scheduler, work)
            yield from self._coordinate(spool, scheduler, work)
        except BaseException:
            # Before the workers have their grace period, so that nothing new is begun elsewhere meanwhile.
            work.interrupted()
            raise
        finally:
            self._end(spool, work)

    def _coordinate(self, spool: Spool, scheduler: Scheduler, work: Work) -> Iterator[Event | Waiting]:
        polling = Polling(self.launcher.poll_s)
        while not scheduler.is_done:
            busy = False
            for worker in list(self._workers.values()):
                busy |= yield from self._listen(worker, spool, scheduler, work)
            for job in scheduler.stranded():
                yield from self._fail(job, "no worker that is left can load the model", scheduler, work)
            busy |= self._hand_out(spool, scheduler, work)
            if not self._workers and not scheduler.is_done:
                raise ModelError(
                    "no worker is left",
                    where=spool.path,
                    why=self._last_reason,
                    fix=f"{self._fix}what is done is stored, run the same command again to go on",
                )
            if busy:
                polling.happened()
            else:
                yield Waiting()
                polling.wait()

    def _listen(self, worker: _Worker, spool: Spool, scheduler: Scheduler, work: Work) -> Generator[Event, None, bool]:
        """Take in what a worker has told and what became of it; return whether anything has happened."""
        busy = False
        # Before its last words are read, so that none of them is missed.
        reason = worker.handle.ended()
        for message in spool.told(worker.name):
            busy = True
            worker.silence.end()
            yield from self._take(worker, message, scheduler, work)
            if worker.name not in self._workers:
                # It was refused; whatever it has told since does not count.
                return busy
        if worker.ready and worker.handle.is_waiting():
            yield from self._leave(worker, scheduler, work)
        if (reason := reason or self._silence(worker, spool)) is not None:
            busy = True
            yield from self._lose(worker, reason, spool, scheduler, work)
        return busy

    def _hand_out(self, spool: Spool, scheduler: Scheduler, work: Work) -> bool:
        handed = False
        for worker in self._workers.values():
            while worker.ready and (job := scheduler.next_job(worker.name)) is not None:
                if not work.log.is_wanted(job):
                    scheduler.ended(worker.name, job.number)
                    continue
                spool.give(worker.name, job)
                handed = True
        return handed

    def _take(self, worker: _Worker, message: WorkerMessage, scheduler: Scheduler, work: Work) -> Iterator[Event]:
        jobs = {job.number: job for job in scheduler.jobs_of(worker.name)}
        match message:
            case WorkerReady() | WorkerLeaving():
                if worker.ready:
                    yield from self._leave(worker, scheduler, work)
                if isinstance(message, WorkerReady):
                    yield from self._welcome(worker, message, scheduler)
            case JobStarted():
                if (job := jobs.get(message.number)) is not None:
                    yield from work.log.started(job)
            case JobDone():
                self._deaths[worker.place] = 0
                yield from self._outcome(worker, jobs, message, scheduler, work)
            case JobFailed():
                yield from self._outcome(worker, jobs, message, scheduler, work)
            case FlipsMeasured():
                yield message
            case _:
                yield from self._model_event(worker, message, scheduler)

    def _model_event(self, worker: _Worker, event: ModelEvent, scheduler: Scheduler) -> Iterator[Event]:
        yield event if isinstance(event, ModelChanged) else replace(event, worker=worker.name)
        model = scheduler.model_of(worker.name)
        if isinstance(event, ModelLoaded) and model is not None:
            # The lock is written by now: whoever loads the model next works with the same sizes.
            scheduler.loaded(model)
            yield from self._compare(worker, model, event)

    def _outcome(
        self, worker: _Worker, jobs: Mapping[int, Job], outcome: JobOutcome, scheduler: Scheduler, work: Work
    ) -> Iterator[Event]:
        job = jobs.get(outcome.number)
        if job is None:
            return
        if isinstance(outcome, JobFailed) and outcome.fault == "worker":
            # The worker ends; its job is handed out again when it has.
            worker.said = outcome.error
            return
        if isinstance(outcome, JobFailed) and outcome.fault == "load" and scheduler.exclude(worker.name, job.model):
            yield WorkerLost(worker.name, f"it cannot load the model: {outcome.error}")
            # For other models it is there all the same.
            yield WorkerStarted(worker.name, worker.host)
            return
        scheduler.ended(worker.name, outcome.number)
        yield from work.log.ended(job, outcome)
        if isinstance(outcome, JobFailed):
            _drop_unwanted(job.model, scheduler, work)

    def _fail(self, job: Job, error: str, scheduler: Scheduler, work: Work) -> Iterator[Event]:
        yield from work.log.ended(job, JobFailed(job.number, error, ExitCode.NOT_COMPLETE, "model"))
        _drop_unwanted(job.model, scheduler, work)

    def _welcome(self, worker: _Worker, ready: WorkerReady, scheduler: Scheduler) -> Iterator[Event]:
        reason = ready.refused or _other_versions(ready.versions)
        if reason:
            self._last_reason = f"{worker.name} on {ready.host}: {reason}"
            self._fix = f"{ready.fix if ready.refused else SAME_VERSIONS}; "
            worker.handle.stop()
            del self._workers[worker.name]
            scheduler.lost(worker.name)
            yield WorkerLost(worker.name, f"refused: {reason}")
            return
        worker.ready, worker.host = True, ready.host
        worker.handle.greeted()
        yield WorkerStarted(worker.name, worker.host)

    def _leave(self, worker: _Worker, scheduler: Scheduler, work: Work) -> Iterator[Event]:
        """Hand out the jobs of a worker again whose machine was taken from it; it may come back as it is."""
        worker.ready = False
        given_up = scheduler.lost(worker.name)
        scheduler.add(worker.name, str(worker.place))
        yield WorkerLost(worker.name, "it was suspended, and comes back when it gets a machine")
        for job in given_up:
            yield from self._fail(job, f"{MOST_LIVES} workers were suspended while they computed it", scheduler, work)

    def _compare(self, worker: _Worker, model: str, loaded: ModelLoaded) -> Iterator[Event]:
        first = self._provenance.setdefault(model, dict(loaded.provenance))
        names = sorted({*first, *loaded.provenance})
        facts = {name: (first.get(name, ""), loaded.provenance.get(name, "")) for name in names}
        differing = {name: both for name, both in facts.items() if both[0] != both[1]}
        if differing:
            yield WorkersDiffer(worker.name, loaded.systems, differing)

    def _silence(self, worker: _Worker, spool: Spool) -> str | None:
        """Return why a worker is lost that gives no sign of life, by this machine's own clock."""
        if worker.handle.is_waiting() or spool.is_stalled():
            worker.silence.end()
        try:
            life = (worker.folder.path / "alive").read_text(encoding="utf-8")
        except OSError:
            life = worker.silence.counter
        patience = SILENCE_S if worker.ready else START_S
        is_lost = worker.silence.look(life, time.monotonic()) > patience
        return f"no sign of life for {patience:.0f} s" if is_lost else None

    def _lose(self, worker: _Worker, reason: str, spool: Spool, scheduler: Scheduler, work: Work) -> Iterator[Event]:
        worker.handle.stop()
        del self._workers[worker.name]
        given_up = scheduler.lost(worker.name)
        reason += f": {worker.said}" if worker.said else ""
        self._last_reason, self._fix = f"{worker.name}: {reason}", READ_LOGS
        yield WorkerLost(worker.name, reason)
        for job in given_up:
            yield from self._fail(job, f"{MOST_LIVES} workers died while they computed it: {reason}", scheduler, work)
        self._deaths[worker.place] = self._deaths.get(worker.place, 0) + 1
        if self._deaths[worker.place] <= MOST_LIVES and not scheduler.is_done:
            self._start([worker.place], spool, scheduler, work)

    def _start(self, places: Iterable[int], spool: Spool, scheduler: Scheduler, work: Work) -> None:
        folders: dict[int, WorkerFolder] = {}
        for place in places:
            life = self._lives[place] = self._lives.get(place, 0) + 1
            folders[place] = spool.add(f"worker-{place}" if life == 1 else f"worker-{place}.{life}")
        for place, handle in self.launcher.start(folders, work).items():
            folder = folders[place]
            name = folder.path.name
            self._workers[name] = _Worker(name, place, folder, handle)
            scheduler.add(name, str(place))

    def _end(self, spool: Spool, work: Work) -> None:
        """Let workers end, and end those that compute on when the grace is over."""
        spool.stop()
        try:
            deadline = time.monotonic() + max(work.grace_s, 1.0)
            while time.monotonic() < deadline:
                if all(worker.handle.ended() is not None for worker in self._workers.values()):
                    break
                time.sleep(0.02)
        except BaseException:
            work.abandoned()
            raise
        finally:
            with ExitStack() as stack:
                # Each, even if another one cannot be stopped.
                stack.callback(self.launcher.close)
                for worker in self._workers.values():
                    stack.callback(worker.handle.stop)
                self._workers.clear()

    def _config(self, work: Work) -> WorkerConfig:
        path = work.experiment.path
        return WorkerConfig(
            experiment=work.experiment,
            path=path.absolute() if path else work.experiment.base.absolute() / "experiment",
            folder=work.folder.absolute(),
            data_root=work.data_root.absolute() if work.data_root else None,
            poll_s=self.launcher.poll_s,
        )


def _drop_unwanted(model: str, scheduler: Scheduler, work: Work) -> None:
    scheduler.drop_unwanted(model, [job for job in scheduler.waiting_jobs(model) if work.log.is_wanted(job)])


@cache
def _own_versions() -> dict[str, str]:
    # Once: it reads the metadata of all packages, and nothing is handed out meanwhile.
    return installed_versions()


def _other_versions(versions: Mapping[str, str]) -> str:
    """Return how the packages of a worker differ from those here; empty if they do not."""
    own = _own_versions()
    differing = [
        f"{name} {versions.get(name, 'is missing')} there and {own.get(name, 'is missing')} here"
        for name in sorted({*own, *versions})
        if own.get(name) != versions.get(name)
    ]
    return "other versions of what can change a number: " + "; ".join(differing) if differing else ""
