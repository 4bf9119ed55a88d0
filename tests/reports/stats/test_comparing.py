from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from polyarena.reports.stats import compare, mean_scores, win_rates
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.metrics.registry import METRICS

Make = Callable[..., pd.DataFrame]
BITS = ["difference", "standard_error", "low", "high", "band_low", "band_high", "p_value", "p_holm"]


def row(found: pd.DataFrame, group: str = "all") -> Any:
    part = found[found["group"] == group]
    assert len(part) == 1
    return part.iloc[0]


def two(
    make: Make, first: dict[str, Any], second: dict[str, Any], key: str = "candidate", **constant: Any
) -> pd.DataFrame:
    return pd.concat([make(first, **{key: "a"}, **constant), make(second, **{key: "b"}, **constant)], ignore_index=True)


@pytest.fixture
def battles(make_battles: Make, drawn: Callable[..., Any]) -> pd.DataFrame:
    codes = ["deu_Latn", "swh_Latn", "tha_Thai"]
    return two(make_battles, drawn(codes, 50, 1), drawn(codes, 50, 2))


def test_the_difference_is_that_of_the_estimates(battles: pd.DataFrame) -> None:
    found, single = compare(battles, "a", "b", rounds=200), win_rates(battles, rounds=200)
    for group in ("all", "high", "deu_Latn"):
        a, b = (single[(single["system"] == name) & (single["group"] == group)]["value"].iloc[0] for name in "ab")
        assert row(found, group)["difference"] == pytest.approx(a - b, abs=1e-12)
        assert (row(found, group)["value"], row(found, group)["value_against"]) == pytest.approx((a, b))


def test_the_standard_error_is_that_of_paired_differences(battles: pd.DataFrame) -> None:
    found = compare(battles, "a", "b", rounds=200)
    wide = battles.pivot_table(index="source_id", columns=["candidate", "language"], values="score")
    differences = wide["a"] - wide["b"]
    for group, values in (("tha_Thai", differences["tha_Thai"]), ("all", differences.mean(axis=1))):
        assert row(found, group)["standard_error"] == pytest.approx(values.std(ddof=1) / math.sqrt(50), rel=1e-9)
    overall = row(found)
    error = max(overall["standard_error"], (overall["high"] - overall["low"]) / 2 / stats.norm.ppf(0.975))
    assert overall["detectable"] == pytest.approx((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * error)
    assert overall["detectable"] > (overall["high"] - overall["low"]) / 2


@pytest.mark.parametrize("scores", [[1.0, 0.5, 0.0, 0.75] * 5, [0.5] * 20, [1.0] * 6, [1.0, 0.0, 0.0]])
def test_against_the_baseline_the_interval_is_that_of_the_win_rate(make_battles: Make, scores: list[float]) -> None:
    frame = make_battles({"deu_Latn": scores, "swh_Latn": scores[::-1]}, candidate="new", baseline="old")
    rates = win_rates(frame, rounds=200).set_index("group")
    for systems, sign in ((("new", "old"), 1), (("old", "new"), -1)):
        found = compare(frame, *systems, rounds=200).set_index("group")
        for group in ("all", "deu_Latn", "swh_Latn"):
            ends = sorted(sign * (rates.loc[group, ["low", "high"]].to_numpy(dtype=float) - 0.5))
            assert found.loc[group, ["low", "high"]].to_list() == pytest.approx(ends, abs=1e-3)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0])] * 2), min_size=2, max_size=25))
