"""The gate's judged checks while verdicts come in: which tasks need no more games."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from polyarena.harness.gate.comparability import comparable, obstacles_of
from polyarena.harness.gate.gate_file import GateFile
from polyarena.harness.gate.item_values import WIN_RATE, ItemValues, battle_values, chosen_system, selected
from polyarena.harness.gate.sides import Sides, against_each_other, open_baseline
from polyarena.harness.results import RunRecords
from polyarena.reports.gate.pairs import Scale, pair_items
from polyarena.reports.gate.sequential import decide_sequentially
from polyarena.reports.gate.verdict import Status


def settled_tasks(records: RunRecords, baseline: Path, gate: GateFile) -> tuple[str, dict[str, str]]:
    """Return the system that is gated, and what was decided of each task whose judged checks are all settled.

    A task without a check that fails the gate, or whose numbers cannot be compared, is never settled: it is judged to
    the end.

    Args:
        records: The run, with the games that are judged so far.
        baseline: A run folder or a reference file.
        gate: What is checked.

    Raises:
        PolyarenaError: The baseline cannot be read, or it is not clear which system is gated.
    """
    asked = gate.systems.candidate if gate.systems else None
    system = chosen_system(records.lock, asked, records.folder.path)
    old = open_baseline(baseline, gate, gate.systems.baseline if gate.systems else None, system)
    against = old.values.system if gate.comparison == "direct" else None
    frame = selected(
        battle_values(records.collapse_games(), system, against), gate.model_copy(update={"tasks": None, "metrics": {}})
    )
    judged = old.values.frame[old.values.frame["metric"] == WIN_RATE]
    new = ItemValues(str(records.folder.path), system, frame, {WIN_RATE: Scale()}, records.lock)
    sides = Sides(replace(old.values, frame=judged), new, records)
    obstacles = obstacles_of(sides, gate)
    before, after = comparable(judged, obstacles), comparable(frame, obstacles)
    if gate.comparison == "direct":
        before, after = against_each_other(before, after)
    if before.empty or after.empty:
        return system, {}
    pairs = pair_items(before, after, {WIN_RATE: Scale()})
    # All that is paired is judged: the gaps are verdicts that were not valid.
    found = decide_sequentially(pairs, gate.settings(), groupings=gate.grouped())
    settled = {}
    for task in {check.task for check in found.checks}:
        own = [check for check in found.checks if check.task == task]
        if all(check.status != Status.INCONCLUSIVE for check in own):
            most, red = max(check.n for check in own), sum(check.status == Status.REGRESSED for check in own)
            settled[task] = f"all {len(own)} checks settled after {most} source items, {red} regressed"
    return system, settled
