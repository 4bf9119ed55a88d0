"""Measures runs and reports of many systems, languages and items: seconds and peak memory beside the goals.

    python benchmarks/report_scale.py [systems|games|judging ...] [--share 0.1] [--keep FOLDER]

Stored answers (invented, with the faults that the rules judge looks for) are run and judged by the ``rules`` judge, and
reported again. Each command is a process of its own. Seconds are those of the clock and, in brackets, those of the
processor; memory is the peak of the largest process. With ``--share`` only that share of the items is used.

- ``systems``: 200 systems, 4 languages, 50 items each.
- ``games``: 12 systems, 117 languages, 400 items each: a million games.
- ``judging``: 12 systems, 117 languages, 500 items each.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from polyarena.tasks.languages import all_languages

COMMAND = "import sys; from polyarena.harness.cli import main; sys.exit(main())"
LETTERS = {"Cyrl": "абвгдежзиклмнопрстуфхцчшя", "Arab": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "Deva": "कखगघचजटडतदनपबमयरलवसह"}
LATIN = "abcdefghiklmnoprstuvz"


@dataclass(frozen=True)
class Shape:
    """How much there is, and the goals of the run and of the report: seconds and MiB, or ``None``."""

    systems: int
    languages: int
    items: int
    run_goal: tuple[float, float] | None
    report_goal: tuple[float, float] | None


SHAPES = {
    "systems": Shape(200, 4, 50, None, (20, 1_000)),
    "games": Shape(12, 117, 400, None, (60, 1_000)),
    "judging": Shape(12, 117, 500, (600, 1_500), (60, 1_000)),
}


def languages(count: int) -> list[tuple[str, str]]:
    """Return the codes and scripts of the first languages of the table."""
    codes = [language.code for language in all_languages()][:count]
    return [(code, code.partition("_")[2]) for code in codes]


def words(rng: random.Random, script: str) -> list[str]:
    letters = LETTERS.get(script, LATIN)
    return ["".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(400)]


def answers(rng: random.Random, vocabulary: list[str], count: int) -> Iterator[dict[str, str]]:
    """Yield answers of some 40 words, a few of them empty, cut off, or running in circles."""
    for number in range(count):
        text, fault = " ".join(rng.choices(vocabulary, k=rng.randint(20, 60))) + ".", rng.random()
        if fault < 0.02:
            text = ""
        elif fault < 0.08:
            text = f"{text} " * 12
        yield {"item_id": str(number), "text": text, "finish_reason": "length" if fault > 0.9 else "stop"}


def write(path: Path, rows: Iterator[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def make(folder: Path, shape: Shape, items: int) -> Path:
    """Write prompts, answers and the experiment, and return the path of the latter."""
    rng, systems = random.Random(0), [f"system-{number:03}" for number in range(shape.systems)]
    prompts = []
    for code, script in languages(shape.languages):
        vocabulary = words(rng, script)
        for number in range(items):
            prompt = " ".join(rng.choices(vocabulary, k=12)) + "?"
            prompts.append({"id": str(number), "source_id": str(number), "language": code, "prompt": prompt})
        for system in systems:
            write(folder / "answers" / system / f"{code}.jsonl", answers(rng, vocabulary, items))
    write(folder / "prompts.jsonl", iter(prompts))
    experiment = {
        "name": "scale",
        "systems": [
            {"name": system, "model": "completions", "args": {"path": str(folder / "answers" / system)}}
            for system in systems
        ],
        "baseline": systems[0],
        "tasks": [{"task": {"path": str(folder / "prompts.jsonl"), "licence": "CC0-1.0", "provenance": "native"}}],
        "judges": [{"name": "rules", "judge": "rules"}],
        "output": str(folder / "run"),
    }
    path = folder / "experiment.yaml"
    path.write_text(json.dumps(experiment), encoding="utf-8")
    return path


def measured(*arguments: str) -> tuple[float, float, float]:
    """Return the seconds of the clock, those of the processor, and the peak memory in MiB of a command."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {process.returncode}")
    # Kilobytes on Linux, bytes on macOS.
    memory = used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, memory


def goal(chosen: tuple[float, float] | None) -> str:
    return "-" if chosen is None else f"{chosen[0]:g} s, {chosen[1]:g} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("shapes", nargs="*", help=f"of {', '.join(SHAPES)}; default: all")
    parser.add_argument("--share", type=float, default=1.0, help="share of the items")
    parser.add_argument("--keep", type=Path, help="folder of the data and runs, kept for the next time")
    arguments = parser.parse_args()
    print("| what | command | seconds (processor) | MiB at most | goal | files |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for name in arguments.shapes or SHAPES:
        with ExitStack() as stack:
            root = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            measure(SHAPES[name], (root / name).resolve(), arguments.share)


def measure(shape: Shape, folder: Path, share: float) -> None:
    """Run and report one shape, and print a row of the table for each."""
    items, file, run = max(2, round(shape.items * share)), folder / "experiment.yaml", folder / "run"
    if not file.exists():
        make(folder, shape, items)
    games = (shape.systems - 1) * shape.languages * items * 2
    title = f"{shape.systems} systems x {shape.languages} languages x {items} items, {games:,} games"
    commands = (("run", str(file), "--quiet"), shape.run_goal), (("report", str(run)), shape.report_goal)
    for command, chosen in commands:
        clock, processor, memory = measured(*command)
        written = [each for part in ("results", "report") for each in (run / part).rglob("*") if each.is_file()]
        spent = f"{clock:.1f} ({processor:.1f}) | {memory:.0f}"
        print(f"| {title} | `{command[0]}` | {spent} | {goal(chosen)} | {len(written)} |", flush=True)


if __name__ == "__main__":
    main()
