"""The folder between coordinator and workers: jobs in order, lines whole, nothing of an earlier coordinator."""

from __future__ import annotations

import threading

import pytest

from polyarena.harness.executors import spool as spool_module
from polyarena.harness.executors.spool import FOLDER, Polling, Spool, WorkerFolder
from polyarena.tasks.errors import StoreError


@pytest.fixture
def spool(tmp_path):
    return Spool.create(tmp_path, "token", {"poll_s": 0.1, "name": "é"})


def test_a_worker_reads_the_configuration(spool):
    assert spool.add("w").config() == {"poll_s": 0.1, "name": "é"}


def test_without_a_configuration_a_worker_says_so(tmp_path):
    with pytest.raises(StoreError, match="configuration of the workers"):
        WorkerFolder(tmp_path / "workers" / "t" / "w").config()


def test_jobs_are_taken_in_order_and_once(spool):
    folder = spool.add("w")
    for number in range(12):
        spool.give("w", {"number": number})
    assert [folder.take()["number"] for _ in range(12)] == list(range(12))
    assert folder.take() is None


def test_each_worker_has_its_own_inbox(spool):
    one, other = spool.add("one"), spool.add("other")
    spool.give("one", {"number": 1})
    assert other.take() is None
    assert one.take() == {"number": 1}


def test_an_inbox_is_cleared_for_a_new_life(spool):
    folder = spool.add("w")
    spool.give("w", {"number": 1})
    folder.clear()
    assert folder.take() is None
    spool.give("w", {"number": 2})
    assert folder.take() == {"number": 2}


def test_what_a_worker_tells_is_read_once(spool):
    folder = spool.add("w")
    assert list(spool.told("w")) == []
    folder.tell({"event": "hello", "text": "a\u2028b\nc"})
    folder.tell({"event": "more"})
    assert [record["event"] for record in spool.told("w")] == ["hello", "more"]
    assert list(spool.told("w")) == []
    folder.tell({"event": "last"})
    assert [record["event"] for record in spool.told("w")] == ["last"]


def test_half_a_line_is_read_when_it_is_whole(spool):
    folder = spool.add("w")
    folder.events.write_bytes(b'{"event": "one"}\n{"event": "t')
    assert [record["event"] for record in spool.told("w")] == ["one"]
    with folder.events.open("ab") as file:
        file.write(b'wo"}\n')
    assert [record["event"] for record in spool.told("w")] == ["two"]


def test_lines_that_are_no_records_are_skipped(spool):
    folder = spool.add("w")
    folder.events.write_bytes(b'nonsense\n[1]\n\xff\xfe\n{"event": "good"}\n')
    assert [record["event"] for record in spool.told("w")] == ["good"]


def test_stop_reaches_every_worker(spool):
    one, other = spool.add("one"), spool.add("other")
    assert not one.is_stopped()
    spool.stop()
    assert one.is_stopped()
    assert other.is_stopped()


def test_a_new_coordinator_ends_the_workers_of_the_one_before(tmp_path, spool):
    folder = spool.add("w")
    spool.give("w", {"number": 1})
    later = Spool.create(tmp_path, "later", {})
    assert folder.is_stopped()
    assert folder.take() is None
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["later"]
    assert not later.add("w").is_stopped()


def test_a_worker_without_its_folder_cannot_tell(spool):
    folder = WorkerFolder(spool.path / "gone")
    with pytest.raises(StoreError, match="cannot write to the run folder"):
        folder.tell({"event": "hello"})


def test_the_counter_changes_with_each_sign_of_life(spool):
    folder = spool.add("w")
    before = folder.coordinator_counter()
    spool.beat()
    assert folder.coordinator_counter() != before
    assert WorkerFolder(spool.path.parent / "other" / "w").coordinator_counter() == ""


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / FOLDER).write_text("a file")
    with pytest.raises(StoreError, match="cannot be written"):
        Spool.create(tmp_path, "token", {})


def test_a_reader_and_a_writer_at_once_lose_nothing(spool):
    folder = spool.add("w")

    def tell():
        for number in range(300):
            folder.tell({"number": number})

    thread = threading.Thread(target=tell)
    thread.start()
    seen = []
    while len(seen) < 300:
        seen += [record["number"] for record in spool.told("w")]
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
