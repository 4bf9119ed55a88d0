"""Stored verdicts read again: without calls, marked as such, and undone by a run."""

from __future__ import annotations

import json

import pytest

from polyarena.harness import open_run, plan, run
from polyarena.harness.cli.app import main
from polyarena.harness.importing import import_verdicts
from polyarena.harness.running.reparsing import reparse
from polyarena.harness.store import RunFolder
from polyarena.judges.llm import load_template
from polyarena.tasks.errors import ExperimentError, PolyarenaError, UnknownNameError

OTHER = """
name = "turned"
version = "9"
parser = "marker"
marker = "Verdict:"
labels = { "A>>B" = "much the first", "A>B" = "first", "A=B" = "tie", "B>A" = "second", "B>>A" = "much the second" }
system = "You judge in {language}."
user = '''
{question}
{answer_a}
{answer_b}
'''
"""

REPLY = "Clearly the first.\n[[A>>B]]\nVerdict: second"
"""In brackets, as the judge is asked to write it, another verdict than behind the marker."""


@pytest.fixture
def experiment(toys, monkeypatch, scripted_server):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    scripted_server.script = lambda request: scripted_server.ok(REPLY)
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
    signature = str(folder.read_lock().judges["llm"].signature)
    rules = labels(folder, "rules")
    found = reparse(folder, "llm", str(template))
    assert found.changes == {("A>>B", "B>A"): 4}
    assert labels(folder) == {"B>A"}
    assert labels(folder, "rules") == rules
    assert str(folder.read_lock().judges["llm"].signature).startswith(f"{signature}|reparsed:turned@9:")
    # And back again, by reading with its own template or by running.
    assert reparse(folder, "llm").changes == {("B>A", "A>>B"): 4}
    assert str(folder.read_lock().judges["llm"].signature).count("|reparsed:") == 1
    reparse(folder, "llm", str(template))
    run(plan(experiment, output=folder.path))
    assert labels(folder) == {"A>>B"}
    assert str(folder.read_lock().judges["llm"].signature) == signature
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

    before = {name: (said(name), folder.read_lock().judges[name].signature) for name in ("both", "mean")}
    assert labels(folder, "rules") == {"A>B", "B>A"}
    reparse(folder, "llm", str(template))
    for name, (games, signature) in before.items():
        assert said(name) != games
        assert labels(folder, name) == {"A=B", "B>A"}
        assert folder.read_lock().judges[name].signature != signature
    run(plan({**experiment, "panels": panels}, output=tmp_path / "run"))
    assert {name: (said(name), folder.read_lock().judges[name].signature) for name in before} == before


def tree(folder):
    return {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}


VOTE = '{"item_id": "1", "language": "de", "system_a": "one", "system_b": "two", "vote": "a"}\n'


@pytest.mark.parametrize(
    ("judge", "why"),
    [("rules", "writes no texts"), ("both", "those of its members"), ("humans", "what the files say")],
)
@pytest.mark.parametrize("template", [None, "pairwise"])
def test_judges_whose_verdicts_are_no_texts_are_refused(judge, why, template, experiment, tmp_path, capsys):
    panels = [{"name": "both", "judges": ["llm", "rules"]}]
    run(plan({**experiment, "panels": panels}, output=tmp_path / "run"))
    folder = RunFolder(tmp_path / "run")
    items = sorted(set(open_run(folder).games()["item_id"]))
    (tmp_path / "votes.jsonl").write_text("".join(VOTE.replace('"1"', f'"{item}"') for item in items))
    import_verdicts("votes", tmp_path / "votes.jsonl", folder.path)
    before = tree(folder)
    with pytest.raises(ExperimentError, match="cannot be read again") as caught:
        reparse(folder, judge, template)
    assert why in caught.value.why
    assert "--template" not in caught.value.fix
    given = ["--template", template] if template else []
    assert main(["judge", "reparse", str(folder.path), judge, *given]) == 2
    assert "cannot be read again" in capsys.readouterr().err
    after = tree(folder)
    assert {path: after[path] for path in before} == before


def test_a_judge_that_is_not_there(folder):
    with pytest.raises(UnknownNameError, match="lmm"):
        reparse(folder, "lmm")


THREE = OTHER.replace('"A>>B" = "much the first", ', "").replace(', "B>>A" = "much the second"', "")


@pytest.mark.parametrize("named", ["harm", "three.toml"])
def test_templates_with_other_verdicts_are_refused(named, folder, tmp_path):
    (tmp_path / "three.toml").write_text(THREE)
    before = tree(folder)
    with pytest.raises(ExperimentError, match="gives other verdicts than the one that 'llm'") as caught:
        reparse(folder, "llm", str(tmp_path / named) if named.endswith(".toml") else named)
    assert "A>>B" in caught.value.why
    assert tree(folder) == before


def test_a_judge_of_single_answers_takes_no_pairwise_template(experiment, scripted_server, tmp_path):
    scripted_server.script = lambda request: scripted_server.ok("[[yes]]")
    judge = {**experiment["judges"][0], "name": "guard", "judge": "harm"}
    folder = RunFolder(run(plan({**experiment, "judges": [judge]}, output=tmp_path / "run")).folder.path)
    with pytest.raises(ExperimentError, match="gives other verdicts than the one that 'guard'"):
        reparse(folder, "guard", "pairwise")
    assert (folder.results / "bad_answers.csv").exists()
    assert reparse(folder, "guard", "harm").changes == {}


def test_a_template_that_reads_no_verdict_at_all_is_refused(folder, tmp_path):
    template = tmp_path / "turned.toml"
    template.write_text(OTHER.replace("Verdict:", "Preferred:"))
    before = tree(folder)
    with pytest.raises(ExperimentError, match="reads no verdict in any of the replies of 'llm', of which 4") as caught:
        reparse(folder, "llm", str(template))
    assert "nothing was changed" in caught.value.fix
    assert tree(folder) == before


def test_replies_without_any_verdict_may_be_read_again(experiment, scripted_server, tmp_path):
    scripted_server.script = lambda request: scripted_server.ok("Hm.\nVerdict: first")
    folder = RunFolder(run(plan(experiment, output=tmp_path / "run")).folder.path)
    assert labels(folder) == {"invalid"}
    assert reparse(folder, "llm").changes == {}
    template = tmp_path / "turned.toml"
    template.write_text(OTHER)
    assert reparse(folder, "llm", str(template)).changes == {("invalid", "A>B"): 4}


def test_the_own_template_need_not_be_there_any_more(experiment, tmp_path):
    own, other = tmp_path / "own.toml", tmp_path / "other.toml"
    own.write_text(OTHER)
    other.write_text(OTHER.replace('version = "9"', 'version = "10"'))
    judge = {**experiment["judges"][0], "args": {"ask_again": False, "template": str(own)}}
    folder = RunFolder(run(plan({**experiment, "judges": [judge]}, output=tmp_path / "run")).folder.path)
    own.unlink()
    with pytest.raises(PolyarenaError, match=r"own\.toml"):
        reparse(folder, "llm")
    assert reparse(folder, "llm", str(other)).changes == {}


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
    assert set(open_run(folder).battles().query("judge == 'llm'")["score"]) == {0.5}
    assert set(open_run(folder).games().query("judge == 'llm'")["label"]) == {"B>A"}
    assert main(["judge", "reparse", str(folder.path), "llm", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["changes"] == [{"from": "B>A", "to": "A>>B", "games": 4}]
    assert main(["judge", "reparse", str(tmp_path), "llm"]) == 2
