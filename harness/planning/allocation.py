"""The allocation of a budget of games to pairs of systems; stored, so that a later run continues it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from pydantic import ValidationError

from polyarena.harness.experiment import Experiment
from polyarena.harness.experiment.games import GamesBudget
from polyarena.harness.experiment.opponents import Opposed, all_pairs, planned_pairs
from polyarena.harness.lock.model import Record
from polyarena.harness.planning.cells import PlannedCell
from polyarena.harness.planning.games import ORDERS
from polyarena.harness.store import RunFolder
from polyarena.harness.store.atomic import write_atomically
from polyarena.tasks.errors import ExperimentError, StoreError

if TYPE_CHECKING:
    from polyarena.reports.stats.pair_allocation import Step

FORMAT: Literal[1] = 1
"""Of the file."""


class AllocatedPair(Record):
    """The share of one pair.

    Attributes:
        candidate: Name of the candidate.
        baseline: Name of the system that it is compared with.
        items: Items of each language that are judged; those of a smaller number are among those of a larger one.
        decided: What ended the judging of the pair (``stop_when``); empty if nothing did.
    """

    candidate: str
    baseline: str
    items: int
    decided: str = ""


class Allocation(Record):
    """The shares of all pairs.

    Attributes:
        format: Of the file, :data:`FORMAT`.
        tasks: By task, in the order in which pairs were chosen first.
    """

    format: Literal[1] = FORMAT
    tasks: Mapping[str, tuple[AllocatedPair, ...]] = {}

    def items(self, task: str) -> dict[Opposed, int]:
        """Return the items of each language by pair."""
        return {(pair.candidate, pair.baseline): pair.items for pair in self.tasks.get(task, ())}

    def decided(self, task: str) -> dict[Opposed, str]:
        """Return what ended the judging of pairs, by pair."""
        return {(pair.candidate, pair.baseline): pair.decided for pair in self.tasks.get(task, ()) if pair.decided}

    def with_items(self, task: str, items: Mapping[Opposed, int], decided: Mapping[Opposed, str] | None = None) -> Self:
        """Return the allocation with other shares of a task, and with what was decided of its pairs."""
        known = decided or {}
        pairs = tuple(
            AllocatedPair(candidate=one, baseline=other, items=n, decided=known.get((one, other), ""))
            for (one, other), n in items.items()
        )
        return self.model_copy(update={"tasks": {**self.tasks, task: pairs}})


def read_allocation(experiment: Experiment, folder: RunFolder, tasks: Iterable[str]) -> Allocation | None:
    """Return the allocation of earlier runs, with the first share of each pair; ``None`` without a budget.

    Pairs of systems that the experiment no longer has are left out, and their games do not count against the budget.

    Raises:
        StoreError: The file cannot be read.
    """
    budget = budget_of(experiment)
    if budget is None:
        return None
    stored = stored_allocation(folder)
    allocation = Allocation()
    for task in tasks:
        known = {frozenset(pair): items for pair, items in stored.items(task).items()}
        items = {pair: max(budget.first, known.get(frozenset(pair), 0)) for pair in planned_pairs(experiment)}
        items |= {
            pair: known[frozenset(pair)]
            for pair in all_pairs(experiment)
            if pair not in items and frozenset(pair) in known
        }
        allocation = allocation.with_items(task, items, stored.decided(task))
    return allocation


def budget_of(experiment: Experiment) -> GamesBudget | None:
    """Return the budget of games, or the steps in which games are judged until they decide; ``None`` without either."""
    if isinstance(experiment.opponents, GamesBudget):
        return experiment.opponents
    return None if experiment.stop_when is None else experiment.stop_when.budget


def write_allocation(folder: RunFolder, allocation: Allocation) -> None:
    """Write an allocation into the run folder."""
    text = json.dumps(allocation.model_dump(mode="json"), indent=2, ensure_ascii=False)
    write_atomically(folder.allocation, (text + "\n").encode())


def stored_allocation(folder: RunFolder) -> Allocation:
    """Return the allocation in the run folder; an empty one if there is none.

    Raises:
        StoreError: The file cannot be read.
    """
    try:
        return Allocation.model_validate_json(folder.allocation.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return Allocation()
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise StoreError(
            "the allocation of games cannot be read",
            where=folder.allocation,
            why=str(error).splitlines()[0],
            fix="restore it from a copy, or delete it and run again: games are chosen anew, and answers in the call "
            "cache cost nothing",
        ) from error


@dataclass(frozen=True)
class TaskBudget:
    """The budget of one task, in games of each judge.

    Attributes:
        task: Name of the task.
        budget: As in the experiment.
        sizes: By pair, and for each language that both systems answer: items, and games of each item.
        closed: Pairs that get no further step.
    """

    task: str
    budget: GamesBudget
    sizes: Mapping[Opposed, Sequence[tuple[int, int]]]
    closed: frozenset[Opposed] = frozenset()

    @classmethod
    def of(
        cls, task: str, experiment: Experiment, cells: Iterable[PlannedCell], repeats: int, budget: GamesBudget
    ) -> TaskBudget:
        """Return the budget of a task.

        Args:
            task: Name of the task.
            experiment: Has the systems.
            cells: Of the task.
            repeats: Judgments of each order, by the judge that has most.
            budget: As in the experiment.
        """
        answered: dict[str, dict[str, PlannedCell]] = {}
        for cell in cells:
            answered.setdefault(cell.system, {})[cell.language] = cell
        sizes = {}
        for one, other in all_pairs(experiment):
            mine, theirs = answered.get(one, {}), answered.get(other, {})
            sizes[one, other] = [
                (cell.items, ORDERS * repeats * min(cell.requests, theirs[code].requests) // cell.items)
                for code, cell in mine.items()
                if code in theirs
            ]
        # Without a budget to spend freely, no pair is judged that the experiment does not name.
        chosen = planned_pairs(experiment) if experiment.stop_when else tuple(sizes)
        return cls(task, budget, sizes, frozenset(sizes) - frozenset(chosen))

    def games(self, pair: Opposed, items: int) -> int:
        """Return the games of a pair on so many items of each language."""
        return sum(min(items, size) * each for size, each in self.sizes[pair])

    def left(self, items: Mapping[Opposed, int]) -> int:
        """Return what is left of the budget; negative if more is allocated."""
        return self.budget.games - sum(self.games(pair, n) for pair, n in items.items())

    def steps(self, items: Mapping[Opposed, int]) -> dict[Opposed, list[Step]]:
        """Return the further steps of the pairs that are open, until all of their items are judged."""
        steps = {pair: list(self._steps(pair, items.get(pair, 0))) for pair in self.sizes if pair not in self.closed}
        return {pair: found for pair, found in steps.items() if found}

    def _steps(self, pair: Opposed, items: int) -> Iterator[Step]:
        # Its package imports pandas, which takes a second, and most plans have no budget.
        from polyarena.reports.stats.pair_allocation import Step

        most = max((size for size, _ in self.sizes[pair]), default=0)
        while items < most:
            more = items + self.budget.step
            battles = sum(min(more, size) - min(items, size) for size, _ in self.sizes[pair])
            yield Step(battles, self.games(pair, more) - self.games(pair, items))
            items = more

    def remaining(self, items: Mapping[Opposed, int], decided: Collection[Opposed] = ()) -> int:
        """Return the games that may still be allocated; 0 if no step fits into what is left.

        Args:
            items: Of each language by pair, so far.
            decided: Pairs that get no more.
        """
        left = self.left(items)
        steps = {pair: each for pair, each in self.steps(items).items() if pair not in decided}
        if not any(each[0].games <= left for each in steps.values()):
            return 0
        return min(left, sum(step.games for each in steps.values() for step in each))

    def require_start(self, experiment: Experiment) -> None:
        """Refuse a budget that the first games alone exceed.

        Raises:
            ExperimentError: It does.
        """
        start = sum(self.games(pair, self.budget.first) for pair in planned_pairs(experiment))
        if start > self.budget.games:
            raise ExperimentError(
                f"the budget of {self.budget.games:,} games is smaller than the first {start:,} on {self.task}",
                where=experiment.where("opponents", "games"),
                why=f"every system first meets one other on {self.budget.first} items of each language",
                fix=f"raise `games`, or lower `first: {self.budget.first}`",
            )
