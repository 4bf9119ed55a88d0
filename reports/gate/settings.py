"""The statistical settings of a gate file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal


class Level(StrEnum):
    """What a verdict is about."""

    OVERALL = "overall"
    """The mean over all tasks of the macro averages."""
    SUITE = "suite"
    """The same for the tasks of one suite."""
    TASK = "task"
    """The macro average over the languages of one task and metric."""
    GROUP = "group"
    """The average over the languages of a family, a tier or another group, in one task and metric."""
    CELL = "cell"
    """One task, metric and language."""


class Action(StrEnum):
    """What a regression at a level does."""

    FAIL = "fail"
    """The gate is red."""
    WARN = "warn"
    """It is reported; the gate stays as it is."""
    OFF = "off"
    """The level is not tested."""


DEFAULT_ACTIONS: Mapping[Level, Action] = MappingProxyType(
    {
        Level.OVERALL: Action.FAIL,
        Level.SUITE: Action.FAIL,
        Level.TASK: Action.FAIL,
        Level.GROUP: Action.FAIL,
        Level.CELL: Action.WARN,
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Floor and margin of one metric, in points; ``None`` where the gate's own hold."""

    floor: float | None = None
    average_floor: float | None = None
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How a gate decides. Differences are in points: hundredths of the range of a metric.

    Attributes:
        alpha: Probability that a gate whose two runs are of the same model turns red (family-wise), or the expected
            share of false alarms among alarms (``control="fdr"``); between 0 and 1.
        floor: A drop of fewer points in one cell is never a regression, however significant.
        average_floor: The same for averages, whose noise is smaller.
        margin: A cell or average whose drop is shown to be smaller than this is ``ok``; in points.
        control: ``fwer`` bounds the probability of any false alarm, ``fdr`` their share.
        actions: What a regression at each level does.
        average_weight: How much each average counts in the error budget where cells fail the gate too, relative to a
            cell. Averages vary less than cells and need less of it.
        max_unknown: Share of a cell's items that may lack a value on one side (a failed judge or endpoint) before the
            cell can no longer be ``ok`` or ``regressed``.
        min_paired: Share of the baseline's items that the candidate must have for the two to be comparable.
        rounds: Sign vectors of the randomisation test.
        seed: Of the generator; not negative.
        power: Probability of detection that a minimal detectable drop refers to.
        limits: Floors and margins of single metrics.
    """

    alpha: float = 0.05
    floor: float = 2.0
    average_floor: float = 0.5
    margin: float = 4.0
    control: Literal["fwer", "fdr"] = "fwer"
    actions: Mapping[Level, Action] = field(default_factory=lambda: DEFAULT_ACTIONS)
    average_weight: float = 0.25
    max_unknown: float = 0.02
    min_paired: float = 0.9
    rounds: int = 10_000
    seed: int = 0
    power: float = 0.8
    limits: Mapping[str, Limits] = field(default_factory=lambda: MappingProxyType({}))

    def floor_of(self, level: Level, metric: str = "") -> float:
        """Return the floor of a level and metric, in points; an average over several metrics has none of its own."""
        own = self.limits.get(metric, Limits())
        if level is Level.CELL:
            return self.floor if own.floor is None else own.floor
        return self.average_floor if own.average_floor is None else own.average_floor

    def margin_of(self, metric: str = "") -> float:
        """Return the margin of a metric, in points."""
        own = self.limits.get(metric, Limits()).margin
        return self.margin if own is None else own

    def action(self, level: Level) -> Action:
        """Return what a regression at a level does."""
        return self.actions.get(level, DEFAULT_ACTIONS[level])
