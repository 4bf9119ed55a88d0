"""The run folder: shards that are written once and whole, a lock file, an event log."""

from polyarena.harness.store.folder import RunFolder
from polyarena.harness.store.shard import (
    REFUSED,
    UNANSWERED,
    claim_shard,
    read_shard,
    read_table,
    set_aside,
    shard_facts,
    stored_facts,
    write_shard,
)

__all__ = [
    "REFUSED",
    "UNANSWERED",
    "RunFolder",
    "claim_shard",
    "read_shard",
    "read_table",
    "set_aside",
    "shard_facts",
    "stored_facts",
    "write_shard",
]
