"""The ratings against other ways to compute them: scikit-learn, general optimisers, closed forms, enumeration."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from polyarena.reports.stats.bradley_terry import CHUNK, RIDGE, Fit, Pairs, fit, influence, moments, tie_share
from polyarena.reports.stats.rank_confidence_sets import rank_confidence_sets


def star(systems: int, anchor: int = 0, *, ties: bool = True) -> Pairs:
    """All met the anchor alone."""
    others = np.array([i for i in range(systems) if i != anchor])
    return Pairs(np.minimum(others, anchor), np.maximum(others, anchor), systems, anchor, ties)


def everybody(systems: int, anchor: int = 0, *, ties: bool = True) -> Pairs:
    first, second = np.triu_indices(systems, 1)
    return Pairs(first, second, systems, anchor, ties)


def some_scores(generator: np.random.Generator, rounds: int, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean scores with shares of ties that they allow."""
    ties = generator.uniform(0.05, 0.5, (rounds, pairs))
    return ties / 2 + (1 - ties) * generator.uniform(0.05, 0.95, (rounds, pairs)), ties


def log_likelihood(pairs: Pairs, battles: np.ndarray, scores: np.ndarray, ties: np.ndarray, state: np.ndarray) -> float:
    """Davidson's, penalised, from the three probabilities as his paper writes them; minus it."""
    ratings = np.insert(state[: pairs.systems - 1], pairs.anchor, 0.0)
    d = ratings[pairs.first] - ratings[pairs.second]
    nu = np.exp(state[-1]) if pairs.ties else 0.0
    total = np.exp(d / 2) + nu + np.exp(-d / 2)
    wins, losses = scores - ties / 2, 1 - scores - ties / 2
    value = wins * (d / 2 - np.log(total)) + losses * (-d / 2 - np.log(total))
    if pairs.ties:
        value = value + ties * (state[-1] - np.log(total))
    return float(-(battles * value).sum() + RIDGE / 2 * (state**2).sum())


def state_of(pairs: Pairs, found: Fit, row: int = 0) -> np.ndarray:
    ratings = np.delete(found.ratings[row], pairs.anchor)
    return np.append(ratings, np.log(found.tie[row])) if pairs.ties else ratings


