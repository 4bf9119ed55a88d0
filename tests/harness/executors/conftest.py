"""Jobs, work, and workers on threads that do what a test says."""

from __future__ import annotations

from pathlib import Path

import pytest
from thread_workers import Log, ThreadLauncher, make_job

from polyarena.harness.executors.messages import WorkerConfig
from polyarena.harness.executors.protocol import Work
from polyarena.harness.experiment import load_experiment


@pytest.fixture
def experiment():
    """An experiment of one toy system."""
    return load_experiment({"name": "pool", "systems": [{"name": "one", "model": "toy"}], "tasks": ["polyarena_mini"]})


@pytest.fixture
def config(experiment, tmp_path):
    """What a coordinator writes for its workers."""
    return WorkerConfig(experiment=experiment, path=tmp_path / "é.yaml", folder=tmp_path, poll_s=0.1)


@pytest.fixture
def make_work(tmp_path, experiment):
    """The work of some jobs; its log is ``work.log``."""

    def make_work(jobs, **changes):
        fields = {
            "experiment": experiment,
            "folder": Path(tmp_path / "run"),
            "data_root": None,
            "jobs": list(jobs),
            "log": Log(),
            "runner": lambda: pytest.fail("a pool computes nothing itself"),
            "worker": lambda folder, device: None,
        }
        return Work(**{**fields, **changes})

    return make_work


@pytest.fixture
def job():
    return make_job


@pytest.fixture
def launch():
    return ThreadLauncher
