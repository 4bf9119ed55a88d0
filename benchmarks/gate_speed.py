"""Processor time and memory of a gate of 100 languages x 30 tasks x 500 items.

    python benchmarks/gate_speed.py                  # from item values to verdicts and a reference file
    python benchmarks/gate_speed.py --folders PATH   # from two run folders, written to PATH if they are not there

Item values are pairs of runs of which 4% differ. Scores in run folders lie in one file for each task and language.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from polyarena.harness.experiment.schema import Experiment
from polyarena.harness.gate.check import check
from polyarena.harness.gate.item_values import ItemValues
from polyarena.harness.gate.reference import read_reference, write_reference
from polyarena.harness.lock.model import Lock, LockedExperiment, LockedTask
from polyarena.harness.store import RunFolder
from polyarena.harness.store.shard import write_shard
from polyarena.reports.gate import GateSettings, decide, pair_items
from polyarena.reports.metric_facts import metric_facts
from polyarena.reports.stats import facet_groups
from polyarena.tasks.card import Dataset, TaskCard
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import all_languages
from polyarena.tasks.records import COMPLETION_SCHEMA, SCORE_SCHEMA, Score

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


def lock(languages: list[str], tasks: list[str]) -> Lock:
    """Return the lock of a run of one system."""
    experiment = Experiment.model_validate(
        {"name": "speed", "systems": [{"name": "a", "model": "completions"}], "tasks": tasks or ["polyarena_mini"]}
    )
    cards = {
        name: LockedTask(
            card=TaskCard(
                name=name, version="1", title=name, kind=Kind.MULTIPLE_CHOICE, languages=tuple(languages),
                metrics=("acc",), dataset=Dataset(id="made/made", revision="1", licence="MIT"), provenance={},
            ),
            metrics={"acc": metric_facts("acc")},
            languages=tuple(languages),
        )
        for name in tasks
    }  # fmt: skip
    cells: Mapping[str, Mapping[str, Mapping[str, str]]] = {
        "a": {name: {code: f"{name} {code}" for code in languages} for name in tasks}
    }
    return Lock(experiment=LockedExperiment(name="speed", digest="", resolved=experiment), tasks=cards, cells=cells)


def write_run(path: Path, frame: pd.DataFrame) -> None:
    """Write item values as the scores of a run folder; its completions are empty files with a footer."""
    folder = RunFolder(path)
    for (task, code), part in frame.groupby(["task", "language"]):
        signature = f"task:{task}@1|metric:acc|rev:1|n:{ITEMS}|polyarena:0.1.0"
        scores = [
            Score("a", task, code, item, 0, source, "acc", value, signature)
            for item, source, value in part[["item_id", "source_id", "value"]].itertuples(index=False, name=None)
        ]
        footer = {"key": f"{task} {code}", "content": ""}
        write_shard(folder.scores("a", task, code), scores, SCORE_SCHEMA, footer)
        write_shard(folder.cell("a", task, code), [], COMPLETION_SCHEMA, footer)
    folder.write_lock(lock(LANGUAGES, sorted(frame["task"].unique())))


def folders(path: Path) -> None:
    """Print processor time and memory of a check of two run folders, reading included."""
    for name, seed, flips in (("old", 1, 0.0), ("new", 2, 0.04)):
        if not (path / name / "lock.json").exists():
            write_run(path / name, values(seed, flips))
            print(f"{path / name} written: call again to measure")
            return
    start, wall = time.process_time(), time.perf_counter()
    result = check(path / "old", path / "new")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(result.decision.verdicts):,} checks from two run folders: {result.outcome}")
    print(f"processor seconds {time.process_time() - start:.1f}, wall {time.perf_counter() - wall:.1f}")
    print(f"peak {peak:,.0f} MiB")


def main() -> None:
    """Print seconds, megabytes and the size of the reference file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folders", type=Path)
    options = parser.parse_args()
    if options.folders:
        folders(options.folders)
        return
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
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        path = write_reference(ItemValues("speed", "a", old, {}, lock([], [])), Path(folder) / "reference.parquet")
        written = time.process_time()
        read_reference(path)
        print(
            f"reference file {path.stat().st_size / 1e6:.2f} MB, written in {written - start:.1f} s, "
            f"read in {time.process_time() - written:.1f} s"
        )


if __name__ == "__main__":
    main()
