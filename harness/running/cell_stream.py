"""Computes the cells of a model that answers many requests at once, in one stream over all of them.

Requests are drawn cell by cell and as many are in flight as the model allows, so that a slow answer delays only its own
cell: later cells are requested and stored meanwhile. The next turn of a conversation is drawn once the answer before it
is there; turns that become ready after all cells have been drawn are asked in a further stream.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from polyarena.harness.endpoints.accounting.cost_label import CostLabel, attribute_costs
from polyarena.harness.events import CellDone, CellFailed, CellStarted, Event
from polyarena.harness.models.protocol import GenerateRequest, StreamedResult, StreamingModel
from polyarena.harness.planning import PlannedCell
from polyarena.harness.running.connections import CANDIDATES
from polyarena.harness.running.open_cell import CellContext, OpenCell, open_cell
from polyarena.judges.protocol import close
from polyarena.tasks.errors import DataError, ModelError, PolyarenaError

GIVE_UP_AFTER = 3
"""Consecutive failed cells of a job after which the rest is skipped, because it would fail in the same way."""


class CellStream:
    """Cells being computed: opened when their requests are drawn, stored when their last answer arrives.

    Args:
        cells: The cells, in order.
        context: What they have in common.
        model: Answers them.
        started: Called when the requests of a cell are drawn, before any answer has arrived.
    """

    def __init__(
        self,
        cells: Sequence[PlannedCell],
        context: CellContext,
        model: StreamingModel,
        started: Callable[[CellStarted], None],
    ) -> None:
        self._to_come = deque(cells)
        self._context = context
        self._model = model
        self._open: dict[OpenCell, tuple[PlannedCell, float]] = {}
        self._ready: deque[tuple[OpenCell, int]] = deque()
        self._places: dict[int, tuple[OpenCell, int]] = {}
        self._drawn = CostLabel()
        self._events: deque[Event] = deque()
        self._started = started
        self._in_a_row = 0
        self._stored = time.monotonic()

    def events(self) -> Iterator[Event]:
        """Ask, store and yield events.

        Raises:
            ModelError: From the model; or it gave fewer results than it was given requests.
        """
        while self._to_come or self._ready:
            results = self._model.stream(self._requests())
            try:
                while (result := self._next(results)) is not None:
                    yield from self._happened()
                    cell, place = self._places.pop(result.position)
                    if result.result is None:
                        cell.fail(place, result.error)
                    else:
                        self._ready.extend((cell, ready) for ready in cell.take(place, result.result))
                    if cell.complete:
                        yield self._finish(cell)
                        if self._in_a_row == GIVE_UP_AFTER:
                            error = self._failure(cell)
                            yield from (cell_failed(planned, error) for planned in self.left())
                            return
                yield from self._happened()
                if self._places:
                    raise ModelError("the model gave fewer results than it was given requests")
            finally:
                close(results)

    def left(self) -> list[PlannedCell]:
        """Return the cells that are neither stored nor reported."""
        return [*(planned for planned, _ in self._open.values()), *self._to_come]

    def _requests(self) -> Iterator[GenerateRequest]:
        position = 0
        while self._to_come or self._ready:
            if self._ready:
                cell, place = self._ready.popleft()
                self._places[position] = cell, place
                planned, _ = self._open[cell]
                self._drawn = CostLabel(CANDIDATES, planned.system, planned.task, planned.language)
                yield cell.generate_request(place)
                position += 1
                continue
            planned = self._to_come.popleft()
            self._started(CellStarted(planned.system, planned.task, planned.language, planned.requests))
            try:
                cell = open_cell(planned, self._context)
            except DataError as error:
                # Of this language's data only; the next one's may be good.
                self._events.append(cell_failed(planned, error))
                continue
            self._open[cell] = planned, time.monotonic()
            self._ready.extend((cell, place) for place in cell.first_places)

    def _next(self, results: Iterator[StreamedResult]) -> StreamedResult | None:
        # Not around the whole stream: whoever takes the events in between has labels of his own.
        with attribute_costs(lambda _match: self._drawn):
            return next(results, None)

    def _happened(self) -> Iterator[Event]:
        while self._events:
            yield self._events.popleft()

    def _finish(self, cell: OpenCell) -> Event:
        planned, started = self._open[cell]
        if cell.errors:
            self._in_a_row += 1
            event: Event = cell_failed(planned, self._failure(cell))
        else:
            self._in_a_row = 0
            try:
                cell.store(self._context.folder, cell.completions())
            except DataError as error:
                event = cell_failed(planned, error)
            else:
                now = time.monotonic()
                seconds, self._stored = now - max(started, self._stored), now
                event = CellDone(planned.system, planned.task, planned.language, planned.requests, seconds, planned.key)
        del self._open[cell]
        return event

    def _failure(self, cell: OpenCell) -> ModelError:
        return self._model.failure(cell.errors, len(cell.asked))


def cell_failed(cell: PlannedCell, error: PolyarenaError) -> CellFailed:
    """Return the event of a cell without a result."""
    return CellFailed(cell.system, cell.task, cell.language, cell.requests, str(error), error.exit_code)
