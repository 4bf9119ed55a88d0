"""All languages at once: bands that hold together, and p-values adjusted for looking at each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from polyarena.reports.metric_facts import metric_facts
from polyarena.reports.stats.contrasts import Contrast, contrast, contrast_interval
from polyarena.reports.stats.intervals import Interval, Method
from polyarena.reports.stats.multiplicity import adjust, largest_deviations
from polyarena.reports.stats.outcome import outcome
from polyarena.reports.stats.quantiles import normal_probability
from polyarena.reports.stats.series import language_series
from polyarena.reports.stats.summary import Estimator, Settings

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
    largest: np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def bands(data: Estimator, contrasts: Sequence[Contrast], settings: Settings) -> Bands:
    r"""Return simultaneous intervals of several contrasts (max-T).

    The critical value c is the quantile of :func:`largest_deviations`; each estimate then gets its own kind of interval
    at the confidence :math:`2\Phi(c) - 1`, so that bands near 0 and 1 are as sound as single intervals are.

    Args:
        data: Values or statistics of one task.
        contrasts: What is estimated; at least one.
        settings: Of the bootstrap; ``confidence`` is that of all bands together.
    """
    pointwise = [contrast_interval(data, each, settings) for each in contrasts]
    errors = np.array([each.standard_error or 0.0 for each in pointwise])
    influence = np.stack([each.influence for each in contrasts], axis=1)
    largest = largest_deviations(
        influence, errors, data.clusters, data.labels, rounds=settings.rounds, seed=settings.seed
    )
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
    for series in language_series(frame):
        target = 0.5 if reference is None and series.metric == "win_rate" else reference
        contrasts = [contrast(series.data, {column: 1.0}) for column in series.columns.values()]
        found = bands(series.data, contrasts, settings)
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
