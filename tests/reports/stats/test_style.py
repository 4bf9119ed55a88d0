"""Win rates at equal style."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from polyarena.reports.stats.style import style_control
from polyarena.reports.stats.style_model import RIDGE, StyleData, fit_style
from polyarena.reports.stats.text_style import FEATURES, style_features, text_features
from polyarena.reports.stats.win_rates import win_rates
from polyarena.tasks.errors import DataError

Make = Callable[..., pd.DataFrame]
CODES = ("deu_Latn", "tha_Thai")


def styled(make: Make, items: int, effect: float, skill: float = 0.0, seed: int = 0) -> tuple[Any, Any]:
    """Battles whose candidate writes longer, with a judge who likes that; Thai texts are shorter in characters."""
    generator = np.random.default_rng(seed)
    values, parts = {}, []
    for code, typical in zip(CODES, (6.5, 5.0), strict=True):
        ours = np.exp(generator.normal(typical + 0.5, 0.5, items)).round()
        theirs = np.exp(generator.normal(typical, 0.5, items)).round()
        difference = np.log1p(ours) - np.log1p(theirs)
        chance = 1 / (1 + np.exp(-skill - effect * difference / difference.std()))
        values[code] = (generator.random(items) < chance).astype(float)
        for system, length in (("new", ours), ("old", theirs)):
            item = [f"{code}-{i:03d}" for i in range(items)]
            parts.append(
                pd.DataFrame(
                    {
                        "system": system, "task": "mini", "language": code, "item_id": item, "length": length,
                        "headers": 0, "lists": generator.integers(0, 4, items), "bold": 1,
                    }
                )
            )  # fmt: skip
    return make(values), pd.concat(parts, ignore_index=True)


def macro(rates: pd.DataFrame) -> Any:
    return rates[rates["level"] == "macro"].iloc[0]


def test_a_judge_who_likes_length_is_corrected_and_the_raw_rate_stays_beside(make_battles: Make) -> None:
    battles, features = styled(make_battles, 400, effect=1.0)
    found = style_control(battles, features, rounds=200)
    row = macro(found.rates)
    assert row["raw"] > 0.6
    assert row["low"] < 0.5 < row["high"]
    assert row["raw_low"] > 0.5
    raw = win_rates(battles, rounds=200, groupings={})
    assert row["raw"] == raw[raw["level"] == "macro"].iloc[0]["value"]
    assert set(found.rates["group"]) == {"all", *CODES}
    length = found.effects.set_index("feature").loc["length"]
    assert length["low"] < 1.0 < length["high"]
    lists = found.effects.set_index("feature").loc["lists"]
    assert lists["low"] < 0 < lists["high"]


def test_skill_is_not_taken_for_style(make_battles: Make) -> None:
    battles, features = styled(make_battles, 500, effect=0.0, skill=1.0)
    row = macro(style_control(battles, features, rounds=200).rates)
    assert row["low"] < 1 / (1 + np.exp(-1)) < row["high"]


def test_equal_style_changes_nothing(make_battles: Make, drawn: Any) -> None:
    battles = make_battles(drawn(CODES, 40))
    key = ["task", "language", "item_id"]
    one = battles[key].assign(length=100, headers=1, lists=2, bold=3)
    features = pd.concat([one.assign(system="new"), one.assign(system="old")])
    found = style_control(battles, features, rounds=100)
    assert found.rates["controlled"].tolist() == pytest.approx(found.rates["raw"].tolist(), abs=1e-6)
    assert found.effects["effect"].tolist() == [0, 0, 0, 0]


def test_units_of_length_do_not_matter(make_battles: Make) -> None:
    """In one script a text has three times as many characters: the same battles, the same answer."""
    battles, features = styled(make_battles, 100, effect=0.8)
    longer = features.assign(length=np.where(features["language"] == "tha_Thai", 1, 0) + features["length"])
    longer["length"] = np.where(
        features["language"] == "tha_Thai", 3 * (1 + features["length"]) - 1, features["length"]
    )
    first, second = (style_control(battles, each, rounds=20).rates for each in (features, longer))
    assert first["controlled"].tolist() == pytest.approx(second["controlled"].tolist(), abs=1e-9)


def test_swapping_the_systems_mirrors_the_rates(make_battles: Make) -> None:
    battles, features = styled(make_battles, 80, effect=0.8)
    turned = battles.assign(candidate="old", baseline="new", score=1 - battles["score"])
    ours, theirs = style_control(battles, features, rounds=50), style_control(turned, features, rounds=50)
    assert ours.rates["controlled"].tolist() == pytest.approx((1 - theirs.rates["controlled"]).tolist())
    assert ours.rates["low"].tolist() == pytest.approx((1 - theirs.rates["high"]).tolist())
    assert ours.effects["effect"].tolist() == pytest.approx(theirs.effects["effect"].tolist())


def test_order_of_rows_changes_nothing_to_the_bit(make_battles: Make) -> None:
    battles, features = styled(make_battles, 40, effect=0.8)
    first = style_control(battles, features, rounds=50)
    mixed = style_control(battles.sample(frac=1, random_state=1), features.sample(frac=1, random_state=2), rounds=50)
    pd.testing.assert_frame_equal(first.rates, mixed.rates)
    pd.testing.assert_frame_equal(first.effects, mixed.effects)


@pytest.mark.slow
def test_the_interval_holds_the_truth(make_battles: Make) -> None:
    """Nominal 95%, at equal style the systems are equal; 3 standard errors of 80 data sets are 7 points."""
    held = 0
    for seed in range(80):
        row = macro(style_control(*styled(make_battles, 120, effect=0.8, seed=seed), rounds=200).rates)
        held += row["low"] <= 0.5 <= row["high"]
    assert held / 80 >= 0.95 - 0.073


def test_newton_finds_what_a_general_optimiser_finds() -> None:
    generator = np.random.default_rng(2)
    style = generator.normal(size=(60, 2))
    data = StyleData(generator.choice([0, 0.5, 1], 60), style, np.arange(60), np.array([0, 25, 40]))
    weights = generator.integers(0, 3, (1, 60)).astype(float)
    found = fit_style(data, weights)
    group = np.repeat([0, 1, 2], data.lengths())

    def likelihood(state: np.ndarray) -> float:
        odds = state[group] + style @ state[3:]
        terms = data.scores * odds - np.logaddexp(0, odds)
        return float(-(weights[0] * terms).sum() + RIDGE / 2 * (state**2).sum())

    other = minimize(likelihood, np.zeros(5), tol=1e-12).x
    assert found.groups[0] == pytest.approx(other[:3], abs=1e-4)
    assert found.effects[0] == pytest.approx(other[3:], abs=1e-4)


def test_a_candidate_that_wins_everything_ends_in_finite_numbers(make_battles: Make) -> None:
    battles, features = styled(make_battles, 20, effect=0.5)
    found = style_control(battles.assign(score=1.0), features, rounds=20)
    assert (found.rates["controlled"] > 0.99).all()
    assert np.isfinite(found.effects["effect"]).all()


def test_battles_without_features_are_counted(make_battles: Make) -> None:
    battles, features = styled(make_battles, 30, effect=0.5)
    found = style_control(battles, features[features["item_id"] != "deu_Latn-004"], rounds=20)
    assert "1 battles" in found.rates["note"].iloc[0]
    assert macro(found.rates)["n"] == 59


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.assign(length=-1), "the feature length is no count"),
        (lambda f: f.assign(length=np.nan), "the feature length is no count"),
        (lambda f: pd.concat([f, f]), "occur twice"),
        (lambda f: f.drop(columns="lists"), "no column lists"),
        (lambda f: f.assign(system="somebody"), "occur twice"),
        (lambda f: f[f["system"] == "new"], "no battle has the features of both"),
    ],
)
def test_features_that_do_not_fit_are_refused(make_battles: Make, change: Any, says: str) -> None:
    battles, features = styled(make_battles, 5, effect=0.5)
    with pytest.raises(DataError, match=says):
        style_control(battles, change(features), rounds=10)


def test_nothing_to_control_for_is_refused(make_battles: Make) -> None:
    with pytest.raises(DataError, match="no feature to control for"):
        style_control(*styled(make_battles, 5, effect=0.5), control=())


def test_markdown_is_counted_outside_code() -> None:
    prose = "# Title\n\n- one\n- two\n1. three\n\nThis is **bold** and __bold__.\n\n"
    text = prose + "```\n# no title\n- no list\n**no**\n```\n"
    assert text_features(text) | {"length": 0} == {"length": 0, "headers": 1, "lists": 3, "bold": 2}
    assert text_features("```\n# never closed")["headers"] == 0
    assert text_features("#hashtag, 2 * 3 * 4, a ** b") | {"length": 0} == dict.fromkeys(FEATURES, 0)


@given(st.text())
def test_length_does_not_count_white_space(text: str) -> None:
    assert text_features(text)["length"] == len("".join(text.split()))
    assert all(count >= 0 for count in text_features(text).values())


def test_samples_are_averaged_and_missing_texts_left_out() -> None:
    frame = pd.DataFrame(
        {
            "system": "s", "task": "t", "language": "deu_Latn", "item_id": ["1", "1", "2"],
            "text": ["ab", "abcd", None],
        }
    )  # fmt: skip
    found = style_features(frame)
    assert found["item_id"].tolist() == ["1"]
    assert found["length"].tolist() == [3]
    with pytest.raises(DataError, match="no column text"):
        style_features(frame.drop(columns="text"))
