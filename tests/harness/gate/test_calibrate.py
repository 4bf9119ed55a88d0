"""Calibration on two runs of one model, on halves, and on a stated design."""

import json
import shutil

import pytest

from polyarena.harness.cli import main
from polyarena.harness.gate.calibrate import calibrate
from polyarena.harness.gate.check import check
from polyarena.harness.gate.gate_file import GateFile
from polyarena.harness.gate.reference import read_reference
from polyarena.harness.lock import FlipRate
from polyarena.harness.results import open_run
from polyarena.harness.running.lock import _flips
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


def test_recorded_flip_rates_are_read_by_check_accept_and_calibrate(good, lost_all, tmp_path, capsys, monkeypatch):
    import polyarena.harness.gate.calibrate as module

    copy = tmp_path / "run"
    shutil.copytree(good, copy)
    assert main(["gate", "calibrate", str(copy), str(lost_all), "--rounds", "2", "--record"]) == 0
    rate = open_run(copy).lock.flips["model"]["polyarena_mini/off_target_language"]
    assert (rate.per_10000, rate.items) == (10_000.0, 32)
    told = [note for note in check(copy, good, QUICK).notes if "as calibrated" in note]
    assert any("off_target_language): two runs of one model differ in 100.0% of items" in note for note in told)
    assert not any("as calibrated" in note for note in check(good, lost_all, QUICK).notes)
    assert main(["gate", "accept", str(copy), "-o", str(tmp_path / "b.parquet")]) == 0
    assert read_reference(tmp_path / "b.parquet").discordance["polyarena_mini/off_target_language"] == 1.0
    monkeypatch.setattr(module, "_observed", lambda records, system: iter(()))
    found = calibrate(copy, None, QUICK)
    assert "recorded in" in found.source
    assert found.discordance["polyarena_mini/empty_answers"] == 0.0
    assert {(cell.items, cell.languages) for cell in found.measured.cells} == {(8, 4)}
    capsys.readouterr()
    assert main(["gate", "calibrate", str(copy), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["red"] is None


def test_flip_rates_stay_with_the_answers_that_they_were_measured_on(good):
    lock = open_run(good).lock
    rates = {"model": {"polyarena_mini/acc": FlipRate(per_10000=50, items=100, source="a and b")}}
    earlier = lock.model_copy(update={"flips": rates})
    assert _flips(lock, earlier) == rates
    assert _flips(lock.model_copy(update={"cells": {}}), earlier) == {}
    assert _flips(lock, None) == {}


def test_what_was_measured_is_told_from_what_is_predicted(good, capsys):
    """Without any item that differs, all swapped runs are the same, and the prediction is below 100%."""
    assert main(["gate", "calibrate", str(good), str(good), "--rounds", "2"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "ok: predicted chance" in said
    assert "at least one in (items + 2) differs" in said
    assert "`ok` is for new runs, where any item can" in said
