from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from polyarena.reports.records import ESTIMATE_SCHEMA
from polyarena.reports.stats import estimates_table, win_rates
from polyarena.tasks.errors import DataError
from polyarena.tasks.signature import Signature

Make = Callable[..., pd.DataFrame]


def row(estimates: pd.DataFrame, group: str = "all") -> Any:
    found = estimates[estimates["group"] == group]
    assert len(found) == 1
    return found.iloc[0]


def same_bytes(first: pd.DataFrame, second: pd.DataFrame) -> bool:
    return estimates_table([first]).equals(estimates_table([second]))


def test_columns_are_those_of_the_schema(some_battles: pd.DataFrame) -> None:
    found = win_rates(some_battles, rounds=100)
    assert list(found.columns) == ESTIMATE_SCHEMA.names
    assert set(found["level"]) == {"macro", "tier", "language"}


def test_value_is_the_mean_of_battles_and_macro_the_mean_of_languages(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1, 1, 0.5, 0], "fra_Latn": [0, 0], "swh_Latn": [0.5] * 8})
    found = win_rates(battles, rounds=100)
    assert row(found, "deu_Latn")["value"] == 0.625
    assert row(found)["value"] == (0.625 + 0 + 0.5) / 3
    assert row(found, "high")["value"] == 0.3125
    assert row(found, "low")["value"] == 0.5
    assert (row(found)["n"], row(found)["n_clusters"], row(found)["n_languages"]) == (14, 8, 3)


def test_standard_error_is_one_and_not_a_half_width(some_battles: pd.DataFrame) -> None:
    found = win_rates(some_battles, rounds=4000)
    wide = some_battles.pivot_table(index="source_id", columns="language", values="score")
    for language in wide:
        expected = wide[language].std(ddof=1) / math.sqrt(len(wide))
        assert row(found, str(language))["standard_error"] == pytest.approx(expected, rel=1e-9)
    macro = row(found)
    assert macro["standard_error"] == pytest.approx(wide.mean(axis=1).std(ddof=1) / math.sqrt(len(wide)), rel=1e-9)
    assert (macro["high"] - macro["low"]) / macro["standard_error"] == pytest.approx(
        2 * stats.t.ppf(0.975, 39), rel=0.1
    )


def test_macro_interval_knows_that_prompts_are_shared(make_battles: Make) -> None:
    """The same 40 verdicts in five languages are 40 pieces of evidence; five sets of 40 prompts are 200."""
    scores = np.random.default_rng(0).choice([0.0, 0.5, 1.0], 40)
    shared = make_battles(dict.fromkeys(("arb_Arab", "deu_Latn", "hin_Deva", "swh_Latn", "tha_Thai"), scores))
    own = shared.assign(source_id=shared["language"] + shared["source_id"])
    same, apart = row(win_rates(shared)), row(win_rates(own))
    assert same["value"] == apart["value"]
    assert same["standard_error"] == pytest.approx(math.sqrt(5) * apart["standard_error"], rel=1e-9)
    assert (same["high"] - same["low"]) > 1.9 * (apart["high"] - apart["low"])
    assert (same["n_clusters"], apart["n_clusters"]) == (40, 200)


def test_languages_that_lack_some_prompts_keep_their_own_mean(make_battles: Make, drawn: Any) -> None:
    battles = make_battles(drawn(["deu_Latn", "tha_Thai"], 60))
    battles = battles[(battles["language"] == "deu_Latn") | (battles.index % 3 > 0)]
    found = win_rates(battles)
    thai = battles[battles["language"] == "tha_Thai"]["score"]
    estimate = row(found, "tha_Thai")
    assert estimate["value"] == pytest.approx(thai.mean())
    assert estimate["n"] == estimate["n_clusters"] == len(thai)
    assert estimate["standard_error"] == pytest.approx(thai.std(ddof=1) / math.sqrt(len(thai)), rel=1e-9)
    assert estimate["low"] < thai.mean() < estimate["high"]


