"""All languages at once: bands that hold together, and p-values adjusted for looking at each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import pandas as pd

from polyarena.reports.metric_facts import metric_facts
from polyarena.reports.stats.contrasts import Contrast, contrast, contrast_interval
from polyarena.reports.stats.intervals import Interval, Method
from polyarena.reports.stats.multiplicity import adjust, largest_deviations_by_family
from polyarena.reports.stats.outcome import outcome
from polyarena.reports.stats.quantiles import normal_probability
from polyarena.reports.stats.replicated import Replicated
from polyarena.reports.stats.resampling import Floats
from polyarena.reports.stats.series import LanguageSeries, language_series
from polyarena.reports.stats.summary import Estimator, Settings

FAMILY_BYTES = 64 * 2**20
"""Of the influences, and of the replicates, of families whose resamples are drawn together."""

COLUMNS = (
    "task", "metric", "judge", "system", "baseline", "language", "value", "standard_error", "low", "high", "band_low",
    "band_high", "critical", "p_value", "p_max_t", "p_holm", "p_benjamini_yekutieli", "outcome", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Bands:
    """Intervals of several estimates that hold together.

    Attributes:
        pointwise: The interval of each estimate by itself.
        together: The interval of each such that all hold with the stated confidence.
        critical: How many standard errors the largest of all deviations stays below, with that confidence.
        largest: Shape (rounds,); the largest deviation of each bootstrap round, in standard errors.
    """

    pointwise: list[Interval]
    together: list[Interval]
    critical: float
    largest: Floats


def bands(data: Estimator, contrasts: Sequence[Contrast], settings: Settings) -> Bands:
    r"""Return simultaneous intervals of several contrasts (max-T).

    The critical value c is the quantile of
    :func:`~polyarena.reports.stats.multiplicity.largest_deviations`; each estimate then gets its own kind of interval
    at the confidence :math:`2\Phi(c) - 1`, so that bands near 0 and 1 are as sound as single intervals are.

    Args:
        data: Values or statistics of one task.
        contrasts: What is estimated; at least one.
        settings: Of the bootstrap; ``confidence`` is that of all bands together.
    """
    return next(bands_of_families(data, [contrasts], settings))[1]


def bands_of_families(
    data: Estimator, families: Iterable[Sequence[Contrast]], settings: Settings
) -> Iterator[tuple[Sequence[Contrast], Bands]]:
    """Yield each of several families of contrasts with its :func:`bands`; the resamples are drawn once for many."""
    for batch in _batches(families, max(len(data.clusters), settings.rounds)):
        columns = [column for family in batch for each in family for column in each.weights]
        drawn = Replicated(data, columns, rounds=settings.rounds, seed=settings.seed)
        pointwise = [[contrast_interval(drawn, each, settings) for each in family] for family in batch]
        errors = np.array([each.standard_error or 0.0 for intervals in pointwise for each in intervals])
        influence = np.stack([each.influence for family in batch for each in family], axis=1)
        largest = largest_deviations_by_family(
            influence,
            errors,
            [len(family) for family in batch],
            data.clusters,
            data.labels,
            rounds=settings.rounds,
            seed=settings.seed,
        )
        for family, intervals, deviations in zip(batch, pointwise, largest, strict=True):
            yield family, _bands(drawn, family, intervals, deviations, settings)


def _batches(families: Iterable[Sequence[Contrast]], height: int) -> Iterator[list[Sequence[Contrast]]]:
    """Split families so that the arrays of one batch fit into memory; the numbers do not depend on it."""
    batch: list[Sequence[Contrast]] = []
    for family in families:
        if batch and 8 * height * (sum(map(len, batch)) + len(family)) > FAMILY_BYTES:
            yield batch
            batch = []
        batch.append(family)
    if batch:
        yield batch


def _bands(
    data: Estimator, contrasts: Sequence[Contrast], pointwise: list[Interval], largest: Floats, settings: Settings
) -> Bands:
    rank = min(len(largest) - 1, math.ceil(settings.confidence * len(largest)))
    critical = float(np.partition(largest, rank)[rank])
    # Without any spread nothing is known of the correlation, and single intervals are all there is.
    confidence = max(settings.confidence, min(2 * normal_probability(critical) - 1, 1 - 1e-12))
    together = [contrast_interval(data, each, replace(settings, confidence=confidence)) for each in contrasts]
    return Bands(pointwise, together, critical, largest)


def simultaneous_bands(
    frame: pd.DataFrame,
    *,
    reference: float | None = None,
    confidence: float = 0.95,
    rounds: int = 10_000,
    seed: int = 0,
    method: Method = "default",
) -> pd.DataFrame:
    """Estimate all languages of each system with bands that hold for all of them together.

    Args:
        frame: Rows of :class:`polyarena.judges.records.Battle` or :class:`polyarena.tasks.records.Score`, in any order.
        reference: What p-values and outcomes compare with; by default one half for win rates, nothing for scores.
        confidence: Of a single interval, and of all bands together.
        rounds: Of the bootstrap.
        seed: Not negative; the same seed gives the same bytes.
        method: Of the intervals.

    Returns:
        One row for each system and language: ``low`` and ``high`` of the single interval, ``band_low`` and
        ``band_high`` of the simultaneous one, ``critical``, and against the reference the two-sided ``p_value`` (normal
        approximation), ``p_max_t``, ``p_holm`` and ``p_benjamini_yekutieli`` (see :func:`adjust`), and the ``outcome``
        that the band gives, as the metric's direction has it.

    Raises:
        DataError: The frame is of neither kind or not sound.

    Example:
        >>> from polyarena.harness import open_run
        >>> from polyarena.reports.stats import simultaneous_bands
        >>> simultaneous_bands(open_run("runs/quickstart").battles())  # doctest: +SKIP
    """
    settings = Settings(confidence, rounds, seed, method)
    rows = []
    for series, contrasts, found in _banded(frame, settings):
        target = 0.5 if reference is None and series.metric == "win_rate" else reference
        tests = _tests([each.value for each in contrasts], found, target)
        for i, (language, each) in enumerate(zip(series.columns, contrasts, strict=True)):
            single, band = found.pointwise[i], found.together[i]
            rows.append(
                {
                    **series.labels,
                    "language": language,
                    "value": each.value,
                    "standard_error": single.standard_error,
                    "low": single.low,
                    "high": single.high,
                    "band_low": band.low,
                    "band_high": band.high,
                    "critical": found.critical,
                    **{name: values[i] for name, values in tests.items()},
                    "outcome": None
                    if target is None
                    else outcome(band.low, band.high, target, metric_facts(series.metric).direction).value,
                    "note": single.note or _untested(single, target),
                }
            )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = COLUMNS[COLUMNS.index("value") : COLUMNS.index("outcome")]
    return table.astype(dict.fromkeys(numbers, "float64"))


def _banded(frame: pd.DataFrame, settings: Settings) -> Iterator[tuple[LanguageSeries, Sequence[Contrast], Bands]]:
    """Yield every series with the contrasts of its languages and their bands."""
    for _, same in groupby(language_series(frame), key=lambda series: id(series.data)):
        several = list(same)
        # Thousands of them hold an influence for each cluster: they are made when their batch is.
        families = ([contrast(each.data, {column: 1.0}) for column in each.columns.values()] for each in several)
        found = bands_of_families(several[0].data, families, settings)
        for each, (contrasts, own) in zip(several, found, strict=True):
            yield each, contrasts, own


def _untested(around: Interval, reference: float | None) -> str:
    """Return why an estimate with an interval has no p-values; empty if it has, or if nothing is tested."""
    return "" if reference is None or around.standard_error else "no spread between items: no p-value"


def _tests(values: Sequence[float], found: Bands, reference: float | None) -> dict[str, list[float | None]]:
    """Return p-values; ``None`` where an estimate has no standard error, or there is nothing to compare with."""
    names = ("p_value", "p_max_t", "p_holm", "p_benjamini_yekutieli")
    empty: dict[str, list[float | None]] = {name: [None] * len(values) for name in names}
    if reference is None:
        return empty
    errors = [each.standard_error for each in found.pointwise]
    tested = [i for i, error in enumerate(errors) if error]
    distances = [abs(values[i] - reference) / (errors[i] or 1.0) for i in tested]
    single = [2 * normal_probability(-distance) for distance in distances]
    rounds = len(found.largest)
    joint = [(1 + int(np.count_nonzero(found.largest >= distance))) / (1 + rounds) for distance in distances]
    columns = (single, joint, adjust(single, "holm"), adjust(single, "benjamini-yekutieli"))
    for name, column in zip(names, columns, strict=True):
        for i, value in zip(tested, column, strict=True):
            empty[name][i] = value
    return empty
