"""Agreement coefficients against published numbers and against their definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from polyarena.reports.stats.agreement import COEFFICIENTS, coefficients, estimate_agreement, fleiss


def of(table):
    return {name: float(value) for name, value in coefficients(np.array(table, dtype=float)).items()}


def test_cohen_of_the_textbook_table():
    # 50 applications read by two people: 20 and 15 agreed, 5 and 10 not; kappa 0.40.
    found = of([[20, 5], [10, 15]])
    assert found["raw"] == pytest.approx(0.70)
    assert found["cohen"] == pytest.approx(0.40)


def test_gwet_where_cohen_collapses():
    # 125 units, 118 agreed in one category: raw 0.944, kappa -0.023, AC1 0.941 (Gwet 2008).
    found = of([[118, 5], [2, 0]])
    assert found["raw"] == pytest.approx(0.944)
    assert found["cohen"] == pytest.approx(-0.0234, abs=5e-5)
    assert found["gwet"] == pytest.approx(0.9408, abs=5e-5)


def test_krippendorff_of_his_own_example():
    # Ten units, two observers, two categories: alpha 0.095 (Krippendorff 2011, section B).
    one, other = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 1, 0, 0, 1, 0]
    table = np.zeros((2, 2))
    np.add.at(table, (one, other), 1)
    assert of(table)["krippendorff"] == pytest.approx(0.095, abs=5e-4)


def alpha_by_definition(values):
    """Ordinal alpha, summed over all pairs of values."""
    flat = [value for pair in values for value in pair]
    counts = {value: flat.count(value) for value in set(flat)}

    def distance(c, k):
        low, high = sorted((c, k))
        between = sum(counts.get(g, 0) for g in range(low, high + 1))
        return (between - (counts.get(low, 0) + counts.get(high, 0)) / 2) ** 2

    n = len(flat)
    observed = sum(2 * distance(*pair) for pair in values) / n
    expected = sum(distance(a, b) for i, a in enumerate(flat) for j, b in enumerate(flat) if i != j) / (n * (n - 1))
    return 1 - observed / expected if expected else math.nan


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=25))
def test_krippendorff_is_its_definition(values):
    table = np.zeros((3, 3))
    for a, b in values:
        table[a, b] += 1
    expected = alpha_by_definition(values)
    assert of(table)["krippendorff"] == pytest.approx(expected, nan_ok=True)


@given(arrays(float, (3, 3), elements=st.floats(0, 100)).filter(lambda table: table.sum() > 1))
def test_no_coefficient_exceeds_one_nor_depends_on_who_is_first(table):
    one, other = of(table), of(table.T)
    for name in COEFFICIENTS:
        assert one[name] == pytest.approx(other[name], nan_ok=True, abs=1e-9)
        assert math.isnan(one[name]) or one[name] <= 1 + 1e-9


def test_perfect_agreement_is_one_and_a_single_category_undefined():
    assert of(np.diag([3.0, 4, 5])) == pytest.approx(dict.fromkeys(COEFFICIENTS, 1.0))
    lone = of([[7, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert lone["raw"] == 1
    assert math.isnan(lone["cohen"])
    assert math.isnan(lone["krippendorff"])
    assert lone["gwet"] == pytest.approx(1)


def test_confusing_neighbours_is_better_than_confusing_the_ends_for_ordinal_alpha_only():
    near, far = [[10, 5, 0], [0, 10, 5], [0, 0, 10]], [[10, 0, 5], [0, 10, 0], [5, 0, 10]]
    assert of(near)["raw"] == of(far)["raw"]
    assert of(near)["krippendorff"] > of(far)["krippendorff"]


def test_fleiss_of_the_textbook_example():
    # Fleiss 1971 in the form of 10 subjects, 14 raters, 5 categories: 0.210.
    counts = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    assert fleiss(np.array(counts, dtype=float)) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_has_limits():
    assert fleiss(np.zeros((0, 3))) is None
    assert fleiss(np.array([[3.0, 0, 0]] * 4)) is None
    with pytest.raises(ValueError, match="same number"):
        fleiss(np.array([[2.0, 0], [3, 0]]))


def units(n, seed, agree=0.7):
    generator = np.random.default_rng(seed)
    one = generator.integers(0, 3, n)
    other = np.where(generator.random(n) < agree, one, generator.integers(0, 3, n))
    tables = np.zeros((n, 3, 3))
    tables[np.arange(n), one, other] = 1
    return tables


def test_intervals_surround_and_do_not_depend_on_the_order():
    tables, names = units(200, 1), [f"s{i}" for i in range(200)]
    found = estimate_agreement(tables, names, rounds=500)
    again = estimate_agreement(tables[::-1], names[::-1], rounds=500)
    for name in COEFFICIENTS:
        one = found[name]
        assert one.low < one.value < one.high
        assert (one.low, one.high) == pytest.approx((again[name].low, again[name].high))


def test_repeated_clusters_make_intervals_wider():
    tables = np.repeat(units(50, 2), 4, axis=0)
    apart = estimate_agreement(tables, [str(i) for i in range(200)], rounds=500)["cohen"]
    together = estimate_agreement(tables, [str(i // 4) for i in range(200)], rounds=500)["cohen"]
    assert together.value == pytest.approx(apart.value)
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_the_interval_of_kappa_covers():
    truth = of(units(200_000, 3).sum(axis=0))["cohen"]
    names = [f"s{i}" for i in range(120)]
    covered = 0
    for seed in range(200):
        one = estimate_agreement(units(120, seed + 10), names, rounds=200)["cohen"]
        covered += one.low <= truth <= one.high
    assert 0.90 <= covered / 200 <= 0.99


def test_too_little_has_no_interval():
    assert estimate_agreement(np.zeros((0, 3, 3)), [])["raw"].value is None
    lone = estimate_agreement(units(1, 0), ["s"])["raw"]
    assert (lone.low, lone.high) == (None, None)
