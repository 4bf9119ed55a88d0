"""A pair of stored cells that is being judged."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from polyarena.harness.endpoints.accounting.cost_label import CostLabel
from polyarena.harness.endpoints.transport.fatal_errors import parameter_advice
from polyarena.harness.events import Event, GamesDone, GamesFailed, GamesProgress
from polyarena.harness.planning import Plan, PlannedGames
from polyarena.harness.planning.games import games_key
from polyarena.harness.planning.items import items_digest, load_items
from polyarena.harness.planning.judges import ResolvedJudge
from polyarena.harness.store import REFUSED, UNANSWERED, read_shard, restore_shard, shard_metadata, write_shard
from polyarena.judges import pairings
from polyarena.judges.language_gate import wrong_language
from polyarena.judges.pairwise import Pairing
from polyarena.judges.protocol import Match, Verdict
from polyarena.judges.records import GAME_SCHEMA, RATING_SCHEMA, Game, Label, Rating
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import ModelError
from polyarena.tasks.records import Completion
from polyarena.tasks.subsample import subsample


@dataclass(slots=True, eq=False)
class OpenPair:
    """A pair that is being judged; each match is dropped once its verdict arrives.

    Attributes:
        plan: The plan to which it belongs.
        planned: What is judged.
        key: Of its shard.
        purpose: Label to which the costs of its requests are attributed.
        waiting: Matches without a verdict, in order; those that the judge has not drawn yet included.
        played: Games with a verdict, in order.
        ratings: Of their answers, where the judge rates each alone; by system, item, sample and repeat.
        unanswered: Errors of verdicts that an endpoint failed to give.
        refused: Number of verdicts that an endpoint refused permanently.
        started: When it was opened, on the monotonic clock.
    """

    plan: Plan
    planned: PlannedGames
    key: str
    purpose: CostLabel
    waiting: deque[Pairing]
    played: list[Game] = field(default_factory=list)
    ratings: dict[tuple[str, str, int, int], Rating] = field(default_factory=dict)
    unanswered: list[str | None] = field(default_factory=list)
    refused: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def complete(self) -> bool:
        """Whether all verdicts have arrived."""
        return not self.waiting

    def matches(self) -> Iterator[Match]:
        """Yield the matches for the judge, in order."""
        yield from [pairing.match for pairing in self.waiting]

    def take(self, verdict: Verdict) -> None:
        """Record the verdict of the oldest match without one."""
        pairing = self.waiting.popleft()
        game = pairing.game(self.planned.judge, verdict)
        self.played.append(replace(game, wrong_language=wrong_language(pairing.match)))
        for rating in pairing.ratings(self.planned.judge, verdict):
            # Both orders rest on the same questions.
            self.ratings.setdefault((rating.system, rating.item_id, rating.sample_index, rating.repeat), rating)
        if not verdict.answered:
            self.unanswered.append(verdict.error)
        self.refused += verdict.refused

    def seconds(self, since: float) -> float:
        """Return the seconds from its beginning, or from ``since`` if that is later, both on the monotonic clock."""
        return time.monotonic() - max(self.started, since)

    def progress(self, since: float) -> GamesProgress:
        """Return a progress event."""
        pair, judged = self.planned, len(self.played)
        games = judged + len(self.waiting)
        return GamesProgress(
            pair.judge, pair.candidate, pair.baseline, pair.task, pair.language, judged, games, self.seconds(since)
        )

    def store(self, since: float) -> Event:
        """Write the shard, and return its event.

        An endpoint that failed says nothing about the answers: such games count as invalid and are asked again by the
        next run.

        Args:
            since: When the pair before it was stored, on the monotonic clock.
        """
        planned = self.planned
        counts = {UNANSWERED: len(self.unanswered), REFUSED: self.refused}
        facts = {"key": self.key, **{name: str(count) for name, count in counts.items() if count}}
        if self.ratings:
            # Before the games, whose shard says that the pair is complete.
            write_shard(_ratings_path(self.plan, planned), list(self.ratings.values()), RATING_SCHEMA, facts)
        write_shard(_path(self.plan, planned), self.played, GAME_SCHEMA, facts)
        if self.unanswered:
            games = f"{len(self.unanswered)} of {len(self.played)} games"
            why = next(filter(None, self.unanswered), "the judge gave no reason")
            advice = next(filter(None, (parameter_advice(each or "", judge=True) for each in self.unanswered)), None)
            what = f"{games} have no answer and count as invalid: {why}" + (f"\n  fix: {advice}" if advice else "")
            return failed(planned, what, ModelError.exit_code)
        return GamesDone(
            judge=planned.judge,
            candidate=planned.candidate,
            baseline=planned.baseline,
            task=planned.task,
            language=planned.language,
            requests=planned.requests,
            invalid=sum(game.label == Label.INVALID for game in self.played),
            seconds=self.seconds(since),
            key=self.key,
        )


def open_pair(plan: Plan, planned: PlannedGames, judge: ResolvedJudge, data: DataSource) -> OpenPair | None:
    """Pair the answers of two stored cells; ``None`` if their games are stored already, or a cell has failed.

    Args:
        plan: The plan.
        planned: The games of the pair in one language.
        judge: Who judges them.
        data: Reads the items.

    Raises:
        DataError: The data or an answer cannot be used.
        StoreError: A shard cannot be read.
    """
    items = load_items(plan.task(planned.task), planned.language, data)
    judged = list(subsample(items, planned.limit))
    systems = (planned.candidate, planned.baseline)
    cells = [plan.folder.cell(system, planned.task, planned.language) for system in systems]
    contents = [shard_metadata(cell).get("content", "") for cell in cells]
    if not all(contents):
        return None  # One of the two cells failed, and that was told.
    key = games_key(judge.signature, judge.spec.repeats, contents[0], contents[1], items_digest(judged))
    path = _path(plan, planned)
    restore_shard(_ratings_path(plan, planned), key)
    if restore_shard(path, key) and not _wanted_again(shard_metadata(path), plan.retry_refused):
        return None
    one, other = (read_shard(cell, Completion) for cell in cells)
    by_id = {item.item_id: item for item in items}
    paired = pairings(one, other, by_id, repeats=judge.spec.repeats, limit=planned.limit)
    purpose = CostLabel("judges", planned.judge, planned.task, planned.language)
    return OpenPair(plan, planned, key, purpose, deque(paired))


def failed(planned: PlannedGames, error: str, exit_code: int) -> GamesFailed:
    """Return the event of a pair without a complete result."""
    return GamesFailed(
        judge=planned.judge,
        candidate=planned.candidate,
        baseline=planned.baseline,
        task=planned.task,
        language=planned.language,
        requests=planned.requests,
        error=error,
        exit_code=exit_code,
    )


def _path(plan: Plan, planned: PlannedGames) -> Path:
    return plan.folder.games(planned.judge, planned.candidate, planned.baseline, planned.task, planned.language)


def _ratings_path(plan: Plan, planned: PlannedGames) -> Path:
    return plan.folder.ratings(planned.judge, planned.candidate, planned.baseline, planned.task, planned.language)


def _wanted_again(facts: Mapping[str, str], retry_refused: bool) -> bool:
    return UNANSWERED in facts or (retry_refused and REFUSED in facts)
