from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from polyarena.reports.stats import (
    Equivalence,
    NonInferiority,
    equivalence,
    mcnemar_test,
    non_inferiority,
    sign_flip_test,
)
from polyarena.reports.stats.randomisation import MOST_ENUMERATED, swap_test

MULTIPLES = st.integers(-8, 8).map(lambda k: k / 8)


def names(n: int) -> list[str]:
    return [f"s{i:04d}" for i in range(n)]


@given(st.lists(MULTIPLES, min_size=1, max_size=10))
def test_few_clusters_are_enumerated(differences: list[float]) -> None:
    signs = np.array(list(product([1, -1], repeat=len(differences))))
    reached = np.abs(signs @ np.array(differences)) >= abs(sum(differences))
    found = sign_flip_test(np.array(differences), names(len(differences)), rounds=10, seed=0)
    assert found == pytest.approx(reached.mean())


@given(st.lists(MULTIPLES, min_size=1, max_size=40), st.integers(0, 5))
def test_a_p_value_is_one_and_knows_no_sign(differences: list[float], seed: int) -> None:
    values = np.array(differences)
    found = sign_flip_test(values, names(len(values)), rounds=99, seed=seed)
    assert 0 < found <= 1
    assert found == sign_flip_test(-values, names(len(values)), rounds=99, seed=seed)


def test_many_clusters_agree_with_scipy() -> None:
    values = np.random.default_rng(3).normal(0.2, 1, 60)
    found = sign_flip_test(values, names(60), rounds=20_000, seed=0)
    reference = stats.permutation_test(
        (values,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", n_resamples=20_000,
        rng=np.random.default_rng(0),
    ).pvalue  # fmt: skip
    assert found == pytest.approx(reference, abs=0.012)


def test_clusters_without_a_difference_change_nothing() -> None:
    values = np.array([0.5, 0.25, -0.5, 1.0, 0.75])
    padded = np.concatenate([values, np.zeros(200)])
    assert sign_flip_test(padded, names(205), rounds=10, seed=0) == sign_flip_test(values, names(5), rounds=10, seed=0)
    assert sign_flip_test(np.zeros(5), names(5), rounds=10, seed=0) == 1


def test_drawn_swaps_never_give_zero_and_depend_on_the_seed() -> None:
    assert sign_flip_test(np.ones(MOST_ENUMERATED + 1), names(MOST_ENUMERATED + 1), rounds=99, seed=0) <= 2 / 100
    assert sign_flip_test(np.ones(60), names(60), rounds=99, seed=0) == 1 / 100
    values = np.random.default_rng(0).normal(size=40)
    found = {sign_flip_test(values, names(40), rounds=500, seed=seed) for seed in range(5)}
    assert len(found) > 1


def test_a_larger_difference_is_no_more_likely_by_chance() -> None:
    noise = np.random.default_rng(2).normal(size=50)
    found = [sign_flip_test(noise + shift, names(50), rounds=2000, seed=1) for shift in (0.0, 0.3, 0.6, 0.9)]
    assert found[1:] == sorted(found[1:], reverse=True)
    assert found[-1] == 1 / 2001


def test_any_statistic_can_be_swapped() -> None:
    """The ratio of sums, in which a swap exchanges numerators."""
    first, second = np.array([4.0, 5.0, 6.0]), np.array([1.0, 1.0, 1.0])

    def ratio(swaps: np.ndarray) -> np.ndarray:
        moved = swaps @ (second - first)
        return (first.sum() + moved) / (second.sum() - moved) - (second.sum() - moved) / (first.sum() + moved)

    assert swap_test(ratio, np.arange(3), names(3), rounds=10, seed=0) == 2 / 8


@every_case(("wins", "losses"), [(0, 0), (1, 0), (9, 1), (12, 12), (5, 30), (200, 150)])
def test_mcnemar_is_the_binomial_test(wins: int, losses: int) -> None:
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert mcnemar_test(wins, losses) == pytest.approx(expected)
    assert mcnemar_test(wins, losses) == mcnemar_test(losses, wins)


@every_case(
    ("low", "high", "both", "below"),
    [
        (-0.04, 0.04, "equivalent", "non-inferior"),
        (-0.04, 0.06, "inconclusive", "non-inferior"),
        (0.06, 0.09, "different", "non-inferior"),
        (-0.06, 0.04, "inconclusive", "inconclusive"),
        (-0.05, 0.0, "inconclusive", "inconclusive"),
        (-0.09, -0.06, "different", "inferior"),
        (-0.2, 0.2, "inconclusive", "inconclusive"),
        (None, None, "inconclusive", "inconclusive"),
        (math.nan, math.nan, "inconclusive", "inconclusive"),
    ],
)
def test_outcomes_of_a_margin(low: float | None, high: float | None, both: str, below: str) -> None:
    assert equivalence(low, high, 0.05) is Equivalence(both)
    assert non_inferiority(low, high, 0.05) is NonInferiority(below)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0.001, 0.5), st.floats(1, 3))
def test_a_wider_margin_forgives_more(low: float, width: float, margin: float, factor: float) -> None:
    narrow, wide = (equivalence(low, low + width, each) for each in (margin, margin * factor))
    assert not (narrow is Equivalence.EQUIVALENT and wide is not Equivalence.EQUIVALENT)
    first, second = (non_inferiority(low, low + width, each) for each in (margin, margin * factor))
    assert not (first is NonInferiority.NON_INFERIOR and second is not NonInferiority.NON_INFERIOR)


@every_case("margin", [0.0, -0.1, math.nan, math.inf])
def test_margins_must_be_greater_than_zero(margin: float) -> None:
    for function in (equivalence, non_inferiority):
        with pytest.raises(ValueError, match="margin"):
            function(-0.1, 0.1, margin)
