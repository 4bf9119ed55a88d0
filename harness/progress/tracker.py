"""The state that both displays draw: languages done and failed for each piece of work."""

from __future__ import annotations

from dataclasses import dataclass, field

from polyarena.harness.events import CellDone, CellFailed, CellStarted, Event, GamesDone, GamesFailed
from polyarena.harness.planning import Plan
from polyarena.harness.progress.pace import Pace


@dataclass
class Work:
    """One line of progress.

    Attributes:
        title: ``system · task`` or ``judge · candidate · task``.
        total: Languages.
        stored: Of them, those that an earlier run left.
        done: Languages done, stored ones included.
        failed: Languages that failed.
        now: The language at work.
    """

    title: str
    total: int = 0
    stored: int = 0
    done: int = 0
    failed: int = 0
    now: str = ""


@dataclass
class Tracker:
    """Follows a run's events."""

    works: dict[str, Work] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)

    @classmethod
    def of(cls, plan: Plan) -> Tracker:
        """Start from a plan."""
        tracker = cls()
        for cell in plan.cells:
            tracker._add(_cell_title(cell.system, cell.task), cell.stored, cell.requests)
        for games in plan.games:
            tracker._add(_games_title(games.judge, games.candidate, games.task), games.stored, games.requests)
        return tracker

    def _add(self, title: str, stored: bool, requests: int) -> None:
        work = self.works.setdefault(title, Work(title))
        work.total += 1
        if stored:
            work.stored += 1
            work.done += 1
        else:
            self.pace.expect(title, requests)

    def follow(self, event: Event) -> Work | None:
        """Take in one event and return the line that it changed."""
        if isinstance(event, CellStarted | CellDone | CellFailed):
            title = _cell_title(event.system, event.task)
        elif isinstance(event, GamesDone | GamesFailed):
            title = _games_title(event.judge, event.candidate, event.task)
        else:
            return None
        work = self.works.setdefault(title, Work(title))
        work.now = event.language
        if isinstance(event, CellDone | GamesDone):
            work.done += 1
            self.pace.advance(title, event.requests, event.seconds)
        elif isinstance(event, CellFailed | GamesFailed):
            work.failed += 1
            self.pace.advance(title, event.requests, 0.0)
        return work


def _cell_title(system: str, task: str) -> str:
    return f"{system} · {task}"


def _games_title(judge: str, candidate: str, task: str) -> str:
    return f"{judge} judges {candidate} · {task}"
