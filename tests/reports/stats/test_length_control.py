"""Length control system by system: against an independent fit, on made judges, and beyond the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.stats.length_control import answer_lengths, length_control, read_difficulties
from polyarena.reports.stats.length_difficulty import estimate_difficulties
from polyarena.reports.stats.style import extrapolation, style_control
from polyarena.tasks.errors import DataError, UnknownNameError

ITEMS = 300


def tournament(systems, *, items=ITEMS, seed=0, codes=("deu_Latn",), hardness=1.0):
    """Battles of ``{name: (skill, typical ratio of lengths, effect of length)}`` against a baseline."""
    rng = np.random.default_rng(seed)
    battles, lengths, truth = [], [], []
    for code in codes:
        base = np.exp(rng.normal(6.5, 0.5, items)).round() + 1
        difficulty = rng.normal(0, hardness, items)
        truth += [{"language": code, "item_id": f"{n}", "difficulty": difficulty[n]} for n in range(items)]
        lengths += [(code, "base", n, base[n]) for n in range(items)]
        for name, (skill, ratio, effect) in systems.items():
            own = np.maximum(1, (base * ratio * np.exp(rng.normal(0, 0.3, items))).round())
            gap = own - base
            odds = skill + effect * np.tanh(gap / gap.std(ddof=1)) + difficulty
            score = (rng.random(items) < 1 / (1 + np.exp(-odds))).astype(float)
            battles += [(code, name, n, score[n]) for n in range(items)]
            lengths += [(code, name, n, own[n]) for n in range(items)]
    frame = pd.DataFrame(battles, columns=["language", "candidate", "item_id", "score"]).assign(
        judge="j", task="t", baseline="base", n_games=2, n_invalid=0
    )
    frame["item_id"] = frame["item_id"].astype(str)
    frame["source_id"] = frame["item_id"]
    measured = pd.DataFrame(lengths, columns=["language", "system", "item_id", "characters"]).assign(task="t")
    measured["item_id"] = measured["item_id"].astype(str)
    return frame.reindex(columns=BATTLE_SCHEMA.names), measured, pd.DataFrame(truth)


def macro(found, name):
    return found[(found["candidate"] == name) & (found["level"] == "macro")].iloc[0]


SYSTEMS = {
    "a": (0.4, 1.0, 1.0),
    "b": (-0.5, 1.2, 1.0),
    "c": (0.0, 0.8, 0.5),
    "d": (1.0, 1.1, 0.0),
    "e": (-1.0, 1.0, 2.0),
}


def test_the_fit_is_that_of_an_independent_one():
    battles, lengths, truth = tournament(SYSTEMS)
    found = length_control(battles, lengths, difficulties=truth, rounds=20)
    for name in SYSTEMS:
        own = battles[battles["candidate"] == name].merge(truth, on=["language", "item_id"])
        size = {who: part.set_index("item_id")["characters"] for who, part in lengths.groupby("system")}
        gap = (size[name] - size["base"]).reindex(own["item_id"]).to_numpy()
        x = np.column_stack([np.tanh(gap / gap.std(ddof=1)), own["difficulty"], np.ones(len(own))])
        y = own["score"].to_numpy(dtype=float)
        best = minimize(lambda b, x=x, y=y: (np.logaddexp(0, x @ b) - y * (x @ b)).sum(), np.zeros(3), tol=1e-12).x
        x[:, 0] = 0
        row = macro(found, name)
        assert row["controlled"] == pytest.approx((1 / (1 + np.exp(-x @ best))).mean(), abs=1e-5)
        assert (row["length_effect"], row["difficulty_effect"]) == pytest.approx(tuple(best[:2]), abs=1e-3)


def test_what_length_won_is_taken_away_from_each_system_alone():
    battles, lengths, truth = tournament({**SYSTEMS, "windy": (0.0, 1.3, 1.5)}, items=600)
    found = length_control(battles, lengths, difficulties=truth, rounds=100)
    windy = macro(found, "windy")
    assert windy["raw"] > 0.6
    assert abs(windy["controlled"] - 0.5) < 0.4 * (windy["raw"] - 0.5)
    assert abs(macro(found, "d")["controlled"] - macro(found, "d")["raw"]) < 0.05
    assert set(found["method"]) == {"given difficulty"}


def test_estimated_difficulties_resemble_the_true_ones():
    many = {f"s{n}": (n / 10 - 1, 1.0, 0.5) for n in range(20)}
    battles, lengths, truth = tournament(many, hardness=1.5)
    found = length_control(battles, lengths, rounds=20)
    assert set(found["method"]) == {"estimated difficulty"}
    given = length_control(battles, lengths, difficulties=truth, rounds=20)
    assert np.abs(found["controlled"] - given["controlled"]).max() < 0.03
    x = np.zeros(len(battles))
    own = battles.assign(difficulty=estimate_difficulties(battles.assign(x=x))).drop_duplicates("item_id")
    joined = own.merge(truth, on=["language", "item_id"], suffixes=("", "_true"))
    assert np.corrcoef(joined["difficulty"], joined["difficulty_true"])[0, 1] > 0.85


def test_of_few_systems_no_difficulty_is_estimated():
    battles, lengths, _ = tournament({"a": (0.4, 1.0, 1.0)})
    found = length_control(battles, lengths, rounds=20)
    assert set(found["method"]) == {"no difficulty"}
    assert found["difficulty_effect"].isna().all()


def test_languages_share_the_effects_and_are_averaged_alike():
    battles, lengths, truth = tournament(SYSTEMS, codes=("deu_Latn", "tha_Thai"))
    found = length_control(battles, lengths, difficulties=truth, rounds=50)
    own = found[found["candidate"] == "a"]
    assert own["group"].tolist() == ["all", "deu_Latn", "tha_Thai"]
    assert len({*own["length_effect"]}) == 1
    assert own["controlled"].iloc[0] == pytest.approx(own["controlled"].iloc[1:].mean())
    assert (own["low"] < own["controlled"]).all()
    assert (own["controlled"] < own["high"]).all()


def test_gamed_systems_pull_the_effect_of_length():
    systems = {**SYSTEMS, "verbose": (0.0, 2.0, 2.0), "concise": (0.0, 0.5, 2.0)}
    battles, lengths, truth = tournament(systems, hardness=0.3)
    alone = macro(length_control(battles, lengths, difficulties=truth, rounds=20), "d")
    pulled = macro(length_control(battles, lengths, difficulties=truth, gamed=["verbose", "concise"], rounds=20), "d")
    assert pulled["length_effect"] > alone["length_effect"] + 0.1
    assert pulled["method"] == "given difficulty, gamed systems"
    with pytest.raises(UnknownNameError, match="gamed"):
        length_control(battles, lengths, gamed=["terse"])


def test_an_answer_177_times_shorter_is_marked_as_an_extrapolation():
    """Case 27, for both kinds of control."""
    battles, lengths, truth = tournament({**SYSTEMS, "curt": (-3.0, 1 / 177, 1.0)})
    found = length_control(battles, lengths, difficulties=truth, rounds=20)
    assert found[found["extrapolated"]]["candidate"].unique().tolist() == ["curt"]
    assert "times less" in macro(found, "curt")["note"]
    features = lengths.rename(columns={"characters": "length"}).assign(headers=0, lists=0, bold=0)
    styled = style_control(battles, features, rounds=20).rates
    assert styled[styled["extrapolated"]]["candidate"].unique().tolist() == ["curt"]
    assert "extrapolated: 0 of 300 battles" in macro(styled, "curt")["note"]


@pytest.mark.parametrize(
    ("ours", "theirs", "marked"),
    [
        ([100] * 20, [100] * 20, False),
        ([300] * 20, [100] * 20, True),
        ([300] * 18 + [120] * 2, [100] * 20, False),
        ([300] * 10 + [30] * 10, [100] * 20, False),
        ([0] * 20, [9] * 20, True),
        ([0] * 20, [0] * 20, False),
    ],
)
def test_equality_is_supported_by_near_battles_or_by_both_sides(ours, theirs, marked):
    assert bool(extrapolation(pd.Series(ours), pd.Series(theirs), "length")) == marked


def test_wrong_input_is_refused():
    battles, lengths, truth = tournament({"a": (0.0, 1.0, 0.0)}, items=10)
    with pytest.raises(DataError, match="3 items have no difficulty"):
        length_control(battles, lengths, difficulties=truth.iloc[3:])
    with pytest.raises(DataError, match="no battle has the lengths"):
        length_control(battles, lengths.iloc[:0])
    with pytest.raises(DataError, match="no number"):
        read_difficulties({"item_id": ["1"], "difficulty": ["hard"]})
    named = read_difficulties({"index": [1], "instruction_difficulty": [0.5]})
    assert named[["item_id", "difficulty"]].to_numpy().tolist() == [["1", 0.5]]


def test_lengths_are_characters_of_texts_averaged_over_samples():
    rows = [
        {"system": "a", "task": "t", "language": "l", "item_id": "1", "text": text} for text in ("ab c", "abcdef", None)
    ]
    assert answer_lengths(pd.DataFrame(rows))["characters"].tolist() == [5.0]
