"""Position, consistency and the rest, on games whose consistency are known."""

import dataclasses

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Game, Label
from polyarena.reports.judge_card import consistency as consistency
from polyarena.reports.judge_card.rates import Rate, RateSettings, rate

VALID = [label.value for label in Label if label is not Label.INVALID]


def game(label, item=1, swapped=False, **changes):
    a, b = ("old", "new") if swapped else ("new", "old")
    return dataclasses.replace(Game("j", "t", "deu_Latn", str(item), f"s{item}", a, b, 0, label, ""), **changes)


def values(found):
    return [value for _, value in found]


def both(one, other, item=1):
    return [game(one, item), game(other, item, swapped=True)]


@every_case(
    ("one", "other", "contradictory", "inconsistent"),
    [("A>B", "B>A", 0, 0), ("A>B", "A>B", 1, 1), ("A>B", "A=B", 0, 1), ("A=B", "A=B", 0, 0), ("B>>A", "A>B", 0, 0),
     ("B>A", "B>>A", 1, 1)],
)  # fmt: skip
def test_what_changes_with_the_order(one, other, contradictory, inconsistent):
    assert values(consistency.contradictions(both(one, other))) == [contradictory]
    assert values(consistency.position_inconsistency(both(one, other))) == [inconsistent]


@given(st.lists(st.tuples(st.sampled_from(VALID), st.sampled_from(VALID)), max_size=20))
def test_a_contradiction_is_a_flip_and_swapping_all_orders_mirrors_the_position(pairs):
    games = [each for item, (one, other) in enumerate(pairs) for each in both(one, other, item)]
    flips, contradictions = (
        values(consistency.position_inconsistency(games)),
        values(consistency.contradictions(games)),
    )
    assert all(flip >= contradiction for flip, contradiction in zip(flips, contradictions, strict=True))
    mirror = {"A>>B": "B>>A", "A>B": "B>A", "A=B": "A=B", "B>A": "A>B", "B>>A": "A>>B"}
    turned = [dataclasses.replace(each, label=mirror[each.label]) for each in games]
    assert sum(values(consistency.position_bias(games))) + sum(values(consistency.position_bias(turned))) == len(games)


def test_position_is_told_from_quality():
    better = [each for item in range(10) for each in both("A>B", "B>A", item)]
    assert np.mean(values(consistency.position_bias(better))) == 0.5
    biased = [each for item in range(10) for each in both("A>B", "A>B", item)]
    assert np.mean(values(consistency.position_bias(biased))) == 1


def test_games_in_one_order_or_without_a_verdict_say_nothing_of_position():
    games = [game("A>B", 1), *both("A>B", "invalid", 2), game("A>B", 3, repeat=0), game("A>B", 3, True, repeat=1)]
    assert values(consistency.position_bias(games)) == []
    assert values(consistency.position_inconsistency(games)) == []


def test_repeats_of_the_same_answers_are_compared_and_samples_are_not():
    games = [game(label, repeat=number) for number, label in enumerate(["A>B", "A>>B", "A>B", "B>A"])]
    assert values(consistency.repeated(games, 2)) == [1, 0]
    assert values(consistency.repeated(games, 1)) == []
    assert len(values(consistency.repeated(games, 4))) == 6


def test_shares_leave_invalid_games_out_and_count_them():
    games = [game("A>>B"), game("A=B", 2), game("invalid", 3), game("B>>A", 4)]
    assert values(consistency.share_of(games, Label.A_MUCH, Label.B_MUCH)) == [1, 0, 1]
    assert values(consistency.invalid(games)) == [0, 0, 1, 0]


def test_asking_again_and_price_only_where_known():
    games = [game("A>B", follow_ups=0, cost=0.001), game("A>B", 2, follow_ups=1, cost=0.003), game("A>B", 3)]
    assert values(consistency.asked_again(games)) == [0, 1]
    assert values(consistency.asked_again([game("A>B", asked=2 + n, follow_ups=n) for n in (0, 1, 2)])) == [0, 1, 1]
    assert consistency.price_per_thousand(games) == (pytest.approx(2.0), 1)
    assert consistency.price_per_thousand(games[2:]) == (None, 1)


@every_case(
    ("labels", "said"),
    [(("A>B", "A>B"), "the answer shown first"), (("B>A", "B>>A"), "the answer shown second"),
     (("A=B", "A=B"), "a tie"), (("A>B", "B>A"), "")],
)  # fmt: skip
def test_a_judge_that_always_says_the_same_is_called_out(labels, said):
    games = [each for item in range(20) for each in both(*labels, item)]
    assert consistency.constant(games) == said
    assert consistency.constant(games[:10]) == ""


def test_one_system_that_always_wins_in_one_order_is_no_constant_judge():
    assert consistency.constant([game("A>B", item) for item in range(40)]) == ""
    assert consistency.constant([game("A=B", item) for item in range(40)]) == "a tie"


def test_rates_have_intervals_and_resample_clusters():
    generator = np.random.default_rng(0)
    pairs = [(f"s{i}", float(generator.random() < 0.3)) for i in range(300)]
    alone, copied = rate(pairs, RateSettings()), rate(pairs * 4, RateSettings())
    assert alone.low < alone.value < alone.high
    assert copied.value == pytest.approx(alone.value)
    assert copied.high - copied.low == pytest.approx(alone.high - alone.low, rel=0.15)
    assert rate(pairs[::-1], RateSettings()) == alone
    assert rate([], RateSettings()) == Rate()
    assert rate([("s", 1.0)], RateSettings()).low is None