def test_swapping_the_systems_mirrors_everything(make_battles: Make, pairs: list[tuple[float, float]]) -> None:
    frame = two(make_battles, {"deu_Latn": [a for a, _ in pairs]}, {"deu_Latn": [b for _, b in pairs]})
    first, second = row(compare(frame, "a", "b", rounds=200)), row(compare(frame, "b", "a", rounds=200))
    assert first["difference"] == pytest.approx(-second["difference"], abs=1e-12)
    assert (first["low"], first["high"]) == pytest.approx((-second["high"], -second["low"]), abs=1e-9)
    assert first["p_value"] == second["p_value"]
    assert -1 <= first["low"] <= first["difference"] <= first["high"] <= 1


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_order_of_rows_and_languages_changes_no_bit(battles: pd.DataFrame, seed: int) -> None:
    first = compare(battles, "a", "b", rounds=150)
    shuffled = battles.sample(frac=1, random_state=seed)
    second = compare(pd.concat([shuffled.iloc[:70], shuffled.iloc[70:]]), "a", "b", rounds=150)
    pd.testing.assert_frame_equal(first, second, rtol=0, atol=0)


def test_other_systems_change_no_bit(battles: pd.DataFrame) -> None:
    more = pd.concat([battles, battles[battles["candidate"] == "a"].assign(candidate="c", score=1.0)])
    first, second = compare(battles, "a", "b", rounds=150), compare(more, "a", "b", rounds=150)
    pd.testing.assert_frame_equal(first, second, rtol=0, atol=0)


def test_a_baseline_stands_at_one_half(make_battles: Make) -> None:
    frame = make_battles({"deu_Latn": [1.0] * 30 + [0.0] * 10}, candidate="a", baseline="b")
    found = row(compare(frame, "a", "b", rounds=500), "deu_Latn")
    assert (found["value"], found["value_against"], found["difference"]) == (0.75, 0.5, 0.25)
    mirrored = row(compare(frame, "b", "a", rounds=500), "deu_Latn")
    assert (mirrored["difference"], mirrored["p_mcnemar"]) == (-0.25, found["p_mcnemar"])
    assert found["p_mcnemar"] == pytest.approx(stats.binomtest(10, 40).pvalue)


def test_a_clear_difference_is_found_by_all(make_scores: Make) -> None:
    generator = np.random.default_rng(0)
    values = {code: (generator.random(80) < 0.4).astype(float) for code in ("deu_Latn", "tha_Thai")}
    better = {code: np.maximum(v, generator.random(80) < 0.35) for code, v in values.items()}
    found = compare(two(make_scores, better, values, "system"), "a", "b", rounds=2000, margin=0.05)
    for group in ("all", "deu_Latn"):
        each = row(found, group)
        assert (each["outcome"], each["non_inferiority"], each["equivalence"]) == (
            "better",
            "non-inferior",
            "different",
        )
        assert each["p_value"] < 0.01
    assert row(found, "deu_Latn")["p_mcnemar"] < 0.001
    assert math.isnan(row(found)["p_mcnemar"])


def test_the_same_answers_are_equivalent_and_not_certain(make_scores: Make) -> None:
    values = {"deu_Latn": [1.0, 0.0] * 40}
    found = row(compare(two(make_scores, values, values, "system"), "a", "b", margin=0.05), "deu_Latn")
    assert (found["difference"], found["standard_error"], found["p_value"], found["p_mcnemar"]) == (0, 0, 1, 1)
    assert (found["outcome"], found["equivalence"]) == ("inconclusive", "equivalent")
    assert found["low"] < 0 < found["high"]
    assert math.isnan(found["detectable"])


def test_bands_are_wider_and_adjusted_p_values_larger(battles: pd.DataFrame) -> None:
    found = compare(battles, "a", "b", rounds=500)
    languages = found[found["level"] == "language"]
    assert (languages["band_low"] < languages["low"]).all()
    assert (languages["band_high"] > languages["high"]).all()
    assert (languages["p_holm"] >= languages["p_value"]).all()
    assert found[found["level"] != "language"][["band_low", "p_holm"]].isna().all(axis=None)


