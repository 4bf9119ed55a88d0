"""Ray: an address that does not answer is refused at once; real workers that are killed change nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest

from polyarena.harness import plan, run
from polyarena.harness.events import CellDone, WorkerLost, WorkerStarted
from polyarena.harness.executors import ray as module
from polyarena.harness.executors.pool import PoolExecutor
from polyarena.harness.executors.ray import RayLauncher
from polyarena.harness.executors.spool import WorkerFolder
from polyarena.tasks.errors import ExperimentError, ModelError, StoreError


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]


HTTP2 = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""An empty SETTINGS frame, with which a server of gRPC begins."""


@contextmanager
def serve(greeting):
    """Accept one connection, send a greeting, and yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            with suppress(OSError):
                connection, _ = server.accept()
                connection.sendall(greeting)
                connections.append(connection)

        connections = []
        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)
        for connection in connections:
            connection.close()


@pytest.fixture
def no_ray(monkeypatch):
    """Something in place of Ray that must not be asked to connect."""

    class Ray:
        @staticmethod
        def is_initialized():
            return False

        @staticmethod
        def init(**options):
            raise SystemExit(15)

    monkeypatch.setitem(sys.modules, "ray", Ray)
    return Ray


def test_an_address_that_does_not_answer_is_refused_before_ray_waits_for_it(
    no_ray, unused_port, tmp_path, make_work, monkeypatch
):
    monkeypatch.setattr(no_ray, "init", lambda **options: pytest.fail("Ray would wait for minutes"))
    launcher = RayLauncher(2, f"127.0.0.1:{unused_port}")
    with pytest.raises(ModelError, match="does not answer") as caught:
        launcher.start({0: WorkerFolder(tmp_path)}, make_work([]))
    assert str(unused_port) in str(caught.value)
    assert "ray start --head" in caught.value.fix


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0"])
def test_a_server_of_another_kind_is_refused_before_ray_waits_for_it(
    no_ray, tmp_path, make_work, monkeypatch, greeting
):
    monkeypatch.setattr(no_ray, "init", lambda **options: pytest.fail("Ray would wait for minutes"))
    monkeypatch.setattr(module, "GREETING_S", 0.5)
    with serve(greeting) as address, pytest.raises(ModelError, match="does not answer") as caught:
        RayLauncher(2, address).start({0: WorkerFolder(tmp_path)}, make_work([]))
    assert "not the head of a Ray cluster" in caught.value.why
    assert "port" in caught.value.fix


@pytest.mark.parametrize(
    "address", ["nonsense", "host:", ":6379", "host:port", "host:99999", "host:²", "ray://127.0.0.1:10001"]
)
def test_what_is_no_address_is_refused(no_ray, tmp_path, make_work, address):
    with pytest.raises(ExperimentError, match="no address"):
        RayLauncher(2, address).start({0: WorkerFolder(tmp_path)}, make_work([]))


def test_that_ray_ends_the_process_is_an_error_like_others(no_ray, tmp_path, make_work):
    with pytest.raises(ModelError, match="Ray cannot be started"):
        RayLauncher(2).start({0: WorkerFolder(tmp_path)}, make_work([]))
    with serve(HTTP2) as address, pytest.raises(ModelError, match="cannot be reached") as caught:
        RayLauncher(2, address).start({0: WorkerFolder(tmp_path)}, make_work([]))
    assert "RAY_AUTH_MODE=token" in caught.value.fix


def test_without_an_address_a_cluster_is_started_even_where_another_one_runs(no_ray, tmp_path, make_work, monkeypatch):
    given = []
    monkeypatch.setattr(no_ray, "init", lambda **options: given.append(options) or sys.exit(15))
    with pytest.raises(ModelError):
        RayLauncher(2).start({0: WorkerFolder(tmp_path)}, make_work([]))
    assert given[0]["address"] == "local"


def test_a_head_that_goes_away_is_noticed(monkeypatch):
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda seconds: now.append(now.pop() + seconds))
    monkeypatch.setattr(module, "time", clock)
    with socket.create_server(("127.0.0.1", 0)) as server:
        head = module.Head(f"127.0.0.1:{server.getsockname()[1]}", now[0], now[0])
        for _ in range(20):
            now[0] += module.ASK_S
            assert not head.is_gone()
        assert head.wait()
    # Whoever did not look for a while knows nothing of the time.
    now[0] += 100
    assert not head.is_gone()
    seconds = 0.0
    while not head.is_gone():
        now[0] += 1
        seconds += 1
        assert seconds < 60
    assert seconds > module.GONE_S
    assert not head.wait()
    other = module.Head(head.address, now[0], now[0])
    assert not other.wait()
    assert other.is_gone()


def test_a_worker_of_a_cluster_that_is_gone_has_ended_and_asks_ray_nothing(tmp_path, make_work):
    head = module.Head("127.0.0.1:9", _is_gone=True)
    handle = module.RayHandle(ray=None, reference=None, folder=WorkerFolder(tmp_path), head=head)
    assert "does not answer any more" in handle.ended()
    handle.stop()
    launcher = RayLauncher(2, _ray=SimpleNamespace(), _head=head)
    with pytest.raises(ModelError, match="does not answer any more") as caught:
        launcher.start({0: WorkerFolder(tmp_path)}, make_work([]))
    assert "run the same command again" in caught.value.fix


def test_without_ray_the_extra_is_named(monkeypatch, tmp_path, make_work):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ExperimentError, match="Ray is not installed") as caught:
        RayLauncher(2).start({0: WorkerFolder(tmp_path)}, make_work([]))
    assert "polyarena[ray]" in caught.value.fix


def test_our_signal_handlers_come_back():
    before = signal.getsignal(signal.SIGTERM)
    with module._own_signal_handlers():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_task_waits_until_its_worker_has_a_log(tmp_path):
    handle = module.RayHandle(ray=None, reference=None, folder=WorkerFolder(tmp_path))
    assert handle.is_waiting()
    handle.folder.log.touch()
    assert not handle.is_waiting()


IMPORT_ERROR = """The remote function failed to import on the worker. This may be because needed library
dependencies are not installed in the worker environment:

