"""Reads the data that a plan needs and its cache lacks in several processes, before the plan asks for its cells.

What comes back from them are statistics, which are small; the rows stay where they were read.
"""

from __future__ import annotations

import gc
import math
import pickle
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from pathlib import Path

from polyarena.harness.experiment import Experiment
from polyarena.harness.planning.items import ItemLoader, LoadedStats
from polyarena.harness.planning.tasks import ResolvedTask, resolve_tasks
from polyarena.harness.workers import most_processes, share
from polyarena.tasks.errors import DataError

WORTH_BYTES = 100 * 2**20
"""Size of data from which on the start of processes, some seconds each, is worth their time."""
PARTS = 4
"""For each process, so many parts or more: a data set is divided that would be larger than an equal part."""


@dataclass(frozen=True)
class DataPart:
    """Cells of one data set that are to be read, for :mod:`polyarena.harness.workers`.

    Attributes:
        experiment: The experiment, pickled: a process that is given several parts of it resolves its tasks once.
        root: The local mirror.
        cells: Names of tasks, and languages; those of a language stand together, so that tasks share what they read.
    """

    experiment: bytes
    root: Path
    cells: tuple[tuple[str, str], ...]

    def events(self) -> Iterator[LoadedStats]:
        """Read the cells one by one; those that cannot be read are left out, and the plan says why."""
        tasks = _tasks_of(self.experiment)
        loader = ItemLoader(self.root)
        for task, language in self.cells:
            with suppress(DataError):
                with _collection_paused():
                    found = loader.load_stats(tasks[task], language)
                yield found


@lru_cache(maxsize=1)
def _tasks_of(experiment: bytes) -> Mapping[str, ResolvedTask]:
    return {each.spec.task: each for each in resolve_tasks(pickle.loads(experiment))}


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
    files: dict[str, list[int]] = {}
    for task in tasks:
        cells = [(task.spec.task, language) for language in task.languages if loader.lacks(task, language)]
        if cells:
            dataset = task.card.dataset.id
            lacking[dataset] += cells
            if dataset not in files:
                files[dataset] = _file_sizes(root / dataset)
            sizes[dataset] += sum(files[dataset]) * len(cells) // len(task.card.languages)
    processes = most_processes(sum(map(len, lacking.values())))
    if sizes.total() < WORTH_BYTES or processes == 1:
        return
    pickled, largest = pickle.dumps(experiment), max(1, sizes.total() // (processes * PARTS))
    parts: list[tuple[float, DataPart]] = []
    for dataset, size in sizes.items():
        # No more parts than files: each part would read the whole of a file that has several languages.
        groups = _by_language(lacking[dataset], min(len(files[dataset]), math.ceil(size / largest)))
        parts += [(size / len(groups), DataPart(pickled, root, cells)) for cells in groups]
    # The largest first, so that no process waits for the last.
    parts.sort(key=itemgetter(0), reverse=True)
    if len(parts) > 1:
        for found in share([part for _, part in parts], processes):
            loader.take(found)


def _by_language(cells: Sequence[tuple[str, str]], most: int) -> list[tuple[tuple[str, str], ...]]:
    """Divide cells among so many groups at most, each with all cells of its languages."""
    languages = sorted({language for _, language in cells})
    groups = [set(islice(languages, start, None, most)) for start in range(min(most, len(languages)))]
    ordered = sorted(cells, key=itemgetter(1))
    return [tuple(cell for cell in ordered if cell[1] in group) for group in groups]


def _file_sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
