"""``group`` of systems: what it means, and what is refused with its place."""

import pytest

from polyarena.harness.experiment import load_experiment
from polyarena.tasks.errors import ExperimentError


def load(groups, **more):
    systems = [
        {"name": name, "model": "dummy", **({"group": group} if group else {})} for name, group in groups.items()
    ]
    return load_experiment({"name": "x", "systems": systems, "tasks": ["polyarena_mini"], **more})


def test_systems_of_one_group_are_its_seeds_in_order():
    found = load({"base": None, "b": "sft", "a": "sft", "c": "dpo", "d": "dpo"}, baseline="base")
    assert found.seed_groups == {"sft": ("b", "a"), "dpo": ("c", "d")}
    assert load({"base": None}).seed_groups == {}


@pytest.mark.parametrize(
    ("groups", "more", "said"),
    [
        ({"base": None, "a": "sft"}, {}, "the group 'sft' has one system"),
        ({"SFT": None, "a": "sft", "b": "sft"}, {}, "a system and a group are both named 'sft'"),
        ({"a": "sft", "b": "sft"}, {"baseline": "a"}, "the baseline 'a' is a seed of the group 'sft'"),
        ({"a": "sft", "b": "sft", "c": None}, {"opponents": "all"}, "`group` and `opponents` exclude each other"),
        ({"a": "s/ft", "b": "s/ft"}, {}, "group"),
    ],
)
def test_groups_that_no_report_could_show_are_refused(groups, more, said):
    with pytest.raises(ExperimentError) as caught:
        load(groups, **more)
    assert said in str(caught.value)
    assert caught.value.where.startswith(("systems.", "opponents"))
