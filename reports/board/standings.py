r"""Averages, ranks and tie groups of a set of columns and languages, by formulas that a browser can repeat.

**Averages.** A system's average is the mean over columns of its mean over languages, as in
:func:`polyarena.reports.stats.suite_averages`; with one column it is that of
:func:`polyarena.reports.stats.mean_scores` and :func:`polyarena.reports.stats.win_rates`. Ranges are put on [0, 1]
first and turned so that more is better, where there are several columns. Systems with fewer than
``settings.coverage`` of a column's languages are not averaged; the others are averaged over the languages that all of
them have.

**Intervals.** Shares have the score interval of :mod:`polyarena.reports.stats.score_interval`. Other values have
:math:`\bar y \pm t_\nu\, s` instead of a bootstrap interval, with the standard error s of
:func:`polyarena.reports.stats.intervals.interval` and :math:`\nu` after Satterthwaite.

**Ranks.** Of the difference of two systems, :math:`s_{ij}^2 = \sum_h \frac{n_h}{n_h-1} \sum (u_i - u_j)^2` with the
influence u of each cluster, so that common items drop out. A system's rank lies between one more than the number of
systems that are better and what is left when the worse ones are taken away, by Holm's procedure on its t statistics at
the level of the board (in place of the largest studentised difference of
:mod:`polyarena.reports.stats.rank_confidence_sets`, which needs a bootstrap). Neighbours in the ranking are told apart
by Holm's procedure over all pairs of neighbours. Degrees of freedom are the smallest number of clusters of a stratum
less one, which is at most Satterthwaite's.

**Approximate.** Averages of cells: :mod:`polyarena.reports.board.cells`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from polyarena.reports.board.cells import average_noise, cell_interval, cells_of, mean_variance
from polyarena.reports.board.model import BoardSettings, Column, ItemTable
from polyarena.reports.stats.contrasts import Contrast, contrast
from polyarena.reports.stats.intervals import FEWEST_CLUSTERS
from polyarena.reports.stats.quantiles import student_quantile
from polyarena.reports.stats.resampling import Floats, strata
from polyarena.reports.stats.score_interval import score_interval
from polyarena.tasks.counts import too_few
from polyarena.tasks.metrics.metric import Direction

EXACT = 1e-9
"""Values that differ by less count as equal, as in ``site/standings.js``."""


@dataclass(frozen=True, slots=True)
class Average:
    """One system's average over a set of columns and languages.

    Attributes:
        system: Name.
        value: In the unit of the column, or of several columns a share of their ranges.
        standard_error: ``None`` if an item is alone in its language.
        low: Lower end; ``None`` without an interval.
        high: Upper end.
        n: Items.
        coverage: Languages that the system has, of all, over all columns.
        rank: 1 for the best; ``None`` if it is not ranked.
        rank_low: Best rank that the data allow.
        rank_high: Worst rank that the data allow.
        tie_group: Systems of one number cannot be told from the group's best.
        note: Why it is not ranked or has no interval; empty if it has both.
    """

    system: str
    value: float | None = None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    coverage: tuple[int, int] = (0, 0)
    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    tie_group: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Standings:
    """A ranking.

    Attributes:
        averages: The best system first, those without a rank last.
        distinct_neighbours: Neighbouring pairs whose order is sure.
        neighbours: Neighbouring pairs.
        languages: By column key: the languages that were averaged.
    """

    averages: tuple[Average, ...]
    distinct_neighbours: int = 0
    neighbours: int = 0
    languages: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """One column of an average, with its ranked systems."""

    column: Column
    languages: tuple[str, ...]
    several: bool

    def share(self, value: float) -> float:
        """Return a value as a share of the range where there are several columns."""
        if not self.several:
            return value
        low, high = _range(self.column)
        share = (value - low) / (high - low)
        return share if self.column.direction is Direction.HIGHER else 1 - share

    @property
    def factor(self) -> float:
        """What errors are multiplied with."""
        if not self.several:
            return 1.0
        low, high = _range(self.column)
        return (1 if self.column.direction is Direction.HIGHER else -1) / (high - low)

    @property
    def bounded(self) -> bool:
        """Whether values are shares, so that the score interval applies."""
        return self.column.table.bounded


def _range(column: Column) -> tuple[float, float]:
    if column.low is None or column.high is None:
        raise ValueError(f"{column.key} has no range")
    return column.low, column.high


def standings(
    columns: Sequence[Column],
    settings: BoardSettings,
    *,
    languages: frozenset[str] | None = None,
    systems: frozenset[str] | None = None,
) -> Standings:
    """Rank systems by their average over columns.

    Args:
        columns: All by one method; of several, all have a range.
        settings: Confidence and coverage.
        languages: Only these; all if left out.
        systems: Only these; all if left out.
    """
    wanted = [
        (column, tuple(code for code in column.languages if languages is None or code in languages))
        for column in columns
    ]
    wanted = [(column, codes) for column, codes in wanted if codes]
    names = sorted({name for column, _ in wanted for name in column.systems if systems is None or name in systems})
    if not wanted or not names:
        return Standings(())
    own = {name: [column.languages_of(name) if name in column.systems else frozenset() for column, _ in wanted]
           for name in names}  # fmt: skip
    counts = {
        name: [len(found.intersection(codes)) for found, (_, codes) in zip(own[name], wanted, strict=True)]
        for name in names
    }
    least = [settings.coverage * len(codes) for _, codes in wanted]
    ranked = [name for name in names if all(n > 0 and n >= few for n, few in zip(counts[name], least, strict=True))]
    parts = [
        _Part(column, tuple(code for code in codes if all(code in own[name][i] for name in ranked)), len(wanted) > 1)
        for i, (column, codes) in enumerate(wanted)
    ]
    total = sum(len(codes) for _, codes in wanted)
    covered = {name: (sum(counts[name]), total) for name in names}
    if not ranked or any(not part.languages for part in parts):
        why = "no language is common to all systems" if ranked else "too few languages"
        return Standings(tuple(Average(name, coverage=covered[name], note=why) for name in names))
    exact = all(isinstance(part.column.table, ItemTable) for part in parts)
    found = _exact(parts, ranked, settings) if exact else _approximate(parts, ranked, settings)
    averages, variances, freedom = found
    signs = -1 if len(parts) == 1 and parts[0].column.direction is not Direction.HIGHER else 1
    zero = len(parts) == 1 and parts[0].column.direction is Direction.ZERO
    good = np.array([-abs(each.value or 0.0) if zero else signs * (each.value or 0.0) for each in averages])
    told = significant_differences(good, variances, freedom, 1 - settings.confidence)
    placed = _placed(averages, good, told, covered)
    order = [ranked.index(each.system) for each in placed]
    left = [Average(name, coverage=covered[name], note="too few languages") for name in names if name not in ranked]
    return Standings(
        tuple(placed + left),
        count_distinct_neighbours(good[order], variances[np.ix_(order, order)], freedom, 1 - settings.confidence),
        len(ranked) - 1,
        {part.column.key: part.languages for part in parts},
    )


def _placed(
    averages: Sequence[Average], good: Floats, told: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    covered: dict[str, tuple[int, int]],
) -> list[Average]:  # fmt: skip
    rank = 1 + (good[None, :] > good[:, None] + EXACT).sum(axis=1)
    group = np.zeros(len(good), dtype=np.int64)
    for head in np.argsort(-good, kind="stable"):
        if group[head] == 0:
            group[(group == 0) & (told[head] <= 0)] = group.max() + 1
    found = [
        Average(
            each.system,
            each.value,
            each.standard_error,
            each.low,
            each.high,
            each.n,
            covered[each.system],
            int(rank[i]),
            int(1 + (told[i] < 0).sum()),
            int(len(good) - (told[i] > 0).sum()),
            int(group[i]),
            each.note,
        )
        for i, each in enumerate(averages)
    ]
    return sorted(found, key=lambda each: (each.rank or 0, each.system))


def _exact(
    parts: Sequence[_Part], ranked: Sequence[str], settings: BoardSettings
) -> tuple[list[Average], Floats, float]:
    many = len(parts)
    found: list[list[Contrast]] = []
    labels: list[np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = []
    first = 0
    for part in parts:
        table = part.column.table
        if not isinstance(table, ItemTable):
            raise TypeError("the exact method needs item values")
        labels.append(_labels(table, part.languages) + first)
        first = int(labels[-1].max()) + 1
        weights = 1 / len(part.languages)
        found.append(
            [contrast(table.data, {table.places[name, code]: weights for code in part.languages}) for name in ranked]
        )
    bounded = all(part.bounded for part in parts)
    averages = []
    pulls = np.concatenate(
        [
            np.array([each.influence for each in own]) * (part.factor / many)
            for own, part in zip(found, parts, strict=True)
        ],
        axis=1,
    )
    every = np.concatenate(labels)
    seen = np.concatenate([np.array([each.present for each in own]) for own in found], axis=1)
    for i, name in enumerate(ranked):
        own = [each[i] for each in found]
        value = math.fsum(part.share(each.value) for part, each in zip(parts, own, strict=True)) / many
        clusters = round(many**2 / math.fsum(1 / each.clusters for each in own), 9)
        n = sum(each.n for each in own)
        around = (
            (None, None, None, "one source item only in a language: no interval")
            if min(each.fewest for each in own) < 2
            else _item_interval(value, pulls[i, seen[i]], every[seen[i]], n, clusters, bounded, settings.confidence)
        )
        averages.append(Average(name, value, *around[:3], n=n, note=around[3]))
    variances, freedom = _pair_variances(pulls, every, np.asarray(seen.any(axis=0)))
    if bounded:
        floor = sum((part.factor / many) ** 2 * own[0].added * 2 / max(own[0].clusters, 1.0) ** 2
                    for part, own in zip(parts, found, strict=True))  # fmt: skip
        values = np.array([each.value for each in averages], dtype=float)
        apart = (variances <= 0) & (np.abs(values[:, None] - values[None, :]) > EXACT)
        variances = np.where(apart, floor, variances)
    return averages, variances, freedom


def _labels(table: ItemTable, languages: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return the strata of the clusters of some languages; clusters that none of them has are labelled 0."""
    present = np.zeros((len(table.data.clusters), len(languages)), dtype=np.bool_)
    for (_, code), place in table.places.items():
        if code in languages:
            present[:, languages.index(code)] |= table.data.counts[:, place] > 0
    labels = np.zeros(len(present), dtype=np.int64)
    rows = present.any(axis=1)
    labels[rows] = strata(present[rows])
    return labels


