"""Measures the memory and the time of whole runs that judge many games: 23,000, and five times as many.

    python benchmarks/judging_run.py [candidates ...]

Made-up prompts and answers of m-ArenaHard's size (500 prompts in 23 languages) are planned, judged through a server in
another process that answers after 200 ms, collapsed and reported, exactly as `polyarena run` does it. Each run is a
process of its own; its peak memory is printed once all games are judged, and once the report is written.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from judging import LATENCY_S, peak_mib, server

CODES = "ar cs de el en es fa fr he hi id it ja ko nl pl pt ro ru tr uk vi zh"
LANGUAGES = CODES.split()
PROMPTS = 500
ANSWER = "An answer of some length, with a list:\n- one\n- two\n" * 30
CANDIDATES = (1, 5)
WIDTH = 256


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def make(folder: Path, candidates: int, url: str) -> Path:
    """Write prompts, answers and the experiment, and return the path of the latter."""
    systems = [f"system-{number}" for number in range(candidates + 1)]
    for language in LANGUAGES:
        prompts = [
            {
                "question_id": f"{n:032x}",
                "cluster": "c",
                "category": "x",
                "prompt": f"Question {n}, in {language}? " * 8,
            }
            for n in range(PROMPTS)
        ]
        write(folder / "hub/CohereLabs/m-ArenaHard" / language / "test.jsonl", prompts)
        for system in systems:
            answers = [{"question_id": f"{n:032x}", "completion": f"{system}: {n}. {ANSWER}"} for n in range(PROMPTS)]
            write(folder / "answers" / system / f"{language}.jsonl", answers)
    judge = {"base_url": url, "model": "m", "concurrency": WIDTH}
    experiment = {
        "name": "judging",
        "systems": [
            {"name": system, "model": "completions", "args": {"path": str(folder / "answers" / system)}}
            for system in systems
        ],
        "baseline": systems[0],
        "tasks": ["m_arenahard"],
        "data_root": str(folder / "hub"),
        "judges": [{"name": "llm", "judge": "llm", "endpoint": judge}],
        "statistics": {"rounds": 1000},
    }
    path = folder / "judging.yaml"
    path.write_text(json.dumps(experiment), encoding="utf-8")
    return path


def one(experiment: Path) -> None:
    """Do one run and print what it took."""
    from polyarena.harness import plan, run
    from polyarena.harness.events import CellDone, Event, GamesDone

    peaks: dict[str, float] = {}
    times: dict[str, float] = {}

    def listen(event: Event) -> None:
        kind = type(event)
        if kind in (CellDone, GamesDone):
            peaks[kind.__name__] = peak_mib()
            times[kind.__name__] = time.monotonic()

    started = time.monotonic()
    finished = run(plan(experiment, output=experiment.parent / "run"), listener=listen)
    whole = peak_mib()
    assert not finished.failures
    games = len(finished.games())
    judging = times["GamesDone"] - times["CellDone"]
    ideal = games / WIDTH * LATENCY_S
    print(
        f"{games} games: judged in {judging:.0f} s, {ideal / judging:.1%} of the ideal with {WIDTH} in flight; peak "
        f"memory {peaks['CellDone']:.0f} MiB with the answers, {peaks['GamesDone']:.0f} MiB with the games, "
        f"{whole:.0f} MiB with the report; all in {time.monotonic() - started:.0f} s; load {os.getloadavg()[0]:.1f}"
    )


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--one"]:
        one(Path(arguments[1]))
        return 0
    for candidates in map(int, arguments or map(str, CANDIDATES)):
        with server(LATENCY_S) as url, tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, __file__, "--one", str(make(Path(folder), candidates, url))], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
