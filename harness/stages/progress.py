"""Shows the progress of a pipeline: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from polyarena.harness.progress.eta import format_duration
from polyarena.harness.stages.pipeline.runner import Silence, StageDone, TrainListener
from polyarena.harness.terminal import printable

SHOWN = ("loss", "rewards/margins", "margin", "accuracy", "rewards/accuracies", "learning_rate")
"""Numbers of the trainers that are worth showing, in this order."""


class LiveTraining:
    """Draws one bar for the running stage, and a line for each that is finished."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=console,
        )
        self._task = self._progress.add_task("", total=None, note="")
        self._stage = ""
        self._activity = ""
        self._progress.start()

    def invalidated(self, sentences: list[str]) -> None:
        """Print what no longer counts."""
        for sentence in sentences:
            self._progress.console.print(f"[yellow]changed[/] {escape(printable(sentence))}", emoji=False)

    def started(self, name: str, number: int, count: int) -> None:
        """Point the bar at a stage."""
        self._stage = f"[bold]{escape(name)}[/] ({number} of {count})"
        self._progress.update(self._task, description=self._stage, total=None, completed=0, note="")

    def report(self, activity: str, done: int, total: int, numbers: Mapping[str, float]) -> None:
        """Move the bar."""
        if activity != self._activity:
            self._activity = activity
            self._progress.reset(self._task)
        note = f"{printable(activity)}  {shown(numbers)}"
        self._progress.update(self._task, description=self._stage, total=total, completed=done, note=escape(note))

    def done(self, result: StageDone) -> None:
        """Print a finished stage."""
        self._progress.console.print(f"[green]✓[/] {escape(finished_line(result))}", emoji=False)
        for warning in result.warnings:
            self._progress.console.print(f"[yellow]warning[/] {escape(printable(warning))}", emoji=False)

    def close(self) -> None:
        """Stop drawing."""
        self._progress.remove_task(self._task)
        self._progress.stop()


class PlainTraining:
    """Writes a line now and then.

    Args:
        stream: Where to.
        every_s: Shortest time between two lines on the same activity.
        now: The time in seconds.
    """

    def __init__(self, stream: TextIO, every_s: float = 10.0, now: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._every = every_s
        self._now = now
        self._last = now()
        self._stage = ""

    def invalidated(self, sentences: list[str]) -> None:
        """Write what no longer counts."""
        for sentence in sentences:
            self._line(f"changed: {sentence}")

    def started(self, name: str, number: int, count: int) -> None:
        """Note which stage runs."""
        self._stage = f"{name} ({number} of {count})"
        self._last = self._now()

    def report(self, activity: str, done: int, total: int, numbers: Mapping[str, float]) -> None:
        """Write a line if the last one is old enough."""
        if self._now() - self._last >= self._every:
            self._last = self._now()
            self._line(f"{self._stage}: {activity}, {done}/{total} {shown(numbers)}".rstrip())

    def done(self, result: StageDone) -> None:
        """Write that a stage is finished."""
        self._line(finished_line(result))
        for warning in result.warnings:
            self._line(f"warning: {warning}")

    def close(self) -> None:
        """Nothing is open."""

    def _line(self, text: str) -> None:
        print(printable(text), file=self._stream, flush=True)


def shown(numbers: Mapping[str, float]) -> str:
    """Return the numbers of a step that are worth showing."""
    return "  ".join(f"{name.rpartition('/')[2]} {numbers[name]:.4g}" for name in SHOWN if name in numbers)


def finished_line(result: StageDone) -> str:
    """Return one line on a finished stage."""
    took = "finished before" if result.seconds is None else f"finished in {format_duration(result.seconds)}"
    return f"{result.name}: {took}, {result.folder}"


@contextmanager
def training_listener(*, quiet: bool = False) -> Iterator[TrainListener]:
    """Yield a listener that shows progress on standard error.

    Args:
        quiet: Show nothing.
    """
    if quiet:
        yield Silence()
        return
    live = sys.stderr.isatty() and not os.environ.get("CI")
    display = LiveTraining(Console(stderr=True)) if live else PlainTraining(sys.stderr)
    try:
        yield display
    finally:
        display.close()
