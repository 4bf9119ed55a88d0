"""Runs several streams of events at once, each on a thread of its own, and merges their events on the caller's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from polyarena.harness.events import Event


@dataclass(frozen=True, slots=True)
class _Ended:
    """A stream has ended.

    Attributes:
        error: What ended it, if it did not end by itself.
    """

    error: BaseException | None


class Background:
    """Runs streams of events on threads; leaving the block waits for the threads that still run.

    A caller that leaves the block early must first close what the streams wait for; otherwise the block waits as well.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[Event | _Ended] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._running = 0

    def start(self, name: str, events: Iterator[Event]) -> None:
        """Run a stream on a thread of its own."""
        # A daemon: a second interruption must not wait for what it is doing.
        thread = threading.Thread(target=self._run, args=(events,), name=f"polyarena-{name}", daemon=True)
        self._threads.append(thread)
        self._running += 1
        thread.start()

    def put(self, event: Event) -> None:
        """Add an event of a stream before the stream yields its next one; on the thread of the stream."""
        self._queue.put(event)

    def events(self) -> Iterator[Event]:
        """Yield the events that have arrived, without waiting.

        Raises:
            BaseException: A stream raised it.
        """
        while True:
            try:
                event = self._queue.get_nowait()
            except Empty:
                return
            yield from self._take(event)

    def wait(self) -> Iterator[Event]:
        """Yield events until all streams have ended.

        Raises:
            BaseException: A stream raised it.
        """
        while self._running:
            yield from self._take(self._queue.get())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for thread in self._threads:
            thread.join()

    def _take(self, event: Event | _Ended) -> Iterator[Event]:
        if not isinstance(event, _Ended):
            yield event
            return
        self._running -= 1
        if event.error is not None:
            raise event.error

    def _run(self, events: Iterator[Event]) -> None:
        try:
            for event in events:
                self._queue.put(event)
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that merges the events
            self._queue.put(_Ended(error))
        else:
            self._queue.put(_Ended(None))
