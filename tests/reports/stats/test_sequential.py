"""Intervals that may be looked at after every item."""

from __future__ import annotations

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.reports.stats.outcome import Outcome
from polyarena.reports.stats.sequential import confidence_sequence, stop_early
from polyarena.tasks.errors import DataError

VALUES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=60)


@settings(max_examples=50)
@given(values=VALUES)
def test_intervals_only_shrink_and_stay_within_bounds(values: list[float]) -> None:
    found = confidence_sequence(values)
    assert ((found.low >= 0) & (found.high <= 1)).all()
    assert (np.diff(found.low) >= 0).all()
    assert (np.diff(found.high) <= 0).all()


@settings(max_examples=50)
@given(values=VALUES)
def test_swapping_the_systems_mirrors_the_sequence(values: list[float]) -> None:
    ours, theirs = confidence_sequence(values), confidence_sequence([1 - value for value in values])
    # Rounding may move an end by one step.
    assert ours.low == pytest.approx(1 - theirs.high, abs=0.0011)


@settings(max_examples=30)
@given(values=VALUES, more=VALUES)
def test_what_was_said_does_not_depend_on_what_comes(values: list[float], more: list[float]) -> None:
    short, long = confidence_sequence(values), confidence_sequence(values + more)
    assert long.low[: len(values)].tolist() == short.low.tolist()
    assert long.high[: len(values)].tolist() == short.high.tolist()


@every_case(("mean", "ties"), [(0.5, 0.2), (0.5, 0.9), (0.1, 0.0), (0.98, 0.0)])
def test_the_mean_is_in_all_intervals_at_once(mean: float, ties: float) -> None:
    """At 90%, with a look after each of 200 items; three standard errors of 300 simulations are 5 points."""
    generator = np.random.default_rng(3)
    missed = 0
    for _ in range(300):
        tied = generator.random(200) < ties
        values = np.where(tied, 0.5, generator.random(200) < mean)
        truth = 0.5 * ties + (1 - ties) * mean
        found = confidence_sequence(values, confidence=0.9, steps=400)
        missed += not (found.low[-1] <= truth <= found.high[-1])
    assert missed / 300 <= 0.1 + 0.052


def test_looking_again_and_again_at_an_ordinary_interval_would_not_hold() -> None:
    """The reason for it: with 95% intervals after each of 200 games, equal systems are told apart far too often."""
    generator = np.random.default_rng(4)
    ordinary = early = 0
    for _ in range(200):
        values = (generator.random(200) < 0.5).astype(float)
        n = np.arange(1, 201)
        means = np.cumsum(values) / n
        ordinary += bool((np.abs(means - 0.5)[9:] > 1.96 * 0.5 / np.sqrt(n[9:])).any())
        early += stop_early(values).outcome is not Outcome.INCONCLUSIVE
    assert ordinary / 200 > 0.2
    assert early / 200 <= 0.05 + 0.046


def test_clear_differences_stop_early_and_the_direction_is_right() -> None:
    generator = np.random.default_rng(5)
    better = stop_early(generator.permutation(np.repeat([1.0, 0.0], [400, 100])))
    worse = stop_early(generator.permutation(np.repeat([1.0, 0.0], [100, 400])))
    assert better.outcome is Outcome.BETTER
    assert worse.outcome is Outcome.WORSE
    assert better.n < 100
    assert worse.n < 100
    assert better.low > 0.5 > worse.high


def test_a_finite_set_ends_with_its_own_mean_and_never_errs_there() -> None:
    generator = np.random.default_rng(6)
    values = generator.permutation(np.repeat([1.0, 0.5, 0.0], [60, 20, 20]))
    found = confidence_sequence(values, population=100)
    assert found.low[-1] == found.high[-1] == pytest.approx(0.7)
    endless = confidence_sequence(values)
    assert (found.high - found.low)[80] < (endless.high - endless.low)[80]


def test_a_finite_set_s_mean_is_in_all_intervals() -> None:
    generator = np.random.default_rng(7)
    values = np.repeat([1.0, 0.5, 0.0], [45, 10, 45])
    missed = 0
    for _ in range(300):
        found = confidence_sequence(generator.permutation(values), confidence=0.9, population=100, steps=400)
        missed += not (found.low[-2] <= 0.5 <= found.high[-2])
    assert missed / 300 <= 0.1 + 0.052


def test_what_is_left_bounds_the_mean_with_certainty() -> None:
    """With 90 of 100 items won, the mean is at least .9 whatever comes."""
    found = confidence_sequence([1.0] * 90, population=100)
    assert found.low[-1] >= 0.899
    assert found.high[-1] == 1.0


def test_it_waits_as_long_as_it_is_told() -> None:
    assert stop_early([1.0] * 40).n < 30
    assert stop_early([1.0] * 40, least=30).n == 30
    assert stop_early([0.5] * 10).outcome is Outcome.INCONCLUSIVE
    assert stop_early([0.5] * 10).n == 10


def test_another_reference() -> None:
    values = np.random.default_rng(8).permutation(np.repeat([1.0, 0.0], [120, 80]))
    assert stop_early(values, reference=0.3).outcome is Outcome.BETTER
    assert stop_early(values, reference=0.9).outcome is Outcome.WORSE


@every_case(
    ("values", "settings", "says"),
    [
        ([], {}, "no value to watch"),
        ([0.5, 1.2], {}, "value 2: a value lies outside"),
        ([0.5, float("nan")], {}, "outside"),
        ([0.5] * 3, {"population": 2}, "3 values out of 2 items"),
        ([0.5], {"confidence": 1.0}, "no such confidence sequence"),
        ([0.5], {"steps": 1}, "no such confidence sequence"),
    ],
)
def test_what_cannot_be_watched_is_refused(values: list[float], settings: dict[str, float], says: str) -> None:
    with pytest.raises(DataError, match=says):
        confidence_sequence(values, **settings)
