"""Progress as live bars: one for each system and task and for each judge, over languages, and the time left."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.text import Text

from polyarena.harness.events import (
    CellDone,
    CellFailed,
    CellProgress,
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

ALL = "all languages"
"""Title of the bar of the whole run."""
NOTE = 15
"""Characters for what stands behind a bar: a language and how far it is, or how many failed."""
MOST_BAR, LEAST_BAR = 24, 6
"""Characters of a bar; where there is no room for the shorter one, there is none."""


class _Bars(Progress):
    """Bars below a line about the whole run."""

    summary = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        """Yield the line and the bars."""
        if self.summary:
            yield Text(self.summary, style="dim")
        yield from super().get_renderables()


class LiveProgress:
    """Draws on a terminal."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._tracker = ProgressTracker.of(plan)
        self._console = console
        totals = sum(work.total for work in self._tracker.works.values())
        counts = 2 * len(str(totals)) + 1
        self._room = console.width - NOTE - counts - 6
        titles = max((cell_len(title) for title in (*self._tracker.works, ALL)), default=0)
        bar = min(MOST_BAR, self._room - titles)
        columns = [
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            *([BarColumn(bar_width=bar)] if bar >= LEAST_BAR else []),
            MofNCompleteColumn(),
            TextColumn("[dim]{task.fields[note]}"),
        ]
        self._progress = _Bars(*columns, console=console)
        self._overall = self._progress.add_task(
            f"[bold]{ALL}",
            total=totals,
            completed=sum(work.done for work in self._tracker.works.values()),
            note="",
        )
        self._bars: dict[str, TaskID] = {
            title: self._progress.add_task(
                self._shortened(title), total=work.total, completed=work.done, note=_note(work.stored)
            )
            for title, work in self._tracker.works.items()
        }
        self._progress.start()

    def _shortened(self, title: str) -> str:
        """Return a title as it fits on a line, as markup; the task at its end stays."""
        title = printable(title)
        if cell_len(title) > self._room:
            start, dot, task = title.rpartition(" · ")
            left = self._room - cell_len(dot + task) - 1
            title = f"{set_cell_size(start, left).rstrip()}…{dot}{task}" if left >= LEAST_BAR else title
        return escape(title)

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
        if isinstance(event, CellProgress | CellDone | CellFailed | GamesProgress | GamesDone | GamesFailed):
            left = describe_time_left(self._tracker.seconds_left())
            self._progress.summary = printable(f"{left}{self._tracker.in_words()}")

    def _announce(self, event: Event) -> None:
        """Show what concerns the whole run: models and workers."""
        if isinstance(event, ModelLoading):
            self._progress.summary = printable(f"loading {event.model} …")
        elif isinstance(event, ModelLoaded):
            self._progress.summary = f"loaded in {event.seconds:.0f} s"
        elif isinstance(event, WorkerLost | WorkersDiffer):
            self._progress.console.print(escape(printable(worker_message(event))), emoji=False)
        elif isinstance(event, RunFinished):
            self._progress.summary = ""

    def close(self) -> None:
        """Stop drawing; the bars stay on the terminal as they are."""
        if left_out := self._tracker.repetitions():
            self._progress.console.print(f"[red]failed[/] {left_out} more for the same reason")
        self._progress.stop()


def _note(stored: int) -> str:
    return f"{stored} stored" if stored else ""
