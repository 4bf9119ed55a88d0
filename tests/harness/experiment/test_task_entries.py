"""Entries of ``tasks``: a task or a suite, told apart by their key."""

import json

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.experiment import Experiment, SuiteSpec, TaskSpec, load_experiment
from polyarena.tasks.errors import ExperimentError

REST = {"name": "x", "systems": [{"name": "a", "model": "dummy"}]}


def load(*tasks, **more):
    return load_experiment({**REST, "tasks": list(tasks), **more})


def complaint(*tasks):
    with pytest.raises(ExperimentError) as caught:
        load(*tasks)
    return str(caught.value)


def test_a_name_a_task_and_a_suite():
    short, long, suite = load(
        "xcopa", {"task": "xnli", "templates": "all"}, {"suite": "aya99", "limit": 20, "languages": "tier:low"}
    ).tasks
    assert short == TaskSpec(task="xcopa")
    assert long.templates == "all"
    assert suite == SuiteSpec(suite="aya99", limit=20, languages="tier:low")


def test_templates_are_a_name_or_a_list():
    assert load({"task": "xnli", "templates": ["claim", "follows"]}).tasks[0].templates == ("claim", "follows")
    assert load({"suite": "aya99", "templates": "claim"}).tasks[0].templates == "claim"


@every_case(
    ("entry", "says"),
    [
        ({"task": "xcopa", "suite": "aya99"}, "names both a task and a suite"),
        ({"limit": 3}, "give it `task: NAME` or `suite: NAME`"),
        ({}, "names no task"),
        ({"suit": "aya99"}, "did you mean 'suite'?"),
        ({"tsk": "xcopa"}, "did you mean 'task'?"),
        ({"suite": "aya99", "limt": 3}, "did you mean 'limit'?"),
        ({"suite": "aya99", "limit": 0}, "greater than 0"),
        ({"suite": "aya99", "systems": 0}, "use one of: exclude, languages, limit, suite, templates"),
        (17, "expected a mapping"),
    ],
)
def test_what_is_neither_is_refused_with_the_fix(entry, says):
    message = complaint("polyarena_mini", entry)
    assert says in message
    assert message.startswith("tasks.1")
    assert "(task)" not in message
    assert "(suite)" not in message


def test_the_line_of_a_suite_is_known(tmp_path):
    path = tmp_path / "experiment.yaml"
    path.write_text("name: x\nsystems: [{name: a, model: dummy}]\ntasks:\n  - suite: aya99\n    limt: 3\n")
    with pytest.raises(ExperimentError, match=f"{path}:5"):
        load_experiment(path)


def test_a_suite_stands_once_whatever_its_case():
    assert "'suite AYA99' appears twice" in complaint({"suite": "aya99"}, {"suite": "AYA99"})
    assert len(load({"suite": "aya99"}, "aya99").tasks) == 2


def test_the_json_schema_has_all_three_forms():
    schema = Experiment.model_json_schema()
    forms = json.dumps(schema["properties"]["tasks"]["items"])
    assert '"type": "string"' in forms
    assert "TaskSpec" in forms
    assert "SuiteSpec" in forms
    assert schema["$defs"]["SuiteSpec"]["required"] == ["suite"]


def test_what_is_written_can_be_read_again():
    experiment = load({"suite": "aya99", "limit": 2}, "xcopa", allow_inadequate=["word_pass"])
    again = load_experiment(experiment.model_dump(mode="json"))
    assert again.tasks == experiment.tasks
    assert again.allow_inadequate == ("word_pass",)


@given(st.dictionaries(st.sampled_from(["task", "suite", "limit", "languages", "templates", "odd"]), st.text()))
def test_every_entry_is_read_or_refused_in_our_words(entry):
    found = read_or_refused(entry)
    if isinstance(found, ExperimentError):
        assert found.where.startswith("tasks.0")
    else:
        assert isinstance(found, SuiteSpec if "suite" in entry else TaskSpec)


def read_or_refused(entry):
    try:
        return load(entry).tasks[0]
    except ExperimentError as error:
        return error
