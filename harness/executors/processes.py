"""Workers as processes of this machine: one for each GPU, or a given number."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from polyarena.harness.executors.pool import WorkerHandle
from polyarena.harness.executors.protocol import Work
from polyarena.harness.executors.spool import WorkerFolder

KILL_AFTER_S = 5.0
"""Seconds after SIGTERM at which a process is killed."""


@dataclass
class ProcessLauncher:
    """Starts processes; a :class:`polyarena.harness.executors.pool.Launcher`.

    Attributes:
        count: How many; one for each GPU if left out, or one without a GPU.
    """

    count: int | None = None
    _gpus: list[str] = field(default_factory=lambda: visible_gpus())

    poll_s = 0.02
    watches_parent = True

    @property
    def workers(self) -> int:
        """How many processes."""
        return self.count or len(self._gpus) or 1

    def start(self, folders: Mapping[int, WorkerFolder], work: Work) -> dict[int, WorkerHandle]:
        """Start processes; with GPUs, each sees one of them."""
        return {place: self._start(place, folder, work) for place, folder in folders.items()}

    def _start(self, place: int, folder: WorkerFolder, work: Work) -> WorkerHandle:
        module, name = work.worker.__module__, work.worker.__name__
        program = f"import sys; from {module} import {name} as work; work(*sys.argv[1:])"
        command = [sys.executable, "-c", program, str(folder.path.absolute())]
        environment = dict(os.environ)
        if self._gpus:
            environment["CUDA_VISIBLE_DEVICES"] = self._gpus[place % len(self._gpus)]
            command.append("gpu")
        with folder.log.open("ab") as log:
            # A session of its own, so that Ctrl-C reaches the coordinator alone, which then ends the workers in order.
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        return ProcessHandle(process)

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class ProcessHandle:
    """A worker that is a process of this machine."""

    process: subprocess.Popen[bytes]

    def ended(self) -> str | None:
        """Return how the process ended; ``None`` while it runs."""
        code = self.process.poll()
        if code is None:
            return None
        return f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"

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


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them; imports no torch."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [each.strip() for each in named.split(",") if each.strip() and each.strip() != "-1"]
    folder = Path("/proc/driver/nvidia/gpus")
    count = len(list(folder.iterdir())) if folder.is_dir() else 0
    return [str(number) for number in range(count)]
