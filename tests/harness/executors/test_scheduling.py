"""Which worker gets which job: nothing idle, nothing twice, models kept, losses handed out again."""

from __future__ import annotations

import heapq
import random
import tracemalloc
from dataclasses import replace

import pytest

from polyarena.harness.executors.protocol import CellName
from polyarena.harness.executors.scheduling import DEEP, MOST_LIVES, Scheduler


def scheduler_of(jobs, workers=2, recorded=None):
    scheduler = Scheduler(jobs, {job.model for job in jobs} if recorded is None else recorded)
    for place in range(workers):
        scheduler.add(f"w{place}")
    return scheduler


def simulate(jobs, workers, loading=0.0):
    """Compute all jobs on simulated workers that are each at one job at a time; return when the last one ends."""
    scheduler = scheduler_of(jobs, workers)
    clock, computed, models = [(0.0, f"w{place}") for place in range(workers)], [], {}
    last = 0.0
    while clock:
        now, worker = heapq.heappop(clock)
        for job in scheduler.jobs_of(worker)[:1]:
            scheduler.ended(worker, job.number)
        scheduler.next_job(worker)
        held = scheduler.jobs_of(worker)
        if not held:
            continue
        job = held[0]
        scheduler.next_job(worker)
        seconds = job.cost + (loading if models.get(worker) != job.model else 0.0)
        models[worker] = job.model
        computed.append(job.number)
        last = max(last, now + seconds)
        heapq.heappush(clock, (now + seconds, worker))
    assert sorted(computed) == sorted(job.number for job in jobs)
    return last


def test_the_most_expensive_job_comes_first(job):
    scheduler = scheduler_of([job(0, cost=1), job(1, cost=3), job(2, cost=2)], 1)
    order = []
    while (each := scheduler.next_job("w0")) is not None:
        order.append(each.number)
        scheduler.ended("w0", each.number)
    assert order == [1, 2, 0]
    assert scheduler.is_done


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
@pytest.mark.parametrize("seed", range(3))
def test_workers_are_nearly_never_idle(job, workers, seed):
    chance = random.Random(seed)
    jobs = [job(number, cost=chance.choice([20, 100, 200, 900, 2006])) for number in range(200)]
    ideal = sum(each.cost for each in jobs) / workers
    assert simulate(jobs, workers) <= ideal / 0.97


def test_a_worker_keeps_its_model_and_steals_when_it_is_idle(job):
    jobs = [job(n, model="big", cost=10) for n in range(12)] + [job(n, model="small", cost=1) for n in range(12, 16)]
    scheduler = scheduler_of(jobs)
    first, second = scheduler.next_job("w0"), scheduler.next_job("w1")
    assert (first.model, second.model) == ("big", "big")
    assert scheduler.next_job("w0").model == "big"
    assert simulate(jobs, 2, loading=5) <= (124 + 3 * 5) / 2 + 10


def test_one_worker_loads_a_model_that_is_not_recorded(job):
    jobs = [job(n) for n in range(20)]
    scheduler = scheduler_of(jobs, recorded=())
    assert scheduler.next_job("w0") is not None
    assert scheduler.next_job("w1") is None
    # Nor is the loader handed more than the job with which it loads.
    assert scheduler.next_job("w0") is None
    scheduler.loaded("m")
    assert scheduler.next_job("w1") is not None
    assert scheduler.next_job("w0") is not None


def test_two_models_are_loaded_at_once_by_two_workers(job):
    scheduler = scheduler_of([job(0, model="a"), job(1, model="b")], recorded=())
    assert {scheduler.next_job("w0").model, scheduler.next_job("w1").model} == {"a", "b"}


def test_a_loader_that_is_lost_is_replaced(job):
    scheduler = scheduler_of([job(n) for n in range(4)], recorded=())
    scheduler.next_job("w0")
    assert scheduler.next_job("w1") is None
    assert scheduler.lost("w0") == []
    assert scheduler.next_job("w1") is not None


def test_a_job_in_advance_only_while_many_are_left(job):
    scheduler = scheduler_of([job(n) for n in range(2 * DEEP + 2)])
    assert scheduler.next_job("w0") is not None
    assert scheduler.next_job("w0") is not None
    assert scheduler.next_job("w0") is None
    few = scheduler_of([job(n) for n in range(4)])
    assert few.next_job("w0") is not None
    assert few.next_job("w0") is None


def test_the_jobs_of_a_lost_worker_are_handed_out_again(job):
    scheduler = scheduler_of([job(n) for n in range(3)])
    lost = scheduler.next_job("w0")
    assert scheduler.lost("w0") == []
    assert scheduler.next_job("w1").number == lost.number
    assert scheduler.ended("w0", lost.number) is None


