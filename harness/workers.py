"""Shares work that needs the processor alone among several processes: reading data, scoring stored answers, rules.

The processes are started as ``python -m``, not by :mod:`multiprocessing`, which would run a user's script again that
has no ``if __name__ == "__main__"``. Parts go to them, and their events come back, as pickles over pipes; what is
computed is in the run folder. A part whose process ended early is done again in this process.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any, Protocol, TypeVar

from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.processors import processors

MOST_PROCESSES = 8
WORTH = 20_000
"""Answers or games from which on the start of processes, some seconds each, is worth their time."""


# A process that ended, and all that pickles make of a stream that broke off or of what they cannot hold.
_BROKEN = (OSError, EOFError, pickle.PickleError, ValueError, TypeError, AttributeError, ImportError, IndexError)


T_co = TypeVar("T_co", covariant=True)


class Part(Protocol[T_co]):
    """Work that can be sent to another process; doing it again costs time alone."""

    def events(self) -> Iterator[T_co]:
        """Do it, and yield what happens."""


@dataclass(frozen=True, slots=True)
class _StreamEvent:
    event: Any


@dataclass(frozen=True, slots=True)
class _Ended:
    """A part is done, or failed with an error."""

    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class _Lost:
    """The process ended before its part did."""

    part: Part[Any]


_Messages = queue.SimpleQueue[_StreamEvent | _Ended | _Lost]


def processes_for(size: int, parts: int) -> int:
    """Return among how many processes work is shared; 1 where it is done in this one.

    Args:
        size: Answers or games in all.
        parts: Into how many parts it can be cut.
    """
    return most_processes(parts) if size >= WORTH else 1


def most_processes(parts: int) -> int:
    """Return among how many processes large work is shared that can be cut into so many parts."""
    return max(1, min(processors(), MOST_PROCESSES, parts))


def share(parts: Sequence[Part[T_co]], processes: int) -> Iterator[T_co]:
    """Do all parts, and yield their events as they come.

    Args:
        parts: Independent of each other.
        processes: How many at once; with one, the parts are done here, in order.

    Raises:
        PolyarenaError: A part failed; what other processes have stored by then is there.
    """
    if processes == 1:
        for part in parts:
            yield from part.events()
        return
    waiting = deque(parts)
    with _started(waiting, min(processes, len(parts))) as (children, arrived):
        lost: list[Part[T_co]] = []
        done = 0
        while done < len(parts) - len(lost):
            message = arrived.get()
            if isinstance(message, _StreamEvent):
                yield message.event
            elif isinstance(message, _Lost):
                lost.append(message.part)
                # With no process left nobody takes what waits.
                if all(child.poll() is not None for child in children):
                    lost += _take_all(waiting)
            elif message.error is not None:
                raise message.error
            else:
                done += 1
    for part in lost:
        yield from part.events()


def _take_all(waiting: deque[Part[T_co]]) -> Iterator[Part[T_co]]:
    """Take one part after the other, each once: a thread whose process has just ended may be taking one as well."""
    with suppress(IndexError):
        while True:
            yield waiting.popleft()


@contextmanager
def in_background(part: Part[T_co], processes: int) -> Iterator[Callable[[], list[T_co]]]:
    """Do one part in another process while the block runs; yield what waits for its events, to be called once.

    Args:
        part: The part.
        processes: With one, the part is done in this process when its events are asked for.

    Raises:
        PolyarenaError: The part failed; raised when its events are asked for.
    """
    if processes == 1:
        yield lambda: list(part.events())
        return
    with _started(deque([part]), 1) as (_, arrived):

        def wait() -> list[T_co]:
            events: list[T_co] = []
            while True:
                message = arrived.get()
                if isinstance(message, _StreamEvent):
                    events.append(message.event)
                elif isinstance(message, _Lost):
                    return list(part.events())
                elif message.error is not None:
                    raise message.error
                else:
                    return events

        yield wait


@contextmanager
def _started(waiting: deque[Part[Any]], count: int) -> Iterator[tuple[list[subprocess.Popen[bytes]], _Messages]]:
    """Start processes, each with a thread that gives it one part after the other; end all of them with the block."""
    arrived: _Messages = queue.SimpleQueue()
    children = [_start() for _ in range(count)]
    threads = [
        threading.Thread(target=_feed, args=(child, waiting, arrived), name="part", daemon=True) for child in children
    ]
    for thread in threads:
        thread.start()
    try:
        yield children, arrived
    finally:
        waiting.clear()
        for child in children:
            child.terminate()
        for child, thread in zip(children, threads, strict=True):
            child.wait()
            thread.join()
            for pipe in (child.stdin, child.stdout):
                with suppress(OSError):
                    if pipe is not None:
                        pipe.close()


def _start() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "polyarena.harness.workers"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _feed(
    child: subprocess.Popen[bytes],
    waiting: deque[Part[Any]],
    arrived: _Messages,
) -> None:
    """Give a process one part after the other, and pass on what it says."""
    assert child.stdin is not None
    assert child.stdout is not None
    while True:
        try:
            part = waiting.popleft()
        except IndexError:
            return
        try:
            pickle.dump(part, child.stdin)
            child.stdin.flush()
            while not isinstance(message := pickle.load(child.stdout), _Ended):
                arrived.put(message)
            arrived.put(message)
        except _BROKEN:
            child.kill()
            child.wait()
            arrived.put(_Lost(part))
            return


def serve(requests: IO[bytes], replies: IO[bytes]) -> None:
    """Do the parts that come in, until there are no more."""

    def reply(message: _StreamEvent | _Ended) -> None:
        pickle.dump(message, replies)
        replies.flush()

    while True:
        try:
            part: Part[Any] = pickle.load(requests)
        except EOFError:
            return
        error: PolyarenaError | None = None
        try:
            for event in part.events():
                reply(_StreamEvent(event))
        except PolyarenaError as caught:
            error = caught
        reply(_Ended(error))


def main() -> None:
    """Serve on standard input and output; what libraries print goes to standard error."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # An interruption is for the process that waits; it ends this one.
    with suppress(KeyboardInterrupt, BrokenPipeError):
        serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    # The module that pickles name, not __main__.
    import_module("polyarena.harness.workers").main()
