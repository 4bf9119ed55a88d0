"""The background loop on its own, without a network."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager

import pytest

from polyarena.harness.endpoints.transport.dispatch import Dispatcher


class Recorder:
    """Runs jobs given as (name, pauses) and remembers what happened."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.ran = []
        self.running = self.most = 0
        self.crashes = []
        self.closed = False
        self.event = threading.Event()

    @asynccontextmanager
    async def session(self):
        yield self.run
        self.closed = True

    async def run(self, worker, job):
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.running -= 1
        name, pauses = job
        self.ran.append(name)
        if name == "crash":
            raise RuntimeError(name)
        if name == "last":
            self.event.set()
        return pauses.pop(0) if pauses else None


@pytest.fixture
def dispatch():
    opened = []

    def start(recorder, workers=2):
        opened.append(Dispatcher(workers, recorder.session, recorder.crashes.append))
        return opened[-1]

    yield start
    for dispatcher in opened:
        dispatcher.close()


def test_jobs_run_in_the_order_of_submission_within_the_bound(dispatch):
    recorder = Recorder(0.002)
    dispatcher = dispatch(recorder, workers=3)
    for number in range(30):
        dispatcher.submit((number, []))
    dispatcher.submit(("last", []))
    assert recorder.event.wait(30)
    assert recorder.ran[:30] == list(range(30))
    assert recorder.most == 3


def test_a_paused_job_comes_back_before_the_waiting(dispatch):
    recorder = Recorder(0.01)
    dispatcher = dispatch(recorder, workers=1)
    dispatcher.submit(("again", [0.015]))
    for number in range(6):
        dispatcher.submit((number, []))
    dispatcher.submit(("last", []))
    assert recorder.event.wait(30)
    assert recorder.ran.index("again", 1) < 5


def test_a_crash_is_told_and_the_rest_goes_on(dispatch):
    recorder = Recorder()
    dispatcher = dispatch(recorder)
    for name in ("crash", "a", "last"):
        dispatcher.submit((name, []))
    assert recorder.event.wait(30)
    assert [str(crash) for crash in recorder.crashes] == ["crash"]
    assert recorder.ran == ["crash", "a", "last"]


def test_closing_cancels_and_closes_the_session(dispatch):
    recorder = Recorder(60)
    dispatcher = dispatch(recorder)
    for number in range(5):
        dispatcher.submit((number, []))
    deadline = time.monotonic() + 30
    while recorder.running < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    dispatcher.close()
    dispatcher.close()
    assert (recorder.running, recorder.ran, recorder.closed) == (0, [], True)


def test_closing_ends_a_job_that_fails_when_it_is_cancelled():
    started = threading.Event()
    crashes = []

    async def run(worker, job):
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            raise OSError("no room for the log")

    @asynccontextmanager
    async def session():
        yield run

    dispatcher = Dispatcher(2, session, crashes.append)
    dispatcher.submit("job")
    assert started.wait(30)
    closing = threading.Thread(target=dispatcher.close, daemon=True)
    closing.start()
    closing.join(timeout=5)
    assert not closing.is_alive()
    assert [str(crash) for crash in crashes] == ["no room for the log"]


def test_a_session_that_cannot_open_is_told_at_once():
    @asynccontextmanager
    async def session():
        raise LookupError("no key")
        yield

    before = threading.active_count()
    with pytest.raises(LookupError, match="no key"):
        Dispatcher(2, session, print)
    time.sleep(0.05)
    assert threading.active_count() <= before


def test_a_second_caller_may_close_while_the_loop_is_closed_and_its_thread_still_ends(dispatch, monkeypatch):
    loop_closed, may_end = threading.Event(), threading.Event()
    run = Dispatcher._run

    def slow_to_end(dispatcher, started):
        run(dispatcher, started)
        loop_closed.set()
        may_end.wait(30)

    monkeypatch.setattr(Dispatcher, "_run", slow_to_end)
    dispatcher = dispatch(Recorder())
    errors = []

    def close():
        try:
            dispatcher.close()
        except Exception as error:  # noqa: BLE001 - the test is about its absence
            errors.append(error)

    callers = [threading.Thread(target=close) for _ in range(2)]
    callers[0].start()
    assert loop_closed.wait(30)
    callers[1].start()
    callers[1].join(0.2)
    may_end.set()
    for caller in callers:
        caller.join(30)
    assert errors == []


def test_jobs_that_arrive_while_the_loop_is_busy_wake_it_once(dispatch):
    recorder = Recorder()
    dispatcher = dispatch(recorder, workers=1)
    blocked, go_on = threading.Event(), threading.Event()

    def block():
        blocked.set()
        go_on.wait(30)

    dispatcher._loop.call_soon_threadsafe(block)
    assert blocked.wait(30)
    woken = []
    call_soon_threadsafe = dispatcher._loop.call_soon_threadsafe
    dispatcher._loop.call_soon_threadsafe = lambda *call: woken.append(call) or call_soon_threadsafe(*call)
    for number in range(20):
        dispatcher.submit((number, []))
    go_on.set()
    dispatcher.submit(("last", []))
    assert recorder.event.wait(30)
    assert recorder.ran == [*range(20), "last"]
    assert 1 <= len(woken) <= 2


def test_the_first_jobs_are_under_way_before_the_last_are_begun(dispatch):
    """A request takes several turns of the loop until it is sent; all at once, the first would wait for the last."""
    begun, sent = [], []

    @asynccontextmanager
    async def session():
        async def run(worker, job):
            begun.append(job)
            for _ in range(5):
                await asyncio.sleep(0)
            sent.append((job, len(begun)))
            if job == 199:
                done.set()

        yield run

    done = threading.Event()
    dispatcher = Dispatcher(200, session, pytest.fail)
    try:
        dispatcher._loop.call_soon_threadsafe(lambda: [dispatcher.submit(job) for job in range(200)])
        assert done.wait(30)
    finally:
        dispatcher.close()
    assert [job for job, _ in sent] == list(range(200))
    assert sent[0][1] < 100


def test_a_loop_tells_whether_it_has_anything_to_do():
    entered, leave = threading.Event(), threading.Event()

    @asynccontextmanager
    async def session():
        async def run(worker, job):
            entered.set()
            leave.wait(30)

        yield run

    dispatcher = Dispatcher(1, session, pytest.fail)
    deadline = time.monotonic() + 30
    while not dispatcher.idle:
        assert time.monotonic() < deadline
    for job in range(3):
        dispatcher.submit(job)
    assert entered.wait(30)
    assert not dispatcher.idle
    assert dispatcher.waiting_jobs == 2
    leave.set()
    while dispatcher.waiting_jobs or not dispatcher.idle:
        assert time.monotonic() < deadline
    dispatcher.close()
    assert dispatcher.idle
