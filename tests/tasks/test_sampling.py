"""How a text is sampled: settings that are compared, copied and kept in keys."""

from dataclasses import FrozenInstanceError, asdict, fields, replace

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.sampling import Sampling

SETTINGS = st.builds(
    Sampling,
    max_tokens=st.integers(1, 4096),
    temperature=st.floats(0, 2),
    top_p=st.floats(0, 1),
    stop=st.lists(st.text(min_size=1), max_size=3).map(tuple),
    seed=st.integers(0, 2**31),
    thinking_budget=st.integers(0, 4096),
    reasoning_effort=st.sampled_from([None, "low", "high"]),
)


def test_nothing_is_left_to_chance_unless_asked_for():
    assert asdict(Sampling()) == {
        "max_tokens": 512,
        "temperature": 0.0,
        "top_p": 1.0,
        "stop": (),
        "seed": 0,
        "thinking_budget": 0,
        "reasoning_effort": None,
    }


def test_thought_and_answer_have_a_limit_each():
    assert Sampling().total_tokens == 512
    assert Sampling(max_tokens=100, thinking_budget=1000).total_tokens == 1100


@given(SETTINGS)
def test_equal_settings_are_one_key(settings):
    assert {settings: "answer"}[Sampling(**asdict(settings))] == "answer"


@given(SETTINGS, SETTINGS)
def test_each_setting_makes_another_key(one, other):
    for field in fields(Sampling):
        changed = replace(one, **{field.name: getattr(other, field.name)})
        assert (changed == one) is (getattr(one, field.name) == getattr(other, field.name))


@every_case("field", [field.name for field in fields(Sampling)])
def test_settings_do_not_change_once_they_are_in_a_key(field):
    with pytest.raises(FrozenInstanceError):
        setattr(Sampling(), field, 1)
