"""Small cells of one model are computed together; the plan decides which, and each is stored by itself."""

import importlib

import pytest

from polyarena.harness import plan, run
from polyarena.harness.executors.messages import job_json, read_job
from polyarena.harness.running import shared_batches
from polyarena.harness.running.work_units import jobs
from polyarena.tasks.errors import ModelError


@pytest.fixture
def toyarena():
    return importlib.import_module("toyarena")


@pytest.fixture
def sharing(monkeypatch, toys, toyarena):
    """The toy model with batches: each answer depends on what is asked with it. Returns the sizes of the batches."""
    sizes = []
    choose, generate = toyarena.ToyModel.choose, toyarena.ToyModel.generate
    replace = importlib.import_module("dataclasses").replace

    def chosen(self, requests):
        sizes.append(("choose", self.voice, len(requests)))
        size = len({request.language for request in requests})
        return [
            replace(each, loglikelihoods=tuple(value - size / 64 for value in each.loglikelihoods))
            for each in choose(self, requests)
        ]

    def generated(self, requests):
        sizes.append(("generate", self.voice, len(requests)))
        size = len({request.language for request in requests})
        return [replace(each, text=f"{each.text} {size}") for each in generate(self, requests)]

    monkeypatch.setattr(toyarena.ToyModel, "choose", chosen)
    monkeypatch.setattr(toyarena.ToyModel, "generate", generated)
    monkeypatch.setattr(toyarena.ToyType, "shares_batches", lambda self, args: True, raising=False)
    return sizes


def shards(folder):
    cells = folder.path / "cells"
    return {str(path.relative_to(cells)): path.read_bytes() for path in sorted(cells.rglob("*.parquet"))}


def test_the_cells_of_a_model_are_asked_at_once_by_kind(go, sharing):
    finished = go(judges=[])
    assert not finished.failures
    assert sorted(sizes for sizes in sharing) == sorted(
        (method, voice, 36) for method in ("choose", "generate") for voice in ("one", "two")
    )
    assert len(shards(finished.folder)) == 12


def test_a_resumed_run_stores_the_same_bytes(go, sharing):
    whole = shards(go("whole", judges=[]).folder)
    first = go(judges=[])
    lost = [first.folder.cell("one", "toy_choice", "swh_Latn"), first.folder.cell("one", "toy_open", "deu_Latn")]
    for path in lost:
        path.unlink()
    sharing.clear()
    again = go(judges=[])
    assert sorted(sharing) == [("choose", "one", 36), ("generate", "one", 36)]
    assert shards(again.folder) == whole


def test_cells_alone_would_have_other_bytes(go, sharing, monkeypatch):
    together = shards(go("together", judges=[]).folder)
    monkeypatch.setattr(shared_batches, "ITEMS_TOGETHER", 1)
    assert shards(go("alone", judges=[]).folder) != together


@pytest.mark.parametrize(("most", "sizes"), [(24, [12, 24]), (12, [12, 12, 12]), (11, [12, 12, 12]), (36, [36])])
def test_as_many_cells_as_have_that_many_items(go, sharing, monkeypatch, most, sizes):
    monkeypatch.setattr(shared_batches, "ITEMS_TOGETHER", most)
    go(tasks=["toy_choice"], judges=[])
    assert sorted(size for _, voice, size in sharing if voice == "one") == sizes


def test_sampled_texts_depend_on_their_cell_alone(go, sharing, systems):
    for system in systems:
        system["sampling"] = {"temperature": 0.5}
    go(tasks=["toy_open"], judges=[], systems=systems)
    assert {size for _, _, size in sharing} == {12}


