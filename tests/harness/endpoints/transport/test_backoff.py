"""Pauses between attempts."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints.transport.backoff import (
    FIRST_PAUSE_S,
    LONGEST_BACKOFF_S,
    read_retry_after,
    retry_delay_s,
)

keys = st.text("0123456789abcdef", min_size=4, max_size=8)


@given(keys, st.integers(1, 100), st.floats(0.001, 1000))
def test_backoff_is_bounded_and_repeatable(key, attempt, longest):
    pause = retry_delay_s(key, attempt, None, longest)
    assert 0 <= pause <= min(longest, LONGEST_BACKOFF_S, FIRST_PAUSE_S * 2 ** (attempt - 1))
    assert pause == retry_delay_s(key, attempt, None, longest)


@given(keys, st.integers(1, 100), st.floats(0, 1000), st.floats(0.001, 1000))
def test_a_server_is_given_the_time_it_asks_for_or_left_alone(key, attempt, asked, longest):
    pause = retry_delay_s(key, attempt, asked, longest)
    if asked > longest:
        assert pause is None
    else:
        assert asked <= pause <= 1.1 * asked


def test_jitter_is_full():
    pauses = [retry_delay_s(f"{number:x}", 1, None, 60) / FIRST_PAUSE_S for number in range(2000)]
    assert sum(pauses) / len(pauses) == pytest.approx(0.5, abs=0.03)
    assert min(pauses) < 0.02
    assert max(pauses) > 0.98


@every_case(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "1"}, 1),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 60),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00"}, 60),
        ({"retry-after": "Wed, 21 Oct 2015 07:00:00 GMT"}, 0),
        ({"retry-after": "Wed, 99 Oct 2015 07:00:00 GMT"}, None),
    ],
)
def test_reading_retry_after(headers, seconds):
    assert read_retry_after(headers, now=1445412480 - 60) == seconds


@given(st.integers(0, 4_000_000_000), st.integers(0, 100_000))
def test_reading_dates(now, ahead):
    assert read_retry_after({"retry-after": formatdate(now + ahead, usegmt=True)}, now) == ahead


@given(st.text(max_size=40))
def test_any_header_can_be_read(value):
    seconds = read_retry_after({"retry-after": value}, 0)
    assert seconds is None or seconds >= 0
