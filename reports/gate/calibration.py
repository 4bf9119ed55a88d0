r"""Calibrates a gate: its false alarms and the drops that it detects.

Two runs of the same model differ in some items. Swapping them in whole clusters at random gives as many further pairs
of runs of one model as are wanted, each as correlated between languages as the real ones; the share of these that turn
red is the gate's false alarm rate here. Power follows from the discordance, the number of items and the critical value
of the joint test (:mod:`polyarena.reports.gate.intervals`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from polyarena.reports.gate.decision import decide
from polyarena.reports.gate.intervals import detectable_drop, detection_power, joint_critical, ok_power
from polyarena.reports.gate.pairs import ItemDifferences
from polyarena.reports.gate.settings import GateSettings, Level
from polyarena.reports.gate.verdict import Status
from polyarena.reports.stats.groupings import Groupings

DROPS = (1.0, 2.0, 3.0, 5.0, 10.0)
"""In points."""


@dataclass(frozen=True, slots=True)
class CellPower:
    """What the gate finds in one language of a task and metric.

    Attributes:
        task: Task name.
        metric: Metric name.
        items: Paired items of a language (the median).
        languages: Languages.
        discordance: Share of items that differ between two runs of the same model.
        chance_ok: Predicted probability that a language without a true difference is shown to be within the margin, if
            every item differs with the probability ``discordance``, at least ``1 / (items + 2)``.
        power: By drop in points, the probability that it is called a regression.
        detectable: Smallest drop in points that is found with the power of the settings; ``None`` if none is.
        items_needed: By drop in points, the items a language that find it with that power; ``None`` beyond a million.
    """

    task: str
    metric: str
    items: int
    languages: int
    discordance: float
    chance_ok: float
    power: Mapping[float, float]
    detectable: float | None
    items_needed: Mapping[float, int | None]


@dataclass(frozen=True, slots=True)
class GateCalibration:
    """What two runs of one model say of a gate.

    Attributes:
        cells: By task and metric.
        red: Share of swapped pairs of runs in which the gate failed.
        warned: Share in which something was reported as regressed without failing.
        green: Share without a regression and without an inconclusive check.
        ok: Share of single languages that were ``ok`` or ``improved``. Only items that differ in the two runs differ in
            swapped pairs, so that it can be above ``chance_ok``.
        rounds: Swapped pairs of runs.
    """

    cells: tuple[CellPower, ...]
    red: float
    warned: float
    green: float
    ok: float
    rounds: int


def calibrate_pairs(
    pairs: Sequence[ItemDifferences],
    settings: GateSettings,
    *,
    groupings: Groupings,
    suites: Mapping[str, Sequence[str]] | None = None,
    rounds: int = 200,
    seed: int = 0,
) -> GateCalibration:
    """Measure a gate on the differences of two runs of the same model.

    Args:
        pairs: Of the two runs.
        settings: Of the gate.
        groupings: Groups of languages that it averages.
        suites: Tasks of each suite.
        rounds: Swapped pairs of runs; 0 predicts power only.
        seed: Of the swaps.
    """
    generator = np.random.default_rng(seed)
    quick = replace(settings, rounds=min(settings.rounds, 999))
    red = warned = green = 0
    oks: list[float] = []
    for _ in range(rounds):
        signs = {pair.clusters: generator.choice((-1.0, 1.0), len(pair.clusters)) for pair in pairs}
        swapped = [replace(pair, sums=pair.sums * signs[pair.clusters][:, None]) for pair in pairs]
        found = decide(swapped, quick, groupings=groupings, suites=suites)
        red += bool(found.failed)
        warned += bool(found.warnings)
        green += not found.failed and not found.warnings and not found.inconclusive
        oks += [each.status in (Status.OK, Status.IMPROVED) for each in found.verdicts if each.level == Level.CELL]
    return GateCalibration(
        cells=tuple(cell_power(pair, settings, total=_tests(pairs)) for pair in pairs if len(pair.languages)),
        red=red / rounds if rounds else math.nan,
        warned=warned / rounds if rounds else math.nan,
        green=green / rounds if rounds else math.nan,
        ok=float(np.mean(oks)) if oks else math.nan,
        rounds=rounds,
    )


def _tests(pairs: Sequence[ItemDifferences]) -> int:
    return max(1, sum(len(pair.languages) for pair in pairs))


def cell_power(pair: ItemDifferences, settings: GateSettings, *, total: int) -> CellPower:
    """Return what the gate finds in one language of a task.

    Args:
        pair: Of two runs of the same model.
        settings: Of the gate.
        total: Cells that are tested together.
    """
    counts = pair.counts.sum(axis=0)
    items = int(np.median(counts))
    paired = max(1.0, float(pair.counts.sum()))
    discordance = float(pair.differing.sum()) / paired
    # The mean square of a difference: what whole differences as often as this would add up to.
    spread = float((pair.sums**2).sum()) / paired / 100**2
    return predicted_power(
        pair.task, pair.metric, items, len(pair.languages), discordance, settings, total=total, spread=spread
    )


def predicted_power(
    task: str,
    metric: str,
    items: int,
    languages: int,
    discordance: float,
    settings: GateSettings,
    *,
    total: int,
    spread: float | None = None,
) -> CellPower:
    """Return what a gate will find in languages with this many items and this discordance.

    The critical value is that of ``total`` independent cells with this discordance; languages that flip together have a
    smaller one, and more power. ``spread`` is the
    mean square of a difference as a share of the metric's range, by default the discordance: every difference is then a
    whole one. Graded differences (battles that become ties, scores of a corpus) vary less, and power follows from that.

    Args:
        task: Name of the task.
        metric: Name of the metric.
        items: Of each language.
        languages: How many.
        discordance: Share of items, from 0 to 1, whose result differs between two runs of one system.
        settings: Of the gate.
        total: Cells that are tested together.
        spread: As above; a share, from 0 to 1.
    """
    floor = settings.floor_of(Level.CELL, metric) / 100
    share = max(discordance if spread is None else spread, 1 / (items + 2))
    critical = joint_critical(share, items, total, settings.alpha)
    found = detectable_drop(settings.power, share, items, critical, floor)
    return CellPower(
        task=task,
        metric=metric,
        items=items,
        languages=languages,
        discordance=discordance,
        chance_ok=ok_power(share, items, settings.alpha, settings.margin_of(metric) / 100),
        power={drop: detection_power(drop / 100, share, items, critical, floor) for drop in DROPS},
        detectable=None if found is None else 100 * found,
        items_needed={drop: items_for(drop / 100, share, settings, total, floor) for drop in DROPS},
    )


def items_for(drop: float, discordance: float, settings: GateSettings, total: int, floor: float) -> int | None:
    """Return the items a language that find a drop with the power of the settings; ``None`` beyond a million.

    A drop below the floor is never found, one at the floor never surely.

    Args:
        drop: As a share, from 0 to 1.
        discordance: Share of items whose result differs between two runs of one system.
        settings: Of the gate, with the power that is wanted.
        total: Cells that are tested together.
        floor: Smallest drop that counts, as a share.
    """
    if drop <= floor:
        return None

    def power(items: int) -> float:
        critical = joint_critical(discordance, items, total, settings.alpha)
        return detection_power(drop, discordance, items, critical, floor)

    low, high = 2, 4
    while power(high) < settings.power:
        low, high = high, 2 * high
        if high > 1_000_000:
            return None
    while high - low > max(1, low // 200):
        middle = (low + high) // 2
        if power(middle) < settings.power:
            low = middle
        else:
            high = middle
    return high
