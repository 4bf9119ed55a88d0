"""Cells of stored answers as a part of work that several processes share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from polyarena.harness.events import Event
from polyarena.harness.executors.local import LocalExecutor
from polyarena.harness.executors.protocol import Job, Work
from polyarena.harness.experiment import Experiment
from polyarena.harness.running.job_runner import JobRunner
from polyarena.harness.running.work_units import CellLog
from polyarena.harness.running.worker import refuse_endpoint, work
from polyarena.harness.store import RunFolder


@dataclass(frozen=True, slots=True)
class CellsPart:
    """Cells whose model loads nothing and sends no requests, for :mod:`polyarena.harness.workers`.

    Attributes:
        experiment: The experiment.
        folder: The run folder.
        data_root: The local mirror, or ``None`` for the hub.
        jobs: Of whole cells.
    """

    experiment: Experiment
    folder: Path
    data_root: Path | None
    jobs: tuple[Job, ...]

    def events(self) -> Iterator[Event]:
        """Compute them."""
        runner = JobRunner(self.experiment, RunFolder(self.folder), self.data_root, refuse_endpoint)
        log = CellLog(self.jobs, runner.context)
        yield from LocalExecutor().run(
            Work(self.experiment, self.folder, self.data_root, self.jobs, log, lambda: runner, work)
        )
