"""Says that a run is stopping as soon as it is asked to, because its requests in flight still have their time."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType


@contextmanager
def announce_stop(grace_s: float) -> Iterator[None]:
    """At the first Ctrl-C or SIGTERM within the block, say on standard error how long the run waits.

    The signal then has the effect that it has outside the block. Nothing is said without a grace period, or where
    signals do not arrive (on another thread than the main one, or if they are ignored).

    Args:
        grace_s: Seconds that requests in flight have.
    """
    if grace_s <= 0 or threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    waiting = f"stopping; answers in flight have {grace_s:g} s to arrive. Press Ctrl-C again to stop at once."
    said = False

    def announce(number: int, frame: FrameType | None) -> None:
        nonlocal said
        if not said:
            said = True
            # Not through `sys.stderr`, which the signal may have interrupted in the middle of a line.
            with suppress(OSError, ValueError):
                os.write(sys.stderr.fileno(), f"\npolyarena: {waiting}\n".encode())
        handler = handlers[signal.Signals(number)]
        assert callable(handler)
        handler(number, frame)

    heard = [number for number, handler in handlers.items() if callable(handler)]
    for number in heard:
        signal.signal(number, announce)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, handlers[number])
