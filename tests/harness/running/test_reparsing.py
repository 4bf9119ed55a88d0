"""Stored verdicts read again: without calls, marked as such, and undone by a run."""

from __future__ import annotations

import json

import pytest

from polyarena.harness import open_run, plan, run
from polyarena.harness.cli.app import main
from polyarena.harness.running.reparsing import reparse
from polyarena.harness.store import RunFolder
from polyarena.judges.llm import load_template
from polyarena.tasks.errors import ExperimentError, UnknownNameError

OTHER = """
name = "turned"
version = "9"
labels = ["A>B", "A=B", "B>A"]
system = "You judge in {language}."
user = '''
{question}
{answer_a}
{answer_b}
'''
"""


@pytest.fixture
def experiment(toys, monkeypatch, scripted_server):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    scripted_server.script = lambda request: scripted_server.ok("Clearly the first.\n[[A>>B]]")
    endpoint = {"base_url": scripted_server.base_url, "model": "m"}
    return {
        "name": "reparsed",
        "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
        "baseline": "one",
        "tasks": [{"task": "toy_open", "limit": 2}],
        "languages": ["deu_Latn"],
        "judges": [{"name": "llm", "judge": "llm", "args": {"ask_again": False}, "endpoint": endpoint}, "rules"],
        "statistics": {"rounds": 200},
    }


@pytest.fixture
def folder(experiment, tmp_path):
    run(plan(experiment, output=tmp_path / "run"))
    return RunFolder(tmp_path / "run")


def labels(folder, judge="llm"):
    games = open_run(folder).games()
    return set(games[games["judge"] == judge]["label"])


def test_the_same_template_changes_nothing(folder):
    found = reparse(folder, "llm")
    assert (found.games, found.textless, found.changes) == (4, 0, {})
    assert found.template.startswith(f"pairwise@{load_template('pairwise').version}:")
    assert labels(folder) == {"A>>B"}


def test_another_template_reads_other_labels_without_a_call(folder, experiment, scripted_server, tmp_path):
    template = tmp_path / "turned.toml"
    template.write_text(OTHER)
    asked = len(scripted_server.log)
    signature = folder.read_lock()["judges"]["llm"]["signature"]
    rules = labels(folder, "rules")
    found = reparse(folder, "llm", str(template))
    assert found.changes == {("A>>B", "invalid"): 4}
    assert labels(folder) == {"invalid"}
    assert labels(folder, "rules") == rules
    assert folder.read_lock()["judges"]["llm"]["signature"].startswith(f"{signature}|reparsed:turned@9:")
    # And back again, by reading with its own template or by running.
    assert reparse(folder, "llm").changes == {("invalid", "A>>B"): 4}
    assert folder.read_lock()["judges"]["llm"]["signature"].count("|reparsed:") == 1
    reparse(folder, "llm", str(template))
    run(plan(experiment, output=folder.path))
    assert labels(folder) == {"A>>B"}
    assert folder.read_lock()["judges"]["llm"]["signature"] == signature
    assert len(scripted_server.log) == asked


def test_panels_follow_a_member_that_was_read_again_and_the_run_puts_them_back(experiment, tmp_path):
    template = tmp_path / "turned.toml"
    template.write_text(OTHER)
    panels = [
        {"name": "both", "judges": ["llm", "rules"]},
        {"name": "mean", "judges": ["rules", "llm"], "rule": "mean"},
    ]
    planned = plan({**experiment, "panels": panels}, output=tmp_path / "run")
    run(planned)
    folder = RunFolder(tmp_path / "run")

    def said(judge):
        games = open_run(folder).games()
        return games[games["judge"] == judge].astype(object).fillna("").to_dict("records")

    before = {name: (said(name), folder.read_lock()["judges"][name]["signature"]) for name in ("both", "mean")}
    alone = labels(folder, "rules")
    reparse(folder, "llm", str(template))
    for name, (games, signature) in before.items():
        assert said(name) != games
        assert labels(folder, name) == alone
        assert folder.read_lock()["judges"][name]["signature"] != signature
    run(plan({**experiment, "panels": panels}, output=tmp_path / "run"))
    assert {name: (said(name), folder.read_lock()["judges"][name]["signature"]) for name in before} == before


def test_what_cannot_be_read_again(folder):
    with pytest.raises(UnknownNameError, match="lmm"):
        reparse(folder, "lmm")
    with pytest.raises(ExperimentError, match="'rules' cannot be read again without a template"):
        reparse(folder, "rules")


def test_games_without_a_text_stay(experiment, scripted_server, tmp_path):
    scripted_server.script = lambda request: (
        scripted_server.ok("[[A>>B]]") if request.index % 2 == 0 else scripted_server.status(400, "no")
    )
    endpoint = {**experiment["judges"][0]["endpoint"], "concurrency": 1}
    judge = {**experiment["judges"][0], "endpoint": endpoint, "args": {"structured": "off"}}
    run(plan({**experiment, "judges": [judge]}, output=tmp_path / "run"))
    folder = RunFolder(tmp_path / "run")
    before = open_run(folder).games()
    found = reparse(folder, "llm")
    assert (found.textless, found.changes) == (2, {})
    assert open_run(folder).games().equals(before)


def test_the_command(folder, tmp_path, capsys):
    template = tmp_path / "turned.toml"
    template.write_text(OTHER)
    assert main(["judge", "reparse", str(folder.path), "llm", "--template", str(template)]) == 0
    assert "4 of 4 verdicts of llm changed" in capsys.readouterr().out
    assert set(open_run(folder).battles().query("judge == 'llm'")["n_invalid"]) == {2}
    assert main(["judge", "reparse", str(folder.path), "llm", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["changes"] == [{"from": "invalid", "to": "A>>B", "games": 4}]
    assert main(["judge", "reparse", str(tmp_path), "llm"]) == 2
