"""Equity across languages, against the same numbers written out, and where there is too little for an interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from polyarena.reports.stats import equity
from polyarena.reports.stats.intervals import FEWEST_CLUSTERS
from polyarena.reports.stats.language_equity import COLUMNS, ENGLISH

Make = Callable[..., pd.DataFrame]
CODES = ["eng_Latn", "deu_Latn", "tha_Thai", "swh_Latn"]
TIERS = {"eng_Latn": 2, "deu_Latn": 2, "tha_Thai": 1, "swh_Latn": 0}
EXTREMES = ["worst", "worst_decile", "standard_deviation"]
SLOW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.lists(
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=9, max_size=9), min_size=4, max_size=4
)  # fmt: skip


def by_name(found: pd.DataFrame) -> Any:
    assert found["aggregate"].is_unique
    return found.set_index("aggregate")


@SLOW
@given(values=VALUES)
def test_every_value_is_that_of_its_definition(make_scores: Make, values: list[list[float]]) -> None:
    means = dict(zip(CODES, map(np.mean, values), strict=True))
    found = by_name(equity(make_scores(dict(zip(CODES, values, strict=True))), rounds=50))["value"]
    others = [code for code in CODES if code != ENGLISH]
    assert found["worst"] == pytest.approx(min(means.values()))
    assert found["worst_decile"] == found["worst"]
    assert found["gap_to_english"] == pytest.approx(means[ENGLISH] - np.mean([means[code] for code in others]))
    for code in others:
        assert found[f"gap_to_english:{code}"] == pytest.approx(means[ENGLISH] - means[code])
    for code in CODES:
        without = np.mean([means[other] for other in CODES if other != code])
        assert found[f"without:{code}"] == pytest.approx(without - np.mean(list(means.values())), abs=1e-12)
    slope = np.polyfit([TIERS[code] for code in CODES], [means[code] for code in CODES], 1)[0]
    assert found["tier_slope"] == pytest.approx(slope, abs=1e-12)
    assert 0 <= found["standard_deviation"] <= np.std(list(means.values()), ddof=1) + 1e-12


@SLOW
@given(values=VALUES)
@example(values=[[0.0, 0.25, 0.0, 0.0, 0.25, 0.0, 0.25, 0.0, 0.25]] * 4)
def test_turning_all_values_round_turns_gaps_and_slopes(make_scores: Make, values: list[list[float]]) -> None:
    scores = make_scores(dict(zip(CODES, values, strict=True)))
    found, turned = (by_name(equity(each, rounds=50)) for each in (scores, scores.assign(value=1 - scores["value"])))
    sums = [name for name in found.index if name not in EXTREMES]
    for end, other in (("value", "value"), ("low", "high"), ("high", "low")):
        assert found.loc[sums, end].to_numpy() == pytest.approx(-turned.loc[sums, other].to_numpy(), abs=1e-9)
    spread = found.loc["standard_deviation", "value"]
    assert turned.loc["standard_deviation", "value"] == pytest.approx(spread, abs=1e-7)


def test_the_noise_taken_off_the_spread_is_that_of_the_covariance_matrix(make_scores: Make) -> None:
    generator = np.random.default_rng(2)
    shared = generator.random((200, 1))
    values = (0.5 * shared + 0.5 * generator.random((200, 4))) * np.array([1.0, 0.8, 0.7, 0.5])
    matrix = np.cov(values.T, ddof=0) / 200
    noise = np.trace(matrix) / 4 - (matrix.sum() - np.trace(matrix)) / 12
    expected = math.sqrt(values.mean(axis=0).var(ddof=1) - noise)
    scores = make_scores({code: values[:, j] for j, code in enumerate(CODES)})
    found = by_name(equity(scores, rounds=4000)).loc["standard_deviation"]
    assert found["value"] == pytest.approx(expected, rel=0.002)
    assert found["low"] < expected < found["high"]


@pytest.mark.parametrize("items", [2, 3, FEWEST_CLUSTERS - 1])
@pytest.mark.parametrize("spread", [False, True])
def test_with_few_items_extremes_have_a_value_and_a_note(make_scores: Make, items: int, spread: bool) -> None:
    """Three items that are all right are no proof of a minimum of 1 without any doubt."""
    values = [float(not (spread and i == 0)) for i in range(items)]
    found = by_name(equity(make_scores(dict.fromkeys(CODES, values)), rounds=60)).loc[EXTREMES]
    assert found["value"].tolist()[:2] == pytest.approx([np.mean(values)] * 2)
    assert found[["low", "high"]].isna().all(axis=None)
    assert set(found["method"]) == {"none"}
    assert set(found["note"]) == {f"{items} items in a language are too few: no interval"}


def test_the_language_with_the_fewest_items_decides(make_scores: Make) -> None:
    values = {"eng_Latn": [1.0, 0.0] * 20, "deu_Latn": [1.0, 0.0] * 20, "tha_Thai": [1.0, 0.0, 1.0]}
    found = by_name(equity(make_scores(values), rounds=60))
    assert set(found.loc[EXTREMES, "note"]) == {"3 items in a language are too few: no interval"}
    assert found.loc["gap_to_english:deu_Latn", "method"] == "wilson"


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_resamples_that_all_agree_are_no_certainty(make_scores: Make, value: float) -> None:
    found = by_name(equity(make_scores(dict.fromkeys(CODES, [value] * 30)), rounds=60))
    for name in EXTREMES:
        assert found.loc[name, "note"] == "the same in every resample: no interval"
        assert math.isnan(found.loc[name, "low"])
    assert found.loc["worst", "value"] == value
    assert found.loc["standard_deviation", "value"] == 0
    gap = found.loc["gap_to_english"]
    assert gap["low"] < 0 < gap["high"]


def test_enough_items_have_an_interval_and_no_note(make_scores: Make) -> None:
    values = dict.fromkeys(CODES, [1.0, 0.0] * (FEWEST_CLUSTERS // 2))
    found = by_name(equity(make_scores(values), rounds=200)).loc["worst"]
    assert (found["method"], found["note"]) == ("percentile", "")
    assert 0 <= found["low"] < found["value"] < found["high"] <= 1


def test_of_equal_languages_the_first_by_code_is_the_lowest(make_scores: Make) -> None:
    found = by_name(equity(make_scores(dict.fromkeys(CODES, [1.0, 0.0] * 5)), rounds=60))
    assert found.loc["worst", "languages"] == min(CODES)


def test_the_lowest_tenth_is_rounded_up(make_scores: Make, aya23: list[str]) -> None:
    for many, few in ((10, 1), (11, 2), (20, 2), (21, 3)):
        values = {code: [float(i < 10 + j) for i in range(40)] for j, code in enumerate(aya23[:many])}
        found = by_name(equity(make_scores(values), rounds=30)).loc["worst_decile"]
        assert found["languages"].split() == aya23[:few]
        assert found["value"] == pytest.approx(np.mean([(10 + j) / 40 for j in range(few)]))


def test_english_alone_and_a_run_without_english_have_no_gap(make_scores: Make) -> None:
    for codes in ([ENGLISH], ["deu_Latn", "tha_Thai"]):
        found = equity(make_scores(dict.fromkeys(codes, [1.0, 0.0] * 10)), rounds=60)
        assert not found["aggregate"].str.startswith("gap_to_english").any()


def test_languages_of_one_tier_have_no_slope(make_scores: Make) -> None:
    found = by_name(equity(make_scores(dict.fromkeys(["eng_Latn", "deu_Latn"], [1.0, 0.0] * 10)), rounds=60))
    assert found.loc["tier_slope", "note"] == "all languages are of one tier"
    assert found.loc["tier_slope", "n_languages"] == 0


def test_items_count_languages_the_same_whatever_their_number(make_scores: Make) -> None:
    """A language with ten times the items weighs no more in the gap and in the influence of leaving it out."""
    short = {"eng_Latn": [1.0] * 10, "deu_Latn": [1.0, 0.0] * 5, "swh_Latn": [0.0] * 10}
    long = {**short, "deu_Latn": [1.0, 0.0] * 50}
    few, many = (by_name(equity(make_scores(each), rounds=60))["value"] for each in (short, long))
    names = [name for name in few.index if name not in EXTREMES]
    assert few[names].to_numpy() == pytest.approx(many[names].to_numpy(), abs=1e-12)


def test_each_task_metric_and_system_has_its_own_rows(make_scores: Make) -> None:
    values = dict.fromkeys(CODES, [1.0, 0.0] * 5)
    frames = [make_scores(values, system=s, task=t) for s in ("a", "b") for t in ("x", "y")]
    found = equity(pd.concat(frames), rounds=40)
    assert tuple(found.columns) == COLUMNS
    assert found.groupby(["task", "system"]).size().tolist() == [len(found) // 4] * 4
    assert found["judge"].isna().all()
    assert set(found["confidence"]) == {0.95}


@pytest.mark.parametrize("wrong", [{"confidence": 0.0}, {"confidence": 1.5}, {"rounds": 1}, {"seed": -1}])
def test_settings_without_a_meaning_are_refused(make_scores: Make, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="confidence must lie"):
        equity(make_scores({"eng_Latn": [1.0, 0.0]}), **wrong)


@pytest.mark.parametrize("name", ["worst", "gap_to_english", "tier_slope"])
def test_more_confidence_is_a_wider_interval(make_scores: Make, name: str) -> None:
    generator = np.random.default_rng(1)
    scores = make_scores({code: generator.random(40).round() for code in CODES})
    widths = [
        float(row["high"] - row["low"])
        for level in (0.5, 0.8, 0.95, 0.99)
        for row in [by_name(equity(scores, rounds=400, confidence=level)).loc[name]]
    ]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]
