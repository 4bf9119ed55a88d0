"""The experiment file: every complaint names file, line and fix."""

import pytest

from polyarena.harness.experiment import Experiment, load_experiment
from polyarena.harness.experiment.positions import parse_yaml
from polyarena.tasks.errors import ExperimentError, PolyarenaError, UnknownNameError

GOOD = """
name: tiny
systems:
  - name: one
    model: dummy
  - name: two
    model: dummy
    system_prompt: "Answer in {autonym}."
baseline: one
tasks:
  - polyarena_mini
  - task: cldr_names
    limit: 3
judges: [rules]
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "experiment.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def complaint(path):
    with pytest.raises(PolyarenaError) as caught:
        load_experiment(path)
    return str(caught.value)


def test_a_good_file_is_read_whole(write):
    experiment = load_experiment(write(GOOD))
    assert [system.name for system in experiment.systems] == ["one", "two"]
    assert [(task.task, task.limit) for task in experiment.tasks] == [("polyarena_mini", None), ("cldr_names", 3)]
    assert experiment.judges[0].name == experiment.judges[0].judge == "rules"
    assert experiment.system("two").system_prompt == "Answer in {autonym}."


def test_a_mapping_is_as_good_as_a_file():
    data = {"name": "m", "systems": [{"name": "a", "model": "dummy"}], "tasks": ["polyarena_mini"]}
    assert load_experiment(data).base.is_absolute()


def test_parts_know_their_line(write):
    path = write(GOOD)
    experiment = load_experiment(path)
    assert experiment.where("systems", 1, "model") == f"{path}:7 (systems.1.model)"
    assert experiment.where("tasks", 1, "languages").startswith(f"{path}:12")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("baseline: one", "base_line: one", 9, "did you mean 'baseline'?"),
        ("    limit: 3", "    limt: 3", 13, "did you mean 'limit'?"),
        ("    limit: 3", "    limit: 0", 13, "greater than 0"),
        ("    limit: 3", "    limit: many", 13, "expected a whole number, and got 'many'"),
        ("name: tiny", "name: ../tiny", 2, "is not a valid folder name"),
        ("name: tiny", "name: Größe", 2, "use a-z, A-Z, 0-9"),
        ("    model: dummy\n  - name: two", "  - name: two", 4, "the key 'model' is missing"),
        ("  - name: two", "  - name: One", 6, "appears twice"),
        ("baseline: one", "baseline: on", 9, "did you mean 'one'?"),
        ("judges: [rules]", "judges: [rules, rules]", 14, "appears twice"),
        ("baseline: one", "baseline: one\nbaseline: two", 10, "appears twice"),
        ("    limit: 3", "    limit: [3", 14, "not valid YAML"),
    ],
)
def test_a_fault_is_named_with_its_line_and_fix(write, old, new, line, says):
    path = write(GOOD.replace(old, new))
    message = complaint(path)
    assert says in message
    assert f"{path}:{line}" in message


def test_all_faults_are_told_at_once(write):
    message = complaint(write(GOOD.replace("model: dummy", "modl: dummy").replace("limit: 3", "limt: 3")))
    assert message.count("unknown key") == 3


def test_a_missing_file_names_its_neighbours(write):
    path = write(GOOD)
    message = complaint(path.with_name("experimnt.yaml"))
    assert "the experiment file does not exist" in message
    assert "experiment.yaml" in message


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text"])
def test_a_file_without_a_mapping_is_refused(write, text):
    assert "not a mapping" in complaint(write(text))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00name: x")
    assert "cannot be read" in complaint(path)


def test_no_is_norwegian(write):
    experiment = load_experiment(write(GOOD + "languages: [no, yes_, on]\n"))
    assert experiment.languages == ("no", "yes_", "on")


def test_true_and_false_are_still_booleans(write):
    text = GOOD.replace("    model: dummy\n  - name: two", "    model: dummy\n    chat_template: false\n  - name: two")
    assert load_experiment(write(text)).system("one").chat_template is False


def test_several_greedy_samples_are_refused(write):
    text = GOOD.replace("    system_prompt", "    samples: 3\n    system_prompt")
    assert "temperature above 0" in complaint(write(text))


def test_anchors_serve_for_shared_settings(write):
    text = GOOD.replace(
        "model: dummy\n  - name: two\n    model: dummy", "model: &m dummy\n  - name: two\n    model: *m"
    )
    assert load_experiment(write(text)).system("two").model == "dummy"


def test_errors_are_of_the_family(write):
    with pytest.raises(UnknownNameError):
        load_experiment(write(GOOD.replace("baseline: one", "baseline: three")))
    with pytest.raises(ExperimentError):
        load_experiment(write(GOOD.replace("name: tiny", "nam: tiny")))


def test_the_schema_describes_short_forms():
    schema = Experiment.model_json_schema()
    variants = schema["properties"]["judges"]["items"]["anyOf"]
    assert {"type": "string"} in variants


def test_the_examples_are_good(repository):
    for path in sorted((repository / "examples").glob("*.yaml")):
        if "stages" not in parse_yaml(path.read_text(encoding="utf-8"), str(path))[0]:  # a pipeline, tested with those
            assert load_experiment(path).systems, path


def test_unknown_keys_do_not_hide_other_errors(write):
    text = GOOD.replace("baseline: one", "base_line: one\nbudgt: 3").replace("    limit: 3", "    limit: many")
    message = complaint(write(text))
    assert message.count("unknown key") == 2
    assert "did you mean 'baseline'?" in message
    assert "did you mean 'budget'?" in message
    assert "(tasks.1.limit)" in message
