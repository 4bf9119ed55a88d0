"""The rounds in which games are judged: of a budget, or until every pair is decided (``stop_when``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from polyarena.harness.events import PairsChosen
from polyarena.harness.experiment.opponents import Opposed
from polyarena.harness.planning import Plan, PlannedGames
from polyarena.harness.planning.allocation import Allocation, TaskBudget, read_allocation, write_allocation
from polyarena.harness.planning.games import uncosted_games
from polyarena.harness.running.stopping import decided_pairs
from polyarena.harness.store import read_shard
from polyarena.judges import Game, collapse
from polyarena.reports.stats.bradley_terry import tie_share
from polyarena.reports.stats.pair_allocation import PairResult, choose_pairs

ROUNDS = 10
"""Rounds that spend what is left of a budget after the first games."""


class BudgetRounds:
    """Allocates games round by round; each choice is stored before its games are judged.

    Args:
        plan: A plan with an allocation.
    """

    def __init__(self, plan: Plan) -> None:
        assert plan.allocation is not None
        self._plan, self._allocation = plan, plan.allocation
        self._budgets = [_open_pairs(plan, budget) for budget in plan.budgets]
        self._shares = {
            each.task: max(1, each.left(plan.allocation.items(each.task)) // ROUNDS) for each in self._budgets
        }
        write_allocation(plan.folder, self._allocation)

    def choose(self) -> list[PlannedGames]:
        """Allocate the next games by those judged so far, and return what is to be judged for it.

        Returns:
            The games of the pairs whose share grew, without their costs; empty once the budget is spent or every pair
            is decided.
        """
        before = self._allocation
        rule = self._plan.experiment.stop_when
        if rule is None:
            for budget in self._budgets:
                self._allocation = _next(self._plan, budget, self._allocation, self._shares[budget.task])
        else:
            decided = decided_pairs(self._plan, rule, self._allocation)
            for budget in self._budgets:
                self._allocation = _continued(budget, self._allocation, decided)
        if self._allocation != before:
            write_allocation(self._plan.folder, self._allocation)
        return list(_changed(self._plan, before, self._allocation))

    @property
    def chosen(self) -> PairsChosen:
        """The allocation so far, as an event."""
        return PairsChosen(
            {
                task: [(pair.candidate, pair.baseline, pair.items) for pair in pairs]
                for task, pairs in self._allocation.tasks.items()
            }
        )


def with_allocated_games(plan: Plan) -> Plan:
    """Return a plan with all games that are allocated by now, without their costs; any other plan as it is."""
    tasks = [budget.task for budget in plan.budgets]
    allocation = read_allocation(plan.experiment, plan.folder, tasks)
    if allocation is None or not plan.judges:
        return plan
    return replace(plan, games=tuple(_changed(plan, Allocation(), allocation)), allocation=allocation)


def _changed(plan: Plan, before: Allocation, after: Allocation) -> Iterator[PlannedGames]:
    """Yield the games of pairs whose share has changed."""
    cells = {(cell.system, cell.task, cell.language): cell for cell in plan.cells}
    for judge in sorted(plan.judges, key=lambda judge: judge.spec.name):
        for task in sorted(plan.tasks, key=lambda task: task.spec.task):
            name, known = task.spec.task, before.items(task.spec.task)
            for (one, other), items in sorted(after.items(name).items()):
                if known.get((one, other)) == items:
                    continue
                for language in sorted(task.languages):
                    both = cells.get((one, name, language)), cells.get((other, name, language))
                    if both[0] is not None and both[1] is not None:
                        yield uncosted_games(judge, both[0], both[1], items)


def _open_pairs(plan: Plan, budget: TaskBudget) -> TaskBudget:
    """Return the budget with the pairs closed that cannot be judged, as a cell of theirs has failed."""
    failed = {
        cell.system
        for cell in plan.cells
        if cell.task == budget.task and not plan.folder.cell(cell.system, cell.task, cell.language).exists()
    }
    return replace(budget, closed=budget.closed | {pair for pair in budget.sizes if failed.intersection(pair)})


def _continued(budget: TaskBudget, allocation: Allocation, decided: Mapping[tuple[str, Opposed], str]) -> Allocation:
    """Return the allocation with one more step of each pair that is not decided and has items left."""
    items = allocation.items(budget.task)
    for pair in budget.steps(items):
        if (budget.task, pair) not in decided:
            items[pair] = items.get(pair, 0) + budget.budget.step
    return allocation.with_items(
        budget.task, items, {pair: decided[budget.task, pair] for pair in items if (budget.task, pair) in decided}
    )


def _next(plan: Plan, budget: TaskBudget, allocation: Allocation, share: int) -> Allocation:
    """Return the allocation with the next games of a task."""
    items = allocation.items(budget.task)
    left, steps = budget.left(items), budget.steps(items)
    smallest = min((each[0].games for each in steps.values()), default=0)
    results = _results(plan, budget.task, items)
    if not results or not smallest or smallest > left:
        return allocation
    systems = [system.spec.name for system in plan.systems]
    for pair in choose_pairs(systems, results, steps, min(left, max(share, smallest))):
        items[pair] = items.get(pair, 0) + budget.budget.step
    return allocation.with_items(budget.task, items)


def _results(plan: Plan, task: str, items: Mapping[Opposed, int]) -> dict[Opposed, PairResult]:
    """Return the results of a task's pairs so far, averaged over judges."""
    languages = plan.task(task).languages
    found: dict[Opposed, PairResult] = {}
    for one, other in items:
        scores = []
        for judge in plan.judges:
            for language in languages:
                path = plan.folder.games(judge.spec.name, one, other, task, language)
                if path.exists():
                    collapsed = collapse(read_shard(path, Game), one, other)
                    scores += [battle.score for battle in collapsed if battle.score is not None]
        if scores:
            values = np.array(scores)
            battles = len(values) / len(plan.judges)
            found[one, other] = PairResult(battles, float(values.mean()), float(tie_share(values).mean()))
    return found
