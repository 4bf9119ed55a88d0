"""The key `thinking` of a system: short forms, marks by hand, budgets, and what it refuses."""

from __future__ import annotations

import json

import pytest
import yaml

from polyarena.harness.experiment import Experiment, load_experiment
from polyarena.harness.experiment.schema import DEFAULT_THINKING_BUDGET, ThinkingSpec
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.thinking import AUTO, OFF, Detection, ThinkingRule


def load(tmp_path, thinking):
    path = tmp_path / "experiment.yaml"
    system = (
        f"{{name: a, model: endpoint, args: {{model: m}}, thinking: {thinking}}}"
        if thinking
        else ("{name: a, model: endpoint, args: {model: m}}")
    )
    path.write_text(f"name: t\nsystems:\n  - {system}\ntasks: [polyarena_mini]\n", "utf-8")
    return load_experiment(path).systems[0].thinking


@pytest.mark.parametrize(
    ("written", "rule", "tokens", "effort"),
    [
        ("", AUTO, 0, None),
        ("auto", AUTO, 0, None),
        ("on", AUTO, DEFAULT_THINKING_BUDGET, None),
        ("true", AUTO, DEFAULT_THINKING_BUDGET, None),
        ("'on'", AUTO, DEFAULT_THINKING_BUDGET, None),
        ("off", OFF, 0, None),
        ("false", OFF, 0, None),
        ("'off'", OFF, 0, None),
        ("{budget: 500}", AUTO, 500, None),
        ("{budget: 0}", AUTO, 0, None),
        ("{effort: high}", AUTO, DEFAULT_THINKING_BUDGET, "high"),
        ("{effort: none}", AUTO, 0, "none"),
        ("{effort: low, budget: 9}", AUTO, 9, "low"),
        ("{opened: true}", ThinkingRule(opened=True), DEFAULT_THINKING_BUDGET, None),
        ("{end: '</t>'}", ThinkingRule(Detection.MARKS, None, "</t>"), DEFAULT_THINKING_BUDGET, None),
        ("{start: '<t>', end: '</t>', budget: 1}", ThinkingRule(Detection.MARKS, "<t>", "</t>"), 1, None),
        ("{detection: off, effort: none}", OFF, 0, "none"),
    ],
)  # fmt: skip
def test_what_may_be_written(tmp_path, written, rule, tokens, effort):
    spec = load(tmp_path, written)
    assert (spec.rule, spec.tokens, spec.effort) == (rule, tokens, effort)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("of", ["thinking)", "did you mean 'off'"]),
        ("yes", ["thinking)", "unknown value 'yes'", "use one of: auto, on, off"]),
        ("{start: '<t>'}", ["end of a thought needs a mark", "end"]),
        ("{detection: marks}", ["end of a thought needs a mark"]),
        ("{detection: off, end: x}", ["detection turned off"]),
        ("{budgt: 5}", ["budgt", "did you mean 'budget'"]),
        ("{budget: -1}", ["budget"]),
        ("{effort: 'very high'}", ["effort"]),
        ("{end: ''}", ["end"]),
        ("[1]", ["thinking"]),
    ],
)
def test_what_is_refused(tmp_path, written, words):
    with pytest.raises(ExperimentError) as caught:
        load(tmp_path, written)
    for word in words:
        assert word in str(caught.value)


def test_the_schema_for_editors_knows_the_short_forms():
    schema = Experiment.model_json_schema()
    said = json.dumps(schema["$defs"]["SystemSpec"]["properties"]["thinking"])
    assert all(word in said for word in ("boolean", "auto", "on", "off", "ThinkingSpec"))


def test_it_survives_the_lock():
    spec = ThinkingSpec(start="<t>", end="</t>", budget=7)
    assert ThinkingSpec.model_validate(yaml.safe_load(json.dumps(spec.model_dump(mode="json")))) == spec
