"""Sets the weight of strong verdicts in run folders without an experiment file."""

from __future__ import annotations

import math

from polyarena.harness.lock import Lock
from polyarena.harness.lock.imported_judges import IMPORTED
from polyarena.tasks.errors import ExperimentError


def set_strong_weight(lock: Lock, weight: float, where: object) -> Lock:
    """Return the lock of a run of nothing but imports with how many times a verdict with ``>>`` counts.

    Args:
        lock: The lock.
        weight: More than 0, at most 1000.
        where: The run folder, for messages.

    Raises:
        ExperimentError: There is no such weight, or the run has an experiment of its own, which says it.
    """
    if not (math.isfinite(weight) and 0 < weight <= 1000):
        raise ExperimentError(
            f"--strong-weight cannot be {weight:g}", fix="1 counts every verdict once; Arena-Hard-Auto has 3"
        )
    if any(system.model != IMPORTED for system in lock.settings.systems):
        raise ExperimentError(
            "--strong-weight is for runs of nothing but imported verdicts",
            where=str(where),
            why="the experiment of this run says how its numbers are made",
            fix=f"write `statistics: {{strong_weight: {weight:g}}}` into it and run it again; nothing is judged twice",
        )
    return lock.with_strong_weight(weight)
