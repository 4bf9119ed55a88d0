from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.stats import equity, win_rates
from polyarena.tasks.errors import DataError
from polyarena.tasks.languages import select_languages

Make = Callable[..., pd.DataFrame]
CODES = [language.code for language in select_languages("aya23")]


def row(found: pd.DataFrame, aggregate: str) -> Any:
    part = found[found["aggregate"] == aggregate]
    assert len(part) == 1
    return part.iloc[0]


def shares(rates: dict[str, float], items: int = 40) -> dict[str, Sequence[float]]:
    return {code: [1.0] * round(rate * items) + [0.0] * (items - round(rate * items)) for code, rate in rates.items()}


@pytest.fixture
def scores(make_scores: Make) -> pd.DataFrame:
    return make_scores(shares({"eng_Latn": 0.9, "deu_Latn": 0.8, "tha_Thai": 0.5, "swh_Latn": 0.3}))


def test_lowest_and_worst_tenth(make_scores: Make) -> None:
    rates = {code: 0.5 + 0.02 * i for i, code in enumerate(CODES)}
    found = equity(make_scores(shares(rates, 100)), rounds=500)
    assert row(found, "worst")["value"] == 0.5
    assert row(found, "worst")["languages"] == CODES[0]
    assert row(found, "worst_decile")["value"] == pytest.approx((0.5 + 0.52 + 0.54) / 3)
    assert row(found, "worst_decile")["languages"].split() == CODES[:3]
    assert row(found, "worst")["low"] < 0.5


def test_gap_to_english(scores: pd.DataFrame) -> None:
    found = equity(scores, rounds=300)
    gap = row(found, "gap_to_english")
    assert gap["value"] == pytest.approx(0.9 - (0.8 + 0.5 + 0.3) / 3)
    assert gap["low"] > 0
    thai = row(found, "gap_to_english:tha_Thai")
    assert thai["value"] == pytest.approx(0.4)
    wide = scores.pivot_table(index="source_id", columns="language", values="value")
    expected = (wide["eng_Latn"] - wide["tha_Thai"]).std(ddof=1) / math.sqrt(40)
    assert thai["standard_error"] == pytest.approx(expected)


def test_leaving_a_language_out(scores: pd.DataFrame) -> None:
    found = equity(scores, rounds=300)
    macro = (0.9 + 0.8 + 0.5 + 0.3) / 4
    assert row(found, "without:swh_Latn")["value"] == pytest.approx((0.9 + 0.8 + 0.5) / 3 - macro)
    influences = found[found["aggregate"].str.startswith("without:")]
    assert influences["value"].sum() == pytest.approx(0, abs=1e-12)


def test_slope_over_the_tiers_is_that_of_least_squares(scores: pd.DataFrame) -> None:
    found = row(equity(scores, rounds=300), "tier_slope")
    expected = np.polyfit([2, 2, 1, 0], [0.9, 0.8, 0.5, 0.3], 1)[0]
    assert found["value"] == pytest.approx(expected)
    assert found["low"] < expected < found["high"]


def test_the_spread_is_freed_from_the_noise_of_sampling(make_scores: Make) -> None:
    """23 languages, true values with a standard deviation of .1, and 30 items: raw .13, corrected .1; alike: near 0."""
    generator = np.random.default_rng(0)
    spread, alike, raw = [], [], []
    for seed in range(20):
        truth = np.clip(generator.normal(0.5, 0.1, 23), 0.1, 0.9)
        drawn = {code: (generator.random(30) < rate).astype(float) for code, rate in zip(CODES, truth, strict=True)}
        found = equity(make_scores(drawn), rounds=100, seed=seed)
        spread.append(row(found, "standard_deviation")["value"])
        raw.append(np.std([v.mean() for v in drawn.values()], ddof=1))
        same = {code: (generator.random(30) < 0.5).astype(float) for code in CODES}
        alike.append(row(equity(make_scores(same), rounds=100, seed=seed), "standard_deviation")["value"])
    assert np.mean(raw) > 0.125
    assert np.mean(spread) == pytest.approx(0.1, abs=0.012)
    assert np.mean(alike) < 0.04


