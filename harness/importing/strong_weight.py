"""How often strong verdicts count, in runs that no experiment file describes."""

from __future__ import annotations

import math
from typing import Any

from polyarena.harness.importing.lock import IMPORTED
from polyarena.tasks.errors import ExperimentError


def set_strong_weight(lock: dict[str, Any], weight: float, where: object) -> None:
    """Enter how many times a verdict with ``>>`` counts into the lock file of a run of nothing but imports.

    Args:
        lock: The lock file; changed.
        weight: More than 0, at most 1000.
        where: The run folder, for messages.

    Raises:
        ExperimentError: There is no such weight, or the run has an experiment of its own, which says it.
    """
    if not (math.isfinite(weight) and 0 < weight <= 1000):
        raise ExperimentError(
            f"--strong-weight cannot be {weight:g}", fix="1 counts every verdict once; Arena-Hard-Auto has 3"
        )
    resolved = lock["experiment"]["resolved"]
    if any(system["model"] != IMPORTED for system in resolved["systems"]):
        raise ExperimentError(
            "--strong-weight is for runs of nothing but imported verdicts",
            where=str(where),
            why="the experiment of this run says how its numbers are made",
            fix=f"write `statistics: {{strong_weight: {weight:g}}}` into it and run it again; nothing is judged twice",
        )
    resolved["statistics"]["strong_weight"] = weight
