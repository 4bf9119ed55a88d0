"""The status of a run, written to its folder while it goes on: it is read from elsewhere, and after the run died."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from polyarena.harness.events import Event, GamesProgress, RunFinished
from polyarena.harness.planning import Plan
from polyarena.harness.progress.tracker import ProgressTracker
from polyarena.harness.store import RunFolder
from polyarena.harness.store.lease import FOLDER, current, describe, is_held
from polyarena.tasks.errors import StoreError

EVERY_S = 2.0
"""Shortest time between two writes."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class LineStatus(_Record):
    """One line of progress; fields as in :class:`polyarena.harness.progress.tracker.ProgressLine`."""

    title: str
    total: int
    stored: int
    done: int
    failed: int
    now: str = ""


class WorkerStatus(_Record):
    """A worker of an executor.

    Attributes:
        name: Its folder below ``workers/``, with its log.
        host: The machine that it runs on.
        systems: Those whose model it has loaded.
    """

    name: str
    host: str
    systems: str


class RunStatus(_Record):
    """The status of a run.

    Attributes:
        experiment: Its name.
        state: ``running``, ``finished``, ``stopped`` (nothing writes the folder and the run is not finished).
        holder: Who writes the folder, in words; empty if nobody does.
        updated: When this was written, in UTC.
        lines: Progress of each system and task, and of each judge.
        in_flight: Cells that are being computed, as system, task and language.
        requests: Requests done by this run.
        requests_per_second: Over the last minute.
        seconds_left: Expected; ``None`` if that is not known.
        workers: Of the executor.
    """

    experiment: str
    state: str = "running"
    holder: str = ""
    updated: str = ""
    lines: tuple[LineStatus, ...] = ()
    in_flight: tuple[tuple[str, str, str], ...] = ()
    requests: int = 0
    requests_per_second: float = 0.0
    seconds_left: float | None = None
    workers: tuple[WorkerStatus, ...] = ()


class StatusWriter:
    """Follows the events of a run and writes ``status.json`` now and then; a listener.

    Args:
        plan: What will run.
        now: The clock, in seconds.
    """

    def __init__(self, plan: Plan, now: Callable[[], float] = time.monotonic) -> None:
        self._tracker = ProgressTracker.of(plan)
        self._experiment = plan.experiment.name
        self._path = plan.folder.status
        self._now = now
        self._written = float("-inf")

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        self._tracker.follow(event)
        finished = isinstance(event, RunFinished)
        if finished or (self._now() - self._written >= EVERY_S and not isinstance(event, GamesProgress)):
            self._written = self._now()
            self._write("finished" if finished else "running")

    def _write(self, state: str) -> None:
        tracker = self._tracker
        status = RunStatus(
            experiment=self._experiment,
            state=state,
            updated=datetime.now(UTC).isoformat(timespec="seconds"),
            lines=tuple(
                LineStatus(
                    title=line.title,
                    total=line.total,
                    stored=line.stored,
                    done=line.done,
                    failed=line.failed,
                    now=line.now,
                )
                for line in tracker.works.values()
            ),
            in_flight=tuple(sorted(tracker.in_flight)),
            requests=tracker.requests,
            requests_per_second=round(tracker.requests_per_second(), 3),
            seconds_left=None if state == "finished" else tracker.seconds_left(),
            workers=tuple(
                WorkerStatus(name=name, host=worker.host, systems=worker.model)
                for name, worker in sorted(tracker.workers.items())
            ),
        )
        # Not worth ending a run for: whoever cannot write the rest will say so.
        with suppress(OSError):
            temporary = self._path.with_name(f".{self._path.name}.tmp")
            temporary.write_text(status.model_dump_json(indent=2) + "\n", encoding="utf-8")
            temporary.replace(self._path)


def read_status(path: Path) -> RunStatus:
    """Return the status of a run folder, whether or not anything writes it now.

    Raises:
        StoreError: It is no run folder, or no run has begun in it.
    """
    folder = RunFolder(path)
    try:
        record: dict[str, Any] = json.loads(folder.status.read_text(encoding="utf-8"))
        status = RunStatus.model_validate(record)
    except FileNotFoundError:
        raise StoreError(
            "no run has written its status here", where=path, why="there is no status.json", fix="name a run folder"
        ) from None
    except (OSError, ValueError, ValidationError) as error:
        raise StoreError("the status of the run cannot be read", where=folder.status, why=str(error)) from error
    number, holder = current(path / FOLDER)
    if holder is not None and is_held(path / FOLDER, number, holder):
        return status.model_copy(update={"holder": describe(holder)})
    return status if status.state == "finished" else status.model_copy(update={"state": "stopped"})