@every_case("shape", [star, everybody])
@every_case("systems", [2, 3, 5])
@every_case("seed", [0, 1])
def test_davidson_is_what_a_general_optimiser_finds(shape, systems: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    pairs = shape(systems, anchor=systems - 1)
    scores, ties = some_scores(generator, 1, len(pairs.first))
    battles = generator.integers(5, 400, len(pairs.first)).astype(float)
    found = fit(pairs, battles, scores, ties)
    other = minimize(lambda x: log_likelihood(pairs, battles, scores[0], ties[0], x), np.zeros(systems), tol=1e-12)
    assert state_of(pairs, found) == pytest.approx(other.x, abs=2e-4)
    at_ours, at_theirs = (
        log_likelihood(pairs, battles, scores[0], ties[0], x) for x in (state_of(pairs, found), other.x)
    )
    assert at_ours <= at_theirs + 1e-8


@pytest.mark.parametrize("systems", [3, 6])
def test_without_ties_it_is_logistic_regression(systems: int) -> None:
    """One row for each won and lost battle, a column of 1 and -1 for the systems: scikit-learn, unpenalised."""
    generator = np.random.default_rng(systems)
    pairs = everybody(systems, ties=False)
    battles = generator.integers(20, 60, len(pairs.first))
    wins = np.array([generator.integers(3, n - 2) for n in battles])
    rows, won = [], []
    for place, (a, b) in enumerate(zip(pairs.first, pairs.second, strict=True)):
        line = np.zeros(systems)
        line[a], line[b] = 1, -1
        rows += [line] * battles[place]
        won += [1] * wins[place] + [0] * (battles[place] - wins[place])
    model = LogisticRegression(C=1 / RIDGE, fit_intercept=False, tol=1e-10, max_iter=10_000)
    model.fit(np.array(rows)[:, 1:], won)
    found = fit(pairs, battles.astype(float), (wins / battles)[None], np.zeros((1, len(battles))))
    assert found.ratings[0, 1:] == pytest.approx(model.coef_[0], abs=1e-4)


@given(score=st.floats(0.05, 0.95), tie=st.floats(0.02, 0.95))
def test_two_systems_have_a_closed_form(score: float, tie: float) -> None:
    """Wins over losses are e^d, ties squared over their product nu squared."""
    tie *= 1 - abs(2 * score - 1)
    wins, losses = score - tie / 2, 1 - score - tie / 2
    pairs = Pairs(np.array([0]), np.array([1]), 2, 1)
    found = fit(pairs, np.array([1e4]), np.array([[score]]), np.array([[tie]]))
    assert found.ratings[0] == pytest.approx([np.log(wins / losses), 0], abs=1e-3)
    assert found.tie[0] == pytest.approx(tie / np.sqrt(wins * losses), rel=1e-3)


@pytest.mark.parametrize("ties", [False, True])
def test_the_way_for_one_opponent_gives_what_the_way_for_many_gives(ties: bool) -> None:
    """A pair that never fought makes the model take the other way, and changes nothing."""
    generator = np.random.default_rng(3)
    pairs = star(6, ties=ties)
    scores, shares = some_scores(generator, 40, 5)
    battles = generator.integers(10, 90, 5).astype(float)
    long = Pairs(np.append(pairs.first, 1), np.append(pairs.second, 2), 6, 0, ties)
    one = fit(pairs, battles, scores, shares)
    other = fit(long, np.append(battles, 0.0), *(np.column_stack([each, np.zeros(40)]) for each in (scores, shares)))
    assert one.ratings == pytest.approx(other.ratings, abs=1e-9)
    assert one.tie == pytest.approx(other.tie, abs=1e-9)


@pytest.mark.parametrize("shape", [star, everybody])
def test_many_rounds_are_each_the_same_alone(shape) -> None:
    """Rounds are solved in chunks; a round at the seam is no other."""
    generator = np.random.default_rng(4)
    pairs = shape(4)
    rounds = 2 * CHUNK + 3
    scores, ties = some_scores(generator, rounds, len(pairs.first))
    battles = np.full(len(pairs.first), 60.0)
    together = fit(pairs, battles, scores, ties)
    for row in (0, CHUNK - 1, CHUNK, 2 * CHUNK, rounds - 1):
        alone = fit(pairs, battles, scores[row : row + 1], ties[row : row + 1])
        assert alone.ratings[0] == pytest.approx(together.ratings[row], abs=1e-10)
        assert alone.tie[0] == pytest.approx(together.tie[row], abs=1e-10)


LEVELS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


@settings(max_examples=150, deadline=None)
@given(systems=st.integers(2, 5), ties=st.booleans(), complete=st.booleans(), data=st.data())
def test_newton_always_arrives(systems: int, ties: bool, complete: bool, data: st.DataObject) -> None:
    """Whatever was won, lost or drawn: the gradient of the penalised likelihood is nought where it ends."""
    pairs = (everybody if complete else star)(systems, ties=ties)
    many = len(pairs.first)
    scores = np.array([data.draw(st.lists(LEVELS, min_size=many, max_size=many))])
    battles = np.array(data.draw(st.lists(st.integers(1, 500), min_size=many, max_size=many)), dtype=float)
    shares = tie_share(scores) * ties
    found = fit(pairs, battles, scores, shares)
    assert np.isfinite(found.ratings).all()
    assert np.isfinite(found.tie).all()
    state = state_of(pairs, found)
    score, drawn, _, _ = moments(found.ratings[:, pairs.first] - found.ratings[:, pairs.second], found.tie[:, None])
    pull = ((scores - score) * battles) @ pairs.design()
    gradient = pull[0] - RIDGE * state[: systems - 1]
    assert np.abs(gradient).max() < 1e-3
    if ties:
        assert abs(((shares - drawn) * battles).sum() - RIDGE * state[-1]) < 1e-3


def test_a_fit_begun_far_away_arrives_too() -> None:
    pairs = everybody(3)
    scores, ties = some_scores(np.random.default_rng(5), 5, 3)
    battles = np.full(3, 50.0)
    far = Fit(np.array([[0.0, 14.0, -14.0]]), np.array([1e-6]))
    assert fit(pairs, battles, scores, ties, start=far).ratings == pytest.approx(
        fit(pairs, battles, scores, ties).ratings, abs=1e-7
    )


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_turning_a_pair_round_changes_nothing(seed: int) -> None:
    generator = np.random.default_rng(seed)
    pairs = everybody(4)
    scores, ties = some_scores(generator, 1, 6)
    battles = generator.integers(5, 50, 6).astype(float)
    turn = generator.random(6) < 0.5
    turned = Pairs(
        np.where(turn, pairs.second, pairs.first), np.where(turn, pairs.first, pairs.second), 4, pairs.anchor
    )
    one, other = fit(pairs, battles, scores, ties), fit(turned, battles, np.where(turn, 1 - scores, scores), ties)
    assert one.ratings == pytest.approx(other.ratings, abs=1e-9)
    assert one.tie == pytest.approx(other.tie, abs=1e-9)


def test_another_anchor_moves_all_ratings_alike() -> None:
    scores, ties = some_scores(np.random.default_rng(6), 3, 10)
    battles = np.full(10, 100.0)
    found = [fit(everybody(5, anchor=anchor), battles, scores, ties).ratings for anchor in range(5)]
    for anchor, ratings in enumerate(found):
        assert ratings[:, anchor] == pytest.approx([0, 0, 0])
        assert ratings - ratings[:, [0]] == pytest.approx(found[0], abs=1e-4)


def test_ten_times_the_battles_are_the_same_ratings() -> None:
    scores, ties = some_scores(np.random.default_rng(7), 1, 6)
    few, many = (fit(everybody(4), np.full(6, n), scores, ties) for n in (30.0, 300.0))
    assert few.ratings == pytest.approx(many.ratings, abs=1e-5)


@pytest.mark.parametrize("shape", [star, everybody])
def test_the_influence_is_the_sandwich_of_one_battle_more(shape) -> None:
    """The influence of a cluster is how far the ratings go when its weight grows, by a small difference quotient."""
    generator = np.random.default_rng(8)
    pairs = shape(4)
    many, clusters = len(pairs.first), 30
    values = generator.choice([0.0, 0.5, 1.0], (clusters, many))
    shares = tie_share(values)
    battles = np.full(many, float(clusters))
    scores, ties = values.mean(axis=0), shares.mean(axis=0)
    fitted = fit(pairs, battles, scores[None], ties[None])
    on_ratings, on_tie = influence(pairs, battles, fitted, (values - scores) / clusters, (shares - ties) / clusters)
    step = 1e-4
    for i in (0, 7, 29):
        weights = np.ones(clusters)
        weights[i] += step
        weights /= weights.sum()
        moved = fit(pairs, battles, (weights @ values)[None], (weights @ shares)[None], start=fitted)
        assert (moved.ratings - fitted.ratings)[0] / step == pytest.approx(on_ratings[i], abs=2e-3)
        assert np.log(moved.tie / fitted.tie)[0] / step == pytest.approx(on_tie[i], abs=2e-3)


@given(
    ratings=st.lists(st.integers(-3, 3), min_size=2, max_size=5),
    seed=st.integers(0, 1000),
    confidence=st.sampled_from([0.8, 0.95]),
)
@settings(max_examples=60, deadline=None)
def test_sets_of_ranks_are_those_of_all_comparisons_written_out(
    ratings: list[int], seed: int, confidence: float
) -> None:
    generator = np.random.default_rng(seed)
    values = np.array(ratings, dtype=float)
    many = len(values)
    drawn = values + generator.normal(0, 0.7, (60, many))
    errors = np.array(
        [[0.0 if i == j else (drawn[:, i] - drawn[:, j]).std() for j in range(many)] for i in range(many)]
    )
    found = rank_confidence_sets(values, drawn, errors, confidence)
    for i in range(many):
        others = [j for j in range(many) if j != i]
        largest = sorted(
            max(abs(round_[j] - round_[i] - (values[j] - values[i])) / errors[i, j] for j in others) for round_ in drawn
        )
        critical = largest[int(np.ceil(confidence * 59))]
        better = sum(values[j] - values[i] > critical * errors[i, j] for j in others)
        worse = sum(values[i] - values[j] > critical * errors[i, j] for j in others)
        assert (found.low[i], found.high[i]) == (1 + better, many - worse)
        assert found.low[i] <= found.rank[i] <= found.high[i]
        assert found.rank[i] == 1 + sum(value > values[i] for value in values)
    assert found.best.sum() == pytest.approx(1)


def test_a_group_holds_nobody_that_is_surely_worse_than_its_best() -> None:
    generator = np.random.default_rng(9)
    values = np.linspace(0, 2, 9)
    drawn = values + generator.normal(0, 0.2, (500, 9))
    errors = 0.2 * np.sqrt(2) * (1 - np.eye(9))
    found = rank_confidence_sets(values, drawn, errors, 0.95)
    assert found.group[np.argmax(values)] == 1
    order = np.argsort(-values)
    assert (np.diff(found.group[order]) >= 0).all()
    for one, other in combinations(range(9), 2):
        if found.group[one] == found.group[other]:
            assert abs(values[one] - values[other]) < 1.2
