"""The model of style against scikit-learn and general optimisers; input that tells nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from polyarena.reports.stats.style import FARTHEST, style_control
from polyarena.reports.stats.style_model import RIDGE, StyleData, StyleFit, fit_rounds, fit_style
from polyarena.reports.stats.text_style import style_features, text_features

Make = Callable[..., pd.DataFrame]


def data_of(generator: np.random.Generator, sizes: list[int], features: int, effect: float = 0.7) -> StyleData:
    n = sum(sizes)
    style = generator.normal(size=(n, features))
    chance = 1 / (1 + np.exp(-effect * style[:, 0] - np.repeat(generator.normal(0, 0.5, len(sizes)), sizes)))
    scores = np.where(generator.random(n) < 0.2, 0.5, generator.random(n) < chance)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return StyleData(scores.astype(float), style, np.arange(n), starts)


def design_of(data: StyleData) -> np.ndarray:
    groups = np.repeat(np.arange(len(data.starts)), data.lengths())
    return np.column_stack([np.eye(len(data.starts))[groups], data.style])


def gradient_of(data: StyleData, weights: np.ndarray, found: StyleFit, row: int = 0) -> np.ndarray:
    """Of the penalised likelihood, written out."""
    state = np.concatenate([found.groups[row], found.effects[row]])
    design = design_of(data)
    expected = 1 / (1 + np.exp(-design @ state))
    return design.T @ (weights[data.clusters] * (data.scores - expected)) - RIDGE * state


@pytest.mark.parametrize("features", [1, 3])
def test_it_is_logistic_regression_with_half_wins_as_half_a_row_of_each(features: int) -> None:
    data = data_of(np.random.default_rng(features), [80, 120, 60], features)
    found = fit_style(data, np.ones((1, 260)))
    design = np.vstack([design_of(data)] * 2)
    outcome = np.concatenate([np.ones(260), np.zeros(260)])
    weights = np.concatenate([data.scores, 1 - data.scores])
    model = LogisticRegression(C=1 / RIDGE, fit_intercept=False, tol=1e-10, max_iter=10_000)
    model.fit(design, outcome, sample_weight=weights)
    assert found.groups[0] == pytest.approx(model.coef_[0][:3], abs=1e-4)
    assert found.effects[0] == pytest.approx(model.coef_[0][3:], abs=1e-4)


def test_every_round_is_a_fit_of_its_own_resample() -> None:
    """A cluster drawn twice counts as two rows."""
    generator = np.random.default_rng(4)
    data = data_of(generator, [30, 40], 2)
    weights = generator.multinomial(70, np.full(70, 1 / 70), 6).astype(float)
    start = fit_style(data, np.ones((1, 70)))
    found = fit_rounds(data, iter([weights[:4], weights[4:]]), start)
    for row, drawn in enumerate(weights):
        rows = np.repeat(np.arange(70), drawn.astype(int))
        counted = np.array([(drawn[:30]).sum(), (drawn[30:]).sum()]).astype(int)
        again = StyleData(data.scores[rows], data.style[rows], np.arange(len(rows)), np.array([0, counted[0]]))
        alone = fit_style(again, np.ones((1, len(rows))))
        assert found.groups[row] == pytest.approx(alone.groups[0], abs=1e-7)
        assert found.effects[row] == pytest.approx(alone.effects[0], abs=1e-7)


@given(
    scores=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=12, max_size=12),
    style=st.lists(st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0]), min_size=24, max_size=24),
    weights=st.lists(st.integers(0, 3), min_size=12, max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_newton_always_arrives(scores: list[float], style: list[float], weights: list[int]) -> None:
    """Separated, all alike, nothing drawn of a group: the gradient is nought where it ends."""
    data = StyleData(np.array(scores), np.array(style).reshape(12, 2), np.arange(12), np.array([0, 5]))
    drawn = np.array([weights], dtype=float)
    found = fit_style(data, drawn)
    assert np.isfinite(found.groups).all()
    assert np.isfinite(found.effects).all()
    gradient = gradient_of(data, drawn[0], found)
    kept = [drawn[0][:5].sum() > 0, drawn[0][5:].sum() > 0, True, True]
    assert np.abs(gradient[kept]).max() < 1e-3


def test_a_group_that_a_round_did_not_draw_stays_where_it_is() -> None:
    data = data_of(np.random.default_rng(5), [20, 20], 1)
    start = fit_style(data, np.ones((1, 40)))
    weights = np.concatenate([np.full(20, 2.0), np.zeros(20)])[None]
    found = fit_style(data, weights, start)
    assert found.groups[0, 1] == start.groups[0, 1]
    assert found.groups[0, 0] != start.groups[0, 0]


def test_the_fit_is_where_no_other_state_is_likelier() -> None:
    data = data_of(np.random.default_rng(6), [25, 35], 2)
    found = fit_style(data, np.ones((1, 60)))
    design = design_of(data)

    def minus(state: np.ndarray) -> float:
        odds = design @ state
        return float(-(data.scores * odds - np.logaddexp(0, odds)).sum() + RIDGE / 2 * (state**2).sum())

    best = minimize(minus, np.zeros(4), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 9999})
    assert minus(np.concatenate([found.groups[0], found.effects[0]])) <= best.fun + 1e-9


def features_of(battles: pd.DataFrame, ours: Any, theirs: Any) -> pd.DataFrame:
    key = battles[["task", "language", "item_id"]]
    return pd.concat(
        [key.assign(system="new", length=ours), key.assign(system="old", length=theirs)], ignore_index=True
    )


def test_style_that_tells_all_leaves_no_controlled_rate_and_says_so(make_battles: Make) -> None:
    generator = np.random.default_rng(7)
    ours, theirs = generator.integers(1, 2000, 60), generator.integers(1, 2000, 60)
    theirs = np.where(ours == theirs, theirs + 1, theirs)
    battles = make_battles({"deu_Latn": (ours > theirs).astype(float)})
    found = style_control(battles, features_of(battles, ours, theirs), control=("length",), rounds=30)
    assert found.rates["controlled"].isna().all()
    assert (found.rates["note"] == "style alone tells winners from losers: no controlled rate").all()
    assert found.rates["raw"].notna().all()
    (effect,) = found.effects.to_dict("records")
    assert np.isnan([effect["effect"], effect["low"], effect["standard_error"]]).all()
    assert "without exception" in effect["note"]
    assert FARTHEST < 16


@pytest.mark.parametrize("items", [1, 2, 7])
def test_few_items_have_a_rate_and_say_why_it_has_no_interval(make_battles: Make, items: int) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0, 0.5, 1.0, 0.0, 0.5, 0.5][:items]})
    found = style_control(battles, features_of(battles, 100, 100), control=("length",), rounds=20)
    assert found.rates["low"].isna().all()
    reason = "won or lost everything" if items == 1 else f"{items} items are too few"
    assert found.rates["note"].str.contains(reason).all()
    assert found.rates["controlled"].tolist() == pytest.approx(found.rates["raw"].tolist(), abs=1e-4)


def test_what_was_won_throughout_is_named_and_not_certain(make_battles: Make) -> None:
    generator = np.random.default_rng(8)
    mixed = generator.choice([0.0, 0.5, 1.0], 20)
    battles = make_battles({"deu_Latn": [1.0] * 20, "tha_Thai": mixed})
    features = features_of(battles, generator.integers(50, 90, 40), generator.integers(50, 90, 40))
    rates = style_control(battles, features, control=("length",), rounds=100).rates.set_index("group")
    assert rates.loc["deu_Latn", "note"] == "won or lost everything in deu_Latn: no interval"
    assert rates.loc["all", "note"] == "won or lost everything in deu_Latn: no interval"
    assert rates.loc["tha_Thai", "note"] == ""
    assert rates.loc["tha_Thai", "low"] < rates.loc["tha_Thai", "controlled"] < rates.loc["tha_Thai", "high"]
    assert rates.loc["deu_Latn", "raw_low"] < 1


@given(seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_no_number_is_missing_without_a_reason(make_battles: Make, seed: int) -> None:
    generator = np.random.default_rng(seed)
    sizes = generator.integers(1, 14, 2)
    battles = make_battles(
        {
            code: generator.choice([0.0, 0.5, 1.0], size)
            for code, size in zip(("deu_Latn", "tha_Thai"), sizes, strict=True)
        }
    )
    many = len(battles)
    features = features_of(battles, generator.integers(1, 5, many), generator.integers(1, 5, many))
    found = style_control(battles, features, control=("length",), rounds=20)
    for frame, value in ((found.rates, "controlled"), (found.effects, "effect")):
        missing = frame[[value, "low", "high", "standard_error"]].isna().any(axis=1)
        assert (frame.loc[missing, "note"] != "").all()
        known = frame[~missing]
        assert (known["low"] <= known[value]).all()
        assert (known[value] <= known["high"]).all()


def test_several_pairs_share_the_effect_and_keep_their_own_rates(make_battles: Make) -> None:
    generator = np.random.default_rng(9)
    parts, features = [], []
    for name, skill in (("strong", 1.0), ("weak", -1.0)):
        ours, theirs = generator.integers(100, 900, 300), generator.integers(100, 900, 300)
        x = np.log1p(ours) - np.log1p(theirs)
        won = generator.random(300) < 1 / (1 + np.exp(-skill - x / x.std()))
        battles = make_battles({"deu_Latn": won.astype(float)}, candidate=name, baseline=f"base of {name}")
        key = battles[["task", "language", "item_id"]]
        parts.append(battles)
        features += [key.assign(system=name, length=ours), key.assign(system=f"base of {name}", length=theirs)]
    found = style_control(pd.concat(parts), pd.concat(features), control=("length",), rounds=60)
    rates = found.rates[found.rates["level"] == "language"].set_index("candidate")
    assert rates.loc["strong", "low"] < 1 / (1 + np.exp(-1)) < rates.loc["strong", "high"]
    assert rates.loc["weak", "low"] < 1 / (1 + np.exp(1)) < rates.loc["weak", "high"]
    (effect,) = found.effects.to_dict("records")
    assert effect["low"] < 1 < effect["high"]


@every_case(
    "text",
    ["**a " * 50_000, "__" * 100_000, "\n" * 200_000, "- \n" * 60_000, "```" + "\n" * 200_000, "* " * 100_000,
     "**" + "a" * 200_000, "#" * 200_000, " " * 200_000 + "-", "1" * 200_000 + ". "],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_hostile_texts_are_counted_in_one_pass(text: str) -> None:
    """A pattern that begins anew at each mark would take hours for these."""
    found = text_features(text)
    assert found["length"] == len("".join(text.split()))
    assert all(0 <= count <= len(text) for count in found.values())


@every_case(
    ("text", "bold"),
    [("**a**", 1), ("**a** and **b**", 2), ("__a__ **b**", 2), ("** a **", 0), ("**a **", 0), ("**a __b__ c**", 1),
     ("**a\nb**", 0), ("**a", 0), ("a**", 0), ("****", 0), ("**a** **b **c**", 2), ("**ก**ข", 1), ("", 0)],
)  # fmt: skip
def test_bold_passages(text: str, bold: int) -> None:
    assert text_features(text)["bold"] == bold


@every_case(
    ("text", "lists", "headers"),
    [("- a\n- b", 2, 0), ("  * a\n\t+ b", 2, 0), ("1. a\n2) b", 2, 0), ("\n\n\n- a", 1, 0), ("-a\n*b", 0, 0),
     ("# a\n###### b\n####### c", 0, 2), ("~~~\n# a\n~~~\n# b", 0, 1), ("text # no\n    # code", 0, 0)],
)  # fmt: skip
def test_lists_and_headers(text: str, lists: int, headers: int) -> None:
    found = text_features(text)
    assert (found["lists"], found["headers"]) == (lists, headers)


def test_features_do_not_depend_on_the_order_of_rows() -> None:
    frame = pd.DataFrame(
        {
            "system": ["s", "s", "t", "t"], "task": "t", "language": "deu_Latn", "item_id": ["1", "2", "1", "2"],
            "text": ["**a**", "- b\n- c", "# d", ""],
        }
    )  # fmt: skip
    found = style_features(frame)
    pd.testing.assert_frame_equal(found, style_features(frame.sample(frac=1, random_state=1)))
    assert found["bold"].tolist() == [1, 0, 0, 0]
    assert found["lists"].tolist() == [0, 2, 0, 0]
    assert found["length"].tolist() == [5, 4, 2, 0]
