"""Averages in which clusters do not count alike: a language with many items beside one with few."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges.records import Label
from polyarena.reports.judge_card.rates import RateSettings, rate
from polyarena.reports.stats import compare, rank, weighted_win_rates, win_rates
from polyarena.reports.stats.prediction_powered import LanguageLabels, corrected_mean
from polyarena.reports.stats.score_interval import effective_n, equal_clusters

Make = Callable[..., pd.DataFrame]


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=60), st.floats(1e-3, 1e3), st.randoms())
def test_the_number_of_equal_clusters_has_bounds_and_no_unit(shares: list[float], unit: float, random: object) -> None:
    found = equal_clusters(np.array(shares))
    assert 1 - 1e-9 <= found <= len(shares) + 1e-9
    assert equal_clusters(np.array(shares) * unit) == pytest.approx(found)
    random.shuffle(shares)  # type: ignore[attr-defined]
    assert equal_clusters(np.array(shares)) == found


@given(st.integers(1, 5000), st.floats(1e-6, 1e6))
def test_clusters_of_equal_share_are_their_number_to_the_bit(n: int, share: float) -> None:
    assert equal_clusters(np.full(n, share)) == float(n)


def test_a_cluster_of_no_share_does_not_count() -> None:
    assert equal_clusters(np.array([1.0, 1.0, 0.0])) == 2
    assert equal_clusters(np.array([0.5, *[0.1] * 5])) == pytest.approx(1 / (0.25 + 5 * 0.01))


def test_no_more_information_is_claimed_than_unequal_clusters_have() -> None:
    """Ten items of half the mean, 500 of the other half: no more than 39 independent ones, whatever they say."""
    influence = np.concatenate([np.tile([0.05, -0.05], 5) / 2, np.tile([0.001, -0.001], 250) / 2])
    labels = np.repeat([0, 1], [10, 500])
    variance = 10 / 9 * 10 * 0.025**2 + 500 / 499 * 500 * 0.0005**2
    shares = equal_clusters(np.repeat([0.05, 0.001], [10, 500]))
    told = effective_n(0.5, influence, labels, variance=variance, items=510, confidence=0.95, clusters=shares)
    assert shares == pytest.approx(1 / (10 * 0.05**2 + 500 * 0.001**2))
    assert shares <= told < 45
    assert effective_n(0.5, influence, labels, variance=variance, items=510, confidence=0.95) == 510


def unequal(make: Make, seed: int, many: int, few: int, *, apart: bool) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    rows = make({"deu_Latn": generator.integers(0, 2, many), "swh_Latn": generator.integers(0, 2, few)})
    own = (rows["language"] == "swh_Latn") & apart
    return rows.assign(source_id=rows["source_id"].where(~own, "own-" + rows["source_id"]))


@pytest.mark.slow
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(("many", "few"), [(300, 10), (300, 40)])
def test_the_average_of_a_large_and_a_small_language_is_covered(
    make_battles: Make, many: int, few: int, apart: bool
) -> None:
    """Nominal 95%; three standard errors of 150 data sets are 5.3 points. As if all counted alike: 43 to 76%."""
    held = 0
    for seed in range(150):
        found = win_rates(unequal(make_battles, seed, many, few, apart=apart), rounds=2, groupings={}).iloc[0]
        assert found["level"] == "macro"
        held += found["low"] <= 0.5 <= found["high"]
    assert held / 150 >= 0.95 - 0.053


def test_the_interval_of_a_difference_knows_it_too(make_battles: Make) -> None:
    first = unequal(make_battles, 1, 300, 12, apart=True)
    other = unequal(make_battles, 2, 300, 12, apart=True).assign(candidate="other")
    found = compare(pd.concat([first, other]), "new", "other", rounds=50, groupings={}).iloc[0]
    assert found["high"] - found["low"] > 1.7 * 1.96 * found["standard_error"]


def test_with_one_opponent_a_ranking_has_the_win_rate_s_interval(make_battles: Make) -> None:
    battles = unequal(make_battles, 3, 200, 15, apart=True)
    ranked = rank(battles, rounds=40).query("level == 'macro' and system == 'new'").iloc[0]
    rated = win_rates(battles, rounds=2, groupings={}).iloc[0]
    assert (ranked["low"], ranked["high"]) == pytest.approx((rated["low"], rated["high"]), abs=2e-3)


def test_a_system_with_few_battles_gains_nothing_from_those_of_others(make_battles: Make) -> None:
    generator = np.random.default_rng(4)
    few = make_battles({"deu_Latn": generator.integers(0, 2, 12)}, candidate="few")
    many = make_battles({"deu_Latn": generator.integers(0, 2, 400)}, candidate="many")
    found = rank(pd.concat([few, many]), rounds=40).query("level == 'macro' and system == 'few'").iloc[0]
    assert found["high"] - found["low"] > 0.35


def test_a_rate_of_unequal_clusters_is_less_sure_than_one_of_equal_clusters() -> None:
    generator = np.random.default_rng(5)
    values = generator.integers(0, 2, 120).astype(float)
    equal = rate([(f"s{i // 2}", value) for i, value in enumerate(values)], RateSettings())
    lumped = rate([("one" if i < 80 else f"s{i}", value) for i, value in enumerate(values)], RateSettings())
    assert lumped.value == equal.value
    assert lumped.high - lumped.low > 1.5 * (equal.high - equal.low)


def test_people_s_labels_of_a_small_language_decide_an_average() -> None:
    """People alone, below 50 labels: 40 of one language and 4 of another are no 44 of one."""
    generator = np.random.default_rng(6)

    def language(labels: int, first: int) -> LanguageLabels:
        humans = np.full(60, np.nan)
        humans[:labels] = np.tile([0.0, 1.0], labels)[:labels]
        return LanguageLabels(generator.integers(0, 2, 60).astype(float), humans, np.arange(first, first + 60))

    uneven = corrected_mean([language(40, 0), language(4, 60)], 0.95)
    even = corrected_mean([language(22, 0), language(22, 60)], 0.95)
    assert uneven.humans == even.humans == 0.5
    assert uneven.high - uneven.low > 1.3 * (even.high - even.low)


def test_strong_verdicts_that_count_many_times_over_are_fewer_games() -> None:
    rows = [
        {"judge": "j", "task": "t", "language": "deu_Latn", "item_id": f"i{i}", "source_id": f"i{i}", "system_a": "new",
         "system_b": "old", "repeat": 0, "label": str(label), "raw": "", "error": None}
        for i, label in enumerate([Label.A_MUCH, Label.B_MUCH] * 3 + [Label.A, Label.B] * 40)
    ]  # fmt: skip
    widths = [
        float((found["high"] - found["low"]).iloc[0])
        for weight in (1, 50)
        for found in [weighted_win_rates(pd.DataFrame(rows), candidate="new", baseline="old", strong_weight=weight)]
    ]
    assert widths[1] > 2 * widths[0]
