"""Judging: every pair of stored cells becomes one shard of games."""

from __future__ import annotations

import time
from collections.abc import Iterator

from polyarena.harness.events import Event, GamesDone, GamesFailed
from polyarena.harness.planning import Plan, PlannedGames
from polyarena.harness.planning.digest import items_digest
from polyarena.harness.planning.items import load_items
from polyarena.harness.planning.judging import ResolvedJudge, resolve_judges
from polyarena.harness.planning.keys import games_key
from polyarena.harness.running.connections import Connections
from polyarena.harness.store import UNANSWERED, claim_shard, read_shard, shard_facts, write_shard
from polyarena.judges import games, pairings
from polyarena.judges.records import GAME_SCHEMA, Label
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, ModelError
from polyarena.tasks.records import Completion


def judge_games(plan: Plan) -> Iterator[Event]:
    """Judge what is missing and yield what happens; a pair that fails is reported and skipped."""
    if not plan.games:
        return
    data = DataSource(plan.data_root)
    with Connections(plan.experiment, plan.folder, "judges") as connections:
        judges = {judge.spec.name: judge for judge in resolve_judges(plan.experiment, plan.tasks, connections.open)}
        for planned in plan.games:
            try:
                yield from _pair(plan, planned, judges[planned.judge], data)
            except (ModelError, DataError) as error:
                yield _failed(planned, str(error), error.exit_code)
            connections.log_spent()


def _failed(planned: PlannedGames, error: str, exit_code: int) -> GamesFailed:
    return GamesFailed(
        planned.judge, planned.candidate, planned.task, planned.language, planned.requests, error, exit_code
    )


def _pair(plan: Plan, planned: PlannedGames, judge: ResolvedJudge, data: DataSource) -> Iterator[Event]:
    started = time.monotonic()
    items = load_items(plan.task(planned.task), planned.language, data)
    systems = (planned.candidate, planned.baseline)
    cells = [plan.folder.cell(system, planned.task, planned.language) for system in systems]
    contents = [shard_facts(cell).get("content", "") for cell in cells]
    if not all(contents):
        return  # One of the two cells failed, and that was told.
    key = games_key(judge.signature, judge.spec.repeats, contents[0], contents[1], items_digest(items))
    path = plan.folder.games(planned.judge, *systems, planned.task, planned.language)
    if claim_shard(path, key) and UNANSWERED not in shard_facts(path):
        return
    asked = {item.item_id: item for item in items}
    one, other = (read_shard(cell, Completion) for cell in cells)
    paired = pairings(one, other, asked, repeats=judge.spec.repeats)
    verdicts = list(judge.judge.decide(paired.matches()))
    played = list(games(judge.spec.name, paired, verdicts))
    # An endpoint that failed says nothing about the answers: such games count as invalid and are asked again next time.
    unanswered = [verdict for verdict in verdicts if not verdict.answered]
    facts = {"key": key, UNANSWERED: str(len(unanswered))} if unanswered else {"key": key}
    write_shard(path, played, GAME_SCHEMA, facts)
    if unanswered:
        what = f"{len(unanswered)} of {len(played)} games have no answer and count as invalid: {unanswered[0].error}"
        yield _failed(planned, what, ModelError.exit_code)
        return
    yield GamesDone(
        judge=planned.judge,
        candidate=planned.candidate,
        task=planned.task,
        language=planned.language,
        requests=planned.requests,
        invalid=sum(game.label == Label.INVALID for game in played),
        seconds=time.monotonic() - started,
        key=key,
    )
