"""Planning an evaluation: equalities between its parts, and numbers that are none."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from polyarena.reports.stats.statistical_power import (
    Design,
    Power,
    affordable,
    detectable,
    minimal_detectable_effect,
    observed_design,
    power,
)
from polyarena.tasks.errors import DataError

DESIGNS = st.builds(
    Design,
    items=st.integers(2, 2000),
    languages=st.integers(1, 99),
    repeats=st.integers(1, 5),
    sd=st.floats(0.1, 0.5),
    icc=st.floats(0, 1),
    noise_sd=st.floats(0, 0.09),
)
LEVELS = st.floats(0.5, 0.999)


@given(items=st.integers(2, 400), languages=st.integers(1, 40), sd=st.floats(0.05, 0.5), icc=st.floats(0, 1))
def test_the_standard_error_is_that_of_the_covariance_matrix(items: int, languages: int, sd: float, icc: float) -> None:
    """The variance of a mean is the mean of all entries of the covariance matrix of one item's values, over items."""
    matrix = np.full((languages, languages), icc * sd**2)
    np.fill_diagonal(matrix, sd**2)
    found = Design(items=items, languages=languages, sd=sd, icc=icc).standard_error()
    assert found == pytest.approx(math.sqrt(matrix.mean() / items), rel=1e-9)


@given(design=DESIGNS, level=LEVELS, chance=st.floats(0.5, 0.99), many=st.integers(1, 50))
def test_the_detectable_effect_is_found_with_the_stated_power(
    design: Design, level: float, chance: float, many: int
) -> None:
    least = power(design, confidence=level, power=chance, comparisons=many).detectable
    found = power(design, effect=least, confidence=level, power=chance, comparisons=many)
    assert found.chance == pytest.approx(chance, abs=1e-9)
    assert found.items_needed == design.items


@given(design=DESIGNS, effect=st.floats(0.005, 0.5))
def test_an_effect_has_no_sign(design: Design, effect: float) -> None:
    up, down = power(design, effect=effect), power(design, effect=-effect)
    assert replace(down, effect=effect) == up


@given(design=DESIGNS)
def test_more_of_anything_never_sees_less(design: Design) -> None:
    error = design.standard_error()
    assert replace(design, items=design.items * 2).standard_error() < error
    assert replace(design, languages=design.languages + 1).standard_error() <= error + 1e-12
    assert replace(design, repeats=design.repeats + 1).standard_error() <= error + 1e-12
    assert error <= replace(design, icc=1.0).standard_error() + 1e-12


@given(design=DESIGNS, effect=st.floats(0.005, 0.5))
def test_with_the_items_needed_the_effect_is_detectable(design: Design, effect: float) -> None:
    needed = power(design, effect=effect).items_needed
    assert needed is not None
    again = power(replace(design, items=needed), effect=effect)
    assert again.detectable <= effect * (1 + 1e-9)
    assert again.chance is not None
    assert again.chance >= 0.8 - 1e-9


@given(design=DESIGNS, effect=st.floats(0.01, 0.3))
def test_one_item_less_than_needed_is_not_enough(design: Design, effect: float) -> None:
    needed = power(design, effect=effect).items_needed
    assert needed is not None
    if needed > 2:
        assert power(replace(design, items=needed - 1), effect=effect).detectable > effect * (1 - 1e-9)


@given(error=st.floats(0, 10), level=LEVELS, chance=st.floats(0.05, 0.99), many=st.integers(1, 200))
def test_the_detectable_effect_is_a_sum_of_two_quantiles(error: float, level: float, chance: float, many: int) -> None:
    found = minimal_detectable_effect(error, confidence=level, power=chance, comparisons=many)
    quantiles = stats.norm.isf((1 - level) / 2 / many) + stats.norm.ppf(chance)
    assert found == pytest.approx(error * quantiles, rel=1e-6, abs=1e-9)


@every_case("error", [-0.01, math.nan, math.inf])
def test_errors_that_are_none_are_refused(error: float) -> None:
    with pytest.raises(DataError, match="standard_error is"):
        minimal_detectable_effect(error)


def test_perfectly_shared_items_make_more_languages_useless() -> None:
    one = Design(items=50, icc=1.0)
    assert replace(one, languages=99).standard_error() == pytest.approx(one.standard_error())
    alone = replace(one, icc=0.0)
    assert replace(alone, languages=25).standard_error() == pytest.approx(alone.standard_error() / 5)


def test_repeats_never_take_more_than_is_not_shared() -> None:
    """All that languages do not share is noise: what is left after many repeats is the shared part alone."""
    design = Design(items=100, languages=10, repeats=10**9, sd=0.5, icc=0.75, noise_sd=0.25)
    assert design.standard_error() == pytest.approx(math.sqrt(0.75 * 0.25 / 100), rel=1e-6)
    inconsistent = replace(design, noise_sd=0.45)
    assert inconsistent.standard_error() == pytest.approx(math.sqrt(0.75 * 0.25 / 100), rel=1e-6)


