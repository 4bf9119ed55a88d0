"""Slurm through submitit: its local executor for real, Slurm's own commands by what they print."""

from __future__ import annotations

import pickle
import sys
from types import SimpleNamespace

import pytest

from polyarena.harness import plan, run
from polyarena.harness.executors import slurm as module
from polyarena.harness.executors.messages import WorkerLeaving
from polyarena.harness.executors.pool import PoolExecutor
from polyarena.harness.executors.slurm import SlurmHandle, SlurmLauncher, SlurmWorker
from polyarena.harness.executors.spool import Spool, WorkerFolder
from polyarena.harness.running.worker import work
from polyarena.tasks.errors import ExperimentError, ModelError

submitit = pytest.importorskip("submitit")


@pytest.fixture
def commands(monkeypatch):
    """What Slurm's commands print, by their name; each call is recorded."""
    printed, called = {}, []

    def output(command):
        called.append(list(command))
        return printed.get(command[0], "")

    monkeypatch.setattr(module, "_output", output)
    return SimpleNamespace(printed=printed, called=called)


@pytest.fixture
def handle(tmp_path):
    job = SimpleNamespace(
        paths=SimpleNamespace(result_pickle=tmp_path / "result.pkl"), job_id="7_1", cancel=lambda check: None
    )
    return SlurmHandle(job, True)


@pytest.mark.parametrize(
    ("state", "waiting", "ended"),
    [
        ("RUNNING", False, None),
        ("PENDING", True, None),
        ("REQUEUED", True, None),
        ("COMPLETING", False, None),
        ("", False, "Slurm does not list its job any more"),
    ],
)
def test_the_state_comes_from_squeue(commands, handle, state, waiting, ended):
    commands.printed["squeue"] = f"{state}\n"
    assert handle.ended() == ended
    assert handle.is_waiting() == waiting
    # Asked once for both, and about this job alone.
    assert commands.called == [["squeue", "-h", "-j", "7_1", "-o", "%T"]]


def test_a_worker_that_says_hello_is_not_taken_for_one_that_waits(commands, handle):
    commands.printed["squeue"] = "PENDING\n"
    assert handle.is_waiting()
    # Slurm has given it a machine since; the old answer would make the coordinator take its jobs away.
    handle.greeted()
    assert not handle.is_waiting()
    assert handle.ended() is None
    assert len(commands.called) == 1


def test_a_result_says_more_than_slurm(commands, handle, tmp_path):
    (tmp_path / "result.pkl").write_bytes(b"")
    assert handle.ended() == "ended"
    assert commands.called == []


def test_an_array_is_no_larger_than_slurm_allows(commands):
    assert SlurmLauncher()._most_of_an_array() == module.MOST_OF_AN_ARRAY
    commands.printed["scontrol"] = "MaxJobCount             = 10000\nMaxArraySize            = 11\n"
    assert SlurmLauncher()._most_of_an_array() == 10


def test_options_reach_sbatch():
    launcher = SlurmLauncher(
        workers=4, minutes=30, partition="gpu", cpus=8, gpus=2, memory_gb=64, setup=["module load x"],
        options={"account": "nlp"},
    )  # fmt: skip
    assert launcher._parameters() == {
        "timeout_min": 30,
        "name": "polyarena",
        "slurm_cpus_per_task": 8,
        "slurm_signal_delay_s": module.SIGNAL_S,
        "slurm_additional_parameters": {"requeue": True, "account": "nlp"},
        "slurm_partition": "gpu",
        "slurm_gpus_per_node": 2,
        "slurm_mem": "64GB",
        "slurm_setup": ["module load x"],
    }


def test_a_worker_travels_as_a_path_and_comes_back_after_a_requeue(tmp_path, config):
    spool = Spool.create(tmp_path, "token", config)
    folder = spool.add("worker-0")
    worker = pickle.loads(pickle.dumps(SlurmWorker(work, str(folder.path), "gpu")))
    assert (worker.worker, worker.folder, worker.device) == (work, str(folder.path), "gpu")
    delayed = worker.checkpoint("whatever submitit passes")
    assert isinstance(delayed, submitit.helpers.DelayedSubmission)
    assert delayed.function is worker
    assert list(spool.told("worker-0")) == [WorkerLeaving()]


def test_without_slurm_the_error_says_so(tmp_path, config, make_work, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    spool = Spool.create(tmp_path, "token", config)
    with pytest.raises(ModelError, match="Slurm refused the workers") as caught:
        SlurmLauncher(1).start({0: spool.add("worker-0")}, make_work([], worker=work))
    assert "processes" in caught.value.fix


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("sbatch: error: invalid partition specified: nowhere", "correct the `executor` part"),
        ("sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed", "fewer `workers`"),
        ("sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying", "fewer `workers`"),
    ],
)
def test_a_limit_of_slurm_is_told_from_a_mistake(tmp_path, make_work, monkeypatch, said, fix):
    class Refusing:
        def __init__(self, **given):
            raise RuntimeError(f"{said}\n")

    monkeypatch.setitem(sys.modules, "submitit", SimpleNamespace(AutoExecutor=Refusing))
    with pytest.raises(ModelError, match="Slurm refused the workers") as caught:
        SlurmLauncher(2).start({0: WorkerFolder(tmp_path / "w")}, make_work([]))
    assert fix in caught.value.fix
    assert "\n" not in caught.value.why


def test_without_submitit_the_extra_is_named(monkeypatch, tmp_path, make_work):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ExperimentError, match="submitit is not installed") as caught:
        SlurmLauncher(1).start({0: WorkerFolder(tmp_path)}, make_work([]))
    assert "polyarena[slurm]" in caught.value.fix


@pytest.mark.slurm
def test_submitits_local_executor_gives_the_same_bytes(tmp_path, toys, repository, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(repository / "tests" / "toys"))
    experiment = {
        "name": "slurm",
        "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
        "tasks": ["toy_open"],
        "statistics": {"rounds": 200},
    }
    run(plan(experiment, output=tmp_path / "local"), report=False)
    executor = PoolExecutor(SlurmLauncher(2, cluster="local"))
    finished = run(plan(experiment, output=tmp_path / "run"), executor=executor, report=False)
    assert not finished.failures
    cells = list((tmp_path / "local" / "cells").rglob("*.parquet"))
    assert len(cells) == 6
    for path in cells:
        assert (tmp_path / "run" / path.relative_to(tmp_path / "local")).read_bytes() == path.read_bytes()
    logs = list((tmp_path / "run" / "workers").glob("*/*/log.txt"))
    assert logs
