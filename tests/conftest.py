"""Fixtures for all rooms."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings

# Shared machines pause at any time; how long an example takes says nothing.
settings.register_profile("polyarena", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("polyarena")

ROOT = Path(__file__).parent.parent

COSTLY = ("browser", "tex", "ray", "slurm", "training", "server", "slow")
"""Markers of tests that `make test` skips and `make test-all` runs."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--costly", action="store_true", help=f"run only the tests marked {', '.join(COSTLY)}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    meanings = dict(line.split(": ", 1) for line in config.getini("markers"))
    marked = {item: [name for name in COSTLY if item.get_closest_marker(name)] for item in items}
    if config.getoption("--costly"):
        config.hook.pytest_deselected(items=[item for item in items if not marked[item]])
        items[:] = [item for item in items if marked[item]]
        return
    for item, names in marked.items():
        if names:
            why = ", ".join(f"{name} ({meanings[name]})" for name in names)
            item.add_marker(pytest.mark.skip(reason=f"{why}: run `make test-all` or `pytest --costly`"))


@pytest.fixture(scope="session")
def repository() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets, completions and verdicts; tests that need it skip without it."""
    folder = Path(os.environ.get("POLYARENA_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real test data at {folder}; set POLYARENA_TEST_DATA to a folder that has it")
    return folder.resolve()


@pytest.fixture(scope="session")
def sentences(test_data):
    """The 204 sentences of each of 99 languages, by its code."""
    return {
        folder.name: [
            json.loads(line)["text"]
            for path in folder.glob("*.jsonl")
            for line in path.read_text(encoding="utf-8").split("\n")
            if line
        ]
        for folder in sorted((test_data / "hub/openlanguagedata/flores_plus").iterdir())
    }


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Installs somebody else's distribution (see ``tests/toys``) for one test and returns its model's log."""
    from polyarena.tasks.plugins import plugins

    monkeypatch.syspath_prepend(str(ROOT / "tests" / "toys"))
    log = tmp_path / "toy.log"
    log.touch()
    monkeypatch.setenv("TOY_LOG", str(log))
    plugins.cache_clear()
    yield log
    plugins.cache_clear()


@pytest.fixture(scope="session")
def _finished_runs():
    return {}


@pytest.fixture
def finished_run(_finished_runs, toys, tmp_path, tmp_path_factory, request):
    """Returns a finished run of an experiment of toys: each is run once a session, and every test gets a copy."""
    from polyarena.harness import plan, run
    from polyarena.harness.store import RunFolder

    def finished_run(experiment, folder="run", *, report=False):
        key = json.dumps([experiment, report, "figures" in request.keywords], sort_keys=True)
        if key not in _finished_runs:
            place = tmp_path_factory.mktemp("finished") / "run"
            _finished_runs[key] = run(plan(experiment, output=place), report=report)
        done = _finished_runs[key]
        copy = tmp_path / folder
        shutil.copytree(done.folder.path, copy)

        def moved(path):
            return copy / path.relative_to(done.folder.path)

        paths = {name: tuple(map(moved, getattr(done.files, name))) for name in ("figures", "tables", "results")}
        files = replace(done.files, page=moved(done.files.page), **paths)
        return replace(done, folder=RunFolder(copy), files=files)

    return finished_run


@pytest.fixture(autouse=True)
def spbleu_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let plans take spBLEU for computable on every machine; with or without a network, its model is not looked for."""
    monkeypatch.setattr("polyarena.tasks.metrics.translation._fault_of_pieces", lambda: "")


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, the accessibility checker, which `make test-all` installs by npm."""
    path = Path(os.environ.get("POLYARENA_AXE") or ROOT / "build/axe/node_modules/axe-core/axe.min.js")
    if not path.is_file():
        pytest.skip(f"no axe-core at {path}: npm install --prefix build/axe axe-core")
    return path.read_text(encoding="utf-8")