@pytest.mark.parametrize("seed", range(3))
def test_order_of_rows_changes_nothing_to_the_bit(some_battles: pd.DataFrame, seed: int) -> None:
    thirds = some_battles.assign(score=some_battles["score"] / 3)
    shuffled = thirds.sample(frac=1, random_state=seed)
    assert same_bytes(win_rates(thirds, rounds=300), win_rates(shuffled, rounds=300))


def test_other_systems_judges_and_tasks_change_nothing_to_the_bit(some_battles: pd.DataFrame) -> None:
    more = pd.concat(
        [
            some_battles.assign(candidate="third", score=1 - some_battles["score"]),
            some_battles,
            some_battles.assign(judge="other"),
            some_battles.assign(task="zz", source_id="z" + some_battles["source_id"]),
        ]
    )
    found = win_rates(more, rounds=300)
    mine = found[(found["system"] == "new") & (found["judge"] == "rules") & (found["task"] == "mini")]
    assert same_bytes(mine, win_rates(some_battles, rounds=300))
    copy = found[(found["judge"] == "other")]
    assert list(copy["low"]) == list(mine["low"])


def test_batches_change_nothing_to_the_bit(some_battles: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    many = pd.concat([some_battles.assign(candidate=f"c{i}") for i in range(4)])
    whole = win_rates(many, rounds=200)
    monkeypatch.setattr("polyarena.reports.stats.summary.BATCH_BYTES", 1)
    monkeypatch.setattr("polyarena.reports.stats.resampling.CHUNK_BYTES", 1)
    assert same_bytes(whole, win_rates(many, rounds=200))


def test_same_seed_same_bytes_other_seed_other_interval(some_battles: pd.DataFrame) -> None:
    first = win_rates(some_battles, rounds=300, method="percentile")
    assert same_bytes(first, win_rates(some_battles, rounds=300, method="percentile"))
    other = win_rates(some_battles, rounds=300, seed=1, method="percentile")
    assert row(first)["value"] == row(other)["value"]
    assert row(first)["low"] != row(other)["low"]
    assert "|seed:1|" in row(other)["signature"]


SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=2, max_size=30)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(st.sampled_from(["deu_Latn", "swh_Latn", "tha_Thai"]), SCORES, min_size=1))
def test_bounds_and_symmetry(make_battles: Make, values: dict[str, Sequence[float]]) -> None:
    battles = make_battles(values)
    found = win_rates(battles, rounds=200)
    swapped = win_rates(battles.assign(score=1 - battles["score"]), rounds=200)
    for ours, theirs in zip(found.itertuples(), swapped.itertuples(), strict=True):
        assert 0 <= ours.low <= ours.value <= ours.high <= 1
        assert ours.worst == pytest.approx(ours.value)
        assert ours.best == pytest.approx(ours.value)
        assert ours.value == pytest.approx(1 - theirs.value)
        assert (ours.low, ours.high) == pytest.approx((1 - theirs.high, 1 - theirs.low))
        assert ours.standard_error == pytest.approx(theirs.standard_error, abs=1e-12)
        assert ours.method == theirs.method


def test_confidence_widens(some_battles: pd.DataFrame) -> None:
    wide, narrow = row(win_rates(some_battles, confidence=0.99)), row(win_rates(some_battles, confidence=0.8))
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]
    assert (wide["confidence"], narrow["confidence"]) == (0.99, 0.8)


def test_invalid_games_are_counted_and_bounded(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0, 0.5, 1.0]})
    battles["n_games"] = 2
    battles.loc[0, "n_invalid"] = 1
    battles.loc[1, ["n_invalid", "score"]] = [2, np.nan]
    found = row(win_rates(battles, rounds=100), "deu_Latn")
    assert found["value"] == pytest.approx(2.5 / 3)
    assert (found["n"], found["n_invalid"]) == (3, 3)
    assert found["worst"] == pytest.approx((0.5 + 0 + 0.5 + 1) / 4)
    assert found["best"] == pytest.approx((1 + 1 + 0.5 + 1) / 4)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.floats(0, 1)), min_size=1, max_size=20))
