"""Who may write a run folder: a lease that needs nothing of the disk but that a file can be made once.

``.lease/<number>.json`` names a holder; the highest number counts. Whoever takes over from a holder that is gone makes
the next number, and of several who try, one succeeds, because a hard link (or an exclusive open) succeeds once. Nothing
is locked, so it works on network disks too, and no clocks are compared: a holder on this machine is alive if its
process is; one on another machine, if its counter changes while this one watches. While the disk stalls, a counter that
stands still says nothing. A holder that was cut off, and comes back when another one has taken over, finds its number
gone.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from polyarena.tasks.errors import StoreError

FOLDER = ".lease"
BEAT_S = 2.0
"""Seconds between two changes of a holder's counter."""
PATIENCE_S = 20.0
"""Seconds without a change of its counter after which a holder on another machine is taken to be gone."""
MOST_STALLS = 10
"""Times that patience at most, if the disk stalls again and again."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease, as its file says.

    Attributes:
        machine: Of :func:`machine`.
        host: Name of the machine, for people.
        pid: Number of its process; 0 if the file does not say.
        started: Of :func:`process_start`, since numbers of processes are used again.
        since: When it took the lease, in UTC.
        command: What it was started as.
    """

    machine: str = ""
    host: str = "?"
    pid: int = 0
    started: str | None = None
    since: str = "?"
    command: str = ""


@dataclass
class Lease:
    """The lease of one holder.

    Args:
        folder: ``.lease`` in the run folder.
        number: Of this holder.
        holder: Who it is.
    """

    folder: Path
    number: int
    holder: Holder
    _is_lost: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)
    _writes: threading.Lock = field(default_factory=threading.Lock)

    def check(self) -> None:
        """Refuse to go on once another process has taken over; known from the last sign of life.

        Raises:
            StoreError: It has.
        """
        if not self._is_lost:
            return
        _, present = current(self.folder)
        raise StoreError(
            "another process has taken over this run folder",
            where=self.folder.parent,
            why="this one gave no sign of life for some time, such as because its machine was suspended or cut off"
            + (f"; {describe(present)}" if present is not None else ""),
            fix="let the other one finish, or end it and run the same command again",
        )

    def release(self) -> None:
        """Give the lease back, and leave nothing behind."""
        self._ended.set()
        with self._writes:
            for path in (self.folder / f"{self.number}.alive", self.folder / f"{self.number}.json"):
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    def show_life(self) -> None:
        """Change the counter from now on, on a thread."""
        threading.Thread(target=self._beat, name="polyarena-lease", daemon=True).start()

    def _beat(self) -> None:
        count = 0
        path = self.folder / f"{self.number}.alive"
        while not self._ended.is_set():
            count += 1
            # The lock: a counter that is being written while the lease is given back would outlive it.
            with self._writes, suppress(OSError):
                if self._ended.is_set():
                    return
                if not (self.folder / f"{self.number}.json").exists():
                    self._is_lost = True
                    return
                temporary = path.with_name(f".{path.name}.tmp")
                temporary.write_text(str(count), encoding="utf-8")
                temporary.replace(path)
            self._ended.wait(BEAT_S)


def take_lease(run_folder: Path) -> Lease:
    """Take the lease of a run folder.

    Raises:
        StoreError: Another process holds it; the message names the holder.
        OSError: The folder cannot be written.
    """
    folder = run_folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    holder = Holder(
        machine=machine(),
        host=socket.gethostname(),
        pid=os.getpid(),
        started=process_start(os.getpid()),
        since=datetime.now(UTC).isoformat(timespec="seconds"),
        command=" ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200],
    )
    while True:
        # Nobody makes the next number while a holder is there, so giving a number back and making it again is safe.
        number, present = current(folder)
        if present is not None and is_held(folder, number, present):
            raise StoreError(
                "another process is running this experiment in this folder",
                where=run_folder,
                why=describe(present),
                fix="wait for it, or choose another folder with --output",
            )
        if not _make_once(folder / f"{number + 1}.json", json.dumps(asdict(holder)).encode()):
            continue
        lease = Lease(folder, number + 1, holder)
        if not _is_contested(folder, number + 1, present):
            break
        lease.release()
    for path in folder.iterdir():
        earlier = path.name.partition(".")[0]
        if earlier.isdigit() and int(earlier) <= number:
            path.unlink(missing_ok=True)
    return lease


