from __future__ import annotations

import math

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from polyarena.reports.stats.bootstrap_intervals import bca_interval, student_interval
from polyarena.reports.stats.intervals import (
    Interval,
    Method,
    expanded_tail,
    interval,
    normal_quantile,
    percentile_interval,
    student_quantile,
    wilson_interval,
)
from polyarena.reports.stats.score_interval import effective_n, score_interval


@every_case(
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


@every_case(("n", "expected"), [(5, 0.0010), (10, 0.0086), (20, 0.0159), (40, 0.0203), (100, 0.0231)])
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


def of_values(values: np.ndarray, *, bounded: bool = True, rounds: int = 2000, method: Method = "default") -> Interval:
    generator = np.random.default_rng(0)
    n = len(values)
    weights = generator.multinomial(n, np.full(n, 1 / n), rounds)
    influence = (values - values.mean()) / n
    errors = np.sqrt(np.maximum(weights @ influence**2 - (weights @ influence) ** 2 / n, 0))
    return interval(
        float(values.mean()),
        influence,
        np.zeros(n, dtype=np.int64),
        weights @ values / n,
        items=n,
        bounded=bounded,
        confidence=0.95,
        method=method,
        errors=errors,
    )


def test_standard_error_of_independent_items_is_the_textbook_one() -> None:
    values = np.random.default_rng(1).random(60)
    found = of_values(values)
    assert found.standard_error == pytest.approx(values.std(ddof=1) / math.sqrt(60), rel=1e-12)
    assert found.method == "wilson"
    assert found.low < values.mean() < found.high


@every_case("wins", [0, 1, 20, 39, 40])
def test_wins_and_losses_get_wilsons_own_interval_an_eighth_of_a_win_farther_out(wins: int) -> None:
    found = of_values(np.r_[np.ones(wins), np.zeros(40 - wins)])
    assert found.method == "wilson"
    assert (found.low, found.high) == pytest.approx(
        wilson_interval(wins / 40, 40, 0.95, continuity=1 / 8 / 40), abs=1e-9
    )


def test_all_ties_are_no_certainty() -> None:
    """Of 20 ties the next item may yet be a win: one more item that is won or lost, as wide as 20 of 20 * 20."""
    found = of_values(np.full(20, 0.5))
    assert (found.low, found.high) == pytest.approx(wilson_interval(0.5, 400, 0.95, continuity=1 / 8 / 20))


def test_values_that_vary_less_than_wins_and_losses_get_a_narrower_interval() -> None:
    ties = of_values(np.r_[np.ones(20), np.full(60, 0.5), np.zeros(20)])
    games = of_values(np.r_[np.ones(50), np.zeros(50)])
    assert ties.high - ties.low < 0.7 * (games.high - games.low)
    half = stats.t.ppf(0.975, 99) * ties.standard_error
    assert (ties.low, ties.high) == pytest.approx((0.5 - half, 0.5 + half), abs=0.006)


def test_a_few_items_that_decide_make_the_interval_wider() -> None:
    """The same mean and standard error, once out of many small deviations, once out of three large ones."""
    few = np.full(100, 0.5)
    few[:3] = 1.0
    many = 0.515 + 0.5 * math.sqrt(0.03 * 0.97) * np.tile([-1.0, 1.0], 50)
    rare, common = of_values(few), of_values(many)
    assert rare.standard_error == pytest.approx(common.standard_error)
    assert rare.high - rare.low > 1.2 * (common.high - common.low)


def test_the_interval_does_not_jump_between_neighbouring_samples() -> None:
    """One more win moves both ends up a little, from none of 100 to all of them."""
    ends = [of_values(np.r_[np.ones(wins), np.zeros(100 - wins)]) for wins in range(101)]
    for end in ("low", "high"):
        steps = np.diff([getattr(each, end) for each in ends])
        assert (steps >= 0).all()
        assert steps.max() < 0.02


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=2, max_size=60))
def test_a_score_interval_is_symmetric_and_holds_the_mean(scores: list[float]) -> None:
    values = np.array(scores)
    found, mirrored = of_values(values, rounds=2), of_values(1 - values, rounds=2)
    assert (1 - found.high, 1 - found.low) == pytest.approx((mirrored.low, mirrored.high), abs=1e-9)
    assert 0 <= found.low <= values.mean() <= found.high <= 1


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=2, max_size=60))
def test_differences_are_shares_of_a_wider_span(scores: list[float]) -> None:
    values = np.array(scores)
    n = len(values)
    shared = {"influence": (values - values.mean()) / n, "labels": np.zeros(n, dtype=np.int64)}
    variance = float(n / (n - 1) * (shared["influence"] ** 2).sum())
    low, high = score_interval(
        float(values.mean()), **shared, variance=variance, items=n, confidence=0.9, span=(-1.0, 1.0)
    )
    share, labels = float((values.mean() + 1) / 2), shared["labels"]
    n_effective = effective_n(share, shared["influence"] / 2, labels, variance=variance / 4, items=n, confidence=0.9)
    # One more win moves a difference by 1/n as it moves a share, and so the share of a span of 2 by half as much.
    half = wilson_interval(share, n_effective, 0.9, continuity=1 / 8 / n / 2)
    assert (low, high) == pytest.approx((2 * half[0] - 1, 2 * half[1] - 1), abs=1e-9)
    assert -1 <= low <= values.mean() <= high <= 1


