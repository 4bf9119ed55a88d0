"""The coordinator: every job has one outcome, whatever becomes of the workers."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from thread_workers import diligent, first_cannot_load, of_kind, run_pool

from polyarena.harness.events import CellDone, CellFailed, ModelLoaded, WorkerLost, WorkersDiffer, WorkerStarted
from polyarena.harness.executors import pool
from polyarena.harness.executors.messages import WorkerLeaving
from polyarena.harness.executors.pool import PoolExecutor
from polyarena.harness.executors.protocol import Waiting
from polyarena.harness.executors.scheduling import MOST_LIVES
from polyarena.harness.executors.spool import FOLDER, WorkerFolder
from polyarena.harness.running.worker import WITHOUT_GPU
from polyarena.tasks.errors import ModelError


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_job_is_done_once(job, make_work, launch, workers):
    work = make_work(job(n, model=f"m{n % 3}") for n in range(40))
    launcher = launch(diligent, workers)
    events = run_pool(launcher, work)
    assert sorted(work.log.done) == list(range(40))
    assert set(work.log.outcomes.values()) == {1}
    assert sorted(n for worker in launcher.started for n in worker.computed) == list(range(40))
    assert len(of_kind(events, CellDone)) == 40
    assert 1 <= len(of_kind(events, WorkerStarted)) <= workers
    assert launcher.closed


def test_no_jobs_start_no_worker(make_work, launch):
    launcher = launch(diligent)
    assert run_pool(launcher, make_work([])) == []
    assert launcher.started == []


def test_there_are_no_more_workers_than_jobs(job, make_work, launch):
    launcher = launch(diligent, 8)
    run_pool(launcher, make_work([job(0), job(1)]))
    assert len(launcher.started) == 2


def test_a_worker_that_dies_is_replaced_and_its_job_done_by_another(job, make_work, launch):
    died = threading.Event()

    def dies_once(worker):
        if worker.count:
            died.wait(30)  # else it might do everything before the first one has begun
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            worker.load(each)
            if worker.count == 0:
                died.set()
                return
            worker.done(each)

    work, launcher = make_work(job(n) for n in range(10)), launch(dies_once)
    events = run_pool(launcher, work)
    assert sorted(work.log.done) == list(range(10))
    assert [event.worker for event in of_kind(events, WorkerLost)] == ["worker-0"]
    assert "worker-0.2" in {worker.name for worker in launcher.started}


def test_a_job_that_kills_every_worker_fails_alone(job, make_work, launch):
    def dies_on_three(worker):
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            worker.load(each)
            if each.number == 3:
                return
            worker.done(each)

    work = make_work(job(n) for n in range(12))
    run_pool(launch(dies_on_three), work)
    assert sorted(work.log.done) == [n for n in range(12) if n != 3]
    assert list(work.log.failed) == [3]
    assert f"{MOST_LIVES} workers died" in work.log.failed[3].error


def test_when_no_worker_is_left_the_run_ends_and_says_why(job, make_work, launch):
    def dies(worker):
        worker.hello()

    work = make_work(job(n) for n in range(3))
    with pytest.raises(ModelError, match="no worker is left") as caught:
        run_pool(launch(dies), work)
    assert "ended" in caught.value.why
    assert "run the same command again" in caught.value.fix


def test_a_worker_of_another_version_is_refused_and_both_are_named(job, make_work, launch):
    def one_is_old(worker):
        if worker.place == 0:
            worker.hello(versions={"python": "3.11.0", "polyarena": "0.0.9"})
            worker.handle.stopped.wait(30)
            return
        launcher.started[0].handle.stopped.wait(30)  # until the other one is refused
        diligent(worker)

    work, launcher = make_work(job(n) for n in range(6)), launch(one_is_old)
    events = run_pool(launcher, work)
    assert sorted(work.log.done) == list(range(6))
    [lost] = of_kind(events, WorkerLost)
    assert lost.worker == "worker-0"
    assert "polyarena 0.0.9 there and 0.1.0 here" in lost.reason
    assert launcher.started[0].computed == []


def test_if_all_are_refused_the_run_ends(job, make_work, launch):
    def without_gpu(worker):
        worker.hello(refused="a GPU was promised, and torch finds none", fix=WITHOUT_GPU)
        worker.handle.stopped.wait(30)

    def old(worker):
        worker.hello(versions={"polyarena": "0.0.9"})
        worker.handle.stopped.wait(30)

    for behaviour, why, fix in (
        (without_gpu, "a GPU was promised", "CUDA_VISIBLE_DEVICES"),
        (old, "polyarena 0.0.9 there", "same versions"),
    ):
        with pytest.raises(ModelError) as caught:
            run_pool(launch(behaviour), make_work([job(0), job(1)]))
        assert why in caught.value.why
        assert fix in caught.value.fix


def test_a_model_that_loads_on_one_worker_only(job, make_work, launch):
    work = make_work(job(n) for n in range(8))
    run_pool(launch(first_cannot_load), work)
    assert sorted(work.log.done) == list(range(8))
    assert not work.log.failed


def test_a_model_that_loads_nowhere_fails_its_jobs_and_no_others(job, make_work, launch):
    def cannot(worker):
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            if each.model == "bad":
                worker.fail(each, "load", "no such model")
                continue
            worker.load(each)
            worker.done(each)

    work = make_work([job(n, model="bad") for n in range(4)] + [job(n) for n in range(4, 8)])
    ended = work.log.ended

    def all_of_the_model(job_, outcome):
        yield from ended(job_, outcome)
        if getattr(outcome, "fault", "") in ("load", "model"):
            work.log.unwanted.update(each.number for each in work.jobs if each.model == job_.model)

    work.log.ended = all_of_the_model
    run_pool(launch(cannot), work)
    assert sorted(work.log.done) == [4, 5, 6, 7]
    assert len(work.log.failed) == 1
    assert "no such model" in next(iter(work.log.failed.values())).error


@pytest.mark.parametrize("fault", ["data", "model"])
def test_a_job_that_fails_is_not_repeated(job, make_work, launch, fault):
    def fails_on_two(worker):
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            worker.load(each)
            if each.number == 2:
                worker.fail(each, fault)
            else:
                worker.done(each)

    work = make_work(job(n) for n in range(5))
    events = run_pool(launch(fails_on_two), work)
    assert list(work.log.failed) == [2]
    assert len(of_kind(events, CellFailed)) == 1


def test_a_worker_that_cannot_write_ends_and_is_replaced(job, make_work, launch):
    def full(worker):
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            if worker.count == 0:
                worker.fail(each, "worker", "no space left on device")
                return
            worker.load(each)
            worker.done(each)

    work = make_work(job(n) for n in range(6))
    run_pool(launch(full), work)
    assert sorted(work.log.done) == list(range(6))


def test_a_silent_worker_is_lost_by_this_machines_own_clock(job, make_work, launch, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=time.sleep))

    def hangs_once(worker):
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            if worker.count == 0:
                # Only while it hangs do the coordinator's seconds pass, so its successor is never silent for long.
                while not worker.handle.stopped.wait(0.001):
                    now[0] += 1
                return
            worker.load(each)
            worker.done(each)

    # One worker, because of several the others might do all jobs before the first one begins.
    work, launcher = make_work(job(n) for n in range(4)), launch(hangs_once, 1)
    events = run_pool(launcher, work)
    assert sorted(work.log.done) == list(range(4))
    assert [event.reason for event in of_kind(events, WorkerLost)] == ["no sign of life for 60 s"]
    assert launcher.started[0].handle.stopped.is_set()
    assert now[0] > pool.SILENCE_S


def test_signs_of_life_keep_a_worker_that_computes_for_long(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=lambda: now[0]))
    handle = SimpleNamespace(is_waiting=lambda: False)
    worker = pool._Worker("worker-0", 0, WorkerFolder(tmp_path), handle, ready=True)
    executor, stalled = PoolExecutor(launcher=None), [False]
    disk = SimpleNamespace(is_stalled=lambda: stalled[0])

    def said_after(seconds):
        for _ in range(int(seconds)):
            now[0] += 1
            said = executor._silence(worker, disk)
        return said

    for beat in range(5):
        assert said_after(pool.SILENCE_S - 1) is None
        (tmp_path / "alive").write_text(str(beat))
    # A disk that keeps the coordinator waiting holds up the worker, too.
    stalled[0] = True
    assert said_after(3 * pool.SILENCE_S) is None
    stalled[0] = False
    assert said_after(pool.SILENCE_S - 1) is None
    assert "no sign of life" in said_after(2)


def test_a_coordinator_that_was_held_up_itself_does_not_take_a_worker_to_be_lost(tmp_path, monkeypatch):
    """A disk that stalls holds up both, and the coordinator may look first when it goes on."""
    now = [0.0]
    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=lambda: now[0]))
    handle = SimpleNamespace(is_waiting=lambda: False)
    worker = pool._Worker("worker-0", 0, WorkerFolder(tmp_path), handle, ready=True)
    executor, disk = PoolExecutor(launcher=None), SimpleNamespace(is_stalled=lambda: False)
    assert executor._silence(worker, disk) is None
    now[0] += 10 * pool.SILENCE_S
    assert executor._silence(worker, disk) is None


def test_a_worker_that_waits_for_its_machine_is_not_lost(job, make_work, launch, monkeypatch):
    gate = threading.Event()

    def queued(worker):
        worker.handle.waiting = worker.place == 1
        if worker.place == 1:
            gate.wait(30)
            worker.handle.waiting = False
        worker.hello()
        for each in worker.jobs():
            worker.compute(each)
            gate.set()

    monkeypatch.setattr(pool, "START_S", 30.0)
    work = make_work(job(n) for n in range(6))
    assert not of_kind(run_pool(launch(queued), work), WorkerLost)
    assert sorted(work.log.done) == list(range(6))


def test_a_worker_that_leaves_gives_its_jobs_back_and_may_return(job, make_work, launch):
    returned = threading.Event()

    def suspended(worker):
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            worker.load(each)
            if worker.place == 0 and not worker.computed:
                worker.folder.tell(WorkerLeaving())
                worker.folder.clear()
                worker.computed.append("left")
                worker.hello()
                continue
            if worker.place == 1:  # leaves work for the other one's return
                returned.wait(30)
            worker.done(each)

    work, launcher = make_work(job(n) for n in range(10)), launch(suspended)
    starts = []
    for event in PoolExecutor(launcher).run(work):
        if isinstance(event, WorkerStarted):
            starts.append(event.worker)
            if starts.count("worker-0") == 2:
                returned.set()
    assert sorted(work.log.done) == list(range(10))
    assert set(work.log.outcomes.values()) == {1}
    assert len(launcher.started) == 2
    assert starts.count("worker-0") == 2


def test_devices_that_differ_are_told(job, make_work, launch):
    both = threading.Barrier(2)

    def different(worker):
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            worker.load(each, device=f"gpu-{worker.place}", dtype="float16")
            if not worker.computed:
                both.wait(30)
            worker.done(each)

    work = make_work((job(n) for n in range(30)), recorded=frozenset({"m"}))
    events = run_pool(launch(different), work)
    [differ] = of_kind(events, WorkersDiffer)
    assert set(differ.facts) == {"device"}
    assert sorted(differ.facts["device"]) == ["gpu-0", "gpu-1"]


def test_the_second_worker_loads_a_model_once_the_first_is_recorded(job, make_work, launch):
    written, order = threading.Event(), []

    def loads(worker):
        worker.hello()
        for each in worker.jobs():
            order.append((worker.place, written.is_set()))
            worker.compute(each)

    work = make_work(job(n) for n in range(30))
    for event in PoolExecutor(launch(loads)).run(work):
        if isinstance(event, ModelLoaded):
            # As the run writes its lock before it takes the next event.
            written.set()
    first = order[0][0]
    assert all(was_written for place, was_written in order if place != first)


def test_jobs_that_are_not_wanted_any_more_are_not_handed_out(job, make_work, launch):
    work = make_work(job(n) for n in range(6))
    work.log.unwanted.update({1, 4})
    launcher = launch(diligent)
    run_pool(launcher, work)
    assert sorted(n for worker in launcher.started for n in worker.computed) == [0, 2, 3, 5]


def test_an_interruption_ends_all_workers(job, make_work, launch, tmp_path):
    launcher = launch(diligent)
    events = PoolExecutor(launcher).run(make_work(job(n) for n in range(200)))
    for event in events:
        if isinstance(event, CellDone):
            break
    events.close()
    for worker in launcher.started:
        worker.handle.thread.join(30)
        assert not worker.handle.thread.is_alive()
    assert launcher.closed
    [spool] = (tmp_path / "run" / FOLDER).iterdir()
    assert (spool / "stop").exists()


def test_what_a_refused_worker_tells_besides_is_of_no_account(job, make_work, launch):
    def comes_back_refused(worker):
        if worker.place == 0:
            for _ in range(2):
                worker.hello(refused="a GPU was promised, and torch finds none")
            worker.fail(job(0), "load")
            return
        launcher.started[0].handle.stopped.wait(30)
        diligent(worker)

    work, launcher = make_work(job(n) for n in range(4)), launch(comes_back_refused)
    events = run_pool(launcher, work)
    assert sorted(work.log.done) == list(range(4))
    assert [event.worker for event in of_kind(events, WorkerLost)] == ["worker-0"]


def test_what_a_worker_told_of_its_error_is_in_the_reason(job, make_work, launch):
    failed = threading.Event()

    def full(worker):
        if worker.count:
            failed.wait(30)
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            if worker.count == 0:
                worker.fail(each, "worker", "no space left on device")
                failed.set()
                return
            worker.load(each)
            worker.done(each)

    [lost] = of_kind(run_pool(launch(full), make_work(job(n) for n in range(6))), WorkerLost)
    assert lost.reason == "ended: no space left on device"


def test_the_reason_of_a_run_without_workers_does_not_grow_with_each_of_them(job, make_work, launch):
    def full(worker):
        worker.hello()
        for each in worker.jobs():
            worker.fail(each, "worker", "no space left on device")
            return

    with pytest.raises(ModelError, match="no worker is left") as caught:
        run_pool(launch(full), make_work(job(n) for n in range(40)))
    assert caught.value.why.count("no space left on device") == 1


def test_whoever_takes_the_events_is_not_kept_waiting_for_a_long_job(job, make_work, launch):
    taken = threading.Event()

    def computes_until_it_is_seen(worker):
        worker.hello()
        for each in worker.jobs():
            worker.start(each)
            worker.load(each)
            taken.wait(30)
            worker.done(each)

    started = False
    for event in PoolExecutor(launch(computes_until_it_is_seen)).run(make_work([job(0)])):
        started = started or isinstance(event, ModelLoaded)
        if started and isinstance(event, Waiting):
            taken.set()
    assert taken.is_set()


@pytest.mark.parametrize("how", ["closed", "failed"])
def test_nothing_new_is_begun_elsewhere_while_workers_have_their_grace(job, make_work, launch, how):
    order = []

    def stubborn(worker):
        worker.hello()
        for each in worker.jobs():
            if how == "failed":
                worker.fail(each, "worker", "it broke")
                return
            worker.compute(each)
        order.append("ended")

    work = make_work((job(n) for n in range(200)), grace_s=30, interrupted=lambda: order.append("interrupted"))
    events = PoolExecutor(launch(stubborn, 1)).run(work)
    if how == "closed":
        for event in events:
            if isinstance(event, CellDone):
                break
        events.close()
        assert order == ["interrupted", "ended"]
    else:
        with pytest.raises(ModelError):
            list(events)
        assert order == ["interrupted"]
