"""Shards are whole or absent; a folder has one owner and one writer."""

import errno
import json
import os
import subprocess
import sys

import pytest

from polyarena.harness.lock import Lock
from polyarena.harness.store import (
    RunFolder,
    find_shard_metadata,
    read_shard,
    restore_shard,
    shard_metadata,
    write_shard,
)
from polyarena.harness.store.atomic import unwritable, write_atomically
from polyarena.tasks.errors import StoreError
from polyarena.tasks.records import SCORE_SCHEMA, Score


def score(value):
    return Score("s", "t", "swh_Latn", "1", 0, "1", "acc", value, "metric:acc")


@pytest.fixture
def shard(tmp_path):
    return tmp_path / "scores" / "swh_Latn.parquet"


def test_a_shard_gives_back_its_records_and_facts(shard):
    write_shard(shard, [score(0.5), score(1.0)], SCORE_SCHEMA, {"key": "k", "content": "c"})
    assert read_shard(shard, Score) == [score(0.5), score(1.0)]
    assert shard_metadata(shard) == {"key": "k", "content": "c"}


def test_the_same_records_make_the_same_bytes(tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path in paths:
        write_shard(path, [score(0.25)], SCORE_SCHEMA, {"key": "k"})
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_nothing_is_left_of_a_write_that_fails(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"first")
    monkeypatch.setattr("os.fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StoreError, match="No space left"):
        write_atomically(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_shard_has_no_facts_and_a_clear_error(shard):
    write_shard(shard, [score(1.0)], SCORE_SCHEMA, {"key": "k"})
    shard.write_bytes(shard.read_bytes()[:-20])
    assert shard_metadata(shard) == {}
    with pytest.raises(StoreError, match="cannot be read"):
        read_shard(shard, Score)


def test_a_shard_of_other_settings_is_moved_aside_and_comes_back(shard):
    write_shard(shard, [score(0.0)], SCORE_SCHEMA, {"key": "old"})
    assert not restore_shard(shard, "new")
    assert not shard.exists()
    write_shard(shard, [score(1.0)], SCORE_SCHEMA, {"key": "new"})
    assert find_shard_metadata(shard, "old") == {"key": "old"}
    assert restore_shard(shard, "old")
    assert read_shard(shard, Score) == [score(0.0)]
    assert restore_shard(shard, "new")
    assert read_shard(shard, Score) == [score(1.0)]


def test_a_damaged_shard_is_not_claimed(shard):
    shard.parent.mkdir(parents=True)
    shard.write_bytes(b"PAR1 torn")
    assert not restore_shard(shard, "new")
    assert not shard.exists()


def lock(name, **changes):
    resolved = {"name": name, "systems": [{"name": "one", "model": "toy"}], "tasks": ["sums"]}
    return Lock.model_validate({"experiment": {"name": name, "digest": "d", "resolved": resolved}, **changes})


def test_another_experiments_folder_is_refused(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.write_lock(lock("mine"))
    folder.check_owner("mine")
    with pytest.raises(StoreError, match="belongs to the experiment 'mine'"):
        folder.check_owner("yours")


def test_a_foreign_folder_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match="not a run folder"):
        RunFolder(tmp_path).check_owner("mine")


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    path = tmp_path / "run"
    path.write_text("")
    with pytest.raises(StoreError, match="is a file"):
        RunFolder(path).check_owner("mine")


def test_a_damaged_lock_is_named(tmp_path):
    folder = RunFolder(tmp_path)
    folder.lock_file.write_text("{")
    with pytest.raises(StoreError, match=r"lock\.json"):
        folder.read_lock()


def test_a_folder_that_cannot_be_written_is_named():
    with pytest.raises(StoreError, match="cannot be written"), RunFolder(_unwritable()).write_access():
        pass


def _unwritable():
    from pathlib import Path

    # Works for every user: the kernel makes no folders here, not even for the superuser.
    return Path("/proc/polyarena-run")


def test_two_writers_are_refused(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.write_access(), pytest.raises(StoreError, match="another process"), folder.write_access():
        pass


def test_a_killed_writer_leaves_the_folder_free(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from polyarena.harness.store import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).write_access(): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], check=False)
    with RunFolder(tmp_path / "run").write_access():
        pass


def test_leftovers_of_a_crash_are_swept(tmp_path):
    folder = RunFolder(tmp_path)
    leftover = folder.cell("s", "t", "swh_Latn").parent / ".swh_Latn.parquet.abc.polyarena.tmp"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    with folder.write_access():
        assert not leftover.exists()


def test_a_cut_off_event_harms_no_other(tmp_path):
    folder = RunFolder(tmp_path)
    folder.log({"event": "one"})
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"event": "tw')
    with folder.write_access():
        folder.log({"event": "three", "text": "日本語"})
    assert [event["event"] for event in folder.events()] == ["one", "three"]


def test_a_report_needs_a_run_folder(tmp_path):
    with pytest.raises(StoreError, match="not a run folder"), RunFolder(tmp_path).existing_write_access():
        pass


def test_the_lock_is_readable_json(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_lock(lock("mine", identifier="ü"))
    text = folder.lock_file.read_text(encoding="utf-8")
    assert '"identifier": "ü"' in text
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "free space"), (errno.EDQUOT, "free space"), (errno.EROFS, "writable"), (errno.EACCES, "writable")],
)
def test_what_to_do_depends_on_whether_the_disk_is_full(tmp_path, number, remedy):
    error = unwritable(tmp_path / "e.yaml", OSError(number, os.strerror(number)))
    assert remedy in error.fix
    assert "--output" not in error.fix
    assert error.why == os.strerror(number)
    assert "e.yaml" in str(error)
