"""The record of the gate: one verdict on one cell or average."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What a gate says of a cell or an average, worst first."""

    REGRESSED = "regressed"
    """Worse beyond chance and by at least the floor."""
    MISSING = "missing"
    """The baseline has it and the candidate does not."""
    INCOMPARABLE = "incomparable"
    """The two were not asked or scored in the same way; ``note`` says in what they differ."""
    INCONCLUSIVE = "inconclusive"
    """Neither a regression nor shown to be none."""
    OK = "ok"
    """Not worse than the baseline by the margin or more, at the stated confidence."""
    IMPROVED = "improved"
    """Better beyond chance and by at least the floor."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the paired items say of one cell or average.

    Differences are candidate minus baseline, in points, with the metric's direction taken into account: below 0 is
    worse.

    Attributes:
        level: A :class:`polyarena.reports.gate.settings.Level`.
        task: Task name; empty where several tasks are averaged.
        metric: Its metric; empty where several are averaged.
        judge: The judge of a win rate, else ``None``.
        grouping: ``family``, ``tier`` and the like at the level ``group``; empty elsewhere.
        group: The language code, the group's name, the suite's name, or ``all``.
        status: A :class:`Status`.
        action: What a regression here does: ``fail`` or ``warn``.
        baseline: Mean of the baseline on the paired items, in the metric's unit; ``None`` where units are mixed.
        candidate: The candidate's.
        difference: In points; ``None`` where nothing is paired.
        low: Lower end of the interval of confidence 1 - 2 alpha, within the range of a difference: what the drop could
            be at worst.
        high: Its upper end.
        p_value: One-sided, of a drop; unadjusted.
        p_adjusted: For all that is tested at this action.
        discordance: Share of paired items (clusters, for averages) with different values.
        detectable: Smallest drop, in points, that is called regressed with the stated power; ``None`` if no drop is.
        n: Paired items.
        n_clusters: Their distinct ``source_id``.
        n_unknown: Items of the baseline that have no value on one side.
        n_needed: Items a language, in each task, that would settle an inconclusive verdict if the difference stayed;
            else ``None``.
        note: What a reader must know; empty if nothing.
    """

    level: str
    task: str
    metric: str
    judge: str | None
    grouping: str
    group: str
    status: str
    action: str
    baseline: float | None
    candidate: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None
    discordance: float | None
    detectable: float | None
    n: int
    n_clusters: int
    n_unknown: int
    n_needed: int | None
    note: str = ""
