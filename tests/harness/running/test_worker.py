"""A worker of an executor: what it checks of itself, and when it takes its coordinator to be gone."""

from __future__ import annotations

import os
import sys
import threading
from types import SimpleNamespace

import pytest

from polyarena.harness.executors import spool as spool_module
from polyarena.harness.executors.messages import WorkerConfig
from polyarena.harness.executors.spool import Spool, WorkerFolder
from polyarena.harness.experiment import load_experiment
from polyarena.harness.running import worker
from polyarena.tasks.errors import ModelError


@pytest.fixture
def spool(tmp_path):
    experiment = load_experiment(
        {"name": "w", "systems": [{"name": "one", "model": "toy"}], "tasks": ["polyarena_mini"]}
    )
    config = WorkerConfig(experiment=experiment, path=tmp_path / "w.yaml", folder=tmp_path, poll_s=0.1)
    return Spool.create(tmp_path, "token", config)


@pytest.fixture
def own(spool):
    return spool.add("worker-0")


def fake_torch(*, gpu, cuda="13.0"):
    version = SimpleNamespace(cuda=cuda)
    return SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: gpu), version=version, __version__="2.9+cpu")


@pytest.mark.parametrize(
    ("torch", "says"),
    [
        (None, "torch is not installed"),
        (fake_torch(gpu=False), "torch finds none (CUDA_VISIBLE_DEVICES is '7' there)"),
        (
            fake_torch(gpu=False, cuda=None),
            "torch finds none (CUDA_VISIBLE_DEVICES is '7' there; torch 2.9+cpu is built without CUDA)",
        ),
        (fake_torch(gpu=True), ""),
    ],
)
def test_a_worker_without_the_gpu_that_it_was_promised_says_so(monkeypatch, torch, says):
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    said = worker._without_gpu()
    assert said == "" if not says else f"a GPU was promised, and {says}" == said


def test_a_coordinator_is_gone_once_its_counter_stands_still_for_long(spool, own, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: now[0]))
    pulse = worker._Pulse()
    watch = worker._Watch(own, pulse)

    def is_alive_after(seconds, *, stalled=False):
        for _ in range(int(seconds)):
            now[0] += 1
            pulse.at = pulse.at if stalled else now[0]
            alive = watch.is_alive()
        return alive

    for _ in range(3):
        assert is_alive_after(worker.PATIENCE_S - 1)
        spool.beat()
    # The disk that holds up this process holds up the coordinator, too.
    assert is_alive_after(3 * worker.PATIENCE_S, stalled=True)
    assert is_alive_after(worker.PATIENCE_S - 2)
    assert not is_alive_after(1)


def test_a_worker_that_was_held_up_itself_does_not_take_its_coordinator_to_be_gone(spool, own, monkeypatch):
    """A disk that stalls holds up both."""
    now = [0.0]
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: now[0]))
    watch = worker._Watch(own, worker._Pulse())
    assert watch.is_alive()
    now[0] += 10 * worker.PATIENCE_S
    assert watch.is_alive()


def test_a_clock_that_is_an_hour_off_changes_nothing(spool, own):
    """What two machines know of each other are counters; the times of their files say nothing."""
    watch = worker._Watch(own, worker._Pulse())
    for seconds in (-3600, 3600):
        spool.beat()
        for path in (own.spool / "alive", own.spool / "config.json"):
            state = path.stat()
            os.utime(path, (state.st_atime + seconds, state.st_mtime + seconds))
        assert watch.is_alive()
        assert not own.is_stopped()


def test_a_worker_whose_parent_died_before_it_looked_ends(own, monkeypatch):
    class Exited(BaseException):
        pass

    def leave(code):
        raise Exited

    monkeypatch.setattr(worker.os, "_exit", leave)
    with pytest.raises(Exited):
        worker._show_life(own, threading.Event(), os.getppid() + 1, worker._Pulse())


def test_a_worker_without_a_parent_to_watch_shows_life_until_it_ends(own, monkeypatch):
    monkeypatch.setattr(worker, "BEAT_S", 0.001)
    ended = threading.Event()
    thread = threading.Thread(target=worker._show_life, args=(own, ended, 0, worker._Pulse()))
    thread.start()
    while not (own.path / "alive").exists():
        assert thread.is_alive()
    ended.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_folder_that_cannot_be_written_does_not_end_the_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "BEAT_S", 0.001)
    (tmp_path / "file").write_text("")
    tried = []
    ended = threading.Event()
    write = spool_module._replace

    def write_and_count(path, content):
        tried.append(path)
        if len(tried) == 3:
            ended.set()
        write(path, content)

    monkeypatch.setattr(spool_module, "_replace", write_and_count)
    worker._show_life(WorkerFolder(tmp_path / "file" / "worker-0"), ended, 0, worker._Pulse())
    assert len(tried) == 3


def test_a_worker_asks_no_paid_endpoint():
    with pytest.raises(ModelError, match="cannot ask a paid endpoint"):
        worker.refuse_endpoint({"model": "m"})
