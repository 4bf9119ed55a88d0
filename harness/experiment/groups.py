"""Checks of the groups of languages that an experiment averages over."""

from __future__ import annotations

from polyarena.harness.experiment.schema import Experiment
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.languages import select_languages
from polyarena.tasks.languages.facets import FACETS
from polyarena.tasks.suggest import unknown


def refuse_groups(experiment: Experiment) -> None:
    """Refuse groupings that do not exist or appear twice, and groups of languages that do not exist.

    Raises:
        UnknownNameError: There is no such grouping, or a group's selector names no language.
        ExperimentError: A grouping appears twice, or a selector is malformed or selects nothing.
    """
    chosen = experiment.statistics.groupings
    for index, name in enumerate(chosen):
        where = experiment.where("statistics", "groupings", index)
        if name not in FACETS:
            raise unknown("grouping", name, FACETS, where=where)
        if name in chosen[:index]:
            raise ExperimentError(f"the grouping {name!r} appears twice", where=where, fix="name it once")
    for name, selector in experiment.statistics.groups.items():
        select_languages(selector, where=experiment.where("statistics", "groups", name))
