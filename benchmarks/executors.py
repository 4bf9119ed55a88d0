"""Measures how well workers share uneven cells, and whether their number changes a byte.

    python benchmarks/executors.py [--workers 1,2,4,8] [--item-ms 2] [--executor processes|ray]

99 languages have between 20 and 14,042 items. A scripted model sleeps for a fixed time for each item, so that two cores
suffice for eight workers. Printed for each number of workers: the time from the first cell begun to the last one stored
against the ideal (all sleep shared equally), and the share of the workers' time, from when each is ready, in which they
compute. On a machine that does other work the second number measures the scheduling, the first one also the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

SIZES = [20] * 60 + [100] * 30 + [1000] * 7 + [5000, 14_042]
GOAL = 0.95
MODEL = """
import time, os
from polyarena.harness.models.protocol import GenerateResult
from polyarena.tasks.item import Kind

class SleepingModel:
    provenance = {"kind": "sleeping"}
    def generate(self, requests):
        time.sleep(float(os.environ["SLEEP_S"]) * len(requests))
        return [GenerateResult(request.messages[-1]["content"], f"answer {request.item_id}") for request in requests]
    def choose(self, requests):
        raise NotImplementedError
    def close(self):
        pass

class SleepingType:
    inputs = frozenset({"text"})
    def check(self, args, context, where): pass
    def supports(self, kind): return kind is not Kind.MULTIPLE_CHOICE
    def endpoint(self, args): return None
    def identity(self, args, context, language): return {"type": "sleeping"}
    def load(self, args, chat_template, context): return SleepingModel()

model_type = SleepingType()
"""


def make(folder: Path, sizes: Sequence[int] = SIZES) -> Path:
    """Write the model's distribution, the prompts and the experiment; return the path of the latter."""
    from polyarena.tasks.languages.table import all_languages

    information = folder / "package" / "sleeping-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: sleeping\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[polyarena.models]\nsleeping = sleeping_model:model_type\n")
    (folder / "package" / "sleeping_model.py").write_text(MODEL)
    codes = sorted(language.code for language in all_languages())
    rows = (
        {"id": str(n), "language": code, "prompt": f"{code} {n}?"}
        for code, size in zip(codes, sizes, strict=False)
        for n in range(size)
    )
    (folder / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    experiment = {
        "name": "executors",
        "systems": [{"name": "system", "model": "sleeping"}],
        "tasks": [{"task": {"path": "prompts.jsonl", "licence": "CC0-1.0", "provenance": "native"}}],
        "statistics": {"rounds": 100},
    }
    path = folder / "experiment.yaml"
    path.write_text(json.dumps(experiment), encoding="utf-8")
    return path


def digest(run: Path) -> str:
    """Return a digest of the bytes of all cells."""
    whole = hashlib.sha256()
    for path in sorted((run / "cells").rglob("*.parquet")):
        whole.update(path.relative_to(run).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()[:16]


def one(path: Path, kind: str, workers: int, item_s: float) -> None:
    """Do one run and print a line about it."""
    from polyarena.harness import plan, run
    from polyarena.harness.events import CellDone, CellStarted, Event, WorkerStarted
    from polyarena.harness.executors.site import choose_executor

    ready: list[float] = []
    begun: list[float] = []
    done: list[float] = []
    busy: list[float] = []

    def listen(event: Event) -> None:
        now = time.monotonic()
        if isinstance(event, WorkerStarted):
            ready.append(now)
        elif isinstance(event, CellStarted):
            begun.append(now)
        elif isinstance(event, CellDone):
            done.append(now)
            busy.append(event.seconds)

    folder = path.parent / f"run-{kind}-{workers}"
    executor = choose_executor(f"{kind}:{workers}")
    finished = run(plan(path, output=folder), executor=executor, listener=listen, report=False)
    assert not finished.failures, finished.failures[0].error
    seconds = done[-1] - begun[0]
    ideal = item_s * sum(SIZES) / workers
    share = sum(busy) / sum(done[-1] - each for each in ready)
    print(
        f"{workers} {kind}: {seconds:.1f} s, ideal {ideal:.1f} s ({ideal / seconds:.1%}); workers computed in "
        f"{share:.1%} of their time (goal {GOAL:.0%}); bytes {digest(folder)}; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", default="1,2,4,8")
    parser.add_argument("--item-ms", type=float, default=2.0)
    parser.add_argument("--executor", default="processes")
    parser.add_argument("--one", type=Path)
    arguments = parser.parse_args()
    item_s = arguments.item_ms / 1000
    if arguments.one:
        one(arguments.one, arguments.executor, int(arguments.workers), item_s)
        return 0
    with tempfile.TemporaryDirectory() as name:
        path = make(Path(name))
        environment = {**os.environ, "SLEEP_S": str(item_s), "PYTHONPATH": str(path.parent / "package")}
        for workers in arguments.workers.split(","):
            command = [sys.executable, __file__, "--one", str(path), "--workers", workers]
            command += ["--executor", arguments.executor, "--item-ms", str(arguments.item_ms)]
            subprocess.run(command, env=environment, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