def test_a_plan_is_one_flat_row() -> None:
    found = power(Design(items=10, languages=3, repeats=2), effect=0.1, price=0.5).row()
    names = {field.name for kind in (Design, Power) for field in fields(kind)} - {"design"}
    assert set(found) == names
    assert (found["items"], found["repeats"], found["effect"], found["cost"]) == (10, 2, 0.1, 30.0)
    assert power(Design(items=10)).row()["cost"] is None


@given(
    items=st.integers(2, 5000),
    languages=st.integers(1, 99),
    repeats=st.integers(1, 5),
    price=st.floats(1e-4, 10),
    rest=st.floats(0, 0.9),
)
def test_a_budget_is_spent_and_never_overspent(
    items: int, languages: int, repeats: int, price: float, rest: float
) -> None:
    """As many whole items as there are, whatever is left over for a part of the next one."""
    design = Design(items=2, languages=languages, repeats=repeats)
    found = affordable(design, budget=(items + rest) * languages * repeats * price, price=price)
    assert found == replace(design, items=items)
    cost = power(found, price=price).cost
    assert cost == pytest.approx(items * languages * repeats * price)


@every_case("budget", [math.nan, math.inf, -math.inf])
def test_budgets_without_an_end_are_refused(budget: float) -> None:
    with pytest.raises(DataError, match="budget is"):
        affordable(Design(items=10), budget=budget, price=0.1)


@every_case("price", [-0.01, math.nan, math.inf])
def test_prices_without_a_meaning_are_refused(price: float) -> None:
    with pytest.raises(DataError, match="price is"):
        power(Design(items=10), price=price)
    with pytest.raises(DataError, match="price is"):
        affordable(Design(items=10), budget=100, price=price)


def test_what_costs_nothing_has_a_cost_of_nothing() -> None:
    assert power(Design(items=10), price=0.0).cost == 0.0


def values_frame(values: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(code, f"s{i}", value) for code, own in values.items() for i, value in enumerate(own)]
    return pd.DataFrame(rows, columns=["language", "source_id", "score"])


def test_a_run_of_one_language_shares_nothing() -> None:
    found = observed_design(values_frame({"deu_Latn": [0, 1, 1, 0.5]}))
    assert (found.items, found.languages, found.icc, found.repeats) == (4, 1, 0.0, 1)
    assert found.sd == pytest.approx(np.std([0, 1, 1, 0.5], ddof=1))


@every_case(
    ("second", "icc"),
    [([0, 0, 1, 1], 1.0), ([1, 1, 0, 0], 0.0), ([0, 1, 0, 1], 0.0), ([1, 1, 1, 1], 0.0)],
    ids=["same", "opposite", "unrelated", "constant"],
)
def test_the_correlation_of_a_run_lies_between_0_and_1(second: list[float], icc: float) -> None:
    found = observed_design(values_frame({"deu_Latn": [0, 0, 1, 1], "swh_Latn": second}))
    assert found.icc == pytest.approx(icc)


def test_two_items_in_common_are_no_correlation() -> None:
    frame = values_frame({"deu_Latn": [0, 1, 0, 1], "swh_Latn": [0, 1]})
    assert observed_design(frame).icc == 0.0
    assert observed_design(frame).items == 3


def test_missing_values_are_no_items() -> None:
    frame = values_frame({"deu_Latn": [0, 1, 0, 1], "swh_Latn": [0, 1, 0, 1]})
    frame.loc[frame.index[-2:], "score"] = np.nan
    expected = values_frame({"deu_Latn": [0, 1, 0, 1], "swh_Latn": [0, 1]})
    assert observed_design(frame) == observed_design(expected)
    assert observed_design(frame.rename(columns={"score": "value"}), "value") == observed_design(expected)


@given(data=st.data())
def test_the_order_of_rows_changes_no_design(data: Any) -> None:
    codes = ["deu_Latn", "swh_Latn", "tha_Thai"]
    drawn = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=4, max_size=8)
    values = {code: [*data.draw(drawn), 0.0, 1.0] for code in codes}
    frame = values_frame(values)
    mixed = frame.sample(frac=1, random_state=data.draw(st.integers(0, 99)))
    found, again = observed_design(frame), observed_design(mixed)
    assert (again.items, again.languages) == (found.items, found.languages)
    assert (again.sd, again.icc) == pytest.approx((found.sd, found.icc), abs=1e-12)


def test_estimates_of_two_confidences_have_their_own_reach() -> None:
    frame = pd.DataFrame({"standard_error": [0.1, 0.1, 0.0], "confidence": [0.9, 0.99, 0.95]})
    found = detectable(frame, power=0.9, comparisons=5)["detectable"]
    for i, confidence in enumerate((0.9, 0.99)):
        expected = minimal_detectable_effect(0.1, confidence=confidence, power=0.9, comparisons=5)
        assert found[i] == pytest.approx(expected)
    assert found[2] == 0.0
    assert "detectable" not in frame
