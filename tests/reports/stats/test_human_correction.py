"""A judge corrected by people."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.stats.human_correction import correct_by_humans
from polyarena.reports.stats.prediction_powered import LanguageLabels, corrected_mean
from polyarena.tasks.errors import DataError

Make = Callable[..., pd.DataFrame]


def population(generator: np.random.Generator, items: int, agreement: float) -> tuple[np.ndarray, np.ndarray]:
    """People prefer the candidate in half of the items, the judge too often; they agree as stated."""
    humans = (generator.random(items) < 0.5).astype(float)
    judge = np.where(generator.random(items) < agreement, humans, generator.random(items) < 0.7).astype(float)
    return humans, judge


def language(humans: np.ndarray, judge: np.ndarray, labelled: int, first: int = 0) -> LanguageLabels:
    known = np.where(np.arange(len(humans)) < labelled, humans, np.nan)
    return LanguageLabels(judge, known, first + np.arange(len(humans)))


def labels_of(battles: pd.DataFrame, scores: Any) -> pd.DataFrame:
    return battles[["task", "language", "item_id", "candidate", "baseline"]].assign(score=scores)


def test_the_weight_makes_the_variance_smallest() -> None:
    generator = np.random.default_rng(0)
    humans, judge = population(generator, 4000, 0.7)
    people, verdicts, others = humans[:400], judge[:400], judge[400:]
    labelled = np.where(np.arange(4000) < 400, humans, np.nan)
    weight = corrected_mean([LanguageLabels(judge, labelled, np.arange(4000))], 0.95).weight

    def variance(each: float) -> float:
        return float((people - each * verdicts).var(ddof=1) / 400 + each**2 * others.var(ddof=1) / 3600)

    assert variance(weight) <= min(variance(each) for each in np.linspace(0, 1, 101)) * 1.01
    assert 0.3 < weight < 1


def test_the_estimate_is_the_formula() -> None:
    humans, judge = population(np.random.default_rng(1), 300, 0.8)
    found = corrected_mean([language(humans, judge, 100)], 0.95)
    weight = found.weight
    assert weight is not None
    expected = (humans[:100] - weight * judge[:100]).mean() + weight * judge[100:].mean()
    assert found.value == pytest.approx(expected)
    plug_in = (humans[:100] - weight * judge[:100]).var(ddof=1) / 100 + weight**2 * judge[100:].var(ddof=1) / 200
    assert 1 < found.standard_error / math.sqrt(plug_in) < 1.05
    assert found.humans == pytest.approx(humans[:100].mean())
    assert found.judge_alone == pytest.approx(judge.mean())
    assert (found.n_labelled, found.n_judged) == (100, 300)


def test_a_judge_who_knows_nothing_leaves_people_s_scores() -> None:
    humans, _ = population(np.random.default_rng(2), 200, 0.8)
    found = corrected_mean([language(humans, np.ones(200), 60)], 0.95)
    assert found.weight == 0
    assert (found.value, found.low, found.high) == (found.humans, found.humans_low, found.humans_high)


def test_everything_labelled_is_people_s_mean() -> None:
    humans, judge = population(np.random.default_rng(3), 80, 0.8)
    found = corrected_mean([language(humans, judge, 80)], 0.95)
    assert found.value == pytest.approx(humans.mean())
    assert found.standard_error == pytest.approx(humans.std(ddof=1) / math.sqrt(80))


@pytest.mark.parametrize("labelled", [50, 100])
def test_intervals_hold_people_s_mean_and_the_judge_s_alone_does_not(labelled: int) -> None:
    """Nominal 95%, three standard errors of 600 simulations are 2.7 points."""
    generator = np.random.default_rng(4)
    held = alone = 0
    widths = []
    for _ in range(600):
        humans, judge = population(generator, 600, 0.8)
        found = corrected_mean([language(humans, judge, labelled)], 0.95)
        held += found.low <= 0.5 <= found.high
        alone += abs(judge.mean() - 0.5) <= 1.96 * judge.std() / math.sqrt(600)
        widths.append((found.high - found.low) / (found.humans_high - found.humans_low))
    assert 0.935 - 0.027 <= held / 600 <= 0.965 + 0.027
    assert alone / 600 < 0.7
    assert np.mean(widths) < 0.8


def test_languages_that_share_prompts_are_not_independent() -> None:
    humans, judge = population(np.random.default_rng(5), 200, 0.8)
    same = corrected_mean([language(humans, judge, 60)] * 4, 0.95)
    apart = corrected_mean([language(humans, judge, 60, first=200 * i) for i in range(4)], 0.95)
    assert same.value == pytest.approx(apart.value)
    assert same.standard_error == pytest.approx(2 * apart.standard_error)


def test_a_frame_has_languages_and_averages(make_battles: Make) -> None:
    generator = np.random.default_rng(6)
    drawn = {code: population(generator, 120, 0.8) for code in ("deu_Latn", "swh_Latn")}
    battles = make_battles({code: judge for code, (_, judge) in drawn.items()})
    humans = np.concatenate([humans for humans, _ in drawn.values()])
    some = (battles.index % 120) < 60
    labels = labels_of(battles[some], humans[some])
    found = correct_by_humans(battles, labels).set_index("group")
    assert found.loc["all", "humans"] == pytest.approx(found.loc[["deu_Latn", "swh_Latn"], "humans"].mean())
    weights = found.loc[["deu_Latn", "swh_Latn"], "weight"]
    assert weights.min() < found.loc["all", "weight"] < weights.max()
    assert (found.loc["all", "n_labelled"], found.loc["all", "n_languages"]) == (120, 2)
    assert set(found["note"]) == {""}
    twice = correct_by_humans(battles, pd.concat([labels, labels]).sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(twice, correct_by_humans(battles, labels))


def test_few_labels_are_said_and_none_leave_the_judge_alone(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0] * 30, "swh_Latn": [1.0, 0.5] * 30})
    labels = labels_of(battles[:20], [1.0, 0.0] * 10)
    found = correct_by_humans(battles, labels).set_index("group")
    assert "20 labels only" in found.loc["deu_Latn", "note"]
    assert "fewer than two labels" in found.loc["swh_Latn", "note"]
    assert np.isnan(found.loc["swh_Latn", "value"])
    assert found.loc["swh_Latn", "judge_alone"] == 0.75
    assert "not averaged, fewer than two labels: swh_Latn" in found.loc["all", "note"]
    assert found.loc["all", "n_languages"] == 1


def test_labels_that_fit_nothing_are_refused(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0]})
    labels = labels_of(battles, [1.0, 0.0])
    with pytest.raises(DataError, match="1 of 2 labels are of no battle"):
        correct_by_humans(battles, labels.assign(item_id=["deu_Latn-000", "other"]))
    with pytest.raises(DataError, match="score of a label lies outside"):
        correct_by_humans(battles, labels.assign(score=2.0))
    with pytest.raises(DataError, match="labels have no column score"):
        correct_by_humans(battles, labels.drop(columns="score"))
    with pytest.raises(DataError, match="occur twice"):
        correct_by_humans(pd.concat([battles, battles]), labels)
