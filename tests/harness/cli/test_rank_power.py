"""``polyarena rank`` and ``polyarena power``."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from polyarena.harness.lock import Lock
from polyarena.reports.stats import Design, power

STATISTICS = {"confidence": 0.9, "rounds": 150, "seed": 3}
RESOLVED = {
    "name": "toy",
    "systems": [{"name": "one", "model": "toy"}],
    "tasks": ["toy_open"],
    "statistics": STATISTICS,
}
CONTENT = {"experiment": {"name": "toy", "digest": "d", "resolved": RESOLVED}}
LOCK = Lock.model_validate(CONTENT).model_dump(mode="json")


def folder_with(path, scores):
    """A run folder whose battles of every candidate have these scores in each language."""
    (path / "results").mkdir(parents=True)
    (path / "lock.json").write_text(json.dumps(LOCK), encoding="utf-8")
    rows = [
        {
            "judge": "long", "task": "toy_open", "language": language, "item_id": f"{i}", "source_id": f"s{i}",
            "candidate": candidate, "baseline": "one", "score": score, "n_games": 2, "n_invalid": 0,
        }
        for candidate in ("longer", "mid")
        for language in ("swh_Latn", "tha_Thai")
        for i, score in enumerate(scores)
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(path / "results" / "battles.parquet")
    return path


@pytest.fixture
def finished(tmp_path):
    """A run whose candidates won everything."""
    return folder_with(tmp_path / "won", [1.0] * 12)


@pytest.fixture
def mixed(tmp_path):
    return folder_with(tmp_path / "mixed", [1.0, 0.5, 0.0, 1.0, 1.0] * 4)


def test_a_rating_without_interval_has_none_in_place_of_two_open_ends(call, tmp_path):
    code, out, _ = call("rank", folder_with(tmp_path / "tied", [0.5] * 12), "--rounds", "200")
    assert code == 0
    assert "0/48/0" in out or "0/24/0" in out
    assert "no interval" in out
    assert "open" not in out.replace("toy_open", "")


def test_the_ranking_is_printed(call, mixed):
    code, out, err = call("rank", mixed, "--rounds", "200")
    assert (code, err) == (0, "")
    assert "toy_open: systems by judge long, one at 1000" in out
    assert "longer" in out
    assert "Swahili" in out


def test_a_single_language_is_not_ranked_twice(call, mixed):
    path = mixed / "results" / "battles.parquet"
    battles = pd.read_parquet(path)
    battles[battles["language"] == "swh_Latn"].to_parquet(path)
    code, out, _ = call("rank", mixed, "--rounds", "200")
    assert code == 0
    assert "swh_Latn" not in out
    assert sum("longer" in line for line in out.splitlines()) == 1


def test_the_ranking_as_json_has_all_columns(call, mixed):
    code, out, _ = call("rank", mixed, "--rounds", "200", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["cycles"] == []
    rows = {row["system"]: row for row in found["ranking"] if row["level"] == "macro"}
    assert set(rows) == {"one", "longer", "mid"}
    assert rows["one"]["rating"] == 1000
    assert rows["one"]["low"] is None
    assert rows["mid"]["win_rate"] == pytest.approx(0.7, abs=1e-4)
    assert rows["mid"]["rank_low"] == 1
    assert "model:davidson" in rows["mid"]["signature"]


def test_another_baseline_and_ties_that_count_half(call, mixed):
    code, out, _ = call("rank", mixed, "--baseline", "mid", "--ties", "half", "--rounds", "100", "--json")
    rows = [row for row in json.loads(out)["ranking"] if row["level"] == "macro"]
    assert code == 0
    assert {row["baseline"] for row in rows} == {"mid"}
    assert "model:bradley-terry" in rows[0]["signature"]


def test_a_run_that_is_all_won_is_ranked_without_ratings(call, finished):
    code, out, _ = call("rank", finished, "--rounds", "50")
    assert code == 0
    assert "no finite rating" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--ties", "none"], "unknown model of ties"),
        (["--baseline", "nobody"], "the baseline 'nobody' has no battle"),
        (["--rounds", "1"], "no such bootstrap"),
    ],
)
def test_what_cannot_be_ranked_ends_in_two(call, finished, arguments, says):
    code, out, err = call("rank", finished, *arguments)
    assert (code, out) == (2, "")
    assert says in err


def test_rounds_seed_and_confidence_are_the_experiment_s_unless_stated(call, mixed):
    rows = json.loads(call("rank", mixed, "--json")[1])["ranking"]
    assert {(row["confidence"]) for row in rows} == {STATISTICS["confidence"]}
    assert json.loads(call("rank", mixed, "--rounds", 150, "--seed", 3, "--json")[1])["ranking"] == rows
    assert json.loads(call("rank", mixed, "--seed", 4, "--json")[1])["ranking"] != rows
    assert "hold at 90% for all comparisons together" in call("rank", mixed)[1]


@pytest.mark.parametrize("rounds", [0, 1, 10**12])
def test_rounds_beyond_measure_are_refused_before_memory_is_taken(call, mixed, rounds):
    code, _, err = call("rank", mixed, "--rounds", rounds)
    assert code == 2
    assert "2 to 1,000,000" in err


@pytest.mark.parametrize("command", [["rank"], ["power", "--run"]])
def test_damaged_results_say_how_to_make_them_again(call, mixed, command):
    path = mixed / "results" / "battles.parquet"
    pd.read_parquet(path).drop(columns="candidate").to_parquet(path)
    code, _, err = call(*command, mixed)
    assert (code, "no column candidate" in err, f"polyarena report {mixed}" in err) == (2, True, True)
    path.write_bytes(b"x")
    code, _, err = call(*command, mixed)
    assert (code, "cannot be read" in err, "defect" in err) == (2, True, False)


def test_turns_of_one_question_are_one_source(call, mixed):
    path = mixed / "results" / "battles.parquet"
    battles = pd.read_parquet(path)
    second = battles.assign(item_id=battles["item_id"] + ".turn2")
    pd.concat([battles, second]).to_parquet(path)
    code, out, _ = call("power", "--run", mixed, "--json")
    assert code == 0
    assert {row["items"] for row in json.loads(out)} == {20}


def test_a_run_that_always_says_the_same_within_a_language_says_nothing_of_variance(call, mixed):
    path = mixed / "results" / "battles.parquet"
    battles = pd.read_parquet(path)
    battles.assign(score=(battles["language"] == "swh_Latn").astype(float)).to_parquet(path)
    code, _, err = call("power", "--run", mixed)
    assert (code, "no variance to estimate" in err, "--sd" in err) == (2, True, True)


def test_a_run_without_verdicts_is_not_ranked(call, finished):
    path = finished / "results" / "battles.parquet"
    battles = pd.read_parquet(path)
    battles.assign(score=float("nan"), n_invalid=battles["n_games"]).to_parquet(path)
    code, _, err = call("rank", finished)
    assert code == 2
    assert "there is nothing to rank" in err


def test_stated_variances_are_planned_with(call):
    code, out, err = call(
        "power", "--items", 500, "--languages", 23, "--sd", 0.45, "--icc", 0.3, "--effect", 0.03, "--json"
    )
    (row,) = json.loads(out)
    expected = power(Design(items=500, languages=23, sd=0.45, icc=0.3), effect=0.03)
    assert (code, err) == (0, "")
    assert row["design"] == "as stated"
    assert row["detectable"] == expected.detectable
    assert (row["chance"], row["items_needed"]) == (expected.chance, 584)


def test_the_plan_is_printed_with_its_meaning(call):
    code, out, _ = call("power", "--effect", 0.05, "--comparisons", 23, "--price", 0.01, "--items", 200)
    assert code == 0
    assert "power for 5 points" in out
    assert "23 comparisons together" in out
    assert "cost" in out


def test_the_table_is_in_points_as_all_others_and_json_in_shares(call, mixed):
    arguments = ("--items", 200, "--sd", 0.4, "--icc", 0.3)
    (row,) = json.loads(call("power", *arguments, "--json")[1])
    out = call("power", *arguments)[1]
    assert row["detectable"] == pytest.approx(0.0792, abs=1e-4)
    assert out.split("as stated")[1].split()[:8] == ["200", "1", "1", "40.0", "0.0", "0.30", "2.8", "7.9"]
    assert "in percentage points. --json has shares." in out
    (first, *_) = json.loads(call("power", "--run", mixed, "--json")[1])
    assert f" {100 * first['detectable']:.1f} " in call("power", "--run", mixed)[1].replace("\n", " ")


@pytest.mark.parametrize(("scales", "says"), [({1.0}, 0), ({100.0}, 1), ({1.0, 100.0}, 1)])
def test_units_are_told_where_there_are_shares(scales, says):
    from polyarena.harness.cli.power import _units

    told = _units(scales)
    assert len(told) == says
    assert all(("in their own unit" in each) == (len(scales) == 2) for each in told)


def test_a_budget_takes_the_place_of_items(call):
    code, out, _ = call("power", "--budget", 46, "--price", 0.01, "--languages", 23, "--repeats", 2, "--json")
    assert code == 0
    assert json.loads(out)[0]["items"] == 100


def test_a_run_s_variances_are_taken_and_overruled(call, mixed):
    code, out, _ = call("power", "--run", mixed, "--json")
    rows = json.loads(out)
    assert code == 0
    assert "toy_open: mid against one, judge long" in {row["design"] for row in rows}
    assert all(row["languages"] > 1 for row in rows)
    _, out, _ = call("power", "--run", mixed, "--items", 1000, "--sd", 0.2, "--json")
    assert {(row["items"], row["sd"]) for row in json.loads(out)} == {(1000, 0.2)}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sd", 0], "sd is 0"),
        (["--items", 1], "items is 1"),
        (["--effect", 0], "effect is 0"),
        (["--budget", 10], "--budget needs --price"),
        (["--budget", 10, "--price", 1, "--items", 5], "determines the items"),
        (["--budget", 1, "--price", 1], "budget is 1"),
        (["--run", "no-such-run"], "not a run folder"),
        (["--budget", "nan", "--price", 1], "--budget is nan"),
        (["--budget", 1e300, "--price", 1e-300], "--budget is 1e+300"),
        (["--budget", 5, "--price", 0], "price is 0"),
        (["--price", -1], "--price is -1"),
        (["--effect", 1e-200], "--effect is 1e-200"),
        (["--effect", "nan"], "effect is nan"),
        (["--power", 0.01], "--power is 0.01"),
        (["--icc", 2], "icc is 2"),
        (["--noise-sd", 5], "noise_sd is 5"),
        (["--comparisons", 0], "comparisons is 0"),
        (["--confidence", 95], "confidence is 95"),
    ],
)
def test_plans_without_a_meaning_end_in_two(call, arguments, says):
    code, out, err = call("power", *arguments)
    assert (code, out) == (2, "")
    assert says in err


def test_points_in_place_of_shares_are_refused(call):
    code, out, err = call("power", "--effect", 3)
    assert (code, out) == (2, "")
    assert "--effect is 3" in err
    assert "0.03 for 3 points" in err
    code, out, _ = call("power", "--effect", 3, "--sd", 15)
    assert code == 0
    assert "power for 3" in out
    assert "points" not in out


def test_noise_comes_from_the_repeats_of_a_run(call, tmp_path, import_games):
    """Two repeats in each order: what four or more would give is foretold from how the two differ."""
    generator = np.random.default_rng(0)
    labels = np.array(["A>B", "A=B", "B>A"])
    rows = [
        {"item_id": str(n), "system_a": a, "system_b": b, "judge": "noisy", "language": "deu_Latn", "task": "t",
         "repeat": repeat, "label": str(labels[generator.integers(3)])}
        for n in range(60) for a, b in (("ours", "base"), ("base", "ours")) for repeat in range(2)
    ]  # fmt: skip
    folder = import_games(tmp_path, rows)
    (own,) = json.loads(call("power", "--run", folder, "--json")[1])
    assert own["repeats"] == 2
    values = pd.DataFrame(rows)
    values["score"] = values["label"].map({"A>B": 1.0, "A=B": 0.5, "B>A": 0.0})
    within = values.groupby(["item_id", "system_a"])["score"].var(ddof=1).mean()
    assert own["noise_sd"] == pytest.approx((within / 2) ** 0.5)
    (more,) = json.loads(call("power", "--run", folder, "--repeats", 8, "--json")[1])
    assert more["standard_error"] < 0.8 * own["standard_error"]
    (stated,) = json.loads(call("power", "--run", folder, "--repeats", 8, "--noise-sd", 0, "--json")[1])
    assert stated["standard_error"] > own["standard_error"]
    assert "noise sd" in call("power", "--run", folder)[1]


def test_without_repeats_the_noise_is_not_known(call, mixed):
    rows = json.loads(call("power", "--run", mixed, "--repeats", 5, "--json")[1])
    assert {(row["noise_sd"], row["repeats"]) for row in rows} == {(0, 5)}
    assert "noise is not known" in call("power", "--run", mixed, "--repeats", 5)[1]
    assert "noise is not known" not in call("power", "--run", mixed)[1]
