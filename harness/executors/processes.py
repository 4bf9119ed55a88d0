"""Workers as processes of this machine: one for each GPU, or a given number."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from polyarena.harness.executors.fork_server import IS_OFFERED, WORKER, ForkServer
from polyarena.harness.executors.pool import WorkerHandle
from polyarena.harness.executors.protocol import Work
from polyarena.harness.executors.spool import WorkerFolder

KILL_AFTER_S = 5.0
"""Seconds after SIGTERM at which a process is killed."""


@dataclass
class ProcessLauncher:
    """Starts processes; a :class:`polyarena.harness.executors.pool.Launcher`.

    On Linux they are forked by a process that has imported what they need; elsewhere each imports it.

    Attributes:
        count: How many; one for each GPU if left out, or one without a GPU.
        forks: Whether they are forked.
    """

    count: int | None = None
    forks: bool = IS_OFFERED
    _gpus: list[str] = field(default_factory=lambda: visible_gpus())
    _server: ForkServer | None = None

    poll_s = 0.02

    @property
    def workers(self) -> int:
        """How many processes."""
        return self.count or len(self._gpus) or 1

    def start(self, folders: Mapping[int, WorkerFolder], work: Work) -> dict[int, WorkerHandle]:
        """Start processes; with GPUs, each sees one of them."""
        return {place: self._start(place, folder, work) for place, folder in folders.items()}

    def _start(self, place: int, folder: WorkerFolder, work: Work) -> WorkerHandle:
        path, device, environment = folder.path.absolute(), "", {}
        if self._gpus:
            device, environment["CUDA_VISIBLE_DEVICES"] = "gpu", self._gpus[place % len(self._gpus)]
        if self.forks:
            if self._server is None or not self._server.is_running:
                self.close()
                self._server = ForkServer.start(work.worker, path, folder.log.absolute())
            return ForkedHandle(self._server, self._server.fork(path, device, environment, folder.log.absolute()))
        program = WORKER.format(work.worker.__module__, work.worker.__name__)
        command = [sys.executable, "-c", program, str(path), device, str(os.getpid())]
        with folder.log.open("ab") as log:
            # A session of its own, so that Ctrl-C reaches the coordinator alone, which then ends the workers in order.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        return ProcessHandle(process)

    def close(self) -> None:
        """End the process that forks."""
        if self._server is not None:
            self._server.close()
            self._server = None


@dataclass
class ProcessHandle:
    """A worker that is a process of this machine."""

    process: subprocess.Popen[bytes]

    def ended(self) -> str | None:
        """Return how the process ended; ``None`` while it runs."""
        return _how_ended(self.process.poll())

    def is_waiting(self) -> bool:
        """A process runs at once."""
        return False

    def greeted(self) -> None:
        """Nothing is remembered of a process."""

    def stop(self) -> None:
        """End the process."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(KILL_AFTER_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass
class ForkedHandle:
    """A worker that was forked."""

    server: ForkServer
    number: int

    def ended(self) -> str | None:
        """Return how the process ended; ``None`` while it runs."""
        try:
            return _how_ended(self.server.code(self.number))
        except ProcessLookupError as error:
            return str(error)

    def is_waiting(self) -> bool:
        """A process runs at once."""
        return False

    def greeted(self) -> None:
        """Nothing is remembered of a process."""

    def stop(self) -> None:
        """End the process."""
        self.server.stop(self.number, KILL_AFTER_S)


def _how_ended(code: int | None) -> str | None:
    if code is None:
        return None
    return f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them; imports no torch."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [each.strip() for each in named.split(",") if each.strip() and each.strip() != "-1"]
    folder = Path("/proc/driver/nvidia/gpus")
    count = len(list(folder.iterdir())) if folder.is_dir() else 0
    return [str(number) for number in range(count)]
