"""The lock of a run: what its experiment resolved to, as one typed record.

``running`` builds it from a plan, ``importing`` from imported verdicts; :class:`polyarena.harness.store.RunFolder`
reads and writes its file; everything that reports on a run reads it. Nothing here touches a file or knows a plan.
"""

from polyarena.harness.lock.differences import Aspect, Difference, Differences, Effect, differences
from polyarena.harness.lock.digest import content_digest, digest
from polyarena.harness.lock.model import (
    FORMAT,
    OTHER_BATCHES,
    Cell,
    Deviation,
    FlipRate,
    ImportedJudge,
    Lock,
    LockedExperiment,
    LockedGames,
    LockedJudge,
    LockedSampling,
    LockedTask,
    Omission,
    Pair,
    UnmappedField,
    shard_name,
)
from polyarena.harness.lock.versions import installed_versions

__all__ = [
    "FORMAT",
    "OTHER_BATCHES",
    "Aspect",
    "Cell",
    "Deviation",
    "Difference",
    "Differences",
    "Effect",
    "FlipRate",
    "ImportedJudge",
    "Lock",
    "LockedExperiment",
    "LockedGames",
    "LockedJudge",
    "LockedSampling",
    "LockedTask",
    "Omission",
    "Pair",
    "UnmappedField",
    "content_digest",
    "differences",
    "digest",
    "installed_versions",
    "shard_name",
]
