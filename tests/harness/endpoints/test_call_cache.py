"""The file that keeps answers: what it finds again, what it refuses, who may share it."""

from __future__ import annotations

import multiprocessing
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.harness.endpoints import CallCache
from polyarena.judges.protocol import Reply
from polyarena.tasks.errors import StoreError
from polyarena.tasks.text import sanitize_text

KEY = "ab" * 32
tokens = st.none() | st.integers(min_value=0, max_value=2**40)


@settings(max_examples=25)
@given(
    text=st.text().map(sanitize_text),
    finish_reason=st.none() | st.text(max_size=9).map(sanitize_text),
    prompt=tokens,
    completion=tokens,
)
def test_what_is_put_in_comes_out(tmp_path_factory, text, finish_reason, prompt, completion):
    path = tmp_path_factory.mktemp("calls") / "calls.sqlite"
    reply = Reply(text, finish_reason, prompt, completion)
    with CallCache(path) as cache:
        assert cache.get(KEY) is None
        assert KEY not in cache
        # A cost is worked out from tokens and prices when the answer is used, so it is not kept.
        cache.put(KEY, replace(reply, cost=1.5))
        assert cache.get(KEY) == reply
    with CallCache(path) as cache:
        assert cache.get(KEY) == reply
        assert len(cache) == 1


def test_the_first_answer_stays(cache):
    cache.put(KEY, Reply("first"))
    cache.put(KEY, Reply("second"))
    assert cache.get(KEY) == Reply("first")


def test_a_failure_is_never_kept(cache):
    with pytest.raises(ValueError, match="never kept"):
        cache.put(KEY, Reply("", error="HTTP 500"))
    assert len(cache) == 0


def test_several_are_kept_in_one_transaction(cache):
    cache.put("cd" * 32, Reply("first"))
    cache.put_all([(KEY, Reply("a", "stop", 1, 2)), ("cd" * 32, Reply("second")), ("ef" * 32, Reply(""))])
    assert [cache.get(key) for key in (KEY, "cd" * 32, "ef" * 32)] == [
        Reply("a", "stop", 1, 2), Reply("first"), Reply("")
    ]  # fmt: skip


def test_several_are_kept_whole_or_not_at_all(cache):
    with pytest.raises(ValueError, match="never kept"):
        cache.put_all([(KEY, Reply("a")), ("cd" * 32, Reply("", error="HTTP 500"))])
    assert len(cache) == 0
    # The file is not left in the middle of a transaction.
    cache.put_all([(KEY, Reply("a"))])
    assert cache.get(KEY) == Reply("a")


def test_a_file_that_another_process_holds_is_told_and_can_be_used_again(cache, monkeypatch):
    cache._connection.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(cache.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="cannot be read or written"):
        cache.put_all([(KEY, Reply("a"))])
    other.execute("ROLLBACK")
    other.close()
    cache.put_all([(KEY, Reply("a"))])
    assert KEY in cache


def test_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "calls.sqlite"
    CallCache(str(path)).close()
    assert path.is_file()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "calls.sqlite"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="damaged or not a SQLite file") as caught:
        CallCache(path)
    assert caught.value.where == str(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "theirs.sqlite"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE replies (id INTEGER)")
    theirs.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a polyarena call cache") as caught:
        CallCache(path)
    assert caught.value.where == str(path)
    assert path.read_bytes() == before


def test_another_format_is_refused(tmp_path):
    path = tmp_path / "calls.sqlite"
    CallCache(path).close()
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(StoreError, match=r"format 99, this polyarena reads format 5"):
        CallCache(path)


def test_damage_in_the_middle_is_told(tmp_path):
    path = tmp_path / "calls.sqlite"
    with CallCache(path) as cache:
        for number in range(400):
            cache.put(f"{number:064x}", Reply("long enough to fill pages " * 20))
    content = bytearray(path.read_bytes())
    content[8192:-4096] = b"\xff" * len(content[8192:-4096])
    path.write_bytes(content)

    def read_all():
        with CallCache(path) as cache:
            return [cache.get(f"{number:064x}") for number in range(400)]

    with pytest.raises(StoreError, match="damaged"):
        read_all()


def test_a_folder_in_place_of_the_file(tmp_path):
    with pytest.raises(StoreError, match="cannot be read or written") as caught:
        CallCache(tmp_path)
    assert caught.value.where == str(tmp_path)


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be read or written"):
        CallCache(tmp_path / "file" / "calls.sqlite")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a file system that not even root can write to")
def test_a_read_only_place():
    path = Path("/proc/polyarena/calls.sqlite")
    with pytest.raises(StoreError, match="cannot be read or written") as caught:
        CallCache(path)
    assert str(path) in caught.value.where
    assert caught.value.fix


def test_a_full_disk_is_told(cache):
    cache._connection.execute("PRAGMA max_page_count = 4")
    with pytest.raises(StoreError, match="cannot be read or written") as caught:
        cache.put(KEY, Reply("x" * 100_000))
    assert "full" in caught.value.why
    assert cache.get(KEY) is None


def _write(path, writer, barrier):
    barrier.wait()
    with CallCache(path) as cache:
        for number in range(50):
            cache.put(f"{number:064x}", Reply(f"from {writer}"))
            cache.put(f"{1000 * writer + number + 1000:064x}", Reply(f"from {writer}"))


def test_processes_share_one_file(tmp_path):
    path = tmp_path / "calls.sqlite"
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(4)
    writers = [context.Process(target=_write, args=(path, writer, barrier)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=30)
    assert [writer.exitcode for writer in writers] == [0] * 4
    with CallCache(path) as cache:
        assert len(cache) == 50 + 4 * 50
        assert all(cache.get(f"{1000 * w + 1000:064x}") == Reply(f"from {w}") for w in range(4))
