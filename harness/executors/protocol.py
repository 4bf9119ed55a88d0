"""The protocol of executors: they get jobs that can be sent to another process, and a function that runs one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from polyarena.harness.events import Event
from polyarena.harness.experiment import Experiment
from polyarena.harness.planning import PlannedCell


@dataclass(frozen=True)
class Job:
    """Cells that share one loaded model; picklable, and idempotent since every cell is a shard with a key.

    Attributes:
        experiment: The experiment.
        folder: The run folder.
        cells: The missing cells, in order.
        grace_s: Seconds that an interrupted job waits for requests in flight.
    """

    experiment: Experiment
    folder: Path
    cells: tuple[PlannedCell, ...]
    grace_s: float = 0.0


Work = Callable[[Job], Iterator[Event]]
"""Does a job cell by cell and yields what happens; a module-level function."""


class Executor(Protocol):
    """Runs jobs and yields their events.

    An executor needs no memory of its own: whatever it loses is found missing in the run folder and done again.
    """

    def run(self, jobs: Sequence[Job], work: Work) -> Iterator[Event]:
        """Run every job, in any order or at once, and yield their events as they come."""
