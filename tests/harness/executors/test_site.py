"""The choice of an executor: by name, with a number of workers, or by a site file."""

from __future__ import annotations

import json

import pytest

from polyarena.harness.executors import LocalExecutor
from polyarena.harness.executors.processes import ProcessLauncher
from polyarena.harness.executors.ray import RayLauncher
from polyarena.harness.executors.site import SITE, choose_executor
from polyarena.harness.executors.slurm import SlurmLauncher
from polyarena.tasks.errors import ExperimentError


@pytest.fixture
def site(tmp_path):
    def site(**executor):
        path = tmp_path / "site.yaml"
        path.write_text(json.dumps({"executor": executor}))
        return str(path)

    return site


@pytest.fixture(autouse=True)
def _no_site(monkeypatch):
    monkeypatch.delenv(SITE, raising=False)


def test_without_a_choice_it_is_this_process():
    assert isinstance(choose_executor(None), LocalExecutor)
    assert isinstance(choose_executor("local"), LocalExecutor)


@pytest.mark.parametrize(
    ("choice", "launcher", "workers"),
    [
        ("processes:3", ProcessLauncher, 3),
        ("ray", RayLauncher, 2),
        ("ray:5", RayLauncher, 5),
        ("slurm:7", SlurmLauncher, 7),
    ],
)
def test_a_name_and_a_number_of_workers(choice, launcher, workers):
    chosen = choose_executor(choice).launcher
    assert isinstance(chosen, launcher)
    assert chosen.workers == workers


def test_a_site_file_says_the_rest(site):
    path = site(
        kind="slurm", workers=16, gpus=1, partition="gpu", memory_gb=80, options={"account": "nlp"}, setup=["x"]
    )
    launcher = choose_executor(path).launcher
    assert (launcher.workers, launcher.gpus, launcher.partition) == (16, 1, "gpu")
    assert (launcher.memory_gb, dict(launcher.options), tuple(launcher.setup)) == (80, {"account": "nlp"}, ("x",))
    ray = choose_executor(site(kind="ray", address="head:6379", cpus=2, gpus=0.5)).launcher
    assert (ray.address, ray.cpus, ray.gpus) == ("head:6379", 2, 0.5)


def test_the_environment_names_a_site_file(site, monkeypatch):
    monkeypatch.setenv(SITE, site(kind="processes", workers=2))
    assert choose_executor(None).launcher.workers == 2
    assert isinstance(choose_executor("local"), LocalExecutor)


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ("procesess", "did you mean 'processes'"),
        ("kubernetes", "use local, processes, ray, slurm"),
        ("processes:many", "workers"),
        ("processes:0", "workers"),
        ("local:2", "workers"),
        ("missing.yaml", "the site file does not exist"),
    ],
)
def test_a_wrong_choice_is_refused_with_what_would_be_right(choice, says):
    with pytest.raises(ExperimentError) as caught:
        choose_executor(choice)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("executor", "says"),
    [
        ({"kind": "slurm", "partion": "gpu"}, "did you mean 'partition'"),
        ({"kind": "ray", "workers": 0}, "workers"),
        ({"kind": "slurm", "minutes": 1}, "minutes"),
        ({"kind": "k8s"}, "kind"),
        ({"workers": 3}, "kind"),
    ],
)
def test_a_wrong_site_file_is_refused_with_its_place(site, executor, says):
    path = site(**executor)
    with pytest.raises(ExperimentError) as caught:
        choose_executor(path)
    assert says in str(caught.value)
    assert path in str(caught.value)


@pytest.mark.parametrize("text", ["[1]", "executor: 3", "executor: {kind: local}\nname: x", ""])
def test_a_file_that_is_no_site_file_is_refused(tmp_path, text):
    path = tmp_path / "site.yaml"
    path.write_text(text)
    with pytest.raises(ExperimentError):
        choose_executor(str(path))
