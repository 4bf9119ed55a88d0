"""``kill -9`` at any moment: the same bytes in the end, no cell computed twice."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from polyarena.harness.store import RunFolder

CODE = """
import sys, time
sys.path.insert(0, sys.argv[2])
import toyarena
start = toyarena.ToyModel._start
def slow(self, requests):
    time.sleep(0.02)
    start(self, requests)
toyarena.ToyModel._start = slow
from polyarena.harness import plan, run
run(plan(sys.argv[1]))
"""

EXPERIMENT = """
name: crash
systems:
  - {name: one, model: toy, args: {voice: one}}
  - {name: two, model: toy, args: {voice: two}}
baseline: one
tasks: [toy_open, toy_choice]
judges: [rules, {name: long, judge: toy_length}]
statistics: {rounds: 200}
output: run
"""


@pytest.fixture
def start(repository, tmp_path):
    def start(folder):
        home = tmp_path / folder
        home.mkdir(exist_ok=True)
        (home / "experiment.yaml").write_text(EXPERIMENT)
        command = [sys.executable, "-c", CODE, str(home / "experiment.yaml"), str(repository / "tests" / "toys")]
        return subprocess.Popen(command, env={**os.environ, "TOY_LOG": str(home / "log")})

    return start


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("results", "report", "games", "scores")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_kills_change_nothing(start, tmp_path):
    whole = start("whole")
    began = time.monotonic()
    assert whole.wait(timeout=120) == 0
    lasted = time.monotonic() - began
    chance = random.Random(20261120)
    for _ in range(5):
        process = start("killed")
        time.sleep(chance.uniform(0.3, 1.0) * lasted)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    assert start("killed").wait(timeout=120) == 0
    assert digests(tmp_path / "killed" / "run") == digests(tmp_path / "whole" / "run")
    events = RunFolder(tmp_path / "killed" / "run").events()
    cells = [event["key"] for event in events if event["event"] == "CellDone"]
    # A cell may be stored and its event lost, never the other way round; none is stored twice.
    assert len(cells) == len(set(cells))
    assert not list((tmp_path / "killed" / "run").rglob("*.tmp"))
