"""Parquet files, read in bounded memory: a few kilobytes of them can unpack to more than a machine has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyarena.tasks.data.fields import sanitize_texts
from polyarena.tasks.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

LARGEST = 2**30
"""Bytes that the values of a file may take once unpacked (1 GiB); the files of evaluation sets take a few percent."""
ROW = 64
"""Bytes that a row counts for beside its values."""
_BATCH = 1024


def read_parquet(path: Path, largest: int = LARGEST) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each row, from 1, and the row, with safe texts.

    Args:
        path: A Parquet file.
        largest: Bytes that its values may take once unpacked; a larger file is refused before its values are.

    Raises:
        DataError: The file cannot be read, has no rows, or unpacks to more than ``largest`` bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        texts = _text_columns(path)
        # A ParquetFile reads this one file; read_table would make columns of folder names such as `lang=sw`.
        # Texts stay encoded by a dictionary until their sizes are known: a text in every row is stored once.
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            size = max(_declared_size(file.metadata), file.metadata.num_rows * ROW)
            _refuse_size(path, size, largest)
            size = file.metadata.num_rows * ROW
            for batch in file.iter_batches(_BATCH):
                size += sum(_unpacked_size(column) for column in batch.columns)
                _refuse_size(path, size, largest)
                for row in batch.to_pylist():
                    number += 1
                    yield number, sanitize_texts(row)
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise DataError(
            "the Parquet file cannot be read",
            where=path,
            why=str(error).partition("\n")[0],
            fix="copy or download it again",
        ) from error
    if not number:
        raise DataError("the data file is empty", where=path, fix="copy or download it again")


def _text_columns(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema = file.metadata.schema
        columns = [schema.column(index) for index in range(len(schema))]
        return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def _declared_size(metadata: pq.FileMetaData) -> int:
    return sum(
        metadata.row_group(group).column(column).total_uncompressed_size
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    )


def _unpacked_size(column: pa.Array) -> int:
    """Return the bytes of a column's values as if each were stored by itself."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        lengths = pc.binary_length(column.dictionary).take(column.indices)
        return int(pc.sum(lengths).as_py() or 0)
    if pa.types.is_struct(column.type):
        return sum(_unpacked_size(field) for field in column.flatten())
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return _unpacked_size(column.flatten())
    return int(column.nbytes)


def _refuse_size(path: Path, size: int, largest: int) -> None:
    if size > largest:
        raise DataError(
            f"the Parquet file unpacks to more than {largest:,} bytes",
            where=path,
            why=f"it has {path.stat().st_size:,} bytes, and its values take {size:,} or more",
            fix="check where it comes from, or split it into files for each language",
        )
