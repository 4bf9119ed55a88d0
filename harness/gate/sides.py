"""Both sides of a check: the item values of a baseline and of a candidate, from run folders or a reference file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from polyarena.harness.gate.gate_file import GateFile
from polyarena.harness.gate.item_values import ItemValues, run_values, selected
from polyarena.harness.gate.reference import read_reference
from polyarena.harness.lock import OTHER_BATCHES
from polyarena.harness.results import RunRecords, open_run
from polyarena.tasks.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Baseline:
    """The old side of a check.

    Attributes:
        values: Its item values.
        records: Its run; ``None`` where it is a reference file.
        discordance: As in :class:`Sides`.
        false_alarms: As in :class:`Sides`.
    """

    values: ItemValues
    records: RunRecords | None
    discordance: Mapping[str, float]
    false_alarms: float | None


@dataclass(frozen=True)
class Sides:
    """Both sides of a check.

    Attributes:
        baseline: Item values of the old system.
        candidate: Those of the new one.
        records: The candidate's run.
        baseline_records: The baseline's run; ``None`` where it is a reference file.
        discordance: By ``task/metric``, the share of items that differ between two runs of one model, as calibrated.
        false_alarms: Share of A/A comparisons that were red, as calibrated; ``None`` if unknown.
    """

    baseline: ItemValues
    candidate: ItemValues
    records: RunRecords
    baseline_records: RunRecords | None = None
    discordance: Mapping[str, float] = field(default_factory=dict)
    false_alarms: float | None = None

    def hides(self, task: str) -> bool:
        """Return whether either side marks the task's texts as harmful."""
        locks = (self.baseline.lock, self.candidate.lock)
        return any(task in lock.tasks and lock.tasks[task].card.harmful for lock in locks)


def open_sides(
    baseline: Path, candidate: Path, gate: GateFile, system: str | None, baseline_system: str | None
) -> Sides:
    """Read both sides of a check.

    Args:
        baseline: A run folder or a reference file.
        candidate: A run folder.
        gate: What is checked.
        system: Which system of the candidate; may be left out where there is one.
        baseline_system: Which of the baseline.

    Raises:
        PolyarenaError: A folder or file cannot be read, or a name does not exist.
    """
    records = open_run(_folder(candidate))
    old = open_baseline(baseline, gate, baseline_system, system)
    against = old.values.system if gate.comparison == "direct" else None
    new = run_values(records, system, gate, against=against, unfinished=True)
    return Sides(old.values, new, records, old.records, old.discordance, old.false_alarms)


def open_baseline(path: Path, gate: GateFile, name: str | None, candidate: str | None) -> Baseline:
    """Read the old side of a check.

    Args:
        path: A run folder or a reference file.
        gate: What is checked.
        name: Which system of a run; that of the candidate's name, or its only one, if left out.
        candidate: Name of the candidate, if it is known.

    Raises:
        PolyarenaError: The folder or file cannot be read, or a name does not exist.
    """
    if path.is_file():
        reference = read_reference(path)
        values = replace(reference.values, frame=selected(reference.values.frame, gate))
        return Baseline(values, None, dict(reference.discordance), reference.false_alarms)
    records = open_run(_folder(path))
    if name is None and candidate in [spec.name for spec in records.lock.settings.systems]:
        name = candidate
    values = run_values(records, name, gate)
    return Baseline(values, records, recorded_discordance(values), None)


def recorded_discordance(values: ItemValues) -> dict[str, float]:
    """Return the flip rates that were calibrated on two runs, as shares of items by ``task/metric``."""
    known = values.lock.flips.get(values.system, {})
    return {name: rate.share for name, rate in known.items() if rate.source != OTHER_BATCHES}


def _folder(path: Path) -> Path:
    if path.is_dir() and not (path / "lock.json").exists():
        raise DataError(
            "this is not a run folder",
            where=path,
            why="it has no lock.json",
            fix="results of another tool are imported first: polyarena import lm-eval FOLDER -o runs/NAME",
        )
    return path


def against_each_other(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return win rates of the candidate against the old system, which has one half against itself."""
    games = new[new["metric"] == "win_rate"]
    level = games.assign(value=games["value"].where(games["value"].isna(), 0.5))
    return _joined([old[old["metric"] != "win_rate"], level]), new


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)
