from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.reports.stats.clustered import Clustered, cluster_values
from polyarena.reports.stats.groupings import Group, groups_of
from polyarena.reports.stats.mean_scores import mean_scores
from polyarena.reports.stats.summary import Settings, Summary, summarise
from polyarena.reports.stats.validation import describe, finite, refuse_duplicates, refuse_values, require_columns
from polyarena.tasks.errors import DataError

Make = Callable[..., pd.DataFrame]
FEW = Settings(rounds=200)


def frame(rows: list[tuple[str, str, str, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["system", "language", "source_id", "item_id", "value"])


ROWS = [
    ("b", "deu_Latn", "s2", "i2", 1.0),
    ("a", "deu_Latn", "s1", "i1", 0.5),
    ("a", "deu_Latn", "s2", "i2", 0.25),
    ("a", "deu_Latn", "s2", "i3", 0.5),
    ("a", "tha_Thai", "s2", "i2", 3.0),
    ("a", "swh_Latn", "s9", "i9", 1.0),
]


def summaries(
    data: Clustered, series: tuple[str, ...], languages: list[str], how: Settings = FEW
) -> dict[str, Summary]:
    groups = {series: list(groups_of(languages, languages, {}))}
    return {group.name: summary for _, group, summary in summarise(data, groups, how)}


def test_values_are_summed_by_source_and_columns_sorted() -> None:
    data = cluster_values(frame(ROWS), ["system"])
    assert data.clusters == ("s1", "s2", "s9")
    assert data.columns == ((("a",), "deu_Latn"), (("a",), "swh_Latn"), (("a",), "tha_Thai"), (("b",), "deu_Latn"))
    assert data.sums.tolist() == [[0.5, 0, 0, 0], [0.75, 0, 3, 1], [0, 1, 0, 0]]
    assert data.counts.tolist() == [[1, 0, 0, 0], [2, 0, 1, 1], [0, 1, 0, 0]]
    assert data.bounded.tolist() == [True, True, False, True]


def test_sources_that_no_shared_language_joins_are_apart() -> None:
    labels = cluster_values(frame(ROWS), ["system"]).labels
    assert labels[0] == labels[1] != labels[2]


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(len(ROWS))))
def test_order_of_rows_changes_no_matrix(order: list[int]) -> None:
    first, second = (cluster_values(frame([ROWS[i] for i in o]), ["system"]) for o in (range(len(ROWS)), order))
    assert first.clusters == second.clusters
    assert np.array_equal(first.sums, second.sums)
    assert np.array_equal(first.labels, second.labels)


def test_names_are_sorted_as_texts_whatever_they_look_like() -> None:
    rows = [("a", "deu_Latn", str(i), str(i), 1.0) for i in (10, 9, 2)]
    assert cluster_values(frame(rows), ["system"]).clusters == ("10", "2", "9")


def test_mean_over_languages_weighs_languages_not_items() -> None:
    rows = [("a", "deu_Latn", f"s{i}", f"i{i}", 1.0) for i in range(9)]
    rows += [("a", "tha_Thai", f"s{i}", f"i{i}", 0.0) for i in range(3)]
    found = summaries(cluster_values(frame(rows), ["system"]), ("a",), ["deu_Latn", "tha_Thai"])
    assert found["all"].value == 0.5
    assert (found["all"].n, found["all"].n_clusters, found["all"].n_languages) == (12, 9, 2)


def test_languages_without_values_are_missing_not_zero() -> None:
    rows = [("a", "deu_Latn", f"s{i}", f"i{i}", float(i % 2)) for i in range(10)]
    found = summaries(cluster_values(frame(rows), ["system"]), ("a",), ["deu_Latn", "tha_Thai"])
    assert found["all"].value == found["deu_Latn"].value == 0.5
    assert found["all"].missing == ("tha_Thai",)
    assert found["tha_Thai"] == Summary.empty(("tha_Thai",))


