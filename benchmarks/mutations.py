"""Breaks one line at a time and runs the tests of its file: a test must fail for each.

    python benchmarks/mutations.py [--only NAME]

The repository is copied to a temporary folder, where each of :data:`MUTATIONS` (of the statistics, the parser of
verdicts and the store) is made, tested and taken back. The exit code is 1 if the tests let one pass.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("tasks", "judges", "reports", "harness")
LONGEST_S = 600


@dataclass(frozen=True)
class Mutation:
    """One line that is broken.

    Attributes:
        name: What the broken line does.
        file: Where it is.
        line: What it contains; once in the file.
        broken: What takes its place.
        tests: The tests of the file.
    """

    name: str
    file: str
    line: str
    broken: str
    tests: tuple[str, ...]


MUTATIONS = (
    Mutation(
        "the macro average resamples translations apart",
        "reports/stats/resampling.py",
        "shared = csr_array(present.T.astype(np.int64) @ present.astype(np.int64))",
        "shared = csr_array(np.eye(present.shape[1], dtype=np.int64))",
        ("tests/reports/stats/test_resampling.py",),
    ),
    Mutation(
        "pass@k counts one failure too many",
        "reports/stats/pass_rates.py",
        "return 1.0 - math.comb(n - passed, k) / math.comb(n, k)",
        "return 1.0 - math.comb(n - passed + 1, k) / math.comb(n + 1, k)",
        ("tests/reports/stats/test_pass_rates.py",),
    ),
    Mutation(
        "power forgets what languages share",
        "reports/stats/statistical_power.py",
        "shared = self.icc * self.sd**2",
        "shared = 0.0",
        ("tests/reports/stats/test_statistical_power.py", "tests/reports/stats/test_noise_and_samples.py"),
    ),
    Mutation(
        "the bias correction of BCa ignores ties",
        "reports/stats/bootstrap_intervals.py",
        "share = (np.count_nonzero(replicates < estimate) + 0.5 * np.count_nonzero(replicates == estimate)) / rounds",
        "share = np.count_nonzero(replicates < estimate) / rounds",
        ("tests/reports/stats/test_intervals.py",),
    ),
    Mutation(
        "a tie counts as a win",
        "judges/collapse.py",
        "Label.TIE: 0.5,",
        "Label.TIE: 1.0,",
        ("tests/judges/test_collapse.py",),
    ),
    Mutation(
        "a verdict for the second place goes to the candidate",
        "judges/collapse.py",
        "return score if score is None or game.system_a == candidate else 1.0 - score",
        "return score",
        ("tests/judges/test_collapse.py",),
    ),
    Mutation(
        "the parser reads quoted lines",
        "judges/llm/parse.py",
        '_QUOTED_LINE = re.compile(r"^[ \\t]*>.*$", re.MULTILINE)',
        '_QUOTED_LINE = re.compile(r"^[ \\t]*>>>>.*$", re.MULTILINE)',
        ("tests/judges/llm/test_llm_parse.py",),
    ),
    Mutation(
        "the parser takes a label of a reply that was cut off",
        "judges/llm/parse.py",
        "    if cut_off:\n        return None",
        "    if cut_off and not said:\n        return None",
        ("tests/judges/llm/test_llm_parse.py", "tests/judges/llm/test_llm_follow_up.py"),
    ),
    Mutation(
        "a damaged shard counts as whole",
        "harness/store/shard.py",
        "return hashlib.sha256(_exchange(content, checksum, _UNKNOWN)).hexdigest() == checksum",
        "return True",
        ("tests/harness/store",),
    ),
    Mutation(
        "a file is written in place, so that a kill leaves half of it",
        "harness/store/atomic.py",
        "            temporary.replace(path)",
        "            path.write_bytes(temporary.read_bytes())",
        ("tests/harness/store",),
    ),
)


def main() -> int:
    """Break, test and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="the name of one mutation, or a part of it")
    only = parser.parse_args().only or ""
    chosen = [mutation for mutation in MUTATIONS if only in mutation.name]
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "copy"
        copytree(ROOT, copy, ignore=ignore_patterns(".*", "build", "dist", "_build", "*.egg-info", "__pycache__"))
        rooms = Path(place) / "rooms" / "polyarena"
        rooms.mkdir(parents=True)
        for room in ROOMS:
            (rooms / room).symlink_to(copy / room)
        missed = [mutation for mutation in chosen if not _is_caught(mutation, copy, rooms.parent)]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} caught")
    return 1 if missed else 0


def _is_caught(mutation: Mutation, copy: Path, rooms: Path) -> bool:
    path = copy / mutation.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutation.line) != 1:
        raise SystemExit(f"{mutation.file} does not contain this line once: {mutation.line}")
    started = time.monotonic()
    before = _failures(mutation, copy, rooms)
    if before:
        raise SystemExit(f"tests fail already: {before}")
    path.write_text(text.replace(mutation.line, mutation.broken), encoding="utf-8")
    failures = _failures(mutation, copy, rooms)
    path.write_text(text, encoding="utf-8")
    seconds = time.monotonic() - started
    told = failures[0] if failures else "no test failed"
    print(
        f"{'caught' if failures else 'MISSED'}  {mutation.name} ({mutation.file}, {seconds:.0f} s): {told}", flush=True
    )
    return bool(failures)


def _failures(mutation: Mutation, copy: Path, rooms: Path) -> list[str]:
    """Return the tests of a mutation that fail, up to the first."""
    # The copy's rooms come before those that are installed; no bytecode of the unbroken line is left to be read.
    environment = {**os.environ, "PYTHONPATH": str(rooms), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
    module = "polyarena." + mutation.file.removesuffix(".py").replace("/", ".")
    check = f"import importlib, sys; sys.exit({str(rooms)!r} not in importlib.import_module({module!r}).__file__)"
    subprocess.run([sys.executable, "-c", check], env=environment, check=True, timeout=LONGEST_S)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutation.tests]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=LONGEST_S)
    if done.returncode not in (0, 1):
        raise SystemExit(f"the tests of {mutation.file} cannot be run:\n{done.stdout}\n{done.stderr}")
    return [line.split(" - ")[0] for line in done.stdout.splitlines() if line.startswith("FAILED")]


if __name__ == "__main__":
    sys.exit(main())
