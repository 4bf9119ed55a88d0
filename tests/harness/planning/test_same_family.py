"""Which systems share a family with a judge or a panel, by the names of their models."""

import json

import pytest

from polyarena.harness.cli import main
from polyarena.harness.experiment import load_experiment
from polyarena.harness.planning.judges import same_family_warning, systems_of_same_family

OPENED = {"base_url": "http://127.0.0.1:9/v1"}


def experiment(judges, models=("qwen2-7b", "gemma-3-4b"), panels=()):
    systems = [{"name": f"s{n}", "model": "toy", "args": {"model": model}} for n, model in enumerate(models)]
    return {
        "name": "x", "systems": systems, "baseline": "s0", "tasks": ["toy_open"], "languages": ["deu_Latn"],
        "judges": judges, "panels": list(panels),
    }  # fmt: skip


def asking(name, model):
    return {"name": name, "judge": "llm", "endpoint": {**OPENED, "model": model}}


def kin(*arguments, **changes):
    return systems_of_same_family(load_experiment(experiment(*arguments, **changes)))


def test_the_model_behind_the_endpoint_is_compared_with_those_of_the_systems():
    assert kin([asking("j", "Qwen3-32B")]) == {"j": {"s0": ["Alibaba"]}}
    assert kin([asking("Qwen3-32B", "gemma-3-27b-it")]) == {"Qwen3-32B": {"s1": ["Google"]}}


def test_without_an_endpoint_the_arguments_or_the_name_tell():
    reward = {"name": "r", "judge": "reward", "args": {"model": "gemma-reward"}}
    assert kin([reward, {"name": "rules", "judge": "rules"}]) == {"r": {"s1": ["Google"]}}


def test_a_panel_has_the_kin_of_all_its_members():
    judges = [asking("one", "Qwen3-32B"), asking("two", "gemma-3-27b-it"), asking("three", "command-a")]
    panels = [{"name": "jury", "judges": ["one", "two"]}, {"name": "few", "judges": ["two", "three"]}]
    found = kin(judges, panels=panels)
    assert found["jury"] == {"s0": ["Alibaba"], "s1": ["Google"]}
    assert found["few"] == found["two"] == {"s1": ["Google"]}
    assert "three" not in found


def test_the_sentence_names_all_that_is_shared():
    assert same_family_warning("j", "s", ["Alibaba", "DeepSeek"]) == (
        "The judge j and the system s are of one family (Alibaba, DeepSeek), by the names of their models."
    )


@pytest.mark.usefixtures("toys")
def test_a_plan_as_json_has_them(tmp_path, capsys):
    path = tmp_path / "x.yaml"
    path.write_text(json.dumps(experiment([asking("j", "Qwen3-32B")])))
    assert main(["plan", str(path), "--output", str(tmp_path / "run"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["relatives"] == {"j": {"s0": ["Alibaba"]}}
