"""Judging that ends once it is clear which system wins, or once the gate's checks are decided."""

import json

import numpy as np
import pytest
import yaml

from polyarena.harness import plan, run
from polyarena.harness.cli import main
from polyarena.harness.experiment.games import StopRule
from polyarena.harness.gate.gate_file import GateFile
from polyarena.harness.gate.item_values import run_values
from polyarena.harness.gate.reference import write_reference
from polyarena.harness.running.stopping import _stops
from polyarena.reports.stats.outcome import Outcome
from polyarena.tasks.errors import ExperimentError, StoreError

SYSTEMS = [
    {"name": "one", "model": "toy", "args": {"voice": "one"}},
    {"name": "long", "model": "toy", "args": {"voice": "l" * 80}},
    {"name": "equal", "model": "toy", "args": {"voice": "two"}},
]
RULE = {"first": 3, "step": 3}


@pytest.fixture
def judged(experiment, tmp_path, toys):
    """Run the systems on the open task with ``stop_when`` and return the run and what was judged of each pair."""

    def judged(stop_when, folder="run", **changes):
        changes = {"systems": SYSTEMS, "tasks": ["toy_open"], "stop_when": stop_when, **changes}
        finished = run(plan(experiment(**changes), output=tmp_path / folder), report=False)
        stored = json.loads((tmp_path / folder / "allocation.json").read_text(encoding="utf-8"))
        return finished, {each["candidate"]: each for each in stored["tasks"]["toy_open"]}

    return judged


def test_a_clear_winner_is_judged_until_it_is_clear_and_an_equal_one_to_the_end(judged):
    finished, pairs = judged(RULE)
    assert not finished.failures
    assert pairs["long"]["items"] == 12
    assert pairs["long"]["decided"].startswith("better after 10 source items")
    battles = finished.battles().groupby(["candidate", "language"])["source_id"].nunique()
    assert set(battles["long"]) == set(battles["equal"]) == {12}
    assert pairs["equal"]["decided"] == ""
    finer, pairs = judged({"first": 2, "step": 2}, "finer")
    assert pairs["long"]["items"] == 10
    battles = finer.battles().groupby(["candidate", "language"])["source_id"].agg(set)
    assert {len(each) for each in battles["long"]} == {10}
    assert len({frozenset(each) for each in battles["long"]}) == 1
    assert finer.estimates()["signature"].str.contains("judged:until decided", regex=False).any()


def test_what_is_decided_is_not_judged_again_and_a_smaller_step_does_not_matter(judged, toys):
    _, first = judged({"first": 2, "step": 2})
    calls = toys.read_text()
    again, second = judged({"first": 2, "step": 2})
    assert first == second
    assert toys.read_text() == calls
    planned = plan(again.folder.experiment, output=again.folder.path)
    assert all(games.stored for games in planned.games)
    # Nothing is left of the pair that was decided, nor of the one that was judged to the end.
    assert planned.unallocated == ()


def test_the_command_line_says_what_was_decided(experiment, toys, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "toy.yaml"
    content = experiment(systems=SYSTEMS, tasks=["toy_open"], stop_when={"first": 2, "step": 2})
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert main(["plan", str(path), "-o", str(tmp_path / "run")]) == 0
    assert "long judges until decided, at most" in capsys.readouterr().out
    assert main(["run", str(path), "-o", str(tmp_path / "run"), "--quiet"]) == 0
    assert "toy_open: long against one decided: better after 10 source items" in capsys.readouterr().out


def test_languages_are_decided_each_at_a_stricter_level(judged):
    _, pairs = judged({"first": 2, "step": 2, "scope": "languages"})
    assert pairs["long"]["items"] == 12
    assert "better after 10" not in pairs["long"]["decided"]


def test_the_plan_counts_what_may_still_be_judged(experiment, tmp_path, toys):
    planned = plan(experiment(systems=SYSTEMS, tasks=["toy_open"], stop_when=RULE), output=tmp_path / "run")
    assert sum(games.requests for games in planned.games) == 2 * 3 * 3 * 2
    # Of 12 items in 3 languages in 2 orders of each of 2 pairs, three items are planned already.
    assert [each.requests for each in planned.unallocated] == [2 * 3 * 9 * 2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"opponents": {"games": 200}, "stop_when": "decided"}, "exclude each other"),
        ({"stop_when": "soon"}, "stop_when"),
        ({"stop_when": {"gate": "gate.yaml"}}, "a gate needs `baseline`"),
        ({"stop_when": {"confidence": 1.5}}, "confidence"),
        ({"stop_when": {"frist": 3}}, "did you mean 'first'"),
    ],
)
def test_wrong_rules_are_named(experiment, toys, tmp_path, changes, message):
    with pytest.raises(ExperimentError, match=message):
        plan(experiment(systems=SYSTEMS, tasks=["toy_open"], **changes), output=tmp_path / "run")


