"""Games into battles."""

import dataclasses

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import SCORES, Game, Label, collapse, mean_over_games
from polyarena.judges.records import BATTLE_SCHEMA, Battle
from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.records import from_table, to_table


def game(label, *, swapped=False, item_id="i", repeat=0, **changes):
    a, b = ("old", "new") if swapped else ("new", "old")
    return dataclasses.replace(
        Game("j", "t", "deu_Latn", item_id, f"source-{item_id}", a, b, repeat, label, "raw"), **changes
    )


def score(*played):
    (battle,) = collapse(played, "new", "old")
    return battle.score


@every_case(("label", "expected"), [("A>>B", 1), ("A>B", 1), ("A=B", 0.5), ("B>A", 0), ("B>>A", 0), ("invalid", None)])
def test_the_worth_of_a_label(label, expected):
    assert score(game(label)) == expected
    assert score(game(label, swapped=True)) == (None if expected is None else 1 - expected)


def test_every_label_has_a_worth():
    assert set(SCORES) == set(Label)


def test_orders_and_repeats_are_averaged():
    assert score(game("A>B"), game("B>A", swapped=True)) == 1
    assert score(game("A>B"), game("A>B", swapped=True)) == 0.5
    assert score(game("A>B"), game("A=B", swapped=True)) == 0.75
    assert score(game("A>B"), game("A>B", repeat=1), game("B>A", repeat=2), game("A=B", repeat=3)) == 0.625


def test_invalid_games_are_counted_and_not_averaged():
    assert collapse([game("A>B"), game("invalid", swapped=True)], "new", "old") == [
        Battle("j", "t", "deu_Latn", "i", "source-i", "new", "old", 1.0, 2, 1)
    ]
    assert collapse([game("invalid")], "new", "old")[0].score is None


def test_no_games_no_battles():
    assert collapse([], "new", "old") == []


def test_one_battle_for_each_judge_task_language_and_item_in_order():
    played = [game("A>B"), game("A>B", item_id="h"), game("B>A", language="ces_Latn"), game("A=B", judge="k")]
    battles = collapse(played, "new", "old")
    assert [(each.judge, each.language, each.item_id, each.score) for each in battles] == [
        ("j", "ces_Latn", "i", 0.0),
        ("j", "deu_Latn", "h", 1.0),
        ("j", "deu_Latn", "i", 1.0),
        ("k", "deu_Latn", "i", 0.5),
    ]
    assert from_table(to_table(battles, BATTLE_SCHEMA), Battle) == battles


@every_case(
    ("played", "message"),
    [
        ([game("A>B"), game("B>A")], "two games of 'new' against 'old' with repeat 0"),
        ([game("A>B", system_b="other")], "between 'new' and 'other'"),
        ([game("A>B", system_b="new")], "between 'new' and 'new'"),
        ([game("A<B")], "unknown label 'A<B'"),
        ([game("A>B"), game("A>B", repeat=1, source_id="else")], "several sources"),
    ],
)
def test_bad_games_are_refused_and_named(played, message):
    with pytest.raises(DataError, match=message) as caught:
        collapse(played, "new", "old")
    assert "task t, deu_Latn, item i" in caught.value.where


plays = st.lists(
    st.builds(
        game,
        st.sampled_from(list(Label)).map(str),
        swapped=st.booleans(),
        item_id=st.sampled_from("xyz"),
        repeat=st.integers(0, 3),
    ),
    unique_by=lambda each: (each.item_id, each.system_a, each.repeat),
)


@given(plays)
def test_swapping_candidate_and_baseline_gives_the_rest_to_one(played):
    ours, theirs = collapse(played, "new", "old"), collapse(played, "old", "new")
    for one, other in zip(ours, theirs, strict=True):
        assert (one.n_games, one.n_invalid, one.item_id) == (other.n_games, other.n_invalid, other.item_id)
        if one.score is None:
            assert other.score is None
        else:
            assert one.score == pytest.approx(1 - other.score)


@given(plays, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(played, random):
    shuffled = list(played)
    random.shuffle(shuffled)
    assert collapse(shuffled, "new", "old") == collapse(played, "new", "old")


@given(plays)
def test_no_game_is_lost_and_scores_are_bounded(played):
    battles = collapse(played, "new", "old")
    assert sum(each.n_games for each in battles) == len(played)
    assert sum(each.n_invalid for each in battles) == sum(each.label == "invalid" for each in played)
    for each in battles:
        assert (each.score is None) == (each.n_invalid == each.n_games)
        assert each.score is None or 0 <= each.score <= 1


@given(st.lists(st.sampled_from([label for label in Label if label is not Label.INVALID]).map(str), min_size=1))
def test_a_judge_that_only_looks_at_the_position_makes_ties(labels):
    played = [game(label, swapped=side, repeat=k) for k, label in enumerate(labels) for side in (False, True)]
    assert score(*played) == pytest.approx(0.5)


def test_each_of_many_items_is_one_battle():
    played = [game("A>B", item_id=str(k), swapped=side) for k in range(5_000) for side in (False, True)]
    assert len({battle.item_id for battle in collapse(played, "new", "old")}) == 5_000


def test_a_strong_verdict_counts_as_often_as_it_is_told_to():
    strong, weak = game("A>>B"), game("A>B", swapped=True)
    assert score(strong, weak) == 0.5
    (battle,) = collapse([strong, weak], "new", "old", strong_weight=3)
    assert battle.score == 0.75
    assert (battle.n_games, battle.n_invalid) == (2, 0)


def test_a_graded_preference_goes_before_its_label():
    assert score(game("A>B", score=0.7)) == pytest.approx(0.7)
    assert score(game("A>B", swapped=True, score=0.7)) == pytest.approx(0.3)
    assert score(game("invalid", score=0.7)) is None
    with pytest.raises(DataError, match="outside"):
        collapse([game("A>B", score=1.5)], "new", "old")


def test_the_mean_over_games_weighs_items_with_strong_verdicts_more():
    played = [game("A>>B"), game("A>B", swapped=True), game("A=B", item_id="h"), game("invalid", item_id="k")]
    assert mean_over_games(played, "new") == pytest.approx((1 + 0 + 0.5) / 3)
    assert mean_over_games(played, "new", strong_weight=3) == pytest.approx((3 + 0 + 0.5) / 5)
    assert mean_over_games(played[3:], "new") is None
    with pytest.raises(DataError, match="without 'third'"):
        mean_over_games(played, "third")


@every_case("weight", [0, -1, float("nan")])
def test_a_weight_must_be_positive(weight):
    with pytest.raises(ExperimentError, match="strong_weight"):
        collapse([game("A>B")], "new", "old", strong_weight=weight)
    with pytest.raises(ExperimentError, match="strong_weight"):
        mean_over_games([game("A>B")], "new", strong_weight=weight)
