"""Cells are divided into jobs by the plan alone, and made of the jobs that are done."""

from __future__ import annotations

import subprocess
import sys
import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness import plan, run
from polyarena.harness.events import CellDone, CellFailed, CellProgress, CellStarted
from polyarena.harness.executors.protocol import JobDone, JobFailed
from polyarena.harness.running import open_cell, work_units
from polyarena.harness.running.job_runner import JobRunner
from polyarena.harness.running.work_units import ITEMS_PER_JOB, CellLog, item_ranges, jobs
from polyarena.harness.store import read_shard
from polyarena.tasks.records import Completion, Score


@given(st.integers(1, 100_000))
def test_ranges_cover_all_items_once_and_are_of_nearly_equal_size(items):
    ranges = item_ranges(items)
    assert ranges[0][0] == 0
    assert ranges[-1][1] == items
    assert all(one[1] == other[0] for one, other in pairwise(ranges))
    sizes = [stop - start for start, stop in ranges]
    assert max(sizes) <= ITEMS_PER_JOB
    assert max(sizes) - min(sizes) <= 1


def test_small_cells_are_whole_and_a_large_one_is_shared():
    assert item_ranges(ITEMS_PER_JOB) == [(0, ITEMS_PER_JOB)]
    assert len(item_ranges(14_042)) == 28


@pytest.fixture
def planned(experiment, toys, tmp_path):
    return plan(experiment(judges=[]), output=tmp_path / "run")


@pytest.fixture
def small(monkeypatch):
    """Cells of twelve items are three jobs."""
    monkeypatch.setattr(work_units, "ITEMS_PER_JOB", 5)


def compute(planned, every_job):
    runner = JobRunner(planned.experiment, planned.folder, planned.data_root, lambda args: pytest.fail("asks"))
    outcomes = {job.number: list(runner.run(job))[-1] for job in every_job}
    runner.close()
    return outcomes


def test_jobs_share_the_model_of_their_system(planned):
    every_job = jobs(planned, planned.cells)
    assert [job.number for job in every_job] == list(range(len(planned.cells)))
    assert {job.system: job.systems for job in every_job} == {"one": ("one",), "two": ("two",)}
    assert len({job.model for job in every_job}) == 2
    assert all(job.is_whole for job in every_job)
    assert sum(job.requests for job in every_job) == sum(cell.requests for cell in planned.cells)


def test_a_cell_of_ranges_is_the_cell_that_is_computed_at_once(experiment, planned, context, small, tmp_path):
    every_job = jobs(planned, planned.cells)
    assert len(every_job) == 3 * len(planned.cells)
    log, done = CellLog(every_job, context), []
    for number, outcome in compute(planned, every_job[::-1]).items():
        done += list(log.ended(every_job[number], outcome))
    assert sorted(event.language for event in done if isinstance(event, CellDone)) == sorted(
        cell.language for cell in planned.cells
    )
    whole = plan(experiment(judges=[]), output=tmp_path / "whole")
    work_units.ITEMS_PER_JOB = 512
    run(whole, report=False)
    for cell in planned.cells:
        name = (cell.system, cell.task, cell.language)
        assert planned.folder.cell(*name).read_bytes() == whole.folder.cell(*name).read_bytes()
        if planned.folder.scores(*name).exists():
            assert read_shard(planned.folder.scores(*name), Score) == read_shard(whole.folder.scores(*name), Score)
    assert not list((tmp_path / "run" / "parts").rglob("*.parquet"))


def test_a_cell_begins_with_its_first_job_and_ends_with_its_last(planned, context, small):
    every_job = jobs(planned, planned.cells[:1])
    outcomes = compute(planned, every_job)
    log, seen = CellLog(every_job, context), []
    for job in every_job:
        seen += log.started(job)
        seen += log.ended(job, outcomes[job.number])
    assert [type(event) for event in seen] == [CellStarted, CellProgress, CellProgress, CellDone]
    assert {event.requests for event in seen} == {12}
    assert [event.computed for event in seen[1:3]] == [4, 8]
    assert seen[1].seconds <= seen[2].seconds <= seen[3].seconds
    assert not any(log.is_wanted(job) for job in every_job)


def test_a_second_outcome_of_a_job_changes_nothing(planned, context):
    [job, *_] = every_job = jobs(planned, planned.cells)
    log = CellLog(every_job, context)
    compute(planned, [job])
    assert len(list(log.ended(job, JobDone(0, 1.0)))) == 1
    assert list(log.ended(job, JobDone(0, 1.0))) == []
    assert list(log.ended(job, JobFailed(0, "late", 3, "model"))) == []


def test_the_first_range_that_fails_fails_the_cell_once(planned, context, small):
    every_job = jobs(planned, planned.cells)
    log = CellLog(every_job, context)
    [failed] = log.ended(every_job[1], JobFailed(1, "no answer", 3, "data"))
    assert isinstance(failed, CellFailed)
    assert list(log.ended(every_job[0], JobDone(0, 1.0))) == []
    assert not log.is_wanted(every_job[2])
    assert log.is_wanted(every_job[3])