@every_case("method", ["percentile", "bca", "student", "wilson"])
def test_all_methods_agree_on_many_well_behaved_items(method: Method) -> None:
    values = np.random.default_rng(2).random(400)
    found = of_values(values, rounds=20_000, method=method)
    half = 1.96 * values.std(ddof=1) / 20
    assert found.method == method
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.003)


def test_bca_agrees_with_scipy() -> None:
    """The same replicates are not to be had from scipy; with 60,000 rounds both are within simulation noise."""
    values = np.random.default_rng(5).exponential(size=40)
    found = of_values(values, bounded=False, rounds=60_000, method="bca")
    reference = stats.bootstrap(
        (values,), np.mean, method="BCa", n_resamples=60_000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high), abs=0.01)


def test_studentised_interval_reaches_farther_to_where_the_tail_is() -> None:
    values = np.random.default_rng(5).exponential(size=40)
    student = of_values(values, bounded=False, rounds=20_000, method="student")
    plain = of_values(values, bounded=False, rounds=20_000, method="percentile")
    assert student.high - values.mean() > plain.high - values.mean()
    assert student.high - values.mean() > 1.1 * (values.mean() - student.low)


def test_studentised_shares_stay_shares() -> None:
    found = of_values(np.r_[np.ones(3), np.zeros(37)], method="student")
    assert 0 < found.low < 3 / 40 < found.high < 1


def test_methods_of_the_bootstrap_say_nothing_without_spread() -> None:
    for method in ("percentile", "bca", "student"):
        found = of_values(np.ones(20), method=method)
        assert (found.low, found.method) == (None, "none")
        assert "no spread" in found.note


@pytest.mark.parametrize("rounds", [3, 1000])
def test_bca_of_replicates_on_one_side_stays_within_them(rounds: int) -> None:
    replicates = np.linspace(1, 2, rounds)
    low, high = bca_interval(0.0, np.array([-1.0, 0.5, 0.5]), replicates, 0.025)
    assert 1 <= low <= high <= 2


def test_nothing_to_studentise_with_is_an_error() -> None:
    with pytest.raises(ValueError, match="spread"):
        student_interval(0.5, 0.1, np.full(5, 0.5), np.zeros(5), 0.025)


@pytest.mark.parametrize(("values", "note"), [([3.0] * 20, "no spread"), ([1.0, 2.0, 4.0], "too few")])
def test_values_beyond_shares_without_spread_or_items_have_no_interval(values: list[float], note: str) -> None:
    found = of_values(np.array(values), bounded=False)
    assert (found.low, found.high, found.method) == (None, None, "none")
    assert note in found.note


def test_one_cluster_has_no_interval() -> None:
    found = of_values(np.array([0.5]))
    assert (found.standard_error, found.low, found.method) == (None, None, "none")
    assert "one source item" in found.note


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


def test_bca_counts_half_of_the_rounds_that_tie_with_the_estimate() -> None:
    """Of replicates on a grid many are the estimate itself; symmetric ones leave the interval symmetric."""
    replicates = np.repeat([-2.0, -1.0, 0.0, 1.0, 2.0], [30, 200, 540, 200, 30])
    low, high = bca_interval(0.0, np.array([-1.0, 0.0, 1.0]), replicates, 0.025)
    assert low == -high < 0
    # By hand: with a third of the rounds below, the bias is the normal quantile of 1/3, and it counts twice.
    shifted = bca_interval(0.5, np.array([-1.0, 1.0]), np.linspace(0, 1.5, 3001), 0.025)
    share = stats.norm.cdf(2 * stats.norm.ppf(1000.5 / 3001) + stats.norm.ppf(0.975))
    assert shifted[1] == pytest.approx(1.5 * share, abs=0.005)
