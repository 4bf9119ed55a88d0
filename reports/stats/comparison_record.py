"""The record of a comparison of two systems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

import pandas as pd

from polyarena.reports.stats.quantiles import normal_quantile

POWER = 0.8
"""Of the detectable difference."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems on the same items, in one language or a group of them.

    Attributes:
        task: Task name.
        judge: The judge of the battles; ``None`` for scores.
        baseline: What both systems were judged against; ``None`` for scores.
        metric: ``win_rate`` or the task's metric.
        level: ``macro``, a level of the groupings, or ``language``.
        group: ``all``, the group's name, or the language code.
        system: The first system.
        against: The second system.
        value: Estimate of the first system on the common items.
        value_against: Estimate of the second.
        difference: ``value - value_against``.
        standard_error: Of the difference.
        low: Lower end of the interval of the difference.
        high: Upper end.
        band_low: Lower end of the simultaneous band (max-T) over all languages; for languages only.
        band_high: Upper end.
        confidence: Nominal, of the interval and of all bands together.
        method: Of the interval.
        outcome: ``better`` when the interval lies above 0, ``worse`` when below, else ``inconclusive``; the other way
            round for metrics of which less is better, and by the distance from 0 for those that are best at 0
            (:class:`polyarena.tasks.metrics.metric.Direction`).
        p_value: Two-sided, of the randomisation test.
        p_holm: The same, adjusted for the number of languages; for languages only.
        p_mcnemar: Two-sided, of McNemar's exact test; only for single languages with values of 0 and 1.
        detectable: The difference that these items would have found in 80% of such experiments.
        margin: The difference that does not matter, as stated; ``None`` if none was.
        non_inferiority: ``non-inferior``, ``inferior`` or ``inconclusive``; ``None`` without a margin.
        equivalence: ``equivalent``, ``different`` or ``inconclusive``; ``None`` without a margin.
        n: Items that both have.
        n_clusters: Distinct ``source_id`` among them.
        n_languages: Languages averaged.
        n_left_out: Items of these languages that only one of the two has, or has a value for.
        note: What a reader must know of this row; empty if nothing.
    """

    task: str
    judge: str | None
    baseline: str | None
    metric: str
    level: str
    group: str
    system: str
    against: str
    value: float
    value_against: float
    difference: float
    standard_error: float | None
    low: float | None
    high: float | None
    band_low: float | None
    band_high: float | None
    confidence: float
    method: str
    outcome: str
    p_value: float
    p_holm: float | None
    p_mcnemar: float | None
    detectable: float | None
    margin: float | None
    non_inferiority: str | None
    equivalence: str | None
    n: int
    n_clusters: int
    n_languages: int
    n_left_out: int
    note: str


def comparisons_frame(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """Return comparisons as a data frame, one a row, in the order given; missing values are null."""
    found = pd.DataFrame([asdict(each) for each in comparisons], columns=[field.name for field in fields(Comparison)])
    # A column of numbers that nobody has is still one of numbers.
    return found.astype({field.name: "float64" for field in fields(Comparison) if field.type == "float | None"})


def detectable_difference(standard_error: float | None, confidence: float) -> float | None:
    """Return the difference found in :data:`POWER` of such experiments; ``None`` without a standard error."""
    if not standard_error:
        return None
    return (normal_quantile(0.5 + confidence / 2) + normal_quantile(POWER)) * standard_error
