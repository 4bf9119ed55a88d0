"""How the numbers of a run are made, as its lock file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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


def run_statistics(lock: Mapping[str, Any]) -> RunStatistics:
    """Return how the numbers of a run are made.

    Args:
        lock: The lock file; one of an older version has neither groups nor weights, and gets the defaults.

    Raises:
        UnknownNameError: It names a grouping or a language that this version does not know.
    """
    from polyarena.reports.stats.groupings import custom_groups, facet_groups

    chosen = lock["experiment"]["resolved"]["statistics"]
    own = chosen.get("groups") or {}
    return RunStatistics(
        bootstrap={name: chosen[name] for name in ("confidence", "rounds", "seed")},
        groupings={
            **facet_groups(chosen.get("groupings", ("tier",))),
            **(custom_groups(OWN_GROUPS, own) if own else {}),
        },
        strong_weight=float(chosen.get("strong_weight", 1)),
    )