def test_equal_systems_are_seldom_decided_although_they_are_looked_at_after_every_item():
    """300 pairs of equal systems, three languages, 60 items: at most 5% are decided; 8% would be beyond chance."""
    rng = np.random.default_rng(4)
    rule = StopRule(first=1, step=1)
    decided = 0
    for _ in range(300):
        shared = rng.random(60)
        scores = {
            f"q{i}": {code: rng.choice([0.0, 0.5, 1.0]) if rng.random() < 0.6 else round(each) for code in "abc"}
            for i, each in enumerate(shared)
        }
        decided += any(stop.outcome is not Outcome.INCONCLUSIVE for stop in _stops(scores, rule))
    assert decided <= 24


def test_the_error_level_holds_for_all_languages_together():
    rng = np.random.default_rng(5)
    rule = StopRule(first=1, step=1, scope="languages")
    decided = 0
    for _ in range(200):
        scores = {f"q{i}": {code: float(rng.integers(0, 2)) for code in "abc"} for i in range(40)}
        decided += any(stop.outcome is not Outcome.INCONCLUSIVE for stop in _stops(scores, rule))
    assert decided <= 18


def test_games_without_a_verdict_are_left_out_and_do_not_hold_a_pair_up(judged):
    judges = [{"name": "long", "judge": "toy_length", "args": {"invalid": "question 3 "}}]
    _, pairs = judged({"first": 2, "step": 2}, judges=judges)
    assert pairs["long"]["decided"].startswith("better after 10 source items")


def gate(tmp_path, finished, system="long"):
    """Write the reference file of a system, and a gate file."""
    write_reference(run_values(finished, system, GateFile()), tmp_path / "old.parquet")
    path = tmp_path / "gate.yaml"
    path.write_text(f"systems: {{candidate: {system}}}\nmargin: 60\nrounds: 999\n", encoding="utf-8")
    return {"first": 2, "step": 2, "baseline": str(tmp_path / "old.parquet"), "gate": str(path)}


def test_a_gate_ends_judging_when_its_checks_are_decided(judged, experiment, tmp_path):
    whole = run(plan(experiment(systems=SYSTEMS, tasks=["toy_open"]), output=tmp_path / "whole"), report=False)
    rule = gate(tmp_path, whole)
    finished, pairs = judged(rule, "checked")
    assert not finished.failures
    assert pairs["long"]["items"] < 12
    assert "checks settled after" in pairs["long"]["decided"]
    assert "0 regressed" in pairs["long"]["decided"]
    # Another system is not what the gate is about: it is judged to the end.
    assert (pairs["equal"]["items"], pairs["equal"]["decided"]) == (12, "")


def test_a_gates_baseline_that_is_not_there_is_an_error(judged, tmp_path):
    path = tmp_path / "gate.yaml"
    path.write_text("systems: {candidate: long}\n", encoding="utf-8")
    with pytest.raises(StoreError, match="no_such"):
        judged({"first": 2, "step": 2, "baseline": str(tmp_path / "no_such.parquet"), "gate": str(path)})
