"""Shards: one Parquet file per cell or pair, with its key and checksum in the footer."""

from __future__ import annotations

import glob
import hashlib
import io
import itertools
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from polyarena.harness.store.atomic import write_atomically
from polyarena.tasks.errors import StoreError
from polyarena.tasks.records import from_table, to_table

Record = TypeVar("Record")
_PREFIX = "polyarena."
CHECKSUM = "checksum"
_UNKNOWN = "0" * 64
# What the Parquet reader and the records make of bytes that are not what was written.
_UNREADABLE = (
    OSError,
    pa.ArrowException,
    ValueError,
    KeyError,
    TypeError,
    ArithmeticError,
    MemoryError,
    AttributeError,
)
ARCHIVE = "archive"
"""Name of the folder, beside a shard, with shards of other settings."""
UNANSWERED = "unanswered"
"""The fact that some games of a shard got no answer from an endpoint; such a shard is stored and not complete."""
REFUSED = "refused"
"""The fact that an endpoint has refused some games of a shard for good; they are asked again only on demand."""


def write_shard(path: Path, records: Sequence[Any], schema: pa.Schema, metadata: Mapping[str, str]) -> None:
    """Write records as one Parquet file, atomically, with a checksum of the whole file in its footer.

    Args:
        path: Where.
        records: Dataclass instances with the schema's fields.
        schema: Their Arrow schema.
        metadata: Stored in the footer; ``key`` identifies the work, ``content`` its outcome.
    """
    footer = {f"{_PREFIX}{name}": value for name, value in sorted({**metadata, CHECKSUM: _UNKNOWN}.items())}
    table = to_table(records, schema).replace_schema_metadata(footer)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    content = buffer.getvalue()
    write_atomically(path, _exchange(content, _UNKNOWN, hashlib.sha256(content).hexdigest()))


def shard_metadata(path: Path) -> dict[str, str]:
    """Return the metadata in a shard's footer; empty if there is no shard, or if it is damaged.

    A shard is damaged if its checksum does not match.
    """
    return dict(_read_metadata(path) or {})


