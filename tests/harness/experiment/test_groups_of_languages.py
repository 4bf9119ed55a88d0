"""``statistics`` of the experiment file: groupings, own groups and the weight of strong verdicts."""

import pytest

from polyarena.harness.experiment import load_experiment
from polyarena.tasks.errors import ExperimentError, PolyarenaError, UnknownNameError

PLAIN = """
name: tiny
systems:
  - {{ name: one, model: dummy }}
tasks: [polyarena_mini]
statistics:
  {statistics}
"""


@pytest.fixture
def load(tmp_path):
    def load(statistics):
        path = tmp_path / "experiment.yaml"
        path.write_text(PLAIN.format(statistics=statistics), encoding="utf-8")
        return load_experiment(path).statistics

    return load


def test_left_out_they_are_tiers_alone_and_a_strong_verdict_counts_once(load):
    chosen = load("rounds: 200")
    assert (chosen.groupings, chosen.groups, chosen.strong_weight) == (("tier",), {}, 1.0)


def test_all_three_are_read(load):
    chosen = load("{groupings: [family, script], groups: {nordic: [dan, swe], dach: German}, strong_weight: 3}")
    assert chosen.groupings == ("family", "script")
    assert chosen.groups == {"nordic": ("dan", "swe"), "dach": "German"}
    assert chosen.strong_weight == 3


def test_no_grouping_at_all_is_possible(load):
    assert load("groupings: []").groupings == ()


def test_a_misspelt_grouping_names_the_right_one_and_its_line(load):
    with pytest.raises(UnknownNameError) as caught:
        load("groupings: [tier, familly]")
    assert "did you mean 'family'" in str(caught.value)
    assert "experiment.yaml:7 (statistics.groupings.1)" in str(caught.value)


def test_a_grouping_that_stands_twice_is_refused(load):
    with pytest.raises(ExperimentError, match="'tier' appears twice"):
        load("groupings: [tier, tier]")


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ("{nordic: [dan, swedisch]}", "Swedish"),
        ("{none: 'German & -German'}", "statistics.groups.none"),
        ("{empty: []}", "the list of languages is empty"),
        ("{'': German}", "statistics.groups"),
    ],
)
def test_a_group_without_languages_is_refused(load, groups, says):
    with pytest.raises(PolyarenaError) as caught:
        load(f"groups: {groups}")
    assert says in str(caught.value)


@pytest.mark.parametrize("weight", ["0", "-1", ".inf", ".nan", "many", "1001"])
def test_a_weight_that_means_nothing_is_refused(load, weight):
    with pytest.raises(ExperimentError, match="strong_weight"):
        load(f"strong_weight: {weight}")
