"""Measures how well the cells of a system behind an endpoint fill the requests that may be in flight.

    python benchmarks/in_flight.py [cells] [stream [REQUESTS]] [--slower FACTOR] [--width WIDTH]

``cells`` runs 99 languages x 20 prompts with 64 and with 256 requests in flight, exactly as ``polyarena run`` does, and
compares the time of the cells with a greedy schedule of the same latencies in the same order. ``stream`` runs many more
requests with 256 in flight, 20,000 unless told otherwise, and prints the share of slots x time in use and the peak
memory after each quarter. A server in another process answers after 0.2 s, and after ten times as long for one question
in twenty. On a machine that does other work, ``--slower`` multiplies all latencies, so that its few requests a second
measure the schedule and not the machine; the processor time of each request is printed as well.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from judging import peak_mib
from judging_server import Server, answer, serve, whole

LATENCY_S, SLOW_S, SLOW_SHARE = 0.2, 2.0, 0.05
WIDTHS = (64, 256)
LANGUAGES, PROMPTS = 99, 20
REQUESTS = 20_000
GOAL = 1.05
SLOWER = "POLYARENA_BENCHMARK_SLOWER"


def latency(question: str) -> float:
    """Return the seconds that the server takes to answer a question."""
    seconds = SLOW_S if random.Random(question).random() < SLOW_SHARE else LATENCY_S
    return seconds * float(os.environ.get(SLOWER, "1"))


class HeavyTail(Server):
    """Answers each question after its own latency."""

    reply = whole(answer("An answer in a few words."))

    def latency(self, body: bytes) -> float:
        """Return the seconds of this question."""
        return latency(json.loads(body)["messages"][-1]["content"])

    def respond(self, url: str, body: bytes) -> tuple[bytes | None, bool]:  # noqa: ARG002 - a fixed answer
        """Return the fixed answer."""
        return self.reply, False


def greedy(latencies: list[float], width: int) -> float:
    """Return the seconds of a schedule that begins each request, in order, as soon as a slot is free."""
    slots = [0.0] * width
    for seconds in latencies:
        heapq.heappush(slots, heapq.heappop(slots) + seconds)
    return max(slots)


@contextmanager
def server() -> Iterator[str]:
    """Start the server, on another core where there is one, and yield its address."""
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        port = (process.stdout.readline() if process.stdout else "").strip()
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def make(folder: Path, url: str, width: int, prompts: int) -> tuple[Path, list[str]]:
    """Write prompts and the experiment; return the path of the latter and the questions in order."""
    from polyarena.tasks.languages.table import all_languages

    codes = sorted(language.code for language in all_languages())[:LANGUAGES]
    rows = [{"id": str(n), "language": code, "prompt": f"{code} {n}?"} for code in codes for n in range(prompts)]
    (folder / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    endpoint = {"base_url": url, "model": "m", "concurrency": width, "api_key_env": "POLYARENA_BENCHMARK_KEY"}
    experiment = {
        "name": "in-flight",
        "systems": [{"name": "system", "model": "endpoint", "args": endpoint}],
        "tasks": [{"task": {"path": "prompts.jsonl", "licence": "CC0-1.0", "provenance": "native"}}],
        "statistics": {"rounds": 100},
    }
    path = folder / "experiment.yaml"
    path.write_text(json.dumps(experiment), encoding="utf-8")
    return path, [row["prompt"] for row in rows]


@dataclass(frozen=True)
class Measured:
    """A run.

    Attributes:
        seconds: From the first cell begun to the last one stored.
        latencies: Of the requests, in order.
        peaks: Peak memory in MiB after each quarter of the cells.
        cpu_ms: Processor time of this process for each request, in milliseconds.
    """

    seconds: float
    latencies: list[float]
    peaks: list[float]
    cpu_ms: float


def measure(width: int, prompts: int) -> Measured:
    """Run the cells of one system."""
    from polyarena.harness import plan, run
    from polyarena.harness.events import CellDone, CellStarted, Event

    started: list[tuple[float, float]] = []
    done: list[tuple[float, float]] = []
    peaks: list[float] = []

    def listen(event: Event) -> None:
        if isinstance(event, CellStarted):
            started.append((time.monotonic(), time.process_time()))
        elif isinstance(event, CellDone):
            done.append((time.monotonic(), time.process_time()))
            if len(done) % (LANGUAGES // 4) == 0:
                peaks.append(peak_mib())

    with server() as url, tempfile.TemporaryDirectory() as folder:
        path, questions = make(Path(folder), url, width, prompts)
        finished = run(plan(path, output=Path(folder) / "run"), listener=listen, report=False)
        assert not finished.failures, finished.failures[0].error
    seconds, cpu = (end - begin for end, begin in zip(done[-1], started[0], strict=True))
    return Measured(seconds, [latency(question) for question in questions], peaks, 1000 * cpu / len(questions))


def cells(widths: Sequence[int] = WIDTHS) -> bool:
    met = True
    for width in widths:
        took = measure(width, PROMPTS)
        ideal = greedy(took.latencies, width)
        met &= took.seconds <= GOAL * ideal
        print(
            f"{LANGUAGES} languages x {PROMPTS} prompts, {width} in flight: cells took {took.seconds:.2f} s, a greedy "
            f"schedule {ideal:.2f} s; ratio {took.seconds / ideal:.3f} (goal {GOAL}); {took.cpu_ms:.2f} ms of "
            f"processor time a request; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    return met


def stream(requests: int) -> None:
    width = WIDTHS[-1]
    took = measure(width, -(-requests // LANGUAGES))
    share = sum(took.latencies) / (width * took.seconds)
    shown = ", ".join(f"{peak:.0f}" for peak in took.peaks)
    print(
        f"{len(took.latencies)} requests, {width} in flight: {took.seconds:.1f} s, {share:.1%} of slots x time in use; "
        f"peak MiB after each quarter of the cells: {shown}; {took.cpu_ms:.2f} ms of processor time a request; "
        f"load {os.getloadavg()[0]:.1f}"
    )


def main(arguments: list[str]) -> int:
    if arguments == ["--serve"]:
        asyncio.run(serve(HeavyTail(LATENCY_S, False)))
        return 0
    os.environ.setdefault("POLYARENA_BENCHMARK_KEY", "none")
    if "--slower" in arguments:
        place = arguments.index("--slower")
        os.environ[SLOWER] = arguments[place + 1]
        arguments = arguments[:place] + arguments[place + 2 :]
    widths = WIDTHS
    if "--width" in arguments:
        place = arguments.index("--width")
        widths = (int(arguments[place + 1]),)
        arguments = arguments[:place] + arguments[place + 2 :]
    chosen = [each for each in arguments if not each.isdigit()] or ["cells", "stream"]
    met = cells(widths) if "cells" in chosen else True
    if "stream" in chosen:
        stream(next((int(each) for each in arguments if each.isdigit()), REQUESTS))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
