"""Checks of the panels of an experiment."""

from __future__ import annotations

from polyarena.harness.experiment.schema import Experiment
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.suggest import unknown


def refuse_panels(experiment: Experiment) -> None:
    """Refuse panels whose members do not exist or whose name is taken.

    Raises:
        UnknownNameError: A member is not a judge of the experiment.
        ExperimentError: A panel names a judge twice, has a judge's or another panel's name, or its members judge each
            game a different number of times.
    """
    judges = {judge.name: judge for judge in experiment.judges}
    taken = {name.casefold() for name in judges}
    for index, panel in enumerate(experiment.panels):
        where = experiment.where("panels", index)
        if panel.name.casefold() in taken:
            raise ExperimentError(
                f"{panel.name!r} is already a judge or panel", where=where, fix="give it its own name"
            )
        taken.add(panel.name.casefold())
        for member in panel.judges:
            if member not in judges:
                raise unknown("judge", member, judges, where=where)
        if len(set(panel.judges)) < len(panel.judges):
            raise ExperimentError(f"the panel {panel.name!r} names a judge twice", where=where)
        repeats = {member: judges[member].repeats for member in panel.judges}
        if len(set(repeats.values())) > 1:
            raise ExperimentError(
                f"the members of {panel.name!r} judge a different number of times",
                where=where,
                why=", ".join(f"{member}: {count}" for member, count in repeats.items()),
                fix="give them the same `repeats`",
            )
