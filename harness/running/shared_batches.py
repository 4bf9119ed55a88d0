"""Which small cells of a model are computed together, and their computation.

A cell of 20 items leaves an accelerator idle: its batches are small, and each cell waits for the one before it. So
cells of one model that follow each other in the plan share batches, up to a number of items. The plan alone decides
which: cells that are stored already are computed again beside those that are missing, so that a run that was killed and
resumed stores the same bytes as one that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from polyarena.harness.executors.protocol import CellName
from polyarena.harness.models.plausibility import check_likelihoods
from polyarena.harness.models.protocol import BatchReporting, ChoiceResult, GenerateResult, Model
from polyarena.harness.planning.systems import sampling_of
from polyarena.harness.running.open_cell import CellContext, OpenCell, open_cell
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Kind
from polyarena.tasks.records import Completion

if TYPE_CHECKING:
    from polyarena.harness.planning import Plan, PlannedCell

ITEMS_TOGETHER = 256
"""Most items of the cells that share batches; a larger cell is computed by itself."""


def cells_together(plan: Plan, models: Mapping[str, str]) -> dict[CellName, tuple[CellName, ...]]:
    """Return, for each cell that shares batches, all cells that do so with it.

    Multiple choice is scored together, and texts are generated together where they are not sampled: a sampled text
    depends on the random numbers before it, and so on its cell alone.

    Args:
        plan: The plan; its stored cells count as its missing ones.
        models: The digest of the model of each system.
    """
    open_groups: dict[object, tuple[list[CellName], int]] = {}
    groups: list[list[CellName]] = []
    for cell in plan.cells:
        kind = _kind(plan, cell)
        if kind is None or cell.items > ITEMS_TOGETHER:
            continue
        group, items = open_groups.get((models[cell.system], kind), ([], ITEMS_TOGETHER))
        if items + cell.items > ITEMS_TOGETHER:
            group, items = [], 0
            groups.append(group)
        group.append(CellName(cell.system, cell.task, cell.language, cell.key))
        open_groups[models[cell.system], kind] = group, items + cell.items
    return {name: tuple(group) for group in groups if len(group) > 1 for name in group}


def _kind(plan: Plan, cell: PlannedCell) -> object:
    """Return what is equal for cells that can share batches; ``None`` for those that share none."""
    system, task = plan.system(cell.system), plan.task(cell.task)
    # Not by isinstance, which remembers what classes have: a plugin may add it later.
    shares = getattr(system.type, "shares_batches", None)
    if shares is None or not shares(system.spec.args) or system.spec.server is not None:
        return None
    if task.card.kind is Kind.MULTIPLE_CHOICE:
        return "choices"
    sampling = sampling_of(system, task)
    return None if sampling.temperature > 0 else repr((sampling, system.spec.thinking.rule))


OnCell = Callable[[CellName, OpenCell, list[Completion]], None]
"""Told a cell with its completions."""


def compute_together(names: Sequence[CellName], context: CellContext, model: Model, on_cell: OnCell) -> None:
    """Ask a model about several cells at once; each is told as soon as the last batch with one of its items has ended.

    A cell whose data cannot be read is left out; its own job says why.

    Args:
        names: The cells, all of multiple choice or all of texts.
        context: Of the cells.
        model: Answers them.
        on_cell: Told each cell with its completions.

    Raises:
        ModelError: The model failed, or gave likelihoods that no model can have given.
    """
    cells: list[tuple[CellName, OpenCell]] = []
    for name in names:
        try:
            cells.append((name, open_cell(name, context)))
        except DataError:
            continue
    if cells and cells[0][1].is_choice:
        _choose_together(cells, model, on_cell)
    else:
        _generate_together(cells, model, on_cell)


def _choose_together(cells: Sequence[tuple[CellName, OpenCell]], model: Model, on_cell: OnCell) -> None:
    asked = [cell.choice_requests() for _, cell in cells]
    owners = [(number, place) for number, requests in enumerate(asked) for place in range(len(requests))]
    scored: list[dict[int, ChoiceResult]] = [{} for _ in cells]

    def answered(batch: Sequence[tuple[int, ChoiceResult]]) -> None:
        touched = set()
        for position, result in batch:
            number, place = owners[position]
            scored[number][place] = result
            touched.add(number)
        for number in sorted(touched):
            requests, (name, cell) = asked[number], cells[number]
            if len(scored[number]) == len(requests):
                own = [scored[number][place] for place in range(len(requests))]
                check_likelihoods(requests, own, cell.system.spec.name)
                on_cell(name, cell, cell.choice_completions(own))

    requests = [request for each in asked for request in each]
    if hasattr(model, "choose_in_batches"):
        cast(BatchReporting, model).choose_in_batches(requests, answered)
    else:
        answered(list(enumerate(model.choose(requests))))


def _generate_together(cells: Sequence[tuple[CellName, OpenCell]], model: Model, on_cell: OnCell) -> None:
    wave = [(number, place) for number, (_, cell) in enumerate(cells) for place in cell.first_places]
    while wave:
        # First and only turns, then second turns, and so on; in an order that no batch decides.
        following: dict[int, list[int]] = {}

        def answered(
            batch: Sequence[tuple[int, GenerateResult]],
            asked: Sequence[tuple[int, int]] = tuple(wave),
            following: dict[int, list[int]] = following,
        ) -> None:
            for position, result in batch:
                number, place = asked[position]
                following[position] = cells[number][1].take(place, result)
            for number in sorted({asked[position][0] for position, _ in batch}):
                name, cell = cells[number]
                if cell.complete:
                    on_cell(name, cell, cell.completions())

        requests = [cells[number][1].generate_request(place) for number, place in wave]
        if hasattr(model, "generate_in_batches"):
            cast(BatchReporting, model).generate_in_batches(requests, answered)
        else:
            answered(list(enumerate(model.generate(requests))))
        wave = [(number, place) for position, (number, _) in enumerate(wave) for place in following[position]]