def test_only_common_items_count_and_the_rest_is_named(make_battles: Make, drawn: Callable[..., Any]) -> None:
    frame = two(make_battles, drawn(["deu_Latn", "tha_Thai"], 30, 1), drawn(["deu_Latn"], 20, 2))
    lost = (frame["candidate"] == "b") & frame["item_id"].isin(["deu_Latn-000", "deu_Latn-001"])
    frame.loc[lost, ["score", "n_invalid"]] = [np.nan, 2]
    found = compare(frame, "a", "b", rounds=200)
    assert set(found["group"]) == {"all", "high", "deu_Latn"}
    assert (row(found)["n"], row(found)["n_clusters"], row(found)["n_left_out"]) == (18, 18, 12)
    assert "12 items left out" in row(found)["note"]


def test_samples_of_one_item_are_averaged_first(make_scores: Make) -> None:
    once = two(make_scores, {"deu_Latn": [0.5] * 9 + [1.0]}, {"deu_Latn": [0.5] * 10}, "system")
    high, low = (once.assign(sample_index=i, value=once["value"] + step) for i, step in ((0, 0.25), (1, -0.25)))
    first, second = compare(once, "a", "b", rounds=100), compare(pd.concat([high, low]), "a", "b", rounds=100)
    assert row(first)["difference"] == row(second)["difference"]
    assert row(first)["n"] == row(second)["n"] == 10


def _statistics(n: int, seed: int, quality: float) -> np.ndarray:
    generator = np.random.default_rng(seed)
    length = generator.integers(8, 30, n)
    counts = [generator.binomial(np.maximum(length - i, 1), quality ** (i + 1)) for i in range(4)]
    totals = [np.maximum(length - i, 1) for i in range(4)]
    return np.stack([length, length, *counts, *totals], axis=1)


def test_metrics_of_a_corpus_are_compared_by_their_formula(make_scores: Make) -> None:
    bleu = METRICS["bleu_char"].corpus
    assert bleu is not None
    frames, totals = [], {}
    for system, quality in (("a", 0.75), ("b", 0.6)):
        found = _statistics(60, 3, quality)
        totals[system] = float(bleu(found.sum(axis=0)))
        frame = make_scores({"deu_Latn": np.zeros(60)}, system=system, metric="bleu_char")
        frames.append(frame.assign(statistics=[tuple(map(float, each)) for each in found]))
    found = row(compare(pd.concat(frames), "a", "b", rounds=400), "deu_Latn")
    assert found["difference"] == pytest.approx(totals["a"] - totals["b"])
    assert found["method"] == "percentile"
    assert 0 < found["low"] < found["difference"] < found["high"]
    assert found["p_value"] == 1 / 401
    scores = mean_scores(pd.concat(frames), rounds=400).query("group == 'deu_Latn'").set_index("system")
    assert found["standard_error"] < np.hypot(*scores["standard_error"])


def test_one_item_and_one_cluster_have_a_reason(make_battles: Make) -> None:
    found = row(compare(two(make_battles, {"deu_Latn": [1.0]}, {"deu_Latn": [0.0]}), "a", "b", margin=0.1))
    assert (found["difference"], found["method"], found["outcome"]) == (1.0, "none", "inconclusive")
    assert (found["non_inferiority"], found["p_value"]) == ("inconclusive", 1.0)
    assert "one source item only" in found["note"]


def test_no_common_item_is_an_error_with_the_reason(make_battles: Make) -> None:
    apart = two(make_battles, {"deu_Latn": [1.0] * 5}, {"tha_Thai": [1.0] * 5})
    with pytest.raises(DataError, match="no item in common"):
        compare(apart, "a", "b")
    other = pd.concat([make_battles({"deu_Latn": [1.0] * 3}, candidate=name, baseline=f"base-{name}") for name in "ab"])
    with pytest.raises(DataError, match="no item in common") as caught:
        compare(other, "a", "b")
    assert "same baseline" in caught.value.why


