"""Workers on Slurm: job arrays, submitted with submitit, that are requeued at their time limit and when preempted.

What a worker has done is in the run folder; Slurm's own accounting is never asked. A worker that is requeued comes back
with an empty inbox.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from polyarena.harness.executors.messages import WorkerLeaving
from polyarena.harness.executors.pool import WorkerHandle
from polyarena.harness.executors.protocol import Work
from polyarena.harness.executors.spool import WorkerFolder
from polyarena.tasks.errors import ExperimentError, ModelError, StoreError

SIGNAL_S = 90
"""Seconds before the time limit at which Slurm warns a worker; its signals come up to a minute early."""
LOOK_S = 15.0
"""Seconds between two questions to ``squeue`` about the same worker."""
MOST_OF_AN_ARRAY = 1000
"""Workers of one job array where Slurm does not say how many it allows."""
MOST_TIMEOUTS = 1_000_000
"""Time limits that a worker may reach; submitit requeues three times unless it is told otherwise."""
CORRECT = "correct the `executor` part of the site file, or use `--executor processes`"
FEWER = "Slurm limits how many jobs may wait: set fewer `workers` in the site file, or run again when others have ended"
_LIMIT = re.compile(r"limit|temporarily unable|temporarily unavailable|MaxSubmit|exceed", re.IGNORECASE)
_COMMAND_S = 30.0
_CHILD_S = 5.0


@dataclass
class SlurmLauncher:
    """Submits job arrays; a :class:`polyarena.harness.executors.pool.Launcher`.

    Attributes:
        workers: How many workers.
        minutes: Time limit of one life of a worker; it is requeued when the limit comes.
        partition: Slurm's partition; its default if left out.
        cpus: Of each worker.
        gpus: Of each worker.
        memory_gb: Of each worker; Slurm's default if left out.
        setup: Shell lines before a worker starts.
        options: Further options of ``sbatch``, by their long names.
        cluster: ``local`` runs the workers as processes of this machine, through submitit all the same.
    """

    workers: int = 2
    minutes: int = 60
    partition: str | None = None
    cpus: int = 1
    gpus: int = 0
    memory_gb: float | None = None
    setup: Sequence[str] = ()
    options: Mapping[str, str | int | bool] = field(default_factory=dict)
    cluster: Literal["slurm", "local"] = "slurm"

    poll_s = 0.2

    def start(self, folders: Mapping[int, WorkerFolder], work: Work) -> dict[int, WorkerHandle]:
        """Submit one array for the workers, or several where Slurm limits their size.

        Raises:
            ExperimentError: submitit is not installed, or there is no Slurm.
            ModelError: Slurm refuses the jobs.
        """
        submitit = _submitit()
        first = next(iter(folders.values()))
        device = "gpu" if self.gpus else ""
        handles: dict[int, WorkerHandle] = {}
        try:
            executor = submitit.AutoExecutor(
                folder=first.spool / "submitit", cluster=self.cluster, slurm_max_num_timeout=MOST_TIMEOUTS
            )
            executor.update_parameters(**self._parameters())
            places = iter(folders)
            while some := list(islice(places, self._most_of_an_array())):
                with executor.batch():
                    # Not a function with the worker as its argument: submitit asks what it submits for a checkpoint.
                    jobs = [
                        executor.submit(SlurmWorker(work.worker, str(folders[place].path.absolute()), device))
                        for place in some
                    ]
                handles |= {
                    place: SlurmHandle(job, self.cluster == "slurm") for place, job in zip(some, jobs, strict=True)
                }
        # submitit's errors are of many kinds: no sbatch, a partition that does not exist, a limit.
        except Exception as error:
            for handle in handles.values():
                handle.stop()
            raise ModelError(
                "Slurm refused the workers",
                why="; ".join(line.strip() for line in str(error).splitlines() if line.strip()),
                fix=FEWER if _LIMIT.search(str(error)) else CORRECT,
            ) from error
        return handles

    def close(self) -> None:
        """Nothing is held."""

    def _parameters(self) -> dict[str, Any]:
        common: dict[str, Any] = {"timeout_min": self.minutes, "name": "polyarena"}
        if self.cluster != "slurm":
            return common
        slurm: dict[str, Any] = {
            "slurm_cpus_per_task": self.cpus,
            "slurm_signal_delay_s": SIGNAL_S,
            "slurm_additional_parameters": {"requeue": True, **self.options},
        }
        if self.partition:
            slurm["slurm_partition"] = self.partition
        if self.gpus:
            slurm["slurm_gpus_per_node"] = self.gpus
        if self.memory_gb:
            slurm["slurm_mem"] = f"{self.memory_gb:g}GB"
        if self.setup:
            slurm["slurm_setup"] = list(self.setup)
        return common | slurm

    def _most_of_an_array(self) -> int:
        if self.cluster != "slurm":
            return max(self.workers, 1)
        found = re.search(r"MaxArraySize\s*=\s*(\d+)", _output(["scontrol", "show", "config"]))
        # The largest index is one less than the size, and counts from 0.
        return max(1, int(found.group(1)) - 1) if found else MOST_OF_AN_ARRAY


@dataclass
class SlurmWorker:
    """What submitit pickles: the function, the folder of the worker, and nothing else.

    Attributes:
        worker: The function.
        folder: Of the worker.
        device: As the function takes it.
    """

    worker: Callable[[str, str], None]
    folder: str
    device: str

    def __call__(self) -> None:
        """Work until there is nothing more to do."""
        self.worker(self.folder, self.device)

    def checkpoint(self, *_arguments: object) -> Any:
        """Return what runs after a requeue: the same worker, in its next life; submitit asks at the time limit."""
        with suppress(StoreError):
            WorkerFolder(Path(self.folder)).tell(WorkerLeaving())
        return _submitit().helpers.DelayedSubmission(self)


@dataclass
class SlurmHandle:
    """A worker that is a job of Slurm, or of submitit's local executor."""

    job: Any
    is_slurm: bool
    _state: str = "PENDING"
    _asked_at: float = float("-inf")

    def ended(self) -> str | None:
        """Return how the job ended; ``None`` while it runs or waits for a machine."""
        if self.job.paths.result_pickle.exists():
            return "ended"
        if not self.is_slurm:
            return "ended without a result" if self.job.done() else None
        return None if self._look() else "Slurm does not list its job any more"

    def is_waiting(self) -> bool:
        """Whether Slurm has not begun it, or has requeued it."""
        return self.is_slurm and self._look() in ("PENDING", "REQUEUED", "REQUEUE_HOLD", "SUSPENDED", "CONFIGURING")

    def greeted(self) -> None:
        """Take it as running until ``squeue`` is asked again: what it said last may be of the time before."""
        self._state, self._asked_at = "RUNNING", time.monotonic()

    def stop(self) -> None:
        """Cancel the job, unless it has ended: what is left of it then ends by itself."""
        if not self.job.paths.result_pickle.exists():
            with suppress(Exception):
                self.job.cancel(check=False)
        if not self.is_slurm:
            # A child of this process: it stays a zombie until submitit has looked.
            deadline = time.monotonic() + _CHILD_S
            while not self.job.done() and time.monotonic() < deadline:
                time.sleep(0.02)

    def _look(self) -> str:
        """Return the state that ``squeue`` gives, asked now and then; empty if it does not list the job."""
        now = time.monotonic()
        if now - self._asked_at > LOOK_S:
            self._asked_at = now
            self._state = next(iter(_lines(["squeue", "-h", "-j", str(self.job.job_id), "-o", "%T"])), "")
        return self._state


def _submitit() -> Any:
    try:
        return importlib.import_module("submitit")
    except ImportError as error:
        raise ExperimentError(
            "submitit is not installed",
            why=str(error),
            fix="pip install 'polyarena[slurm]', or use another executor",
        ) from error


def _lines(command: Sequence[str]) -> Iterator[str]:
    yield from (line.strip() for line in _output(command).splitlines() if line.strip())


def _output(command: Sequence[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_S, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
