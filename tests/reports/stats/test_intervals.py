from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from polyarena.reports.stats.intervals import (
    expanded_tail,
    interval,
    normal_quantile,
    percentile_interval,
    student_quantile,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("wins", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_agrees_with_published_examples(wins: int, n: int, low: float, high: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17, 857-872, Table I, method 3."""
    found = wilson_interval(wins / n, n, 0.95)
    assert found == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_wilson_agrees_with_scipy_and_holds_the_mean(case: tuple[int, int], confidence: float) -> None:
    wins, n = case
    low, high = wilson_interval(wins / n, n, confidence)
    reference = stats.binomtest(wins, n).proportion_ci(confidence, method="wilson")
    assert (low, high) == pytest.approx((reference.low, reference.high), abs=1e-9)
    assert 0 <= low <= wins / n <= high <= 1


@given(st.floats(0, 1), st.floats(1, 1e5), st.floats(0.5, 0.99))
def test_wilson_is_symmetric(mean: float, n: float, confidence: float) -> None:
    low, high = wilson_interval(mean, n, confidence)
    mirrored = wilson_interval(1 - mean, n, confidence)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)


@given(st.floats(0, 1), st.floats(1, 1e4), st.floats(1.01, 10))
def test_wilson_narrows_with_more_items(mean: float, n: float, factor: float) -> None:
    few, many = wilson_interval(mean, n, 0.95), wilson_interval(mean, n * factor, 0.95)
    assert many[1] - many[0] < few[1] - few[0]


def test_percentiles_are_order_statistics_rounded_outwards() -> None:
    replicates = np.random.default_rng(0).permutation(1001).astype(float)
    assert percentile_interval(replicates, 0.025) == (25, 975)
    assert percentile_interval(replicates, 0.0254) == (25, 975)
    assert percentile_interval(replicates, 0.0) == (0, 1000)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=200), st.floats(0, 0.49))
def test_percentiles_mirror(values: list[float], tail: float) -> None:
    replicates = np.array(values)
    low, high = percentile_interval(replicates, tail)
    assert percentile_interval(1 - replicates, tail) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("n", "expected"), [(5, 0.0010), (10, 0.0086), (20, 0.0159), (40, 0.0203), (100, 0.0231)])
def test_expanded_tails_make_the_interval_as_wide_as_students(n: int, expected: float) -> None:
    tail = expanded_tail(0.95, math.sqrt(n / (n - 1)), n - 1)
    assert tail == pytest.approx(expected, abs=6e-5)
    width_of_normal_bootstrap = -stats.norm.ppf(tail) * math.sqrt((n - 1) / n)
    assert width_of_normal_bootstrap == pytest.approx(stats.t.ppf(0.975, n - 1))


def test_expanded_tail_approaches_the_nominal_one() -> None:
    tails = [expanded_tail(0.9, math.sqrt(n / (n - 1)), n - 1) for n in (5, 20, 100, 10_000)]
    assert tails == sorted(tails)
    assert tails[-1] == pytest.approx(0.05, abs=1e-4)


def test_quantiles_are_scipys() -> None:
    assert normal_quantile(0.975) == pytest.approx(1.959964, abs=1e-6)
    assert student_quantile(0.975, 7) == pytest.approx(2.364624, abs=1e-6)


def of_values(values: np.ndarray, *, bounded: bool = True, rounds: int = 2000) -> object:
    generator = np.random.default_rng(0)
    n = len(values)
    replicates = values[generator.integers(0, n, (rounds, n))].mean(axis=1)
    return interval(
        float(values.mean()),
        (values - values.mean()) / n,
        np.zeros(n, dtype=np.int64),
        replicates,
        items=n,
        bounded=bounded,
        confidence=0.95,
    )


def test_standard_error_of_independent_items_is_the_textbook_one() -> None:
    values = np.random.default_rng(1).random(60)
    found = of_values(values)
    assert found.standard_error == pytest.approx(values.std(ddof=1) / math.sqrt(60), rel=1e-12)
    assert found.method == "percentile"
    assert found.low < values.mean() < found.high


def test_all_wins_give_wilson_on_the_items() -> None:
    found = of_values(np.ones(20))
    assert (found.method, found.standard_error, found.high) == ("wilson", 0.0, 1.0)
    assert found.low == pytest.approx(wilson_interval(1.0, 20, 0.95)[0])


def test_all_ties_give_wilson_not_a_point() -> None:
    found = of_values(np.full(20, 0.5))
    assert found.method == "wilson"
    assert (found.low, found.high) == pytest.approx(wilson_interval(0.5, 20, 0.95))


def test_few_deviating_items_give_wilson() -> None:
    values = np.full(100, 0.5)
    values[:6] = 1
    assert of_values(values).method == "wilson"
    values[:30] = 1
    values[30:50] = 0
    assert of_values(values).method == "percentile"


def test_few_wins_give_wilson_and_more_do_not() -> None:
    assert of_values(np.r_[np.ones(8), np.zeros(92)]).method == "wilson"
    assert of_values(np.r_[np.ones(30), np.zeros(70)]).method == "percentile"


def test_ties_do_not_make_wilson_narrower_than_wins_and_losses_would() -> None:
    found = of_values(np.r_[np.full(6, 0.5), np.zeros(94)])
    assert (found.low, found.high) == pytest.approx(wilson_interval(0.03, 100, 0.95))


@pytest.mark.parametrize(("values", "note"), [([3.0] * 20, "no spread"), ([1.0, 2.0, 4.0], "too few")])
def test_values_beyond_shares_without_spread_or_items_have_no_interval(values: list[float], note: str) -> None:
    found = of_values(np.array(values), bounded=False)
    assert (found.low, found.high, found.method) == (None, None, "none")
    assert note in found.note


def test_one_cluster_has_no_interval() -> None:
    found = of_values(np.array([0.5]))
    assert (found.standard_error, found.low, found.method) == (None, None, "none")
    assert "one item" in found.note


def test_strata_are_corrected_each_for_itself() -> None:
    """Two languages with prompts of their own: the variance of the mean is a quarter of the sum of the variances."""
    generator = np.random.default_rng(3)
    first, second = generator.random(10), generator.random(30)
    influence = np.r_[(first - first.mean()) / 20, (second - second.mean()) / 60]
    labels = np.r_[np.zeros(10, dtype=np.int64), np.ones(30, dtype=np.int64)]
    mean = (first.mean() + second.mean()) / 2
    replicates = mean + 0.05 * generator.normal(size=1000)
    found = interval(mean, influence, labels, replicates, items=40, bounded=True, confidence=0.95)
    expected = math.sqrt(first.var(ddof=1) / 10 + second.var(ddof=1) / 30) / 2
    assert found.standard_error == pytest.approx(expected)
