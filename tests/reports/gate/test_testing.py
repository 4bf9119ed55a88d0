"""The joint sign-flip test: exactness, error control, what correlation and small cells do."""

import itertools

import numpy as np
import pytest
from scipy.special import bdtr

from polyarena.reports.gate.testing import (
    Contributions,
    estimate_below,
    sign_flip_tests,
    with_random_error,
)


def names(n, prefix=""):
    return tuple(f"{prefix}{i:04d}" for i in range(n))


def block(values, prefix=""):
    array = np.asarray(values, dtype=float)
    return Contributions(names(len(array), prefix), array, np.arange(array.shape[1]))


def run(values, *, weights=None, rounds=4_000, alpha=0.05, seed=0):
    array = np.asarray(values, dtype=float)
    chosen = np.ones(array.shape[1]) if weights is None else np.asarray(weights, dtype=float)
    return sign_flip_tests([block(array)], chosen, alpha=alpha, rounds=rounds, seed=seed)


def test_p_values_of_single_items_are_those_of_the_sign_test():
    losses, wins = 14, 4
    values = np.r_[np.full(losses, -1.0), np.full(wins, 1.0), np.zeros(60)][:, None]
    found = run(values, rounds=20_000)
    assert found.p[0] == pytest.approx(bdtr(wins, losses + wins, 0.5), abs=0.004)
    assert found.adjusted == pytest.approx(with_random_error(found.p, 20_000))


def test_p_values_stand_one_random_error_above_their_estimate():
    estimates = np.array([0.0, 0.0479, 0.5, 1.0])
    assert with_random_error(estimates, 10_000) == pytest.approx([0.0, 0.05003, 0.505, 1.0], abs=1e-4)
    for alpha, rounds in ((0.05, 999), (0.05, 10_000), (0.2, 50_000)):
        estimate = estimate_below(alpha, rounds)
        assert alpha - 2 * np.sqrt(alpha / rounds) < estimate < alpha
        assert with_random_error(np.array([estimate]), rounds)[0] == pytest.approx(alpha)


def test_few_sets_of_sign_vectors_err_more_often_than_stated():
    """20 cells of a continuous metric, 30 sets of 999 vectors: without the random error, about half would."""
    rng = np.random.default_rng(8)
    m, rounds, levels = 20, 999, []
    for _ in range(30):
        drawn = np.sort(rng.standard_normal((rounds, m)).max(axis=1))
        reached = rounds - np.searchsorted(drawn, rng.standard_normal((20_000, m)).max(axis=1))
        estimates = (1 + reached) / (1 + rounds)
        levels.append([np.mean(each < 0.05) for each in (with_random_error(estimates, rounds), estimates)])
    share = (np.array(levels) > 0.05).mean(axis=0)
    assert share[0] <= 0.3 < share[1]


def test_all_sign_vectors_give_the_joint_distribution():
    rng = np.random.default_rng(1)
    values = rng.integers(-1, 2, size=(9, 3)).astype(float)
    found = run(values, rounds=40_000)
    norms = np.sqrt((values**2).sum(axis=0))
    seen = -values.sum(axis=0) / norms
    every = np.array([-(np.array(signs) @ values) / norms for signs in itertools.product((-1, 1), repeat=9)])
    first = int(np.argmax(seen))
    assert found.adjusted[first] == pytest.approx(np.mean(every.max(axis=1) >= seen[first] - 1e-9), abs=0.01)


def test_copies_of_one_hypothesis_cost_nothing():
    rng = np.random.default_rng(2)
    one = np.where(rng.random((300, 1)) < 0.12, rng.choice([-1, -1, 1], (300, 1)), 0).astype(float)
    alone, copied = run(one), run(np.repeat(one, 20, axis=1))
    assert copied.adjusted == pytest.approx(np.repeat(alone.adjusted, 20), abs=1e-12)


def test_cells_in_which_hardly_anything_changed_cost_the_others_nothing():
    rng = np.random.default_rng(3)
    one = np.where(rng.random((300, 1)) < 0.12, rng.choice([-1, -1, 1], (300, 1)), 0).astype(float)
    quiet = np.zeros((300, 40))
    quiet[np.arange(40), np.arange(40)] = -1.0
    assert run(np.hstack([one, quiet])).adjusted[0] == pytest.approx(run(one).adjusted[0], abs=0.01)


def test_nothing_that_differs_is_no_drop():
    found = run(np.zeros((10, 2)))
    assert found.p.tolist() == found.adjusted.tolist() == [1.0, 1.0]
    assert np.isinf(found.critical).all()