def test_intervals_of_gap_and_slope_hold_the_truth(make_scores: Make) -> None:
    generator = np.random.default_rng(4)
    truth = {"eng_Latn": 0.8, "deu_Latn": 0.7, "tha_Thai": 0.6, "swh_Latn": 0.4}
    slope = np.polyfit([2, 2, 1, 0], list(truth.values()), 1)[0]
    hits = {"gap_to_english": 0, "tier_slope": 0}
    for _ in range(150):
        shared = generator.random(50)
        drawn = {c: (0.5 * shared + 0.5 * generator.random(50)) for c in truth}
        # The sum of two halves is triangular: its quantile at the rate gives the rate.
        cut = {c: math.sqrt(r / 2) if r < 0.5 else 1 - math.sqrt((1 - r) / 2) for c, r in truth.items()}
        found = equity(make_scores({c: (drawn[c] < cut[c]).astype(float) for c in truth}), rounds=100)
        for name, value in (("gap_to_english", 0.8 - 1.7 / 3), ("tier_slope", slope)):
            hits[name] += row(found, name)["low"] <= value <= row(found, name)["high"]
    for count in hits.values():
        assert 0.9 <= count / 150 <= 0.995


def test_order_of_rows_and_other_systems_change_no_bit(scores: pd.DataFrame) -> None:
    first = equity(scores, rounds=200)
    pd.testing.assert_frame_equal(first, equity(scores.sample(frac=1, random_state=3), rounds=200), rtol=0, atol=0)
    both = equity(pd.concat([scores, scores.assign(system="old", value=1 - scores["value"])]), rounds=200)
    pd.testing.assert_frame_equal(
        first, both[both["system"] == "new"].reset_index(drop=True), rtol=0, atol=0, check_dtype=False
    )


def test_battles_have_equity_too(some_battles: pd.DataFrame) -> None:
    found = equity(some_battles, rounds=200)
    lowest = win_rates(some_battles, rounds=200).query("level == 'language'")["value"].min()
    assert row(found, "worst")["value"] == lowest
    assert (found["metric"] == "win_rate").all()
    assert not found["aggregate"].str.startswith("gap").any()


def test_one_language_has_no_spread_and_no_slope(make_scores: Make) -> None:
    found = equity(make_scores(shares({"eng_Latn": 0.5})), rounds=100)
    assert found["aggregate"].to_list() == ["worst", "worst_decile", "tier_slope"]
    slope = row(found, "tier_slope")
    assert math.isnan(slope["value"])
    assert "one tier" in slope["note"]


def test_one_item_has_a_value_and_no_interval(make_scores: Make) -> None:
    found = equity(make_scores({"eng_Latn": [1.0], "tha_Thai": [0.0]}), rounds=100)
    for name in ("worst", "gap_to_english", "standard_deviation"):
        assert row(found, name)["method"] == "none"
        assert "one source item" in row(found, name)["note"]
        assert math.isnan(row(found, name)["low"])


def test_all_ties_and_unknown_languages(make_battles: Make) -> None:
    found = equity(make_battles({"eng_Latn": [0.5] * 9, "tha_Thai": [0.5] * 9, "xxx_Latn": [0.5] * 9}), rounds=100)
    assert row(found, "standard_deviation")["value"] == 0
    assert row(found, "gap_to_english")["low"] < 0 < row(found, "gap_to_english")["high"]
    assert "1 language without a tier" in row(found, "tier_slope")["note"]


def test_unsound_frames_are_refused(scores: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="occur twice"):
        equity(pd.concat([scores, scores.head(1)]))
    with pytest.raises(DataError, match="no column"):
        equity(scores.drop(columns="source_id"))
    assert equity(scores.head(0)).empty


def test_few_items_and_resamples_that_agree_give_no_interval_of_the_extremes(make_scores: Make) -> None:
    """No spread seen is not no spread: a language at 0 is not known to be at 0."""
    few = equity(make_scores(shares({"eng_Latn": 0.5, "tha_Thai": 0.25}, 4)), rounds=100)
    for name in ("worst", "worst_decile", "standard_deviation"):
        assert math.isnan(row(few, name)["low"])
        assert row(few, name)["note"] == "4 items in a language are too few: no interval"
    never = equity(make_scores(shares({"eng_Latn": 0.5, "tha_Thai": 0.0})), rounds=100)
    for name in ("worst", "worst_decile"):
        assert row(never, name)["value"] == 0
        assert math.isnan(row(never, name)["high"])
        assert row(never, name)["method"] == "none"
        assert row(never, name)["note"] == "the same in every resample: no interval"
    assert row(never, "standard_deviation")["low"] < row(never, "standard_deviation")["high"]
