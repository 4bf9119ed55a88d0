"""Fixtures for all rooms."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Shared machines pause at any time; how long an example takes says nothing.
settings.register_profile("polyarena", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("polyarena")

ROOT = Path(__file__).parent.parent


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
