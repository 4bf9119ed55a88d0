"""The record of an estimate: a number that can be published."""

from __future__ import annotations

from dataclasses import dataclass

from polyarena.tasks.records import arrow_schema


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its interval, and everything that a reader needs to interpret it.

    Attributes:
        system: The system that the number is about (the candidate of a win rate).
        baseline: The opponent of a win rate; ``None`` for scores.
        judge: The judge of a win rate; ``None`` for scores.
        task: Task name.
        level: ``language``, ``macro``, ``tier``, or another grouping of languages.
        group: The language code, or the group's name (``all`` for the macro average).
        metric: ``win_rate`` or the task's metric.
        value: The estimate; ``None`` when there is nothing to average (``note`` says why).
        standard_error: Standard error of the estimate (never the half-width of an interval).
        low: Lower end of the interval.
        high: Upper end of the interval.
        confidence: Nominal coverage of the interval, such as 0.95.
        method: Method of the interval: ``percentile``, ``wilson``, ``seeds`` (of several training seeds), ``none``.
        n: Number of items averaged, over all languages of the group.
        n_clusters: Number of distinct ``source_id`` among them, the unit of resampling.
        n_languages: Number of languages averaged.
        n_invalid: Number of games without a verdict; 0 for scores.
        worst: The value if every invalid game were lost.
        best: The value if every invalid game were won.
        note: A remark that the reader needs for this row, or empty.
        signature: Every setting that changes the number.
        lowest: For an estimate over prompt templates, the lowest estimate of a single template.
        highest: For an estimate over prompt templates, the highest estimate of a single template.
        band_low: For a language, the lower end of its simultaneous band, which has the nominal coverage for all
            languages of this system, task and metric together (max-T).
        band_high: Upper end of the simultaneous band.
        detectable: For a win rate, the smallest true distance from one half that is detected in 80% of experiments.
        flag: Why the number needs care: the metric is doubtful or inadequate in one of its languages, or its
            languages differ from those of the other systems; empty otherwise.
        wins: For a win rate, the number of battles with a score above one half.
        ties: For a win rate, the number of battles with a score of exactly one half.
        losses: For a win rate, the number of battles with a score below one half.
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
