"""Items averaged over prompt templates: the same means as over templates, ready for comparisons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from polyarena.harness.experiment import Experiment
from polyarena.harness.lock.model import Lock, LockedExperiment
from polyarena.harness.reporting.secondary_results import secondary_results
from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.page.tables import comparison_table, equity_table
from polyarena.reports.stats import compare, equity, mean_scores
from polyarena.reports.stats.template_items import template_items
from polyarena.reports.stats.templates import template_scores

Make = Callable[..., pd.DataFrame]
CODES = ("deu_Latn", "eng_Latn", "tha_Thai")
FAMILIES = {"nli": ("nli", "plain"), "nli.claim": ("nli", "claim"), "nli.asked": ("nli", "asked")}
MEAN = "accuracy (mean of 3 templates)"


@pytest.fixture
def scores(make_scores: Make) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.concat(
        [
            make_scores({code: generator.random(30) < chance for code in CODES}, task=task, system=system)
            for system, skill in (("new", 0.7), ("old", 0.4))
            for task, chance in zip(FAMILIES, (skill, skill - 0.2, skill + 0.1), strict=True)
        ],
        ignore_index=True,
    )


def test_the_mean_is_that_over_templates_to_the_last_group(scores: pd.DataFrame) -> None:
    items = template_items(scores, FAMILIES)
    assert set(items["metric"]) == {MEAN}
    assert set(items["task"]) == {"nli"}
    assert len(items) == 2 * 3 * 30
    ours = mean_scores(items, rounds=50).set_index(["system", "level", "group"])["value"]
    over = template_scores(scores, FAMILIES, rounds=50)
    theirs = over[over["metric"] == MEAN].set_index(["system", "level", "group"])["value"]
    pd.testing.assert_series_equal(ours.sort_index(), theirs.sort_index(), check_exact=False, rtol=1e-12)


def test_items_that_a_template_lacks_are_left_out(scores: pd.DataFrame) -> None:
    short = scores.drop(scores[(scores["task"] == "nli.claim") & (scores["system"] == "new")].index[:5])
    items = template_items(short, FAMILIES)
    assert len(items) == 2 * 3 * 30 - 5


def test_a_template_with_more_samples_weighs_no_more(scores: pd.DataFrame) -> None:
    more = pd.concat([scores, scores[scores["task"] == "nli"].assign(sample_index=1)])
    pd.testing.assert_frame_equal(template_items(more, FAMILIES), template_items(scores, FAMILIES))


def test_row_order_changes_nothing(scores: pd.DataFrame) -> None:
    mixed = scores.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(template_items(mixed, FAMILIES), template_items(scores, FAMILIES))


def test_without_a_family_there_is_nothing(scores: pd.DataFrame) -> None:
    assert template_items(scores, {}).empty
    assert template_items(scores, {"nli": ("nli", "plain")}).empty
    assert list(template_items(scores, {}).columns) == list(scores.columns)
    corpus = scores.assign(statistics=[[1.0]] * len(scores))
    assert template_items(corpus, FAMILIES).empty


def test_comparisons_and_evenness_take_them_like_any_metric(scores: pd.DataFrame) -> None:
    items = template_items(scores, FAMILIES)
    found = compare(items, "new", "old", rounds=100)
    macro = found[found["level"] == "macro"].iloc[0]
    wide = items.pivot_table(index=["language", "item_id"], columns="system", values="value")
    expected = (wide["new"] - wide["old"]).groupby("language").mean().mean()
    assert macro["difference"] == pytest.approx(expected)
    assert macro["low"] < macro["difference"] < macro["high"]
    even = equity(items, rounds=100)
    assert set(even["metric"]) == {MEAN}


def lock() -> Lock:
    experiment = Experiment.model_validate(
        {
            "name": "e",
            "systems": [{"name": name, "model": "completions"} for name in ("new", "old")],
            "baseline": "old",
            "tasks": ["polyarena_mini"],
            "statistics": {"rounds": 100},
        }
    )
    return Lock(experiment=LockedExperiment(name="e", digest="", resolved=experiment))


def test_the_report_shows_the_mean_in_the_place_of_single_templates(scores: pd.DataFrame) -> None:
    found = secondary_results(lock(), BATTLE_SCHEMA.empty_table().to_pandas(), scores, FAMILIES)
    assert set(found.comparisons["metric"]) == {"accuracy", MEAN}
    assert set(found.equity["task"]) == set(FAMILIES)
    for sheet in (comparison_table(found.comparisons), equity_table(found.equity)):
        assert sheet is not None
        assert all(MEAN in " ".join(row) for row in sheet.rows)
    compared = comparison_table(found.comparisons)
    assert compared is not None
    assert len(compared.rows) == 1
    plain = secondary_results(lock(), BATTLE_SCHEMA.empty_table().to_pandas(), scores)
    sheet = comparison_table(plain.comparisons)
    assert sheet is not None
    assert len(sheet.rows) == 3
