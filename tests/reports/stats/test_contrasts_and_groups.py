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

from polyarena.reports.stats import custom_groups, facet_groups, tier_groups, win_rates
from polyarena.reports.stats.clustered import Clustered, cluster_values
from polyarena.reports.stats.contrasts import contrast, contrast_interval
from polyarena.reports.stats.resampling import bootstrap_means, linear_replicates
from polyarena.reports.stats.summary import Settings
from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.languages import find_language

Make = Callable[..., pd.DataFrame]


def columns(values: np.ndarray) -> Clustered:
    rows = [("x", f"l{j}", f"s{i:03d}", f"i{i:03d}", float(value)) for (i, j), value in np.ndenumerate(values)]
    return cluster_values(
        pd.DataFrame(rows, columns=["system", "language", "source_id", "item_id", "value"]), ["system"]
    )


@given(st.lists(st.floats(-2, 2).filter(lambda w: w == 0 or abs(w) > 1e-6), min_size=3, max_size=3).filter(any))
def test_a_contrast_is_the_mean_of_weighted_rows(weights: list[float]) -> None:
    values = np.random.default_rng(0).random((30, 3))
    found = contrast(columns(values), dict(enumerate(weights)))
    rows = values @ np.array(weights)
    assert found.value == pytest.approx(rows.mean(), abs=1e-12)
    assert found.influence == pytest.approx((rows - rows.mean()) / 30, abs=1e-12)
    assert found.span == pytest.approx((sum(min(w, 0) for w in weights), sum(max(w, 0) for w in weights)))
    assert found.span is not None
    assert found.span[0] <= found.value <= found.span[1]


@every_case("method", ["default", "percentile", "bca", "student"])
def test_all_methods_give_intervals_of_contrasts(method: Any) -> None:
    generator = np.random.default_rng(1)
    shared = generator.random((200, 1))
    data = columns(0.5 * shared + 0.5 * generator.random((200, 2)))
    found = contrast(data, {0: 1.0, 1: -1.0})
    around = contrast_interval(data, found, Settings(rounds=4000, method=method))
    half = 1.97 * (around.standard_error or math.nan)
    assert around.method == ("wilson" if method == "default" else method)
    assert (around.low, around.high) == pytest.approx((found.value - half, found.value + half), abs=0.006)


def test_values_without_bounds_get_the_percentile_interval() -> None:
    data = columns(np.random.default_rng(1).normal(50, 10, (40, 2)))
    found = contrast(data, {0: 1.0, 1: -1.0})
    assert found.span is None
    assert contrast_interval(data, found, Settings(rounds=500)).method == "percentile"


def test_weights_of_zero_are_left_out_and_not_enough() -> None:
    data = columns(np.random.default_rng(1).random((10, 3)))
    assert list(contrast(data, {2: 1.0, 0: 0.0}).weights) == [2]
    with pytest.raises(ValueError, match="not 0"):
        contrast(data, {0: 0.0})


def test_one_cluster_has_no_interval() -> None:
    data = columns(np.array([[0.5, 1.0]]))
    assert "one source item" in contrast_interval(data, contrast(data, {0: 1.0, 1: -1.0}), Settings(rounds=10)).note


def test_linear_replicates_are_those_of_the_bootstrap() -> None:
    """For columns without gaps a mean is linear: both give the same deviations, from the same multiplicities."""
    data = columns(np.random.default_rng(3).random((25, 2)))
    means = bootstrap_means(data.sums, data.counts, data.clusters, data.labels, rounds=60, seed=4)
    deviations, errors = linear_replicates(data.influence(1), data.clusters, data.labels, rounds=60, seed=4)
    assert deviations == pytest.approx(means[1] - data.value(1), abs=1e-12)
    assert errors.mean() == pytest.approx(math.sqrt((data.influence(1) ** 2).sum()), rel=0.1)


def test_facets_become_groups() -> None:
    groups = facet_groups(["tier", "script", "region"])
    assert list(groups) == ["tier", "script", "region"]
    assert groups["tier"] == tier_groups()["tier"]
    assert "hin_Deva" in groups["script"]["Deva"]
    for code in groups["script"]["Cyrl"]:
        assert find_language(code).script == "Cyrl"
    assert set(groups["region"]["africa"]) <= set(groups["region"]["earth"])


def test_unknown_facets_are_named() -> None:
    with pytest.raises(UnknownNameError, match="unknown grouping 'familly'") as caught:
        facet_groups(["familly"])
    assert "family" in caught.value.fix


def test_groups_of_ones_own(make_battles: Make, drawn: Callable[..., Any]) -> None:
    groups = custom_groups("market", {"south": "Hindi, Thai", "west": "script:Latn"})
    battles = make_battles(drawn(["deu_Latn", "hin_Deva", "tha_Thai"], 20))
    found = win_rates(battles, rounds=50, groupings={**groups, **facet_groups(["family"])})
    level = found[found["level"] == "market"].set_index("group")
    assert level["n_languages"].to_dict() == {"south": 2, "west": 1}
    single = found[found["level"] == "language"].set_index("group")["value"]
    assert level.loc["south", "value"] == pytest.approx(single[["hin_Deva", "tha_Thai"]].mean())
    assert set(found[found["level"] == "family"]["group"]) == {"Indo-European", "Tai-Kadai"}


@every_case("level", ["macro", "language", "category"])
def test_names_of_levels_that_are_taken(level: str) -> None:
    with pytest.raises(ValueError, match=level):
        custom_groups(level, {"all": "all"})
