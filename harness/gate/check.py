"""Checks a candidate against a baseline, from two runs to one answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from polyarena.harness.gate.allow_list import allowed_regressions, refuse_expired
from polyarena.harness.gate.comparability import comparable, obstacles_of, with_incomparable
from polyarena.harness.gate.example_items import example_items
from polyarena.harness.gate.gate_file import GateFile
from polyarena.harness.gate.item_values import WIN_RATE
from polyarena.harness.gate.notes import notes_of
from polyarena.harness.gate.sides import Sides, against_each_other, open_sides
from polyarena.harness.lock import Lock
from polyarena.reports.gate.confirmation import confirm, held_back_items
from polyarena.reports.gate.decision import Decision, decide
from polyarena.reports.gate.pairs import ItemDifferences, Scale, pair_items
from polyarena.reports.gate.result import GateResult, Outcome
from polyarena.reports.gate.settings import Action
from polyarena.reports.gate.verdict import Status
from polyarena.tasks.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def check(
    baseline: Path,
    candidate: Path,
    gate: GateFile | None = None,
    *,
    system: str | None = None,
    baseline_system: str | None = None,
    today: date | None = None,
) -> GateResult:
    """Check a candidate against a baseline.

    Args:
        baseline: A run folder or a reference file.
        candidate: A run folder.
        gate: What is checked; the defaults if left out.
        system: Which system of the candidate; may be left out where there is one.
        baseline_system: Which of the baseline.
        today: For entries that expire; the day in UTC if left out.

    Raises:
        PolyarenaError: A folder or file cannot be read, a name does not exist, an allow-list entry has expired, or
            the two have nothing in common.
    """
    chosen = gate or GateFile()
    refuse_expired(chosen.allow, today or datetime.now(UTC).date(), chosen.where)
    if system is None and chosen.systems is not None:
        system, baseline_system = chosen.systems.candidate, chosen.systems.baseline
    sides = open_sides(baseline, candidate, chosen, system, baseline_system)
    obstacles = obstacles_of(sides, chosen)
    old, new = (comparable(side.frame, obstacles) for side in (sides.baseline, sides.candidate))
    if chosen.comparison == "direct":
        old, new = against_each_other(old, new)
    scales = {**sides.baseline.scales, **sides.candidate.scales}
    held = _held_back(sides.baseline.frame, chosen)
    # A metric without a value in the candidate at all is missing, cell by cell; `pair_items` says so.
    first, second = _parted(old, held), _parted(new, held)
    pairs = _paired(first[0], second[0], scales, chosen) if len(first[0]) else []
    decision = _decided(pairs, sides, chosen)
    if held and len(first[1]):
        decision = confirm(decision, _decided(_paired(first[1], second[1], scales, chosen), sides, chosen))
    decision = with_incomparable(decision, sides.baseline.frame, obstacles)
    if chosen.on_missing == "warn":
        decision = _relaxed(decision)
    if not decision.verdicts:
        raise DataError(
            "the two runs have nothing in common to check",
            where=f"{baseline} and {candidate}",
            fix="check runs of the same tasks and languages",
        )
    return _result(sides, decision, chosen, pairs)


def _paired(old: pd.DataFrame, new: pd.DataFrame, scales: Mapping[str, Scale], gate: GateFile) -> list[ItemDifferences]:
    """Return the paired items; win rates against the old system itself differ from one half by one half at most."""
    pairs = pair_items(old, new, scales)
    if gate.comparison != "direct":
        return pairs
    return [replace(pair, reach=50.0) if pair.metric == WIN_RATE else pair for pair in pairs]


def _decided(pairs: Sequence[ItemDifferences], sides: Sides, gate: GateFile) -> Decision:
    return decide(
        pairs,
        gate.settings(),
        groupings=gate.grouped(),
        suites=_suites(sides.candidate.lock),
        primary=_primary(sides.candidate.lock),
    )


def _held_back(baseline: pd.DataFrame, gate: GateFile) -> set[tuple[str, str]]:
    """Return task and source item of what is held back, by the items of the baseline."""
    if not gate.held_back:
        return set()
    sources = {str(task): list(map(str, part["source_id"].unique())) for task, part in baseline.groupby("task")}
    return {(task, item) for task, items in sources.items() for item in held_back_items(items, gate.held_back)}


def _parted(frame: pd.DataFrame, held: Collection[tuple[str, str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that are not held back, and those that are."""
    if not held:
        return frame, frame.iloc[:0]
    keys = zip(frame["task"].astype(str), frame["source_id"].astype(str), strict=True)
    apart = np.fromiter((key in held for key in keys), dtype=np.bool_, count=len(frame))
    return frame[~apart], frame[apart]


def _suites(lock: Lock) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, task in lock.tasks.items():
        if task.suite:
            found.setdefault(task.suite, []).append(name)
    return found


def _primary(lock: Lock) -> dict[str, str]:
    """Return the metric by which each task enters averages over tasks: the win rate, or the card's first metric."""
    return {name: task.card.metrics[0] if task.card.metrics else "win_rate" for name, task in lock.tasks.items()}


def _relaxed(decision: Decision) -> Decision:
    """Return a decision in which missing cells only warn."""
    verdicts = [
        replace(each, action=Action.WARN.value) if each.status == Status.MISSING else each for each in decision.verdicts
    ]
    return Decision((), decision.settings).with_verdicts(verdicts)


def _result(sides: Sides, decision: Decision, gate: GateFile, pairs: Sequence[ItemDifferences]) -> GateResult:
    allowed = tuple(allowed_regressions(decision.failed, gate.allow))
    old, new = sides.baseline, sides.candidate
    draft = GateResult(
        baseline=f"{old.system} ({old.source})",
        candidate=f"{new.system} ({new.source})",
        outcome=Outcome.PASSED,
        decision=decision,
        allowed=allowed,
        missing=new.missing,
        silent=new.silent,
        notes=tuple(notes_of(sides, pairs, gate)),
        examples=tuple(example_items(sides, decision)),
        informational={
            name: ((old.informational or {}).get(name), value) for name, value in (new.informational or {}).items()
        },
        false_alarms=sides.false_alarms,
    )
    return replace(draft, outcome=_outcome(draft, gate))


def _outcome(result: GateResult, gate: GateFile) -> Outcome:
    """Return the answer: a regression first, then what keeps it from being one."""
    regressed = [each for each in result.failed if each.status == Status.REGRESSED]
    if regressed:
        return Outcome.REGRESSED
    if result.missing or result.silent:
        return Outcome.INCOMPLETE
    if result.failed:
        return Outcome.REGRESSED
    if result.decision.incomparable:
        return Outcome.INCOMPARABLE
    open_checks = [each for each in result.decision.inconclusive if each.action == Action.FAIL]
    if open_checks and gate.on_inconclusive == "fail":
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED
