"""Cells of a model that answers many requests at once: each is stored when its last answer is there."""

from __future__ import annotations

import itertools
import random
from types import SimpleNamespace

import pytest

from polyarena.harness import plan
from polyarena.harness.endpoints.accounting.cost_label import CostLabel, current_cost_label
from polyarena.harness.events import CellDone, CellFailed, CellStarted
from polyarena.harness.models.protocol import GenerateResult, ModelContext, StreamedResult, StreamingModel
from polyarena.harness.running import cell_stream
from polyarena.harness.running.cell_stream import CellStream
from polyarena.harness.running.open_cell import CellContext
from polyarena.harness.store import read_shard
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, ModelError
from polyarena.tasks.records import Completion

LANGUAGES = ("deu_Latn", "swh_Latn", "tha_Thai")
ITEMS = 4


class Scripted:
    """Draws ``ahead`` requests at a time and answers those drawn in an order of the test's; some of them fail."""

    def __init__(self, order=lambda drawn: drawn, ahead=10_000, fails=lambda request: False, ends_after=None):
        self.order, self.ahead, self.fails, self.ends_after = order, ahead, fails, ends_after
        self.labels = []
        self.most_drawn = 0

    def stream(self, requests):
        numbered = enumerate(requests)
        answered = itertools.count()
        while drawn := self._draw(numbered):
            for position, request in self.order(drawn):
                if next(answered) == self.ends_after:
                    raise ModelError("the account is empty")
                failed = self.fails(request)
                result = None if failed else GenerateResult(request.messages[-1]["content"], f"to {request.item_id}")
                yield StreamedResult(position, result, "500 for ever" if failed else "")

    def _draw(self, numbered):
        drawn = []
        for each in itertools.islice(numbered, self.ahead):
            self.labels.append(current_cost_label())
            drawn.append(each)
        return drawn

    def failure(self, errors, requests):
        return ModelError(f"{len(errors)} of {requests} calls got no answer", why=errors[0])


@pytest.fixture
def planned(experiment, toys, tmp_path):
    changes = {"tasks": [{"task": "toy_open", "limit": ITEMS}], "judges": []}
    return plan(experiment(languages=list(LANGUAGES), **changes), output=tmp_path / "run")


@pytest.fixture
def starts():
    """The cells that a stream has told to be started."""
    return []


@pytest.fixture
def stream(planned, starts):
    """A stream over all cells of the plan, or over some of them."""

    def stream(model, cells=None, started=starts.append):
        context = CellContext(
            {system.spec.name: system for system in planned.systems},
            {task.spec.task: task for task in planned.tasks},
            DataSource(planned.data_root),
            planned.folder,
            ModelContext(),
        )
        return CellStream(planned.cells if cells is None else cells, context, model, started)

    return stream


def kinds(events, kind):
    return [(event.system, event.language) for event in events if isinstance(event, kind)]


def stored(planned, system, language):
    return read_shard(planned.folder.cell(system, "toy_open", language), Completion)


def test_the_scripted_model_is_one():
    assert isinstance(Scripted(), StreamingModel)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_order_of_answers_the_cells_are_the_same(stream, planned, seed):
    def shuffled(drawn):
        random.Random(seed).shuffle(drawn)
        return drawn

    events = list(stream(Scripted(shuffled)).events())
    assert sorted(kinds(events, CellDone)) == sorted((cell.system, cell.language) for cell in planned.cells)
    for cell in planned.cells:
        rows = stored(planned, cell.system, cell.language)
        assert len(rows) == ITEMS
        assert [row.text for row in rows] == [f"to {row.item_id}" for row in rows]
        assert [row.item_id for row in rows] == [row.item_id for row in stored(planned, "one", cell.language)]


def test_one_slow_answer_delays_only_its_own_cell(stream, planned):
    def first_last(drawn):
        return [*drawn[1:], drawn[0]]

    done = kinds(stream(Scripted(first_last)).events(), CellDone)
    assert done == [(cell.system, cell.language) for cell in [*planned.cells[1:], planned.cells[0]]]


def test_a_cell_is_stored_before_the_next_is_drawn_where_the_model_takes_no_more(stream, planned):
    events = []
    for event in stream(Scripted(ahead=ITEMS), started=events.append).events():
        events += [event]
    expected = [kind for _ in planned.cells for kind in (CellStarted, CellDone)]
    assert [type(event) for event in events] == expected


