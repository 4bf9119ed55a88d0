"""Progress as plain lines, for logs and pipes: one now and then, and one whenever something is finished."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from polyarena.harness.events import (
    CellFailed,
    Event,
    GamesFailed,
    ModelLoaded,
    ModelLoading,
    RunStarted,
    WorkerLost,
    WorkersDiffer,
    WorkerStarted,
)
from polyarena.harness.planning import Plan
from polyarena.harness.progress.eta import describe_time_left
from polyarena.harness.progress.tracker import ProgressTracker, worker_message
from polyarena.harness.terminal import printable
from polyarena.tasks.counts import count_of

PART = 3
"""How many times longer the pause is before a line on a part of a language."""


class PlainProgress:
    """Writes lines to a stream.

    Args:
        plan: What will run.
        stream: Where to.
        every_s: Shortest time between two lines on the same work.
        now: The time, in seconds.
    """

    def __init__(
        self, plan: Plan, stream: TextIO, every_s: float = 10.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._tracker = ProgressTracker.of(plan)
        self._stream = stream
        self._deaf = False
        self._every = every_s
        self._now = now
        self._last = now()

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        work = self._tracker.follow(event)
        if isinstance(event, RunStarted):
            self._line(
                f"{event.experiment}: {count_of(event.cells, 'cell')} ({event.cells_stored} stored), "
                f"{count_of(event.games, 'pair')} to judge ({event.games_stored} stored), "
                f"{count_of(event.requests, 'request')} to make"
            )
        elif isinstance(event, ModelLoading):
            self._line(f"loading {event.model} for {', '.join(event.systems)}")
        elif isinstance(event, ModelLoaded):
            where = f" by {event.worker}" if event.worker else ""
            self._line(f"loaded{where} in {event.seconds:.1f} s")
        elif isinstance(event, WorkerStarted):
            self._line(f"{event.worker} is ready on {event.host}")
        elif isinstance(event, WorkerLost | WorkersDiffer):
            self._line(worker_message(event))
        elif isinstance(event, CellFailed | GamesFailed):
            if not self._tracker.is_repetition(event):
                self._line(f"FAILED {work.title if work else ''} {event.language}: {event.error.splitlines()[0]}")
        elif work is not None:
            finished = work.ended == work.total
            # A part of a language is no news while others come quickly.
            patience = self._every * (PART if work.part else 1)
            if finished or self._now() - self._last >= patience:
                self._last = self._now()
                left = describe_time_left(self._tracker.seconds_left())
                now = f"{work.now} {work.part:.0%} done" if work.part else f"last {work.now}"
                done = f"{work.done} of {count_of(work.total, 'language')}"
                self._line(f"{work.title}: {done}, {now}, {left}{self._tracker.in_words()}")

    def close(self) -> None:
        """Say how many failures of a cause that was shown were left out."""
        if left_out := self._tracker.repetitions():
            self._line(f"FAILED {left_out} more for the same reason")

    def _line(self, text: str) -> None:
        if self._deaf:
            return
        try:
            print(printable(text), file=self._stream, flush=True)
        except BrokenPipeError:
            # Whoever read this has gone (`| head -1`); the run goes on in silence.
            self._deaf = True
