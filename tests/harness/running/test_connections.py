"""The endpoints of a run that is ending: none is opened behind the back of whoever closes them all."""

from __future__ import annotations

import pytest

from polyarena.harness import plan
from polyarena.harness.experiment import load_experiment
from polyarena.harness.running.cells import compute_streamed
from polyarena.harness.running.connections import Connections
from polyarena.harness.store import RunFolder
from polyarena.judges.protocol import Call
from polyarena.tasks.errors import ModelError

ARGS = {"base_url": "http://127.0.0.1:9/v1", "model": "m"}


@pytest.fixture
def ended(experiment, tmp_path, toys):
    """The connections of a run that has ended before it opened any."""
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    with Connections(load_experiment(experiment()), folder) as connections:
        pass
    return connections


def test_a_run_that_is_ending_opens_no_endpoint(ended, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ModelError, match="the run is ending"):
        ended.open_candidate(ARGS)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_endpoint_that_was_opened_before_is_closed(experiment, tmp_path, toys, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    with Connections(load_experiment(experiment()), folder) as connections:
        ask = connections.open_candidate(ARGS)
    assert ask._dead is not None


def test_a_run_that_is_ending_begins_with_no_further_system(ended, experiment, tmp_path, toys, monkeypatch):
    monkeypatch.setattr("polyarena.harness.running.cells.served_arguments", lambda *_, **__: pytest.fail("started"))
    planned = plan(experiment(), output=tmp_path / "run")
    assert list(compute_streamed(planned, planned.missing_cells, ended, pytest.fail)) == []


def test_stopping_may_be_repeated_and_ends_all_streams(experiment, tmp_path, toys, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    with Connections(load_experiment(experiment()), folder) as connections:
        ask = connections.open_candidate(ARGS)
        assert not connections.closing
        connections.stop()
        connections.stop()
        assert connections.closing
        with pytest.raises(ModelError, match="the endpoint was closed"):
            list(ask([Call(({"role": "user", "content": "?"},))]))
        with pytest.raises(ModelError, match="the run is ending"):
            connections.open_candidate(ARGS)
    connections.wait_until_closed()
