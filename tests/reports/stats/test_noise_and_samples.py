"""Variances of judges and of sampling against their definitions; what cannot be told apart is said."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.reports.stats.sampling import sampling_variance, spread_of
from polyarena.reports.stats.variance_components import best_repeats, judge_noise, variance_components

Make = Callable[..., pd.DataFrame]


def games_frame(items: int, repeats: int, scores: np.ndarray, **constant: object) -> pd.DataFrame:
    """Graded games: ``scores`` has shape (items, 2, repeats), of ``new``, shown first and second."""
    rows = []
    for item, order, repeat in product(range(items), range(2), range(repeats)):
        score = float(scores[item, order, repeat])
        first = score if order == 0 else 1 - score
        rows.append(
            {
                "judge": "j", "task": "t", "language": "deu_Latn", "item_id": str(item), "source_id": f"s{item}",
                "system_a": ("new", "old")[order], "system_b": ("old", "new")[order], "repeat": repeat,
                "label": "A>B" if first > 0.5 else "B>A" if first < 0.5 else "A=B", "score": first, **constant,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def balanced(scores: np.ndarray) -> tuple[float, float, float]:
    """Return the three variances of a balanced layout by the sums of squares of its two-stage nesting."""
    items, _, repeats = scores.shape
    cells = scores.mean(axis=2)
    within = ((scores - cells[:, :, None]) ** 2).sum() / (items * 2 * (repeats - 1))
    # The order's effect that all items share is taken out first.
    inside = cells - cells.mean(axis=1, keepdims=True)
    inside -= inside.mean(axis=0, keepdims=True)
    order = (inside**2).sum() / (items - 1) - within / repeats
    means = cells.mean(axis=1)
    return means.var(ddof=1) - order / 2 - within / (2 * repeats), order, within


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_are_those_of_the_analysis_of_variance(seed: int) -> None:
    generator = np.random.default_rng(seed)
    items, repeats = 60, 3
    scores = (
        0.5
        + generator.normal(0, 0.2, (items, 1, 1))
        + generator.normal(0, 0.15, (items, 2, 1))
        + generator.normal(0, 0.1, (items, 2, repeats))
    )
    item, order, _ = (axis.ravel() for axis in np.indices(scores.shape))
    found = variance_components(scores.ravel(), item, order)
    assert (found.between, found.order, found.repeat) == pytest.approx(balanced(scores))
    assert found.first_place == pytest.approx((scores[:, 0] - scores[:, 1]).mean() / 2)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_neither_the_order_of_games_nor_who_is_the_candidate_matters(seed: int) -> None:
    generator = np.random.default_rng(seed)
    items, order = generator.integers(0, 8, 60), generator.integers(0, 2, 60)
    scores = generator.choice([0.0, 0.5, 1.0], 60)
    found = variance_components(scores, items, order)
    mixed = generator.permutation(60)
    again = variance_components(scores[mixed], items[mixed], order[mixed])
    turned = variance_components(1 - scores, items, 1 - order)
    for other in (again, turned):
        for name in ("between", "order", "repeat", "first_place"):
            one, two = getattr(found, name), getattr(other, name)
            assert (one is None and two is None) or one == pytest.approx(two, abs=1e-12)


def test_the_error_foretells_that_of_new_evaluations() -> None:
    generator = np.random.default_rng(3)

    def run(items: int, repeats: int) -> np.ndarray:
        return (
            0.5
            + generator.normal(0, 0.2, (items, 1, 1))
            + generator.normal(0, 0.2, (items, 2, 1))
            + generator.normal(0, 0.3, (items, 2, repeats))
        )

    scores = run(4000, 2)
    item, order, _ = (axis.ravel() for axis in np.indices(scores.shape))
    noise = variance_components(scores.ravel(), item, order)
    for items, repeats in ((50, 1), (50, 4)):
        means = [run(items, repeats).mean() for _ in range(2000)]
        assert noise.error(items, repeats) == pytest.approx(np.std(means), rel=0.07)


def test_graded_verdicts_count_with_their_grade() -> None:
    """Of a judge that says by how much, the grade tells more than the label."""
    generator = np.random.default_rng(4)
    scores = np.clip(0.5 + generator.normal(0, 0.1, (30, 2, 2)), 0, 1)
    (found,) = judge_noise(games_frame(30, 2, scores)).to_dict("records")
    between, order, repeat = balanced(scores)
    assert found["repeat"] == pytest.approx(repeat)
    assert found["order"] == pytest.approx(max(0.0, order))
    assert found["between"] <= max(0.0, between) + 1e-12
    plain = judge_noise(games_frame(30, 2, scores).drop(columns="score")).to_dict("records")[0]
    assert plain["repeat"] > 5 * found["repeat"]
    ungraded = judge_noise(games_frame(30, 2, scores, score=None)).to_dict("records")[0]
    assert ungraded == plain


def test_languages_and_pairs_are_kept_apart_in_any_order_of_rows() -> None:
    generator = np.random.default_rng(5)
    parts = [games_frame(6, 2, generator.random((6, 2, 2)), language=code) for code in ("deu_Latn", "tha_Thai")]
    parts.append(parts[0].replace({"old": "other"}))
    frame = pd.concat(parts, ignore_index=True)
    found = judge_noise(frame)
    assert len(found) == 3
    pd.testing.assert_frame_equal(found, judge_noise(frame.sample(frac=1, random_state=0)))
    assert judge_noise(frame.assign(label="invalid")).empty
    assert list(judge_noise(frame.head(0)).columns) == list(found.columns)


@given(
    budget=st.integers(50, 5000),
    item_price=st.floats(0, 20),
    most=st.none() | st.integers(2, 200),
    parts=st.tuples(st.floats(0, 0.2), st.floats(0, 0.2), st.floats(0.001, 0.2)),
)
@settings(max_examples=60, deadline=None)
def test_no_other_plan_within_the_budget_is_better(
    budget: int, item_price: float, most: int | None, parts: tuple[float, float, float]
) -> None:
    from polyarena.reports.stats.variance_components import VarianceComponents

    noise = VarianceComponents(parts[0], parts[1], parts[2], 0.0, 10, 40)
    plans = best_repeats(noise, budget=budget, item_price=item_price, most_items=most)
    for repeats in range(1, 51):
        items = math.floor(budget / (item_price + 2 * repeats) + 1e-9)
        items = items if most is None else min(items, most)
        if items >= 2:
            error = math.sqrt((parts[0] + parts[1] / 2 + parts[2] / (2 * repeats)) / items)
            assert plans[0].standard_error <= error + 1e-12
    assert all(plan.items * (item_price + 2 * plan.repeats) <= budget + 1e-6 for plan in plans)


def test_samples_of_items_by_the_mean_squares_of_the_textbook() -> None:
    values = np.array([[1.0, 2.0, 3.0], [4.0, 4.0, 7.0], [0.0, 1.0, 2.0], [5.0, 6.0, 4.0]])
    found = spread_of(values.ravel(), np.repeat(np.arange(4), 3))
    within = values.var(axis=1, ddof=1).mean()
    between = values.mean(axis=1).var(ddof=1) - within / 3
    assert (found.within, found.between) == pytest.approx((within, between))
    assert found.standard_error == pytest.approx(values.mean(axis=1).std(ddof=1) / 2)


def test_unequal_samples_are_unbiased_for_both_parts() -> None:
    """2,000 data sets with 1 to 5 samples an item: between .04, within .25."""
    generator = np.random.default_rng(6)
    sizes = np.array([1, 2, 5, 3, 4, 2, 1, 5, 3, 2])
    items = np.repeat(np.arange(10), sizes)
    parts = []
    for _ in range(2000):
        values = generator.normal(0, 0.2, 10)[items] + generator.normal(0, 0.5, len(items))
        square = spread_of(values, items)
        parts.append((square.within, square.between))
    within, between = np.mean(parts, axis=0)
    assert within == pytest.approx(0.25, rel=0.02)
    # Cut at nought, so a little above.
    assert 0.04 <= between < 0.07


def test_what_is_not_known_of_samples_is_said(make_scores: Make) -> None:
    single = make_scores({"deu_Latn": [1, 0, 1], "tha_Thai": [1]})
    found = sampling_variance(single).set_index("language")
    assert found.loc["deu_Latn", "note"].startswith("no item has two samples")
    assert found.loc["tha_Thai", "note"].startswith("one item only")
    assert math.isnan(found.loc["tha_Thai", "standard_error"])
    twice = pd.concat([single, single.assign(sample_index=1, value=1 - single["value"])])
    again = sampling_variance(twice).set_index("language")
    assert again.loc["deu_Latn", "note"] == ""
    assert again.loc["deu_Latn", "between"] == 0
    assert again.loc["deu_Latn", "within"] == pytest.approx(0.5)
    pd.testing.assert_frame_equal(sampling_variance(twice), sampling_variance(twice.sample(frac=1, random_state=3)))
    for _, row in pd.concat([found, again]).iterrows():
        assert row["note"] or not row[["between", "within", "standard_error"]].isna().any()
