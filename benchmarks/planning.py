"""Measures what it takes to plan the suite aya99: seconds and peak memory, for one language and for all 99.

    python benchmarks/planning.py [--scale 0.1] [--keep FOLDER]

A mirror of the full size (3.1 million rows, 2.0 GB) is written to a temporary folder, or to FOLDER, which is then
used again. ``POLYARENA_TEST_DATA`` is not needed. Each plan is a process of its own, ``polyarena plan --json``: the
first reads and digests all data, the second finds its notes in the cache folder, as every later one does. Seconds are
those of the processor, and in brackets those of the clock, which also tell of whatever else the machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from full_mirror import write_mirror

COMMAND = "import sys; from polyarena.harness.cli import main; sys.exit(main())"
LANGUAGES = {"1 language": "swh_Latn", "99 languages": "aya99"}
SETTLE_S = 3


def measured(file: Path, cache: Path) -> tuple[str, float, int]:
    """Return the seconds, the peak memory in MiB, and the number of cells of one plan in a process of its own."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "plan", str(file), "--json"],
            stdout=output,
            env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = f"{used.ru_utime + used.ru_stime:.2f} ({time.perf_counter() - started:.2f})"
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"the plan of {file} ended with {process.returncode}")
        output.seek(0)
        cells = len(json.load(output)["cells"])
    # Kilobytes on Linux, bytes on macOS.
    return seconds, used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10), cells


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="share of the rows")
    parser.add_argument("--keep", type=Path, help="folder of the mirror, kept for the next time")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        root = arguments.keep or scratch / "hub"
        if not root.is_dir() or not any(root.iterdir()):
            rows = write_mirror(root, arguments.scale)
            size = sum(path.stat().st_size for path in root.rglob("*.jsonl"))
            print(f"the mirror has {rows:,} rows, {size / 1e9:.2f} GB")
            time.sleep(SETTLE_S)  # nothing is noted of files that have just changed
        print("| plan of aya99 | cells | seconds, first | seconds, again | MiB at most, first | MiB at most, again |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for title, selector in LANGUAGES.items():
            file = scratch / f"{selector}.yaml"
            entry = f"{{suite: aya99, languages: {selector}, exclude: [include_v2, multi_if]}}"  # not in the mirror
            head = f"name: speed\nsystems: [{{name: a, model: dummy}}]\ndata_root: {root.resolve()}\n"
            file.write_text(f"{head}tasks: [{entry}]\noutput: {scratch / 'run'}\n", encoding="utf-8")
            cache = scratch / f"cache-{selector}"
            (first, most, cells), (again, later, _) = measured(file, cache), measured(file, cache)
            print(f"| {title} | {cells} | {first} | {again} | {most:.0f} | {later:.0f} |", flush=True)


if __name__ == "__main__":
    main()
