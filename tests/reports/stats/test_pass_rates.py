"""Several samples of each item."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.reports.stats.mean_scores import mean_scores
from polyarena.reports.stats.pass_rates import pass_at_k, pass_rates, steps
from polyarena.tasks.errors import DataError
from polyarena.tasks.signature import Signature

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


def test_rates_are_means_of_items(make_scores: Make) -> None:
    scores = sampled(make_scores, [[1, 0, 0], [0, 0, 0], [1, 1, 1], [0, 1, 1]])
    found = pass_rates(scores, rounds=100)
    whole = found[found["level"] == "macro"].set_index("metric")
    assert list(whole.index) == ["accuracy@2", "accuracy@3"]
    assert whole.loc["accuracy@2", "value"] == pytest.approx((2 / 3 + 0 + 1 + 1) / 4)
    assert whole.loc["accuracy@3", "value"] == 3 / 4
    assert set(whole["n"]) == {4}
    assert "|pass@k:2|" in whole.loc["accuracy@2", "signature"]
    stated = {(str(scores["task"].iloc[0]), "accuracy"): Signature({"task": "arena@1"})}
    named = pass_rates(scores, rounds=100, signatures=stated)
    assert named["signature"].str.startswith("task:arena@1|pass@k:").all()
    pd.testing.assert_frame_equal(found, pass_rates(scores.sample(frac=1, random_state=2), rounds=100))


def test_the_interval_is_that_of_the_items_estimates(make_scores: Make) -> None:
    scores = sampled(make_scores, [[1, 0], [0, 0], [1, 1], [0, 1], [0, 0], [1, 1]])
    by_item = make_scores({"deu_Latn": [1, 0, 1, 1, 0, 1]})
    columns = ["value", "standard_error", "low", "high", "n"]
    pd.testing.assert_frame_equal(
        pass_rates(scores, rounds=200)[columns], mean_scores(by_item, rounds=200)[columns], check_exact=False
    )


def test_only_metrics_that_pass_or_fail_and_were_sampled_have_rates(make_scores: Make) -> None:
    scores = sampled(make_scores, [[1, 0, 1], [0, 1, 0]])
    assert pass_rates(scores.assign(value=0.5)).empty
    assert pass_rates(scores[scores["sample_index"] == 0]).empty
    assert pass_rates(scores.assign(statistics=[[1.0]] * len(scores))).empty
    lost = scores.drop(index=scores[scores["sample_index"] == 2].index[0])
    assert set(pass_rates(lost, rounds=100)["metric"]) == {"accuracy@2"}
    other = scores.assign(metric="chrf", value=0.3)
    assert set(pass_rates(pd.concat([scores, other]), rounds=100)["metric"]) == {"accuracy@2", "accuracy@3"}
    with pytest.raises(DataError, match="occur twice"):
        pass_rates(pd.concat([scores, scores]))


def test_the_steps_are_powers_of_two_and_all_samples() -> None:
    assert [steps(n) for n in (0, 1, 2, 3, 4, 5, 8, 10)] == [
        [], [], [2], [2, 3], [2, 4], [2, 4, 5], [2, 4, 8], [2, 4, 8, 10]
    ]  # fmt: skip
