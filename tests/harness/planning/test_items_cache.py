"""PlanCache save time; whatever is wrong with their file, planning goes on without them."""

import sqlite3

import pytest

from polyarena.harness.planning.items import CachedStats, ItemStats, open_plan_cache, plan_cache_path

ONE = CachedStats("code", {"set": "state"}, {"part": "digest ท"}, ItemStats(1, 2, 3, "d", images=4))
OTHER = CachedStats("later code", {"set": "state"}, {}, ItemStats(5, 6, 7, "e"))


def test_a_note_is_there_the_next_time(tmp_path):
    path = tmp_path / "deep" / "notes.sqlite"
    with open_plan_cache(path) as notes:
        assert notes.get("k") is None
        notes.put("k", ONE)
    with open_plan_cache(path) as notes:
        assert notes.get("k") == ONE


def test_a_new_note_takes_the_place_of_the_old_one(tmp_path):
    with open_plan_cache(tmp_path / "n.sqlite") as notes:
        notes.put("k", ONE)
        notes.put("k", OTHER)
        assert notes.get("k") == OTHER


def test_notes_are_kept_when_the_block_ends_by_an_error(tmp_path):
    def fail():
        with open_plan_cache(tmp_path / "n.sqlite") as notes:
            notes.put("k", ONE)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with open_plan_cache(tmp_path / "n.sqlite") as notes:
        assert notes.get("k") == ONE


def test_a_file_that_is_no_database_is_done_without(tmp_path):
    path, content = tmp_path / "n.sqlite", b"no database, and long enough to be taken for one" * 40
    path.write_bytes(content)
    with open_plan_cache(path) as notes:
        assert notes is None
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path):
    (tmp_path / "file").write_text("x")
    with open_plan_cache(tmp_path / "file" / "n.sqlite") as notes:
        assert notes is None


@pytest.mark.parametrize("written", ["not json", "[1]", "3", "null", "{}", '{"code": "c"}'])
def test_a_note_that_cannot_be_read_is_none(tmp_path, written):
    path = tmp_path / "n.sqlite"
    with open_plan_cache(path) as notes:
        notes.connection.execute("INSERT INTO items VALUES ('k', ?)", (written,))
        assert notes.get("k") is None


def test_a_database_of_another_make_is_left_alone(tmp_path):
    path = tmp_path / "n.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE items (other TEXT)")
    connection.close()
    with open_plan_cache(path) as notes:
        notes.put("k", ONE)
        assert notes.get("k") is None


@pytest.mark.parametrize(("home", "found"), [("/cache", "/cache/polyarena/items.sqlite"), ("", None)])
def test_the_file_lies_in_the_user_s_cache_folder(monkeypatch, tmp_path, home, found):
    monkeypatch.setenv("XDG_CACHE_HOME", home)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(plan_cache_path()) == (found or str(tmp_path / ".cache/polyarena/items.sqlite"))
