"""Rankings: what changes nothing, what has no meaning, and whether intervals hold what they promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.reports.stats.ranking import ELO_SCALE, rank
from polyarena.reports.stats.win_rates import win_rates
from polyarena.tasks.errors import DataError

Make = Callable[..., pd.DataFrame]
CODES = ("deu_Latn", "swh_Latn")
NUMBERS = ["rating", "rating_low", "rating_high", "win_rate", "standard_error", "low", "high", "p_best"]


def league(make: Make, generator: np.random.Generator, strength: dict[str, float], items: int) -> pd.DataFrame:
    """Every system against every other one on shared prompts; ties by Davidson's model with nu .5."""
    names = sorted(strength)
    parts = []
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            d = strength[one] - strength[other]
            chances = np.array([np.exp(d / 2), 0.5, np.exp(-d / 2)])
            drawn = {code: generator.choice([1.0, 0.5, 0.0], items, p=chances / chances.sum()) for code in CODES}
            parts.append(make(drawn, candidate=one, baseline=other))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def fought(make_battles: Make) -> pd.DataFrame:
    return league(make_battles, np.random.default_rng(0), {"a": 0.0, "b": 0.3, "c": 0.6, "d": 1.2}, 30)


def turned(battles: pd.DataFrame, which: np.ndarray) -> pd.DataFrame:
    """The same battles, some told from the other side."""
    return battles.assign(
        candidate=battles["baseline"].where(which, battles["candidate"]),
        baseline=battles["candidate"].where(which, battles["baseline"]),
        score=np.where(which, 1 - battles["score"], battles["score"]),
    )


def test_neither_the_order_of_rows_nor_the_side_that_tells_matters(fought: pd.DataFrame) -> None:
    first = rank(fought, baseline="a", rounds=60)
    pd.testing.assert_frame_equal(first, rank(fought.sample(frac=1, random_state=1), baseline="a", rounds=60))
    which = np.random.default_rng(2).random(len(fought)) < 0.5
    other = rank(turned(fought, which), baseline="a", rounds=60)
    pd.testing.assert_frame_equal(first, other, check_exact=False, rtol=1e-9)


def test_names_of_systems_do_not_matter(fought: pd.DataFrame) -> None:
    """Their order in the alphabet decides which of a pair is counted; the numbers are the same."""
    names = {"a": "z", "b": "m", "c": "k", "d": "b"}
    first = rank(fought, baseline="a", rounds=60)
    renamed = fought.assign(candidate=fought["candidate"].map(names), baseline=fought["baseline"].map(names))
    other = rank(renamed, baseline="z", rounds=60)
    one = first.assign(system=first["system"].map(names)).set_index(["group", "system"])[NUMBERS].sort_index()
    pd.testing.assert_frame_equal(one, other.set_index(["group", "system"])[NUMBERS].sort_index(), rtol=1e-9)


def test_with_all_scores_turned_round_the_last_is_the_first(fought: pd.DataFrame) -> None:
    first = rank(fought, baseline="a", rounds=60).set_index(["group", "system"])
    mirror = rank(fought.assign(score=1 - fought["score"]), baseline="a", rounds=60).set_index(["group", "system"])
    mirror = mirror.reindex(first.index)
    assert first["win_rate"].to_numpy() == pytest.approx(1 - mirror["win_rate"].to_numpy(), abs=1e-9)
    assert first["rating"].to_numpy() - 1000 == pytest.approx(1000 - mirror["rating"].to_numpy(), abs=1e-6)
    assert (first["rank_low"] == 5 - mirror["rank_high"]).all()


def test_another_baseline_moves_all_ratings_by_the_same(fought: pd.DataFrame) -> None:
    one, other = (rank(fought, baseline=each, rounds=40).set_index(["group", "system"]) for each in "ad")
    both = one.join(other["rating"].rename("other"))
    for _, own in both.groupby("group"):
        moved = own["rating"] - own["other"]
        assert moved.max() - moved.min() < 0.01
    assert (one["rank"] == other["rank"].reindex(one.index)).all()


def test_a_language_alone_is_what_it_is_among_others(fought: pd.DataFrame) -> None:
    whole = rank(fought, baseline="a", rounds=40)
    alone = rank(fought[fought["language"] == "deu_Latn"], baseline="a", rounds=40)
    both = [frame[frame["group"] == "deu_Latn"].set_index("system")[NUMBERS] for frame in (whole, alone)]
    pd.testing.assert_frame_equal(*both, check_exact=False, rtol=1e-9)
    macro = alone[alone["level"] == "macro"].set_index("system")[NUMBERS]
    pd.testing.assert_frame_equal(macro, both[1], check_exact=False, rtol=1e-6)


