"""Ratings and ranks of systems, from battles."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarena.reports.stats.cycles import cycles, pairwise_matrix
from polyarena.reports.stats.head_to_head import head_to_head
from polyarena.reports.stats.ranking import ELO_SCALE, PREDICTED, rank
from polyarena.reports.stats.score_interval import wilson_interval
from polyarena.reports.stats.win_rates import win_rates
from polyarena.tasks.errors import DataError
from polyarena.tasks.signature import Signature

Make = Callable[..., pd.DataFrame]
LANGUAGES = ("deu_Latn", "swh_Latn", "tha_Thai")


def tournament(make: Make, strength: dict[str, float], items: int, seed: int = 0, tie: float = 0.3) -> pd.DataFrame:
    """Every system against every other one on shared prompts, by the model itself."""
    generator = np.random.default_rng(seed)
    names = sorted(strength)
    parts = []
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            difference = strength[one] - strength[other]
            weights = np.array([np.exp(difference / 2), tie, np.exp(-difference / 2)])
            drawn = {code: generator.choice([1.0, 0.5, 0.0], items, p=weights / weights.sum()) for code in LANGUAGES}
            parts.append(make(drawn, candidate=one, baseline=other))
    return pd.concat(parts, ignore_index=True)


def against_one(make: Make, drawn: Any, systems: int = 3, items: int = 40) -> pd.DataFrame:
    return pd.concat(
        [make(drawn(LANGUAGES, items, seed=i, shift=0.2 * i), candidate=f"c{i}") for i in range(systems)],
        ignore_index=True,
    )


def row(frame: pd.DataFrame, system: str, group: str = "all") -> Any:
    found = frame[(frame["system"] == system) & (frame["group"] == group)]
    assert len(found) == 1
    return found.iloc[0]


def test_with_one_opponent_it_is_the_win_rate(make_battles: Make, drawn: Any) -> None:
    battles = against_one(make_battles, drawn)
    ranking, means = rank(battles, rounds=500), win_rates(battles, rounds=500, groupings={})
    for mean in means.itertuples():
        found = row(ranking, mean.system, mean.group)
        assert found["win_rate"] == pytest.approx(mean.value, abs=1e-6)
        assert found["standard_error"] == pytest.approx(mean.standard_error, rel=1e-4)
        assert (found["low"], found["high"]) == pytest.approx((mean.low, mean.high), abs=1e-4)
        assert found["n"] == mean.n


def test_ratings_half_a_tie_each_are_the_odds_on_elo_s_scale(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1] * 30 + [0.5] * 4 + [0] * 6})
    found = row(rank(battles, ties=False, rounds=200), "new")
    assert found["rating"] == pytest.approx(1000 + 400 * np.log10(0.8 / 0.2), abs=1e-4)
    assert found["rating_low"] < found["rating"] < found["rating_high"]
    assert row(rank(battles, rounds=200), "new")["rating"] > found["rating"]


def test_the_baseline_is_anchored_and_has_no_interval(make_battles: Make) -> None:
    battles = tournament(make_battles, {"a": 0.0, "b": 0.5, "c": 1.0}, 60)
    found = rank(battles, baseline="b", anchor=1200, rounds=300)
    base = row(found, "b")
    assert (base["rating"], base["win_rate"]) == (1200, 0.5)
    assert np.isnan([base["rating_low"], base["low"], base["standard_error"]]).all()
    assert base["note"] == "the baseline, whose rating is fixed"
    assert set(found["baseline"]) == {"b"}
    assert (base["opponents"], base["n"], base["n_clusters"]) == (2, 360, 60)


def test_strengths_come_back_and_the_order_is_theirs(make_battles: Make) -> None:
    strength = {"a": 0.0, "b": 0.4, "c": 0.8, "d": 1.6}
    found = rank(tournament(make_battles, strength, 400), baseline="a", rounds=400)
    whole = found[found["level"] == "macro"]
    assert whole["system"].tolist() == ["d", "c", "b", "a"]
    assert whole["rank"].tolist() == [1, 2, 3, 4]
    for each in whole.itertuples():
        assert (each.rating - 1000) / ELO_SCALE == pytest.approx(strength[each.system], abs=0.15)
    assert row(found, "d")["p_best"] == 1
    assert row(found, "d")["tie_group"] == 1


def test_equal_systems_share_a_group_and_their_ranks_are_open(make_battles: Make) -> None:
    found = rank(tournament(make_battles, {"a": 0.0, "b": 0.0, "c": 2.0}, 80, seed=3), baseline="a", rounds=400)
    assert row(found, "c")["tie_group"] == 1
    assert row(found, "a")["tie_group"] == row(found, "b")["tie_group"] == 2
    assert {(row(found, s)["rank_low"], row(found, s)["rank_high"]) for s in "ab"} == {(2, 3)}


@pytest.mark.slow
def test_intervals_of_ratings_hold_the_truth(make_battles: Make) -> None:
    """Nominal 95%; the bounds are 93.5 to 96.5% and three standard errors of this simulation."""
    strength = {"a": 0.0, "b": 0.3, "c": 0.6, "d": 1.0}
    held, total = 0, 0
    for seed in range(120):
        found = rank(tournament(make_battles, strength, 60, seed), baseline="a", rounds=400)
        for each in found[found["system"] != "a"].itertuples():
            held += each.rating_low <= 1000 + ELO_SCALE * strength[each.system] <= each.rating_high
            total += 1
    share = held / total
    error = 3 * np.sqrt(0.95 * 0.05 / total)
    assert 0.935 - error <= share <= 0.965 + error


def test_rows_and_directions_change_nothing_to_the_bit(make_battles: Make) -> None:
    battles = tournament(make_battles, {"a": 0.0, "b": 0.3, "c": 0.6}, 30)
    first = rank(battles, baseline="a", rounds=200)
    turned = battles.rename(columns={"candidate": "baseline", "baseline": "candidate"})
    turned["score"] = 1 - turned["score"]
    mixed = pd.concat([battles[::2], turned[1::2]]).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(first, rank(mixed, baseline="a", rounds=200))


def test_batches_of_languages_change_nothing(make_battles: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    battles = tournament(make_battles, {"a": 0.0, "b": 0.3, "c": 0.6}, 30)
    first = rank(battles, rounds=200)
    monkeypatch.setattr("polyarena.reports.stats.head_to_head.HELD_BYTES", 1)
    pd.testing.assert_frame_equal(first, rank(battles, rounds=200))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scores=st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=3, max_size=25))
def test_swapping_the_systems_mirrors_the_ranking(make_battles: Make, scores: list[float]) -> None:
    battles = make_battles({"deu_Latn": scores})
    ours, theirs = rank(battles, rounds=100), rank(battles.assign(score=1 - battles["score"]), rounds=100)
    a, b = row(ours, "new", "deu_Latn"), row(theirs, "new", "deu_Latn")
    assert 0 <= a["low"] <= a["win_rate"] <= a["high"] <= 1
    assert a["win_rate"] == pytest.approx(1 - b["win_rate"], abs=1e-9)
    if not np.isnan(a["rating"]):
        assert a["rating"] - 1000 == pytest.approx(1000 - b["rating"], abs=1e-6)


def test_a_system_that_wins_everything_has_a_bound_and_no_rating(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0] * 12})
    found = row(rank(battles, rounds=100), "new")
    assert np.isnan(found["rating"])
    assert "no finite rating" in found["note"]
    assert (found["rank"], found["win_rate"]) == (1, pytest.approx(1, abs=1e-5))
    assert found["low"] == pytest.approx(wilson_interval(1.0, 12, 0.95, continuity=1 / 8 / 12)[0], abs=1e-4)
    assert pd.isna(found["rank_low"])
    assert np.isnan(found["p_best"])


def test_two_that_lost_to_the_same_system_are_not_comparable(make_battles: Make) -> None:
    lost = [0.0] * 9
    battles = pd.concat(
        [make_battles({"deu_Latn": lost}, candidate=each, baseline="top") for each in ("base", "other")]
    )
    found = rank(battles, baseline="base", rounds=50)
    assert "no points connect it" in row(found, "other")["note"]
    assert "no finite rating" in row(found, "top")["note"]
    assert row(found, "top")["win_rate"] == 1


def test_systems_that_never_met_the_baseline_are_shown_without_a_rank(make_battles: Make, drawn: Any) -> None:
    battles = pd.concat(
        [
            make_battles(drawn(LANGUAGES, 20)),
            make_battles(drawn(LANGUAGES, 20, seed=1), candidate="x", baseline="y"),
        ]
    )
    found = rank(battles, baseline="old", rounds=100)
    for system in "xy":
        each = row(found, system)
        assert "no points connect it" in each["note"]
        assert pd.isna(each["rank"])
        assert np.isnan([each["rating"], each["win_rate"]]).all()
    assert found[found["level"] == "macro"]["system"].tolist()[2:] == ["x", "y"]
    assert row(found, "new")["rank"] in {1, 2}


@pytest.mark.parametrize("score", [0.5, 1.0])
def test_one_item_gives_a_number_and_says_why_it_has_no_interval(make_battles: Make, score: float) -> None:
    found = row(rank(make_battles({"deu_Latn": [score]}), rounds=50), "new", "deu_Latn")
    assert found["win_rate"] == pytest.approx(score, abs=1e-4)
    assert np.isnan(found["low"])
    assert "one source item only" in found["note"]


def test_all_ties_are_equal_systems(make_battles: Make) -> None:
    found = row(rank(make_battles({"deu_Latn": [0.5] * 20}), rounds=50), "new")
    assert found["rating"] == pytest.approx(1000)
    assert found["rank"] == 1
    assert found["tie_group"] == 1


@pytest.mark.parametrize("baseline", ["one", "other", "weak"])
def test_systems_with_equal_battles_share_rank_and_first_place_whatever_the_baseline(
    make_battles: Make, baseline: str
) -> None:
    """The ridge of the fit put one of them first in all rounds, and ranked the baseline behind its equal."""
    codes = ("deu_Latn", "hin_Deva")
    won = [1.0] * 8 + [0.5] * 4
    frame = pd.concat(
        [
            make_battles(dict.fromkeys(codes, [0.5] * 12), candidate="one", baseline="other"),
            make_battles(dict.fromkeys(codes, won), candidate="one", baseline="weak"),
            make_battles(dict.fromkeys(codes, won), candidate="other", baseline="weak"),
        ]
    )
    found = rank(frame, baseline=baseline, rounds=200)
    for _, group in found.groupby("group"):
        own = group.set_index("system")
        assert own["rank"].to_dict() == {"one": 1, "other": 1, "weak": 3}
        assert own["p_best"].to_dict() == pytest.approx({"one": 0.5, "other": 0.5, "weak": 0.0}, abs=0.01)
    equal = found[(found["system"] != baseline) & (found["rating"].sub(1000).abs() < 1)]
    assert equal[["rating_low", "rating_high"]].isna().all(axis=None)
    assert equal["note"].str.contains("all resamples give this rating: no interval").all()


def test_battles_without_a_verdict_are_left_out_and_none_leave_nothing(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0, 0.5, np.nan]})
    assert row(rank(battles, rounds=50), "new")["n"] == 3
    assert rank(battles.assign(score=np.nan), rounds=50).empty


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda b: b.drop(columns="source_id"), "no column source_id"),
        (lambda b: pd.concat([b, b[:1]]), "occur twice"),
        (lambda b: pd.concat([b, b[:1].assign(candidate="old", baseline="new")]), "occur twice"),
        (lambda b: b.assign(score=1.5), "outside [0, 1]"),
        (lambda b: b.assign(baseline="new"), "a system meets itself"),
    ],
)
def test_battles_that_cannot_be_compared_are_refused(make_battles: Make, change: Any, says: str) -> None:
    with pytest.raises(DataError) as caught:
        rank(change(make_battles({"deu_Latn": [1.0, 0.0]})))
    assert says in str(caught.value)


def test_an_unknown_baseline_is_named_with_those_there_are(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0]})
    with pytest.raises(DataError, match="use one of: new, old"):
        rank(battles, baseline="another")
    with pytest.raises(DataError, match="did you mean 'old'"):
        rank(battles, baseline="olt")


def test_signatures_say_what_changes_the_number(make_battles: Make) -> None:
    found = rank(
        make_battles({"deu_Latn": [1.0, 0.0, 0.5]}), rounds=50, signatures={("mini", "rules"): Signature.parse("mine")}
    )
    assert found["signature"].str.startswith("mine|model:davidson|ridge:1e-06|n:3|B:50|seed:0|ci:95|").all()


def test_the_matrix_is_of_observed_scores_and_cycles_are_found(make_battles: Make) -> None:
    battles = pd.concat(
        [
            make_battles({"deu_Latn": [1, 1, 0], "swh_Latn": [1, 1]}, candidate="a", baseline="b"),
            make_battles({"deu_Latn": [1, 1, 0]}, candidate="b", baseline="c"),
            make_battles({"deu_Latn": [0, 0, 0.5]}, candidate="a", baseline="c"),
            make_battles({"deu_Latn": [1]}, candidate="d", baseline="a"),
        ]
    )
    matrix = pairwise_matrix(battles)
    assert matrix.loc["a", "b"] == pytest.approx((2 / 3 + 1) / 2)
    assert matrix.loc["b", "a"] == pytest.approx(1 - matrix.loc["a", "b"])
    assert np.isnan(matrix.loc["d", "b"])
    (cycle,) = cycles(matrix)
    assert cycle.systems == ("a", "b", "c")
    assert cycle.margin == pytest.approx(1 / 6)
    assert pairwise_matrix(battles, "swh_Latn").shape == (2, 2)
    assert pairwise_matrix(battles, "tha_Thai").empty
    assert cycles(pairwise_matrix(battles, "swh_Latn")) == []


def test_a_matrix_is_of_one_judge_and_task(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0]})
    with pytest.raises(ValueError, match="several judges or tasks"):
        pairwise_matrix(pd.concat([battles, battles.assign(task="other")]))


def test_ties_and_a_single_win_count_half(make_battles: Make) -> None:
    """A parameter of ties would take up all that the lone win does not say, and the rating have no upper end."""
    found = row(rank(make_battles({"deu_Latn": [0.5] * 29 + [1.0]}), rounds=200), "new")
    assert found["rating"] == pytest.approx(1000 + ELO_SCALE * np.log((15.5 / 30) / (14.5 / 30)), abs=0.1)
    assert "ties count half" in found["note"]


def test_ties_without_a_win_leave_finite_ratings(make_battles: Make) -> None:
    """Case 14: 0 wins, many ties and some losses had a rating of -359, and a rank of 1 to 3."""
    lost = [0.0] * 10 + [0.5] * 50
    codes = ("deu_Latn", "fra_Latn", "swh_Latn")
    frame = pd.concat(
        [
            make_battles(dict.fromkeys(codes, lost), candidate="a", baseline="base"),
            make_battles(dict.fromkeys(codes, [1.0] * 6 + [0.5] * 54), candidate="b", baseline="base"),
        ]
    )
    found = rank(frame, rounds=300)
    macro = found[found["level"] == "macro"].set_index("system")
    assert macro["rank"].to_dict() == {"b": 1, "base": 2, "a": 3}
    assert macro.loc["a", ["rank_low", "rank_high", "wins", "ties", "losses"]].tolist() == [3, 3, 0, 150, 30]
    assert 900 < macro.loc["a", "rating"] < 1000
    assert "ties count half" in macro.loc["a", "note"]
    assert "|ties:half|" in macro.loc["a", "signature"]


def test_the_win_rate_beside_a_rating_is_that_of_the_battles(make_battles: Make) -> None:
    generator = np.random.default_rng(1)
    frames = [
        make_battles(
            {code: generator.choice([0, 0.5, 1], 40) for code in ("deu_Latn", "tha_Thai")},
            candidate=one,
            baseline=other,
        )
        for one, other in (("a", "base"), ("b", "base"), ("a", "b"))
    ]
    frame = pd.concat(frames)
    ranked = rank(frame, rounds=200)
    rates = win_rates(frame, rounds=200)
    for name in ("a", "b"):
        of_ranking = ranked[(ranked["level"] == "macro") & (ranked["system"] == name)].iloc[0]
        of_battles = rates[
            (rates["level"] == "macro") & (rates["system"] == name) & (rates["baseline"] == "base")
        ].iloc[0]
        for column in ("win_rate", "low", "high"):
            assert of_ranking[column] == pytest.approx(of_battles[column.replace("win_rate", "value")], abs=1e-12)


def test_averages_over_different_languages_are_marked(make_battles: Make) -> None:
    codes = ["deu_Latn", "fra_Latn", "spa_Latn"]
    rng = np.random.default_rng(0)
    values = {code: rng.choice([0.0, 0.5, 1.0], 20) for code in codes}
    wide = make_battles(values, candidate="wide")
    narrow = make_battles({"deu_Latn": rng.choice([0.0, 0.5, 1.0], 20)}, candidate="narrow")
    ranking = rank(pd.concat([wide, narrow], ignore_index=True), rounds=50)
    macro = ranking[ranking["level"] == "macro"].set_index("system")
    assert "averaged over 1 of 3 languages" in macro.loc["narrow", "note"]
    assert "averaged over" not in macro.loc["wide", "note"]
    assert not ranking[ranking["level"] == "language"]["note"].str.contains("averaged over").any()


def test_a_win_rate_that_no_battle_shows_says_so():
    rows = [
        {"judge": "j", "task": "t", "language": "deu_Latn", "item_id": f"{n}", "source_id": f"{n}", "candidate": one,
         "baseline": other, "score": score, "n_games": 1, "n_invalid": 0}
        for one, other in (("met", "base"), ("far", "met"))
        for n, score in enumerate([1.0, 0.0, 0.5, 1.0, 0.0, 0.0])
    ]  # fmt: skip
    found = rank(pd.DataFrame(rows), baseline="base", rounds=50).query("level == 'macro'").set_index("system")
    assert PREDICTED in found["note"]["far"]
    assert PREDICTED not in found["note"]["met"]
    assert found["note"]["base"] == "the baseline, whose rating is fixed"


def sparse_battles(per_pair: int) -> pd.DataFrame:
    """Battles of every pair of eight systems, each on an item of its own, as in an arena."""
    generator = np.random.default_rng(1)
    rows = []
    for a, b in itertools.combinations(range(8), 2):
        for k in range(per_pair):
            score = float(generator.random() < 1 / (1 + np.exp((b - a) / 4)))
            rows.append(
                {"judge": "j", "task": "t", "language": "eng_Latn", "item_id": f"{a}-{b}-{k}",
                 "source_id": f"{a}-{b}-{k}", "candidate": f"m{a}", "baseline": f"m{b}", "score": score,
                 "n_games": 1, "n_invalid": 0}
            )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize("per_pair", [1, 3, 12])
def test_ratings_of_few_battles_a_pair_have_the_spread_of_their_model(per_pair: int) -> None:
    """Around a pair's own mean, one battle shows no spread at all."""
    battles = sparse_battles(per_pair)
    found = rank(battles, baseline="m0", rounds=200, ties=False)
    rated = found[(found["level"] == "macro") & found["rating"].notna() & (found["system"] != "m0")]
    assert len(rated) > 3
    ratings = (rated.set_index("system")["rating"] - 1000) / ELO_SCALE
    names = list(ratings.index)
    strength = dict(ratings) | {"m0": 0.0}
    information = np.zeros((len(names), len(names)))
    for one, other in zip(battles["candidate"], battles["baseline"], strict=True):
        if one not in strength or other not in strength:
            continue
        chance = 1 / (1 + np.exp(strength[other] - strength[one]))
        design = np.array([float(name == one) - float(name == other) for name in names])
        information += chance * (1 - chance) * np.outer(design, design)
    expected = np.sqrt(np.diag(np.linalg.inv(information)))
    ends = rated[["rating_low", "rating_high"]].astype(float).to_numpy()
    # An end is open where many resamples leave a system without a battle lost, or won.
    low, high = np.nan_to_num(ends[:, 0], nan=-np.inf), np.nan_to_num(ends[:, 1], nan=np.inf)
    ratio = float(np.median((high - low) / ELO_SCALE / (2 * 1.96) / expected))
    assert ratio > 0.75
    assert ratio < 1.4 or per_pair == 1


def test_prompts_that_all_pairs_share_give_what_pairs_give_by_themselves(make_battles: Make) -> None:
    """Where all pairs have all prompts, a round draws as much of each."""
    battles = tournament(make_battles, {"a": 0.0, "b": 0.4, "c": -0.3}, 30)
    found = head_to_head(battles, "a")
    for resampled in found.resampled(20, 0):
        assert (resampled[2] == 1.0).all()