def test_replicates_are_those_of_a_hand_written_bootstrap(make_scores: Make) -> None:
    """The percentile ends are found again by resampling rows of a table one by one."""
    from polyarena.reports.stats.intervals import expanded_tail, percentile_interval
    from polyarena.reports.stats.resampling import resample_weights

    generator = np.random.default_rng(0)
    wide = pd.DataFrame({"deu_Latn": generator.random(30), "tha_Thai": generator.random(30)})
    wide.index = pd.Index([f"s{i:02d}" for i in range(30)])
    rows = [("a", code, source, source, float(wide.loc[source, code])) for code in wide for source in wide.index]
    how = replace(FEW, method="percentile")
    found = summaries(cluster_values(frame(rows), ["system"]), ("a",), ["deu_Latn", "tha_Thai"], how)["all"]
    means = []
    for weights in resample_weights(list(wide.index), FEW.rounds, FEW.seed, chunk=1):
        table = wide.loc[np.repeat(wide.index, weights[0].astype(int))]
        means.append(table.mean().mean())
    ends = percentile_interval(np.array(means), expanded_tail(0.95, math.sqrt(30 / 29), 29))
    assert (found.interval.low, found.interval.high) == pytest.approx(ends, abs=1e-12)


@every_case("rho", [0.0, 0.5, 1.0])
def test_standard_error_of_an_average_follows_the_correlation(rho: float) -> None:
    """Var of the mean of k correlated means: s2/n * (1 + (k-1) rho) / k."""
    generator = np.random.default_rng(4)
    n, k = 4000, 4
    latent = math.sqrt(rho) * generator.normal(size=(n, 1)) + math.sqrt(1 - rho) * generator.normal(size=(n, k))
    codes = [f"l{i}" for i in range(k)]
    values = 0.5 + 0.1 * latent
    rows = [("a", code, f"s{i:04d}", f"i{i:04d}", values[i, j]) for i in range(n) for j, code in enumerate(codes)]
    found = summaries(cluster_values(frame(rows), ["system"]), ("a",), codes)["all"]
    expected = 0.1 * math.sqrt((1 + (k - 1) * rho) / k / n)
    assert found.interval.standard_error == pytest.approx(expected, rel=0.05)


def test_groups_are_yielded_in_the_order_asked() -> None:
    data = cluster_values(frame(ROWS), ["system"])
    wanted = {("b",): [Group("language", "deu_Latn", ("deu_Latn",))], ("a",): [Group("macro", "all", ("deu_Latn",))]}
    assert [(series, group.level) for series, group, _ in summarise(data, wanted, FEW)] == [
        (("b",), "language"),
        (("a",), "macro"),
    ]


def test_validation_names_columns_rows_and_values() -> None:
    table = pd.DataFrame({"system": ["a", "a", "b"], "value": [1.0, math.nan, 2.0]})
    require_columns(table, ["system", "value"], "scores")
    with pytest.raises(DataError, match="the scores have no column task") as caught:
        require_columns(table, ["system", "task"], "scores")
    assert "columns found: system, value" in caught.value.why
    refuse_duplicates(table, ["system", "value"], "scores")
    with pytest.raises(DataError, match="1 of 3 scores occur twice"):
        refuse_duplicates(table, ["system"], "scores")
    with pytest.raises(DataError, match="not good") as caught:
        refuse_values(table, ~finite(table["value"]), "not good", ["system"], "value")
    assert (caught.value.where, caught.value.why) == ("system=a", "value is nan")
    assert describe(table, ["system", "value"]) == "system=a value=1.0"


def test_finite_knows_missing_and_infinite_numbers() -> None:
    values = pd.Series([0.0, math.nan, math.inf, -math.inf, 1e308])
    assert finite(values).tolist() == [True, False, False, False, True]
    assert finite(pd.Series([1, 2, 3])).tolist() == [True] * 3


def test_turns_of_one_conversation_are_one_source_item_and_have_no_interval(make_scores: Make) -> None:
    turns = make_scores({"deu_Latn": np.array([1.0, 0.0, 1.0])}).assign(source_id="conversation")
    rows = mean_scores(turns, rounds=100)
    found = rows[rows["level"] == "language"].iloc[0]
    assert (found["n"], found["n_clusters"]) == (3, 1)
    assert found["note"] == "one source item only: no interval"
