"""The state that both displays draw: languages done and failed for each piece of work."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from polyarena.harness.events import (
    CellDone,
    CellFailed,
    CellProgress,
    CellStarted,
    Event,
    GamesDone,
    GamesFailed,
    GamesProgress,
    ModelLoaded,
    ModelLoading,
    WorkerLost,
    WorkersDiffer,
    WorkerStarted,
)
from polyarena.harness.planning import CostEstimate, Plan, PlannedCell, PlannedGames
from polyarena.harness.progress.eta import EtaEstimator
from polyarena.judges.protocol import scores_answers
from polyarena.tasks.counts import count_of

RATE_S = 60.0
"""Seconds over which requests per second are counted."""
SHOWN_MODELS = 3
"""Models of workers that progress names; `polyarena status` names all."""
SHOWN_FAILURES = 3
"""Failures of one cause that progress shows; the summary counts them all."""


@dataclass
class ProgressLine:
    """One line of progress.

    Attributes:
        title: ``system · task`` or ``judge judges candidate · task``; with the opponent where there are several.
        total: Languages.
        stored: Of them, those that an earlier run left.
        done: Languages done, stored ones included.
        failed: Languages that failed.
        now: The language at work.
        part: How far that language is, from 0 to 1; 0 where this is not known.
    """

    title: str
    total: int = 0
    stored: int = 0
    done: int = 0
    failed: int = 0
    now: str = ""
    part: float = 0.0

    @property
    def ended(self) -> int:
        """Languages that are done or failed."""
        return self.done + self.failed


@dataclass
class WorkerState:
    """What is known of a worker.

    Attributes:
        host: The machine that it runs on.
        model: The model that it has loaded, or is loading.
    """

    host: str = ""
    model: str = ""


@dataclass
class ProgressTracker:
    """Follows a run's events.

    Attributes:
        works: Lines by title.
        pace: Estimates the time left.
        causes: Failures by cause.
        opponents: Whether systems meet several opponents, which titles of games then name.
        growing: Whether more games are chosen while the run goes on.
        in_flight: System, task and language of the cells that are being computed.
        workers: The workers of an executor, by name.
        requests: Requests done, stored ones apart.
        now: The clock, in seconds.
    """

    works: dict[str, ProgressLine] = field(default_factory=dict)
    pace: EtaEstimator = field(default_factory=EtaEstimator)
    causes: Counter[str] = field(default_factory=Counter)
    opponents: bool = False
    growing: bool = False
    in_flight: set[tuple[str, str, str]] = field(default_factory=set)
    workers: dict[str, WorkerState] = field(default_factory=dict)
    requests: int = 0
    now: Callable[[], float] = time.monotonic
    _began: float | None = None
    _recent: deque[tuple[float, int]] = field(default_factory=deque)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _done: set[tuple[str, str]] = field(default_factory=set)
    _amounts: dict[tuple[str, str], float] = field(default_factory=dict)
    _computed: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _counted: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan) -> ProgressTracker:
        """Start from a plan."""
        tracker = cls(opponents=plan.experiment.opponents is not None, growing=plan.allocation is not None)
        for cell in plan.cells:
            tracker._add(_cell_title(cell.system, cell.task), cell.language, cell, _amount(cell))
        scored = _scored_amounts(plan)
        for games in plan.games:
            amount = scored.get(games)
            tracker._add(
                tracker._games_title(games), games.language, games, _amount(games) if amount is None else amount
            )
        return tracker

    def _add(self, title: str, language: str, part: CostEstimate, amount: float) -> None:
        work = self.works.setdefault(title, ProgressLine(title))
        work.total += 1
        self._seen.add((title, language))
        if part.stored:
            work.stored += 1
            work.done += 1
            self._done.add((title, language))
        else:
            self._amounts[title, language] = amount
            self.pace.expect(title, amount)

    def follow(self, event: Event) -> ProgressLine | None:
        """Take in one event and return the line that it changed."""
        self._observe(event)
        if isinstance(event, CellStarted | CellProgress | CellDone | CellFailed):
            title = _cell_title(event.system, event.task)
        elif isinstance(event, GamesProgress | GamesDone | GamesFailed):
            title = self._games_title(event)
        else:
            return None
        work = self.works.setdefault(title, ProgressLine(title))
        if self.growing and (title, event.language) not in self._seen:
            self._seen.add((title, event.language))
            work.total += 1
        work.now, work.part = event.language, 0.0
        if isinstance(event, CellProgress):
            work.part = event.computed / max(event.requests, 1)
            self._advance(title, event.language, work.part, event.seconds)
        elif isinstance(event, GamesProgress):
            work.part = event.judged / event.games
            self._advance(title, event.language, work.part, event.seconds)
        elif isinstance(event, CellDone | GamesDone):
            # A pair that gets more games is done once more.
            work.done = min(work.done + 1, max(work.total, 1))
            self._done.add((title, event.language))
            self._advance(title, event.language, 1.0, event.seconds)
        elif isinstance(event, CellFailed | GamesFailed):
            work.failed += 1
            self._advance(title, event.language, 1.0, None)
        return work

    def stop(self, plan: Plan, is_stored: Callable[[PlannedCell | PlannedGames], bool]) -> None:
        """Take note that the run has ended early: nothing is in flight, and what was stored last is done.

        The events of what is stored while an interrupted run waits for requests in flight reach nobody.

        Args:
            plan: As given to :meth:`of`.
            is_stored: Whether a part of it is stored now.
        """
        self.in_flight.clear()
        for work in self.works.values():
            work.now, work.part = "", 0.0
        parts: tuple[PlannedCell | PlannedGames, ...] = (*plan.cells, *plan.games)
        for part in parts:
            title = _cell_title(part.system, part.task) if isinstance(part, PlannedCell) else self._games_title(part)
            if (title, part.language) not in self._done and is_stored(part):
                self._done.add((title, part.language))
                self.works[title].done += 1
                self.requests += part.requests
                if isinstance(part, PlannedCell):
                    self.requests -= self._computed.get((part.system, part.task, part.language), 0)

    def seconds_left(self) -> float | None:
        """Return the expected seconds for what is left; ``None`` before anything is done."""
        workers = sum(bool(worker.model) for worker in self.workers.values())
        return self.pace.seconds_left(None if self._began is None else self.now() - self._began, workers)

    def requests_per_second(self) -> float:
        """Return the requests done per second over the last minute, or since the beginning if that is less."""
        if self._began is None:
            return 0.0
        now = self.now()
        while self._recent and now - self._recent[0][0] > RATE_S:
            self._recent.popleft()
        seconds = min(RATE_S, now - self._began)
        return sum(count for _, count in self._recent) / seconds if seconds > 0 else 0.0

    def in_words(self) -> str:
        """Return what is at work: workers and their models, cells in flight and requests per second.

        Returns:
            Each part after a comma and a space; empty if nothing is at work.
        """
        rate = self.requests_per_second()
        parts = [
            self._workers_in_words(),
            f"{count_of(len(self.in_flight), 'cell')} in flight" if self.in_flight else "",
            describe_rate(rate) if rate else "",
        ]
        return "".join(f", {part}" for part in parts if part)

    def _workers_in_words(self) -> str:
        if not self.workers:
            return ""
        models = Counter(worker.model or "no model yet" for worker in self.workers.values())
        told = [f"{count} with {model}" for model, count in models.most_common(SHOWN_MODELS)]
        if len(models) > SHOWN_MODELS:
            told.append(count_of(len(models) - SHOWN_MODELS, "other model"))
        return f"{count_of(len(self.workers), 'worker')} ({'; '.join(told)})"

    def _observe(self, event: Event) -> None:
        """Take note of what is in flight, and of workers."""
        if self._began is None:
            self._began = self.now()
        if isinstance(event, CellStarted):
            self.in_flight.add((event.system, event.task, event.language))
        elif isinstance(event, CellDone | CellFailed):
            self.in_flight.discard((event.system, event.task, event.language))
        elif isinstance(event, WorkerStarted):
            self.workers[event.worker] = WorkerState(event.host)
        elif isinstance(event, WorkerLost):
            self.workers.pop(event.worker, None)
        elif isinstance(event, ModelLoading | ModelLoaded) and event.worker in self.workers:
            self.workers[event.worker].model = ", ".join(event.systems)
        if isinstance(event, CellProgress):
            self._count(event, event.computed)
        elif isinstance(event, CellDone):
            self._count(event, event.requests)
        elif isinstance(event, GamesDone):
            self.requests += event.requests
            self._recent.append((self.now(), event.requests))

    def _count(self, event: CellProgress | CellDone, computed: int) -> None:
        """Count the requests of a cell, less those that were counted before."""
        cell = event.system, event.task, event.language
        more = computed - self._computed.get(cell, 0)
        self._computed[cell] = computed
        self.requests += more
        self._recent.append((self.now(), more))

    def is_repetition(self, event: CellFailed | GamesFailed) -> bool:
        """Return whether several failures of the same cause were shown already, so that this one is only counted."""
        self.causes[event.reason] += 1
        return self.causes[event.reason] > SHOWN_FAILURES

    def repetitions(self) -> int:
        """Return how many failures were only counted."""
        return sum(max(0, count - SHOWN_FAILURES) for count in self.causes.values())

    def _games_title(self, games: PlannedGames | GamesProgress | GamesDone | GamesFailed) -> str:
        against = f" against {games.baseline}" if self.opponents else ""
        return f"{games.judge} judges {games.candidate}{against} · {games.task}"

    def _advance(self, title: str, language: str, part: float, seconds: float | None) -> None:
        """Tell the pace of a part of a language's work and its seconds, less what it was told of before."""
        part_before, seconds_before = self._counted.get((title, language), (0.0, 0.0))
        amount = self._amounts.get((title, language), 0.0) * max(0.0, part - part_before)
        self.pace.advance(title, amount, None if seconds is None else max(0.0, seconds - seconds_before))
        self._counted[title, language] = (part, seconds or 0.0)


