r"""How evenly a system serves its languages.

With the estimates :math:`\theta_l` of L languages and their joint bootstrap replicates:

``worst``, ``worst_decile``
    The worst estimate, and the mean of the worst :math:`\lceil L/10 \rceil`, as the metric's direction has it: the
    lowest of an accuracy, the highest of a rate of errors, the farthest from 0 of a gap. Percentile intervals. Noise
    makes the worst of many estimates too bad on average: both are read with their interval, never as the truth about a
    language.
    There is none with fewer than 8 items in a language, nor where all resamples agree, as with a language at 0: such
    resamples know only what was seen.
``standard_deviation``
    Of the true values: :math:`\sqrt{\max(0, S^2 - \bar V)}` with the variance :math:`S^2` of the estimates over
    languages and what sampling alone adds to it, :math:`\bar V = \frac1L \sum_l s_l^2 - \frac{1}{L(L-1)} \sum_{l \ne m}
    c_{lm}`, where :math:`s_l^2` is the sampling variance of an estimate and :math:`c_{lm}` the covariance of two (what
    all languages share moves none apart). The same is taken in each round, with :math:`2 \bar V`, for a round adds the
    noise of the resample to that of the sample.
``gap_to_english``
    English minus the mean of the other languages; likewise ``gap_to_english:<code>`` for one language.
``without:<code>``
    The macro average without the language minus the macro average: the influence of leaving it out.
``tier_slope``
    Least-squares slope of the estimates over the resource tier (low 0, mid 1, high 2): what a step up in resources goes
    with. Languages without a tier are left out.

Gaps, influences and the slope are weighted sums of the languages (:mod:`polyarena.reports.stats.contrasts`), with
intervals as for differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from polyarena.reports.metric_facts import Direction, MetricFacts, metric_facts
from polyarena.reports.stats.bootstrap_intervals import percentile_interval
from polyarena.reports.stats.contrasts import contrast, contrast_interval
from polyarena.reports.stats.groupings import TIERS
from polyarena.reports.stats.intervals import FEWEST_CLUSTERS, Method
from polyarena.reports.stats.replicated import replicated_series
from polyarena.reports.stats.resampling import Floats
from polyarena.reports.stats.series import LanguageSeries, language_series
from polyarena.reports.stats.summary import Settings
from polyarena.tasks.counts import count_of
from polyarena.tasks.languages import all_languages

ENGLISH = "eng_Latn"

COLUMNS = (
    "task", "metric", "judge", "system", "baseline", "aggregate", "value", "standard_error", "low", "high",
    "confidence", "method", "languages", "n_languages", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Aggregate:
    """One aggregate over languages; the fields are columns of :func:`equity`."""

    aggregate: str
    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    method: str
    languages: str
    n_languages: int
    note: str = ""


def equity(
    frame: pd.DataFrame,
    *,
    confidence: float = 0.95,
    rounds: int = 10_000,
    seed: int = 0,
    method: Method = "default",
) -> pd.DataFrame:
    """Measure how evenly each system serves its languages (see :mod:`polyarena.reports.stats.language_equity`).

    Args:
        frame: Rows of :class:`polyarena.judges.records.Battle` or :class:`polyarena.tasks.records.Score`, in any order.
        confidence: Nominal and two-sided.
        rounds: Of the bootstrap.
        seed: Not negative; the same seed gives the same bytes.
        method: Of the intervals of gaps, influences and slopes.

    Returns:
        One row for each system and aggregate: ``aggregate``, ``value``, ``standard_error``, ``low``, ``high``,
        ``confidence``, ``method``, ``languages`` (those that it is about, or how many), ``n_languages`` and a ``note``.

    Raises:
        DataError: The frame is of neither kind or not sound.

    Example:
        >>> from polyarena.harness import open_run
        >>> from polyarena.reports.stats import equity
        >>> found = equity(open_run("runs/quickstart").scores())  # doctest: +SKIP
        >>> found[found["aggregate"] == "gap_to_english"]  # doctest: +SKIP
    """
    settings = Settings(confidence, rounds, seed, method)
    rows = [
        {**series.labels, "confidence": confidence, **_row(each)}
        for series, data in replicated_series(language_series(frame), rounds=rounds, seed=seed)
        for each in _aggregates(replace(series, data=data), settings)
    ]
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    return found.astype(dict.fromkeys(("value", "standard_error", "low", "high", "confidence"), "float64"))


def _aggregates(series: LanguageSeries, settings: Settings) -> Iterator[Aggregate]:
    yield from _extremes(series, settings)
    codes = list(series.columns)
    if ENGLISH in codes and len(codes) > 1:
        others = [code for code in codes if code != ENGLISH]
        yield _sum(series, "gap_to_english", {ENGLISH: 1.0, **dict.fromkeys(others, -1 / len(others))}, settings)
        for code in others:
            yield _sum(series, f"gap_to_english:{code}", {ENGLISH: 1.0, code: -1.0}, settings)
    if len(codes) > 1:
        for code in codes:
            weights = {other: 1 / (len(codes) - 1) - 1 / len(codes) for other in codes if other != code}
            yield _sum(series, f"without:{code}", {**weights, code: -1 / len(codes)}, settings)
    yield _slope(series, settings)


def _extremes(series: LanguageSeries, settings: Settings) -> Iterator[Aggregate]:
    """Yield what is no weighted sum: the lowest, the lowest tenth and the spread."""
    data, codes = series.data, list(series.columns)
    columns = list(series.columns.values())
    values = np.array([data.value(column) for column in columns])
    replicates = data.replicates(columns, rounds=settings.rounds, seed=settings.seed)
    few = math.ceil(len(codes) / 10)
    goodness = _goodness(metric_facts(series.metric))
    lowest = sorted(range(len(codes)), key=lambda i: (goodness(values)[i], codes[i]))[:few]
    drawn_lowest = np.argsort(goodness(replicates), axis=0, kind="stable")[:few]
    worst = np.take_along_axis(replicates, drawn_lowest, axis=0)
    tail = (1 - settings.confidence) / 2
    fewest = int(np.count_nonzero(data.counts[:, columns], axis=0).min())
    drawn = {
        "worst": (float(values[lowest[0]]), worst[0], codes[lowest[0]]),
        "worst_decile": (
            float(values[lowest].mean()),
            worst.mean(axis=0),
            " ".join(codes[i] for i in lowest),
        ),
    }
    if len(codes) > 1:
        noise = _noise(replicates)
        spread = math.sqrt(max(0.0, float(values.var(ddof=1)) - noise))
        each = np.sqrt(np.maximum(0.0, replicates.var(axis=0, ddof=1) - 2 * noise))
        drawn["standard_deviation"] = (spread, each, str(len(codes)))
    for name, (value, found, about) in drawn.items():
        if fewest < 2:
            reason = "a language has one source item only: no interval"
            yield Aggregate(name, value, None, None, None, "none", about, len(codes), reason)
            continue
        error = float(found.std(ddof=1))
        if fewest < FEWEST_CLUSTERS or found.min() == found.max():
            few_items = fewest < FEWEST_CLUSTERS
            reason = (
                f"{count_of(fewest, 'item')} in a language {'is' if fewest == 1 else 'are'} too few"
                if few_items
                else "the same in every resample"
            )
            yield Aggregate(name, value, error, None, None, "none", about, len(codes), f"{reason}: no interval")
            continue
        low, high = percentile_interval(found, tail)
        yield Aggregate(name, value, error, min(low, value), max(high, value), "percentile", about, len(codes))


def _goodness(facts: MetricFacts) -> Callable[[Floats], Floats]:
    """Return what makes values of a metric higher where they are better."""
    if facts.direction is Direction.HIGHER:
        return lambda values: values
    return (lambda values: -values) if facts.direction is Direction.LOWER else (lambda values: -np.abs(values))


def _noise(replicates: Floats) -> float:
    """Return what sampling adds to the variance over languages, from the replicates' own variances and covariances.

    The mean of the variances over rounds of the deviations is just that: whatever moves all languages alike drops out.
    """
    deviations = replicates - replicates.mean(axis=1, keepdims=True)
    return float(deviations.var(axis=0, ddof=1).mean())


def _sum(series: LanguageSeries, name: str, weights: dict[str, float], settings: Settings, note: str = "") -> Aggregate:
    found = contrast(series.data, {series.columns[code]: weight for code, weight in weights.items()})
    around = contrast_interval(series.data, found, settings)
    about = name.partition(":")[2] or str(len(weights))
    notes = "; ".join(filter(None, (around.note, note)))
    return Aggregate(
        name, found.value, around.standard_error, around.low, around.high, around.method, about, len(weights), notes
    )


def _slope(series: LanguageSeries, settings: Settings) -> Aggregate:
    steps = {tier: len(TIERS) - 1 - i for i, tier in enumerate(TIERS)}
    known = {one.code: steps[one.tier] for one in all_languages() if one.tier in steps}
    tiers = {code: known[code] for code in series.columns if code in known}
    if len(set(tiers.values())) < 2:
        return Aggregate("tier_slope", None, None, None, None, "none", "0", 0, "all languages are of one tier")
    mean = math.fsum(tiers.values()) / len(tiers)
    squares = math.fsum((tier - mean) ** 2 for tier in tiers.values())
    weights = {code: (tier - mean) / squares for code, tier in tiers.items() if tier != mean}
    apart = len(series.columns) - len(tiers)
    note = f"left out: {count_of(apart, 'language')} without a tier" if apart else ""
    return _sum(series, "tier_slope", weights, settings, note)


def _row(each: Aggregate) -> dict[str, object]:
    return {
        "aggregate": each.aggregate,
        "value": each.value,
        "standard_error": each.standard_error,
        "low": each.low,
        "high": each.high,
        "method": each.method,
        "languages": each.languages,
        "n_languages": each.n_languages,
        "note": each.note,
    }
