"""The folder through which the coordinator of a run and its workers talk: ``workers/<token>/`` in the run folder.

Nobody locks anything. Each file has one writer, and appears by a rename:

- ``config.json``: what a worker needs to know, written before the first one starts.
- ``alive``: a counter that the coordinator raises; a worker ends if it stands still. ``stop``: ends all workers.
- ``<worker>/inbox/<place>.json``: jobs for one worker, in order; the worker removes each when it begins it.
- ``<worker>/events.jsonl``: what the worker tells, one JSON object a line, and ``<worker>/log.txt``: what it prints.

The records in these files are those of :mod:`polyarena.harness.executors.messages`.

Clocks are never compared: whoever waits counts, on its own clock, for how long nothing has changed. Time in which it
was held up itself does not count, because a disk that stalls holds up whoever writes, too.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from polyarena.harness.executors.messages import (
    WorkerConfig,
    WorkerMessage,
    job_json,
    message_line,
    read_job,
    read_message,
)
from polyarena.harness.executors.protocol import Job
from polyarena.harness.store.atomic import write_atomically
from polyarena.tasks.errors import StoreError

FOLDER = "workers"
"""Name of the folder within a run folder."""
BEAT_S = 2.0
"""Seconds between two signs of life of the coordinator."""
STALL_S = 6.0
"""Seconds since the own last sign of life was written after which the disk is taken to stall."""
LONGEST_LOOK_S = 4.0
"""Most seconds that count as silence between two looks: whoever looks no more often than that was held up itself."""
FIRST_PAUSE_S = 0.002
"""Seconds between the first two looks at a folder after something has happened there."""


@dataclass
class Polling:
    """Pauses between two looks at a folder: short after something has happened, then longer and longer.

    Attributes:
        longest_s: The longest pause in seconds.
    """

    longest_s: float
    _pause_s: float = FIRST_PAUSE_S

    def wait(self) -> None:
        """Pause, because nothing has happened."""
        time.sleep(min(self._pause_s, self.longest_s))
        self._pause_s = min(2 * self._pause_s, self.longest_s)

    def happened(self) -> None:
        """Begin with short pauses again."""
        self._pause_s = FIRST_PAUSE_S


@dataclass
class Silence:
    """For how long a counter has not changed, on the clock of whoever looks at it.

    Attributes:
        seconds: The time.
        counter: As it was at the last look.
    """

    seconds: float = 0.0
    counter: str = ""
    _looked: float | None = None

    def look(self, counter: str, now: float) -> float:
        """Take in one look.

        Args:
            counter: As it is now.
            now: The time, in seconds.

        Returns:
            For how many seconds it has not changed.
        """
        if counter != self.counter:
            self.counter, self.seconds = counter, 0.0
        elif self._looked is not None:
            self.seconds += min(now - self._looked, LONGEST_LOOK_S)
        self._looked = now
        return self.seconds

    def end(self) -> None:
        """Begin again, because of another sign of life."""
        self.seconds = 0.0


@dataclass(frozen=True)
class WorkerFolder:
    """The folder of one worker.

    Attributes:
        path: ``workers/<token>/<worker>``.
    """

    path: Path

    @property
    def spool(self) -> Path:
        """The folder that all workers of the run share."""
        return self.path.parent

    @property
    def events(self) -> Path:
        """What the worker tells."""
        return self.path / "events.jsonl"

    @property
    def log(self) -> Path:
        """What the worker prints."""
        return self.path / "log.txt"

    def config(self) -> WorkerConfig:
        """Return what the coordinator wrote for all workers.

        Raises:
            StoreError: The file is not there or not readable.
        """
        path = self.spool / "config.json"
        try:
            return WorkerConfig.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StoreError("the configuration of the workers cannot be read", where=path, why=str(error)) from error

    def tell(self, message: WorkerMessage) -> None:
        """Append one line to the events, in a single write.

        Raises:
            StoreError: The file cannot be written.
        """
        line = message_line(message)
        try:
            descriptor = os.open(self.events, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                # A disk that fills up takes a part without an error; the coordinator would wait for the job for ever.
                if os.write(descriptor, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StoreError(
                "a worker cannot write to the run folder",
                where=self.events,
                why=error.strerror or str(error),
                fix="make the run folder writable on every machine, and free space on its disk",
            ) from error

    def take(self) -> Job | None:
        """Remove the next job from the inbox and return it; ``None`` if there is none."""
        try:
            paths = sorted((self.path / "inbox").glob("[!.]*.json"))
        except OSError:
            return None
        for path in paths:
            with suppress(OSError, ValueError):
                job = read_job(path.read_text(encoding="utf-8"))
                path.unlink()
                return job
        return None

    def clear(self) -> None:
        """Forget jobs that were meant for an earlier life of this worker."""
        for path in (self.path / "inbox").glob("[!.]*.json"):
            path.unlink(missing_ok=True)

    def is_stopped(self) -> bool:
        """Whether the coordinator has ended all workers, or another coordinator has removed their folder."""
        return (self.spool / "stop").exists() or not (self.spool / "config.json").exists()

    def beat(self, count: int) -> None:
        """Show the coordinator that the worker is alive.

        Args:
            count: Another number each time.

        Raises:
            StoreError: The folder cannot be written.
        """
        _replace(self.path / "alive", str(count))

    def coordinator_counter(self) -> str:
        """Return the coordinator's counter; empty if it cannot be read now."""
        with suppress(OSError):
            return (self.spool / "alive").read_text(encoding="utf-8")
        return ""


