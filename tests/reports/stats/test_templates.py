"""The median and the mean over the prompt templates of a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.reports.records import ESTIMATE_SCHEMA
from polyarena.reports.stats import estimates_table, mean_scores
from polyarena.reports.stats.clustered import Clustered, cluster_values
from polyarena.reports.stats.groupings import Group
from polyarena.reports.stats.summary import Settings, summarise
from polyarena.reports.stats.templates import template_columns, template_scores
from polyarena.reports.template_names import is_over_templates, over_templates, plain_metric
from polyarena.tasks.errors import DataError
from polyarena.tasks.metrics.corpus import CHRF_STATISTICS
from polyarena.tasks.signature import Signature

Make = Callable[..., pd.DataFrame]

FAMILIES = {"nli": ("nli", "plain"), "nli.claim": ("nli", "claim"), "nli.asked": ("nli", "asked")}
MEDIAN = "accuracy (median of 3 templates)"
MEAN = "accuracy (mean of 3 templates)"


def asked(make: Make, by_task: dict[str, dict[str, Sequence[float]]], **constant: object) -> pd.DataFrame:
    return pd.concat([make(values, task=task, **constant) for task, values in by_task.items()], ignore_index=True)


@pytest.fixture
def scores(make_scores: Make) -> pd.DataFrame:
    """Three templates with 40 items in two languages: 60, 20 and 40% right in German, 10, 30 and 50% in Thai."""
    right = {"nli": (24, 4), "nli.claim": (8, 12), "nli.asked": (16, 20)}
    return asked(
        make_scores,
        {task: {"deu_Latn": [1.0] * a + [0.0] * (40 - a), "tha_Thai": [1.0] * b + [0.0] * (40 - b)}
         for task, (a, b) in right.items()},
    )  # fmt: skip


def of(estimates: pd.DataFrame, metric: str, group: str) -> pd.Series:
    return estimates[(estimates["metric"] == metric) & (estimates["group"] == group)].iloc[0]


def test_the_median_and_the_mean_are_taken_within_each_language(scores: pd.DataFrame) -> None:
    found = template_scores(scores, FAMILIES, rounds=200)
    assert set(found["task"]) == {"nli"}
    assert set(found["metric"]) == {MEDIAN, MEAN}
    assert of(found, MEDIAN, "deu_Latn")["value"] == pytest.approx(0.4)
    assert of(found, MEDIAN, "tha_Thai")["value"] == pytest.approx(0.3)
    assert of(found, MEDIAN, "all")["value"] == pytest.approx(0.35)
    assert of(found, MEAN, "all")["value"] == pytest.approx((0.4 + 0.3) / 2)


def test_the_spread_is_that_of_single_templates(scores: pd.DataFrame) -> None:
    found = template_scores(scores, FAMILIES, rounds=200)
    german, average = of(found, MEDIAN, "deu_Latn"), of(found, MEDIAN, "all")
    assert (german["lowest"], german["highest"]) == pytest.approx((0.2, 0.6))
    # Averages of single templates: 35, 25 and 45%.
    assert (average["lowest"], average["highest"]) == pytest.approx((0.25, 0.45))


def test_an_item_counts_once(scores: pd.DataFrame) -> None:
    found = template_scores(scores, FAMILIES, rounds=200)
    assert of(found, MEDIAN, "deu_Latn")["n"] == of(found, MEDIAN, "deu_Latn")["n_clusters"] == 40
    assert (of(found, MEDIAN, "all")["n"], of(found, MEDIAN, "all")["n_clusters"]) == (80, 40)


def test_templates_that_agree_are_one_template(make_scores: Make, drawn: Callable[..., dict]) -> None:
    values = {code: (v > 0.4).astype(float) for code, v in drawn(["deu_Latn", "tha_Thai"], 60).items()}
    same = asked(make_scores, dict.fromkeys(FAMILIES, values))
    found = template_scores(same, FAMILIES, rounds=400, seed=5)
    alone = mean_scores(make_scores(values), rounds=400, seed=5).set_index("group")
    for metric in (MEDIAN, MEAN):
        part = found[found["metric"] == metric].set_index("group").loc[alone.index]
        assert part["value"].to_numpy() == pytest.approx(alone["value"].to_numpy())
        for column in ("low", "high"):
            assert part[column].to_numpy() == pytest.approx(alone[column].to_numpy(), abs=0.012)
        assert part["standard_error"].to_numpy() == pytest.approx(alone["standard_error"].to_numpy(), rel=0.12)


def test_the_standard_error_is_that_of_the_rounds(make_scores: Make) -> None:
    """Three equally good templates: their median varies less than one of them and more than their mean."""
    generator = np.random.default_rng(3)
    by_task = {task: {"deu_Latn": generator.integers(0, 2, 400).astype(float)} for task in FAMILIES}
    found = template_scores(asked(make_scores, by_task), FAMILIES, rounds=4000)
    single = np.sqrt(0.25 / 400)
    median, mean = of(found, MEDIAN, "deu_Latn"), of(found, MEAN, "deu_Latn")
    assert mean["standard_error"] == pytest.approx(single / np.sqrt(3), rel=0.1)
    assert mean["standard_error"] < median["standard_error"] < 0.95 * single
    width = (median["high"] - median["low"]) / 3.92
    assert width == pytest.approx(median["standard_error"], rel=0.1)


def test_intervals_of_the_median_cover() -> None:
    """300 data sets of 80 items and three templates of different difficulty, with items hard in all of them."""
    generator = np.random.default_rng(11)
    edges = (-0.3, 0.0, 0.4)
    latent = generator.normal(size=(300, 80, 1)) * 0.8 + generator.normal(size=(300, 80, 3)) * 0.6
    right = (latent > np.array(edges)).astype(float)
    columns = tuple((("m", "s", task), "deu_Latn") for task in FAMILIES)
    clusters = tuple(f"{i:02d}" for i in range(80))
    settings = Settings(rounds=300)
    hits = 0
    for data in right:
        single = Clustered(clusters, np.zeros(80, int), columns, data, np.ones_like(data), np.ones(3, bool))
        joined = template_columns(single, "median", settings)
        groups = {("m", "s"): [Group("language", "deu_Latn", ("deu_Latn",))]}
        ((_, _, summary),) = summarise(joined, groups, settings)
        assert summary.interval.low is not None
        assert summary.interval.high is not None
        hits += summary.interval.low <= 0.5 <= summary.interval.high
    assert 0.915 <= hits / 300 <= 0.985


def test_only_what_all_templates_were_asked_counts(scores: pd.DataFrame) -> None:
    lacking = scores.drop(scores[(scores["task"] == "nli") & (scores["item_id"] == "deu_Latn-000")].index)
    lacking = lacking[~((lacking["task"] == "nli.claim") & (lacking["language"] == "tha_Thai"))]
    found = template_scores(lacking, FAMILIES, rounds=100)
    assert set(found["group"]) == {"all", "high", "deu_Latn"}
    assert of(found, MEDIAN, "deu_Latn")["n"] == 39
    assert of(found, MEDIAN, "deu_Latn")["value"] == pytest.approx(15 / 39)


def test_a_family_with_one_template_has_nothing_to_take(scores: pd.DataFrame) -> None:
    alone = scores[scores["task"] == "nli.claim"]
    assert template_scores(alone, FAMILIES).empty
    assert template_scores(scores, {}).empty
    assert list(template_scores(alone, FAMILIES).columns) == list(ESTIMATE_SCHEMA.names)


def test_systems_are_kept_apart(scores: pd.DataFrame) -> None:
    worse = scores.assign(system="old", value=scores["value"] * (scores["item_id"].str[-1] != "1"))
    found = template_scores(pd.concat([scores, worse]), FAMILIES, rounds=100)
    values = found[(found["metric"] == MEDIAN) & (found["level"] == "macro")].set_index("system")["value"]
    assert values["new"] == pytest.approx(0.35)
    assert values["old"] < values["new"]


def test_the_signature_names_the_templates(scores: pd.DataFrame) -> None:
    found = template_scores(
        scores, FAMILIES, rounds=100, signatures={("nli", "accuracy"): Signature.parse("task:nli@1")}
    )
    signature = of(found, MEDIAN, "deu_Latn")["signature"]
    assert signature.startswith("task:nli@1|median:asked+claim+plain|n:40|B:100|")
    own = of(template_scores(scores, FAMILIES, rounds=100), MEAN, "deu_Latn")["signature"]
    assert "|mean:asked+claim+plain|" in own


def test_estimates_over_templates_go_with_all_others(scores: pd.DataFrame) -> None:
    frames = [mean_scores(scores, rounds=100), template_scores(scores, FAMILIES, rounds=100)]
    table = estimates_table(frames).to_pandas()
    assert not table.duplicated(["system", "task", "metric", "level", "group"]).any()
    assert table["lowest"].notna().sum() == 2 * len(table[table["metric"] == MEDIAN])


def test_row_order_changes_nothing(scores: pd.DataFrame) -> None:
    shuffled = scores.sample(frac=1, random_state=4)
    first, second = (template_scores(part, FAMILIES, rounds=100) for part in (scores, shuffled))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_metrics_of_a_corpus_go_by_their_formula(make_scores: Make) -> None:
    generator = np.random.default_rng(0)
    parts = []
    for task in FAMILIES:
        part = make_scores({"deu_Latn": [0.0] * 12}, task=task, metric="chrf++", signature="metric:chrf++")
        part["statistics"] = list(np.sort(generator.integers(1, 30, (12, CHRF_STATISTICS)))[:, ::-1].astype(float))
        parts.append(part)
    scores = pd.concat(parts, ignore_index=True)
    found = template_scores(scores, FAMILIES, rounds=100)
    single = mean_scores(scores, rounds=100)
    values = sorted(single[single["level"] == "macro"]["value"])
    row = of(found, "chrf++ (median of 3 templates)", "deu_Latn")
    assert row["value"] == pytest.approx(values[1])
    assert (row["lowest"], row["highest"]) == pytest.approx((values[0], values[2]))
    with pytest.raises(DataError, match="statistics"):
        template_scores(scores.assign(statistics=[[1.0]] * len(scores)), FAMILIES, rounds=100)


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=12, max_size=12), min_size=2, max_size=6),
    st.sampled_from(["median", "mean"]),
)
def test_the_estimate_lies_within_the_templates(values: list[list[int]], statistic: str) -> None:
    frame = pd.DataFrame(
        [
            {"metric": "m", "system": "s", "template": f"t{t}", "language": "deu_Latn", "source_id": f"{i:02d}",
             "item_id": str(i), "value": value / 4}
            for t, row in enumerate(values)
            for i, value in enumerate(row)
        ]
    )  # fmt: skip
    data = cluster_values(frame, ("metric", "system", "template"))
    joined = template_columns(data, statistic, Settings(rounds=40))  # type: ignore[arg-type]
    means = [np.mean(row) / 4 for row in values]
    assert joined.columns == ((("m", "s"), "deu_Latn"),)
    assert min(means) - 1e-12 <= joined.value(0) <= max(means) + 1e-12
    assert joined.value(0) == pytest.approx(getattr(np, statistic)(means))
    assert joined.counts[:, 0].tolist() == [1.0] * 12
    assert joined.influence(0).sum() == pytest.approx(0, abs=1e-9)
    assert np.isfinite(joined.replicates([0], rounds=40, seed=0)).all()


def test_names_can_be_taken_apart_again() -> None:
    name = over_templates("acc", "median", 5)
    assert name == "acc (median of 5 templates)"
    assert (plain_metric(name), plain_metric("acc"), plain_metric("f1 (x)")) == ("acc", "acc", "f1 (x)")
    assert is_over_templates(name)
    assert is_over_templates(name, "median")
    assert not is_over_templates(name, "mean")
    assert not is_over_templates("acc")
