"""Progress as live bars: one for each system and task and for each judge, over languages, and the time left."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

from polyarena.harness.events import (
    CellDone,
    CellFailed,
    Event,
    GamesDone,
    GamesFailed,
    GamesProgress,
    ModelLoaded,
    ModelLoading,
    RunFinished,
    WorkerLost,
    WorkersDiffer,
)
from polyarena.harness.planning import Plan
from polyarena.harness.progress.eta import describe_time_left
from polyarena.harness.progress.tracker import ProgressTracker, worker_message
from polyarena.harness.terminal import printable


class LiveProgress:
    """Draws on a terminal."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._tracker = ProgressTracker.of(plan)
        self._console = console
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=console,
        )
        self._overall = self._progress.add_task(
            "[bold]all languages",
            total=sum(work.total for work in self._tracker.works.values()),
            completed=sum(work.done for work in self._tracker.works.values()),
            note="",
        )
        self._bars: dict[str, TaskID] = {
            title: self._progress.add_task(title, total=work.total, completed=work.done, note=_note(work.stored))
            for title, work in self._tracker.works.items()
        }
        self._progress.start()

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        self._announce(event)
        work = self._tracker.follow(event)
        if work is None:
            return
        if isinstance(event, CellFailed | GamesFailed) and not self._tracker.is_repetition(event):
            why = escape(printable(event.error.splitlines()[0]))
            self._progress.console.print(f"[red]failed[/] {work.title} {work.now}: {why}", emoji=False)
        if work.title not in self._bars:
            return
        note = f"{work.failed} failed" if work.failed else work.now
        finished = work.ended == work.total
        if work.part:
            note = f"{note} {work.part:.0%}"
        self._progress.update(
            self._bars[work.title],
            completed=work.ended,
            note=(f"{work.failed} failed" if work.failed else _note(work.stored)) if finished else note,
        )
        if isinstance(event, CellDone | CellFailed | GamesDone | GamesFailed):
            self._progress.update(self._overall, advance=1)
        if isinstance(event, CellDone | CellFailed | GamesProgress | GamesDone | GamesFailed):
            left = describe_time_left(self._tracker.seconds_left())
            self._progress.update(self._overall, note=escape(f"{left}{self._tracker.in_words()}"))

    def _announce(self, event: Event) -> None:
        """Show what concerns the whole run: models and workers."""
        if isinstance(event, ModelLoading):
            self._progress.update(self._overall, note=f"loading {event.model} …")
        elif isinstance(event, ModelLoaded):
            self._progress.update(self._overall, note=f"loaded in {event.seconds:.0f} s")
        elif isinstance(event, WorkerLost | WorkersDiffer):
            self._progress.console.print(escape(printable(worker_message(event))), emoji=False)
        elif isinstance(event, RunFinished):
            self._progress.update(self._overall, note="")

    def close(self) -> None:
        """Stop drawing; the bars stay on the terminal as they are."""
        if left_out := self._tracker.repetitions():
            self._progress.console.print(f"[red]failed[/] {left_out} more for the same reason")
        self._progress.stop()


def _note(stored: int) -> str:
    return f"{stored} stored" if stored else ""
