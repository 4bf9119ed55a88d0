"""Arguments of judges."""

import pytest
from every_case import every_case

from polyarena.judges.llm import build as build_llm
from polyarena.judges.rules import build as build_rules
from polyarena.tasks.errors import ExperimentError, UnknownNameError


@every_case(
    ("build", "args", "suggestion"),
    [
        (build_rules, {"min_probabilty": 0.5}, "min_probability"),
        (build_rules, {"max_repeat": 0.5}, "max_repeated"),
        (build_llm, {"max_token": 5}, "max_tokens"),
        (build_llm, {"JudgeTemplate": "pairwise"}, "template"),
    ],
)
def test_unknown_arguments_are_refused_with_a_suggestion(build, args, suggestion):
    with pytest.raises(UnknownNameError, match=f"did you mean '{suggestion}'"):
        build(args, None)


@every_case(
    ("build", "args", "field"),
    [
        (build_rules, {"min_probability": 0}, "min_probability"),
        (build_rules, {"min_probability": "high"}, "min_probability"),
        (build_rules, {"max_repeated": 1.5}, "max_repeated"),
        (build_llm, {"max_tokens": 0}, "max_tokens"),
        (build_llm, {"max_tokens": "many"}, "max_tokens"),
        (build_llm, {"temperature": -1.0}, "temperature"),
        (build_llm, {"max_answer_chars": 5}, "max_answer_chars"),
        (build_llm, {"template": 3}, "template"),
    ],
)
def test_bad_values_are_refused_with_field_reason_and_default(build, args, field):
    with pytest.raises(ExperimentError, match=f"{field} cannot be") as caught:
        build(args, None)
    assert caught.value.why
    assert "default" in caught.value.fix


def test_whole_numbers_are_good_enough_for_shares():
    assert build_rules({"min_probability": 1}, None).settings.min_probability == 1.0
    assert "temperature:1|" in str(build_llm({"temperature": 1}, None).signature)
