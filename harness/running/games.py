"""Judging: every pair of stored cells becomes one shard of games.

The pairs of one judge go through it as a single stream, so that its endpoint always has as many requests in flight as
allowed: the first questions of a pair are sent while the last answers of the previous pair are pending. A shard is
written as soon as the verdicts of its pair have arrived. Judges behind endpoints work while systems still answer: a
pair is judged as soon as both of its cells are stored.
"""

from __future__ import annotations

import gc
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from polyarena.harness.endpoints.accounting.cost_label import CostLabel, attribute_costs
from polyarena.harness.events import CellDone, Event, GamesFailed
from polyarena.harness.experiment import Experiment
from polyarena.harness.planning import Plan, PlannedGames
from polyarena.harness.planning.judges import ResolvedJudge, resolve_judges
from polyarena.harness.planning.tasks import resolve_tasks
from polyarena.harness.running.allocating import BudgetRounds
from polyarena.harness.running.batching import open_judges, submit_batches
from polyarena.harness.running.connections import Connections
from polyarena.harness.running.pairs import OpenPair, failed, open_pair
from polyarena.harness.running.ready_pairs import ReadyPairs
from polyarena.harness.store import RunFolder
from polyarena.harness.workers import processes_for, share
from polyarena.judges.protocol import Match, Verdict, close, needs_processor_only
from polyarena.tasks.data import DataSource, data_root
from polyarena.tasks.errors import DataError, ModelError

RARELY = (20_000, 20, 20)
"""Thresholds of the garbage collector while games are judged; few of their objects are in cycles."""
Streamed = TypeVar("Streamed")
EVERY_S = 5.0
"""Shortest time between two progress events of a pair, in seconds."""


class Judging:
    """The judging of a plan.

    Args:
        plan: The plan.
        connections: Open the endpoints of the judges.
    """

    def __init__(self, plan: Plan, connections: Connections) -> None:
        self._plan = plan
        self._judges = open_judges(plan, connections.open_judge)
        self._data = DataSource(plan.data_root)
        coming = [(cell.system, cell.task, cell.language) for cell in plan.missing_cells]
        games = {name: list(pairs) for name, pairs in groupby(plan.games, key=lambda planned: planned.judge)}
        early = plan.early_judges if coming else frozenset()
        self._early = {name: ReadyPairs(pairs, coming) for name, pairs in games.items() if name in early}
        self._lock = threading.Lock()
        self._followed = 0
        self._rest = tuple(games for games in plan.games if games.judge not in early)

    def early_streams(self) -> Iterator[tuple[str, Iterator[Event]]]:
        """Yield each judge that works while systems still answer, and its events; they belong on threads."""
        for name, pairs in self._early.items():
            # A source of its own, because what a source remembers is for one thread.
            data = DataSource(self._plan.data_root)
            yield name, _judged(self._plan, pairs, self._judges.by_name[name], data)

    def follow(self, events: Iterator[Streamed]) -> Generator[Streamed, None, None]:
        """Return a stream of cells whose stored cells make pairs ready.

        When all streams that are followed have ended, no further cell is expected. So follow them all before the first
        begins.
        """
        with self._lock:
            self._followed += 1
        return self._followed_events(events)

    def _followed_events(self, events: Iterator[Streamed]) -> Generator[Streamed, None, None]:
        try:
            for event in events:
                if isinstance(event, CellDone):
                    for pairs in self._early.values():
                        pairs.stored((event.system, event.task, event.language))
                yield event
        finally:
            with self._lock:
                self._followed -= 1
                complete = not self._followed
            if complete:
                for pairs in self._early.values():
                    pairs.finish()
            close(events)

    def close(self) -> None:
        """End the early streams, because the run is ending."""
        for pairs in self._early.values():
            pairs.close()

    def rest(self) -> Iterator[Event]:
        """Judge what the early streams do not, after all cells, and yield events; a pair that fails is skipped.

        A budget of games is spent in rounds (:mod:`polyarena.harness.running.allocating`).
        """
        rounds = None if self._plan.allocation is None else BudgetRounds(self._plan)
        games: Sequence[PlannedGames] = self._rest
        while games:
            submit_batches(replace(self._plan, games=tuple(games)), self._judges, self._data)
            failures = 0
            for name, pairs in groupby(games, key=lambda planned: planned.judge):
                for event in _judged_or_shared(self._plan, list(pairs), self._judges.by_name[name], self._data):
                    yield event
                    failures += isinstance(event, GamesFailed)
            # What failed is judged by the next run, which then knows more and goes on from here.
            games = () if rounds is None or failures else rounds.choose()
            if rounds is not None and games:
                yield rounds.chosen


