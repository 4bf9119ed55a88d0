"""Comparisons against the same numbers written out: tests, margins, groups, and what changes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from polyarena.reports.stats import adjust, compare, custom_groups
from polyarena.reports.stats.comparison_record import Comparison, comparisons_frame

Make = Callable[..., pd.DataFrame]
CODES = ["deu_Latn", "swh_Latn", "tha_Thai"]
SLOW = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
PAIRS = st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=4, max_size=8)


def both(make: Make, values: np.ndarray, **constant: Any) -> pd.DataFrame:
    """Scores of systems a and b; columns are the languages of a, then those of b."""
    half = values.shape[1] // 2
    frames = [
        make({code: values[:, half * k + j] for j, code in enumerate(CODES[:half])}, system=name, **constant)
        for k, name in enumerate("ab")
    ]
    return pd.concat(frames, ignore_index=True)


def by_group(found: pd.DataFrame) -> Any:
    assert not found.duplicated(["level", "group"]).any()
    return found.set_index("group")


@pytest.fixture
def values() -> np.ndarray:
    generator = np.random.default_rng(3)
    return (generator.random((40, 6)) < [0.8, 0.6, 0.5, 0.6, 0.5, 0.5]).astype(float)


@SLOW
@given(rows=PAIRS)
def test_the_p_value_of_the_average_is_that_of_all_swaps(make_scores: Make, rows: list[list[int]]) -> None:
    """Whole sources are swapped: of n sources there are 2 to the n ways, each as likely when the systems are alike."""
    values = np.array(rows) / 4
    each = (values[:, :3] - values[:, 3:]).mean(axis=1)
    swapped = [abs(np.dot(signs, each)) for signs in product((1, -1), repeat=len(each))]
    expected = np.mean([total >= abs(each.sum()) - 1e-9 for total in swapped])
    found = by_group(compare(both(make_scores, values), "a", "b", rounds=1000)).loc["all"]
    assert found["p_value"] == pytest.approx(expected)
    assert found["difference"] == pytest.approx(each.mean())


def test_the_numbers_of_a_language_are_those_of_the_textbook(make_scores: Make, values: np.ndarray) -> None:
    found = by_group(compare(both(make_scores, values), "a", "b", rounds=300)).loc["deu_Latn"]
    differences = values[:, 0] - values[:, 3]
    error = differences.std(ddof=1) / math.sqrt(40)
    assert found["standard_error"] == pytest.approx(error)
    assert found["detectable"] == pytest.approx((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * error)
    won, lost = int((differences > 0).sum()), int((differences < 0).sum())
    assert found["p_mcnemar"] == pytest.approx(stats.binomtest(won, won + lost).pvalue)
    assert (found["n"], found["n_clusters"], found["n_left_out"]) == (40, 40, 0)


def test_adjusted_p_values_are_those_of_the_languages(make_scores: Make, values: np.ndarray) -> None:
    found = compare(both(make_scores, values), "a", "b", rounds=500)
    single = found["level"] == "language"
    assert found.loc[single, "p_holm"].tolist() == adjust(found.loc[single, "p_value"].tolist())
    assert found.loc[~single, ["p_holm", "band_low", "band_high"]].isna().all(axis=None)


def test_thirds_do_not_break_ties_between_swaps(make_scores: Make) -> None:
    """Of 16 swaps ten give a sum as large as the one seen; rounded thirds must not make some of them fall short."""
    values = np.zeros((5, 6))
    values[[1, 2, 3, 3, 4], [5, 5, 4, 5, 2]] = [0.5, 0.5, 0.5, 1.0, 1.0]
    found = by_group(compare(both(make_scores, values), "a", "b", rounds=50)).loc["all"]
    assert found["p_value"] == 10 / 16


@pytest.mark.parametrize("scale", [10.0, 1000.0])
def test_a_unit_of_measure_changes_numbers_and_no_verdict(make_scores: Make, values: np.ndarray, scale: float) -> None:
    drawn = np.random.default_rng(0).normal(30, 5, values.shape) + 3 * values
    first, second = (compare(both(make_scores, drawn * k), "a", "b", rounds=300) for k in (1.0, scale))
    for name in ("difference", "standard_error", "low", "high", "detectable"):
        assert second[name].to_numpy() == pytest.approx(scale * first[name].to_numpy(), rel=1e-6)
    for name in ("p_value", "outcome", "n"):
        assert second[name].tolist() == first[name].tolist()


def test_what_both_gain_changes_no_difference(make_scores: Make, values: np.ndarray) -> None:
    drawn = np.random.default_rng(0).normal(30, 5, values.shape)
    first, second = (compare(both(make_scores, drawn + k), "a", "b", rounds=200) for k in (0.0, 64.0))
    for name in ("difference", "low", "high", "p_value"):
        assert second[name].to_numpy() == pytest.approx(first[name].to_numpy(), abs=1e-8)
    assert (second["value"] - first["value"]).to_numpy() == pytest.approx(64)


def test_more_confidence_is_a_wider_interval_and_no_other_p_value(make_scores: Make, values: np.ndarray) -> None:
    frame = both(make_scores, values)
    found = [compare(frame, "a", "b", rounds=300, confidence=level) for level in (0.8, 0.95, 0.99)]
    for narrow, wide in pairwise(found):
        assert (wide["low"] < narrow["low"]).all()
        assert (wide["high"] > narrow["high"]).all()
        assert wide["p_value"].tolist() == narrow["p_value"].tolist()


@SLOW
@given(margin=st.floats(0.01, 1.5), factor=st.floats(1.0, 3.0), seed=st.integers(0, 9))
def test_a_wider_margin_forgives_more(make_scores: Make, margin: float, factor: float, seed: int) -> None:
    values = np.random.default_rng(seed).random((15, 2)).round()
    frame = both(make_scores, values)
    tight, wide = (by_group(compare(frame, "a", "b", rounds=50, margin=m)) for m in (margin, margin * factor))
    for group in tight.index:
        if tight.loc[group, "non_inferiority"] == "non-inferior":
            assert wide.loc[group, "non_inferiority"] == "non-inferior"
        if tight.loc[group, "equivalence"] == "equivalent":
            assert wide.loc[group, "equivalence"] == "equivalent"


def test_without_a_margin_nothing_is_said_of_it(make_scores: Make, values: np.ndarray) -> None:
    found = compare(both(make_scores, values), "a", "b", rounds=50)
    assert found[["margin", "non_inferiority", "equivalence"]].isna().all(axis=None)
    assert found["margin"].dtype == "float64"
    with pytest.raises(ValueError, match="confidence must lie"):
        compare(both(make_scores, values), "a", "b", rounds=50, confidence=0.4, margin=0.1)


def test_groups_of_ones_own_average_their_languages(make_scores: Make, values: np.ndarray) -> None:
    groups = custom_groups("market", {"north": "German", "south": "Swahili, Thai", "none": "Hindi"})
    found = compare(both(make_scores, values), "a", "b", rounds=50, groupings=groups)
    assert found["level"].drop_duplicates().tolist() == ["macro", "market", "language"]
    rows = by_group(found)
    assert "none" not in rows.index
    assert rows.loc["south", "difference"] == pytest.approx(rows.loc[["swh_Latn", "tha_Thai"], "difference"].mean())
    same = ["difference", "standard_error", "low", "high", "p_value"]
    assert rows.loc["north", same].tolist() == rows.loc["deu_Latn", same].tolist()


def test_a_language_of_one_system_is_compared_with_nothing(make_scores: Make, values: np.ndarray) -> None:
    frame = both(make_scores, values)
    alone = frame[~((frame["system"] == "b") & (frame["language"] == "tha_Thai"))]
    found = compare(alone, "a", "b", rounds=50)
    without = compare(frame[frame["language"] != "tha_Thai"], "a", "b", rounds=50)
    pd.testing.assert_frame_equal(found, without)


def test_what_is_left_out_is_counted_where_it_is_missing(make_scores: Make, values: np.ndarray) -> None:
    frame = both(make_scores, values)
    gone = (frame["system"] == "b") & (frame["language"] == "swh_Latn") & frame["source_id"].isin(["s001", "s002"])
    rows = by_group(compare(frame[~gone], "a", "b", rounds=50))
    assert rows.loc[["all", "deu_Latn", "swh_Latn"], "n_left_out"].tolist() == [2, 0, 2]
    assert rows.loc["swh_Latn", "n"] == 38
    assert rows.loc["swh_Latn", "note"] == "2 items left out: only one of the systems has a value"
    assert rows.loc["deu_Latn", "note"] == ""


def test_tasks_metrics_and_judges_are_compared_apart(make_battles: Make, values: np.ndarray) -> None:
    judged = [
        make_battles({"deu_Latn": values[:, k]}, candidate=name, judge=judge)
        for judge in ("x", "y")
        for k, name in enumerate("ab")
    ]
    found = compare(pd.concat(judged), "a", "b", rounds=50)
    one, other = (found[found["judge"] == judge].drop(columns="judge").reset_index(drop=True) for judge in "xy")
    assert len(one) == 3
    pd.testing.assert_frame_equal(one, other)


def test_no_comparison_is_a_frame_with_all_columns() -> None:
    found = comparisons_frame([])
    assert list(found.columns) == list(Comparison.__slots__)
    assert found["p_holm"].dtype == "float64"
