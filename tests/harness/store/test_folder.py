"""The run folder: its places, its lock, its events, and who may write."""

import json
import time
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.lock import FORMAT, Lock
from polyarena.harness.store import RunFolder
from polyarena.tasks.errors import StoreError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def without_time(folder):
    """The logged events as they were given; an event that has a time of its own keeps it."""
    return [{name: value for name, value in event.items() if name != "time"} for event in folder.events()]


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


def test_every_kind_of_file_has_a_place_of_its_own(folder):
    places = {
        folder.cell("s", "t", "l"), folder.scores("s", "t", "l"), folder.games("j", "s", "b", "t", "l"),
        folder.attempts, folder.results, folder.report, folder.lock_file, folder.experiment,
    }  # fmt: skip
    assert len(places) == 8
    assert all(place.is_relative_to(folder.path) for place in places)
    assert not folder.path.exists()


def lock(name="x", **changes):
    resolved = {"name": name, "systems": [{"name": "one", "model": "toy"}], "tasks": ["sums"]}
    return Lock.model_validate({"experiment": {"name": name, "digest": "d", "resolved": resolved}, **changes})


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, NAMES, max_size=3), max_size=3))
def test_a_lock_comes_back_as_it_was(tmp_path_factory, models):
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    folder.write_lock(lock(models=models))
    assert folder.read_lock() == lock(models=models)


def test_the_order_of_keys_does_not_change_the_bytes_of_a_lock(folder):
    folder.write_lock(lock(data={"a": "1", "b": "2"}))
    first = folder.lock_file.read_bytes()
    folder.write_lock(lock(data={"b": "2", "a": "1"}))
    assert folder.lock_file.read_bytes() == first


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"format": 1}, "format 1 (polyarena 9.9)"),
        ({"format": FORMAT + 1}, f"format {FORMAT + 1} (polyarena 9.9)"),
        ({"format": None}, "format None (polyarena 9.9)"),
        ({"versions": []}, "polyarena of an unknown version"),
    ],
    ids=str,
)
def test_a_folder_of_another_format_is_refused_with_both_versions_and_the_way_out(folder, change, named):
    folder.write_lock(lock(versions={"polyarena": "9.9"}))
    content = json.loads(folder.lock_file.read_text(encoding="utf-8"))
    folder.lock_file.write_text(json.dumps({**content, "format": 0, **change}))
    with pytest.raises(StoreError) as caught:
        folder.read_lock()
    assert named in caught.value.what
    assert f"polyarena {version('polyarena')} reads format {FORMAT}" in caught.value.what
    assert "--output" in caught.value.fix
    assert "the call cache answers what was paid for" in caught.value.fix


@pytest.mark.parametrize("place", [(), ("experiment", "resolved")], ids=str)
def test_a_lock_with_keys_of_another_build_is_refused_with_the_way_out(folder, place):
    folder.write_lock(lock(versions={"polyarena": "9.9"}))
    content = json.loads(folder.lock_file.read_text(encoding="utf-8"))
    part = content
    for name in place:
        part = part[name]
    part["colour"] = "red"
    folder.lock_file.write_text(json.dumps(content))
    with pytest.raises(StoreError, match=r"polyarena 9\.9.* another build wrote it") as caught:
        folder.read_lock()
    assert "colour" in caught.value.why
    assert "--output" in caught.value.fix


def test_there_is_no_lock_where_nothing_is_or_a_file(folder, tmp_path):
    assert folder.read_lock() is None
    (tmp_path / "file").write_text("x")
    assert RunFolder(tmp_path / "file").read_lock() is None


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"experiment": 3}', '{"other": {}}'])
def test_a_lock_that_is_none_of_ours_is_refused(folder, content):
    folder.path.mkdir()
    folder.lock_file.write_text(content)
    with pytest.raises(StoreError, match="lock file") as caught:
        folder.read_lock()
    assert caught.value.where == str(folder.lock_file)
    assert "cells and games are kept" in caught.value.fix


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c"])
def test_events_may_hold_whatever_separates_lines_elsewhere(folder, separator):
    event = {"event": "CellFailed", "error": f"one{separator}two"}
    with folder.write_access():
        folder.log(event)
        folder.log({"event": "next"})
    assert without_time(folder) == [event, {"event": "next"}]


