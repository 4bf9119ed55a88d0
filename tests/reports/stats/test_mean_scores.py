from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.stats import estimates_table, mean_scores
from polyarena.tasks.errors import DataError
from polyarena.tasks.signature import Signature

Make = Callable[..., pd.DataFrame]


def row(estimates: pd.DataFrame, group: str = "all", system: str = "new") -> Any:
    found = estimates[(estimates["group"] == group) & (estimates["system"] == system)]
    assert len(found) == 1
    return found.iloc[0]


def test_means_by_language_and_over_languages(make_scores: Make) -> None:
    found = mean_scores(make_scores({"deu_Latn": [1, 1, 0, 0], "swh_Latn": [1, 0]}), rounds=100)
    assert row(found, "deu_Latn")["value"] == 0.5
    assert row(found)["value"] == 0.5
    assert row(found)["metric"] == "accuracy"
    assert found["baseline"].isna().all()
    assert found["judge"].isna().all()
    assert found["worst"].isna().all()
    assert (found["n_invalid"] == 0).all()


def test_samples_of_an_item_are_averaged_first(make_scores: Make) -> None:
    """Three samples of each of ten items are ten pieces of evidence."""
    values = np.random.default_rng(0).random(10)
    once = make_scores({"deu_Latn": values})
    thrice = pd.concat([once.assign(sample_index=i, value=once["value"] + d) for i, d in enumerate((-0.1, 0.0, 0.1))])
    single, repeated = (row(mean_scores(scores, rounds=200), "deu_Latn") for scores in (once, thrice))
    assert repeated["value"] == pytest.approx(single["value"])
    assert repeated["standard_error"] == pytest.approx(single["standard_error"])
    assert repeated["n"] == repeated["n_clusters"] == 10


def test_items_of_one_source_are_one_cluster(make_scores: Make) -> None:
    scores = make_scores({"deu_Latn": [1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1]})
    paired = scores.assign(source_id=[f"s{i // 2}" for i in range(12)])
    found, apart = row(mean_scores(paired, rounds=200), "deu_Latn"), row(mean_scores(scores, rounds=200), "deu_Latn")
    assert (found["n"], found["n_clusters"]) == (12, 6)
    pairs = np.array([1, 0, 1, 0, 1, 1])
    assert found["standard_error"] == pytest.approx(pairs.std(ddof=1) / math.sqrt(6))
    assert found["standard_error"] > apart["standard_error"]


def test_order_of_rows_and_samples_changes_nothing_to_the_bit(make_scores: Make) -> None:
    values = np.random.default_rng(1).random(30) / 3
    scores = pd.concat([make_scores({"deu_Latn": values, "tha_Thai": values**2}, sample_index=i) for i in range(3)])
    scores["value"] *= 1 + 0.1 * scores["sample_index"]
    shuffled = scores.sample(frac=1, random_state=0)
    first, second = (estimates_table([mean_scores(frame, rounds=200)]) for frame in (scores, shuffled))
    assert first.equals(second)


def test_only_common_languages_are_averaged_and_the_others_named(make_scores: Make) -> None:
    scores = pd.concat(
        [
            make_scores({"deu_Latn": [1, 0, 1], "swh_Latn": [0, 0, 0]}, system="new"),
            make_scores({"deu_Latn": [1, 1, 1]}, system="old"),
        ]
    )
    found = mean_scores(scores, rounds=100)
    macro = row(found)
    assert macro["value"] == pytest.approx(2 / 3)
    assert macro["n_languages"] == 1
    assert macro["note"] == "not averaged, as another system lacks them: Swahili"
    assert row(found, system="old")["note"] == ""
    assert row(found, "swh_Latn")["value"] == 0


def test_systems_without_a_common_language_are_averaged_over_their_own_and_flagged(make_scores: Make) -> None:
    scores = pd.concat(
        [make_scores({"deu_Latn": [1, 0, 1]}, system="new"), make_scores({"swh_Latn": [1, 1, 1]}, system="old")]
    )
    found = mean_scores(scores, rounds=100)
    macro = row(found)
    assert macro["value"] == pytest.approx(2 / 3)
    assert macro["flag"] == "averaged over 1 of 2 languages, not the same for all systems"
    assert row(found, "deu_Latn")["flag"] == ""


def test_metrics_and_tasks_are_kept_apart(make_scores: Make) -> None:
    scores = pd.concat(
        [
            make_scores({"deu_Latn": [1, 0, 1]}),
            make_scores({"deu_Latn": [40, 50, 60]}, metric="chrf"),
            make_scores({"deu_Latn": [0, 0, 1]}, task="other"),
        ]
    )
    found = mean_scores(scores, rounds=100)
    macro = found[found["level"] == "macro"].set_index(["task", "metric"])["value"]
    assert macro.to_dict() == pytest.approx(
        {("names", "accuracy"): 2 / 3, ("names", "chrf"): 50, ("other", "accuracy"): 1 / 3}
    )


def test_scores_beyond_shares_get_percentile_intervals_only(make_scores: Make) -> None:
    values = np.random.default_rng(2).normal(50, 10, 40)
    many = row(mean_scores(make_scores({"deu_Latn": values}, metric="chrf"), rounds=500), "deu_Latn")
    assert many["method"] == "percentile"
    assert many["low"] < values.mean() < many["high"]
    few = row(mean_scores(make_scores({"deu_Latn": values[:5]}, metric="chrf"), rounds=500), "deu_Latn")
    assert (few["method"], math.isnan(few["low"])) == ("none", True)
    assert "5 items are too few" in few["note"]


def test_signatures_come_from_the_scores_unless_given(make_scores: Make) -> None:
    scores = make_scores({"deu_Latn": [1, 0, 1]})
    assert row(mean_scores(scores, rounds=50))["signature"].startswith("task:names@0.1|metric:accuracy|macro:1|n:3|")
    given = mean_scores(scores, rounds=50, signatures={("names", "accuracy"): Signature.parse("mine")})
    assert row(given)["signature"].startswith("mine|macro:1|")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_scores_that_are_no_numbers_are_refused(make_scores: Make, value: float | None) -> None:
    scores = make_scores({"deu_Latn": [1, 0, 1]})
    scores.loc[2, "value"] = value
    with pytest.raises(DataError, match="not a finite number") as caught:
        mean_scores(scores)
    assert "system=new task=names metric=accuracy language=deu_Latn item_id=deu_Latn-002" in caught.value.where


def test_scores_that_occur_twice_are_refused(make_scores: Make) -> None:
    scores = make_scores({"deu_Latn": [1, 0, 1]})
    with pytest.raises(DataError, match="3 of 6 scores occur twice"):
        mean_scores(pd.concat([scores, scores]))


def test_a_missing_column_is_named(make_scores: Make) -> None:
    with pytest.raises(DataError, match="no column metric, value"):
        mean_scores(make_scores({"deu_Latn": [1]}).drop(columns=["metric", "value"]))


def test_no_scores_give_an_empty_table(make_scores: Make) -> None:
    assert mean_scores(make_scores({"deu_Latn": [1]}).head(0)).empty
