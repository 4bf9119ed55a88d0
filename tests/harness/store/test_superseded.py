"""Shards of other settings step aside and come back; nothing is overwritten, nothing is read by mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.store import (
    archive_shard,
    find_shard_metadata,
    find_table,
    read_shard,
    read_table,
    restore_shard,
    shard_metadata,
    write_shard,
)
from polyarena.tasks.errors import StoreError
from polyarena.tasks.records import SCORE_SCHEMA, Score


def write(path, key, value, **facts):
    score = Score("s", "t", "swh_Latn", "1", 0, "1", "acc", value, "metric:acc")
    write_shard(path, [score], SCORE_SCHEMA, {"key": key, **facts})


def value(path):
    return read_shard(path, Score)[0].value


@pytest.fixture
def path(tmp_path):
    return tmp_path / "swh_Latn.parquet"


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=8))
def test_whatever_is_claimed_is_in_its_place_and_was_made_once(tmp_path_factory, keys):
    path = tmp_path_factory.mktemp("cells") / "swh_Latn.parquet"
    made = {}
    for key in keys:
        known = restore_shard(path, key * 16)
        assert known == (key in made)
        if not known:
            made[key] = float(len(made))
            write(path, key * 16, made[key])
        assert value(path) == made[key]
    assert all(find_shard_metadata(path, key * 16) for key in made)


def test_facts_are_seen_whether_in_place_or_aside(path):
    write(path, "a" * 16, 1.0, content="c1")
    assert find_shard_metadata(path, "a" * 16)["content"] == "c1"
    archive_shard(path)
    assert not path.exists()
    assert find_shard_metadata(path, "a" * 16)["content"] == "c1"
    assert find_shard_metadata(path, "b" * 16) == {}


def test_keys_that_begin_alike_are_told_apart(path):
    write(path, "a" * 16 + "1", 1.0)
    assert not restore_shard(path, "a" * 16 + "2")
    assert not path.exists()
    assert restore_shard(path, "a" * 16 + "1")


def test_nothing_to_set_aside_is_no_error(path):
    archive_shard(path)
    assert list(path.parent.iterdir()) == []


def test_facts_in_other_scripts_come_back(path):
    write(path, "k", 1.0, note="Kiswahili, ไทย")
    assert shard_metadata(path) == {"key": "k", "note": "Kiswahili, ไทย"}


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"x" * 50 + b"PAR1"])
def test_bytes_that_are_no_shard_have_no_facts_and_cannot_be_read(path, content):
    path.write_bytes(content)
    assert shard_metadata(path) == {}
    with pytest.raises(StoreError, match="cannot be read") as caught:
        read_table(path)
    assert caught.value.where == str(path)


def test_an_empty_shard_keeps_its_columns_and_facts(path):
    write_shard(path, [], SCORE_SCHEMA, {"key": "k"})
    assert read_shard(path, Score) == []
    assert read_table(path).column_names == SCORE_SCHEMA.names
    assert shard_metadata(path) == {"key": "k"}


def test_a_table_is_found_by_its_key_in_place_or_aside(path):
    write(path, "a" * 16, 1.0)
    archive_shard(path)
    assert find_table(path, "a" * 16)["value"].to_pylist() == [1.0]
    write(path, "b" * 16, 2.0)
    found = [find_table(path, key * 16, ["value", "none"]) for key in "abc"]
    assert [table and table.to_pydict() for table in found] == [{"value": [1.0]}, {"value": [2.0]}, None]


def test_a_damaged_table_is_not_found(path):
    write(path, "a" * 16, 1.0)
    archive_shard(path)
    write(path, "a" * 16, 2.0)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    assert find_table(path, "a" * 16)["value"].to_pylist() == [1.0]
