"""The end of a pool's work, and what it passes on of its workers."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from thread_workers import diligent, first_cannot_load, of_kind, run_pool

from polyarena.harness.events import (
    CellDone,
    CellStarted,
    FlipsMeasured,
    WorkerLost,
    WorkerStarted,
)
from polyarena.harness.executors import pool
from polyarena.harness.executors.pool import PoolExecutor
from polyarena.harness.executors.scheduling import MOST_LIVES


def test_what_a_worker_measured_in_other_batches_is_passed_on(job, make_work, launch):
    measured = FlipsMeasured("one", "t", "deu_Latn", 3, {"acc": 1})

    def measuring(worker):
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            worker.folder.tell(measured)
            worker.done(each)

    events = run_pool(launch(measuring), make_work([job(0)]))
    assert of_kind(events, FlipsMeasured) == [measured]


def test_nothing_is_interrupted_by_a_run_that_ends_by_itself(job, make_work, launch):
    run_pool(launch(diligent), make_work([job(0)], interrupted=lambda: pytest.fail("interrupted")))


def test_all_workers_are_stopped_even_if_one_cannot_be(job, make_work, launch, monkeypatch):
    launcher = launch(diligent, 3)
    events = PoolExecutor(launcher).run(make_work(job(n) for n in range(200)))
    for event in events:
        if isinstance(event, CellDone):
            break

    def broken():
        raise OSError("the cluster is gone")

    first = launcher.started[0].handle
    monkeypatch.setattr(first, "stop", broken)
    with pytest.raises(OSError, match="the cluster is gone"):
        events.close()
    assert all(worker.handle.stopped.is_set() for worker in launcher.started[1:])
    assert launcher.closed


def test_a_second_interruption_ends_every_other_wait_too(job, make_work, launch, monkeypatch):
    called, launcher = [], launch(busy, 1)
    work = make_work(
        [job(0), job(1)],
        grace_s=600.0,
        interrupted=lambda: called.append("interrupted"),
        abandoned=lambda: called.append("abandoned"),
    )
    events = PoolExecutor(launcher).run(work)
    for event in events:
        if isinstance(event, CellStarted):
            break

    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=time.monotonic, sleep=interrupt))
    with pytest.raises(KeyboardInterrupt):
        events.close()
    assert called == ["interrupted", "abandoned"]
    assert launcher.started[0].handle.stopped.is_set()


def busy(worker):
    """The behaviour of a worker that computes its first job until it is stopped."""
    worker.hello()
    for job in worker.jobs():
        worker.start(job)
        worker.handle.stopped.wait(60)


def test_an_executor_remembers_nothing_of_its_last_run(job, make_work, launch):
    def dies_at_first(worker):
        worker.hello()
        if worker.count:
            for each in worker.jobs():
                worker.compute(each)

    launcher = launch(dies_at_first, 1)
    executor = PoolExecutor(launcher)
    list(executor.run(make_work([job(0)])))
    list(executor.run(make_work([job(0)])))
    assert [worker.name for worker in launcher.started] == ["worker-0", "worker-0.2", "worker-0"]


def test_a_machine_that_cannot_write_costs_no_job(job, make_work, launch):
    """One place has a full disk for ever; the other one does everything, however often the first is tried."""
    full_again = threading.Semaphore(0)

    def full(worker):
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            if worker.place == 0:
                worker.fail(each, "worker", "no space left on device")
                full_again.release()
                return
            # Slower than the place that fails, which comes back for more until it is given up.
            if len(worker.computed) < MOST_LIVES:
                full_again.acquire(timeout=5)
            worker.load(each)
            worker.done(each)

    work = make_work((job(n) for n in range(8)), recorded=frozenset({"m"}))
    events = run_pool(launch(full), work)
    assert sorted(work.log.done) == list(range(8))
    assert not work.log.failed
    assert len(of_kind(events, WorkerLost)) >= 1


def test_a_worker_that_cannot_load_one_model_is_still_there(job, make_work, launch):
    events = run_pool(launch(first_cannot_load), make_work((job(n) for n in range(8)), recorded=frozenset({"m"})))
    changes = of_kind(events, WorkerStarted | WorkerLost)
    told = [type(event) for event in changes if event.worker == "worker-0"]
    assert told in ([WorkerStarted, WorkerLost, WorkerStarted], [WorkerStarted], [])
