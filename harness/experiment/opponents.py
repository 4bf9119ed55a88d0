"""Which pairs of systems an experiment compares, and what can be wrong with its ``opponents``."""

from __future__ import annotations

from itertools import combinations

from polyarena.harness.experiment.games import GamesBudget
from polyarena.harness.experiment.schema import Experiment
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.suggest import unknown

Opposed = tuple[str, str]
"""Two systems that a judge compares: the candidate, and the one that it is compared with."""


def refuse_opponents(experiment: Experiment) -> None:
    """Refuse pairs that no judge can compare.

    Raises:
        UnknownNameError: A pair names a system that the experiment does not have.
        ExperimentError: A system is paired with itself, a pair is there twice, there are fewer than two systems, or the
            budget is too small for a single step.
    """
    chosen = experiment.opponents
    names = [system.name for system in experiment.systems]
    if isinstance(chosen, GamesBudget) and experiment.stop_when is not None:
        raise ExperimentError(
            "`stop_when` and a budget of games exclude each other",
            where=experiment.where("stop_when"),
            why="a budget is spent where ratings are uncertain, `stop_when` judges each pair until it is decided",
            fix="remove one of the two",
        )
    if chosen is None:
        return
    where = experiment.where("opponents")
    if len(names) < 2:
        raise ExperimentError("opponents need two systems at least", where=where, fix="add a system, or leave it out")
    if isinstance(chosen, GamesBudget) or chosen == "all":
        return
    met: set[frozenset[str]] = set()
    for index, (one, other) in enumerate(chosen):
        where = experiment.where("opponents", index)
        for name in (one, other):
            if name not in names:
                raise unknown("system", name, names, where=where)
        if one == other:
            raise ExperimentError(f"{one!r} is paired with itself", where=where, fix="name two systems")
        if frozenset((one, other)) in met:
            raise ExperimentError(
                f"{one!r} and {other!r} are paired twice",
                where=where,
                why="every pair of answers is judged in both orders as it is",
                fix="list the pair once",
            )
        met.add(frozenset((one, other)))


def refuse_shared_folders(experiment: Experiment) -> None:
    """Refuse pairs whose games would be stored in one folder, because names of systems contain ``--``.

    Raises:
        ExperimentError: There are such pairs.
    """
    pairs = all_pairs(experiment) if isinstance(experiment.opponents, GamesBudget) else planned_pairs(experiment)
    stored: dict[str, Opposed] = {}
    for pair in pairs:
        other = stored.setdefault("--".join(pair).casefold(), pair)
        if other != pair:
            raise ExperimentError(
                f"the games of {' against '.join(pair)} and of {' against '.join(other)} would share a folder",
                where=experiment.where("systems"),
                why=f"both pairs are stored as {'--'.join(pair)!r}",
                fix="rename one of these systems, without `--` in its name",
            )


def all_pairs(experiment: Experiment) -> tuple[Opposed, ...]:
    """Return every pair of systems, each once.

    The baseline is compared with, never the candidate; of two other systems the earlier one in the file is the
    candidate, so that a system added at the end changes no pair that was judged before.
    """
    pairs = combinations([system.name for system in experiment.systems], 2)
    return tuple((other, one) if one == experiment.baseline else (one, other) for one, other in pairs)


def planned_pairs(experiment: Experiment) -> tuple[Opposed, ...]:
    """Return the pairs that are known before any game: all of them, or those that a budget of games begins with.

    A budget begins with a star: every system against the baseline or, without one, against the first system.
    """
    chosen = experiment.opponents
    if chosen == "all":
        return all_pairs(experiment)
    if isinstance(chosen, tuple):
        return tuple((one, other) for one, other in chosen)
    center = experiment.baseline
    if center is None and chosen is not None:
        center = experiment.systems[0].name
    return tuple(pair for pair in all_pairs(experiment) if center in pair)
