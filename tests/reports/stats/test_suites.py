"""Averages over the tasks of a suite."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.stats import mean_scores, win_rates
from polyarena.reports.stats.suites import suite_averages
from polyarena.tasks.errors import DataError

Make = Callable[..., pd.DataFrame]
CODES = ("deu_Latn", "swh_Latn", "tha_Thai")
SUITES = {"ours": ("exam", "quiz", "never asked")}


def asked(make: Make, system: str, task: str, items: int, seed: int = 0, **constant: object) -> pd.DataFrame:
    generator = np.random.default_rng([seed, items, len(task), len(system)])
    values = {code: generator.integers(0, 2, items).astype(float) for code in CODES}
    return make(values, system=system, task=task, **constant)


@pytest.fixture
def scores(make_scores: Make) -> pd.DataFrame:
    parts = [asked(make_scores, system, task, items) for system in ("new", "other") for task, items in
             (("exam", 60), ("quiz", 25), ("apart", 30))]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def test_it_is_the_mean_of_the_tasks_macro_averages(scores: pd.DataFrame) -> None:
    found = suite_averages(scores, SUITES, rounds=50).set_index("system")
    macro = mean_scores(scores, rounds=2, groupings={}).query("level == 'macro' and task != 'apart'")
    for system, own in macro.groupby("system"):
        assert found.loc[system, "value"] == pytest.approx(own["value"].mean())
        assert found.loc[system, "standard_error"] == pytest.approx(np.sqrt((own["standard_error"] ** 2).sum()) / 2)
        assert found.loc[system, "n"] == own["n"].sum()
    assert set(found["level"]) == {"suite"}
    assert set(found["task"]) == {"ours"}
    assert found.loc["new", "signature"].startswith("suite:ours|tasks:exam+quiz|metric:accuracy|languages:3|n:255|")


def test_win_rates_are_averaged_too(make_battles: Make, drawn: Callable[..., dict[str, np.ndarray]]) -> None:
    parts = [make_battles(drawn(CODES, items, items), task=task) for task, items in (("exam", 50), ("quiz", 20))]
    battles = pd.concat(parts, ignore_index=True)
    found = suite_averages(battles, SUITES).iloc[0]
    macro = win_rates(battles, rounds=2, groupings={}).query("level == 'macro'")
    assert found["value"] == pytest.approx(macro["value"].mean())
    assert (found["judge"], found["baseline"], found["metric"]) == ("rules", "old", "win_rate")
    assert found["low"] < found["value"] < found["high"]
    mirrored = suite_averages(battles.assign(score=1 - battles["score"]), SUITES).iloc[0]
    assert (mirrored["low"], mirrored["high"]) == pytest.approx((1 - found["high"], 1 - found["low"]), abs=1e-9)


def test_order_of_rows_tasks_and_other_suites_changes_no_bit(scores: pd.DataFrame) -> None:
    first = suite_averages(scores, SUITES, rounds=60, method="percentile")
    mixed = suite_averages(
        scores.sample(frac=1, random_state=1), {"ours": ("quiz", "exam"), "alone": ("exam",)}, rounds=60,
        method="percentile",
    )  # fmt: skip
    pd.testing.assert_frame_equal(first, mixed, rtol=0, atol=0)


@pytest.mark.parametrize("method", ["wilson", "percentile", "bca", "student"])
def test_all_methods_agree_in_the_middle(scores: pd.DataFrame, method: str) -> None:
    found = suite_averages(scores, SUITES, rounds=4000, method=method).iloc[0]
    half = 1.96 * found["standard_error"]
    assert found["method"] == method
    assert found["low"] == pytest.approx(found["value"] - half, abs=0.3 * half)
    assert found["high"] == pytest.approx(found["value"] + half, abs=0.3 * half)


def test_tasks_with_the_same_names_of_items_are_drawn_apart(make_scores: Make) -> None:
    """As one draw for both, two opposite tasks would have an average without any spread."""
    values = np.tile([0.0, 3.0], 40)
    exam, quiz = (make_scores({"deu_Latn": each}, task=task) for task, each in (("exam", values), ("quiz", 3 - values)))
    found = suite_averages(pd.concat([exam, quiz]), SUITES, rounds=2000).iloc[0]
    assert found["method"] == "percentile"
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * found["standard_error"], rel=0.12)


def test_a_small_task_decides_how_sure_the_average_is(make_scores: Make) -> None:
    held = 0
    for seed in range(150):
        both = [asked(make_scores, "new", "exam", 300, seed), asked(make_scores, "new", "quiz", 12, seed)]
        found = suite_averages(pd.concat(both), SUITES).iloc[0]
        held += found["low"] <= 0.5 <= found["high"]
    assert held / 150 >= 0.95 - 0.053


def test_what_another_system_lacks_is_not_averaged_and_named(scores: pd.DataFrame) -> None:
    suites = {"ours": ("exam", "quiz", "apart")}
    without = scores[(scores["system"] != "other") | (scores["task"] != "apart")]
    found = suite_averages(without, suites)
    assert found["note"].str.endswith("lacks them: apart").all()
    assert found["value"].tolist() == suite_averages(scores, SUITES)["value"].tolist()
    fewer = scores[(scores["system"] != "other") | (scores["language"] != "tha_Thai")]
    assert set(suite_averages(fewer, SUITES)["n_languages"]) == {2}


def test_one_task_is_no_average_and_metrics_are_not_mixed(scores: pd.DataFrame, make_scores: Make) -> None:
    assert suite_averages(scores, {"ours": ("exam",)}).empty
    assert suite_averages(scores, {}).empty
    other = scores.assign(metric=scores["task"].map({"exam": "accuracy", "quiz": "f1", "apart": "f1"}))
    assert suite_averages(other, SUITES).empty


def test_one_item_has_a_value_and_a_reason(make_scores: Make) -> None:
    rows = [make_scores({"deu_Latn": [1.0]}, task="exam"), make_scores({"deu_Latn": [0.0, 1.0]}, task="quiz")]
    found = suite_averages(pd.concat(rows), SUITES).iloc[0]
    assert found["value"] == 0.75
    assert np.isnan(found["low"])
    assert found["note"] == "one source item only in a language of exam: no interval"


def test_unsound_frames_are_refused(scores: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="occur twice"):
        suite_averages(pd.concat([scores, scores]), SUITES)
