"""What many contrasts share is drawn once, and gives the numbers that each alone has."""

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.stats import multiplicity, resampling, simultaneous
from polyarena.reports.stats.bradley_terry import Pairs, _Model, _Slopes
from polyarena.reports.stats.multiplicity import largest_deviations, largest_deviations_by_family
from polyarena.reports.stats.replicated import Replicated
from polyarena.reports.stats.resampling import Product, distinct_columns, exact_grid


@pytest.fixture(params=[1, 3], ids=["one stratum", "three strata"])
def influences(request):
    """Nine estimates of 60 clusters; of three strata, the last two estimates reach over two of them."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % request.param
    values = rng.normal(size=(60, 9)) * (rng.random((60, 9)) < 0.6)
    if request.param > 1:
        for column in range(9):
            values[(labels != column % 3) & ((column < 7) | (labels == 2)), column] = 0.0
    errors = np.sqrt((values**2).sum(axis=0))
    errors[4] = 0.0
    return values, errors, labels


def test_families_have_the_bits_of_each_alone(influences):
    values, errors, labels = influences
    names, sizes = [f"s{i:02d}" for i in range(60)], [3, 1, 2, 3]
    together = largest_deviations_by_family(values, errors, sizes, names, labels, rounds=700, seed=3)
    ends = np.cumsum(sizes)
    alone = [
        largest_deviations(values[:, end - size : end], errors[end - size : end], names, labels, rounds=700, seed=3)
        for size, end in zip(sizes, ends, strict=True)
    ]
    assert together.shape == (4, 700)
    assert together.tobytes() == np.array(alone).tobytes()
    assert together[0].max() > 0


def test_a_family_without_any_spread_never_deviates():
    found = largest_deviations_by_family(
        np.zeros((5, 3)), np.zeros(3), [1, 2], list("abcde"), np.zeros(5, dtype=np.int64), rounds=4, seed=0
    )
    assert found.tolist() == [[0.0] * 4, [0.0] * 4]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.9])
def test_products_have_the_same_bits_whether_they_are_sparse_or_not(share, monkeypatch):
    rng = np.random.default_rng(1)
    matrix = exact_grid(rng.normal(size=(80, 40)) * (rng.random((80, 40)) < share))
    weights = rng.integers(0, 4, size=(30, 80)).astype(np.float64)
    found = []
    for threshold in (0.0, 2.0):
        monkeypatch.setattr(resampling, "SPARSE", threshold)
        found.append(Product(matrix).of(weights))
    assert found[0].shape == (30, 40)
    assert np.array_equal(found[0], found[1])


def test_bands_are_the_same_in_whatever_batches(some_battles, monkeypatch):
    battles = pd.concat([some_battles.assign(candidate=name) for name in ("first", "second")], ignore_index=True)
    whole = simultaneous.simultaneous_bands(battles, rounds=300)
    monkeypatch.setattr(simultaneous, "FAMILY_BYTES", 1)
    calls = []
    original = multiplicity.largest_deviations_by_family
    monkeypatch.setattr(
        simultaneous, "largest_deviations_by_family", lambda *a, **k: calls.append(1) or original(*a, **k)
    )
    assert simultaneous.simultaneous_bands(battles, rounds=300).equals(whole)
    assert len(calls) > 1


class _Counting:
    """An estimator of four columns that counts its draws."""

    draws = 0

    def replicates(self, columns, *, rounds, seed):
        self.draws += 1
        return np.array([[column * 10.0 + i for i in range(rounds)] for column in columns])


def test_replicates_are_drawn_once():
    data = _Counting()
    drawn = Replicated(data, [3, 1, 1], rounds=2, seed=0)
    assert data.draws == 0
    assert drawn.replicates([1], rounds=2, seed=0).tolist() == [[10.0, 11.0]]
    assert drawn.replicates([3, 1], rounds=2, seed=0).tolist() == [[30.0, 31.0], [10.0, 11.0]]
    assert data.draws == 1
    with pytest.raises(ValueError, match="2 rounds of seed 0 are drawn"):
        drawn.replicates([1], rounds=3, seed=0)


@pytest.mark.parametrize("ties", [True, False])
def test_the_information_of_pairs_is_that_of_their_design(ties):
    """Assembled pair by pair, also where a pair stands there twice."""
    rng = np.random.default_rng(2)
    first, second = np.array([0, 0, 1, 3, 3]), np.array([1, 2, 3, 4, 4])
    pairs, free = Pairs(first, second, 5, 2, ties), 4
    model, design, curve = _Model(pairs, 1e-3), pairs.design(), rng.random((5, 7))
    at = _Slopes(rng.random((free + ties, 7)), curve, rng.random((free, 7)), rng.random(7))
    expected = np.einsum("pr,pi,pj->rij", curve, design, design) + 1e-3 * np.eye(free)
    np.testing.assert_allclose(model.information(at)[:, :free, :free], expected, rtol=1e-14)


def test_distinct_columns_are_those_of_numpy():
    rng = np.random.default_rng(4)
    matrix = rng.integers(0, 2, size=(3, 40)).astype(np.float64)
    found, which = distinct_columns(matrix)
    assert np.array_equal(found[:, which], matrix)
    assert found.shape[1] == np.unique(matrix, axis=1).shape[1]
