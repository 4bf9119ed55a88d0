"""The record of a comparison of two systems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

import pandas as pd

from polyarena.reports.stats.common_items import CommonItems
from polyarena.reports.stats.equivalence import equivalence, non_inferiority
from polyarena.reports.stats.groupings import Group
from polyarena.reports.stats.intervals import Interval
from polyarena.reports.stats.outcome import outcome
from polyarena.reports.stats.statistical_power import detectable_with
from polyarena.reports.stats.summary import Settings
from polyarena.tasks.counts import count_of


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
        detectable: The difference that these items would have found in 80% of such experiments; ``None`` without a
            standard error, or if it is 0.
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


@dataclass(frozen=True, slots=True)
class Intervals:
    """The intervals of a difference.

    Attributes:
        around: Of the first system's value minus the second's.
        gain: Of the difference as the metric's direction has it: above 0 where the first system is better.
        inner: The gain's at confidence 1 - 2 alpha, for a margin; ``None`` without one.
    """

    around: Interval
    gain: Interval
    inner: Interval | None


def comparison_of(
    pair: CommonItems,
    group: Group,
    systems: tuple[str, str],
    intervals: Intervals,
    settings: Settings,
    margin: float | None,
    *,
    values: tuple[float, float],
    difference: float,
    p_value: float,
    p_mcnemar: float | None = None,
    n: int,
    n_clusters: int,
    notes: Iterable[str],
    left_out: str,
) -> Comparison:
    """Return the comparison of two systems in a group of languages; bands and adjusted p-values are left empty.

    Args:
        pair: The items.
        group: The languages.
        systems: The first system and the one it is compared with.
        intervals: Of the difference.
        settings: Confidence of the intervals.
        margin: Difference that does not matter; ``None`` for none.
        values: Estimates of both systems.
        difference: Of the two.
        p_value: That the difference is 0.
        p_mcnemar: McNemar's, or ``None``.
        n: Items that both have.
        n_clusters: Distinct ``source_id`` among them.
        notes: What a reader must know; empty ones are dropped.
        left_out: Why items were left out, if any were.
    """
    around, gain, inner = intervals.around, intervals.gain, intervals.inner
    left = sum(pair.left_out[code] for code in group.languages)
    said = [*notes, f"{count_of(left, 'item')} left out: {left_out}" if left else ""]
    return Comparison(
        task=pair.task,
        judge=pair.judge,
        baseline=pair.baseline,
        metric=pair.metric,
        level=group.level,
        group=group.name,
        system=systems[0],
        against=systems[1],
        value=values[0],
        value_against=values[1],
        difference=difference,
        standard_error=around.standard_error,
        low=around.low,
        high=around.high,
        band_low=None,
        band_high=None,
        confidence=settings.confidence,
        method=around.method,
        outcome=outcome(gain.low, gain.high, 0.0).value,
        p_value=p_value,
        p_holm=None,
        p_mcnemar=p_mcnemar,
        detectable=detectable_with(around.standard_error, around.low, around.high, confidence=settings.confidence)
        if around.standard_error
        else None,
        margin=margin,
        non_inferiority=None
        if margin is None or inner is None
        else non_inferiority(inner.low, inner.high, margin).value,
        equivalence=None if margin is None or inner is None else equivalence(inner.low, inner.high, margin).value,
        n=n,
        n_clusters=n_clusters,
        n_languages=len(group.languages),
        n_left_out=left,
        note="; ".join(filter(None, said)),
    )


def comparisons_frame(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """Return comparisons as a data frame, one a row, in the order given; missing values are null."""
    found = pd.DataFrame([asdict(each) for each in comparisons], columns=[field.name for field in fields(Comparison)])
    # A column of numbers that nobody has is still one of numbers.
    return found.astype({field.name: "float64" for field in fields(Comparison) if field.type == "float | None"})
