"""The model of comparisons, on arrays."""

from __future__ import annotations

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from polyarena.reports.stats.bradley_terry import RIDGE, Fit, Pairs, fit, influence, moments, tie_share
from polyarena.reports.stats.rank_confidence_sets import rank_confidence_sets

SCORE = st.floats(0.05, 0.95)


def round_robin(systems: int, *, ties: bool = True) -> Pairs:
    first, second = np.triu_indices(systems, 1)
    return Pairs(first, second, systems, 0, ties)


def likelihood(pairs: Pairs, battles: np.ndarray, scores: np.ndarray, ties: np.ndarray, state: np.ndarray) -> float:
    """Minus the penalised log-likelihood, written out from Davidson's three probabilities."""
    strength = np.exp(np.insert(state[: pairs.systems - 1], pairs.anchor, 0.0))
    nu = np.exp(state[-1])
    one, other = strength[pairs.first], strength[pairs.second]
    total = one + other + nu * np.sqrt(one * other)
    wins, losses = scores - ties / 2, 1 - scores - ties / 2
    terms = (
        wins * np.log(one / total) + losses * np.log(other / total) + ties * np.log(nu * np.sqrt(one * other) / total)
    )
    return float(-(battles * terms).sum() + RIDGE / 2 * (state**2).sum())


def test_newton_finds_what_a_general_optimiser_finds() -> None:
    generator = np.random.default_rng(1)
    pairs = round_robin(5)
    ties = generator.uniform(0.05, 0.3, 10)
    scores = ties / 2 + (1 - ties) * generator.uniform(0.1, 0.9, 10)
    battles = generator.integers(20, 90, 10).astype(float)
    found = fit(pairs, battles, scores[None], ties[None])
    other = minimize(lambda x: likelihood(pairs, battles, scores, ties, x), np.zeros(5), tol=1e-12)
    assert found.ratings[0, 1:] == pytest.approx(other.x[:4], abs=1e-4)
    assert np.log(found.tie[0]) == pytest.approx(other.x[4], abs=1e-4)


@given(score=SCORE, tie=st.floats(0.01, 0.9), battles=st.integers(1, 1000))
def test_one_opponent_gives_the_mean(score: float, tie: float, battles: int) -> None:
    pairs = Pairs(np.array([1]), np.array([0]), 2, 0)
    tie *= 1 - abs(2 * score - 1)
    found = fit(pairs, np.array([float(battles)]), np.array([[score]]), np.array([[tie]]))
    assert found.expected(1, 0)[0] == pytest.approx(score, abs=1e-4 / battles)
    assert found.expected(1, 0)[0] + found.expected(0, 1)[0] == pytest.approx(1)


def test_without_a_parameter_of_ties_the_odds_are_those_of_the_mean() -> None:
    pairs = Pairs(np.array([1]), np.array([0]), 2, 0, ties=False)
    found = fit(pairs, np.array([500.0]), np.array([[0.8]]), np.array([[0.3]]))
    assert found.ratings[0] == pytest.approx([0, np.log(4)], abs=1e-6)
    assert found.tie[0] == 0


def test_rounds_do_not_change_each_other_to_the_bit() -> None:
    generator = np.random.default_rng(2)
    pairs = round_robin(4)
    battles = np.full(6, 50.0)
    scores, ties = generator.uniform(0.2, 0.8, (30, 6)), generator.uniform(0.1, 0.4, (30, 6))
    start = fit(pairs, battles, scores[:1], ties[:1])
    together = fit(pairs, battles, scores, ties, start=start)
    again = fit(pairs, battles, scores, ties)
    assert together.ratings == pytest.approx(again.ratings, abs=1e-8)
    for i in (0, 13, 29):
        alone = fit(pairs, battles, scores[i : i + 1], ties[i : i + 1], start=start)
        assert alone.ratings[0] == pytest.approx(together.ratings[i], abs=1e-12)


@every_case("scores", [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [0.5, 0.5, 0.5], [1.0, 0.5, 0.0]])
@every_case("tie", [0.0, 1.0])
def test_separation_and_all_ties_end_in_finite_numbers(scores: list[float], tie: float) -> None:
    values = np.array([scores])
    ties = tie * tie_share(values)
    found = fit(round_robin(3), np.full(3, 100.0), values, ties)
    assert np.isfinite(found.ratings).all()
    assert np.abs(found.ratings).max() < 100
    if set(scores) == {0.5}:
        assert found.ratings[0] == pytest.approx([0, 0, 0], abs=1e-6)
    elif len(set(scores)) == 1:
        assert (np.diff(found.ratings[0]) < 0).all() == (scores[0] == 1.0)


