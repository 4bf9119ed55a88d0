"""Decides which worker computes which job.

Jobs of one model are handed out from the most expensive to the cheapest, so that the last ones are short (Graham 1969,
"Bounds on multiprocessing timing anomalies", longest processing time first). A worker keeps its model as long as there
are jobs of it, and then takes the model with the most work for each worker on it. Nothing is assigned in advance beyond
one job while many are left, so an idle worker never waits for a job that another one holds back. Jobs that share
batches stand together, and one worker at a time computes any of them: it computes them all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from polyarena.harness.executors.protocol import Job

DEEP = 4
"""Jobs left for each worker, as long as which a worker is handed its next job before it asks for it."""
MOST_LIVES = 3
"""Workers that may die with a job before the job is given up."""


@dataclass(slots=True)
class _Worker:
    """What the scheduler knows of a worker.

    Attributes:
        place: Where it runs; whoever replaces it runs there too.
        model: That it has loaded, or is about to load.
        jobs: That it has, in the order in which it was handed them.
        excluded: Models that it cannot load.
    """

    place: str
    model: str | None = None
    jobs: dict[int, Job] = field(default_factory=dict)
    excluded: set[str] = field(default_factory=set)


class Scheduler:
    """Hands out jobs to workers and takes them back from workers that are lost; touches no file and no clock.

    Until a model was loaded once, one worker at a time may load it: what it finds (the size of its batches) is recorded
    and holds for all others.

    Args:
        jobs: The jobs.
        recorded: Models that any number of workers may load at once.
    """

    def __init__(self, jobs: Iterable[Job], recorded: Collection[str] = ()) -> None:
        self._queues: dict[str, deque[Job]] = {}
        together: dict[object, float] = {}
        for job in (listed := list(jobs)):
            together[job.shared or job.number] = together.get(job.shared or job.number, 0.0) + job.cost
        for job in sorted(listed, key=lambda job: (-together[job.shared or job.number], job.number)):
            self._queues.setdefault(job.model, deque()).append(job)
        self._cost = {model: sum(job.cost for job in queue) for model, queue in self._queues.items()}
        self._waiting = sum(map(len, self._queues.values()))
        self._recorded = set(recorded)
        self._workers: dict[str, _Worker] = {}
        self._deaths: dict[int, list[str]] = {}

    @property
    def waiting(self) -> int:
        """Jobs that no worker has."""
        return self._waiting

    @property
    def is_done(self) -> bool:
        """Whether no job is waiting or with a worker."""
        return not self._waiting and not any(worker.jobs for worker in self._workers.values())

    def add(self, worker: str, place: str = "") -> None:
        """Add a worker.

        Args:
            worker: Its name.
            place: Where it runs, if another worker may run there after it.
        """
        self._workers[worker] = _Worker(place or worker)

    def jobs_of(self, worker: str) -> list[Job]:
        """Return the jobs that a worker has, in the order in which it was handed them."""
        return list(self._workers[worker].jobs.values())

    def model_of(self, worker: str) -> str | None:
        """Return the model that a worker has loaded, or is about to load."""
        return self._workers[worker].model

    def next_job(self, worker: str) -> Job | None:
        """Return the next job for a worker; ``None`` if there is none for it now."""
        own = self._workers[worker]
        if own.jobs and (len(own.jobs) > 1 or self._waiting <= DEEP * len(self._workers)):
            return None
        model = own.model if own.model is not None and self._queues.get(own.model) else None
        if model is None:
            if own.jobs:
                return None
            model = self._best_model(worker)
        elif own.jobs and model not in self._recorded:
            return None
        job = None if model is None else self._draw(own, model)
        if job is None or model is None:
            return None
        self._waiting -= 1
        self._cost[model] -= job.cost
        own.model = model
        own.jobs[job.number] = job
        return job

    def _draw(self, own: _Worker, model: str) -> Job | None:
        """Remove the first job of a model that a worker may compute.

        Jobs that share batches with one that another worker has wait for it: it stores their results, too.

        A job with which a worker died does not go to the same place again while workers compute at others, who can take
        it next: one machine may have a full disk, or too little memory.
        """
        queue = self._queues[model]
        elsewhere = {
            job.shared for each in self._workers.values() if each is not own for job in each.jobs.values() if job.shared
        }
        if not self._deaths and not elsewhere:
            return queue.popleft()
        places = {each.place for each in self._workers.values() if each.jobs and model not in each.excluded}
        for position, job in enumerate(queue):
            died_at = self._deaths.get(job.number, ())
            if job.shared in elsewhere:
                continue
            if own.place not in died_at or places.issubset({own.place, *died_at}):
                del queue[position]
                return job
        return None

    def loaded(self, model: str) -> None:
        """Take note that a model was loaded and what it found is recorded."""
        self._recorded.add(model)

    def ended(self, worker: str, number: int) -> Job | None:
        """Take note that a job of a worker came to an end; ``None`` if the worker does not have it any more."""
        own = self._workers.get(worker)
        return None if own is None else own.jobs.pop(number, None)

    def exclude(self, worker: str, model: str) -> bool:
        """Take note that a model cannot be loaded on a worker; return whether another worker can still try."""
        self._workers[worker].excluded.add(model)
        self._workers[worker].model = None
        for job in self.jobs_of(worker):
            self._put_back(worker, job)
        return any(model not in each.excluded for each in self._workers.values())

    def lost(self, worker: str) -> list[Job]:
        """Remove a worker and return those of its jobs that are given up; the others are handed out again.

        The first of its jobs is the one that was being computed.
        """
        own = self._workers.pop(worker)
        given_up = []
        # The last one first, so that they are handed out again in the order in which they were.
        for place, job in reversed(list(enumerate(own.jobs.values()))):
            if place == 0:
                self._deaths.setdefault(job.number, []).append(own.place)
            if len(self._deaths.get(job.number, ())) >= MOST_LIVES:
                given_up.append(job)
            else:
                self._requeue(job)
        return given_up

    def stranded(self) -> list[Job]:
        """Return one waiting job of each model that no worker that is left can load."""
        if not self._workers:
            return []
        return [
            queue[0]
            for model, queue in self._queues.items()
            if queue and all(model in each.excluded for each in self._workers.values())
        ]

    def drop_unwanted(self, model: str, wanted: Iterable[Job]) -> None:
        """Forget the waiting jobs of a model that are not wanted any more."""
        left = {job.number for job in wanted}
        queue = self._queues.get(model, deque())
        kept = deque(job for job in queue if job.number in left)
        self._waiting -= len(queue) - len(kept)
        self._queues[model] = kept
        self._cost[model] = sum(job.cost for job in kept)

    def waiting_jobs(self, model: str) -> Iterator[Job]:
        """Yield the waiting jobs of a model."""
        yield from self._queues.get(model, ())

    def _put_back(self, worker: str, job: Job) -> None:
        del self._workers[worker].jobs[job.number]
        self._requeue(job)

    def _requeue(self, job: Job) -> None:
        self._queues.setdefault(job.model, deque()).appendleft(job)
        self._cost[job.model] = self._cost.get(job.model, 0.0) + job.cost
        self._waiting += 1

    def _best_model(self, worker: str) -> str | None:
        """Return the model with the most work for each worker on it that this worker may load."""
        excluded = self._workers[worker].excluded
        busy: dict[str, int] = {}
        for name, each in self._workers.items():
            if name != worker and each.model is not None and each.jobs:
                busy[each.model] = busy.get(each.model, 0) + 1
        open_models = (
            model
            for model, queue in self._queues.items()
            if queue and model not in excluded and (model in self._recorded or model not in busy)
        )
        return max(open_models, key=lambda model: self._cost[model] / (busy.get(model, 0) + 1), default=None)
