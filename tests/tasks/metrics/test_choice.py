"""Rank classification: ties, normalisation, and what is refused."""

import math

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Item
from polyarena.tasks.metrics.multiple_choice import choice_scores, gold_share
from polyarena.tasks.records import Completion

# Half of the smallest subnormal number is zero, and equal to another.
finite = st.floats(min_value=-1e6, max_value=0, allow_nan=False, allow_subnormal=False)
few = st.lists(st.integers(min_value=-3, max_value=0).map(float), min_size=1, max_size=6)


def item(*choices, gold=0):
    return Item("q", "q", "swh_Latn", "prompt", choices=choices or ("a", "b"), gold=gold)


def completion(loglikelihoods, choice_bytes):
    return Completion(
        "system", "task", "swh_Latn", "q", 0, "q", "p", loglikelihoods=loglikelihoods, choice_bytes=choice_bytes
    )


@every_case(
    ("values", "gold", "share"),
    [
        ([-1.0, -2.0], 0, 1.0),
        ([-1.0, -2.0], 1, 0.0),
        ([-1.0, -1.0, -2.0], 0, 0.5),
        ([-1.0, -1.0, -2.0], 1, 0.5),
        ([-1.0, -1.0, -2.0], 2, 0.0),
        ([-1.0] * 4, 3, 0.25),
        ([-math.inf, -5.0], 0, 0.0),
        ([-math.inf, -math.inf], 0, 0.5),
        ([-7.0], 0, 1.0),
    ],
)
def test_gold_share(values, gold, share):
    assert gold_share(values, gold) == share


@given(few)
def test_shares_of_all_choices_sum_to_one(values):
    assert math.isclose(sum(gold_share(values, gold) for gold in range(len(values))), 1)


@given(few, st.randoms(use_true_random=False))
def test_order_of_choices_does_not_matter(values, random):
    gold = random.randrange(len(values))
    order = random.sample(range(len(values)), len(values))
    assert gold_share([values[i] for i in order], order.index(gold)) == gold_share(values, gold)


@every_case(("values", "gold"), [([math.nan, -1.0], 1), ([-1.0, math.nan], 0), ([], 0), ([-1.0], 1)])
def test_gold_share_refuses(values, gold):
    with pytest.raises(ValueError, match=r"not a number|outside"):
        gold_share(values, gold)


def test_a_negative_index_is_no_choice():
    with pytest.raises(ValueError, match="outside"):
        gold_share([-1.0, -2.0], -1)


def test_length_decides_between_the_metrics():
    # Ten bytes at -8 in all are likelier per byte than two bytes at -4, and less likely in all.
    scores = choice_scores(item("x" * 10, "yy"), completion((-8.0, -4.0), (10, 2)))
    assert scores == {"acc_bytes": 1.0, "acc": 0.0}


def test_the_headline_comes_first():
    assert list(choice_scores(item(), completion((-1.0, -2.0), (1, 1)))) == ["acc_bytes", "acc"]


@given(st.lists(st.integers(min_value=1, max_value=64), min_size=2, max_size=6))
def test_a_model_that_is_uniform_over_bytes_scores_chance_per_byte(lengths):
    loglikelihoods = tuple(-8.0 * length for length in lengths)  # exact in binary, so the ties are exact
    question = item(*("x" * length for length in lengths))
    assert choice_scores(question, completion(loglikelihoods, tuple(lengths)))["acc_bytes"] == 1 / len(lengths)


@given(st.lists(finite, min_size=2, max_size=6))
def test_equal_lengths_make_the_metrics_agree(values):
    scores = choice_scores(item(*(["xx"] * len(values))), completion(tuple(values), (2,) * len(values)))
    assert scores["acc"] == scores["acc_bytes"]


@every_case(
    ("loglikelihoods", "lengths", "message"),
    [
        (None, (1, 1), "lacks log-likelihoods"),
        ((-1.0, -2.0), None, "lacks log-likelihoods"),
        ((-1.0,), (1,), "does not fit"),
        ((-1.0, -2.0), (1, 1, 1), "does not fit"),
        ((math.nan, -1.0), (1, 1), "not a number"),
        ((-1.0, math.inf), (1, 1), "not a number"),
        ((-1.0, -1.0), (1, 0), "no bytes"),
    ],
)
def test_unusable_completions_are_refused_and_named(loglikelihoods, lengths, message):
    with pytest.raises(DataError, match=message) as caught:
        choice_scores(item(), completion(loglikelihoods, lengths))
    assert caught.value.where == "system, task, swh_Latn, q"


@every_case("gold", [None, 2, -1])
def test_an_item_without_gold_is_refused(gold):
    with pytest.raises(DataError, match="no right choice"):
        choice_scores(item(gold=gold), completion((-1.0, -2.0), (1, 1)))