@dataclass
class Spool:
    """The coordinator's side.

    Attributes:
        path: ``workers/<token>`` in the run folder.
    """

    path: Path
    _offsets: dict[str, int] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _counter: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _beaten_at: float = field(default_factory=time.monotonic)

    @classmethod
    def create(cls, folder: Path, token: str, config: WorkerConfig) -> Spool:
        """Make the folder of a new coordinator, and remove those of earlier ones.

        Args:
            folder: The run folder.
            token: Of the coordinator.
            config: For the workers.

        Raises:
            StoreError: It cannot be written.
        """
        whole = folder / FOLDER
        if whole.is_dir():
            for earlier in whole.iterdir():
                shutil.rmtree(earlier, ignore_errors=True)
        spool = cls(whole / token)
        spool.beat()
        write_atomically(spool.path / "config.json", config.model_dump_json().encode("utf-8", "replace"))
        return spool

    def add(self, worker: str) -> WorkerFolder:
        """Make the folder of a worker.

        Raises:
            StoreError: It cannot be made.
        """
        folder = WorkerFolder(self.path / worker)
        try:
            (folder.path / "inbox").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError("the folder of a worker cannot be made", where=folder.path, why=str(error)) from error
        self._offsets[worker] = self._places[worker] = 0
        return folder

    def show_life(self) -> None:
        """Change the counter from now on, on a thread: nothing that holds up the coordinator is to end its workers."""
        threading.Thread(target=self._beat, name="polyarena-workers", daemon=True).start()

    def _beat(self) -> None:
        # Without its configuration the folder is not this coordinator's any more: another one has removed it.
        while not self._ended.wait(BEAT_S) and (self.path / "config.json").exists():
            # A folder that cannot be written is reported where a job is handed out, or when the run writes its events.
            with suppress(StoreError):
                self.beat()

    def beat(self) -> None:
        """Show the workers that the coordinator is alive.

        Raises:
            StoreError: The folder cannot be written.
        """
        self._counter += 1
        try:
            _replace(self.path / "alive", str(self._counter))
        finally:
            self._beaten_at = time.monotonic()

    def is_stalled(self) -> bool:
        """Whether a write to the folder is held up, so that the silence of workers says nothing."""
        return time.monotonic() - self._beaten_at > STALL_S

    def give(self, worker: str, job: Job) -> None:
        """Put a job into the inbox of a worker."""
        place = self._places[worker] = self._places[worker] + 1
        _replace(self.path / worker / "inbox" / f"{place:09}.json", job_json(job))

    def told(self, worker: str) -> Iterator[WorkerMessage]:
        """Yield what a worker has told since the last call; a line that is still being written comes later.

        Lines that contain no message are skipped.
        """
        try:
            with (self.path / worker / "events.jsonl").open("rb") as file:
                file.seek(self._offsets[worker])
                content = file.read()
        except OSError:
            return
        end = content.rfind(b"\n") + 1
        self._offsets[worker] += end
        for line in content[:end].split(b"\n"):
            if (message := read_message(line)) is not None:
                yield message

    def stop(self) -> None:
        """Let all workers end after what they compute now."""
        self._ended.set()
        with suppress(StoreError):
            _replace(self.path / "stop", "")


def _replace(path: Path, text: str) -> None:
    """Write a small file by a rename, without waiting for the disk: after a crash of the machine nobody reads it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise StoreError(
            "the folder of the workers cannot be written",
            where=path,
            why=error.strerror or str(error),
            fix="make the run folder writable, or free space on its disk",
        ) from error
