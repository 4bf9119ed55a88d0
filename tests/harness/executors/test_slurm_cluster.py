"""Workers on a real Slurm of this machine, which takes them away; a quarter of an hour."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest


def load(repository, name, monkeypatch):
    spec = importlib.util.spec_from_file_location(name, repository / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slurm
@pytest.mark.parametrize("scenario", ["limit", "preemption", "slurmd"])
def test_a_run_survives_what_slurm_does_to_its_workers(scenario, repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    if lacks := load(repository, "slurm_requeues", monkeypatch).missing():
        pytest.skip(lacks)
    command = [sys.executable, str(repository / "benchmarks" / "slurm_requeues.py"), scenario]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the same bytes" in done.stdout
