"""Ranges of tokens and money add up end by end, and hold what is true."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints import Prices
from polyarena.harness.planning.cost import BYTES_PER_TOKEN, Range, price, size_tokens, text_tokens

ENDS = st.floats(0, 1e9)
RANGES = st.builds(lambda low, more: Range(low, low + more), ENDS, ENDS)


@given(RANGES, RANGES)
def test_sums_add_both_ends_in_any_order(one, other):
    assert one + other == other + one == Range(one.low + other.low, one.high + other.high)
    assert one + Range() == one


@given(RANGES, st.floats(0, 1e6))
def test_scaling_keeps_low_below_high(span, factor):
    scaled = span * factor
    assert scaled.low <= scaled.high
    assert scaled == Range(span.low * factor, span.high * factor)


@given(st.text(max_size=200))
def test_a_text_has_no_more_tokens_than_bytes_and_no_fewer_than_a_fifth(text):
    size = len(text.encode("utf-8", "replace"))
    found = text_tokens(text)
    assert found == size_tokens(size)
    assert size / BYTES_PER_TOKEN[1] == found.low <= found.high <= size


@given(st.text(max_size=50), st.text(max_size=50))
def test_two_texts_have_the_tokens_of_both(one, other):
    whole, parts = text_tokens(one + other), text_tokens(one) + text_tokens(other)
    assert (whole.low, whole.high) == (pytest.approx(parts.low), pytest.approx(parts.high))


def test_a_lone_surrogate_is_counted_and_breaks_nothing():
    assert text_tokens("\ud800").high > 0


def test_prices_are_per_million():
    prices = Prices(input=Decimal(2), output=Decimal(10))
    found = price(Range(1e6, 2e6), Range(0, 1e6), prices)
    assert (found.low, found.high) == (2.0, 14.0)


def test_without_prices_the_price_is_unknown_and_with_free_ones_it_is_nothing():
    assert price(Range(1, 2), Range(1, 2), None) is None
    assert price(Range(1, 2), Range(1, 2), Prices(input=0, output=0)) == Range()