def test_a_cell_is_told_of_before_its_first_answer(stream, planned, starts):
    class Silent(Scripted):
        def _draw(self, numbered):
            drawn = super()._draw(numbered)
            if drawn:
                self.before = len(starts)
            return drawn

    model = Silent()
    events = list(stream(model).events())
    assert model.before == len(planned.cells)
    assert [(event.system, event.language) for event in starts] == [
        (cell.system, cell.language) for cell in planned.cells
    ]
    assert not kinds(events, CellStarted)


def test_each_request_is_attributed_to_its_own_cell(stream, planned):
    model = Scripted(ahead=3)
    list(stream(model).events())
    expected = [CostLabel("candidates", cell.system, "toy_open", cell.language) for cell in planned.cells]
    assert model.labels == [label for label in expected for _ in range(ITEMS)]
    assert current_cost_label() == CostLabel()


def test_a_failed_request_fails_its_cell_alone(stream, planned):
    failing = planned.cells[1]
    item = "0"

    def fails(request):
        return request.language == failing.language and request.item_id.endswith(item)

    model = Scripted(fails=fails)
    events = list(stream(model).events())
    failed = kinds(events, CellFailed)
    assert set(failed) == {(system, failing.language) for system in ("one", "two")}
    assert len(kinds(events, CellDone)) == len(planned.cells) - len(failed)
    assert all("of 4 calls got no answer" in event.error for event in events if isinstance(event, CellFailed))
    assert not planned.folder.cell("one", "toy_open", failing.language).exists()


def test_after_three_failures_in_a_row_the_rest_is_given_up(stream, planned, starts):
    model = Scripted(ahead=ITEMS, fails=lambda request: True)
    run = stream(model)
    events = list(run.events())
    assert sorted(kinds(events, CellFailed)) == sorted((cell.system, cell.language) for cell in planned.cells)
    assert len(starts) == 3
    assert len(model.labels) == 3 * ITEMS
    assert not kinds(events, CellDone)


def test_a_success_between_failures_keeps_the_stream_going(stream, planned, starts):
    bad = {cell.language for cell in planned.cells[:2]}
    events = list(stream(Scripted(ahead=ITEMS, fails=lambda request: request.language in bad)).events())
    assert len(starts) == len(planned.cells)
    assert len(kinds(events, CellDone)) == 2


def test_a_stream_that_breaks_says_what_is_left(stream, planned):
    run = stream(Scripted(ends_after=ITEMS + 1))
    events = run.events()
    with pytest.raises(ModelError, match="account is empty"):
        list(events)
    assert run.left() == list(planned.cells[1:])
    assert len(stored(planned, planned.cells[0].system, planned.cells[0].language)) == ITEMS


def test_a_model_that_answers_too_little_is_noticed(stream, planned):
    class Short(Scripted):
        def stream(self, requests):
            yield from itertools.islice(super().stream(requests), ITEMS + 1)

    run = stream(Short())
    with pytest.raises(ModelError, match="fewer results"):
        list(run.events())
    assert run.left()


def test_bad_data_of_one_language_costs_no_other(stream, planned, monkeypatch):
    real = cell_stream.open_cell

    def opened(cell, context):
        if cell.language == "swh_Latn":
            raise DataError("no such file")
        return real(cell, context)

    monkeypatch.setattr(cell_stream, "open_cell", opened)
    events = list(stream(Scripted()).events())
    assert {language for _, language in kinds(events, CellFailed)} == {"swh_Latn"}
    assert {language for _, language in kinds(events, CellDone)} == {"deu_Latn", "tha_Thai"}


def test_seconds_add_up_to_the_time_of_the_stream(stream, planned, monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(cell_stream, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    events = list(stream(Scripted(lambda drawn: drawn[::-1])).events())
    seconds = [event.seconds for event in events if isinstance(event, CellDone)]
    # All cells are drawn first, one a tick; the last one drawn is stored first, then one a tick.
    assert seconds == [1.0] * len(planned.cells)


def test_nothing_to_do_asks_nothing(stream):
    model = Scripted()
    assert list(stream(model, []).events()) == []
    assert model.labels == []
