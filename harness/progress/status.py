"""The status of a run, written to its folder while it goes on: it is read from elsewhere, and after the run died."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from polyarena.harness.events import CellProgress, Event, GamesProgress, RunFinished
from polyarena.harness.planning import Plan, PlannedCell, PlannedGames
from polyarena.harness.progress.tracker import ProgressTracker
from polyarena.harness.store import UNANSWERED, RunFolder, shard_metadata
from polyarena.harness.store.lease import FOLDER, current, describe, is_held
from polyarena.tasks.errors import StoreError

EVERY_S = 2.0
"""Seconds between two writes."""


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
        state: ``running``; ``finished``; ``incomplete`` (it ended, and cells or games failed, or a judge gave no
            verdict at all); ``stopped`` (it was interrupted, failed or died: nothing writes the folder and the run is
            not finished).
        holder: Who writes the folder, in words; empty if nobody does.
        updated: When this was written, in UTC.
        lines: Progress of each system and task, and of each judge.
        in_flight: Cells that are being computed, as system, task and language.
        requests: Requests done by this run.
        requests_per_second: Over the last minute.
        seconds_left: Expected; ``None`` if that is not known.
        workers: Of the executor.
        silent: Judges that gave no verdict in any of their games, with the number of these; known at the end of a run.
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
    silent: dict[str, int] = {}


class StatusWriter:
    """Follows the events of a run and writes ``status.json`` now and then; a listener.

    As a context manager it also writes while no event comes, so that the file says what has happened until now, how
    long is left, and that the run is alive.

    Args:
        plan: What will run.
        now: The clock, in seconds.
    """

    def __init__(self, plan: Plan, now: Callable[[], float] = time.monotonic) -> None:
        self._plan = plan
        self._tracker = ProgressTracker.of(plan)
        self._experiment = plan.experiment.name
        self._path = plan.folder.status
        self._now = now
        self._written = float("-inf")
        self._state = ""
        self._silent: dict[str, int] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write_regularly, name="polyarena-status", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        # Before the first event nothing was done, and the folder may be that of another experiment.
        if self._state == "running":
            self._state = "stopped"
            self._tracker.stop(self._plan, self._is_stored)
            self._write()

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        with self._lock:
            self._tracker.follow(event)
            finished = isinstance(event, RunFinished)
            self._state = "running"
            if isinstance(event, RunFinished):
                self._silent = dict(event.silent)
                self._state = "incomplete" if event.failures or event.silent else "finished"
            is_partial = isinstance(event, CellProgress | GamesProgress)
            if finished or (self._now() - self._written >= EVERY_S and not is_partial):
                self._write()

    def _is_stored(self, part: PlannedCell | PlannedGames) -> bool:
        folder = self._plan.folder
        if isinstance(part, PlannedCell):
            path = folder.cell(part.system, part.task, part.language)
        else:
            path = folder.games(part.judge, part.candidate, part.baseline, part.task, part.language)
        metadata = shard_metadata(path)
        # The key of games is not known before their cells are stored; shards of other settings are archived by then.
        return bool(metadata) and UNANSWERED not in metadata and part.key in ("", metadata.get("key"))

    def _write_regularly(self) -> None:
        while not self._ended.wait(EVERY_S):
            with self._lock:
                # Nothing before the first event, and nothing after the last.
                if self._state == "running":
                    self._write()

    def _write(self) -> None:
        self._written = self._now()
        tracker, state = self._tracker, self._state
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
            seconds_left=tracker.seconds_left() if state == "running" else None,
            workers=tuple(
                WorkerStatus(name=name, host=worker.host, systems=worker.model)
                for name, worker in sorted(tracker.workers.items())
            ),
            silent=self._silent,
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
    number, holder = current(path / FOLDER)
    held = holder is not None and is_held(path / FOLDER, number, holder)
    status = _read_record(path)
    if held and holder is not None:
        return status.model_copy(update={"holder": describe(holder)})
    if status.state in ("finished", "incomplete"):
        return status
    if current(path / FOLDER)[0] != number:
        # A run began or ended between the two looks.
        return read_status(path)
    return status.model_copy(update={"state": "stopped"})


def _read_record(path: Path) -> RunStatus:
    folder = RunFolder(path)
    try:
        record: dict[str, Any] = json.loads(folder.status.read_text(encoding="utf-8"))
        return RunStatus.model_validate(record)
    except FileNotFoundError:
        raise StoreError(
            "no run has written its status here", where=path, why="there is no status.json", fix="name a run folder"
        ) from None
    except (OSError, ValueError, ValidationError) as error:
        raise StoreError("the status of the run cannot be read", where=folder.status, why=str(error)) from error
