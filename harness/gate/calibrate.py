"""Measures a gate's false alarms and detectable drops on two runs of the same model, or on halves of one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyarena.harness.gate.gate_file import GateFile
from polyarena.harness.gate.item_values import ItemValues, chosen_system, run_values, scales_of
from polyarena.harness.lock import FlipRate
from polyarena.harness.results import RunRecords, open_run
from polyarena.harness.store import RunFolder
from polyarena.judges import Label
from polyarena.judges.collapse import SCORES
from polyarena.reports.gate.calibration import GateCalibration, calibrate_pairs, predicted_power
from polyarena.reports.gate.pairs import pair_items
from polyarena.reports.gate.settings import GateSettings
from polyarena.tasks.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Calibration:
    """What was measured, and on what.

    Attributes:
        measured: The numbers.
        source: In words, what was compared with what.
        values: The item values of the first run, from which a reference file can be written.
    """

    measured: GateCalibration
    source: str
    values: ItemValues

    @property
    def discordance(self) -> Mapping[str, float]:
        """Discordance by ``task/metric``."""
        return {f"{cell.task}/{cell.metric}": cell.discordance for cell in self.measured.cells}


def calibrate(
    first: Path,
    second: Path | None = None,
    gate: GateFile | None = None,
    *,
    system: str | None = None,
    rounds: int = 200,
    seed: int = 0,
) -> Calibration:
    """Measure false alarms and discordance of a gate on runs of the same model.

    Args:
        first: A run folder.
        second: Another run of the same model; without it, the samples or the games of each item of the first run are
            split into two halves at random or, where there is nothing to split, the flip rates in its lock are taken.
        gate: What is checked.
        system: Which system; may be left out where there is one.
        rounds: Swapped pairs of runs.
        seed: Of splits and swaps.

    Raises:
        DataError: The first run has nothing to split and no recorded flip rates, or the runs have nothing in common.
    """
    chosen = gate or GateFile()
    records = open_run(first)
    values = run_values(records, system, chosen)
    if second is None:
        try:
            old, new = halves(records, values.system, seed=seed)
        except DataError:
            known = records.lock.flips.get(values.system, {})
            if not known:
                raise
            return _from_lock(values, known, chosen.settings())
        source = f"halves of {values.system} in {first}"
    else:
        old, new = values.frame, run_values(open_run(second), system, chosen).frame
        source = f"{values.system} in {first} and {second}"
    scales = scales_of(sorted({*old["metric"], *new["metric"]}), chosen)
    pairs = [pair for pair in pair_items(old, new, scales) if pair.languages]
    if not pairs:
        raise DataError("the two runs have no item in common", where=f"{first} and {second}")
    measured = calibrate_pairs(pairs, chosen.settings(), groupings=chosen.grouped(), rounds=rounds, seed=seed)
    return Calibration(measured, source, values)


def record_flips(calibration: Calibration, run: Path) -> None:
    """Write the measured flip rates into the lock of a run, where checks and later calibrations read them.

    Raises:
        StoreError: Another process is writing the run folder, or it cannot be written.
    """
    folder = RunFolder(run)
    with folder.write_access():
        lock = open_run(run).lock
        measured = {
            f"{cell.task}/{cell.metric}": FlipRate(
                per_10000=round(10_000 * cell.discordance, 2),
                items=cell.items * cell.languages,
                source=calibration.source,
            )
            for cell in calibration.measured.cells
        }
        system = calibration.values.system
        rates = {**lock.flips, system: {**lock.flips.get(system, {}), **measured}}
        folder.write_lock(lock.model_copy(update={"flips": rates}))


def _from_lock(values: ItemValues, known: Mapping[str, FlipRate], settings: GateSettings) -> Calibration:
    """Predict power from flip rates that were measured before; there is nothing here to measure false alarms on."""
    counts = values.frame.groupby(["task", "metric", "language"])["item_id"].nunique().groupby(["task", "metric"])
    cells = [
        (str(task), str(metric), int(part.median()), len(part), known[f"{task}/{metric}"])
        for (task, metric), part in counts
        if f"{task}/{metric}" in known
    ]
    total = sum(languages for _, _, _, languages, _ in cells)
    measured = GateCalibration(
        cells=tuple(
            predicted_power(task, metric, items, languages, rate.share, settings, total=total)
            for task, metric, items, languages, rate in cells
        ),
        red=math.nan,
        warned=math.nan,
        green=math.nan,
        ok=math.nan,
        rounds=0,
    )
    sources = sorted({rate.source for *_, rate in cells})
    return Calibration(measured, f"recorded in {values.source}: {'; '.join(sources)}", values)


def halves(records: RunRecords, system: str, *, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two halves of what was observed of each item: of its samples, or of its games.

    Each half has the values of the same items, from different samples or games. Of an odd number, the one left over is
    in neither half, so that both are equally noisy.

    Raises:
        DataError: No item has two samples or two games.
    """
    name = chosen_system(records.lock, system, records.folder.path)
    observed = pd.concat([each for each in _observed(records, name) if len(each)] or [pd.DataFrame()])
    if observed.empty:
        raise DataError(
            "there is nothing to split into halves",
            where=records.folder.path,
            why="no item has several samples, and no judge several games of an item",
            fix="give two runs of the same model: polyarena gate calibrate RUN RUN",
        )
    item = ["task", "metric", "judge", "language", "item_id", "source_id"]
    shuffled = observed.iloc[np.random.default_rng(seed).permutation(len(observed))]
    groups = shuffled.groupby(item, dropna=False, sort=False)
    place, size = groups.cumcount(), groups["value"].transform("size")
    even = shuffled.assign(half=np.where(place < size // 2, 0, np.where(place < 2 * (size // 2), 1, 2)))
    means = even[even["half"] < 2].groupby([*item, "half"], dropna=False, sort=True)["value"].mean().reset_index()
    means["judge"] = means["judge"].astype(object).where(means["judge"].notna(), None)
    if means.empty:
        raise DataError(
            "no item has two samples or games to split",
            where=records.folder.path,
            fix="give two runs of the same model: polyarena gate calibrate RUN RUN",
        )
    first, second = (means[means["half"] == half].drop(columns="half").reset_index(drop=True) for half in (0, 1))
    return first, second


def _observed(records: RunRecords, system: str) -> Iterator[pd.DataFrame]:
    """Yield single observations: scores of samples, and games from the system's side."""
    scores = records.scores()
    own = scores[(scores["system"] == system) & scores["statistics"].isna()]
    yield own.assign(judge=None)[["task", "metric", "judge", "language", "item_id", "source_id", "value"]]
    games = records.games()
    first = games[games["system_a"] == system]
    second = games[games["system_b"] == system]
    for part, sign in ((first, 1.0), (second, -1.0)):
        label = part["label"].map(lambda each: SCORES[Label(each)]).astype(float)
        graded = part["score"].astype(float).where(part["score"].notna(), label)
        value = graded if sign > 0 else 1 - graded
        yield part.assign(metric="win_rate", value=value)[value.notna()][
            ["task", "metric", "judge", "language", "item_id", "source_id", "value"]
        ]
