"""The statistics settings of a run, from its lock file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polyarena.harness.lock import Lock

if TYPE_CHECKING:
    from polyarena.reports.stats.groupings import Groupings

OWN_GROUPS = "group"
"""The level of the groups that an experiment names itself."""


@dataclass(frozen=True, slots=True)
class RunStatistics:
    """What ``statistics`` of an experiment means.

    Attributes:
        bootstrap: ``confidence``, ``rounds`` and ``seed``, arguments of the functions of
            :mod:`polyarena.reports.stats`.
        groupings: Levels and groups of languages that are averaged; own groups have the level :data:`OWN_GROUPS`.
        strong_weight: How many times a verdict with ``>>`` counts within its item.
    """

    bootstrap: dict[str, Any]
    groupings: Groupings
    strong_weight: float


def run_statistics(lock: Lock) -> RunStatistics:
    """Return how the numbers of a run are made.

    Args:
        lock: The lock of the run.

    Raises:
        UnknownNameError: It names a grouping or a language that this version does not know.
    """
    from polyarena.reports.stats.groupings import custom_groups, facet_groups

    chosen = lock.settings.statistics
    return RunStatistics(
        bootstrap={"confidence": chosen.confidence, "rounds": chosen.rounds, "seed": chosen.seed},
        groupings={
            **facet_groups(chosen.groupings),
            **(custom_groups(OWN_GROUPS, chosen.groups) if chosen.groups else {}),
        },
        strong_weight=chosen.strong_weight,
    )
