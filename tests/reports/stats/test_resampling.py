from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from polyarena.reports.stats.resampling import bootstrap_means, exact_grid, exact_sum, resample_weights, strata

NAMES = [f"s{i:03d}" for i in range(40)]


def weights(names: list[str], rounds: int, seed: int, chunk: int | None = None) -> np.ndarray:
    return np.concatenate(list(resample_weights(names, rounds, seed, chunk=chunk)))


def test_every_round_draws_as_many_clusters_as_there_are() -> None:
    drawn = weights(NAMES, 300, 0)
    assert drawn.shape == (300, 40)
    assert (drawn.sum(axis=1) == 40).all()
    assert (drawn >= 0).all()


def test_weights_have_the_moments_of_a_multinomial() -> None:
    drawn = weights(NAMES, 20_000, 1)
    n = len(NAMES)
    assert drawn.mean() == 1
    assert np.abs(drawn.mean(axis=0) - 1).max() < 5 / np.sqrt(20_000)
    assert drawn.var(axis=0).mean() == pytest.approx(1 - 1 / n, rel=0.02)
    assert np.cov(drawn[:, 0], drawn[:, 1])[0, 1] == pytest.approx(-1 / n, abs=0.03)


@every_case("chunk", [1, 7, 64, 1000])
def test_the_size_of_chunks_changes_nothing(chunk: int) -> None:
    assert np.array_equal(weights(NAMES, 200, 5), weights(NAMES, 200, 5, chunk))


def test_the_stream_depends_on_seed_and_names() -> None:
    first = weights(NAMES, 50, 0)
    assert np.array_equal(first, weights(list(NAMES), 50, 0))
    assert not np.array_equal(first, weights(NAMES, 50, 1))
    assert not np.array_equal(first, weights([f"t{i}" for i in range(40)], 50, 0))


def test_fewer_rounds_are_the_beginning_of_more() -> None:
    assert np.array_equal(weights(NAMES, 30, 0), weights(NAMES, 90, 0)[:30])


def test_names_that_run_together_are_told_apart() -> None:
    assert not np.array_equal(weights(["a", "bc"], 64, 0), weights(["ab", "c"], 64, 0))


@given(arrays(np.float64, st.tuples(st.integers(1, 60), st.integers(1, 4)), elements=st.floats(-1e6, 1e6)))
def test_the_grid_moves_nothing_by_more_than_the_last_bits(sums: np.ndarray) -> None:
    largest = np.abs(sums).max(axis=0)
    assert (np.abs(exact_grid(sums) - sums) <= len(sums) * largest * 2.0**-51 + 1e-300).all()


@given(
    arrays(np.float64, st.tuples(st.integers(2, 50), st.just(2)), elements=st.floats(-100, 100, width=32)),
    st.randoms(use_true_random=False),
)
def test_weighted_sums_on_the_grid_are_exact_in_any_order(sums: np.ndarray, random: object) -> None:
    grid = exact_grid(sums)
    drawn = next(iter(resample_weights([f"{i:03d}" for i in range(len(grid))], 5, 3)))
    order = list(range(len(grid)))
    random.shuffle(order)  # type: ignore[attr-defined]
    summed = drawn @ grid
    assert np.array_equal(summed, drawn[:, order] @ grid[order])
    exact = sum(Fraction(float(w)) * Fraction(float(v)) for w, v in zip(drawn[0], grid[:, 0], strict=True))
    assert Fraction(float(summed[0, 0])) == exact


def test_grid_of_zeros_and_of_dyadic_values_is_the_same() -> None:
    values = np.array([[0.0, 0.5], [0.0, 0.25], [0.0, 1.0]])
    assert np.array_equal(exact_grid(values), values)


def test_languages_that_share_a_cluster_are_resampled_together() -> None:
    present = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]], dtype=bool)
    labels = strata(present)
    assert labels[0] == labels[1] == labels[2] != labels[3]


def naive(sums: np.ndarray, counts: np.ndarray, rounds: int, seed: int) -> np.ndarray:
    drawn = weights(NAMES[: len(sums)], rounds, seed)
    return np.array([[(w * sums[:, j]).sum() / (w * counts[:, j]).sum() for w in drawn] for j in range(sums.shape[1])])


def test_means_are_weighted_sums_over_weighted_counts() -> None:
    generator = np.random.default_rng(0)
    counts = generator.integers(0, 3, (40, 3)).astype(float)
    counts[0] = 1
    sums = exact_grid(generator.random((40, 3)) * counts)
    found = bootstrap_means(sums, counts, NAMES, np.zeros(40, dtype=np.int64), rounds=60, seed=4)
    assert np.allclose(found, naive(sums, counts, 60, 4), rtol=1e-12)


@settings(deadline=None, max_examples=25)
@given(st.permutations(range(6)), st.integers(1, 70))
def test_order_of_columns_and_chunks_change_nothing_to_the_bit(order: list[int], chunk: int) -> None:
    generator = np.random.default_rng(8)
    counts = (generator.random((40, 6)) < 0.8).astype(float)
    sums = exact_grid(generator.random((40, 6)) * counts)
    labels = np.zeros(40, dtype=np.int64)
    whole = bootstrap_means(sums, counts, NAMES, labels, rounds=50, seed=0)
    moved = bootstrap_means(sums[:, order], counts[:, order], NAMES, labels, rounds=50, seed=0, chunk=chunk)
    assert np.array_equal(whole[order], moved)


def test_a_column_gets_the_same_replicates_alone_as_beside_others() -> None:
    generator = np.random.default_rng(9)
    sums = exact_grid(generator.random((40, 5)))
    counts = np.ones((40, 5))
    labels = np.zeros(40, dtype=np.int64)
    whole = bootstrap_means(sums, counts, NAMES, labels, rounds=80, seed=0)
    alone = bootstrap_means(sums[:, 3:4], counts[:, 3:4], NAMES, labels, rounds=80, seed=0)
    assert np.array_equal(whole[3], alone[0])


def test_languages_with_prompts_of_their_own_keep_their_number_of_items() -> None:
    """With one resample of all 40, a language that has 4 of them would be left without any in some rounds."""
    counts = np.zeros((40, 2))
    counts[:4, 0] = 1
    counts[4:, 1] = 1
    values = np.linspace(0, 1, 40)[:, None] * counts
    labels = strata(counts > 0)
    found = bootstrap_means(exact_grid(values), counts, NAMES, labels, rounds=4000, seed=0)
    small = values[:4, 0]
    assert found[0].var() == pytest.approx(small.var() / 4, rel=0.1)
    assert abs(np.corrcoef(found)[0, 1]) < 0.06
    quarters = found[0] / np.linspace(0, 1, 40)[1] * 4
    assert np.allclose(quarters, np.rint(quarters), atol=1e-6)


def test_a_round_without_any_item_of_a_column_holds_its_mean() -> None:
    counts = np.ones((40, 2))
    counts[1:, 1] = 0
    sums = np.zeros((40, 2))
    sums[0] = 0.75
    found = bootstrap_means(sums, counts, NAMES, np.zeros(40, dtype=np.int64), rounds=400, seed=0)
    assert (found[1] == 0.75).all()
    assert np.isfinite(found).all()


@given(arrays(np.float64, st.integers(0, 30), elements=st.sampled_from([0.0, -0.0, 1e-300, 1 / 3, -1e16, 1e16, 2.0])))
def test_zeros_change_no_exact_sum(values) -> None:
    assert exact_sum(values) == math.fsum(values.tolist())
