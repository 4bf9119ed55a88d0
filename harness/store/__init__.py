"""The run folder: shards that are written atomically, a lock file, an event log."""

from polyarena.harness.store.folder import RunFolder
from polyarena.harness.store.shard import (
    REFUSED,
    UNANSWERED,
    archive_shard,
    find_shard,
    find_shard_metadata,
    find_table,
    outdate_shards,
    read_shard,
    read_table,
    restore_shard,
    shard_metadata,
    stage_shard,
    write_shard,
)

__all__ = [
    "REFUSED",
    "UNANSWERED",
    "RunFolder",
    "archive_shard",
    "find_shard",
    "find_shard_metadata",
    "find_table",
    "outdate_shards",
    "read_shard",
    "read_table",
    "restore_shard",
    "shard_metadata",
    "stage_shard",
    "write_shard",
]
