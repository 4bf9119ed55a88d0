"""One Parquet file per cell; the facts that decide whether it is still right travel in its footer."""

from __future__ import annotations

import glob
import io
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from polyarena.harness.store.atomic import write_atomically
from polyarena.tasks.errors import StoreError
from polyarena.tasks.records import from_table, to_table

Record = TypeVar("Record")
_PREFIX = "polyarena."
ARCHIVE = "archive"
"""Folder, beside a shard, of shards that other settings left in its place."""
UNANSWERED = "unanswered"
"""The fact that some games of a shard got no answer from an endpoint; such a shard is stored and not complete."""
REFUSED = "refused"
"""The fact that an endpoint has refused some games of a shard for good; they are asked again only on demand."""


def write_shard(path: Path, records: Sequence[Any], schema: pa.Schema, facts: Mapping[str, str]) -> None:
    """Write records as one Parquet file, atomically.

    Args:
        path: Where.
        records: Dataclass instances with the schema's fields.
        schema: Their Arrow schema.
        facts: Stored in the footer; ``key`` identifies the work, ``content`` its outcome.
    """
    metadata = {f"{_PREFIX}{name}": value for name, value in sorted(facts.items())}
    table = to_table(records, schema).replace_schema_metadata(metadata)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    write_atomically(path, buffer.getvalue())


def shard_metadata(path: Path) -> dict[str, str]:
    """Return the facts in a shard's footer without reading its rows; empty if there is no readable shard."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowException):
        return {}
    return {
        name.decode()[len(_PREFIX) :]: value.decode()
        for name, value in metadata.items()
        if name.decode().startswith(_PREFIX)
    }


def find_shard_metadata(path: Path, key: str) -> dict[str, str]:
    """Return the facts of the shard with this key, in place or superseded by other settings since; empty if none."""
    for candidate in (path, _archive_path(path, key)):
        facts = shard_metadata(candidate)
        if facts.get("key") == key:
            return facts
    return {}


def find_shard(path: Path, key: str) -> Path | None:
    """Return the file of the shard with this key, in place or archived; ``None`` if it is not stored."""
    return next((each for each in (path, _archive_path(path, key)) if shard_metadata(each).get("key") == key), None)


def stage_shard(path: Path, records: Sequence[Any], schema: pa.Schema, metadata: Mapping[str, str]) -> None:
    """Write a shard beside its place, where :func:`find_shard` finds it by its key and nothing else reads it.

    Shards that belong together are staged one by one; the lock that names their keys makes them valid all at once, and
    :func:`restore_shard` then puts each in its place.
    """
    if shard_metadata(path).get("key") != metadata["key"]:
        write_shard(_archive_path(path, metadata["key"]), records, schema, metadata)


def restore_shard(path: Path, key: str) -> bool:
    """Put the shard of this key in place if it is stored at all, and say whether it is.

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
    """Move a shard out of its place, where nothing reads it, to where :func:`restore_shard` finds it again."""
    if path.exists():
        aside = _archive_path(path, shard_metadata(path).get("key", "unreadable"))
        aside.parent.mkdir(exist_ok=True)
        path.replace(aside)


def outdate_shards(path: Path) -> int:
    """Move the shard in this place, and all earlier ones of it, to where nothing finds them; return how many.

    They stay on disk under ``archive/``, for whoever wants to compare.
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
    return from_table(read_table(path), record)


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a shard as an Arrow table, whole, or those of some columns that it has.

    Raises:
        StoreError: The file is missing or damaged.
    """
    try:
        there = None if columns is None else set(pq.read_schema(path).names).intersection(columns)
        return pq.read_table(path, columns=there if there is None else sorted(there))
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            "this shard cannot be read", where=path, why=str(error), fix="delete the file and run again"
        ) from error