def _item_interval(
    value: float,
    pulls: Floats,
    labels: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    n: int,
    clusters: float,
    bounded: bool,
    confidence: float,
) -> tuple[float | None, float | None, float | None, str]:
    """Return standard error, both ends, and why there are none."""
    _, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < 2:
        return None, None, None, "one source item only: no interval"
    parts = [
        size / (size - 1) * math.fsum((pulls[labels == label] ** 2).tolist())
        for label, size in zip(np.unique(labels), sizes, strict=True)
    ]
    variance = math.fsum(parts)
    if bounded:
        ends = score_interval(
            value, pulls, labels, variance=variance, items=n, confidence=confidence, clusters=clusters
        )
        return math.sqrt(variance), *ends, ""
    if len(pulls) < FEWEST_CLUSTERS or variance == 0:
        why = "no spread between items" if variance == 0 else too_few(len(pulls), "item")
        return math.sqrt(variance), None, None, f"{why}: no interval"
    spread = math.fsum(v**2 / (size - 1) for v, size in zip(parts, sizes, strict=True))
    half = student_quantile(0.5 + confidence / 2, variance**2 / spread) * math.sqrt(variance)
    return math.sqrt(variance), value - half, value + half, ""


def _pair_variances(
    pulls: Floats,
    labels: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    seen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> tuple[Floats, float]:
    """Return the variance of each difference of two systems, and the degrees of freedom of all of them."""
    variances = np.zeros((len(pulls), len(pulls)))
    freedom = math.inf
    for label in np.unique(labels[seen]):
        own = pulls[:, seen & (labels == label)]
        n = own.shape[1]
        freedom = min(freedom, n - 1)
        products = own @ own.T * (n / max(n - 1, 1))
        squares = np.diag(products)
        variances += squares[:, None] + squares[None, :] - 2 * products
    # What rounding leaves of a difference without any spread is no spread.
    noise = 1e-12 * float(np.square(pulls).sum())
    np.fill_diagonal(variances, 0.0)
    return np.where(variances > noise, variances, 0.0), max(1.0, float(freedom))


def _approximate(
    parts: Sequence[_Part], ranked: Sequence[str], settings: BoardSettings
) -> tuple[list[Average], Floats, float]:
    many = len(parts)
    bounded = all(part.bounded for part in parts)
    size = len(ranked)
    values, squares, counts, noise, pieces = (np.zeros(size) for _ in range(5))
    freedom = np.full(size, np.inf)
    shared = np.zeros((size, size))
    for part in parts:
        table = part.column.table
        cells = cells_of(table) if isinstance(table, ItemTable) else table
        rows = [cells.systems.index(name) for name in ranked]
        places = [cells.languages.index(code) for code in part.languages]
        block = np.ix_(rows, places)
        means = cells.values[block].mean(axis=1)
        factor = (part.factor / many) ** 2
        variance = mean_variance(cells.errors[block], cells.correlation[rows]) * factor
        noise += average_noise(cells, rows, places) * factor
        values += np.array([part.share(float(mean)) for mean in means]) / many
        squares += variance
        counts += cells.n[block].sum(axis=1)
        clusters = np.maximum(np.minimum(cells.clusters[rows], cells.n[block].sum(axis=1)), 1)
        pieces += 1 / clusters
        freedom = np.minimum(freedom, np.maximum(clusters - 1, 1))
        pull = np.nan_to_num(np.sqrt(variance)) * cells.loading[rows]
        shared += np.outer(pull, pull)
    averages = []
    for i, name in enumerate(ranked):
        error, low, high = cell_interval(
            float(values[i]),
            float(squares[i]),
            bounded,
            settings.confidence,
            freedom=float(freedom[i]),
            noise=float(noise[i]),
            clusters=many**2 / float(pieces[i]),
            items=int(counts[i]),
        )
        note = "" if error is not None else "no standard error"
        averages.append(Average(name, float(values[i]), error, low, high, int(counts[i]), note=note))
    known = np.where(np.isfinite(squares), squares, 0.0)
    variances = known[:, None] + known[None, :] - 2 * shared
    variances[~np.isfinite(squares), :] = variances[:, ~np.isfinite(squares)] = 0.0
    np.fill_diagonal(variances, 0.0)
    return averages, variances, float(freedom.min())


def significant_differences(
    good: Floats, variances: Floats, freedom: float, alpha: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return 1 where the row's system is surely better than the column's, -1 where it is surely worse, else 0.

    Each row is a family of its own: all of a system's comparisons hold together.

    Args:
        good: Shape (s,); higher is better.
        variances: Shape (s, s); of the differences, 0 where they say nothing.
        freedom: Degrees of freedom.
        alpha: Of each row.
    """
    many = len(good)
    told = np.zeros((many, many), dtype=np.int64)
    difference = good[:, None] - good[None, :]
    statistic = np.zeros_like(difference)
    np.divide(np.abs(difference), np.sqrt(variances), out=statistic, where=variances > 0)
    critical = [student_quantile(1 - alpha / (2 * (many - 1 - k)), freedom) for k in range(many - 1)]
    for i in range(many):
        for k, j in enumerate(np.argsort(-statistic[i], kind="stable")[: many - 1]):
            if not statistic[i, j] > critical[k]:
                break
            told[i, j] = np.sign(difference[i, j])
    return told


def count_distinct_neighbours(good: Floats, variances: Floats, freedom: float, alpha: float) -> int:
    """Return how many neighbours are told apart, by Holm's procedure over all of them; arguments in order of rank.

    Args:
        good: The value of each system by which systems are ranked, shape (systems,).
        variances: Of the differences of each two systems, shape (systems, systems).
        freedom: Degrees of freedom of Student's distribution.
        alpha: Level of the whole family of comparisons, two-sided.
    """
    many = len(good) - 1
    if many < 1:
        return 0
    squares = np.diag(variances, 1)
    statistic = np.zeros(many)
    np.divide(np.abs(np.diff(good)), np.sqrt(squares), out=statistic, where=squares > 0)
    for k, value in enumerate(np.sort(statistic)[::-1]):
        if not value > student_quantile(1 - alpha / (2 * (many - k)), freedom):
            return k
    return many