def test_all_invalid_has_no_common_item(battles: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no item in common"):
        compare(battles.assign(score=np.nan, n_invalid=battles["n_games"]), "a", "b")


@pytest.mark.parametrize(("first", "second", "hint"), [("a", "bb", "b"), ("aa", "b", "a")])
def test_unknown_systems_are_named(battles: pd.DataFrame, first: str, second: str, hint: str) -> None:
    with pytest.raises(UnknownNameError, match="unknown system") as caught:
        compare(battles, first, second)
    assert hint in caught.value.fix


def test_unknown_metrics_and_oneself_are_refused(make_scores: Make) -> None:
    frame = two(make_scores, {"deu_Latn": [1.0] * 3}, {"deu_Latn": [0.0] * 3}, "system")
    with pytest.raises(UnknownNameError, match="unknown metric"):
        compare(frame, "a", "b", metric="acuracy")
    with pytest.raises(DataError, match="itself"):
        compare(frame, "a", "a")
    assert len(compare(frame, "a", "b", metric="accuracy", rounds=50)) == 3


def test_duplicates_and_numbers_that_are_none_are_refused(battles: pd.DataFrame, make_scores: Make) -> None:
    with pytest.raises(DataError, match="occur twice"):
        compare(pd.concat([battles, battles.head(1)]), "a", "b")
    frame = two(make_scores, {"deu_Latn": [1.0, math.nan]}, {"deu_Latn": [0.0, 1.0]}, "system")
    with pytest.raises(DataError, match="not a finite number"):
        compare(frame, "a", "b")


@pytest.mark.parametrize(
    "wrong", [{"margin": 0.0}, {"margin": -1.0}, {"margin": 0.1, "confidence": 0.4}, {"method": "x"}]
)
def test_settings_without_a_meaning_are_refused(battles: pd.DataFrame, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"margin|confidence|method"):
        compare(battles, "a", "b", **wrong)


@pytest.mark.slow
def test_tests_hold_their_level(make_battles: Make, drawn: Callable[..., Any]) -> None:
    """200 pairs of equal systems: at 5%, no more than three standard errors above."""
    alarms = {"p_value": 0, "outcome": 0}
    for seed in range(200):
        values: list[Sequence[float]] = [drawn(["deu_Latn", "tha_Thai"], 40, s, 0.0) for s in (2 * seed, 2 * seed + 1)]
        generator = np.random.default_rng(seed)
        swap = generator.random(40) < 0.5
        first = {c: np.where(swap, values[0][c], values[1][c]) for c in values[0]}
        second = {c: np.where(swap, values[1][c], values[0][c]) for c in values[0]}
        found = row(compare(two(make_battles, first, second), "a", "b", rounds=99, groupings={}))
        alarms["p_value"] += found["p_value"] <= 0.05
        alarms["outcome"] += found["outcome"] != "inconclusive"
    assert alarms["p_value"] / 200 <= 0.05 + 3 * 0.0154
    assert alarms["outcome"] / 200 <= 0.05 + 3 * 0.0154


def test_against_the_baseline_and_against_a_system_that_ties_it_is_one_scale(make_battles: Make) -> None:
    """Case 13: the same pair was -0.166 against the baseline and -0.083 against a system that ties it everywhere."""
    lost = [0.0] * 10 + [0.5] * 50
    frame = pd.concat(
        [
            make_battles({"deu_Latn": lost, "swh_Latn": lost}, candidate="a", baseline="base"),
            make_battles({"deu_Latn": [0.5] * 60, "swh_Latn": [0.5] * 60}, candidate="b", baseline="base"),
        ]
    )
    against_base, against_b = (compare(frame, "a", other, rounds=500) for other in ("base", "b"))
    numbers = ["group", "value", "value_against", "difference", "outcome"]
    pd.testing.assert_frame_equal(against_base[numbers], against_b[numbers])
    assert row(against_base)["difference"] == pytest.approx(-1 / 12)
    assert row(against_base)["outcome"] == "worse"