Traceback (most recent call last):
  File "function_manager.py", line 314, in fetch_and_register_remote_function
ModuleNotFoundError: No module named 'polyarena'
"""


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (RuntimeError(IMPORT_ERROR), "cannot import polyarena (ModuleNotFoundError: No module named 'polyarena')"),
        (OSError(30, "Read-only file system"), "OSError: [Errno 30] Read-only file system"),
        (StoreError("a worker cannot write", why="No space left", fix="free space"), "cannot write: No space left"),
        (ValueError(), "ValueError"),
        (None, "RayError: ray::worker-0() died"),
    ],
)
def test_the_error_of_a_task_is_told_in_one_line(tmp_path, cause, says):
    class RayError(Exception):
        pass

    error = RayError("\x1b[36mray::worker-0()\x1b[39m died. See the dashboard\nmore")
    error.cause = cause

    def get(reference):
        raise error

    ray = SimpleNamespace(wait=lambda references, timeout: (references, []), get=get)
    told = module.RayHandle(ray, "reference", WorkerFolder(tmp_path)).ended()
    assert told.endswith(says)
    assert "\x1b" not in told
    assert "\n" not in told


@pytest.mark.ray
@pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install 'polyarena[ray]'"
)
def test_a_killed_worker_is_replaced_and_the_bytes_are_the_same(tmp_path, toys, repository, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(repository / "tests" / "toys"))
    experiment = {
        "name": "ray",
        "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
        "tasks": ["toy_open", "toy_choice"],
        "statistics": {"rounds": 200},
    }
    run(plan(experiment, output=tmp_path / "local"), report=False)
    killed, events = [], []

    def listen(event):
        events.append(event)
        if isinstance(event, WorkerStarted) and not killed:
            told = next((tmp_path / "run" / "workers").glob(f"*/{event.worker}/events.jsonl"))
            killed.append(json.loads(told.read_text().splitlines()[0])["pid"])
            os.kill(killed[0], signal.SIGKILL)

    executor = PoolExecutor(RayLauncher(2))
    finished = run(plan(experiment, output=tmp_path / "run"), executor=executor, listener=listen, report=False)
    assert not finished.failures
    assert any(isinstance(event, WorkerLost) for event in events)
    assert set(Counter(event.key for event in events if isinstance(event, CellDone)).values()) == {1}
    for path in (tmp_path / "local" / "cells").rglob("*.parquet"):
        assert (tmp_path / "run" / path.relative_to(tmp_path / "local")).read_bytes() == path.read_bytes()
    deadline = time.monotonic() + 60
    while os.path.exists(f"/proc/{killed[0]}") and time.monotonic() < deadline:  # noqa: PTH110
        time.sleep(0.1)