def describe_rate(per_second: float) -> str:
    """Return a rate in words, such as ``8,670 requests/s``."""
    return f"{per_second:,.0f} requests/s" if per_second >= 100 else f"{per_second:.2g} requests/s"


def worker_message(event: WorkerLost | WorkersDiffer) -> str:
    """Return what is said of a worker that is lost, or of one that loaded a model differently."""
    if isinstance(event, WorkerLost):
        return f"{event.worker} is lost: {event.reason}"
    facts = "; ".join(f"{name} {first!r} and {other!r}" for name, (first, other) in event.facts.items())
    return f"workers differ on {', '.join(event.systems)}: {facts}. The last digits of results may differ between them."


def _amount(part: CostEstimate) -> float:
    """Return how much work a part is, in tokens read; a token that is written costs about as much as eight."""
    return part.requests + part.prompt_tokens.high + 8 * part.completion_tokens.high


def _scored_amounts(plan: Plan) -> dict[PlannedGames, float]:
    """Return how much work pairs are for judges that score answers: to read those that no earlier pair has."""
    judges = {judge.spec.name for judge in plan.judges if scores_answers(judge.judge)}
    cells = {(cell.system, cell.task, cell.language): cell for cell in plan.cells}
    scored: set[tuple[str, PlannedCell]] = set()
    amounts = {}
    for games in plan.games:
        if games.judge in judges and not games.stored:
            both = {
                (games.judge, cells[name, games.task, games.language]) for name in (games.candidate, games.baseline)
            }
            amounts[games] = sum(
                (cell.requests + cell.prompt_tokens.high + cell.completion_tokens.high) * games.items / cell.items
                for _, cell in both - scored
            )
            scored |= both
    return amounts


def _cell_title(system: str, task: str) -> str:
    return f"{system} · {task}"
