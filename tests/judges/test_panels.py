"""Several judges as one."""

import dataclasses

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Game, Label, collapse
from polyarena.judges.panels import PanelRule, panel_games
from polyarena.tasks.errors import DataError

VALID = [label.value for label in Label if label is not Label.INVALID]


def game(label, judge="j", item="i", **changes):
    return dataclasses.replace(Game(judge, "t", "deu_Latn", item, "s", "new", "old", 0, label, "why"), **changes)


def panel(rule, *labels):
    members = {f"m{number}": [game(label, f"m{number}")] for number, label in enumerate(labels)}
    (found,) = panel_games("jury", members, rule)
    return found


@every_case(
    ("labels", "majority", "mean"),
    [
        (["A>B", "A>>B", "B>A"], "A>B", 2 / 3),
        (["A>B", "B>A"], "A=B", 0.5),
        (["A=B", "A=B", "B>A"], "A=B", 1 / 3),
        (["A>B", "A=B", "B>A"], "A=B", 0.5),
        (["invalid", "B>>A", "invalid"], "B>A", 0.0),
        (["A>B", "A>B", "B>A", "B>A", "A=B"], "A=B", 0.5),
    ],
)
def test_majority_and_mean(labels, majority, mean):
    assert panel(PanelRule.MAJORITY, *labels).label == majority
    assert panel(PanelRule.MEAN, *labels).score == pytest.approx(mean)


def test_a_game_on_which_all_abstain_is_invalid():
    for rule in PanelRule:
        found = panel(rule, "invalid", "invalid")
        assert (found.label, found.score) == ("invalid", None)
        assert "no member" in found.error


def test_the_record_says_who_said_what_and_costs_stay_with_the_members():
    members = {"a": [game("A>B", cost=1.0)], "b": [game("B>A", cost=2.0, wrong_language="b")]}
    (found,) = panel_games("jury", members, PanelRule.MAJORITY)
    assert found.raw == "a: A>B; b: B>A"
    assert found.cost is None
    assert found.judge == "jury"


def test_only_games_that_all_members_played_are_the_panels():
    members = {"a": [game("A>B"), game("A>B", item="h")], "b": [game("A>B", item="h")]}
    assert [found.item_id for found in panel_games("jury", members, PanelRule.MAJORITY)] == ["h"]


@given(st.lists(st.sampled_from(VALID), min_size=1, max_size=7))
def test_the_mean_rule_makes_the_mean_of_the_members_battles(labels):
    members = {f"m{n}": [game(label, f"m{n}")] for n, label in enumerate([*labels, labels[0]])}
    (battle,) = collapse(panel_games("jury", members, PanelRule.MEAN), "new", "old")
    each = [collapse(games, "new", "old")[0].score for games in members.values()]
    assert battle.score == pytest.approx(sum(each) / len(each))


@given(st.sampled_from(VALID), st.integers(2, 6))
def test_a_unanimous_panel_decides_as_its_members_do(label, size):
    members = {f"m{n}": [game(label, f"m{n}")] for n in range(size)}
    one = collapse([game(label)], "new", "old")[0].score
    for rule in PanelRule:
        assert collapse(panel_games("jury", members, rule), "new", "old")[0].score == one


def test_a_graded_member_counts_with_its_score():
    members = {"a": [game("A>B", score=0.6)], "b": [game("A>B", score=0.8)]}
    (found,) = panel_games("jury", members, PanelRule.MEAN)
    assert found.score == pytest.approx(0.7)


def test_panels_are_checked():
    with pytest.raises(DataError, match="has 1 member"):
        panel_games("jury", {"a": [game("A>B")]}, PanelRule.MEAN)
    with pytest.raises(DataError, match="twice"):
        panel_games("jury", {"a": [game("A>B")] * 2, "b": [game("A>B")]}, PanelRule.MEAN)
    with pytest.raises(DataError, match="several sources"):
        panel_games("jury", {"a": [game("A>B")], "b": [game("A>B", source_id="x")]}, PanelRule.MEAN)
