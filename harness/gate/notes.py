"""What a reader of a gate's answer must know beside the verdicts, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from polyarena.harness.gate.gate_file import GateFile
from polyarena.harness.gate.item_values import WIN_RATE
from polyarena.harness.gate.sides import Sides
from polyarena.harness.lock import OTHER_BATCHES
from polyarena.harness.lock.differences import Aspect, differences
from polyarena.reports.gate.calibration import predicted_power
from polyarena.reports.gate.pairs import ItemDifferences
from polyarena.reports.gate.sequential import decide_sequentially


def notes_of(sides: Sides, pairs: Sequence[ItemDifferences], gate: GateFile) -> Iterator[str]:
    """Yield the notes of a check."""
    if sides.baseline.source == sides.candidate.source and sides.baseline.system == sides.candidate.system:
        yield "Baseline and candidate are the same run: every difference is 0 by construction."
    added = sorted({f"{pair.task}: {code}" for pair in pairs for code in pair.added})
    if added:
        yield f"Only the candidate has {', '.join(added[:8])}{' and more' if len(added) > 8 else ''}: not checked."
    lost = sum(int(pair.unknown.sum()) for pair in pairs)
    if lost:
        yield f"{lost} item values of the baseline have no counterpart or no value and are left out."
    if gate.comparison == "direct" and any(pair.metric == WIN_RATE and pair.languages for pair in pairs):
        yield (
            "Win rates are of the candidate against the old system itself: half the variance of a comparison of both "
            "with a third."
        )
    if gate.held_back:
        yield (
            f"{100 * gate.held_back:g}% of the source items were held back: a drop or gain counts only if they show it "
            "as well."
        )
    yield from _calibrated(sides, pairs, gate)
    yield from _in_other_batches(sides, pairs)
    if gate.sequential:
        yield _settled(sides, pairs, gate)
    environment = [
        each for each in differences(sides.candidate.lock, sides.baseline.lock) if each.aspect is Aspect.VERSION
    ]
    if environment:
        yield f"Other versions of {', '.join(sorted(each.name for each in environment))}: answers may differ for that."


def _settled(sides: Sides, pairs: Sequence[ItemDifferences], gate: GateFile) -> str:
    """Return after how many source items judging could have stopped, or what is open."""
    old = sides.baseline.frame
    planned = {str(task): tuple(map(str, part["source_id"].unique())) for task, part in old.groupby("task")}
    # A corpus metric has no values of single items to watch.
    watched = [each for each in pairs if not np.any(np.abs(each.sums) > 100 * each.counts + 1e-9)]
    found = decide_sequentially(watched, gate.settings(), groupings=gate.grouped(), planned=planned)
    if not found.checks:
        return "Sequentially: no check that fails the gate can be watched."
    if found.undecided:
        return (
            f"Sequentially: {len(found.undecided)} of {len(found.checks)} checks that fail the gate are not settled, "
            f"{len(found.regressed)} regressed. Judge more items."
        )
    most = max(each.n for each in found.checks)
    return (
        f"Sequentially: all {len(found.checks)} checks that fail the gate were settled after {most} source items, "
        f"{len(found.regressed)} regressed. Judging could stop there, at an error level of {100 * found.alpha:g}%."
    )


def _in_other_batches(sides: Sides, pairs: Sequence[ItemDifferences]) -> Iterator[str]:
    """Yield how often values depended on the batch, as the runs measured it beside their work."""
    checked = {f"{pair.task}/{pair.metric}" for pair in pairs if pair.languages}
    for name, values in {"baseline": sides.baseline, "candidate": sides.candidate}.items():
        rates = {key: rate for key, rate in values.lock.flips.get(values.system, {}).items() if key in checked}
        own = [rate for rate in rates.values() if rate.source == OTHER_BATCHES]
        if items := sum(rate.items for rate in own):
            flips = sum(rate.flips for rate in own)
            yield (
                f"Of {items:,} values that the {name}'s run computed once more in other batches, {flips:,} changed "
                f"({100 * flips / items:.1f}%): so much differs between two runs of one model."
            )


def _calibrated(sides: Sides, pairs: Sequence[ItemDifferences], gate: GateFile) -> Iterator[str]:
    """Yield what the discordance that was calibrated says of this check's power."""
    settings = gate.settings()
    total = sum(len(pair.languages) for pair in pairs)
    for pair in pairs:
        share = sides.discordance.get(f"{pair.task}/{pair.metric}")
        if share is None or not pair.languages:
            continue
        items = int(np.median(pair.counts.sum(axis=0)))
        found = predicted_power(pair.task, pair.metric, items, len(pair.languages), share, settings, total=total)
        reach = "no drop" if found.detectable is None else f"a drop of {found.detectable:.1f} points"
        yield (
            f"{pair.task} ({pair.metric}): two runs of one model differ in {100 * share:.1f}% of items, as calibrated; "
            f"{items} items a language show {reach} in {100 * settings.power:.0f}% of cases."
        )
