"""Adjusted p-values, simultaneous bands and partial pooling."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from polyarena.reports.stats import adjust, partial_pooling, pooled_estimates, simultaneous_bands, win_rates
from polyarena.reports.stats.clustered import cluster_values
from polyarena.reports.stats.contrasts import contrast
from polyarena.reports.stats.multiplicity import largest_deviations
from polyarena.reports.stats.simultaneous import bands
from polyarena.reports.stats.summary import Settings
from polyarena.tasks.errors import DataError

Make = Callable[..., pd.DataFrame]
P_VALUES = st.lists(st.floats(0, 1), max_size=40)


def test_holm_multiplies_the_smallest_by_all_and_the_next_by_one_less() -> None:
    assert adjust([0.02, 0.001, 0.2, 0.01]) == pytest.approx([0.04, 0.004, 0.2, 0.03])


@given(P_VALUES)
def test_benjamini_yekutieli_agrees_with_scipy(p_values: list[float]) -> None:
    expected = stats.false_discovery_control(p_values, method="by") if p_values else []
    assert adjust(p_values, "benjamini-yekutieli") == pytest.approx(list(expected), abs=1e-12)


@given(P_VALUES, st.sampled_from(["holm", "benjamini-yekutieli"]), st.randoms(use_true_random=False))
def test_adjusting_keeps_order_and_never_lowers(p_values: list[float], method: Any, random: Any) -> None:
    found = adjust(p_values, method)
    assert all(p - 1e-15 <= q <= 1 for p, q in zip(p_values, found, strict=True))
    assert [q for _, q in sorted(zip(p_values, found, strict=True))] == sorted(found)
    order = list(range(len(p_values)))
    random.shuffle(order)
    assert adjust([p_values[i] for i in order], method) == [found[i] for i in order]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_lies_between_the_raw_and_bonferroni(p_values: list[float]) -> None:
    m = len(p_values)
    assert all(q <= min(1, m * p) + 1e-12 for p, q in zip(p_values, adjust(p_values), strict=True))


@every_case("wrong", [[-0.1], [1.1], [math.nan]])
def test_what_is_no_p_value_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        adjust(wrong)
    with pytest.raises(ValueError, match="no adjustment"):
        adjust([0.1], "bonferoni")  # type: ignore[arg-type]


def test_the_largest_of_independent_deviations_has_the_textbook_quantile() -> None:
    influence = np.random.default_rng(0).normal(size=(600, 20)) / 600
    influence -= influence.mean(axis=0)
    errors = np.sqrt((influence**2).sum(axis=0) * 600 / 599)
    clusters = [f"s{i:03d}" for i in range(600)]
    found = largest_deviations(influence, errors, clusters, np.zeros(600, dtype=np.int64), rounds=8000, seed=0)
    assert np.quantile(found, 0.95) == pytest.approx(stats.norm.ppf((1 + 0.95 ** (1 / 20)) / 2), abs=0.06)
    one = largest_deviations(
        np.repeat(influence[:, :1], 20, axis=1), np.repeat(errors[:1], 20), clusters, np.zeros(600, dtype=np.int64),
        rounds=8000, seed=0,
    )  # fmt: skip
    assert np.quantile(one, 0.95) == pytest.approx(1.96, abs=0.06)


def test_bands_hold_all_languages_together(make_battles: Make, drawn: Callable[..., Any]) -> None:
    found = simultaneous_bands(make_battles(drawn(["deu_Latn", "hin_Deva", "swh_Latn", "tha_Thai"], 60)), rounds=2000)
    assert found["language"].to_list() == ["deu_Latn", "hin_Deva", "swh_Latn", "tha_Thai"]
    assert (found["band_low"] < found["low"]).all()
    assert (found["high"] < found["band_high"]).all()
    assert 2.1 < found["critical"].iloc[0] < stats.norm.ppf(1 - 0.025 / 4) + 0.15
    assert (found["p_value"] <= found["p_max_t"]).all()
    assert (found["p_holm"] <= found["p_benjamini_yekutieli"] + 1e-12).all()


def test_single_intervals_of_bands_are_those_of_win_rates(some_battles: pd.DataFrame) -> None:
    found = simultaneous_bands(some_battles, rounds=200).set_index("language")
    known = win_rates(some_battles, rounds=200).query("level == 'language'").set_index("group")
    for column in ("value", "standard_error", "low", "high"):
        assert found[column].to_numpy() == pytest.approx(known.loc[found.index, column].to_numpy(), abs=1e-9)


def test_order_of_rows_changes_no_bit_of_bands(some_battles: pd.DataFrame) -> None:
    first = simultaneous_bands(some_battles, rounds=200)
    pd.testing.assert_frame_equal(
        first, simultaneous_bands(some_battles.sample(frac=1, random_state=1), rounds=200), rtol=0, atol=0
    )


def test_scores_have_bands_and_tests_only_against_a_reference(make_scores: Make) -> None:
    scores = make_scores({"deu_Latn": [1.0, 0.0] * 20, "tha_Thai": [1.0] * 36 + [0.0] * 4})
    plain = simultaneous_bands(scores, rounds=300)
    assert plain[["p_value", "p_holm", "outcome"]].isna().all(axis=None)
    tested = simultaneous_bands(scores, rounds=300, reference=0.5).set_index("language")
    assert tested["outcome"].to_dict() == {"deu_Latn": "inconclusive", "tha_Thai": "better"}
    assert tested.loc["tha_Thai", "p_max_t"] == 1 / 301


def test_languages_without_spread_or_items_do_not_break_the_others(make_battles: Make, drawn: Any) -> None:
    values = {**drawn(["deu_Latn", "hin_Deva"], 40), "swh_Latn": [0.5] * 40, "tha_Thai": [1.0]}
    found = simultaneous_bands(make_battles(values), rounds=300).set_index("language")
    assert found.loc["swh_Latn", "band_low"] < 0.5 < found.loc["swh_Latn", "band_high"]
    assert math.isnan(found.loc["tha_Thai", "band_low"])
    assert "one source item" in found.loc["tha_Thai", "note"]
    assert math.isnan(found.loc["swh_Latn", "p_value"])
    assert found.loc["swh_Latn", "note"] == "no spread between items: no p-value"
    assert found.loc["deu_Latn", "note"] == ""
    assert found.loc["deu_Latn", "p_max_t"] <= 1


@pytest.mark.slow
def test_family_wise_error_of_bands_is_at_most_six_percent() -> None:
    """300 data sets of 23 languages, 60 items, correlation .3: single intervals err in half of them, bands in 5%."""
    generator = np.random.default_rng(5)
    together = single = 0
    for seed in range(300):
        latent = 0.55 * generator.normal(size=(60, 1)) + 0.835 * generator.normal(size=(60, 23))
        scores = np.select([latent > 0.3, latent < -0.3], [1.0, 0.0], 0.5)
        rows = pd.DataFrame(
            [("x", f"l{j:02d}", f"s{i:02d}", f"i{i:02d}", scores[i, j]) for i in range(60) for j in range(23)],
            columns=["system", "language", "source_id", "item_id", "value"],
        )
        data = cluster_values(rows, ["system"])
        found = bands(data, [contrast(data, {j: 1.0}) for j in range(23)], Settings(rounds=400, seed=seed))
        together += any(not each.low <= 0.5 <= each.high for each in found.together)
        single += any(not each.low <= 0.5 <= each.high for each in found.pointwise)
    assert together / 300 <= 0.06 + 2 * 0.0137
    assert single / 300 > 0.4


def test_pooling_draws_the_noisy_more() -> None:
    errors = np.array([0.01, 0.05, 0.05, 0.05, 0.3])
    found = partial_pooling(np.array([0.9, 0.5, 0.4, 0.6, 0.9]), errors)
    assert found.shares[0] < found.shares[1] < found.shares[4]
    assert found.values[0] == pytest.approx(0.9, abs=0.01)
    assert found.values[4] < 0.85
    assert (found.errors[[1, 4]] < errors[[1, 4]]).all()


def test_pooling_without_a_spread_draws_all_by_the_same_share() -> None:
    """To the weighted mean, by (k - 3)/(k - 1): with five languages nobody can be sure that there is no spread."""
    values, errors = np.array([0.5, 0.51, 0.49, 0.5, 0.5]), np.array([0.1, 0.2, 0.1, 0.1, 0.3])
    found = partial_pooling(values, errors)
    assert found.spread == 0
    mean = np.average(values, weights=errors**-2)
    assert found.mean == pytest.approx(mean)
    assert found.values == pytest.approx((mean + values) / 2)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 0.3)), min_size=5, max_size=30))
def test_pooled_values_lie_between_the_estimate_and_the_mean(pairs: list[tuple[float, float]]) -> None:
    values, errors = np.array(pairs).T
    found = partial_pooling(values, errors)
    low, high = np.minimum(values, found.mean), np.maximum(values, found.mean)
    assert ((low - 1e-9 <= found.values) & (found.values <= high + 1e-9)).all()
    mirrored = partial_pooling(1 - values, errors)
    assert mirrored.values == pytest.approx(1 - found.values, abs=1e-7)


def test_pooling_is_closer_to_the_truth_and_its_intervals_hold_it() -> None:
    generator = np.random.default_rng(1)
    raw = pooled = hits = 0.0
    for _ in range(300):
        truth = generator.normal(0.5, 0.05, 23)
        errors = generator.uniform(0.03, 0.08, 23)
        values = truth + errors * generator.normal(size=23)
        found = partial_pooling(values, errors)
        raw += ((values - truth) ** 2).mean()
        pooled += ((found.values - truth) ** 2).mean()
        hits += (abs(found.values - truth) <= 1.96 * found.errors).mean()
    assert pooled < 0.7 * raw
    assert 0.93 <= hits / 300 <= 0.97


def test_pooled_estimates_stand_beside_the_raw_ones(win_estimates: pd.DataFrame) -> None:
    found = pooled_estimates(win_estimates)
    assert len(found) == 23
    assert found["pooled"].std() < found["value"].std()
    assert (found["pooled_low"] < found["pooled"]).all()
    assert pooled_estimates(win_estimates.query("group != 'all'").head(6)).empty


def test_pooling_refuses_what_it_cannot_use(win_estimates: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="five"):
        partial_pooling(np.ones(4), np.ones(4))
    with pytest.raises(ValueError, match="greater than 0"):
        partial_pooling(np.ones(5), np.zeros(5))
    with pytest.raises(DataError, match="no column"):
        pooled_estimates(win_estimates.drop(columns="standard_error"))
    with pytest.raises(DataError, match="confidence"):
        pooled_estimates(win_estimates, confidence=1)
