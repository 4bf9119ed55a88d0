"""Several samples of each item."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.reports.stats.mean_scores import mean_scores
from polyarena.reports.stats.sampling import pass_at_k, pass_rates, sampling_variance, spread_of
from polyarena.tasks.errors import DataError

Make = Callable[..., pd.DataFrame]


def sampled(make: Make, passed: list[list[int]]) -> pd.DataFrame:
    """Scores of German items; ``passed`` holds the samples of each."""
    parts = [make({"deu_Latn": [row[k] for row in passed]}, sample_index=k) for k in range(len(passed[0]))]
    return pd.concat(parts, ignore_index=True)


@given(n=st.integers(1, 9), data=st.data())
def test_pass_at_k_is_the_share_of_sets_of_k_with_a_pass(n: int, data: st.DataObject) -> None:
    passed = data.draw(st.integers(0, n))
    k = data.draw(st.integers(1, n))
    samples = [1] * passed + [0] * (n - passed)
    sets = list(combinations(samples, k))
    assert pass_at_k(n, passed, k) == pytest.approx(sum(any(each) for each in sets) / len(sets))


def test_pass_at_k_is_unbiased_where_the_plug_in_is_not() -> None:
    """With 5 samples, over all numbers of passes that a rate of .3 gives."""
    rate, n, k = 0.3, 5, 3
    chances = [math.comb(n, c) * rate**c * (1 - rate) ** (n - c) for c in range(n + 1)]
    truth = 1 - (1 - rate) ** k
    assert sum(p * pass_at_k(n, c, k) for c, p in enumerate(chances)) == pytest.approx(truth)
    assert sum(p * (1 - (1 - c / n) ** k) for c, p in enumerate(chances)) < truth - 0.02


@pytest.mark.parametrize(("n", "passed", "k"), [(3, 1, 4), (3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_impossible_numbers_are_refused(n: int, passed: int, k: int) -> None:
    with pytest.raises(DataError, match=f"pass@{k} with {passed} of {n}"):
        pass_at_k(n, passed, k)


def test_rates_are_means_of_items_and_at_one_the_mean_score(make_scores: Make) -> None:
    scores = sampled(make_scores, [[1, 0, 0], [0, 0, 0], [1, 1, 1], [0, 1, 1]])
    two = pass_rates(scores, k=2, rounds=100)
    whole = two[two["level"] == "macro"].iloc[0]
    assert whole["value"] == pytest.approx((2 / 3 + 0 + 1 + 1) / 4)
    assert whole["metric"] == "accuracy@2"
    assert whole["n"] == 4
    assert "|pass@k:2|" in whole["signature"]
    one, mean = pass_rates(scores, k=1, rounds=100), mean_scores(scores, rounds=100)
    assert one["value"].tolist() == pytest.approx(mean["value"].tolist())
    assert one["low"].tolist() == pytest.approx(mean["low"].tolist())


def test_values_and_numbers_of_samples_are_checked(make_scores: Make) -> None:
    scores = sampled(make_scores, [[1, 0], [0, 1]])
    with pytest.raises(DataError, match="needs 3 samples of each item"):
        pass_rates(scores, k=3)
    with pytest.raises(DataError, match="0 or 1"):
        pass_rates(scores.assign(value=0.5), k=1)
    with pytest.raises(DataError, match="occur twice"):
        pass_rates(pd.concat([scores, scores]), k=1)
    with pytest.raises(DataError, match="not a finite number"):
        sampling_variance(scores.assign(value=np.inf))


def test_variances_come_back() -> None:
    generator = np.random.default_rng(0)
    items = np.repeat(np.arange(800), 4)
    values = generator.normal(0, 0.5, 800)[items] + generator.normal(0, 0.3, 3200)
    found = spread_of(values, items)
    assert found.between == pytest.approx(0.25, rel=0.12)
    assert found.within == pytest.approx(0.09, rel=0.08)
    assert found.standard_error == pytest.approx(math.sqrt((0.25 + 0.09 / 4) / 800), rel=0.06)


def test_unequal_numbers_of_samples_are_weighed_right() -> None:
    generator = np.random.default_rng(1)
    items = np.repeat(np.arange(900), np.tile([1, 2, 6], 300))
    values = generator.normal(0, 0.4, 900)[items] + generator.normal(0, 0.2, len(items))
    found = spread_of(values, items)
    assert found.between == pytest.approx(0.16, rel=0.15)
    assert found.within == pytest.approx(0.04, rel=0.1)


def test_degenerate_samples(make_scores: Make) -> None:
    assert spread_of(np.array([1.0]), np.array([0])).between is None
    alone = spread_of(np.array([1.0, 0.0]), np.array([0, 1]))
    assert (alone.within, alone.between) == (None, 0.5)
    frame = sampling_variance(sampled(make_scores, [[1, 1], [1, 1]]))
    assert (frame["between"][0], frame["within"][0]) == (0, 0)
    assert pd.isna(frame["share_within"][0])


def test_the_share_that_more_samples_would_remove(make_scores: Make) -> None:
    found = sampling_variance(sampled(make_scores, [[1, 0], [0, 1], [1, 0], [0, 1]])).iloc[0]
    assert (found["between"], found["within"], found["items"], found["samples"]) == (0, 0.5, 4, 2)
    assert found["share_within"] == 1
    assert (found["system"], found["language"]) == ("new", "deu_Latn")