@given(
    scores=st.lists(st.sampled_from([0.0, 0.5, 1.0, None]), min_size=1, max_size=9),
    others=st.lists(st.sampled_from([0.0, 0.5, 1.0, None]), min_size=1, max_size=9),
    meet=st.booleans(),
    ties=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_no_number_is_missing_without_a_reason(
    make_battles: Make, scores: list[float | None], others: list[float | None], meet: bool, ties: bool
) -> None:
    """Few items, all won, all drawn, no verdict, systems that never met: a number, or a note that says why not."""
    values = [np.nan if each is None else each for each in scores]
    more = [np.nan if each is None else each for each in others]
    battles = pd.concat(
        [
            make_battles({"deu_Latn": values}),
            make_battles({"deu_Latn": more}, candidate="third", baseline="old" if meet else "fourth"),
        ]
    )
    found = rank(battles, baseline=None, ties=ties, rounds=20)
    for row in found.to_dict("records"):
        if any(pd.isna(row[name]) for name in NUMBERS):
            assert row["note"]
        if pd.notna(row["low"]):
            assert 0 <= row["low"] <= row["win_rate"] + 1e-6
            assert row["win_rate"] - 1e-6 <= row["high"] <= 1
        if pd.notna(row["rank_low"]):
            assert row["rank_low"] <= row["rank"] <= row["rank_high"]
    if found.empty:
        assert battles["score"].isna().all()


def test_one_cluster_has_ratings_and_no_interval(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0, 0.5, 1.0]}, source_id="s")
    found = rank(battles, rounds=20)
    new = found[(found["system"] == "new") & (found["level"] == "macro")].iloc[0]
    assert new["rating"] > 1000
    assert np.isnan([new["low"], new["rating_low"]]).all()
    assert "one source item only" in new["note"]


def test_duplicated_battles_would_narrow_intervals_and_are_refused(fought: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="occur twice"):
        rank(pd.concat([fought, fought]))
    with pytest.raises(DataError, match="occur twice"):
        rank(pd.concat([fought, turned(fought, np.ones(len(fought), dtype=bool))]))


def test_an_even_league_has_an_even_table(make_battles: Make) -> None:
    parts = [
        make_battles({code: [1.0, 0.0, 0.5, 0.5] * 4 for code in CODES}, candidate=one, baseline=other)
        for one, other in (("a", "b"), ("b", "c"), ("a", "c"))
    ]
    found = rank(pd.concat(parts), baseline="b", rounds=100)
    assert found["rating"].to_numpy() == pytest.approx(np.full(9, 1000), abs=1e-6)
    assert set(found["rank"]) == {1}
    assert set(found["tie_group"]) == {1}
    assert set(found["rank_high"]) == {3}


@pytest.mark.slow
def test_ratings_and_win_rates_of_simulated_leagues_are_covered(make_battles: Make) -> None:
    """Nominal 95%; of 120 leagues with 3 systems each three standard errors are 4.5 points."""
    truth = {"a": 0.0, "b": 0.5, "c": -0.4}
    rated = won = count = 0
    for seed in range(120):
        found = rank(league(make_battles, np.random.default_rng(seed), truth, 40), baseline="a", rounds=300)
        for row in found[found["level"] == "macro"].to_dict("records"):
            if row["system"] == "a":
                continue
            d = truth[row["system"]]
            expected = (np.exp(d / 2) + 0.25) / (np.exp(d / 2) + 0.5 + np.exp(-d / 2))
            count += 1
            rated += row["rating_low"] <= 1000 + ELO_SCALE * d <= row["rating_high"]
            won += row["low"] <= expected <= row["high"]
    assert rated / count >= 0.95 - 0.045
    assert won / count >= 0.95 - 0.045


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2, max_size=30))
@settings(max_examples=25, deadline=None)
def test_of_two_systems_it_is_the_win_rate_whatever_was_won(make_battles: Make, scores: list[float]) -> None:
    battles = make_battles({"deu_Latn": scores})
    ours = rank(battles, rounds=30)
    theirs = win_rates(battles, rounds=30, groupings={})
    one = ours[(ours["system"] == "new") & (ours["group"] == "deu_Latn")].iloc[0]
    other = theirs[theirs["group"] == "deu_Latn"].iloc[0]
    assert one["win_rate"] == pytest.approx(other["value"], abs=1e-4)
    assert (one["low"], one["high"]) == pytest.approx((other["low"], other["high"]), abs=1e-3)
