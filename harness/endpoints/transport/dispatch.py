"""A background event loop that runs jobs, a bounded number at a time."""

from __future__ import annotations

import asyncio
import itertools
import selectors
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

Job = TypeVar("Job")

_ACCEPTED = 8  # jobs in one turn of the loop: of more, none would be under way until all are


class _WatchedSelector(selectors.DefaultSelector):
    """A selector that tells other threads whether its loop waits for something to happen."""

    waiting = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.waiting = timeout is None or timeout > 0
        try:
            return super().select(timeout)
        finally:
            self.waiting = False


class Dispatcher(Generic[Job]):
    """Runs jobs on an event loop in a thread of its own, so that they go on while the caller does something else.

    A job that must run again occupies no worker while it waits, and then runs before all jobs submitted after it: the
    caller wants results in order, and the oldest blocks the rest.

    Args:
        workers: Most jobs that run at once.
        session: Opens what the jobs need, on the loop, and yields ``run(worker, job)``: it returns the seconds after
            which to run the job again, or ``None`` when it is done. ``worker`` counts from 0.
        crashed: Called with an exception from ``run``; the other jobs go on.

    Raises:
        Exception: Whatever ``session`` raised.
    """

    def __init__(
        self,
        workers: int,
        session: Callable[[], AbstractAsyncContextManager[Callable[[int, Job], Awaitable[float | None]]]],
        crashed: Callable[[Exception], None],
    ) -> None:
        self._workers = workers
        self._session = session
        self._crashed = crashed
        self._order = itertools.count()
        self._arrived: deque[tuple[int, Job]] = deque()
        self._woken = False
        self._closing = threading.Lock()
        self._selector = _WatchedSelector()
        started: Future[None] = Future()
        # A daemon: a caller that never closes must still be able to leave.
        self._thread = threading.Thread(target=self._run, args=(started,), name="polyarena-endpoint", daemon=True)
        self._thread.start()
        started.result()

    @property
    def waiting_jobs(self) -> int:
        """How many jobs no worker has taken yet, but for those that are to run again later."""
        return len(self._arrived) + self._queue.qsize()

    @property
    def idle(self) -> bool:
        """Whether the loop has nothing to do at this moment, so that other threads do not hold it up."""
        return self._selector.waiting or not self._thread.is_alive()

    @property
    def hurried(self) -> bool:
        """Whether jobs wait while the loop is busy.

        Python runs one thread at a time: what else a caller does would hold these jobs up, so it should be put off.
        """
        return self.waiting_jobs > 0 and not self.idle

    def submit(self, job: Job) -> None:
        """Queue a job; from any thread."""
        self._arrived.append((next(self._order), job))
        # To wake the loop costs a system call, so it is woken once for all jobs that arrive before it looks.
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._accept)

    def _accept(self) -> None:
        # First: a job that arrives from here on wakes the loop again, or is accepted below.
        self._woken = False
        for _ in range(min(len(self._arrived), _ACCEPTED)):
            self._queue.put_nowait(self._arrived.popleft())
        if self._arrived and not self._woken:
            self._woken = True
            self._loop.call_soon(self._accept)

    def close(self) -> None:
        """Cancel running jobs, drop waiting ones, close the session and end the thread.

        Several threads may call it: each returns once the thread has ended.
        """
        # The loop closes a moment before its thread ends, and may not be called in between.
        with self._closing:
            if self._thread.is_alive():
                self._loop.call_soon_threadsafe(self._stop.set)
                self._thread.join()

    def _run(self, started: Future[None]) -> None:
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(self._selector)) as runner:
            runner.run(self._main(started))

    async def _main(self, started: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._queue: asyncio.PriorityQueue[tuple[int, Job]] = asyncio.PriorityQueue()
        session = self._session()
        try:
            run = await session.__aenter__()
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits for the start
            started.set_exception(error)
            return
        started.set_result(None)
        workers = [asyncio.create_task(self._work(number, run)) for number in range(self._workers)]
        await self._stop.wait()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await session.__aexit__(None, None, None)

    async def _work(self, number: int, run: Callable[[int, Job], Awaitable[float | None]]) -> None:
        # Asked each time round, because a job may answer its cancellation with an error of its own.
        while not self._stop.is_set():
            order, job = await self._queue.get()
            try:
                pause = await run(number, job)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller must hear of it, not wait for ever
                self._crashed(error)
            else:
                if pause is not None:
                    self._loop.call_later(pause, self._queue.put_nowait, (order, job))
