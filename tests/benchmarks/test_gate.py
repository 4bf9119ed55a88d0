"""The fast simulation of the gate says what the gate says."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from polyarena.reports.gate import GateSettings, ItemDifferences, Level, Status, decide

PATH = Path(__file__).parents[2] / "benchmarks" / "gate.py"
ROUNDS = 999


@pytest.fixture(scope="module")
def simulation():
    spec = importlib.util.spec_from_file_location("benchmark_gate", PATH)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize(
    ("effect", "kind", "items", "discordance", "seed"),
    [
        ("none", "binary", 200, 0.15, 1),
        ("one -10", "binary", 500, 0.005, 6),
        ("three -6", "judged", 200, 0.02, 2),
        ("all -1", "binary", 500, 0.02, 3),
        ("low-resource -4", "judged", 200, 0.05, 4),
    ],
)
def test_verdicts_of_the_simulation_are_those_of_the_gate(simulation, effect, kind, items, discordance, seed):
    judged = kind == "judged"
    rng = np.random.default_rng(seed)
    differences = simulation.draw(rng, items, discordance, simulation.EFFECTS[effect], judged)
    swapped = simulation.Swapped(differences, ROUNDS)
    default = GateSettings(rounds=ROUNDS)
    cells = replace(default, actions=simulation.CELLS)
    for settings in (default, cells, replace(cells, floor=0.0, average_floor=0.0)):
        fast = swapped.decide(settings)
        slow = decide([simulation.as_pairs(differences, judged)], settings, groupings=simulation.GROUPINGS)
        by_language = {each.group: each.status for each in slow.verdicts if each.level == Level.CELL}
        assert [each.value for each in fast.cells] == [by_language[code] for code in simulation.LANGUAGES]
        assert fast.red == bool(slow.failed)
        failing = [each for each in slow.verdicts if each.action == "fail"]
        assert fast.open == any(each.status == Status.INCONCLUSIVE for each in failing)


def test_an_effect_is_the_drop_of_the_mean_also_of_judged_items(simulation):
    rng = np.random.default_rng(0)
    for judged in (False, True):
        differences = simulation.draw(rng, 50_000, 0.05, {3: 0.06}, judged)
        assert differences[:, 3].mean() == pytest.approx(-0.06, abs=0.004)
        assert differences[:, 4].mean() == pytest.approx(0.0, abs=0.004)
        assert (differences[:, 4] != 0).mean() == pytest.approx(0.05, abs=0.004)


def test_counts_of_independent_cells_give_the_gates_p_values(simulation):
    """The same three cells as counts and as items of three tasks that share no item."""
    counts, n = [(12, 3), (6, 5), (0, 0)], 60
    pairs = []
    for i, (losses, wins) in enumerate(counts):
        column = np.r_[np.full(losses, -1.0), np.full(wins, 1.0), np.zeros(n - losses - wins)][:, None]
        pair = simulation.as_pairs(column, False)
        pairs.append(replace(pair, task=f"t{i}", clusters=tuple(f"{i}-{j}" for j in range(n))))
    assert all(isinstance(each, ItemDifferences) for each in pairs)
    settings = GateSettings(rounds=20_000, floor=0.0, average_floor=0.0)
    slow = {each.task: each.p_adjusted for each in decide(pairs, settings).verdicts if each.level == Level.CELL}
    losses, wins = np.array(counts).T
    fast = simulation.stepped_counts(losses, wins, np.random.default_rng(0), 20_000)
    assert fast == pytest.approx([slow[f"t{i}"] for i in range(3)], abs=0.012)


def test_designs_that_a_file_has_are_not_simulated_again(simulation, tmp_path, monkeypatch, capsys):
    path = tmp_path / "out.jsonl"
    done = []

    def simulate(effect, kind, items, discordance, draws, rounds):
        done.append((effect, kind, items, discordance))
        row = {"effect": effect, "kind": kind, "items": items, "discordance": discordance, "draws": draws}
        keys = {key for keys in simulation.STATES.values() for key in keys} | set(simulation.RED.values())
        return row | dict.fromkeys(keys | {"share ok", "predicted ok"}, 0.5)

    monkeypatch.setattr(simulation, "simulate", simulate)
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", ["gate.py", "--quick", "--effect", "none", "--file", str(path)])
        simulation.main()
    assert len(done) == len(path.read_text(encoding="utf-8").splitlines()) == 4
    monkeypatch.setattr(sys, "argv", ["gate.py", "--table", str(path)])
    capsys.readouterr()
    simulation.main()
    shown = capsys.readouterr().out
    assert "### none (1,000 draws a row)" in shown
    assert shown.count("| binary | 500 |") == 8


def test_a_design_is_reported_with_every_rule(simulation):
    row = simulation.simulate("none", "binary", 200, 0.02, 4, ROUNDS)
    assert row["ours, red"] + row["ours, inconclusive"] + row["ours, green"] == pytest.approx(1)
    assert row["constant 1"] >= row["tolerance 8"]
    assert json.loads(json.dumps(row)) == row


def test_alarms_are_those_of_the_decision(simulation):
    rng = np.random.default_rng(7)
    cells = replace(GateSettings(rounds=ROUNDS), actions=simulation.CELLS)
    for effect in ("none", "three -6"):
        differences = simulation.draw(rng, 200, 0.05, simulation.EFFECTS[effect], False)
        swapped = simulation.Swapped(differences, ROUNDS)
        for settings in (GateSettings(rounds=ROUNDS), cells):
            whole = swapped.decide(settings)
            red, warned = swapped.alarms(settings)
            assert red == whole.red
            if settings is not cells:
                assert warned == (Status.REGRESSED in whole.cells)


@pytest.mark.parametrize(("table", "rows"), [("unchanged", 4), ("closest", 4), ("power", 9)])
def test_tables_of_chosen_designs_have_a_row_each(simulation, monkeypatch, capsys, table, rows):
    monkeypatch.setattr(sys, "argv", ["gate.py", f"--{table}", "--draws", "2", "--rounds", "200"])
    simulation.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == rows + 2
    assert len({line.count("|") for line in lines}) == 1
