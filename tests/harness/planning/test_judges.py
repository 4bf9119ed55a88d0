"""Judges are built before anything is asked; what a judge refuses is told with its place in the file."""

import pytest
from every_case import every_case

from polyarena.harness.experiment import load_experiment
from polyarena.harness.planning.judges import resolve_judges
from polyarena.harness.planning.plan import folder_of, plan
from polyarena.harness.planning.tasks import resolve_tasks
from polyarena.judges.protocol import Answer, Match
from polyarena.tasks.errors import ExperimentError, PolyarenaError, UnknownNameError

pytestmark = pytest.mark.usefixtures("toys")
SYSTEMS = [{"name": name, "model": "toy"} for name in ("a", "b")]
ENDPOINT = {"model": "m", "base_url": "http://127.0.0.1:1/v1"}


def experiment(*judges, **changes):
    named = [{"name": f"j{place}", **judge} for place, judge in enumerate(judges)]
    data = {"name": "x", "systems": SYSTEMS, "baseline": "a", "tasks": ["toy_open"], "judges": named, **changes}
    return load_experiment(data)


def resolved(*judges, **changes):
    found = experiment(*judges, **changes)
    return resolve_judges(found, resolve_tasks(found), None)


def test_the_signature_names_the_model_and_not_the_speed():
    one, other, slow = (
        str(resolved({"judge": "llm", "endpoint": {**ENDPOINT, **changes}})[0].signature)
        for changes in ({}, {"model": "n"}, {"concurrency": 2})
    )
    assert "|model:m|endpoint:" in one
    assert one != other
    assert one == slow


def test_a_gate_is_part_of_the_judge():
    plain, gated = resolved({"judge": "toy_length"}, {"judge": "toy_length", "language_gate": "loss"})
    assert plain.signature != gated.signature
    assert str(plain.signature) in str(gated.signature)


@every_case(
    ("judge", "error", "says"),
    [
        ({"judge": "ruels"}, UnknownNameError, "did you mean 'rules'"),
        ({"judge": "llm"}, ExperimentError, "has no endpoint"),
        ({"judge": "rules", "args": {"max_repeated": "x"}}, ExperimentError, "max_repeated"),
        ({"judge": "llm", "args": {"template": "pairwize"}, "endpoint": ENDPOINT}, PolyarenaError, "pairwise"),
        ({"judge": "reward"}, ExperimentError, "needs a model"),
        ({"judge": "reward", "args": {"model": "m"}, "endpoint": ENDPOINT}, ExperimentError, "was given an endpoint"),
    ],
)
def test_what_a_judge_refuses_has_a_place(judge, error, says):
    with pytest.raises(error) as caught:
        resolved({"judge": "rules"}, judge)
    assert says in str(caught.value)
    assert caught.value.where.startswith("judges.1")


def test_a_template_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(
        "name: x\nsystems: [{name: a, model: toy}, {name: b, model: toy}]\nbaseline: a\ntasks: [toy_open]\njudges:\n"
        "  - {name: j, judge: llm, args: {template: mine.toml}, endpoint: {model: m, base_url: 'http://127.0.0.1:1/v1'}}\n"
    )
    with pytest.raises(ExperimentError) as caught:
        plan(path, output=tmp_path / "run")
    assert caught.value.where == f"{path}:6 (judges.0.args)"
    assert str(tmp_path / "mine.toml") in caught.value.why


def test_a_reward_model_beside_the_experiment_is_found_wherever_one_stands(tmp_path, monkeypatch):
    checkpoint = tmp_path / "models" / "rm"
    checkpoint.mkdir(parents=True)
    (checkpoint / "config.json").write_text("{}")
    path = tmp_path / "x.yaml"
    path.write_text(
        "name: x\nsystems: [{name: a, model: toy}, {name: b, model: toy}]\nbaseline: a\ntasks: [toy_open]\n"
        "judges: [{name: j, judge: reward, args: {model: models/rm}}]\n"
    )
    found = load_experiment(path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (judge,) = resolve_judges(found, resolve_tasks(found), None)
    assert "model:sha256:" in str(judge.signature)


def test_a_model_on_the_hub_keeps_its_name():
    (judge,) = resolved({"judge": "reward", "args": {"model": "org/reward"}})
    assert "model:org/reward@main" in str(judge.signature)


def test_a_judge_without_anything_to_judge_or_to_compare_with():
    with pytest.raises(ExperimentError, match="no open-ended task"):
        resolved({"judge": "rules"}, tasks=["toy_choice"])
    with pytest.raises(ExperimentError, match="needs a baseline") as caught:
        resolved({"judge": "rules"}, baseline=None)
    assert "baseline: a" in caught.value.fix


def test_an_endpoint_is_opened_once_for_each_judge_and_only_when_told():
    opened = []

    def open_endpoint(settings):
        opened.append(settings.model)
        return lambda calls: iter(())

    found = experiment({"judge": "llm", "endpoint": ENDPOINT}, {"judge": "rules"})
    judges = resolve_judges(found, resolve_tasks(found), open_endpoint)
    assert opened == ["m"]
    match = Match(language="deu_Latn", question="?", a=Answer("x"), b=Answer("y"))
    assert judges[0].judge.calls(match)
    assert not judges[1].judge.calls(match)


def test_a_planned_judge_that_is_asked_all_the_same_is_a_defect():
    (judge,) = resolved({"judge": "llm", "endpoint": ENDPOINT})
    match = Match(language="deu_Latn", question="?", a=Answer("x"), b=Answer("y"))
    with pytest.raises(RuntimeError, match="asks no endpoint"):
        list(judge.judge.decide([match]))


@pytest.mark.parametrize(
    ("output", "own", "found"),
    [("given", "named", "given"), (None, "named", "{base}/named"), (None, "/abs", "/abs"), (None, None, "runs/x")],
)
def test_the_run_folder_is_the_option_s_else_the_file_s_else_named_after_it(output, own, found, tmp_path):
    path = tmp_path / "x.yaml"
    text = "name: x\nsystems: [{name: a, model: toy}, {name: b, model: toy}]\ntasks: [toy_open]\n"
    path.write_text(text + (f"output: {own}\n" if own else ""))
    assert str(folder_of(load_experiment(path), output).path) == found.format(base=tmp_path)
