r"""Deciding while verdicts come in: which checks are settled, at an error level that holds whenever one looks.

A fixed test that is looked at again and again turns red by chance sooner or later. Here the difference of each check is
watched by a confidence sequence (:mod:`polyarena.reports.stats.sequential`), which contains the true difference at all
times at once. With m checks that fail the gate and the gate's level :math:`\alpha`,

- a check is ``regressed`` at the first time when its sequence at :math:`1 - \alpha / m` lies below 0 and the mean drop
  is at least the floor: a model that did not change turns any check red, at any time, with probability
  :math:`\alpha` at most;
- it is ``ok`` at the first time when its sequence at :math:`1 - \alpha` lies above minus the margin: a check that lost
  the margin or more is ever called ok with probability :math:`\alpha` at most.

What is decided stays decided. The order in which items are judged must say nothing about them: :func:`judging_order`
gives it, and a run with ``stop_when`` judges in it. A check is read as far as its items are there without a gap in that
order, so that the guarantee also holds where judging stopped in the middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from polyarena.reports.gate.hypotheses import Hypothesis, hypotheses
from polyarena.reports.gate.pairs import ItemDifferences
from polyarena.reports.gate.settings import Action, GateSettings
from polyarena.reports.gate.verdict import Status
from polyarena.reports.stats.groupings import Groupings
from polyarena.reports.stats.resampling import Floats
from polyarena.reports.stats.sequential import confidence_sequence
from polyarena.tasks.errors import DataError
from polyarena.tasks.subsample import hash_rank


@dataclass(frozen=True, slots=True)
class WatchedCheck:
    r"""How far one check is.

    Attributes:
        level: A :class:`polyarena.reports.gate.settings.Level`.
        task: Task name.
        metric: Metric name.
        judge: The judge of a win rate, else ``None``.
        group: The language code or the group's name.
        status: ``regressed``, ``ok`` or, while it is open, ``inconclusive``.
        n: Clusters (source items) when it was decided; all that were seen while it is open.
        low: Lower end at that time, in points, at :math:`1 - \alpha`.
        high: Upper end at that time, at :math:`1 - \alpha / m`.
    """

    level: str
    task: str
    metric: str
    judge: str | None
    group: str
    status: str
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class SequentialDecision:
    """All checks that fail the gate, as far as they are.

    Attributes:
        checks: In the order of the hypotheses.
        alpha: The error level.
    """

    checks: tuple[WatchedCheck, ...]
    alpha: float

    @property
    def regressed(self) -> tuple[WatchedCheck, ...]:
        """What turns the gate red."""
        return tuple(each for each in self.checks if each.status == Status.REGRESSED)

    @property
    def undecided(self) -> tuple[WatchedCheck, ...]:
        """What needs more items."""
        return tuple(each for each in self.checks if each.status == Status.INCONCLUSIVE)

    @property
    def decided(self) -> bool:
        """Whether judging can stop."""
        return bool(self.checks) and not self.undecided


def judging_order(clusters: Iterable[str]) -> tuple[str, ...]:
    """Return the source items of a task in an order that says nothing about answers and depends on their names alone.

    It is the order in which a limit takes items (:mod:`polyarena.tasks.subsample`): the first n of it are those that a
    run with ``limit: n``, or one that stops early, has.
    """
    return tuple(sorted(set(clusters), key=lambda name: (hash_rank(name), name)))


def decide_sequentially(
    pairs: Sequence[ItemDifferences],
    settings: GateSettings,
    *,
    groupings: Groupings,
    planned: Mapping[str, Sequence[str]] | None = None,
) -> SequentialDecision:
    """Decide the checks that fail the gate, as far as their items are judged.

    Averages over several tasks are not watched: their tasks do not come in one order.

    Args:
        pairs: The paired items so far.
        settings: Of the gate; ``control`` has no meaning here.
        groupings: Groups of languages that are averaged.
        planned: By task, all source items that are to be judged; by default those that are there, which is right only
            for a complete run.

    Raises:
        DataError: A difference is larger than the metric's range, or items of a task are not among the planned.
    """
    found = hypotheses(pairs, settings, groupings=groupings)
    watched = [each for each in found if each.action is Action.FAIL and len(each.parts) == 1]
    return SequentialDecision(
        tuple(_watched(pairs, each, settings, len(watched), planned or {}) for each in watched), settings.alpha
    )


def _watched(
    pairs: Sequence[ItemDifferences],
    hypothesis: Hypothesis,
    settings: GateSettings,
    count: int,
    planned: Mapping[str, Sequence[str]],
) -> WatchedCheck:
    ((place, shares),) = hypothesis.parts.items()
    pair = pairs[place]
    values = _stream(pair, shares, planned.get(pair.task, pair.clusters))
    floor, margin = settings.floor_of(hypothesis.level, pair.metric), settings.margin_of(pair.metric)
    status, n, low, high = Status.INCONCLUSIVE, len(values), -100.0, 100.0
    if len(values):
        # From points to [0, 1], in which the sequence is defined, and back.
        unit = (values + 100) / 200
        worse = 200 * confidence_sequence(unit, confidence=1 - settings.alpha / count).high - 100
        close = 200 * confidence_sequence(unit, confidence=1 - settings.alpha).low - 100
        means = np.cumsum(values) / np.arange(1, len(values) + 1)
        red = np.flatnonzero((worse < 0) & (means <= -floor))
        green = np.flatnonzero(close > -margin)
        ends = [(int(times[0]), name) for times, name in ((red, Status.REGRESSED), (green, Status.OK)) if len(times)]
        at, status = min(ends) if ends else (len(values) - 1, Status.INCONCLUSIVE)
        n, low, high = at + 1, float(close[at]), float(worse[at])
    return WatchedCheck(
        hypothesis.level.value, pair.task, pair.metric, pair.judge, hypothesis.group, status.value, n, low, high
    )


def _stream(pair: ItemDifferences, shares: Mapping[int, float], planned: Sequence[str]) -> Floats:
    """Return the differences of source items in the order of judging, up to the first that is not there yet.

    An item that lacks a value in some languages counts by the others, as a verdict that was not valid has none.
    """
    rows = {name: i for i, name in enumerate(pair.clusters)}
    order = judging_order(planned)
    if not rows.keys() <= set(order):
        raise DataError(
            f"{len(rows.keys() - set(order))} items of {pair.task} are not among the planned ones",
            where=f"task={pair.task} item={min(rows.keys() - set(order))}",
            fix="pass all source items that are to be judged",
        )
    columns = list(shares)
    counts = pair.counts[:, columns]
    means = np.divide(pair.sums[:, columns], counts, out=np.zeros(counts.shape), where=counts > 0)
    weights = np.array(list(shares.values())) * (counts > 0)
    present = weights.sum(axis=1)
    values: Floats = np.divide((means * weights).sum(axis=1), present, out=np.zeros(len(means)), where=present > 0)
    if (np.abs(values) > 100 + 1e-9).any():
        raise DataError(
            "a difference is larger than the metric's range",
            where=f"task={pair.task} metric={pair.metric}",
            why="metrics of a whole corpus have no values of single items that could be watched",
            fix="leave the metric out of the sequential check",
        )
    seen = []
    for name in order:
        if name not in rows:
            break
        if present[rows[name]] > 0:
            seen.append(values[rows[name]])
    return np.clip(np.array(seen, dtype=np.float64), -100, 100)