def test_less_weight_asks_for_stronger_evidence():
    rng = np.random.default_rng(4)
    values = np.where(rng.random((400, 6)) < 0.1, rng.choice([-1, 1], (400, 6)), 0).astype(float)
    found = run(values, weights=[1, 1, 1, 0.1, 0.1, 0.1])
    assert found.critical[:3] == pytest.approx(np.repeat(found.critical[0], 3))
    assert (found.critical[3:] > found.critical[0] + 0.4).all()


def test_a_hypothesis_may_span_blocks():
    rng = np.random.default_rng(5)
    first, second = (np.where(rng.random((200, 1)) < 0.2, rng.choice([-1, -1, 1], (200, 1)), 0.0) for _ in "ab")
    joined = Contributions(names(400), np.vstack([first, second]), np.array([0]))
    split = [Contributions(names(200, p), v, np.array([0])) for p, v in (("a", first), ("b", second))]
    whole, parts = (
        sign_flip_tests(blocks, np.ones(1), alpha=0.05, rounds=20_000, seed=0) for blocks in ([joined], split)
    )
    assert parts.z == pytest.approx(whole.z)
    assert parts.p[0] == pytest.approx(whole.p[0], abs=0.005)


def test_the_same_seed_gives_the_same_numbers_and_order_does_not_matter():
    rng = np.random.default_rng(6)
    values = np.where(rng.random((100, 5)) < 0.2, rng.choice([-1, 1], (100, 5)), 0.0)
    first, again, turned = run(values), run(values), run(values[:, ::-1])
    assert first.adjusted.tolist() == again.adjusted.tolist() == turned.adjusted[::-1].tolist()


def test_false_alarms_are_bounded():
    """400 data sets without an effect, 12 correlated cells: at most 5% have a rejection, give or take 2.5 errors."""
    rng = np.random.default_rng(7)
    red = 0
    for _ in range(400):
        shared = rng.standard_normal((80, 1))
        latent = 0.6 * shared + 0.8 * rng.standard_normal((80, 12))
        values = (latent > 1.3).astype(float) - (latent < -1.3)
        red += bool((run(values, rounds=199, seed=1).adjusted < 0.05).any())
    assert red / 400 <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 400)


def with_signs(values, *, rounds=2_000, seed=0):
    array = np.asarray(values, dtype=float)
    weights = np.ones(array.shape[1])
    return sign_flip_tests(
        [block(array)], weights, alpha=0.05, rounds=rounds, seed=seed, second=[block(np.sign(array))]
    )


def graded(rng, n, m, losses, gains):
    """Differences of halves and wholes, independent of their direction."""
    drawn = rng.random((n, m))
    return np.where(drawn < losses, -1.0, np.where(drawn > 1 - gains, 1.0, 0.0)) * rng.choice([0.25, 1.0], (n, m))


def test_signs_find_what_sizes_hide_and_cost_little_where_they_tell_nothing():
    rng = np.random.default_rng(9)
    n, rounds, means, both = 300, 999, 0, 0
    for i in range(60):
        values = np.hstack([graded(rng, n, 1, 0.12, 0.04), graded(rng, n, 9, 0.06, 0.06)])
        means += run(values, rounds=rounds, seed=i).adjusted[0] < 0.05
        both += with_signs(values, rounds=rounds, seed=i).adjusted[0] < 0.05
    assert both >= means + 3
    # A few whole losses among many small differences in both directions: signs tell nothing.
    rare = 0.05 * rng.choice([-1.0, 1.0], (n, 4))
    rare[:12, 0] = -1.0
    alone, joint = run(rare), with_signs(rare, rounds=4_000)
    assert alone.adjusted[0] < joint.adjusted[0] + 0.002 < 0.01


def test_the_chance_of_a_false_rejection_stays_at_the_level_with_two_statistics():
    rng = np.random.default_rng(10)
    alarms = [(with_signs(graded(rng, 120, 6, 0.1, 0.1), rounds=199, seed=i).adjusted < 0.05).any() for i in range(600)]
    assert np.mean(alarms) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 600)


def test_signs_alone_reject_no_mean_that_is_not_lower_by_itself():
    values = np.r_[np.full(40, -0.05), np.full(8, 0.25), np.zeros(100)][:, None]
    found = with_signs(values)
    assert values.sum() == pytest.approx(0.0)
    assert found.p[0] > 0.4
    assert found.adjusted[0] >= found.p[0]
    assert with_signs(-values).gain[0] == pytest.approx(found.z[0])


def test_signs_of_whole_differences_change_nothing():
    rng = np.random.default_rng(11)
    values = np.where(rng.random((200, 5)) < 0.2, rng.choice([-1, -1, 1], (200, 5)), 0.0)
    plain, doubled = run(values, rounds=2_000), with_signs(values)
    assert doubled.adjusted.tolist() == plain.adjusted.tolist()
    assert doubled.critical == pytest.approx(plain.critical)
