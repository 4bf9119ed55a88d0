"""The folder between coordinator and workers: jobs in order, lines whole, nothing of an earlier coordinator."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from polyarena.harness.events import ModelLoaded
from polyarena.harness.executors import spool as spool_module
from polyarena.harness.executors.messages import WorkerLeaving, WorkerReady
from polyarena.harness.executors.protocol import JobDone, JobFailed, JobStarted
from polyarena.harness.executors.spool import FOLDER, Polling, Spool, WorkerFolder
from polyarena.tasks.errors import StoreError


@pytest.fixture
def spool(tmp_path, config):
    return Spool.create(tmp_path, "token", config)


def test_a_worker_reads_the_configuration(spool, config):
    assert spool.add("w").config() == config


def test_without_a_configuration_a_worker_says_so(tmp_path):
    with pytest.raises(StoreError, match="configuration of the workers"):
        WorkerFolder(tmp_path / "workers" / "t" / "w").config()


def test_a_configuration_of_another_make_names_its_file_and_field(spool):
    (spool.path / "config.json").write_text('{"poll_s": 0.1}')
    with pytest.raises(StoreError, match=r"config\.json") as caught:
        spool.add("w").config()
    assert "experiment" in caught.value.why


def test_jobs_are_taken_in_order_and_once(spool, job):
    folder = spool.add("w")
    for number in range(12):
        spool.give("w", job(number))
    assert [folder.take().number for _ in range(12)] == list(range(12))
    assert folder.take() is None


def test_each_worker_has_its_own_inbox(spool, job):
    one, other = spool.add("one"), spool.add("other")
    spool.give("one", job(1))
    assert other.take() is None
    assert one.take() == job(1)


def test_an_inbox_is_cleared_for_a_new_life(spool, job):
    folder = spool.add("w")
    spool.give("w", job(1))
    folder.clear()
    assert folder.take() is None
    spool.give("w", job(2))
    assert folder.take() == job(2)


def test_what_a_worker_tells_is_read_once(spool):
    folder = spool.add("w")
    assert list(spool.told("w")) == []
    first = [WorkerReady("a\u2028b\nc", 3, {"python": "3.11"}), ModelLoaded(("one", "two"), 0.5, {"device": "cpu"})]
    for message in first:
        folder.tell(message)
    assert list(spool.told("w")) == first
    assert list(spool.told("w")) == []
    failed = JobFailed(3, "it failed", 3, "load")
    folder.tell(failed)
    assert list(spool.told("w")) == [failed]


def test_half_a_line_is_read_when_it_is_whole(spool):
    folder = spool.add("w")
    folder.events.write_bytes(b'{"event": "JobStarted", "number": 1}\n{"event": "WorkerL')
    assert list(spool.told("w")) == [JobStarted(1)]
    with folder.events.open("ab") as file:
        file.write(b'eaving"}\n')
    assert list(spool.told("w")) == [WorkerLeaving()]


def test_lines_that_are_no_messages_are_skipped(spool):
    folder = spool.add("w")
    others = [b"nonsense", b"[1]", b"\xff\xfe", b'{"number": 1}', b'{"event": "Other"}', b'{"event": ["JobDone"]}']
    others += [b'{"event": "JobDone"}', b'{"event": "JobDone", "number": 1, "seconds": null}']
    good = b'{"event": "JobDone", "number": 1, "seconds": 2}'
    folder.events.write_bytes(b"\n".join([*others, good, b""]))
    assert list(spool.told("w")) == [JobDone(1, 2.0)]


def test_a_worker_of_a_later_version_can_say_which_it_is(spool):
    folder = spool.add("w")
    folder.events.write_bytes(b'{"event": "WorkerReady", "versions": {"polyarena": "9.9"}, "mood": "good"}\n')
    assert list(spool.told("w")) == [WorkerReady(versions={"polyarena": "9.9"})]


def test_a_line_that_a_full_disk_cuts_off_is_an_error(spool, monkeypatch):
    folder = spool.add("w")
    monkeypatch.setattr(spool_module.os, "write", lambda descriptor, line: len(line) - 1)
    with pytest.raises(StoreError, match="cannot write to the run folder") as caught:
        folder.tell(JobDone(1, 0.5))
    assert "No space left" in caught.value.why


def test_stop_reaches_every_worker(spool):
    one, other = spool.add("one"), spool.add("other")
    assert not one.is_stopped()
    spool.stop()
    assert one.is_stopped()
    assert other.is_stopped()


def test_a_new_coordinator_ends_the_workers_of_the_one_before(tmp_path, spool, config, job):
    folder = spool.add("w")
    spool.give("w", job(1))
    later = Spool.create(tmp_path, "later", config)
    assert folder.is_stopped()
    assert folder.take() is None
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["later"]
    assert not later.add("w").is_stopped()


def test_a_worker_without_its_folder_cannot_tell(spool):
    folder = WorkerFolder(spool.path / "gone")
    with pytest.raises(StoreError, match="cannot write to the run folder"):
        folder.tell(WorkerLeaving())


def test_the_counter_changes_with_each_sign_of_life(spool):
    folder = spool.add("w")
    before = folder.coordinator_counter()
    spool.beat()
    assert folder.coordinator_counter() != before
    assert WorkerFolder(spool.path.parent / "other" / "w").coordinator_counter() == ""


def test_the_counter_changes_while_the_coordinator_is_held_up(spool, monkeypatch):
    monkeypatch.setattr(spool_module, "BEAT_S", 0.01)
    folder, seen = spool.add("w"), set()
    spool.show_life()
    deadline = time.monotonic() + 30
    while len(seen) < 4 and time.monotonic() < deadline:
        seen.add(folder.coordinator_counter())
        time.sleep(0.005)
    assert len(seen) >= 4
    spool.stop()
    while any(thread.name == "polyarena-workers" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_write_that_is_held_up_is_told_from_one_that_is_refused(spool, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(spool_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    spool.beat()
    now[0] += spool_module.STALL_S - 1
    assert not spool.is_stalled()
    now[0] += 2
    assert spool.is_stalled()

    def refuse(path, text):
        raise StoreError("the disk is full")

    monkeypatch.setattr(spool_module, "_replace", refuse)
    with pytest.raises(StoreError):
        spool.beat()
    assert not spool.is_stalled()


def test_the_counter_is_not_written_where_another_coordinator_has_removed_it(tmp_path, spool, config, monkeypatch):
    monkeypatch.setattr(spool_module, "BEAT_S", 0.01)
    spool.show_life()
    Spool.create(tmp_path, "later", config)
    time.sleep(0.1)
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["later"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path, config):
    (tmp_path / FOLDER).write_text("a file")
    with pytest.raises(StoreError, match="cannot be written"):
        Spool.create(tmp_path, "token", config)


def test_a_reader_and_a_writer_at_once_lose_nothing(spool):
    folder = spool.add("w")

    def tell():
        for number in range(300):
            folder.tell(JobStarted(number))

    thread = threading.Thread(target=tell)
    thread.start()
    seen = []
    while len(seen) < 300:
        seen += [message.number for message in spool.told("w")]
    thread.join()
    assert seen == list(range(300))


def test_pauses_grow_while_nothing_happens_and_begin_anew(monkeypatch):
    pauses = []
    monkeypatch.setattr(spool_module.time, "sleep", pauses.append)
    polling = Polling(0.01)
    for _ in range(5):
        polling.wait()
    polling.happened()
    polling.wait()
    assert pauses == [0.002, 0.004, 0.008, 0.01, 0.01, 0.002]


def test_no_pause_is_longer_than_the_longest(monkeypatch):
    pauses = []
    monkeypatch.setattr(spool_module.time, "sleep", pauses.append)
    polling = Polling(0.001)
    polling.wait()
    polling.wait()
    assert pauses == [0.001, 0.001]
