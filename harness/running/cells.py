"""Computes the cells of a system behind an endpoint, and stores each when it is complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from polyarena.harness.endpoints.accounting.budget import BudgetError
from polyarena.harness.endpoints.accounting.cost_label import CostLabel, attribute_costs
from polyarena.harness.events import CellDone, CellStarted, Event, ModelChanged, ModelLoaded, ModelLoading
from polyarena.harness.models.protocol import Model, ModelContext, StreamingModel
from polyarena.harness.planning import Plan, PlannedCell
from polyarena.harness.running.cell_stream import GIVE_UP_AFTER, CellStream, cell_failed
from polyarena.harness.running.connections import CANDIDATES, Connections
from polyarena.harness.running.open_cell import CellContext, open_cell
from polyarena.harness.servers import served_arguments
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, ModelError, PolyarenaError
from polyarena.tasks.identify import load_identifier
from polyarena.tasks.item import Kind


def compute_streamed(
    plan: Plan, cells: Sequence[PlannedCell], connections: Connections, started_cell: Callable[[CellStarted], None]
) -> Iterator[Event]:
    """Compute the cells of one model that waits for an endpoint, and yield events; on a thread of its own.

    A cell that fails is reported and skipped. A model that cannot be loaded fails all of its cells.

    Args:
        plan: The plan.
        cells: Cells whose systems share a model.
        connections: The endpoints of the run.
        started_cell: Called at once when a cell of a stream begins; its other events are yielded when the next answer
            arrives.
    """
    if connections.closing:
        return  # Of systems with servers, which take turns: no further server is started for a run that is ending.
    names = tuple(dict.fromkeys(cell.system for cell in cells))
    lock = plan.folder.read_lock()
    model_context = ModelContext(
        base=str(plan.experiment.base),
        open_endpoint=connections.open_candidate,
        recorded=lock.models.get(names[0], {}) if lock else {},
    )
    context = CellContext(
        {system.spec.name: system for system in plan.systems},
        {task.spec.task: task for task in plan.tasks},
        # A source of its own, because what a source remembers is for one thread.
        DataSource(plan.data_root),
        plan.folder,
        model_context,
    )
    first = context.systems[names[0]]
    yield ModelLoading(names, first.spec.model)
    started = time.monotonic()
    with ExitStack() as stack:
        try:
            served = served_arguments(
                first.spec, plan.folder, plan.experiment.base, given_up=lambda: connections.closing
            )
            args = stack.enter_context(served)
            # The server outlives the connections, which wait for requests in flight.
            stack.callback(connections.wait_until_closed)
            model = first.type.load(args, first.chat_template, model_context)
        except PolyarenaError as error:
            yield from (cell_failed(cell, error) for cell in cells)
            return
        stack.callback(model.close)
        if any(context.tasks[cell.task].card.kind is not Kind.MULTIPLE_CHOICE for cell in cells):
            # Else it is loaded while the answers of all cells after the first arrive.
            load_identifier()
        provenance = dict(model.provenance)
        yield ModelLoaded(names, time.monotonic() - started, provenance)
        for event in _do_cells(cells, context, model, connections, started_cell):
            yield event
            if provenance != (provenance := dict(model.provenance)):
                yield ModelChanged(names, provenance)


def _do_cells(
    cells: Sequence[PlannedCell],
    context: CellContext,
    model: Model,
    connections: Connections,
    started: Callable[[CellStarted], None],
) -> Iterator[Event]:
    """Compute cells in one stream where the model can; if the stream fails, compute the remaining cells one by one.

    One by one, each cell gets the answers that the call cache has for it, and the failure is reported for the cells
    that it concerns.
    """
    if not isinstance(model, StreamingModel):
        yield from _one_by_one(cells, context, model)
        return
    choices = [cell for cell in cells if context.tasks[cell.task].card.kind is Kind.MULTIPLE_CHOICE]
    stream = CellStream([cell for cell in cells if cell not in choices], context, model, started)
    try:
        yield from stream.events()
    except ModelError:
        if connections.closing:
            return
        yield from _one_by_one(stream.left(), context, model)
    yield from _one_by_one(choices, context, model)


def _one_by_one(cells: Sequence[PlannedCell], context: CellContext, model: Model) -> Iterator[Event]:
    in_a_row = 0
    for position, cell in enumerate(cells):
        yield CellStarted(cell.system, cell.task, cell.language, cell.requests)
        started = time.monotonic()
        try:
            with attribute_costs(CostLabel(CANDIDATES, cell.system, cell.task, cell.language)):
                opened = open_cell(cell, context)
                opened.store(context.folder, opened.ask(model))
        except (DataError, BudgetError) as error:
            # The data of the next language may be good, and its answers may all be in the call cache.
            yield cell_failed(cell, error)
        except ModelError as error:
            yield cell_failed(cell, error)
            in_a_row += 1
            if in_a_row == GIVE_UP_AFTER:
                yield from (cell_failed(rest, error) for rest in cells[position + 1 :])
                return
        else:
            in_a_row = 0
            seconds = time.monotonic() - started
            yield CellDone(cell.system, cell.task, cell.language, cell.requests, seconds, cell.key)
