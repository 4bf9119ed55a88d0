"""Coefficients of agreement against scikit-learn and their definitions; intervals only where something is known."""

from __future__ import annotations

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import cohen_kappa_score

from polyarena.reports.stats.agreement import COEFFICIENTS, coefficients, estimate_agreement
from polyarena.reports.stats.intervals import wilson_interval

PAIRS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=40)


def tables_of(pairs: list[tuple[int, int]]) -> np.ndarray:
    tables = np.zeros((len(pairs), 3, 3))
    for table, (one, other) in zip(tables, pairs, strict=True):
        table[one, other] = 1
    return tables


@given(PAIRS)
def test_cohen_is_scikit_learn_s(pairs: list[tuple[int, int]]) -> None:
    one, other = (list(side) for side in zip(*pairs, strict=True))
    found = float(coefficients(tables_of(pairs).sum(axis=0))["cohen"])
    if len({*one, *other}) == 1:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(cohen_kappa_score(one, other, labels=[0, 1, 2]))


@given(PAIRS)
def test_gwet_by_his_definition(pairs: list[tuple[int, int]]) -> None:
    agreed = np.mean([one == other for one, other in pairs])
    used = np.array([sum((one == c) + (other == c) for one, other in pairs) / 2 / len(pairs) for c in range(3)])
    chance = (used * (1 - used)).sum() / 2
    assert coefficients(tables_of(pairs).sum(axis=0))["gwet"] == pytest.approx((agreed - chance) / (1 - chance))


@given(PAIRS)
def test_turning_the_categories_round_changes_nothing(pairs: list[tuple[int, int]]) -> None:
    """Win for loss: what it says of the second system is what it says of the first."""
    whole = tables_of(pairs).sum(axis=0)
    one, other = coefficients(whole), coefficients(whole[::-1, ::-1])
    for name in COEFFICIENTS:
        assert one[name] == pytest.approx(other[name], nan_ok=True)


@every_case("units", [1, 3, 7, 8, 30])
def test_perfect_agreement_is_not_certain(units: int) -> None:
    pairs = [(i % 3, i % 3) for i in range(units)]
    found = estimate_agreement(tables_of(pairs), [f"s{i}" for i in range(units)], rounds=100)
    assert found["raw"].value == 1
    for name in ("cohen", "krippendorff"):
        assert (found[name].low, found[name].high) == (None, None)
    if units > 1:
        assert (found["raw"].low, found["raw"].high) == pytest.approx(
            wilson_interval(1.0, units, 0.95, continuity=1 / 8 / units), abs=1e-9
        )
        assert found["raw"].low < 1
    else:
        assert found["raw"].low is None


@every_case("clusters", [1, 2, 7])
def test_few_clusters_leave_coefficients_without_an_interval(clusters: int) -> None:
    generator = np.random.default_rng(0)
    pairs = list(zip(generator.integers(0, 3, 60).tolist(), generator.integers(0, 3, 60).tolist(), strict=True))
    found = estimate_agreement(tables_of(pairs), [f"s{i % clusters}" for i in range(60)], rounds=100)
    assert found["cohen"].value is not None
    assert found["cohen"].low is None


def test_the_order_of_units_and_who_is_first_change_nothing() -> None:
    generator = np.random.default_rng(1)
    one = generator.integers(0, 3, 50)
    other = np.where(generator.random(50) < 0.6, one, generator.integers(0, 3, 50))
    tables, names = tables_of(list(zip(one.tolist(), other.tolist(), strict=True))), [f"s{i % 25}" for i in range(50)]
    found = estimate_agreement(tables, names, rounds=200)
    mixed = generator.permutation(50)
    assert estimate_agreement(tables[mixed], [names[i] for i in mixed], rounds=200) == found
    turned = estimate_agreement(tables.swapaxes(1, 2), names, rounds=200)
    for name in COEFFICIENTS:
        assert turned[name].value == pytest.approx(found[name].value)
        assert turned[name].low == pytest.approx(found[name].low)


@given(PAIRS)
@settings(max_examples=30, deadline=None)
def test_intervals_surround_or_are_missing(pairs: list[tuple[int, int]]) -> None:
    found = estimate_agreement(tables_of(pairs), [f"s{i}" for i in range(len(pairs))], rounds=100)
    for each in found.values():
        if each.low is not None:
            assert each.low <= each.value + 1e-9
            assert each.value <= each.high + 1e-9
            assert each.low < each.high


@every_case("share", [0.5, 0.7, 0.8, 0.95])
def test_the_interval_of_the_share_covers(share: float) -> None:
    """Nominal 95%, 40 items: all 41 outcomes with their binomial probabilities."""
    held = 0.0
    for agreed in range(41):
        pairs = [(0, 0)] * agreed + [(0, 2)] * (40 - agreed)
        raw = estimate_agreement(tables_of(pairs), [f"s{i}" for i in range(40)], rounds=2)["raw"]
        assert raw.low is not None
        held += binom.pmf(agreed, 40, share) * (raw.low <= share <= raw.high)
    assert 0.925 <= held <= 0.985


def test_no_units_have_no_coefficients() -> None:
    found = estimate_agreement(np.zeros((0, 3, 3)), [])
    assert all((each.value, each.low, each.high) == (None, None, None) for each in found.values())