def _read_metadata(path: Path) -> Mapping[str, str] | None:
    """Return the metadata of a shard; ``None`` if it is missing or damaged."""
    try:
        state = path.stat()
    except OSError:
        return None
    return _metadata(str(path), state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(maxsize=2**16)
def _metadata(path: str, *_state: int) -> Mapping[str, str] | None:
    try:
        content = Path(path).read_bytes()
        raw = pq.read_metadata(pa.BufferReader(content)).metadata or {}
        metadata = {
            name.decode()[len(_PREFIX) :]: value.decode()
            for name, value in raw.items()
            if name.decode().startswith(_PREFIX)
        }
    except _UNREADABLE:
        return None
    checksum = metadata.pop(CHECKSUM, None)
    return metadata if checksum is None or _is_intact(content, checksum) else None


def _is_intact(content: bytes, checksum: str) -> bool:
    return hashlib.sha256(_exchange(content, checksum, _UNKNOWN)).hexdigest() == checksum


def _exchange(content: bytes, old: str, new: str) -> bytes:
    """Put another checksum into a footer; of the file with an unknown one in its place, the checksum is made."""
    place = content.find(old.encode(), content.rfind(f"{_PREFIX}{CHECKSUM}".encode()))
    return content if place < 0 else content[:place] + new.encode() + content[place + len(old) :]


def find_shard_metadata(path: Path, key: str) -> dict[str, str]:
    """Return the metadata of the shard with this key, in place or in the archive; empty if none."""
    for candidate in (path, _archive_path(path, key)):
        metadata = shard_metadata(candidate)
        if metadata.get("key") == key:
            return metadata
    return {}


def find_shard(path: Path, key: str) -> Path | None:
    """Return the file of the shard with this key, in place or archived; ``None`` if it is not stored."""
    return next((each for each in (path, _archive_path(path, key)) if shard_metadata(each).get("key") == key), None)


def stage_shard(path: Path, records: Sequence[Any], schema: pa.Schema, metadata: Mapping[str, str]) -> None:
    """Write a shard beside its place, where only :func:`find_shard` finds it, by its key.

    Shards that belong together are staged one by one; the lock that names their keys makes them valid all at once, and
    :func:`restore_shard` then puts each in its place.

    Args:
        path: Where it will be.
        records: Its rows.
        schema: Of the rows.
        metadata: With the shard's ``key``.

    Raises:
        StoreError: It cannot be written.
    """
    if shard_metadata(path).get("key") != metadata["key"]:
        write_shard(_archive_path(path, metadata["key"]), records, schema, metadata)


def restore_shard(path: Path, key: str) -> bool:
    """Put the shard with this key in place, and return whether it is stored.

    A shard that other settings left in its place is moved aside, not overwritten: changing a limit and changing it
    back costs nothing.
    """
    if shard_metadata(path).get("key") == key:
        return True
    archive_shard(path)
    earlier = _archive_path(path, key)
    if shard_metadata(earlier).get("key") == key:
        earlier.replace(path)
        return True
    return False


def archive_shard(path: Path) -> None:
    """Move a shard to the archive, from which :func:`restore_shard` can restore it."""
    if path.exists():
        aside = _archive_path(path, shard_metadata(path).get("key", "unreadable"))
        aside.parent.mkdir(exist_ok=True)
        path.replace(aside)


def outdate_shards(path: Path) -> int:
    """Move this shard and its archived versions to where nothing finds them; return their number.

    They stay on disk under ``archive/``.
    """
    archive = path.parent / ARCHIVE
    shards = [*([path] if path.exists() else []), *sorted(archive.glob(f"{glob.escape(path.stem)}.*.parquet"))]
    for shard in shards:
        archive.mkdir(exist_ok=True)
        key = shard_metadata(shard).get("key", "unreadable")[:16]
        names = (archive / f"{path.stem}.{key}.outdated{number}" for number in itertools.count(1))
        shard.replace(next(name for name in names if not name.exists()))
    return len(shards)


def _archive_path(path: Path, key: str) -> Path:
    return path.parent / ARCHIVE / f"{path.stem}.{key[:16]}.parquet"


def read_shard(path: Path, record: type[Record]) -> list[Record]:
    """Read a shard's records.

    Raises:
        StoreError: The file is missing or damaged.
    """
    table = read_table(path)
    try:
        return from_table(table, record)
    except _UNREADABLE as error:
        raise _damaged(path, str(error)) from error


def read_table(path: Path, columns: Sequence[str] | None = None, *, dictionaries: Sequence[str] = ()) -> pa.Table:
    """Read a shard as an Arrow table, whole, or those of some columns that it has.

    Args:
        path: The shard.
        columns: Names; all if left out.
        dictionaries: Columns of texts that are read as dictionaries, as they are stored.

    Raises:
        StoreError: The file is missing or damaged.
    """
    try:
        # One read for the checksum, the schema and the pages: a report opens thousands of small files.
        return _decoded(path, path.read_bytes(), None, columns, dictionaries)
    except StoreError:
        raise
    except _UNREADABLE as error:
        raise _damaged(path, str(error)) from error


def find_table(path: Path, key: str, columns: Sequence[str] | None = None) -> pa.Table | None:
    """Read the shard with this key, in place or archived; ``None`` if it is not stored.

    Each file is read once, where :func:`find_shard` and then :func:`read_table` read it twice.

    Args:
        path: Its place.
        key: Of the work that it has.
        columns: As in :func:`read_table`.
    """
    for archived in (False, True):
        each = _archive_path(path, key) if archived else path
        try:
            return _decoded(each, each.read_bytes(), key, columns, ())
        except (StoreError, *_UNREADABLE):
            continue
    return None


def _decoded(
    path: Path, content: bytes, key: str | None, columns: Sequence[str] | None, dictionaries: Sequence[str]
) -> pa.Table:
    """Return the table in the bytes of a shard, which must have this key, if one is given."""
    file = pq.ParquetFile(
        pa.BufferReader(content), page_checksum_verification=True, read_dictionary=list(dictionaries) or None
    )
    metadata = file.metadata.metadata or {}
    if key is not None and metadata.get(f"{_PREFIX}key".encode()) != key.encode():
        raise _damaged(path, "it is of other settings")
    checksum = metadata.get(f"{_PREFIX}{CHECKSUM}".encode())
    if checksum is not None and not _is_intact(content, checksum.decode()):
        raise _damaged(path, "its checksum is another than when it was written")
    there = None if columns is None else sorted(set(file.schema_arrow.names).intersection(columns))
    return file.read(columns=there, use_threads=False)


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(
        "this shard cannot be read",
        where=path,
        why=why,
        fix="run the experiment again: it makes the shard again, from the call cache where it can; an import has to be "
        "repeated",
    )
