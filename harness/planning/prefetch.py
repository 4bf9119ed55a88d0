"""Reads the data that a plan needs and its cache lacks in several processes, before the plan asks for its cells.

What comes back from them are statistics, which are small; the rows stay where they were read.
"""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from polyarena.harness.experiment import Experiment
from polyarena.harness.planning.items import ItemLoader, LoadedStats
from polyarena.harness.planning.tasks import ResolvedTask, resolve_tasks
from polyarena.harness.workers import most_processes, share
from polyarena.tasks.errors import DataError

WORTH_BYTES = 100 * 2**20
"""Size of data from which on the start of processes, some seconds each, is worth their time."""


@dataclass(frozen=True)
class DataPart:
    """The cells of one data set that are to be read, for :mod:`polyarena.harness.workers`.

    Attributes:
        experiment: The experiment.
        root: The local mirror.
        cells: Names of tasks, and languages; those of a language stand together, so that tasks share what they read.
    """

    experiment: Experiment
    root: Path
    cells: tuple[tuple[str, str], ...]

    def events(self) -> Iterator[LoadedStats]:
        """Read the cells one by one; those that cannot be read are left out, and the plan says why."""
        tasks = {each.spec.task: each for each in resolve_tasks(self.experiment)}
        loader = ItemLoader(self.root)
        for task, language in self.cells:
            with suppress(DataError):
                with _collection_paused():
                    found = loader.load_stats(tasks[task], language)
                yield found


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Pause the garbage collection, which would look at each of thousands of rows again and again and find nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def prefetch(experiment: Experiment, tasks: Sequence[ResolvedTask], loader: ItemLoader) -> None:
    """Read what a plan needs and its cache lacks, if that is much and there are several processors.

    Args:
        experiment: The experiment.
        tasks: Its tasks.
        loader: Gets the statistics.
    """
    root = loader.root
    if root is None:
        return
    lacking: dict[str, list[tuple[str, str]]] = defaultdict(list)
    sizes: Counter[str] = Counter()
    for task in tasks:
        cells = [(task.spec.task, language) for language in task.languages if loader.lacks(task, language)]
        if cells:
            dataset = task.card.dataset.id
            lacking[dataset] += cells
            sizes[dataset] += _folder_size(root / dataset) * len(cells) // len(task.card.languages)
    processes = most_processes(len(lacking))
    if sizes.total() >= WORTH_BYTES and processes > 1:
        # The largest first, so that no process waits for the last.
        parts = [
            DataPart(experiment, root, tuple(sorted(lacking[dataset], key=itemgetter(1))))
            for dataset, _ in sizes.most_common()
        ]
        for found in share(parts, processes):
            loader.take(found)


def _folder_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
