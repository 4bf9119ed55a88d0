"""Processor time and memory of a gate of 100 languages x 30 tasks x 500 items, from item values to verdicts and a file.

python benchmarks/gate_speed.py
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from polyarena.harness.experiment.schema import Experiment
from polyarena.harness.gate.item_values import ItemValues
from polyarena.harness.gate.reference import read_reference, write_reference
from polyarena.harness.lock.model import Lock, LockedExperiment
from polyarena.reports.gate import GateSettings, decide, pair_items
from polyarena.reports.stats import facet_groups
from polyarena.tasks.languages import all_languages

LANGUAGES = [each.code for each in all_languages()][:100]
TASKS, ITEMS = 30, 500


def values(seed: int, flips: float) -> pd.DataFrame:
    """Return item values of 30 tasks."""
    base, rng = np.random.default_rng(0), np.random.default_rng(seed)
    parts = []
    for task in range(TASKS):
        old = base.random((len(LANGUAGES), ITEMS)) < 0.6
        new = np.where(rng.random(old.shape) < flips, ~old, old)
        items = [f"{i:04d}" for i in range(ITEMS)]
        parts.append(
            pd.DataFrame(
                {
                    "task": f"task-{task:02d}",
                    "metric": "acc",
                    "judge": None,
                    "language": np.repeat(LANGUAGES, ITEMS),
                    "item_id": np.tile(items, len(LANGUAGES)),
                    "source_id": np.tile(items, len(LANGUAGES)),
                    "value": new.ravel().astype(float),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Print seconds, megabytes and the size of the reference file."""
    old, new = values(1, 0.0), values(2, 0.04)
    start = time.process_time()
    pairs = pair_items(old, new)
    paired = time.process_time()
    found = decide(pairs, GateSettings(), groupings=facet_groups(["family", "tier"]))
    decided = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(old):,} items a side, {len(found.verdicts):,} checks")
    print(f"processor seconds: pairing {paired - start:.1f}, deciding {decided - paired:.1f}")
    print(f"peak {peak:,.0f} MiB, values included")
    print(found.counts())
    experiment = Experiment.model_validate(
        {"name": "speed", "systems": [{"name": "a", "model": "completions"}], "tasks": ["polyarena_mini"]}
    )
    lock = Lock(experiment=LockedExperiment(name="speed", digest="", resolved=experiment))
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        path = write_reference(ItemValues("speed", "a", old, {}, lock), Path(folder) / "reference.parquet")
        written = time.process_time()
        read_reference(path)
        print(
            f"reference file {path.stat().st_size / 1e6:.2f} MB, written in {written - start:.1f} s, "
            f"read in {time.process_time() - written:.1f} s"
        )


if __name__ == "__main__":
    main()
