"""One writer at a time, without file locks: whoever is alive keeps the folder, whoever is gone does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest

from polyarena.harness import plan, run
from polyarena.harness.events import CellDone
from polyarena.harness.store import lease
from polyarena.harness.store.lease import FOLDER, Holder, current, describe, is_held, machine, process_start, take_lease
from polyarena.tasks.errors import StoreError


def write(folder, number, **holder):
    (folder / FOLDER).mkdir(exist_ok=True)
    (folder / FOLDER / f"{number}.json").write_text(json.dumps(holder))


def elsewhere():
    return Holder(machine="another/1", host="another", pid=7, since="2026", command="polyarena run")


def test_a_lease_is_taken_and_given_back(tmp_path):
    first = take_lease(tmp_path)
    assert current(tmp_path / FOLDER)[0] == first.number == 1
    first.release()
    assert list((tmp_path / FOLDER).iterdir()) == []
    assert take_lease(tmp_path).number == 1


def test_a_second_one_is_told_who_holds_it(tmp_path):
    take_lease(tmp_path)
    with pytest.raises(StoreError, match="another process") as caught:
        take_lease(tmp_path)
    assert f"process {os.getpid()} on" in caught.value.why
    assert "--output" in caught.value.fix


def test_a_process_of_this_machine_that_is_gone_holds_nothing(tmp_path):
    code = "import sys; from pathlib import Path; from polyarena.harness.store.lease import take_lease; "
    code += "take_lease(Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=120)
    number, holder = current(tmp_path / FOLDER)
    assert (number, holder.machine) == (1, machine())
    assert take_lease(tmp_path).number == 2


def test_another_process_with_the_same_number_holds_nothing(tmp_path):
    write(tmp_path, 1, machine=machine(), pid=os.getpid(), started="0")
    assert take_lease(tmp_path).number == 2


def test_a_holder_on_another_machine_is_alive_while_its_counter_changes(tmp_path):
    write(tmp_path, 3, **asdict(elsewhere()))
    counter = tmp_path / FOLDER / "3.alive"
    looks = []

    def sleep(seconds):
        looks.append(seconds)
        counter.write_text(str(len(looks)))

    assert is_held(tmp_path / FOLDER, 3, elsewhere(), sleep=sleep)
    assert len(looks) == 1
    assert not is_held(tmp_path / FOLDER, 3, elsewhere(), sleep=looks.append)
    assert sum(looks[1:]) == pytest.approx(lease.PATIENCE_S)


def test_a_holder_on_another_machine_that_is_gone_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "is_held", lambda *arguments: False)
    write(tmp_path, 41, **asdict(elsewhere()))
    assert take_lease(tmp_path).number == 42
    assert not (tmp_path / FOLDER / "41.json").exists()


def test_of_many_who_try_at_once_one_succeeds(tmp_path):
    write(tmp_path, 5, machine=machine(), pid=os.getpid(), started="0")
    start, outcomes = threading.Barrier(8), []

    def attempt():
        start.wait(30)
        try:
            outcomes.append(take_lease(tmp_path).number)
        except StoreError:
            outcomes.append(None)

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [6, *[None] * 7]


def test_it_works_without_hard_links(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError("no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    first = take_lease(tmp_path)
    with pytest.raises(StoreError):
        take_lease(tmp_path)
    first.release()
    assert take_lease(tmp_path).number == 1


@pytest.mark.parametrize("written", ["{", "[]", '{"pid": "many"}', '{"machine": 3}'])
def test_a_damaged_file_holds_nothing(tmp_path, written):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "9.json").write_text(written)
    (tmp_path / FOLDER / "notes.txt").write_text("x")
    assert current(tmp_path / FOLDER) == (9, None)
    assert take_lease(tmp_path).number == 10
    assert (tmp_path / FOLDER / "notes.txt").exists()


def test_signs_of_life_change_the_counter_until_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "BEAT_S", 0.001)
    held = take_lease(tmp_path)
    held.show_life()
    counter = tmp_path / FOLDER / "1.alive"
    seen = set()
    while len(seen) < 3:
        if counter.exists():
            seen.add(counter.read_text())
    held.release()
    assert current(tmp_path / FOLDER) == (0, None)


def test_a_counter_that_is_being_written_does_not_outlive_the_lease(tmp_path, monkeypatch):
    held = take_lease(tmp_path)
    writing, released, replace = threading.Event(), threading.Event(), Path.replace

    def slow(path, target):
        writing.set()
        released.wait(0.3)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", slow)
    before = set(threading.enumerate())
    held.show_life()
    (thread,) = set(threading.enumerate()) - before
    writing.wait(30)
    held.release()
    released.set()
    thread.join(30)
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_when_a_process_was_started():
    assert process_start(os.getpid()) is not None
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert process_start(child.pid) is None


def test_a_holder_in_words():
    assert describe(elsewhere()) == "process 7 on another has written it since 2026: polyarena run"
    assert describe(Holder()) == "process ? on ? has written it since ?: "


@pytest.mark.parametrize("first", ["held", "given back"])
def test_whoever_counts_on_yields_to_one_that_began_anew(tmp_path, monkeypatch, first):
    """While one finds the last holder gone, others take its place, give it back, and count from 1 again."""
    write(tmp_path, 5, machine=machine(), pid=os.getpid(), started="0")
    make, began_anew = lease._make_once, []

    def meanwhile(path, content):
        if not began_anew:
            began_anew.append(None)
            take_lease(tmp_path).release()
            began_anew.append(take_lease(tmp_path))
            assert began_anew[1].number == 1
            if first == "given back":
                began_anew[1].release()
        return make(path, content)

    monkeypatch.setattr(lease, "_make_once", meanwhile)
    if first == "given back":
        assert take_lease(tmp_path).number == 6
        return
    with pytest.raises(StoreError, match="another process"):
        take_lease(tmp_path)
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["1.json"]


def test_whoever_begins_anew_yields_to_one_that_counts_on(tmp_path, monkeypatch):
    make = lease._make_once

    def meanwhile(path, content):
        made = make(path, content)
        write(tmp_path, 6, machine=machine(), pid=os.getpid(), started=process_start(os.getpid()))
        return made

    monkeypatch.setattr(lease, "_make_once", meanwhile)
    with pytest.raises(StoreError, match="another process"):
        take_lease(tmp_path)
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["6.json"]


def test_a_number_that_was_given_back_and_taken_again_is_not_mistaken_for_the_one_before(tmp_path, monkeypatch):
    gone, holder_of, taken = take_lease(tmp_path), lease._holder, []

    def meanwhile(folder, number):
        if not taken:
            taken.append(None)
            gone.release()
            found = holder_of(folder, number)
            taken.append(take_lease(tmp_path))
            return found
        return holder_of(folder, number)

    monkeypatch.setattr(lease, "_holder", meanwhile)
    with pytest.raises(StoreError, match="another process"):
        take_lease(tmp_path)
    assert taken[1].number == 1
    assert current(tmp_path / FOLDER)[0] == 1


def test_while_the_disk_stalls_a_counter_that_stands_still_says_nothing(tmp_path, monkeypatch):
    write(tmp_path, 3, **asdict(elsewhere()))
    now, looks = [0.0], []
    monkeypatch.setattr(lease, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=None))
    counter = tmp_path / FOLDER / "3.alive"
    counter.write_text("1")

    def stall(folder):
        """Hold up whoever writes, the holder too, for longer than the patience."""
        now[0] += 30 if len(looks) in (3, 17) else 0

    def sleep(seconds):
        now[0] += seconds
        looks.append(seconds)
        if len(looks) == 36:
            counter.write_text("2")

    monkeypatch.setattr(lease, "_touch_disk", stall)
    assert is_held(tmp_path / FOLDER, 3, elsewhere(), sleep=sleep)
    assert not is_held(tmp_path / FOLDER, 3, elsewhere(), sleep=sleep)


def test_a_disk_that_stalls_again_and_again_is_not_watched_for_ever(tmp_path, monkeypatch):
    write(tmp_path, 3, **asdict(elsewhere()))
    now = [0.0]
    monkeypatch.setattr(lease, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(lease, "_touch_disk", lambda folder: now.append(now.pop() + 3))
    assert not is_held(tmp_path / FOLDER, 3, elsewhere(), sleep=lambda seconds: None)


def test_whoever_watches_leaves_nothing_behind_and_needs_no_right_to_write(tmp_path):
    write(tmp_path, 3, **asdict(elsewhere()))
    assert not is_held(tmp_path / FOLDER, 3, elsewhere(), sleep=lambda seconds: None)
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["3.json"]
    assert not is_held(tmp_path / "gone", 3, elsewhere(), sleep=lambda seconds: None)


def test_a_holder_that_was_replaced_meanwhile_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "BEAT_S", 0.01)
    own = take_lease(tmp_path)
    own.show_life()
    own.check()
    write(tmp_path, own.number + 1, **asdict(elsewhere()))
    (tmp_path / FOLDER / f"{own.number}.json").unlink()
    deadline = time.monotonic() + 30
    while not own._is_lost and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(StoreError, match="taken over") as caught:
        own.check()
    assert "process 7 on another" in caught.value.why
    own.release()
    assert (tmp_path / FOLDER / f"{own.number + 1}.json").exists()


def test_a_run_ends_once_another_one_has_taken_over(tmp_path, toys, monkeypatch):
    monkeypatch.setattr(lease, "BEAT_S", 0.01)
    experiment = {"name": "toy", "systems": [{"name": "one", "model": "toy"}], "tasks": ["toy_open"]}
    folder = tmp_path / "run"

    def take_over(event):
        if isinstance(event, CellDone):
            (folder / FOLDER / "1.json").unlink(missing_ok=True)
            write(folder, 2, **asdict(elsewhere()))
            time.sleep(0.3)

    with pytest.raises(StoreError, match="taken over"):
        run(plan(experiment, output=folder), listener=take_over, report=False)
    assert (folder / FOLDER / "2.json").exists()
    (folder / FOLDER / "2.json").unlink()
    assert not run(plan(experiment, output=folder), report=False).failures