def test_bounds_hold_the_value(games: list[tuple[int, int, float]]) -> None:
    lines = [
        {
            "judge": "j", "task": "t", "language": "deu_Latn", "item_id": str(i), "source_id": str(i), "candidate": "a",
            "baseline": "b", "score": score if valid else None, "n_games": valid + invalid, "n_invalid": invalid,
        }
        for i, (valid, invalid, score) in enumerate(games)
        if valid + invalid
    ]  # fmt: skip
    for estimate in win_rates(pd.DataFrame(lines), rounds=50).itertuples() if lines else ():
        assert 0 <= estimate.worst <= estimate.best <= 1
        if not math.isnan(estimate.value):
            assert estimate.worst - 1e-12 <= estimate.value <= estimate.best + 1e-12


def test_a_language_without_verdicts_is_named_and_not_averaged(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.5, 1.0], "swh_Latn": [0.0, 0.0, 0.0]})
    silent = battles["language"] == "swh_Latn"
    battles.loc[silent, "score"] = np.nan
    battles.loc[silent, "n_invalid"] = 2
    found = win_rates(battles, rounds=100)
    language, macro = row(found, "swh_Latn"), row(found)
    assert math.isnan(language["value"])
    assert (language["note"], language["method"]) == ("no game has a verdict", "none")
    assert (language["worst"], language["best"]) == (0, 1)
    assert macro["value"] == pytest.approx(2.5 / 3)
    assert macro["n_languages"] == 1
    assert "swh_Latn" in macro["note"]
    assert macro["worst"] == pytest.approx(2.5 / 6)


def test_all_invalid(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [0.0, 0.0]}, score=None, n_invalid=2)
    found = win_rates(battles, rounds=100)
    assert found["value"].isna().all()
    assert (found["note"] != "").all()
    assert (found["n_invalid"] == 4).all()


def test_one_item_has_a_value_and_no_interval(make_battles: Make) -> None:
    found = win_rates(make_battles({"deu_Latn": [1.0], "tha_Thai": [0.5, 1.0, 0.0]}), rounds=100)
    alone, macro = row(found, "deu_Latn"), row(found)
    assert alone["value"] == 1.0
    assert math.isnan(alone["low"])
    assert math.isnan(alone["standard_error"])
    assert "one source item" in alone["note"]
    assert macro["value"] == 0.75
    assert "deu_Latn" in macro["note"]


def test_no_battles_give_an_empty_table(some_battles: pd.DataFrame) -> None:
    found = win_rates(some_battles.head(0))
    assert found.empty
    assert list(found.columns) == ESTIMATE_SCHEMA.names
    assert estimates_table([found]).num_rows == 0


def test_signature_holds_what_the_caller_knows_and_what_we_add(some_battles: pd.DataFrame) -> None:
    prefix = "task:mini@0.1|rev:builtin|judge:rules|orders:2|ties:half"
    found = win_rates(some_battles, rounds=200, seed=3, signatures={("mini", "rules"): Signature.parse(prefix)})
    language, macro = row(found, "deu_Latn")["signature"], row(found)["signature"]
    assert language.startswith(f"{prefix}|n:40|B:200|seed:3|ci:")
    assert "|polyarena:" in language
    assert macro.startswith(f"{prefix}|macro:5|n:200|")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"score": 1.5}, "outside"),
        ({"score": float("nan")}, "no score"),
        ({"n_games": 0}, "contradict"),
        ({"n_invalid": 3}, "contradict"),
        ({"n_invalid": 2}, "without any verdict"),
    ],
)
def test_impossible_battles_are_refused_with_their_key(make_battles: Make, change: dict[str, float], what: str) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0, 0.5]})
    for column, value in change.items():
        battles.loc[1, column] = value
    with pytest.raises(DataError, match=what) as caught:
        win_rates(battles)
    assert "item_id=deu_Latn-001" in caught.value.where


