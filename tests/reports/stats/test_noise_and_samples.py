"""Variances of judges and of sampling against their definitions; what cannot be told apart is said."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.reports.stats.statistical_power import Design, observed_design, with_noise
from polyarena.reports.stats.variance_components import Noise, judge_noise, sample_noise, variance_components


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


@every_case("seed", range(5))
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


def test_power_foretells_the_error_of_evaluations_with_more_repeats() -> None:
    """From two repeats: the standard error with one, four and sixteen, simulated."""
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
    parts = variance_components(scores.ravel(), item, order)
    assert parts.repeat is not None
    assert parts.repeats == 2
    values = pd.DataFrame({"language": "deu_Latn", "source_id": np.arange(4000), "score": scores.mean(axis=(1, 2))})
    design = with_noise(observed_design(values), Noise(parts.repeat / 2, parts.repeats))
    assert design.repeats == 2
    assert design.standard_error() == pytest.approx(observed_design(values).standard_error())
    for repeats in (1, 4, 16):
        means = [run(50, repeats).mean() for _ in range(2000)]
        foretold = replace(design, items=50, repeats=repeats).standard_error()
        assert foretold == pytest.approx(np.std(means), rel=0.07)


def test_noise_beyond_what_was_observed_is_cut_and_what_languages_share_stays() -> None:
    seen = Design(items=100, languages=4, sd=0.3, icc=0.5)
    all_noise = with_noise(seen, Noise(10.0, 3.0))
    assert all_noise.noise_sd < all_noise.sd == pytest.approx(0.3 * math.sqrt(3))
    assert all_noise.standard_error() == pytest.approx(seen.standard_error())
    some = with_noise(seen, Noise(0.04, 2.0))
    assert some.icc * some.sd**2 == pytest.approx(0.5 * 0.09)
    assert some.sd**2 == pytest.approx(0.09 + 0.04 / 2)
    assert with_noise(seen, Noise(0.0, 1.0)) == replace(seen, noise_sd=0.0)


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


def test_unequal_samples_are_unbiased() -> None:
    """2,000 data sets with 1 to 5 samples an item, .25 within items."""
    generator = np.random.default_rng(6)
    items = np.repeat(np.arange(10), [1, 2, 5, 3, 4, 2, 1, 5, 3, 2])
    parts = []
    for _ in range(2000):
        found = sample_noise(generator.normal(0, 0.2, 10)[items] + generator.normal(0, 0.5, len(items)), items)
        assert found is not None
        parts.append(found.variance)
    assert np.mean(parts) == pytest.approx(0.25, rel=0.02)
