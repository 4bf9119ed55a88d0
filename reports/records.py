"""The record of the report room: a number that can be published."""

from __future__ import annotations

from dataclasses import dataclass

from polyarena.tasks.records import arrow_schema


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its interval and everything needed to know what it means.

    Attributes:
        system: The system that the number is about (the candidate of a win rate).
        baseline: The other side of a win rate; ``None`` for scores.
        judge: The judge of a win rate; ``None`` for scores.
        task: Task name.
        level: ``language``, ``macro``, ``tier``, or another grouping of languages.
        group: The language code, or the group's name (``all`` for the macro average).
        metric: ``win_rate`` or the task's metric.
        value: The estimate; ``None`` when there is nothing to average (``note`` says why).
        standard_error: Of the estimate; half-widths never appear under this name.
        low: Lower end of the interval.
        high: Upper end of the interval.
        confidence: Nominal, such as 0.95.
        method: How the interval was made: ``percentile``, ``wilson``, ``none``.
        n: Items averaged, over all languages of the group.
        n_clusters: Distinct ``source_id`` among them; what was resampled.
        n_languages: Languages averaged.
        n_invalid: Games without a verdict; 0 for scores.
        worst: The value if every invalid game were lost.
        best: The value if every invalid game were won.
        note: What a reader must know of this row; empty if nothing.
        signature: Every setting that changes the number.
        lowest: Of an estimate over prompt templates: the least estimate of a single template.
        highest: Likewise the greatest.
        band_low: Of a language: lower end of the band that holds, with the same confidence, for all languages of this
            system, task and metric together (max-T).
        band_high: Its upper end.
        detectable: Of a win rate: the smallest distance from one half that such an interval excludes from chance in
            80% of experiments.
        flag: Why the number is to be taken with care: the metric is doubtful or inadequate in a language behind it;
            empty if it is not; or its languages are not those of the other systems.
        wins: Of a win rate: battles won, whose score is above one half.
        ties: Battles at exactly one half.
        losses: Battles lost.
    """

    system: str
    baseline: str | None
    judge: str | None
    task: str
    level: str
    group: str
    metric: str
    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    confidence: float
    method: str
    n: int
    n_clusters: int
    n_languages: int
    n_invalid: int
    worst: float | None
    best: float | None
    note: str
    signature: str
    lowest: float | None = None
    highest: float | None = None
    band_low: float | None = None
    band_high: float | None = None
    detectable: float | None = None
    flag: str = ""
    wins: int | None = None
    ties: int | None = None
    losses: int | None = None


ESTIMATE_SCHEMA = arrow_schema(Estimate)
