"""The record of a ranking: one system's place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ranked:
    """One system's place among the systems of a judge and task.

    Attributes:
        judge: The judge.
        task: Task name.
        level: ``macro`` (each pair's score averaged over the languages of all systems) or ``language``.
        group: ``all`` or the language code.
        system: The system.
        baseline: The system whose rating is fixed.
        rating: On Elo's scale; ``None`` where ``note`` says why.
        rating_low: Lower end of its interval; ``None`` for the baseline, and where there is no such end.
        rating_high: Upper end.
        win_rate: Against the baseline, ties counting half: the mean of the battles with it, as in
            :func:`polyarena.reports.stats.win_rates`; what the ratings predict for a system that never met it.
        standard_error: Of the win rate.
        low: Lower end of the win rate's interval.
        high: Upper end.
        rank: 1 for the best.
        rank_low: Best rank that the data allow.
        rank_high: Worst rank that the data allow.
        p_best: Share of bootstrap rounds in which the system is first.
        tie_group: Systems of one number cannot be told from the group's best; 1 is the best group.
        n: Battles.
        wins: Battles won, against whomever.
        ties: Battles at exactly one half.
        losses: Battles lost.
        n_clusters: Distinct ``source_id`` among all battles of the group.
        opponents: Systems it met.
        confidence: Of every interval and set of ranks.
        note: What a reader must know of this row; empty if nothing.
        signature: Every setting that changes the number.
    """

    judge: str
    task: str
    level: str
    group: str
    system: str
    baseline: str
    n: int
    n_clusters: int
    opponents: int
    confidence: float
    note: str
    signature: str
    rating: float | None = None
    rating_low: float | None = None
    rating_high: float | None = None
    win_rate: float | None = None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    p_best: float | None = None
    tie_group: int | None = None
    wins: int = 0
    ties: int = 0
    losses: int = 0