def test_after_three_failures_of_a_model_its_other_cells_are_given_up(planned, context):
    every_job = jobs(planned, planned.cells)
    one = [job for job in every_job if job.system == "one"]
    log, events = CellLog(every_job, context), []
    for job in one[:3]:
        events += log.ended(job, JobFailed(job.number, "it is down", 3, "model"))
    assert {(event.system, event.language) for event in events} == {("one", job.language) for job in one}
    assert len(events) == len(one)
    assert not any(log.is_wanted(job) for job in one)
    assert all(log.is_wanted(job) for job in every_job if job.system == "two")


def test_failures_of_data_give_nothing_up(planned, context):
    every_job = jobs(planned, planned.cells)
    log = CellLog(every_job, context)
    for job in every_job[:4]:
        assert len(list(log.ended(job, JobFailed(job.number, "no such file", 2, "data")))) == 1
    assert log.is_wanted(every_job[4])


def test_a_model_that_cannot_be_loaded_fails_all_its_cells_at_once(planned, context):
    every_job = jobs(planned, planned.cells)
    events = list(CellLog(every_job, context).ended(every_job[0], JobFailed(0, "no weights", 3, "load")))
    assert len(events) == len([job for job in every_job if job.model == every_job[0].model])


def test_a_damaged_range_fails_its_cell_and_no_other(planned, context, small):
    every_job = jobs(planned, planned.cells[:1])
    outcomes = compute(planned, every_job)
    planned.folder.part(*every_job[1].cell, every_job[1].start, every_job[1].stop).write_bytes(b"damaged")
    log, events = CellLog(every_job, context), []
    for job in every_job:
        events += log.ended(job, outcomes[job.number])
    assert [type(event) for event in events if not isinstance(event, CellProgress)] == [CellFailed]


def test_ranges_that_are_stored_are_not_computed_again(planned, small, toys):
    every_job = jobs(planned, planned.cells[:1])
    compute(planned, every_job)
    before = toys.read_text()
    assert all(outcome == JobDone(number, 0.0) for number, outcome in compute(planned, every_job).items())
    assert toys.read_text() == before
    rows = read_shard(planned.folder.part(*every_job[0].cell, 0, every_job[0].stop), Completion)
    assert len(rows) == every_job[0].stop


def test_two_lives_of_a_job_write_one_result(planned, context, small):
    every_job = jobs(planned, planned.cells[:1])
    both = threading.Barrier(2)
    outcomes = []

    def live():
        # A dead machine's worker computes on, beside the one that replaces it.
        runner = JobRunner(planned.experiment, planned.folder, planned.data_root, lambda args: pytest.fail("asks"))
        for job in every_job:
            both.wait(60)
            outcomes.append((job, list(runner.run(job))[-1]))
        runner.close()

    lives = [threading.Thread(target=live) for _ in range(2)]
    for life in lives:
        life.start()
    for life in lives:
        life.join(120)
    log, events = CellLog(every_job, context), []
    assert len(outcomes) == 2 * len(every_job)
    for job, outcome in outcomes:
        assert isinstance(outcome, JobDone)
        events += log.ended(job, outcome)
    assert [type(event) for event in events if not isinstance(event, CellProgress)] == [CellDone]
    assert not list(planned.folder.parts(*every_job[0].cell).iterdir())


def test_a_life_that_comes_after_its_cell_was_stored_computes_nothing(planned, context, small, toys):
    every_job = jobs(planned, planned.cells[:1])
    log = CellLog(every_job, context)
    for number, outcome in compute(planned, every_job).items():
        list(log.ended(every_job[number], outcome))
    before = toys.read_text()
    assert set(compute(planned, every_job).values()) == {JobDone(job.number, 0.0) for job in every_job}
    assert toys.read_text() == before
    assert not list(planned.folder.parts(*every_job[0].cell).iterdir())


def test_ranges_that_a_late_worker_left_are_removed_by_the_next_run(experiment, planned, small, tmp_path):
    run(planned, report=False)
    cell = planned.cells[0]
    late = planned.folder.part(cell.system, cell.task, cell.language, 0, 5)
    late.parent.mkdir(parents=True, exist_ok=True)
    late.write_bytes(b"late")
    run(plan(experiment(judges=[]), output=tmp_path / "run"), report=False)
    assert not late.exists()


def test_the_items_of_a_divided_cell_are_read_once(planned, small, monkeypatch):
    every_job = [job for job in jobs(planned, planned.cells) if job.system == "one"]
    assert len(every_job) > 3
    read = []
    load = open_cell.load_items
    monkeypatch.setattr(
        open_cell, "load_items", lambda task, language, data: (read.append(language), load(task, language, data))[1]
    )
    compute(planned, every_job)
    assert read == [language for _, language in dict.fromkeys((job.task, job.language) for job in every_job)]


def test_a_worker_imports_no_statistics_of_runs():
    program = (
        "import sys; from polyarena.harness.running.worker import work; "
        "print([name for name in ('scipy.stats', 'polyarena.harness.running.runner', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
