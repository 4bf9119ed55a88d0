"""All errors of an experiment are told at once."""

import pytest
from every_case import every_case

from polyarena.harness import plan
from polyarena.harness.experiment import load_experiment
from polyarena.harness.experiment.problems import Problems
from polyarena.tasks.errors import DataError, ExperimentError, PolyarenaError, StoreError


def fail(error):
    raise error


def test_nothing_found_raises_nothing():
    problems = Problems()
    assert problems.attempt(lambda a, b: a + b, 1, b=2) == 3
    problems.raise_all()


def test_one_error_is_raised_as_it_is():
    problems, error = Problems(), DataError("x", where="y")
    assert problems.attempt(fail, error) is None
    with pytest.raises(DataError) as caught:
        problems.raise_all()
    assert caught.value is error


def test_of_several_the_first_carries_the_others_each_once():
    problems = Problems()
    problems.attempt(fail, DataError("a", where="1", fix="f", also=[StoreError("b")]))
    problems.attempt(fail, ExperimentError("c", also=[StoreError("d")]))
    with pytest.raises(DataError) as caught:
        problems.raise_all()
    assert [each.what for each in caught.value.also] == ["b", "c", "d"]
    assert caught.value.render().splitlines() == ["1: a", "  fix: f", "b", "c", "d"]


def test_errors_of_ours_are_not_kept():
    with pytest.raises(ZeroDivisionError):
        Problems().attempt(lambda: 1 / 0)


def test_all_that_is_wrong_in_a_file_is_told(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(
        "name: x\nsystems:\n- {name: a, model: toy}\n- {name: a, model: toy}\ntasks: [sums]\nbaseline: b\n"
        "panels: [{name: p, judges: [j, k]}]\nstatistics: {groupings: [colour]}\n"
    )
    with pytest.raises(PolyarenaError) as caught:
        load_experiment(path)
    told = caught.value.render()
    for expected in (
        ":4 (systems.1): 'a' appears twice",
        ":6 (baseline)",
        ":7 (panels.0)",
        "unknown grouping 'colour'",
    ):
        assert expected in told


def test_all_names_that_do_not_exist_are_told_by_the_plan(toys, tmp_path):
    experiment = {
        "name": "x",
        "systems": [{"name": "a", "model": "toyy"}, {"name": "b", "model": "openai"}, {"name": "c", "model": "toy"}],
        "baseline": "c",
        "tasks": ["toy_opne", {"task": "toy_open", "languages": ["Klingon"]}, {"suite": "smokee"}],
    }
    with pytest.raises(PolyarenaError) as caught:
        plan(experiment, output=tmp_path / "run")
    told = caught.value.render()
    for expected in ("toy_opne", "Klingon", "smokee", "'toyy'", "'openai'"):
        assert expected in told


def test_all_judges_that_cannot_be_built_are_told(toys, tmp_path):
    experiment = {
        "name": "x", "systems": [{"name": name, "model": "toy"} for name in "ab"], "baseline": "a",
        "tasks": ["toy_open"], "judges": [{"name": "j", "judge": "llm"}, {"name": "k", "judge": "rulez"}],
    }  # fmt: skip
    with pytest.raises(PolyarenaError) as caught:
        plan(experiment, output=tmp_path / "run")
    assert "asks a model and has no endpoint" in caught.value.render()
    assert "rulez" in caught.value.render()


@every_case("entry", ["", {"task": ""}, {"suite": ""}, {"task": None}])
def test_an_empty_name_of_a_task_is_no_name(entry):
    with pytest.raises(ExperimentError, match="names no task") as caught:
        load_experiment({"name": "x", "systems": [{"name": "a", "model": "toy"}], "tasks": [entry]})
    assert "unknown task" not in caught.value.render()


@pytest.mark.parametrize(
    ("name", "meant"), [("openai", "endpoint"), ("API", "endpoint"), ("transformers", "hf"), ("jsonl", "completions")]
)
def test_what_people_call_a_model_type_is_understood(name, meant, tmp_path):
    with pytest.raises(PolyarenaError, match="unknown model") as caught:
        plan({"name": "x", "systems": [{"name": "a", "model": name}], "tasks": ["sib200"]}, output=tmp_path / "run")
    assert f"did you mean '{meant}'" in caught.value.fix


def test_an_error_that_is_found_several_times_is_told_once():
    problems = Problems()

    def fail(where):
        raise ExperimentError("unknown language 'Germn'", where=where)

    for where in ("languages", "languages", "tasks.1.languages", "languages"):
        problems.attempt(fail, where)
    with pytest.raises(ExperimentError) as caught:
        problems.raise_all()
    assert caught.value.where == "languages"
    assert [each.where for each in caught.value.also] == ["tasks.1.languages"]


def test_unknown_languages_tasks_and_models_are_told_together(tmp_path):
    experiment = {
        "name": "x",
        "systems": [{"name": "one", "model": "endpont", "args": {}}],
        "tasks": ["polyarena_min", "cldr_names", {"task": "mgsn", "limit": 2}],
        "languages": ["Germn"],
    }
    with pytest.raises(PolyarenaError) as caught:
        plan(experiment, output=tmp_path / "run")
    message = caught.value.render()
    assert message.count("'Germn'") == 1
    for unknown, meant in (("polyarena_min", "polyarena_mini"), ("mgsn", "mgsm"), ("endpont", "endpoint")):
        assert f"'{unknown}'" in message
        assert f"did you mean '{meant}'" in message
