"""Calibration on two runs of one model, on halves, and on a stated design."""

import json

import pytest

from polyarena.harness.cli import main
from polyarena.harness.gate.calibrate import calibrate
from polyarena.harness.gate.gate_file import GateFile
from polyarena.tasks.errors import DataError

QUICK = GateFile(rounds=999, margin=20)


def test_runs_that_do_not_differ_are_never_red(good, make_run):
    found = calibrate(good, make_run("twin"), QUICK, rounds=10)
    assert found.measured.red == found.measured.warned == 0.0
    assert set(found.discordance.values()) == {0.0}


def test_halves_are_of_the_games_of_one_run(good):
    found = calibrate(good, None, QUICK, rounds=5)
    assert [cell.metric for cell in found.measured.cells] == ["win_rate"]
    assert "halves of model" in found.source


def test_calibrate_prints_what_accept_takes(good, make_run, tmp_path, capsys):
    assert main(["gate", "calibrate", str(good), str(good), "--rounds", "3", "--json"]) == 0
    path = tmp_path / "calibration.json"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["red"] == 0.0
    assert main(["gate", "accept", str(good), "-o", str(tmp_path / "b.parquet"), "--calibration", str(path)]) == 0


def test_a_design_can_be_stated_before_anything_is_run(capsys):
    assert main(["gate", "calibrate", "--items", "500", "--languages", "40", "--discordance", "0.02"]) == 0
    shown = capsys.readouterr().out
    assert "items a language for 80% power" in shown
    assert main(["gate", "calibrate"]) == 2


def test_nothing_to_split_says_what_to_give(make_run, monkeypatch):
    import polyarena.harness.gate.calibrate as module

    folder = make_run("alone")
    monkeypatch.setattr(module, "_observed", lambda records, system: iter(()))
    with pytest.raises(DataError, match="RUN RUN"):
        calibrate(folder, None, QUICK, rounds=1)
