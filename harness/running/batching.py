"""Submits all calls of the judges in batch mode at once, before the first of them waits for an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.endpoints.accounting.cost_label import CostLabel, attribute_costs
from polyarena.harness.endpoints.batch.batch_endpoint import BatchEndpoint
from polyarena.harness.planning import Plan, PlannedGames
from polyarena.harness.planning.items import load_items
from polyarena.harness.planning.judges import ResolvedJudge, resolve_judges
from polyarena.harness.store import read_shard
from polyarena.judges import pairings
from polyarena.judges.protocol import Ask, Call
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, ModelError
from polyarena.tasks.records import Completion


@dataclass(frozen=True, slots=True)
class OpenJudges:
    """The judges of a plan, their endpoints open.

    Attributes:
        by_name: The judges.
        batches: Endpoints in batch mode.
    """

    by_name: Mapping[str, ResolvedJudge]
    batches: Sequence[BatchEndpoint]


def open_judges(plan: Plan, open_endpoint: Callable[[EndpointSettings], Ask]) -> OpenJudges:
    """Build the judges of a plan."""
    opened: list[BatchEndpoint] = []

    def remembering(settings: EndpointSettings) -> Ask:
        ask = open_endpoint(settings)
        if isinstance(ask, BatchEndpoint):
            opened.append(ask)
        return ask

    judges = {judge.spec.name: judge for judge in resolve_judges(plan.experiment, plan.tasks, remembering)}
    return OpenJudges(judges, opened)


def submit_batches(plan: Plan, judges: OpenJudges, data: DataSource) -> None:
    """Submit the calls of the judges in batch mode.

    A batch takes up to a day. If pairs were submitted one by one, each would wait for the previous one. What cannot be
    submitted here (no budget left, a missing answer) is reported when its pair is judged.
    """
    for endpoint in judges.batches:
        for judge in judges.by_name.values():
            if judge.spec.endpoint is endpoint.settings:
                with suppress(ModelError):
                    endpoint.submit(_calls(plan, judge, data))


def _calls(plan: Plan, judge: ResolvedJudge, data: DataSource) -> Iterator[Call]:
    for planned in plan.games:
        if planned.judge == judge.spec.name and not planned.stored:
            with attribute_costs(CostLabel("judges", planned.judge, planned.task, planned.language)):
                yield from _calls_of(plan, planned, judge, data)


def _calls_of(plan: Plan, planned: PlannedGames, judge: ResolvedJudge, data: DataSource) -> Iterator[Call]:
    cells = [
        plan.folder.cell(system, planned.task, planned.language) for system in (planned.candidate, planned.baseline)
    ]
    if not all(cell.exists() for cell in cells):
        return
    try:
        items = {item.item_id: item for item in load_items(plan.task(planned.task), planned.language, data)}
        one, other = (read_shard(cell, Completion) for cell in cells)
        paired = pairings(one, other, items, repeats=judge.spec.repeats, limit=planned.limit)
    except DataError:
        return
    for match in paired.matches():
        yield from judge.judge.calls(match)
