"""Both sides of a check: the item values of a baseline and of a candidate, from run folders or a reference file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.harness.gate.gate_file import GateFile
from polyarena.harness.gate.item_values import ItemValues, run_values, selected
from polyarena.harness.gate.reference import read_reference
from polyarena.harness.results import RunRecords, open_run
from polyarena.tasks.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


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
    false_alarms, discordance, old_records = None, {}, None
    if baseline.is_file():
        reference = read_reference(baseline)
        old, false_alarms, discordance = reference.values, reference.false_alarms, dict(reference.discordance)
        old = replace(old, frame=selected(old.frame, gate))
    else:
        old_records = open_run(_folder(baseline))
        name = baseline_system
        if name is None and system in [spec.name for spec in old_records.lock.settings.systems]:
            name = system
        old = run_values(old_records, name, gate)
    against = old.system if gate.comparison == "direct" else None
    new = run_values(records, system, gate, against=against)
    return Sides(old, new, records, old_records, discordance, false_alarms)


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
    import pandas as pd

    return pd.concat(frames, ignore_index=True)
