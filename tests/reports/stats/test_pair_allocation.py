"""The next games go where they tell most: against brute force, and better than two fixed designs."""

import numpy as np
import pytest

from polyarena.reports.stats.bradley_terry import Pairs, fit, moments, tie_share
from polyarena.reports.stats.pair_allocation import PRIOR_DEVIATION, PairResult, Step, choose_pairs

TEN = Step(10, 20)
NAMES = [f"s{n}" for n in range(6)]
PAIRS = [(one, other) for n, other in enumerate(NAMES) for one in NAMES[n + 1 :]]


def summed_variance(results, more=None, step=TEN):
    """Return the summed variance of all differences of ratings, by the definition."""
    place = {name: n for n, name in enumerate(NAMES)}
    ends = np.array([[place[one], place[other]] for one, other in results])
    ties = np.array([[result.ties for result in results.values()]])
    pairs = Pairs(ends[:, 0], ends[:, 1], len(NAMES), int(ends[0, 1]), bool(ties.any()))
    battles = np.array([float(result.battles) for result in results.values()])
    scores = np.array([[result.score for result in results.values()]])
    fitted = fit(pairs, battles, scores, ties, ridge=PRIOR_DEVIATION**-2)
    information = np.eye(len(NAMES)) / PRIOR_DEVIATION**2
    counted = [(pair, result.battles) for pair, result in results.items()]
    for (one, other), count in [*counted, *([(more, step.battles)] if more else [])]:
        d = np.zeros(len(NAMES))
        d[place[one]], d[place[other]] = 1, -1
        gap = fitted.ratings[0, place[one]] - fitted.ratings[0, place[other]]
        information += count * moments(np.array(gap), fitted.tie[0])[2] * np.outer(d, d)
    covariance = np.linalg.inv(information)
    variances = np.diag(covariance)[:, None] + np.diag(covariance)[None] - 2 * covariance
    return variances[np.triu_indices(len(NAMES), 1)].sum()


@pytest.mark.parametrize("seed", range(5))
def test_the_choice_is_that_of_brute_force(seed):
    rng = np.random.default_rng(seed)
    results = {
        (name, "s0"): PairResult(float(rng.integers(5, 60)), float(rng.uniform(0.05, 0.95)), float(rng.uniform(0, 0.1)))
        for name in NAMES[1:]
    }
    steps = {pair: [TEN] for pair in PAIRS}
    [chosen] = choose_pairs(NAMES, results, steps, 20)
    best = min(PAIRS, key=lambda pair: summed_variance(results, pair))
    assert chosen == best
    assert summed_variance(results, chosen) < summed_variance(results)


def test_a_system_with_few_battles_comes_first():
    results = {(name, "s0"): PairResult(5 if name == "s3" else 500, 0.5, 0.2) for name in NAMES[1:]}
    chosen = choose_pairs(NAMES, results, {pair: [TEN] * 9 for pair in PAIRS}, 60)
    assert all("s3" in pair for pair in chosen)


def test_equals_meet_rather_than_unequals():
    scores = {"s1": 0.5, "s2": 0.97, "s3": 0.96, "s4": 0.03, "s5": 0.04}
    results = {(name, "s0"): PairResult(60, score, 0.0) for name, score in scores.items()}
    chosen = choose_pairs(NAMES, results, {pair: [TEN] * 9 for pair in PAIRS}, 100)
    assert len(chosen) == 5
    assert not any({"s2", "s3"}.intersection(pair) and {"s4", "s5"}.intersection(pair) for pair in chosen)
    assert {frozenset(("s2", "s3")), frozenset(("s4", "s5"))} & {frozenset(pair) for pair in chosen}


def test_no_step_is_taken_that_is_not_there_or_cannot_be_paid():
    results = {(name, "s0"): PairResult(20, 0.5, 0.2) for name in NAMES[1:]}
    steps = {("s1", "s0"): [TEN, Step(3, 6)], ("s2", "s0"): [Step(10, 40)]}
    chosen = choose_pairs(NAMES, results, steps, 26)
    assert sorted(chosen) == [("s1", "s0"), ("s1", "s0")]
    assert choose_pairs(NAMES, results, steps, 5) == []
    assert choose_pairs(NAMES, results, {}, 100) == []
    assert len(choose_pairs(NAMES, results, steps, 1000)) == 3


def test_cost_counts_and_not_size_alone():
    results = {(name, "s0"): PairResult(20, 0.5, 0.2) for name in NAMES[1:]}
    dear = {("s1", "s0"): [Step(10, 80)], ("s2", "s0"): [TEN]}
    assert choose_pairs(NAMES, results, dear, 80) == [("s2", "s0")]


def test_ratings_are_nearer_to_the_truth_than_by_a_star_or_by_all_pairs_alike():
    """Of 40 tournaments of six systems with 1,200 battles each, the same for the three designs."""
    rng = np.random.default_rng(7)
    errors = {"star": [], "all": [], "chosen": []}
    for _ in range(40):
        truth = rng.normal(0, 1.2, len(NAMES))

        def play(pair, count, truth=truth):
            gap = truth[int(pair[0][1])] - truth[int(pair[1][1])]
            wins = (rng.random(count) < 1 / (1 + np.exp(-gap))).astype(float)
            return np.where(rng.random(count) < 0.2, 0.5, wins)

        played = {pair: play(pair, 20) for pair in PAIRS if "s0" in pair}
        for left in range(1100, 0, -110):
            results = {pair: result_of(scores) for pair, scores in played.items()}
            for pair in choose_pairs(NAMES, results, {pair: [Step(10, 10)] * 200 for pair in PAIRS}, min(110, left)):
                played[pair] = np.concatenate([played.get(pair, np.array([])), play(pair, 10)])
        errors["chosen"].append(error(played, truth))
        errors["all"].append(error({pair: play(pair, 1200 // len(PAIRS)) for pair in PAIRS}, truth))
        errors["star"].append(error({pair: play(pair, 240) for pair in PAIRS if "s0" in pair}, truth))
    means = {design: float(np.mean(values)) for design, values in errors.items()}
    assert means["chosen"] < 0.95 * means["all"] < 0.95 * means["star"]


def result_of(scores):
    return PairResult(len(scores), float(scores.mean()), float(tie_share(scores).mean()))


def error(played, truth):
    results = [result_of(scores) for scores in played.values()]
    ends = np.array([[int(one[1]), int(other[1])] for one, other in played])
    fitted = fit(
        Pairs(ends[:, 0], ends[:, 1], len(NAMES), 0),
        np.array([each.battles for each in results], dtype=float),
        np.array([[each.score for each in results]]),
        np.array([[each.ties for each in results]]),
        ridge=0.01,
    ).ratings[0]
    return np.sqrt(np.mean(np.square((fitted[:, None] - fitted) - (truth[:, None] - truth))))
