"""A run scores some items of each cell once more in other batches, and its lock says how many values changed."""

import importlib
import json
from contextlib import contextmanager

import pytest

from polyarena.harness.lock import OTHER_BATCHES, FlipRate
from polyarena.tasks.errors import ModelError


@pytest.fixture
def batching(monkeypatch):
    """The toy model with batches; in halved ones it gives each choice the likelihood of the next."""
    toyarena = importlib.import_module("toyarena")
    choose, halved, again = toyarena.ToyModel.choose, [], []

    @contextmanager
    def halved_batches(self):
        halved.append(True)
        yield True
        halved.pop()

    def turned(self, requests):
        results = choose(self, requests)
        if not halved:
            return results
        again.append(len(requests))
        replaced = importlib.import_module("dataclasses").replace
        return [replaced(each, loglikelihoods=each.loglikelihoods[1:] + each.loglikelihoods[:1]) for each in results]

    monkeypatch.setattr(toyarena.ToyModel, "halved_batches", halved_batches, raising=False)
    monkeypatch.setattr(toyarena.ToyModel, "choose", turned)
    return again


def test_the_lock_has_the_share_of_values_that_changed(go, batching):
    finished = go(tasks=["toy_choice"], judges=[])
    rates = finished.lock.flips["one"]
    assert rates == finished.folder.read_lock().flips["one"]
    events = [json.loads(line) for line in (finished.folder.path / "events.jsonl").read_text().splitlines()]
    measured = [each for each in events if each["event"] == "FlipsMeasured" and each["system"] == "one"]
    assert len(measured) == len(finished.lock.cells["one"]["toy_choice"])
    for name, rate in rates.items():
        metric = name.partition("/")[2]
        assert (rate.items, rate.source) == (sum(each["items"] for each in measured), OTHER_BATCHES)
        assert rate.flips == sum(each["flips"][metric] for each in measured) > 0
    assert set(batching) == {1}  # 5% of a few items


def test_a_run_that_computes_nothing_keeps_what_was_measured(go, batching):
    first = go(tasks=["toy_choice"], judges=[])
    batching.clear()
    assert go(tasks=["toy_choice"], judges=[]).lock.flips == first.lock.flips != {}
    assert batching == []


def test_answers_are_those_of_the_first_time(go, batching, monkeypatch):
    twice = go("twice", tasks=["toy_choice"], judges=[]).scores()
    monkeypatch.setattr(importlib.import_module("polyarena.harness.running.job_runner"), "measure_flips", lambda *_: ())
    assert go("once", tasks=["toy_choice"], judges=[]).scores().equals(twice)


def test_a_model_that_fails_the_second_time_has_done_its_cell(go, batching, monkeypatch):
    toyarena = importlib.import_module("toyarena")
    choose = toyarena.ToyModel.choose

    def failing(self, requests):
        if len(requests) == 1:
            raise ModelError("no memory")
        return choose(self, requests)

    monkeypatch.setattr(toyarena.ToyModel, "choose", failing)
    finished = go(tasks=["toy_choice"], judges=[])
    assert finished.failures == ()
    assert finished.lock.flips == {}


def test_a_few_items_without_a_change_are_no_sign_of_none():
    few = FlipRate(per_10000=0, items=20, source=OTHER_BATCHES)
    assert few.share == pytest.approx(0.5 / 21)
    assert few.model_copy(update={"source": "a and b"}).share == 0


def test_what_two_runs_showed_is_not_diluted(go):
    lock = go(tasks=["toy_choice"], judges=[]).lock
    calibrated = FlipRate(per_10000=50, items=1000, source="a and b")
    told = lock.model_copy(update={"flips": {"one": {"t/acc": calibrated}}}).with_flips(
        "one", "t", 10, {"acc": 1, "f": 2}
    )
    assert told.flips["one"] == {
        "t/acc": calibrated,
        "t/f": FlipRate(per_10000=2000, items=10, source=OTHER_BATCHES),
    }
    more = told.with_flips("one", "t", 30, {"f": 0})
    assert (more.flips["one"]["t/f"].flips, more.flips["one"]["t/f"].items) == (2, 40)