@given(difference=st.floats(-30, 30), tie=st.floats(0, 5))
def test_moments_are_those_of_three_outcomes(difference: float, tie: float) -> None:
    weights = np.array([np.exp(difference / 2), tie, np.exp(-difference / 2)])
    p = weights / weights.sum()
    values, ties = np.array([1, 0.5, 0]), np.array([0, 1, 0])
    score, drawn, variance, covariance = (float(v) for v in moments(np.array(difference), np.array(tie)))
    assert score == pytest.approx(p @ values)
    assert drawn == pytest.approx(p[1])
    assert variance == pytest.approx(p @ values**2 - (p @ values) ** 2, abs=1e-12)
    assert covariance == pytest.approx(p @ (values * ties) - (p @ values) * p[1], abs=1e-12)


def test_influence_is_the_derivative_of_the_fit() -> None:
    generator = np.random.default_rng(3)
    pairs = round_robin(4)
    battles = np.full(6, 80.0)
    scores, ties = generator.uniform(0.3, 0.7, 6), generator.uniform(0.1, 0.3, 6)
    fitted = fit(pairs, battles, scores[None], ties[None])
    change = generator.normal(size=(2, 6)) * 1e-5
    moved = fit(pairs, battles, scores[None] + change[0], ties[None] + change[1], start=fitted)
    on_ratings, on_tie = influence(pairs, battles, fitted, change[:1], change[1:])
    assert on_ratings[0] == pytest.approx(moved.ratings[0] - fitted.ratings[0], abs=1e-8)
    assert on_tie[0] == pytest.approx(np.log(moved.tie[0] / fitted.tie[0]), abs=1e-8)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=20))
def test_a_share_of_a_tie_keeps_the_score(scores: list[float]) -> None:
    values = np.array(scores)
    ties = tie_share(values)
    wins = np.clip(2 * values - 1, 0, 1)
    assert wins + ties / 2 == pytest.approx(values)
    assert ((ties >= 0) & (ties <= 1)).all()


def test_ranks_of_clear_and_of_equal_systems() -> None:
    generator = np.random.default_rng(4)
    ratings = np.array([3.0, 0.0, 0.02, -3.0])
    replicates = ratings + generator.normal(0, 0.1, (2000, 4))
    errors = np.full((4, 4), 0.1 * np.sqrt(2)) * (1 - np.eye(4))
    found = rank_confidence_sets(ratings, replicates, errors, 0.95)
    assert found.rank.tolist() == [1, 3, 2, 4]
    assert found.low.tolist() == [1, 2, 2, 4]
    assert found.high.tolist() == [1, 3, 3, 4]
    assert found.group.tolist() == [1, 2, 2, 3]
    assert found.best.tolist() == [1, 0, 0, 0]


def test_sets_of_ranks_hold_the_true_ranks() -> None:
    """Five systems, two of them equal; the share of sets that hold a true rank is at least the nominal one."""
    generator = np.random.default_rng(5)
    truth = np.array([0.0, 0.0, 0.15, 0.3, 0.5])
    errors = 0.1 * np.sqrt(2) * (1 - np.eye(5))
    best, worst = np.array([4, 4, 3, 2, 1]), np.array([5, 5, 3, 2, 1])
    held = np.zeros(5)
    for _ in range(400):
        ratings = truth + generator.normal(0, 0.1, 5)
        found = rank_confidence_sets(ratings, ratings + generator.normal(0, 0.1, (400, 5)), errors, 0.95)
        held += (found.low <= best) & (worst <= found.high)
    assert (held / 400 >= 0.93).all()


def test_equals_share_the_first_place_and_pairs_without_error_are_never_told_apart() -> None:
    ratings = np.array([1.0, 1.0, 0.0])
    found = rank_confidence_sets(ratings, np.tile(ratings, (10, 1)), np.zeros((3, 3)), 0.95)
    assert found.rank.tolist() == [1, 1, 3]
    assert found.best.tolist() == [0.5, 0.5, 0]
    assert (found.low.tolist(), found.high.tolist(), found.group.tolist()) == ([1] * 3, [3] * 3, [1] * 3)


def test_expected_scores_of_many_rounds() -> None:
    many = Fit(np.array([[0.0, 1.0], [0.0, -1.0]]), np.array([0.0, 2.0]))
    assert many.expected(1, 0) == pytest.approx([1 / (1 + np.exp(-1)), 1 - many.expected(0, 1)[1]])
