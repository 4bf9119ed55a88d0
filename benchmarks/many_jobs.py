"""Measures what it takes to plan and schedule 100,000 jobs: processor seconds and peak memory.

    python benchmarks/many_jobs.py [--systems 1011] [--workers 64]

Each system has a cell of one item in each of 99 languages. The plan is made as ``polyarena run`` makes it; then all
jobs are handed out to workers that end each at once. The goal is 60 s and 1 GB for 100,000 jobs.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from executors import make

LANGUAGES = 99
GOAL_S, GOAL_MIB = 60.0, 1000.0


def hand_out(jobs: list[object], workers: int) -> int:
    """Hand out all jobs; return how many ended."""
    from polyarena.harness.executors.scheduling import Scheduler

    scheduler = Scheduler(jobs, {job.model for job in jobs})
    names = [f"worker-{number}" for number in range(workers)]
    for name in names:
        scheduler.add(name)
    ended = 0
    while not scheduler.is_done:
        for name in names:
            while scheduler.next_job(name) is not None:
                pass
            for job in scheduler.jobs_of(name)[:1]:
                scheduler.ended(name, job.number)
                ended += 1
    return ended


def main() -> int:
    """Plan, schedule and print."""
    from polyarena.harness import plan
    from polyarena.harness.running.work_units import jobs

    parser = argparse.ArgumentParser()
    parser.add_argument("--systems", type=int, default=1011)
    parser.add_argument("--workers", type=int, default=64)
    arguments = parser.parse_args()
    os.environ["SLEEP_S"] = "0"
    with tempfile.TemporaryDirectory() as name:
        path = make(Path(name), [1] * LANGUAGES)
        sys.path.insert(0, str(path.parent / "package"))
        experiment = json.loads(path.read_text())
        experiment["systems"] = [
            {"name": f"system-{number:04}", "model": "sleeping", "args": {"number": number}}
            for number in range(arguments.systems)
        ]
        path.write_text(json.dumps(experiment))
        times = [time.process_time()]
        planned = plan(path, output=path.parent / "run")
        times.append(time.process_time())
        every_job = jobs(planned, planned.missing_cells)
        times.append(time.process_time())
        ended = hand_out(every_job, arguments.workers)
        times.append(time.process_time())
    planning, dividing, scheduling = (after - before for before, after in pairwise(times))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{ended} jobs of {len(planned.cells)} cells: planned in {planning:.1f} s of processor time, divided in "
        f"{dividing:.1f} s, scheduled on {arguments.workers} workers in {scheduling:.1f} s; peak {peak:.0f} MiB "
        f"(goal {GOAL_S:.0f} s, {GOAL_MIB:.0f} MiB)"
    )
    return 0 if times[-1] - times[0] < GOAL_S and peak < GOAL_MIB and ended == len(every_job) else 1


if __name__ == "__main__":
    sys.exit(main())
