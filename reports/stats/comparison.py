"""Comparison of two systems on the same items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from polyarena.reports.metric_facts import metric_facts
from polyarena.reports.stats.clustered import Clustered
from polyarena.reports.stats.common_items import CommonItems, clusters_of, common_items
from polyarena.reports.stats.comparison_record import Comparison, Intervals, comparison_of, comparisons_frame
from polyarena.reports.stats.contrasts import Contrast, contrast, contrast_interval
from polyarena.reports.stats.corpus import CorpusClustered
from polyarena.reports.stats.equivalence import non_inferiority
from polyarena.reports.stats.groupings import Group, Groupings, groups_of, tier_groups
from polyarena.reports.stats.intervals import Method
from polyarena.reports.stats.multiplicity import adjust
from polyarena.reports.stats.outcome import gain_factors
from polyarena.reports.stats.randomisation import mcnemar_test, sign_flip_test, swap_test
from polyarena.reports.stats.replicated import Replicated
from polyarena.reports.stats.resampling import Floats
from polyarena.reports.stats.seed_comparison import compare_seed_groups
from polyarena.reports.stats.seed_groups import SeedGroups
from polyarena.reports.stats.simultaneous import bands
from polyarena.reports.stats.summary import Estimator, Settings


def compare(
    frame: pd.DataFrame,
    system: str,
    against: str,
    *,
    metric: str | None = None,
    margin: float | None = None,
    confidence: float = 0.95,
    rounds: int = 10_000,
    seed: int = 0,
    groupings: Groupings | None = None,
    method: Method = "default",
    seeds: SeedGroups | None = None,
) -> pd.DataFrame:
    r"""Compare two systems on the items that both have, per language and over languages.

    With the values :math:`a_{il}` and :math:`b_{il}` of item i in language l, the difference in a language is
    :math:`\sum_i (a_{il} - b_{il})/n_l`, and over languages the mean of these; for metrics of a corpus it is the
    difference of the formulas. What is resampled or swapped is the ``source_id``, for both systems and all languages at
    once (:mod:`polyarena.reports.stats.contrasts`, :mod:`polyarena.reports.stats.randomisation`).

    Battles are compared where both systems met the same baseline under the same judge, as win rates against it. Where
    one of the two is that baseline, its own win rate is one half: the difference is the distance from one half, on the
    same scale as that between two candidates.

    ``detectable`` is :math:`(z_{1-\alpha/2} + z_{.8}) \cdot SE`, the difference found in 80% of such experiments, with
    half the interval over :math:`z_{1-\alpha/2}` in place of SE where that is more. With a ``margin``, the intervals of
    confidence :math:`1 - 2\alpha` decide on non-inferiority and equivalence at level :math:`\alpha` =
    1 - ``confidence`` (:mod:`polyarena.reports.stats.equivalence`).

    Args:
        frame: Rows of :class:`polyarena.judges.records.Battle` or :class:`polyarena.tasks.records.Score`, in any order.
        system: The system that may be better.
        against: The one it is compared with.
        metric: Only this metric, of scores; by default all.
        margin: Difference that does not matter, in the unit of the metric; more than 0.
        confidence: Nominal and two-sided; more than 0.5 with a margin.
        rounds: Of the bootstrap and of the randomisation test.
        seed: Not negative; the same seed gives the same bytes.
        groupings: Levels and groups that are averaged beside the macro average; by default the resource tiers.
        method: Of the intervals; see :mod:`polyarena.reports.stats.intervals`.
        seeds: Groups of systems that are seeds of one recipe; ``system`` and ``against`` may name groups. Their
            interval has the variation between seeds (:mod:`polyarena.reports.stats.seed_groups`), their test is
            Student's, and there are no simultaneous bands.

    Returns:
        Rows of :class:`polyarena.reports.stats.comparison_record.Comparison`, by task, metric, judge and baseline; in
        each the macro average, the groups, the languages.

    Raises:
        DataError: The frame is of neither kind or not sound, or the systems have no item in common.
        UnknownNameError: There is no such system or metric.
        ValueError: The margin is not greater than 0; ``confidence``, ``rounds``, ``seed`` or ``method`` mean nothing.

    Example:
        >>> from polyarena.harness import open_run
        >>> from polyarena.reports.stats import compare
        >>> scores = open_run("runs/quickstart").scores()  # doctest: +SKIP
        >>> found = compare(scores, "told-the-language", "plain", margin=0.02)  # doctest: +SKIP
        >>> found[["group", "difference", "low", "high", "p_value", "non_inferiority"]]  # doctest: +SKIP
    """
    settings = Settings(confidence, rounds, seed, method)
    if margin is not None:
        non_inferiority(None, None, margin)
        Settings(2 * confidence - 1)
    chosen = tier_groups() if groupings is None else groupings
    if seeds and {system, against} & seeds.keys():
        return comparisons_frame(
            compare_seed_groups(
                frame, (system, against), seeds, metric=metric, margin=margin, groupings=chosen, settings=settings
            )
        )
    found: list[Comparison] = []
    for pair in common_items(frame, system, against, metric=metric):
        data = clusters_of(pair)
        drawn = Replicated(data, range(len(data.columns)), rounds=rounds, seed=seed)
        languages = sorted({language for _, language in data.columns})
        groups = list(groups_of(languages, languages, chosen))
        averages = [group for group in groups if group.level != "language"]
        found += [_comparison(pair, data, drawn, group, (system, against), margin, settings) for group in averages]
        singles = groups[len(averages) :]
        rows = [_comparison(pair, data, drawn, group, (system, against), margin, settings) for group in singles]
        joint = bands(
            drawn, [_difference(pair, data, group, (system, against))[0] for group in singles], settings
        ).together
        adjusted = adjust([row.p_value for row in rows])
        found += [
            replace(row, band_low=band.low, band_high=band.high, p_holm=p)
            for row, band, p in zip(rows, joint, adjusted, strict=True)
        ]
    return comparisons_frame(found)


def _comparison(
    pair: CommonItems,
    data: Clustered | CorpusClustered,
    drawn: Estimator,
    group: Group,
    systems: tuple[str, str],
    margin: float | None,
    settings: Settings,
) -> Comparison:
    found, ours, theirs = _difference(pair, data, group, systems)
    value, value_against = (float(np.mean([data.value(i) for i in columns])) for columns in (ours, theirs))
    gain = _gain(pair, data, ours, theirs, (value, value_against))
    wider = replace(settings, confidence=2 * settings.confidence - 1)
    intervals = Intervals(
        around=contrast_interval(drawn, found, settings),
        gain=contrast_interval(drawn, gain, settings),
        inner=None if margin is None else contrast_interval(drawn, gain, wider),
    )
    return comparison_of(
        pair,
        group,
        systems,
        intervals,
        settings,
        margin,
        values=(value, value_against),
        difference=found.value,
        p_value=_randomised(data, found, ours, theirs, settings),
        p_mcnemar=_mcnemar(data, ours, theirs),
        n=found.n // 2,
        n_clusters=int(np.count_nonzero(found.present)),
        notes=[intervals.around.note],
        left_out="only one of the systems has a value",
    )


def _difference(
    pair: CommonItems, data: Clustered | CorpusClustered, group: Group, systems: tuple[str, str]
) -> tuple[Contrast, list[int], list[int]]:
    """Return the difference in a group, with the columns of either system in it."""
    places = {column: i for i, column in enumerate(data.columns)}
    ours, theirs = ([places[(name,), code] for code in group.languages] for name in systems)
    share = 1 / len(group.languages)
    weights = {**dict.fromkeys(ours, share), **dict.fromkeys(theirs, -share)}
    return contrast(data, weights, known=_known(pair, data)), ours, theirs


def _known(pair: CommonItems, data: Clustered | CorpusClustered) -> dict[int, float]:
    """Return the columns of the baseline, whose win rate is one half by definition."""
    return {
        i: 0.5 for i, (series, _) in enumerate(data.columns) if pair.baseline is not None and series == (pair.baseline,)
    }


def _gain(
    pair: CommonItems,
    data: Clustered | CorpusClustered,
    ours: list[int],
    theirs: list[int],
    values: tuple[float, float],
) -> Contrast:
    """Return the difference as the metric's direction has it: above 0 where the first system is better.

    Where 0 is best, it is what the first is nearer to 0, with the signs of the two estimates.
    """
    factors = gain_factors(metric_facts(pair.metric).direction, values)
    share = 1 / len(ours)
    weights = {**dict.fromkeys(ours, factors[0] * share), **dict.fromkeys(theirs, -factors[1] * share)}
    return contrast(data, weights, known=_known(pair, data))


def _randomised(
    data: Clustered | CorpusClustered, found: Contrast, ours: list[int], theirs: list[int], settings: Settings
) -> float:
    """Return the p-value of swapping the systems in whole clusters."""
    if isinstance(data, Clustered):
        parts = [
            (data.sums[:, a] - data.sums[:, b]) / data.counts[:, a].sum() for a, b in zip(ours, theirs, strict=True)
        ]
        each = np.sum(parts, axis=0) / len(ours)
        return sign_flip_test(each, data.clusters, rounds=settings.rounds, seed=settings.seed)
    statistics = data.statistics
    gains = [statistics[b] - statistics[a] for a, b in zip(ours, theirs, strict=True)]

    def difference(swaps: Floats) -> Floats:
        total = np.zeros(len(swaps))
        for a, b, gain in zip(ours, theirs, gains, strict=True):
            moved = swaps @ gain
            total += data.formula(statistics[a].sum(axis=0) + moved) - data.formula(statistics[b].sum(axis=0) - moved)
        return total / len(ours)

    differing = np.flatnonzero(np.any([np.any(gain != 0, axis=1) for gain in gains], axis=0))
    tolerance = 1e-9 * max(1.0, abs(found.value))
    return swap_test(
        difference, differing, data.clusters, rounds=settings.rounds, seed=settings.seed, tolerance=tolerance
    )


def _mcnemar(data: Clustered | CorpusClustered, ours: list[int], theirs: list[int]) -> float | None:
    """Return McNemar's p-value of one language; ``None`` unless every cluster is one item that is right or wrong."""
    if not isinstance(data, Clustered) or len(ours) != 1:
        return None
    ((a, b),) = zip(ours, theirs, strict=True)
    first, second = data.sums[:, a], data.sums[:, b]
    # A baseline stands at one half: there the test counts the battles that the other has won and lost.
    fixed = [bool((each == 0.5).all()) for each in (first, second)]
    paired = np.isin([each for each, half in zip((first, second), fixed, strict=True) if not half], (0.0, 1.0)).all()
    if data.counts[:, a].max() > 1 or all(fixed) or not paired:
        return None
    return mcnemar_test(int(np.count_nonzero(first > second)), int(np.count_nonzero(first < second)))
