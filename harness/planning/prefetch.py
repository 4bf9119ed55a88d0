"""Reads the data of many cells in several processes, before a plan asks for one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
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
    """The cells of one task whose data is to be read, for :mod:`polyarena.harness.workers`.

    Attributes:
        experiment: The experiment.
        root: The local mirror.
        task: Name of the task.
        languages: Of the cells.
    """

    experiment: Experiment
    root: Path
    task: str
    languages: tuple[str, ...]

    def events(self) -> Iterator[LoadedStats]:
        """Read the cells one by one; those that cannot be read are left out, and the plan says why."""
        task = next(each for each in resolve_tasks(self.experiment) if each.spec.task == self.task)
        loader = ItemLoader(self.root)
        for language in self.languages:
            with suppress(DataError):
                yield loader.load_stats(task, language)


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
    parts, size = [], 0
    for task in tasks:
        lacking = tuple(language for language in task.languages if loader.lacks(task, language))
        if lacking:
            parts.append(DataPart(experiment, root, task.spec.task, lacking))
            size += _size(root / task.card.dataset.id) * len(lacking) // len(task.card.languages)
    processes = most_processes(len(parts))
    if size >= WORTH_BYTES and processes > 1:
        # The longest first, so that no process waits for the last.
        parts.sort(key=lambda part: -len(part.languages))
        for found in share(parts, processes):
            loader.take(found)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
