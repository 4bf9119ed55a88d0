"""Stale answers: what is known about when answers were given, and asking again (CASES 11)."""

from __future__ import annotations

import json

import pytest

from polyarena.harness import load_experiment, plan, run
from polyarena.harness.cli.app import main
from polyarena.harness.endpoints import CallCache
from polyarena.harness.reporting.cached_answers import cached_answer_notes
from polyarena.harness.store import RunFolder


@pytest.fixture
def experiment(tmp_path, toys, scripted_server, monkeypatch):
    """An experiment whose systems are two models of one server; says ``first`` until told otherwise."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-fresh-0123456789")
    server = scripted_server
    server.model = "first"
    server.script = lambda received: server.ok(f"{server.model} of {received.body['model']}")
    path = tmp_path / "experiment.yaml"

    def write(**endpoint):
        args = {"base_url": server.base_url, **endpoint}
        given = {
            "name": "fresh",
            "systems": [{"name": "one", "model": "endpoint", "args": {**args, "model": "m"}}],
            "tasks": [{"task": "toy_open", "limit": 2}],
            "languages": ["deu_Latn"],
            "cache": str(tmp_path / "calls.sqlite"),
        }
        path.write_text(json.dumps(given), encoding="utf-8")
        return path

    return write


def go(path, folder, **more):
    return run(plan(load_experiment(path), output=folder, **more), report=False)


def texts(folder):
    from polyarena.harness import open_run

    return sorted(open_run(folder).completions()["text"])


def test_a_model_that_was_replaced_is_told_of_and_asked_again_on_demand(
    experiment, scripted_server, tmp_path, capsys, monkeypatch
):
    path = experiment()
    old, new = tmp_path / "old", tmp_path / "new"
    go(path, old)
    assert cached_answer_notes(RunFolder(old)) == []
    asked = len(scripted_server.log)
    scripted_server.model = "second"
    # The same folder: everything is stored. Another one: everything is in the cache. Both say so.
    assert main(["run", str(path), "-o", str(old), "--quiet"]) == 0
    assert "No endpoint was asked" in capsys.readouterr().out
    monkeypatch.setattr("polyarena.harness.running.connections.RunFolder.created_at", lambda self: 4e9)
    go(path, new)
    assert len(scripted_server.log) == asked
    assert texts(new) == ["first of m"] * 2
    [note] = cached_answer_notes(RunFolder(new))
    assert note.startswith("2 replies of m came from the call cache and were given on 20")
    assert "--fresh" in note
    assert "revision" in note
    for folder in (old, new):
        assert main(["run", str(path), "-o", str(folder), "--quiet", "--fresh"]) == 0
        assert texts(folder) == ["second of m"] * 2
        out = capsys.readouterr().out
        assert "No endpoint was asked" not in out
        assert "came from the call cache" not in out, "no number is of these replies any more"
    assert len(scripted_server.log) == asked + 4
    # Asked again once; without --fresh nothing is.
    go(path, old)
    go(path, tmp_path / "third")
    assert len(scripted_server.log) == asked + 4
    assert texts(tmp_path / "third") == ["second of m"] * 2


def test_another_revision_is_asked_again(experiment, scripted_server, tmp_path):
    go(experiment(revision="2026-05"), tmp_path / "run")
    asked = len(scripted_server.log)
    scripted_server.model = "second"
    path = experiment(revision="2026-06")
    go(path, tmp_path / "run")
    assert len(scripted_server.log) == 2 * asked
    assert texts(tmp_path / "run") == ["second of m"] * 2
    go(experiment(revision="2026-05"), tmp_path / "run")
    assert len(scripted_server.log) == 2 * asked
    assert texts(tmp_path / "run") == ["first of m"] * 2


def test_another_address_of_the_same_identity_is_not_asked_again(experiment, scripted_server, tmp_path):
    go(experiment(identity="ours"), tmp_path / "run")
    asked = len(scripted_server.log)
    other = scripted_server.base_url.replace("127.0.0.1", "localhost")
    for folder in ("run", "other"):
        go(experiment(identity="ours", base_url=other), tmp_path / folder)
    assert len(scripted_server.log) == asked
    go(experiment(base_url=other), tmp_path / "run")
    assert len(scripted_server.log) == 2 * asked


def test_a_fresh_run_that_is_killed_does_not_go_back_to_old_answers(experiment, scripted_server, tmp_path):
    from polyarena.harness.running.fresh import archive_answers

    path = experiment()
    go(path, tmp_path / "run")
    scripted_server.model = "second"
    assert archive_answers(plan(load_experiment(path), output=tmp_path / "run")) == 1
    with CallCache(tmp_path / "calls.sqlite") as cache:
        assert len(cache) == 2
    # Killed here. The same command without --fresh goes on with it.
    assert plan(load_experiment(path), output=tmp_path / "run").cells[0].cached == 0
    go(path, tmp_path / "run")
    assert texts(tmp_path / "run") == ["second of m"] * 2
