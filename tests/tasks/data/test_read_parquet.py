"""Parquet files: rows as they are, and no file that unpacks to more than it should."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polyarena.tasks.data import parquet
from polyarena.tasks.data.parquet import read_parquet
from polyarena.tasks.errors import DataError

ROWS = [
    {"id": 1, "text": "Grüße", "answers": {"text": ["eins", "zwei"], "start": [0, 3]}, "right": 0.5},
    {"id": 2, "text": None, "answers": {"text": [], "start": []}, "right": None},
    {"id": 3, "text": "a\x00b", "answers": {"text": ["drei"], "start": [1]}, "right": 1.0},
]


def write(path, rows, **options):
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_rows_are_as_written_with_safe_texts(tmp_path, compression, dictionary):
    path = write(tmp_path / "a.parquet", ROWS * 700, compression=compression, use_dictionary=dictionary)
    found = list(read_parquet(path))
    assert [number for number, _ in found] == list(range(1, 2101))
    assert found[0][1] == ROWS[0]
    assert found[2099][1] == {**ROWS[2], "text": "a\ufffdb"}


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path):
    (tmp_path / "lang=sw").mkdir()
    path = write(tmp_path / "lang=sw" / "test.parquet", ROWS)
    assert set(next(read_parquet(path))[1]) == set(ROWS[0])


BOMBS = {
    "one text in every row": lambda: pa.array(["a" * 1_000_000]).dictionary_encode().take(pa.array([0] * 3000)),
    "a list of one text in every row": lambda: pa.array([["a" * 10_000] * 100] * 300),
    "rows without number": lambda: pa.nulls(30_000_000, pa.int8()),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path, bomb, monkeypatch):
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"column": BOMBS[bomb]()}), path, compression="zstd")
    assert path.stat().st_size < 1_000_000
    before = pa.total_allocated_bytes()
    largest = 100_000_000
    monkeypatch.setattr(parquet, "sanitize_texts", lambda row: row)
    allocated = []
    with pytest.raises(DataError, match="unpacks to more than 100,000,000 bytes") as caught:
        allocated.extend(pa.total_allocated_bytes() - before for _ in read_parquet(path, largest))
    assert max(allocated, default=0) < 2 * largest
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a file of this kind"])
def test_what_is_no_parquet_is_refused_with_its_path(tmp_path, content):
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        list(read_parquet(path))


def test_a_file_without_rows_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), path)
    with pytest.raises(DataError, match="empty"):
        list(read_parquet(path))
