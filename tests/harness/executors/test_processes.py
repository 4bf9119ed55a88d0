"""Workers as processes: real ones, killed and interrupted, give the bytes of a run in one process."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from polyarena.harness.executors.fork_server import IS_OFFERED
from polyarena.harness.executors.processes import ProcessLauncher, visible_gpus
from polyarena.harness.executors.spool import WorkerFolder
from polyarena.harness.store import RunFolder
from polyarena.harness.store.lease import process_start

CODE = """
import sys
from polyarena.harness.cli import main
sys.exit(main())
"""
EXPERIMENT = {
    "name": "processes",
    "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
    "baseline": "one",
    "tasks": ["toy_open", "toy_choice"],
    "judges": [{"name": "long", "judge": "toy_length"}],
    "statistics": {"rounds": 200},
}
PATIENCE_S = 240


def sleeps(folder: str, device: str = "", parent: int = 0) -> None:
    """A worker that writes what it was started with, and waits as long as the test is there."""
    written = Path(folder, "written")
    written.write_text(json.dumps([device, os.environ.get("CUDA_VISIBLE_DEVICES")]))
    written.rename(Path(folder, "started"))
    while os.getppid() == parent:
        time.sleep(0.5)


@pytest.mark.parametrize(
    ("named", "gpus"),
    [("0,1", ["0", "1"]), ("", []), ("-1", []), ("GPU-abc, GPU-def", ["GPU-abc", "GPU-def"])],
)
def test_the_gpus_that_may_be_used(monkeypatch, named, gpus):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_gpus() == gpus
    assert ProcessLauncher().workers == max(1, len(gpus))
    assert ProcessLauncher(5).workers == 5


@pytest.mark.parametrize(
    "forks", [False, pytest.param(True, marks=pytest.mark.skipif(not IS_OFFERED, reason="no fork"))]
)
def test_each_process_sees_one_gpu_and_is_ended(tmp_path, monkeypatch, make_work, forks):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    # A busy machine may take its time to end a process, too.
    monkeypatch.setattr("polyarena.harness.executors.processes.KILL_AFTER_S", PATIENCE_S)
    sleeps.__module__ = "test_processes"
    launcher = ProcessLauncher(forks=forks)
    folders = {place: WorkerFolder(tmp_path / f"w{place}") for place in range(2)}
    for folder in folders.values():
        folder.path.mkdir()
    handles = launcher.start(folders, make_work([], worker=sleeps))
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not all((folder.path / "started").exists() for folder in folders.values()):
            assert time.monotonic() < deadline
            assert all(handle.ended() is None for handle in handles.values()), folders[0].log.read_text()
            time.sleep(0.05)
    finally:
        for handle in handles.values():
            handle.stop()
    ends = {handle.ended() for handle in handles.values()}
    launcher.close()
    seen = {place: json.loads((folder.path / "started").read_text()) for place, folder in folders.items()}
    assert seen == {0: ["gpu", "3"], 1: ["gpu", "5"]}
    assert ends == {"killed by signal 15"}


@pytest.fixture
def start(tmp_path, repository):
    def start(name, *arguments):
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        (home / "experiment.yaml").write_text(json.dumps(EXPERIMENT))
        environment = {**os.environ, "TOY_LOG": str(home / "log"), "PYTHONPATH": str(repository / "tests" / "toys")}
        command = [sys.executable, "-c", CODE, "run", "experiment.yaml", "--output", "run", "--quiet", *arguments]
        return subprocess.Popen(command, cwd=home, env=environment, stderr=subprocess.PIPE, text=True)

    return start


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("cells", "scores", "games", "results")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def finish(process):
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said


def workers_of(folder):
    found = []
    for path in (folder / "workers").glob("*/*/events.jsonl"):
        # A last line may be half written.
        whole, _, _ = path.read_text().rpartition("\n")
        for line in whole.splitlines():
            record = json.loads(line)
            if record["event"] == "WorkerReady":
                found.append(record["pid"])
    return found


@pytest.mark.slow
def test_any_number_of_processes_gives_the_same_bytes_whoever_is_killed(start, tmp_path):
    finish(start("local"))
    expected = digests(tmp_path / "local" / "run")
    finish(start("two", "--executor", "processes:2"))
    assert digests(tmp_path / "two" / "run") == expected
    process = start("killed", "--executor", "processes:2")
    folder = tmp_path / "killed" / "run"
    deadline = time.monotonic() + PATIENCE_S
    while not (pids := workers_of(folder)) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    if process.poll() is None:
        os.kill(pids[0], signal.SIGKILL)
    finish(process)
    assert digests(folder) == expected
    cells = Counter(event["key"] for event in RunFolder(folder).events() if event["event"] == "CellDone")
    assert set(cells.values()) == {1}


@pytest.mark.slow
def test_workers_end_with_their_coordinator_and_another_goes_on(start, tmp_path):
    process = start("dies", "--executor", "processes:2")
    folder = tmp_path / "dies" / "run"
    deadline = time.monotonic() + PATIENCE_S
    while not (pids := workers_of(folder)):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.kill()
    process.communicate()
    # Not by /proc alone: nobody may wait for a process whose parent was killed.
    while any(process_start(pid) is not None for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    finish(start("dies", "--executor", "processes:2"))
    finish(start("local"))
    assert digests(folder) == digests(tmp_path / "local" / "run")
