"""``opponents``: the pairs that each form names, and what is refused with its place."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.experiment import load_experiment
from polyarena.harness.experiment.games import GamesBudget
from polyarena.harness.experiment.opponents import all_pairs, planned_pairs
from polyarena.tasks.errors import ExperimentError, UnknownNameError

FOUR = ("a", "b", "c", "d")


def load(opponents=None, systems=FOUR, baseline=None):
    return load_experiment(
        {
            "name": "x",
            "systems": [{"name": name, "model": "dummy"} for name in systems],
            "tasks": ["polyarena_mini"],
            "baseline": baseline,
            "opponents": opponents,
        }
    )


def test_without_opponents_every_system_meets_the_baseline():
    assert planned_pairs(load(baseline="b")) == (("a", "b"), ("c", "b"), ("d", "b"))
    assert planned_pairs(load()) == ()


@given(st.permutations(FOUR), st.sampled_from([None, *FOUR]))
def test_all_pairs_has_each_pair_once_and_the_baseline_second(systems, baseline):
    pairs = planned_pairs(load("all", systems, baseline))
    assert sorted(map(sorted, pairs)) == sorted(map(sorted, combinations(FOUR, 2)))
    assert all(one != baseline for one, _ in pairs)


@given(st.sampled_from([None, "a", "b"]))
def test_a_system_added_at_the_end_changes_no_pair(baseline):
    before = set(all_pairs(load("all", FOUR, baseline)))
    assert before < set(all_pairs(load("all", (*FOUR, "e"), baseline)))


def test_a_list_of_pairs_is_taken_as_it_is():
    assert planned_pairs(load([["c", "a"], ["a", "b"]])) == (("c", "a"), ("a", "b"))


@pytest.mark.parametrize("baseline", [None, "a", "c"])
def test_a_budget_begins_with_a_star(baseline):
    experiment = load({"games": 100}, baseline=baseline)
    assert experiment.opponents == GamesBudget(games=100, first=10, step=10)
    center = baseline or "a"
    assert {frozenset(pair) for pair in planned_pairs(experiment)} == {
        frozenset((center, other)) for other in FOUR if other != center
    }


@pytest.mark.parametrize(
    ("opponents", "kind", "told"),
    [
        ([["a", "e"]], UnknownNameError, "opponents.0"),
        ([["a", "b"], ["a", "a"]], ExperimentError, "opponents.1"),
        ([["a", "b"], ["b", "a"]], ExperimentError, "paired twice"),
        ([["a", "b", "c"]], ExperimentError, "opponents.0"),
        ([["a"]], ExperimentError, "opponents.0"),
        ([], ExperimentError, "opponents"),
        ("everybody", ExperimentError, "'all'"),
        (3, ExperimentError, "expected a list"),
        ({"games": 0}, ExperimentError, "opponents.games"),
        ({"game": 100}, ExperimentError, "did you mean 'games'"),
        ({}, ExperimentError, "'games' is missing"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_its_place(opponents, kind, told):
    with pytest.raises(kind) as caught:
        load(opponents)
    assert told in str(caught.value)


def test_one_system_has_no_opponent():
    with pytest.raises(ExperimentError, match="two systems"):
        load("all", ("a",))


CLASHING = ("a", "a--b", "b--c", "c")


@pytest.mark.parametrize("opponents", ["all", [["a", "b--c"], ["a--b", "c"]], [["a", "B--c"], ["a--b", "c"]]])
def test_pairs_whose_games_would_share_a_folder_are_refused(opponents):
    systems = tuple(name.replace("b--c", "B--c") for name in CLASHING) if "B--c" in str(opponents) else CLASHING
    with pytest.raises(ExperimentError, match="would share a folder") as caught:
        load(opponents, systems)
    assert "rename" in caught.value.fix


def test_names_with_two_hyphens_are_fine_where_no_folder_is_shared():
    assert len(planned_pairs(load("all", ("org--model", "org--other", "c")))) == 3
    assert planned_pairs(load([["a", "b--c"]], CLASHING)) == (("a", "b--c"),)
