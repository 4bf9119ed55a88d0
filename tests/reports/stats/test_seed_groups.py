"""Seeds of one recipe: known variances, and the coverage of the interval for new seeds and items."""

import numpy as np
import pytest
from every_case import every_case

from polyarena.reports.stats.seed_groups import seed_group_estimate


def draw(generator, seeds, items, between, item, noise):
    effect = generator.normal(0, between, seeds)[:, None] + generator.normal(0, item, items)[None, :]
    return 0.5 + effect + generator.normal(0, noise, (seeds, items))


@every_case(
    ("seeds", "items", "between", "item"),
    [(3, 200, 0.0, 0.3), (3, 200, 0.02, 0.3), (5, 100, 0.05, 0.3), (2, 200, 0.01, 0.3), (5, 200, 0.1, 0.0)],
)
def test_the_interval_covers_the_mean_of_all_seeds_and_items(seeds, items, between, item):
    generator = np.random.default_rng(7)
    rounds = 1000
    hits = 0
    for _ in range(rounds):
        found = seed_group_estimate(draw(generator, seeds, items, between, item, 0.2))
        hits += found.low <= 0.5 <= found.high
    # 95% with a standard error of 0.7 points; the degrees of freedom are approximate.
    assert 0.925 <= hits / rounds <= 0.995


def test_an_interval_over_items_alone_would_be_too_short():
    generator = np.random.default_rng(7)
    hits = 0
    for _ in range(1000):
        scores = draw(generator, 3, 400, 0.05, 0.3, 0.2)
        hits += abs(scores.mean() - 0.5) <= 1.96 * scores.mean(axis=0).std(ddof=1) / 20
    assert hits / 1000 < 0.8


def test_the_estimated_variance_is_right_on_average():
    generator = np.random.default_rng(3)
    found = [seed_group_estimate(draw(generator, 4, 50, 0.1, 0.3, 0.2)) for _ in range(2000)]
    expected = 0.1**2 / 4 + 0.3**2 / 50 + 0.2**2 / 200
    assert np.mean([each.standard_error**2 for each in found]) == pytest.approx(expected, rel=0.06)
    assert np.var([each.value for each in found]) == pytest.approx(expected, rel=0.12)


def test_the_parts_add_up_and_seeds_that_agree_have_none_between_them():
    items = np.random.default_rng(0).normal(size=30)
    same = seed_group_estimate(np.stack([items, items, items]))
    assert same.between < 1e-6 * same.within
    assert (same.seeds, same.items) == (3, 30)
    assert same.standard_error == pytest.approx(items.std(ddof=1) / np.sqrt(30))
    apart = seed_group_estimate(np.stack([items, items + 1, items + 2]))
    assert apart.between > 0.5
    assert apart.within**2 + apart.between**2 == pytest.approx(apart.standard_error**2)
    assert apart.value == pytest.approx(items.mean() + 1)


def test_equal_scores_have_no_width():
    found = seed_group_estimate(np.full((2, 5), 0.25))
    assert (found.low, found.value, found.high, found.standard_error) == (0.25, 0.25, 0.25, 0)


def test_confidence_widens_the_interval():
    scores = draw(np.random.default_rng(1), 3, 40, 0.1, 0.3, 0.2)
    narrow, wide = seed_group_estimate(scores, 0.8), seed_group_estimate(scores, 0.99)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


@pytest.mark.parametrize("scores", [np.zeros((1, 5)), np.zeros((3, 1)), np.full((2, 2), np.nan)])
def test_too_little_is_refused(scores):
    with pytest.raises(ValueError, match="at least 2 seeds"):
        seed_group_estimate(scores)
