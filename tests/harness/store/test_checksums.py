"""One flipped bit never changes a number: a shard with one is damaged, not different."""

from __future__ import annotations

import random

import pytest

from polyarena.harness.store import (
    find_shard_metadata,
    read_shard,
    read_table,
    restore_shard,
    shard_metadata,
    write_shard,
)
from polyarena.tasks.errors import StoreError
from polyarena.tasks.records import SCORE_SCHEMA, Score

METADATA = {"key": "ab" * 32, "content": "cd" * 32}


def scores(count=40):
    return [
        Score("s", "t", "deu_Latn", f"item {n}", 0, f"source {n}", "acc", float(n % 2), "sig", None, None)
        for n in range(count)
    ]


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / "deu_Latn.parquet"
    write_shard(path, scores(), SCORE_SCHEMA, METADATA)
    return path


def test_what_is_written_is_read(shard):
    assert read_shard(shard, Score) == scores()
    assert shard_metadata(shard) == METADATA
    assert b"polyarena.checksum" in shard.read_bytes()


def test_the_same_records_are_the_same_bytes(shard, tmp_path):
    write_shard(tmp_path / "again.parquet", scores(), SCORE_SCHEMA, METADATA)
    assert (tmp_path / "again.parquet").read_bytes() == shard.read_bytes()


def test_no_flipped_bit_goes_unseen(shard, tmp_path):
    """Each reading of a file with one flipped bit is the same as before, or an error that names the file."""
    whole = shard.read_bytes()
    before = scores()
    chance = random.Random(0)
    places = chance.sample(range(8 * len(whole)), 1_500)
    silent, seen = [], 0
    for number, place in enumerate(places):
        content = bytearray(whole)
        content[place // 8] ^= 1 << place % 8
        path = tmp_path / f"{number}.parquet"
        path.write_bytes(content)
        assert shard_metadata(path).items() & METADATA.items() in (set(), set(METADATA.items()))
        try:
            records = read_shard(path, Score)
        except StoreError as error:
            seen += str(path) in str(error) and "run the experiment again" in error.fix
        else:
            if records != before:
                silent.append(place)
        path.unlink()
    assert silent == []
    assert seen > 0.95 * len(places)


def test_a_damaged_shard_is_not_stored(shard):
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    assert find_shard_metadata(shard, METADATA["key"]) == {}
    assert not restore_shard(shard, METADATA["key"])
    assert not shard.exists()
    with pytest.raises(StoreError, match="cannot be read"):
        read_table(shard)


@pytest.mark.parametrize("count", [0, 1, 500])
def test_any_number_of_records(tmp_path, count):
    path = tmp_path / "x.parquet"
    write_shard(path, scores(count), SCORE_SCHEMA, METADATA)
    assert read_shard(path, Score) == scores(count)


def test_data_that_look_like_a_checksum_stay_as_they_are(tmp_path):
    path = tmp_path / "x.parquet"
    records = [Score("0" * 64, "t", "l", "0" * 200, 0, "polyarena.checksum", "acc", 1.0, "0" * 64, None, None)]
    write_shard(path, records, SCORE_SCHEMA, {"key": "0" * 63 + "1", "content": "x"})
    assert read_shard(path, Score) == records