def test_battles_that_occur_twice_are_refused(some_battles: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="1 of 201 battles occur twice") as caught:
        win_rates(pd.concat([some_battles, some_battles.head(1)]))
    assert "language=arb_Arab" in caught.value.where


def test_a_missing_column_is_named(some_battles: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no column source_id"):
        win_rates(some_battles.drop(columns="source_id"))


@pytest.mark.parametrize("wrong", [{"confidence": 1.0}, {"confidence": 0.0}, {"rounds": 1}, {"seed": -1}])
def test_settings_without_a_meaning_are_refused(some_battles: pd.DataFrame, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="confidence"):
        win_rates(some_battles, **wrong)


def test_own_groupings_replace_tiers(some_battles: pd.DataFrame) -> None:
    found = win_rates(some_battles, rounds=100, groupings={"script": {"Latn": ["deu_Latn", "swh_Latn"], "Geor": []}})
    assert set(found["level"]) == {"macro", "script", "language"}
    assert row(found, "Latn")["n_languages"] == 2
    assert "|script:2|" in row(found, "Latn")["signature"]


def test_systems_with_the_same_battles_have_the_same_numbers(make_battles: Make, drawn: Any, aya23: list[str]) -> None:
    battles = make_battles(drawn(aya23, 100))
    found = win_rates(pd.concat([battles.assign(candidate=f"c{i}") for i in range(3)]), rounds=500)
    for _, own in found.groupby(["level", "group"]):
        assert own[["value", "low", "high"]].drop_duplicates().shape[0] == 1


def test_real_verdicts_agree_with_scipy(test_data: Path, make_battles: Make) -> None:
    """Two-game verdicts of a jury on 500 Korean prompts; a tie counts half, strength is left aside."""
    path = test_data / "verdicts" / "ko-arena-hard" / "ensemble" / "command-a.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    points = {"A>>B": 1.0, "A>B": 1.0, "A=B": 0.5, "B>A": 0.0, "B>>A": 0.0}
    values = []
    for line in path.read_text(encoding="utf-8").splitlines():
        first, second = (points[game["score"]] for game in json.loads(line)["games"])
        values.append((1 - first + second) / 2)
    found = row(win_rates(make_battles({"kor_Hang": values})), "kor_Hang")
    reference = stats.bootstrap((np.array(values),), np.mean, n_resamples=9999, rng=0, method="percentile")
    assert found["value"] == pytest.approx(np.mean(values))
    assert found["standard_error"] == pytest.approx(reference.standard_error, rel=0.03)
    interval = reference.confidence_interval
    assert (found["low"], found["high"]) == pytest.approx((interval.low, interval.high), abs=0.004)


def test_wins_ties_and_losses_stand_beside_the_rate(make_battles: Make) -> None:
    found = win_rates(make_battles({"deu_Latn": [1, 0.75, 0.5, 0, 0.25, 0.25], "swh_Latn": [1, 0.5, 0.5]}), rounds=50)
    counts = {row["group"]: (row["wins"], row["ties"], row["losses"]) for row in found.to_dict("records")}
    assert counts["deu_Latn"] == (2, 1, 3)
    assert counts["all"] == (3, 3, 3)


def test_a_battle_without_a_verdict_is_no_win_tie_or_loss(make_battles: Make) -> None:
    frame = make_battles({"deu_Latn": [1.0, 0.0, 0.5]})
    frame.loc[2, ["score", "n_invalid"]] = [None, 2]
    found = win_rates(frame, rounds=50).iloc[0]
    assert (found["wins"], found["ties"], found["losses"]) == (1, 0, 1)