def _is_contested(folder: Path, number: int, gone: Holder | None) -> bool:
    """Return whether somebody else has taken the lease meanwhile, under another number.

    While one process finds the last holder gone and has not made its number yet, others may take that number and give
    it back, and the next one then counts from 1 again. Each looks after it has made its own number, so of two at least
    one sees the other: a lower number yields to a higher one, and a higher one to a lower one whose holder is there.

    Args:
        folder: ``.lease``.
        number: The number just made.
        gone: The holder of the number before it, which was found to be gone.
    """
    others = _numbers(folder) - {number}
    if any(other > number for other in others):
        return True
    for other in others:
        holder = _holder(folder, other)
        if holder is not None and holder != gone and is_held(folder, other, holder):
            return True
    return False


def current(folder: Path) -> tuple[int, Holder | None]:
    """Return the highest number in a lease folder, 0 if there is none, and its holder, if that can be read."""
    number = max(_numbers(folder), default=0)
    return number, _holder(folder, number) if number else None


def _numbers(folder: Path) -> set[int]:
    """Return the numbers of all leases in a folder, given up by their holders or not."""
    try:
        return {int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit()}
    except OSError:
        return set()


@cache
def _holders() -> TypeAdapter[Holder]:
    return TypeAdapter(Holder)


def _holder(folder: Path, number: int) -> Holder | None:
    # On a disk without hard links, a file is empty for a moment after it was made.
    path = folder / f"{number}.json"
    for _ in range(10):
        try:
            return _holders().validate_json(path.read_bytes())
        except FileNotFoundError:
            return None  # given back since it was listed
        except (OSError, ValueError):
            time.sleep(0.02)
    return None


def is_held(
    folder: Path,
    number: int,
    holder: Holder,
    *,
    patience_s: float = PATIENCE_S,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Return whether the holder of a lease is still there.

    Args:
        folder: ``.lease``.
        number: Of the holder.
        holder: As in its file.
        patience_s: How long to watch the counter of a holder on another machine.
        sleep: Waits between two looks.
    """
    if holder.machine == machine():
        started = process_start(holder.pid) if holder.pid > 0 else None
        return started is not None and started == holder.started
    first = _counter(folder, number)
    needed = max(1, round(patience_s / (BEAT_S / 2)))
    silent = 0
    for _ in range(MOST_STALLS * needed):
        sleep(BEAT_S / 2)
        before = time.monotonic()
        counter = _counter(folder, number)
        _touch_disk(folder)
        if counter != first:
            return True
        # The disk that holds up this process holds up the holder, too.
        silent = 0 if time.monotonic() - before > BEAT_S else silent + 1
        if silent == needed:
            return False
    return False


def describe(holder: Holder) -> str:
    """Return a holder in words."""
    return f"process {holder.pid or '?'} on {holder.host} has written it since {holder.since}: {holder.command}"


def machine() -> str:
    """Return a name of this machine, and of its process numbers, which containers have of their own."""
    namespace: object = ""
    with suppress(OSError):
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    return f"{socket.gethostname()}/{namespace}"


def process_start(pid: int) -> str | None:
    """Return when a process of this machine was started, in any unit.

    Returns:
        Empty if that is not known; ``None`` if there is no such process.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except (PermissionError, OverflowError):
        pass
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    # A process that was killed and not waited for yet writes nothing any more.
    return None if fields[0] == "Z" else fields[19]


def _counter(folder: Path, number: int) -> str:
    with suppress(OSError):
        return (folder / f"{number}.alive").read_text(encoding="utf-8")
    return ""


def _touch_disk(folder: Path) -> None:
    """Write to the disk, because it may answer readers from memory while it takes no writes."""
    path = folder / f".probe.{socket.gethostname()}.{os.getpid()}.{threading.get_ident()}"
    with suppress(OSError):
        try:
            with path.open("wb") as file:
                file.write(b"0")
                os.fsync(file.fileno())
        finally:
            path.unlink(missing_ok=True)


def _make_once(path: Path, content: bytes) -> bool:
    """Make a file with all of its content, unless it exists; return whether it was made."""
    temporary = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.{threading.get_ident()}")
    try:
        temporary.write_bytes(content)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:
            # A disk without hard links.
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            except FileExistsError:
                return False
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
        return True
    finally:
        temporary.unlink(missing_ok=True)