def test_a_cell_that_fails_fails_alone(go, sharing, monkeypatch):
    monkeypatch.setenv("TOY_FAIL", "swh_Latn")
    broken = importlib.import_module("toyarena").ToyModel._start

    def start(self, requests):
        if any(request.language == "swh_Latn" for request in requests):
            raise ModelError("the toy cannot speak swh_Latn")
        broken(self, requests)

    monkeypatch.setattr(importlib.import_module("toyarena").ToyModel, "_start", start)
    finished = go(tasks=["toy_choice"], judges=[])
    assert {failure.language for failure in finished.failures} == {"swh_Latn"}
    assert len(shards(finished.folder)) == 4
    sharing.clear()
    assert {failure.language for failure in go(tasks=["toy_choice"], judges=[]).failures} == {"swh_Latn"}
    assert len(shards(finished.folder)) == 4


def test_each_cell_is_stored_before_the_next_is_scored(go, sharing, monkeypatch):
    store, order = shared_batches.OpenCell.store, []

    def noted(self, folder, completions):
        order.append(("stored", self.planned.language))
        store(self, folder, completions)

    check = shared_batches.check_likelihoods
    monkeypatch.setattr(shared_batches.OpenCell, "store", noted)
    monkeypatch.setattr(
        shared_batches,
        "check_likelihoods",
        lambda requests, *rest: (order.append(("checked", requests[0].language)), check(requests, *rest)),
    )
    go(tasks=["toy_choice"], judges=[], systems=[{"name": "one", "model": "toy", "args": {"voice": "one"}}])
    assert order == [
        (what, language) for language in ("deu_Latn", "swh_Latn", "tha_Thai") for what in ("checked", "stored")
    ]


@pytest.fixture
def batches_of_seven(monkeypatch, toyarena, sharing):
    """The toy model reports its answers in batches of seven, the last request first; it can die before a batch."""
    die_before = []

    def in_batches(method):
        def reporting(self, requests, on_batch):
            results = list(enumerate(getattr(self, method)(requests)))[::-1]
            for start in range(0, len(results), 7):
                if die_before == [(method, start)]:
                    raise KeyboardInterrupt
                on_batch(results[start : start + 7])

        return reporting

    monkeypatch.setattr(toyarena.ToyModel, "choose_in_batches", in_batches("choose"), raising=False)
    monkeypatch.setattr(toyarena.ToyModel, "generate_in_batches", in_batches("generate"), raising=False)
    return die_before


@pytest.mark.parametrize(("task", "method"), [("toy_choice", "choose"), ("toy_open", "generate")])
@pytest.mark.parametrize(("start", "stored"), [(7, 0), (14, 1), (28, 2), (35, 2)])
def test_a_cell_is_stored_with_its_last_batch_and_a_resumed_run_gives_the_same_bytes(
    go, batches_of_seven, tmp_path, task, method, start, stored
):
    """Of 36 answers in 3 cells, told backwards: the last cell is complete after 12 of them."""
    choice = {"tasks": [task], "judges": [], "systems": [{"name": "one", "model": "toy", "args": {"voice": "one"}}]}
    whole = shards(go("whole", **choice).folder)
    batches_of_seven.append((method, start))
    with pytest.raises(KeyboardInterrupt):
        go("killed", **choice)
    assert len(list((tmp_path / "killed" / "cells").rglob("*.parquet"))) == stored
    batches_of_seven.clear()
    resumed = go("killed", **choice)
    assert shards(resumed.folder) == whole


def test_jobs_name_what_they_share_and_survive_json(experiment, sharing, tmp_path):
    planned = plan(experiment(judges=[]), output=tmp_path / "run")
    run(planned, report=False)
    missing = [cell for cell in planned.cells if cell.language == "tha_Thai"]
    for job in jobs(planned, missing):
        assert [name.language for name in job.shared] == ["deu_Latn", "swh_Latn", "tha_Thai"]
        assert {(name.system, name.task) for name in job.shared} == {(job.system, job.task)}
        assert read_job(job_json(job)) == job


def test_models_that_do_not_share_are_asked_cell_by_cell(go, sharing, toyarena, monkeypatch):
    monkeypatch.setattr(toyarena.ToyType, "shares_batches", lambda self, args: args["voice"] == "one")
    go(tasks=["toy_choice"], judges=[])
    assert sorted(sharing) == [("choose", "one", 36), *[("choose", "two", 12)] * 3]
