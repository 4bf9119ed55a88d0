"""Workers that are forked: real processes, their ends, and the end of the process that forks them."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import forked_workers
import pytest

from polyarena.harness.executors.fork_server import IS_OFFERED, LOST, ForkServer
from polyarena.harness.executors.processes import ProcessLauncher
from polyarena.harness.executors.spool import WorkerFolder
from polyarena.harness.store.lease import process_start

PATIENCE_S = 900
pytestmark = pytest.mark.skipif(not IS_OFFERED, reason="no fork here")


@pytest.fixture(autouse=True)
def _found(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(forked_workers.__file__).parent))
    # A busy machine may take its time to end a process, too.
    monkeypatch.setattr("polyarena.harness.executors.processes.KILL_AFTER_S", PATIENCE_S)


@pytest.fixture
def server(tmp_path):
    server = ForkServer.start(forked_workers.act, tmp_path, tmp_path / "log.txt")
    yield server
    server.close()


@pytest.fixture
def fork(server, tmp_path):
    def fork(deed, device="", **environment):
        folder = tmp_path / deed
        folder.mkdir(exist_ok=True)
        return server.fork(folder, device, environment, folder / "log.txt")

    return fork


def found(folder):
    """What a worker has written, once it has."""
    deadline = time.monotonic() + PATIENCE_S
    while not (folder / "found").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return json.loads((folder / "found").read_text())


def has_ended(pid):
    deadline = time.monotonic() + PATIENCE_S
    while process_start(pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return True


def test_workers_are_forked_from_what_was_prepared_once_and_end_each_in_its_way(server, fork, tmp_path):
    deeds = {deed: fork(deed, "gpu", CUDA_VISIBLE_DEVICES=deed) for deed in ("ends", "leaves", "fails", "stays")}
    seen = {deed: found(tmp_path / deed) for deed in deeds}
    for deed, each in seen.items():
        assert each["prepared"] == [server.process.pid] == each["parents"][:1]
        assert (each["device"], each["gpu"]) == ("gpu", deed)
        # In a session of its own, so that Ctrl-C does not reach it.
        assert each["pid"] == each["session"] != server.process.pid
    assert [server.code(deeds[deed], PATIENCE_S) for deed in ("ends", "leaves", "fails")] == [0, 3, 1]
    assert (tmp_path / "leaves" / "log.txt").read_text() == "said\n"
    assert "RuntimeError: no such luck" in (tmp_path / "fails" / "log.txt").read_text()
    assert server.code(deeds["stays"]) is None
    server.stop(deeds["stays"], PATIENCE_S)
    assert server.code(deeds["stays"]) == -signal.SIGTERM
    # Of one that has ended it says the same again, and to stop it again harms nobody.
    server.stop(deeds["ends"], PATIENCE_S)
    assert server.code(deeds["ends"]) == 0


def test_a_worker_that_does_not_listen_is_killed(server, fork, tmp_path):
    worker = fork("ignores")
    found(tmp_path / "ignores")
    server.stop(worker, 0.05)
    assert server.code(worker, PATIENCE_S) == -signal.SIGKILL


def test_where_a_thread_runs_workers_begin_anew(monkeypatch, server, tmp_path):
    monkeypatch.setenv("POLYARENA_TEST_THREAD", "1")
    other = ForkServer.start(forked_workers.act, tmp_path, tmp_path / "log.txt")
    try:
        (tmp_path / "leaves").mkdir()
        worker = other.fork(tmp_path / "leaves", "", {}, tmp_path / "leaves" / "log.txt")
        assert other.code(worker, PATIENCE_S) == 3
        seen = found(tmp_path / "leaves")
        assert seen["prepared"] == []
        assert seen["parents"] == [other.process.pid] * 2
    finally:
        other.close()


def test_closing_kills_what_still_runs(server, fork, tmp_path):
    fork("ignores")
    pid = found(tmp_path / "ignores")["pid"]
    server.close()
    assert has_ended(pid)


def test_a_server_that_was_killed_is_replaced_and_its_workers_end(tmp_path, monkeypatch, make_work):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    launcher = ProcessLauncher(1, forks=True)

    def start(name):
        folder = WorkerFolder(tmp_path / name / "stays")
        folder.path.mkdir(parents=True)
        return launcher.start({0: folder}, make_work([], worker=forked_workers.act))[0], found(folder.path)["pid"]

    try:
        handle, pid = start("first")
        assert handle.ended() is None
        os.kill(handle.server.process.pid, signal.SIGKILL)
        handle.server.process.wait()
        assert handle.ended() == LOST
        handle.stop()
        again, _ = start("second")
        assert again.ended() is None
        assert has_ended(pid)
        again.stop()
        assert again.ended() == "killed by signal 15"
    finally:
        launcher.close()
