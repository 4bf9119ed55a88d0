"""Quantiles against their inverses, adjusted p-values against their definitions, the largest of many deviations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from polyarena.reports.stats.multiplicity import adjust, largest_deviations
from polyarena.reports.stats.quantiles import normal_probability, normal_quantile, student_probability, student_quantile

P_VALUES = st.lists(st.floats(0, 1), max_size=12)
METHODS: tuple[Any, ...] = ("holm", "benjamini-yekutieli")


@given(st.floats(-6, 6))
def test_the_normal_probability_is_scipys_and_undoes_the_quantile(quantile: float) -> None:
    probability = normal_probability(quantile)
    assert probability == pytest.approx(stats.norm.cdf(quantile), rel=1e-9)
    assert normal_quantile(probability) == pytest.approx(quantile, abs=1e-5)


@given(st.floats(1e-9, 0.5))
def test_the_normal_quantile_is_antisymmetric(probability: float) -> None:
    assert normal_quantile(probability) == pytest.approx(-normal_quantile(1 - probability), rel=1e-6, abs=1e-9)


@given(st.floats(-30, 30), st.floats(1, 200))
def test_students_probability_is_scipys_and_undoes_the_quantile(quantile: float, freedom: float) -> None:
    assert student_probability(quantile, freedom) == pytest.approx(stats.t.cdf(quantile, freedom), rel=1e-9)
    assert student_probability(student_quantile(0.975, freedom), freedom) == pytest.approx(0.975)


@every_case(("probability", "quantile"), [(0.0, -math.inf), (0.5, 0.0), (1.0, math.inf)])
def test_the_ends_and_the_middle(probability: float, quantile: float) -> None:
    assert normal_quantile(probability) == quantile
    assert normal_probability(quantile) == probability


def test_probabilities_far_out_are_small_and_not_zero() -> None:
    assert normal_probability(-30) == pytest.approx(stats.norm.cdf(-30), rel=1e-9)
    assert normal_probability(-30) > 0


@given(st.floats(0.51, 0.999), st.floats(1, 500))
def test_students_quantile_lies_beyond_the_normal_one_and_undoes_its_probability(p: float, freedom: float) -> None:
    found = student_quantile(p, freedom)
    assert found > normal_quantile(p) * (1 - 1e-9)
    assert stats.t.cdf(found, freedom) == pytest.approx(p, abs=1e-9)
    assert student_quantile(p, freedom + 1) <= found * (1 + 1e-9)


@given(P_VALUES)
def test_holm_is_the_step_down_of_its_definition(p_values: list[float]) -> None:
    """An adjusted p-value is the least level at which the step-down procedure rejects the hypothesis."""
    found = adjust(p_values)
    for level in (0.01, 0.05, 0.2, 0.5):
        rejected, ranked = set(), sorted(range(len(p_values)), key=lambda i: (p_values[i], i))
        for step, i in enumerate(ranked):
            if (len(p_values) - step) * p_values[i] > level:
                break
            rejected.add(i)
        assert {i for i, p in enumerate(found) if p <= level} == rejected


@given(P_VALUES)
def test_benjamini_yekutieli_is_the_step_up_of_its_definition(p_values: list[float]) -> None:
    found, m = adjust(p_values, "benjamini-yekutieli"), len(p_values)
    harmonic = math.fsum(1 / k for k in range(1, m + 1))
    level = 0.05
    ranked = sorted(p_values)
    passing = [k for k in range(1, m + 1) if m * harmonic / k * ranked[k - 1] <= level]
    assert sum(p <= level for p in found) == (sum(p <= ranked[passing[-1] - 1] for p in p_values) if passing else 0)


@pytest.mark.parametrize("method", METHODS)
@given(p=st.floats(0, 1))
def test_one_look_needs_no_adjustment(method: Any, p: float) -> None:
    assert adjust([p], method) == [p]


@pytest.mark.parametrize("method", METHODS)
def test_no_look_at_all_and_nothing_but_certainties(method: Any) -> None:
    assert adjust([], method) == []
    assert adjust([1.0] * 4, method) == [1.0] * 4
    assert adjust([0.0] * 4, method) == [0.0] * 4


@given(P_VALUES.filter(len), st.data())
def test_equal_p_values_stay_equal(p_values: list[float], data: Any) -> None:
    doubled = [*p_values, data.draw(st.sampled_from(p_values))]
    for method in METHODS:
        found = adjust(doubled, method)
        assert found[-1] == pytest.approx(found[doubled.index(doubled[-1])], abs=1e-12)


@given(P_VALUES.filter(len))
def test_one_more_look_never_makes_the_others_smaller(p_values: list[float]) -> None:
    before = adjust(p_values)
    after = adjust([*p_values, 1.0])
    assert all(new >= old for new, old in zip(after, before, strict=False))


def test_names_of_methods_are_known() -> None:
    with pytest.raises(ValueError, match="bonferroni"):
        adjust([0.1], "bonferroni")  # type: ignore[arg-type]


def influences(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    influence = (values - values.mean(axis=0)) / len(values)
    return influence, values.std(axis=0, ddof=1) / math.sqrt(len(values))


def names(n: int) -> list[str]:
    return [f"s{i:03d}" for i in range(n)]


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(4).random((50, 3))


def one_stratum(values: np.ndarray, rounds: int = 2000) -> np.ndarray:
    influence, errors = influences(values)
    labels = np.zeros(len(values), dtype=np.int64)
    return largest_deviations(influence, errors, names(len(values)), labels, rounds=rounds, seed=0)


def test_copies_of_one_estimate_deviate_like_one(values: np.ndarray) -> None:
    single = one_stratum(values[:, :1])
    assert one_stratum(np.repeat(values[:, :1], 8, axis=1)) == pytest.approx(single, abs=1e-12)
    assert one_stratum(np.column_stack([values[:, :1], 1 - values[:, :1]])) == pytest.approx(single, abs=1e-9)


def test_the_largest_of_several_is_at_least_each(values: np.ndarray) -> None:
    together = one_stratum(values)
    each = np.array([one_stratum(values[:, [j]]) for j in range(3)])
    assert together == pytest.approx(each.max(axis=0), abs=1e-12)


def test_one_estimate_deviates_by_one_standard_error_on_average(values: np.ndarray) -> None:
    """The bootstrap's spread is put right by n - 1, so that the mean square of t is one."""
    assert np.mean(one_stratum(values[:, :1], 20_000) ** 2) == pytest.approx(1, abs=0.04)


def test_estimates_without_an_error_never_deviate(values: np.ndarray) -> None:
    same = np.column_stack([values, np.full(50, 0.5)])
    assert one_stratum(same).tolist() == one_stratum(values).tolist()
    assert one_stratum(np.full((50, 2), 0.5)).tolist() == [0.0] * 2000


def test_no_estimate_has_no_deviation() -> None:
    labels = np.zeros(5, dtype=np.int64)
    found = largest_deviations(np.zeros((5, 0)), np.zeros(0), names(5), labels, rounds=7, seed=0)
    assert found.tolist() == [0.0] * 7


def test_a_stratum_of_one_cluster_adds_nothing(values: np.ndarray) -> None:
    influence, errors = influences(values)
    labels = np.zeros(51, dtype=np.int64)
    labels[-1] = 1
    padded = np.vstack([influence, np.zeros(3)])
    found = largest_deviations(padded, errors, names(51), labels, rounds=2000, seed=0)
    assert found.tolist() == one_stratum(values).tolist()