@given(st.lists(st.dictionaries(st.text(max_size=5), JSON, min_size=1, max_size=3), max_size=4))
def test_events_come_back_in_their_order(tmp_path_factory, events):
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    plain = [json.loads(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")) for event in events]
    for event in events:
        folder.log(event)
    assert without_time(folder) == plain


def test_an_event_log_that_is_no_text_loses_only_what_is_damaged(folder):
    folder.path.mkdir()
    (folder.path / "events.jsonl").write_bytes(b'\xff\xfe\n{"event": "kept"}\n[1]\n')
    assert without_time(folder) == [{"event": "kept"}]


def test_there_are_no_events_before_the_first(folder):
    assert list(folder.events()) == []


def test_events_into_a_folder_that_is_gone_are_an_error(folder):
    with pytest.raises(StoreError, match="event log"):
        folder.log({"event": "x"})


@pytest.mark.parametrize(
    "left",
    [["experiment.yaml"], [".lease/"], [".lease/", "attempts.jsonl"], ["events.jsonl", ".lease/", "cells"], []],
)
def test_what_a_crash_leaves_behind_is_still_ours(folder, left):
    folder.path.mkdir()
    for name in left:
        if name.endswith("/"):
            (folder.path / name).mkdir()
        else:
            (folder.path / name).write_text("")
    folder.check_owner("x")


@pytest.mark.parametrize("foreign", ["thesis.docx", "cells", "lock"])
def test_a_folder_with_anything_else_is_not(folder, foreign):
    folder.path.mkdir()
    (folder.path / foreign).write_text("")
    with pytest.raises(StoreError, match="not empty") as caught:
        folder.check_owner("x")
    assert foreign in caught.value.why


def test_only_a_run_folder_is_held_as_one_that_exists(folder):
    with pytest.raises(StoreError, match="not a run folder"), folder.existing_write_access():
        pass
    assert not folder.path.exists()
    folder.write_lock(lock())
    with folder.existing_write_access(), pytest.raises(StoreError, match="another process"), folder.write_access():
        pass


def test_the_folder_is_free_again_after_an_error(folder):
    def fail():
        with folder.write_access():
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with folder.write_access():
        assert (folder.path / ".lease").is_dir()


def test_events_say_when_they_were_logged(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.created_at() is None
    before = time.time()
    folder.log({"event": "one"})
    folder.log({"event": "two"})
    assert before - 1 <= folder.created_at() <= time.time()
    (tmp_path / "events.jsonl").write_text('{"event": "old"}\n{"event": "odd", "time": 7}\n')
    assert folder.created_at() is None


def test_a_linked_event_log_is_not_written_through(tmp_path):
    theirs = tmp_path / "theirs.txt"
    theirs.write_text("theirs")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "events.jsonl").symlink_to(theirs)
    with pytest.raises(StoreError, match="symbolic link"):
        RunFolder(tmp_path / "run").log({"event": "one"})
    assert theirs.read_text() == "theirs"


@pytest.mark.parametrize("part", ["games", "cells/a", "scores/a/t"])
def test_nothing_is_written_through_a_linked_folder_of_shards(tmp_path, part):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    link = tmp_path / "run" / part
    link.parent.mkdir(parents=True)
    link.symlink_to(theirs)
    with (
        pytest.raises(StoreError, match="leads out of the run folder") as caught,
        RunFolder(tmp_path / "run").write_access(),
    ):
        pass
    assert caught.value.where == str(link)
    assert list(theirs.iterdir()) == []


def test_links_within_a_run_folder_and_to_it_are_followed(tmp_path):
    whole = tmp_path / "elsewhere"
    (whole / "cells" / "a").mkdir(parents=True)
    (whole / "cells" / "b").symlink_to(whole / "cells" / "a")
    (tmp_path / "run").symlink_to(whole)
    with RunFolder(tmp_path / "run").write_access():
        pass


def test_an_event_that_a_full_disk_cuts_off_is_an_error(folder, monkeypatch):
    folder.path.mkdir()
    monkeypatch.setattr("polyarena.harness.store.folder.os.write", lambda _descriptor, content: len(content) - 1)
    with pytest.raises(StoreError, match="event log cannot be written"):
        folder.log({"event": "A"})
