"""Log-likelihoods that no language model can have given are refused; those of real ones pass."""

from __future__ import annotations

import math

import pytest
from every_case import every_case
from hypothesis import assume, given
from hypothesis import strategies as st

from polyarena.harness.models.plausibility import check_likelihoods
from polyarena.harness.models.protocol import ChoiceRequest, ChoiceResult
from polyarena.tasks.errors import ModelError


def check(*items, choices=("yes", "no")):
    """Check items with these log-likelihoods."""
    requests = [ChoiceRequest("eng_Latn", str(n), (), tuple(choices)) for n in range(len(items))]
    check_likelihoods(requests, [ChoiceResult("p", tuple(values)) for values in items], "s")


@every_case(
    ("items", "words"),
    [
        ([(-1, math.nan)], "not a number"),
        ([(-1, -2), (-1, 0.5)], "positive"),
        ([(-math.inf, -math.inf)], "impossible"),
        ([(0.0, 0.0), (0.0, 0.0)], "equally likely"),
        ([(-3.5, -3.5)] * 3, "equally likely"),
        ([(0.0, -0.1), (-0.2, 0.0), (-5, -6)], "cannot all be certain"),
        ([(-1.0,)], "1 likelihoods came back for the 2 choices"),
    ],
)
def test_implausible_numbers_are_refused_with_the_reason(items, words):
    with pytest.raises(ModelError, match=words) as caught:
        check(*items)
    assert caught.value.where == "s"


@every_case(
    "items",
    [
        [],
        [(-1, -2)],
        [(-1, -1), (-1, -2)],
        [(-0.001, -7.0)],
        [(1e-6, -20.0)],
        [(-1, -math.inf)],
        [(0.0, -0.1), (-3, -4)],
        [(-5.0, -5.0), (-5.0, -6.0)],
    ],
)
def test_plausible_numbers_pass(items):
    check(*items)


def test_choices_that_begin_with_one_another_may_both_be_certain():
    check((-0.1, -0.2), choices=("New", "New York"))
    with pytest.raises(ModelError, match="certain"):
        check((-0.1, -0.2), choices=("New York", "Newark"))


def test_equal_choices_may_be_equally_likely():
    check((-1.0, -1.0), choices=("a", "a"))


@given(st.lists(st.lists(st.floats(-8, 8), min_size=3, max_size=3), min_size=1, max_size=6))
def test_a_softmax_is_always_plausible(logits):
    items = []
    for row in logits:
        total = math.log(math.fsum(map(math.exp, row)))
        items.append([value - total for value in row])
    assume(any(len(set(item)) > 1 for item in items))
    check(*items, choices=("a", "b", "c"))
