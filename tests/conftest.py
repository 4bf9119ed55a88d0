"""Fixtures for all rooms."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
