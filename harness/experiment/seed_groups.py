"""What can be wrong with groups of seeds."""

from __future__ import annotations

from polyarena.harness.experiment.schema import Experiment
from polyarena.tasks.errors import ExperimentError


def refuse_seed_groups(experiment: Experiment) -> None:
    """Refuse groups that no report could show.

    Raises:
        ExperimentError: A group has one system, or the name of a system; the baseline is in a group; or systems are
            judged against others than the baseline.
    """
    names = {system.name.casefold() for system in experiment.systems}
    seen: set[str] = set()
    for index, system in enumerate(experiment.systems):
        if system.group is None or system.group in seen:
            continue
        seen.add(system.group)
        where = experiment.where("systems", index, "group")
        if len(experiment.seed_groups[system.group]) < 2:
            raise ExperimentError(
                f"the group {system.group!r} has one system",
                where=where,
                why="the variation between seeds is estimated from two seeds at least",
                fix="give its other seeds the same group, or remove `group`",
            )
        if system.group.casefold() in names:
            raise ExperimentError(
                f"a system and a group are both named {system.group!r}", where=where, fix="rename the group"
            )
        if experiment.baseline in experiment.seed_groups[system.group]:
            raise ExperimentError(
                f"the baseline {experiment.baseline!r} is a seed of the group {system.group!r}",
                where=where,
                why="a group is compared with one system that is not part of it",
                fix="choose another baseline, or take it out of the group",
            )
    if seen and experiment.opponents is not None:
        raise ExperimentError(
            "`group` and `opponents` exclude each other",
            where=experiment.where("opponents"),
            why="groups of seeds are judged against the baseline alone",
            fix="set `baseline` and remove `opponents`, or remove `group`",
        )
