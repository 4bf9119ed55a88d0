"""The status of a run in its folder: written as it goes on, read while it runs and after it died."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress

import pytest

from polyarena.harness import plan, run
from polyarena.harness.cli.app import main
from polyarena.harness.events import (
    CellDone,
    CellFailed,
    CellStarted,
    ModelLoaded,
    RunFinished,
    WorkerLost,
    WorkerStarted,
)
from polyarena.harness.progress import status as module
from polyarena.harness.progress.status import StatusWriter, read_status
from polyarena.harness.store.lease import take_lease
from polyarena.tasks.errors import StoreError


@pytest.fixture
def planned(toys, tmp_path):
    experiment = {
        "name": "toy",
        "systems": [{"name": "one", "model": "toy", "args": {"voice": "one"}}],
        "tasks": ["toy_open"],
        "statistics": {"rounds": 200},
    }
    (tmp_path / "run").mkdir()
    return plan(experiment, output=tmp_path / "run")


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_finished_run_says_so(planned, tmp_path):
    run(planned, report=False)
    status = read_status(tmp_path / "run")
    assert (status.experiment, status.state, status.holder) == ("toy", "finished", "")
    [line] = status.lines
    assert (line.title, line.total, line.done, line.failed) == ("one · toy_open", 3, 3, 0)
    assert status.requests == 36
    assert status.in_flight == ()


def test_a_run_that_goes_on_names_its_holder(planned, tmp_path):
    seen = []

    def look(event):
        if isinstance(event, CellDone):
            seen.append(read_status(tmp_path / "run"))

    run(planned, listener=look, report=False)
    assert {status.state for status in seen} == {"running"}
    assert all(f"process {os.getpid()} on" in status.holder for status in seen)


def test_a_run_that_died_is_stopped(planned, tmp_path):
    writer = StatusWriter(planned)
    writer(CellStarted("one", "toy_open", "deu_Latn", 12))
    status = read_status(tmp_path / "run")
    assert status.state == "stopped"
    assert status.in_flight == (("one", "toy_open", "deu_Latn"),)


def test_it_is_written_now_and_then_and_at_the_end(planned):
    clock = Clock()
    writer = StatusWriter(planned, clock)
    path = planned.folder.status
    writer(CellStarted("one", "toy_open", "deu_Latn", 12))
    first = path.read_text()
    writer(CellDone("one", "toy_open", "deu_Latn", 12, 1.0, "k"))
    assert path.read_text() == first
    clock.now = module.EVERY_S
    writer(CellStarted("one", "toy_open", "swh_Latn", 12))
    assert json.loads(path.read_text())["requests"] == 12
    writer(RunFinished(1.0, 0))
    assert json.loads(path.read_text())["state"] == "finished"


def test_workers_and_their_models_are_shown(planned, tmp_path, capsys):
    clock = Clock()
    writer = StatusWriter(planned, clock)
    events = [
        WorkerStarted("worker-0", "node-a"),
        WorkerStarted("worker-1", "node-b"),
        ModelLoaded(("one",), 1.0, {}, "worker-0"),
        WorkerLost("worker-1", "killed by signal 9"),
    ]
    for event in events:
        clock.now += module.EVERY_S
        writer(event)
    [worker] = read_status(tmp_path / "run").workers
    assert (worker.name, worker.host, worker.systems) == ("worker-0", "node-a", "one")
    lease = take_lease(tmp_path / "run")
    assert main(["status", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr().out
    assert "worker-0 on node-a, with one" in shown
    assert "running" in shown
    lease.release()
    assert main(["status", str(tmp_path / "run")]) == 0
    assert "run the same command again to go on" in capsys.readouterr().out


def test_json_is_for_programs(planned, tmp_path, capsys):
    run(planned, report=False)
    assert main(["status", str(tmp_path / "run"), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["state"], record["lines"][0]["done"]) == ("finished", 3)


def test_what_is_no_run_folder_is_refused(tmp_path, capsys):
    with pytest.raises(StoreError, match="no run has written its status"):
        read_status(tmp_path)
    assert main(["status", str(tmp_path)]) == 2
    assert "status.json" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{", "[]", '{"experiment": 3, "lines": "x"}'])
def test_a_damaged_status_is_an_error_and_no_traceback(tmp_path, text):
    (tmp_path / "status.json").write_text(text)
    with pytest.raises(StoreError):
        read_status(tmp_path)


def test_a_folder_that_cannot_be_written_stops_nothing(planned):
    planned.folder.path.rmdir()
    StatusWriter(planned)(CellStarted("one", "toy_open", "deu_Latn", 12))


def test_what_happened_last_is_written_though_nothing_else_happens(planned, monkeypatch):
    monkeypatch.setattr(module, "EVERY_S", 0.01)
    path = planned.folder.status
    # By a clock that stands still, only the first event is written at once.
    with StatusWriter(planned, Clock()) as writer:
        assert not path.exists()
        writer(CellStarted("one", "toy_open", "deu_Latn", 12))
        writer(CellStarted("one", "toy_open", "swh_Latn", 12))
        ends = time.monotonic() + 30
        while len(json.loads(path.read_text())["in_flight"]) < 2:
            assert time.monotonic() < ends
            time.sleep(0.005)
        writer(RunFinished(1.0, 0))
        last = path.read_text()
        time.sleep(0.05)
    assert path.read_text() == last
    assert json.loads(last)["state"] == "finished"


def test_a_run_that_ends_while_its_status_is_read_is_not_called_stopped(planned, tmp_path, monkeypatch):
    writer = StatusWriter(planned)
    lease = take_lease(tmp_path / "run")
    writer(CellStarted("one", "toy_open", "deu_Latn", 12))
    read = module._read_record

    def ends_after_the_first_look(path):
        status = read(path)
        if status.state == "running":
            writer(RunFinished(1.0, 0))
            lease.release()
        return status

    monkeypatch.setattr(module, "is_held", lambda *_: False)
    monkeypatch.setattr(module, "_read_record", ends_after_the_first_look)
    assert read_status(tmp_path / "run").state == "finished"


@pytest.mark.parametrize("error", [KeyboardInterrupt, StoreError])
def test_an_interrupted_or_failed_run_says_what_is_stored(planned, tmp_path, error):
    cells = []

    def interrupt(event):
        cells.extend([event] if isinstance(event, CellDone) else [])
        if len(cells) == 2:
            raise error("now")

    with pytest.raises(error):
        run(planned, listener=interrupt, report=False)
    record = json.loads((tmp_path / "run/status.json").read_text())
    stored = sum(cell.stored for cell in plan(planned.experiment, output=tmp_path / "run").cells)
    assert record["state"] == "stopped"
    assert record["lines"][0]["done"] == stored == 2
    assert (record["in_flight"], record["seconds_left"]) == ([], None)


def test_what_was_stored_while_an_interrupted_run_waited_is_counted(planned, tmp_path):
    run(planned, report=False)
    # Of what is stored after the interruption, the writer gets no event.
    with suppress(KeyboardInterrupt), StatusWriter(planned, Clock()) as writer:
        writer(CellStarted("one", "toy_open", "deu_Latn", 12))
        raise KeyboardInterrupt
    status = read_status(tmp_path / "run")
    assert (status.state, status.lines[0].done, status.in_flight, status.requests) == ("stopped", 3, (), 36)


def test_a_run_that_is_refused_before_it_begins_leaves_the_status_as_it_was(planned):
    with pytest.raises(StoreError), StatusWriter(planned):
        raise StoreError("not yours")
    assert not planned.folder.status.exists()


def test_a_run_with_failures_is_not_complete(planned, tmp_path, capsys):
    with StatusWriter(planned) as writer:
        writer(CellFailed("one", "toy_open", "deu_Latn", 12, "no answer"))
        writer(RunFinished(1.0, 1))
    assert json.loads((tmp_path / "run/status.json").read_text())["state"] == "incomplete"
    assert main(["status", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr().out
    assert "toy: not complete: 1 language failed; run the same command again" in shown
    assert "finished" not in shown


def test_the_column_of_earlier_results_is_not_taken_for_what_is_stored_now(planned, tmp_path, capsys):
    run(planned, report=False)
    assert main(["status", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr().out.split()
    heading = shown[shown.index("work") :]
    assert heading[:6] == ["work", "languages", "done", "stored", "before", "failed"]


def test_a_judge_without_any_verdict_is_missing(planned, tmp_path, capsys):
    with StatusWriter(planned) as writer:
        writer(RunFinished(1.0, 0, {"mute": 24}))
    status = read_status(tmp_path / "run")
    assert (status.state, status.silent) == ("incomplete", {"mute": 24})
    assert main(["status", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr().out
    assert "toy: not complete: the judge 'mute' gave no verdict in any of its 24 games" in shown
    assert "failed;" not in shown