@contextmanager
def frozen_heap() -> Iterator[None]:
    """Exclude existing objects from garbage collection, and collect the others less often.

    A collection stops all threads. By default one runs every dozen games, and a full one visits every object of every
    loaded library, which takes a tenth of a second: with 256 requests in flight, this costs a tenth of the throughput.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@dataclass(frozen=True)
class GamesPart:
    """Pairs of a judge that sends no requests, for :mod:`polyarena.harness.workers`.

    Attributes:
        experiment: The experiment.
        folder: The run folder.
        judge: Name of the judge.
        pairs: What it judges.
    """

    experiment: Experiment
    folder: Path
    judge: str
    pairs: tuple[PlannedGames, ...]

    def events(self) -> Iterator[Event]:
        """Judge them."""
        tasks = tuple(resolve_tasks(self.experiment))
        root = data_root(self.experiment.data_root, self.experiment.base)
        plan = Plan(self.experiment, RunFolder(self.folder), tasks, (), (), (), self.pairs, {}, root)
        judges = {judge.spec.name: judge for judge in resolve_judges(self.experiment, tasks, None)}
        with frozen_heap():
            yield from _judged(plan, ReadyPairs(self.pairs), judges[self.judge], DataSource(root))


def _judged_or_shared(
    plan: Plan, pairs: Sequence[PlannedGames], judge: ResolvedJudge, data: DataSource
) -> Iterator[Event]:
    """Judge pairs in this process or, where the judge needs the processor alone, in several."""
    missing = [planned for planned in pairs if not planned.stored]
    cells = dict.fromkeys((planned.task, planned.language) for planned in missing)
    processes = processes_for(sum(planned.requests for planned in missing), len(cells))
    if processes == 1 or not needs_processor_only(judge.judge):
        yield from _judged(plan, ReadyPairs(pairs), judge, data)
        return
    # All candidates of a language go to one process, which examines the answers of their opponent once.
    parts = [
        GamesPart(
            plan.experiment,
            plan.folder.path,
            judge.spec.name,
            tuple(planned for planned in missing if (planned.task, planned.language) == cell),
        )
        for cell in cells
    ]
    yield from _judged(plan, ReadyPairs([planned for planned in pairs if planned.stored]), judge, data)
    yield from share(parts, processes)


def _judged(plan: Plan, pairs: ReadyPairs, judge: ResolvedJudge, data: DataSource) -> Iterator[Event]:
    """Judge pairs in one stream, or in several where verdicts arrive before further pairs become ready.

    If a stream fails, its remaining pairs are judged one by one. A judge that fails ends its stream, and what it had
    answered to other pairs by then is in the call cache. One by one, each pair gets what the cache has for it, and the
    failure is reported for the pairs that it concerns.
    """
    while pairs.wait():
        stream = _Stream(plan, pairs, judge, data)
        try:
            yield from stream.events()
        except (ModelError, DataError) as error:
            if pairs.closed:
                return
            left = [*stream.left(), *pairs.draw_all()]
            if not left and stream.last is not None:
                yield failed(stream.last, str(error), error.exit_code)
            for planned in left:
                if pairs.closed:
                    return
                alone = _Stream(plan, ReadyPairs([planned]), judge, data)
                try:
                    yield from alone.events()
                except (ModelError, DataError) as last:
                    yield failed(planned, str(last), last.exit_code)


class _Stream:
    """Pairs being judged: opened when the judge draws their matches, stored when their verdicts are complete.

    Attributes:
        last: The pair that was drawn last; ``None`` before the first.
    """

    def __init__(self, plan: Plan, pairs: ReadyPairs, judge: ResolvedJudge, data: DataSource) -> None:
        self._plan = plan
        self._judge = judge
        self._data = data
        self._pairs = pairs
        self.last: PlannedGames | None = None
        self._open: deque[OpenPair] = deque()
        self._failed: deque[GamesFailed] = deque()
        self._purposes: dict[str, CostLabel] = {}
        self._drawn = CostLabel()
        self._stored = self._told = time.monotonic()

    def events(self) -> Iterator[Event]:
        """Judge, store and yield events; shards are written in the order of the pairs.

        Raises:
            ModelError: From the judge, or it broke its promise of one verdict for each match.
            DataError: From the judge.
        """
        verdicts = iter(self._judge.judge.decide(self._matches()))
        try:
            while (verdict := self._next(verdicts)) is not None:
                yield from self._done()
                if not self._open:
                    raise ModelError(
                        f"the judge {self._judge.spec.name!r} gave more verdicts than it was given matches"
                    )
                self._open[0].take(verdict)
                yield from self._done()
                yield from self._progress()
            yield from self._done()
            if self._open or self.last is None:
                raise self._broken("fewer")
        finally:
            close(verdicts)

    def left(self) -> list[PlannedGames]:
        """Return the pairs that were drawn and are neither stored nor reported."""
        return [pair.planned for pair in self._open]

    def _matches(self) -> Iterator[Match]:
        while (planned := self._pairs.draw()) is not None:
            self.last = planned
            try:
                pair = open_pair(self._plan, planned, self._judge, self._data)
            except (ModelError, DataError) as error:
                self._failed.append(failed(planned, str(error), error.exit_code))
                continue
            if pair is None:
                continue
            self._open.append(pair)
            self._purposes.update((match.key, pair.purpose) for match in pair.matches())
            self._drawn = pair.purpose
            yield from pair.matches()

    def _next(self, verdicts: Iterator[Verdict]) -> Verdict | None:
        # Not around the whole stream: whoever takes the events in between has purposes of his own.
        with attribute_costs(lambda match: self._purposes.get(match, self._drawn)):
            return next(verdicts, None)

    def _done(self) -> Iterator[Event]:
        while self._failed:
            yield self._failed.popleft()
        while self._open and self._open[0].complete:
            pair = self._open.popleft()
            self._purposes = {match: each for match, each in self._purposes.items() if each is not pair.purpose}
            yield pair.store(self._stored)
            self._stored = self._told = time.monotonic()

    def _progress(self) -> Iterator[Event]:
        if self._open and self._open[0].played and time.monotonic() - self._told >= EVERY_S:
            self._told = time.monotonic()
            yield self._open[0].progress(self._stored)

    def _broken(self, how: str) -> ModelError:
        return ModelError(
            f"the judge {self._judge.spec.name!r} gave {how} verdicts than it was given matches",
            fix="fix the plugin: `decide` yields one verdict for each match, in order",
        )