def test_a_job_that_kills_its_workers_is_given_up_and_the_others_are_not(job):
    scheduler = scheduler_of([job(0, cost=9)] + [job(n) for n in range(1, 30)], 1)
    for life in range(MOST_LIVES):
        name = f"w{life}"
        if life:
            scheduler.add(name)
        assert scheduler.next_job(name).number == 0
        scheduler.next_job(name)
        given_up = scheduler.lost(name)
        assert [each.number for each in given_up] == ([0] if life == MOST_LIVES - 1 else [])
    scheduler.add("last")
    seen = set()
    while (each := scheduler.next_job("last")) is not None:
        seen.add(each.number)
        scheduler.ended("last", each.number)
    assert seen == set(range(1, 30))
    assert scheduler.is_done


def test_a_job_does_not_go_back_to_where_a_worker_died_with_it_while_others_compute(job):
    scheduler = Scheduler([job(n, cost=9 - n) for n in range(3)], {"m"})
    scheduler.add("w0", "0")
    scheduler.add("w1", "1")
    assert [scheduler.next_job(name).number for name in ("w0", "w1")] == [0, 1]
    scheduler.lost("w0")
    scheduler.add("w0.2", "0")
    assert scheduler.next_job("w0.2").number == 2
    scheduler.ended("w0.2", 2)
    assert scheduler.next_job("w0.2") is None
    scheduler.ended("w1", 1)
    assert scheduler.next_job("w1").number == 0


def test_a_job_goes_anywhere_once_no_other_place_computes(job):
    scheduler = Scheduler([job(0)], {"m"})
    scheduler.add("w0", "0")
    # Waits for a machine that it may never get.
    scheduler.add("w1", "1")
    scheduler.next_job("w0")
    scheduler.lost("w0")
    scheduler.add("w0.2", "0")
    assert scheduler.next_job("w0.2").number == 0


def test_a_model_that_loads_on_one_worker_only_is_computed_there(job):
    scheduler = scheduler_of([job(n) for n in range(3)])
    scheduler.next_job("w0")
    assert scheduler.exclude("w0", "m")
    assert scheduler.next_job("w0") is None
    assert scheduler.next_job("w1").model == "m"
    assert scheduler.stranded() == []


def test_a_model_that_loads_nowhere_is_stranded_or_said_to_be(job):
    scheduler = scheduler_of([job(n) for n in range(3)])
    scheduler.next_job("w0")
    assert scheduler.exclude("w0", "m")
    scheduler.lost("w1")
    assert [each.model for each in scheduler.stranded()] == ["m"]
    scheduler.drop_unwanted("m", [])
    assert scheduler.is_done


def test_the_last_worker_that_cannot_load_says_so(job):
    scheduler = scheduler_of([job(0)], 1)
    scheduler.next_job("w0")
    assert not scheduler.exclude("w0", "m")


def test_unwanted_jobs_are_forgotten(job):
    jobs = [job(n) for n in range(5)]
    scheduler = scheduler_of(jobs)
    scheduler.drop_unwanted("m", jobs[:2])
    assert scheduler.waiting == 2
    assert [each.number for each in scheduler.waiting_jobs("m")] == [0, 1]
    scheduler.drop_unwanted("unknown", [])


def test_a_hundred_thousand_jobs_are_scheduled_in_little_memory(job):
    """``benchmarks/many_jobs.py`` measures the time."""
    jobs = [job(n, model=f"m{n % 7}", cost=1 + n % 13) for n in range(100_000)]
    tracemalloc.start()
    assert simulate(jobs, 64) > 0
    assert tracemalloc.get_traced_memory()[1] < 1e9
    tracemalloc.stop()


def shared_job(make_job, number, group, cost):
    names = tuple(CellName("one", "t", language, "key") for language in group)
    return replace(make_job(number, cost=cost), shared=names)


def test_jobs_that_share_batches_go_to_one_worker_at_a_time(job):
    cheap, dear = ("deu_Latn", "swh_Latn"), ("tha_Thai", "yor_Latn")
    every_job = [shared_job(job, n, cheap if n < 2 else dear, (1.0, 1.5, 2.0, 1.0)[n]) for n in range(4)]
    scheduler = Scheduler(every_job, {"m"})
    for worker in "abc":
        scheduler.add(worker)
    assert scheduler.next_job("a").number == 2
    assert scheduler.next_job("b").number == 0
    assert scheduler.next_job("c") is None
    scheduler.ended("a", 2)
    assert scheduler.next_job("c").number == 3
    assert scheduler.next_job("a") is None
    scheduler.ended("b", 0)
    assert scheduler.next_job("a").number == 1


def test_a_lost_worker_gives_what_it_shared_to_another(job):
    every_job = [shared_job(job, n, ("deu_Latn", "swh_Latn"), 1.0) for n in range(2)]
    scheduler = Scheduler(every_job, {"m"})
    for worker in "ab":
        scheduler.add(worker)
    assert scheduler.next_job("a").number == 0
    assert scheduler.next_job("b") is None
    scheduler.lost("a")
    assert scheduler.next_job("b").number in (0, 1)
