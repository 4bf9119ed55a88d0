"""Workers of a pool on threads that do what a test says, jobs for them, and a log of what became of these."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from polyarena.harness.events import CellDone, CellFailed, CellStarted, ModelLoaded, ModelLoading
from polyarena.harness.executors.messages import WorkerReady
from polyarena.harness.executors.pool import PoolExecutor
from polyarena.harness.executors.protocol import Job, JobDone, JobFailed, JobStarted
from polyarena.harness.lock import installed_versions


def make_job(number, model="m", cost=1.0, language="deu_Latn", system="one"):
    return Job(number, system, "t", f"{language}{number}", f"key{number}", model, (system,), 0, 10, 10, 10, cost)


class Log:
    """A log of jobs that are whole cells."""

    def __init__(self):
        self.done, self.failed = {}, {}
        self.outcomes = Counter()
        self.unwanted = set()

    def is_wanted(self, job):
        return job.number not in self.done and job.number not in self.failed and job.number not in self.unwanted

    def started(self, job):
        yield CellStarted(*job.cell, job.requests)

    def ended(self, job, outcome):
        if not self.is_wanted(job):
            return
        self.outcomes[job.number] += 1
        if isinstance(outcome, JobDone):
            self.done[job.number] = job
            yield CellDone(*job.cell, job.requests, outcome.seconds, job.key)
        elif isinstance(outcome, JobFailed):
            self.failed[job.number] = outcome
            yield CellFailed(*job.cell, job.requests, outcome.error, outcome.exit_code)


@dataclass
class Handle:
    """A worker on a thread."""

    stopped: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    waiting: bool = False

    def ended(self):
        return None if self.thread is None or self.thread.is_alive() else "ended"

    def is_waiting(self):
        return self.waiting

    def greeted(self):
        pass

    def stop(self):
        self.stopped.set()


@dataclass
class ThreadLauncher:
    """Starts ``behaviour(worker, handle)`` on a thread for each worker; ``Worker`` below speaks the protocol."""

    behaviour: object
    workers: int = 2
    poll_s: float = 0.001
    started: list = field(default_factory=list)
    closed: bool = False

    def start(self, folders, work):
        handles = {}
        for place, folder in folders.items():
            handle = Handle()
            worker = Worker(folder, handle, place, len(self.started))
            self.started.append(worker)
            handle.thread = threading.Thread(target=self.behaviour, args=(worker,), daemon=True)
            handle.thread.start()
            handles[place] = handle
        return handles

    def close(self):
        self.closed = True


@dataclass
class Worker:
    """The worker's side of the protocol."""

    folder: object
    handle: Handle
    place: int
    count: int
    computed: list = field(default_factory=list)
    loaded: str | None = None

    @property
    def name(self):
        return self.folder.path.name

    def hello(self, **changes):
        self.folder.tell(WorkerReady(**{"host": "here", "versions": installed_versions(), **changes}))

    def jobs(self):
        """Yield jobs until the coordinator ends all workers."""
        while not self.folder.is_stopped() and not self.handle.stopped.is_set():
            job = self.folder.take()
            if job is None:
                self.handle.stopped.wait(0.001)
                continue
            yield job

    def start(self, job):
        self.folder.tell(JobStarted(job.number))

    def load(self, job, **provenance):
        if self.loaded != job.model:
            self.loaded = job.model
            self.folder.tell(ModelLoading(job.systems, job.model))
            self.folder.tell(ModelLoaded(job.systems, 0.0, provenance))

    def done(self, job):
        self.computed.append(job.number)
        self.folder.tell(JobDone(job.number, 0.5))

    def fail(self, job, fault, error="it failed"):
        self.folder.tell(JobFailed(job.number, error, 3, fault))

    def compute(self, job, **provenance):
        self.start(job)
        self.load(job, **provenance)
        self.done(job)


def diligent(worker):
    """The behaviour of a worker that computes whatever it is given."""
    worker.hello()
    for job in worker.jobs():
        worker.compute(job)


def first_cannot_load(worker):
    """The behaviour of workers of which the first one cannot load any model."""
    worker.hello()
    for job in worker.jobs():
        worker.start(job)
        if worker.place == 0:
            worker.fail(job, "load", "out of memory")
            continue
        worker.load(job)
        worker.done(job)


def run_pool(launcher, work):
    """The events of a pool that does some work."""
    return list(PoolExecutor(launcher).run(work))


def of_kind(events, kind):
    """Those of some events that are of a kind."""
    return [event for event in events if isinstance(event, kind)]
