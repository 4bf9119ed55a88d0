"""A run computes some items of each cell once more in other batches, and its lock says how many values changed."""

import importlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from polyarena.harness.lock import OTHER_BATCHES, FlipRate
from polyarena.tasks.errors import ModelError
from polyarena.tasks.item import Kind


@pytest.fixture
def batching(monkeypatch):
    """The toy model with batches; in halved ones it gives each choice the likelihood of the next."""
    toyarena = importlib.import_module("toyarena")
    choose, halved, again = toyarena.ToyModel.choose, [], []

    @contextmanager
    def halved_batches(self, *, texts=False):
        halved.append(True)
        yield True
        halved.pop()

    def turned(self, requests):
        results = choose(self, requests)
        if not halved:
            return results
        again.append(len(requests))
        return [replace(each, loglikelihoods=each.loglikelihoods[1:] + each.loglikelihoods[:1]) for each in results]

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


@pytest.fixture
def writing(monkeypatch):
    """Returns a function that gives `toy_open` items and a metric, and the toy model batches of texts.

    In halved batches every other text is in capitals, which the metric `acc` sees.
    """
    toyarena = importlib.import_module("toyarena")
    generate, again = toyarena.ToyModel.generate, []

    @dataclass(frozen=True)
    class Written(toyarena.ToyTask):
        def items(self, language, data):
            for item in super().items(language, data):
                yield replace(item, choices=(), gold=None)

        def score(self, item, completion):
            return {"acc": float(completion.text.islower())} if self.card.metrics else {}

    @contextmanager
    def halved_batches(self, *, texts=False):
        again.append(0 if texts else None)
        yield texts
        again.append(None)

    def in_capitals(self, requests):
        results = generate(self, requests)
        if not again or again[-1] is None:
            return results
        again[-1] += len(requests)
        return [
            replace(each, text=each.text.upper()) if int(request.item_id) % 2 else each
            for request, each in zip(requests, results, strict=True)
        ]

    def write(items, metrics=("acc",)):
        kind = Kind.GENERATIVE if metrics else Kind.OPEN_ENDED
        card = toyarena.open_task.card.model_copy(update={"kind": kind, "metrics": metrics})
        monkeypatch.setattr(toyarena, "open_task", Written(card, items))

    monkeypatch.setattr(toyarena.ToyModel, "halved_batches", halved_batches, raising=False)
    monkeypatch.setattr(toyarena.ToyModel, "generate", in_capitals)
    write.asked = again
    return write


def test_texts_are_generated_once_more_in_other_batches(go, writing):
    writing(45)
    lock = go(tasks=["toy_open"], judges=[]).lock
    rate = lock.flips["one"]["toy_open/acc"]
    # Two of 45 items in each of three languages; every other text changes.
    assert (rate.items, rate.flips, rate.source) == (6, 3, OTHER_BATCHES)
    assert [each for each in writing.asked if each is not None] == [2] * 6


def test_samples_of_a_text_count_by_their_mean(go, writing, systems):
    writing(20)
    for system in systems:
        system.update(samples=3, sampling={"temperature": 0.5})
    assert go(tasks=["toy_open"], judges=[]).lock.flips["one"]["toy_open/acc"].items == 3
    assert [each for each in writing.asked if each is not None] == [3] * 6


@pytest.mark.parametrize(("items", "metrics"), [(19, ("acc",)), (45, ())])
def test_few_texts_and_texts_without_a_metric_are_generated_once(go, writing, items, metrics):
    writing(items, metrics)
    assert go(tasks=["toy_open"], judges=[]).lock.flips == {}
    assert writing.asked == []
