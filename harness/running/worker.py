"""A worker of an executor: computes the jobs that the coordinator of a run puts into its inbox.

The worker talks to the coordinator through its folder alone (:mod:`polyarena.harness.executors.spool`). It ends when
told to, when the coordinator has died, and when the process that started it on this machine has died.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from polyarena.harness.executors.messages import WorkerReady
from polyarena.harness.executors.protocol import JobFailed, JobStarted
from polyarena.harness.executors.spool import STALL_S, Polling, Silence, WorkerFolder
from polyarena.harness.lock import installed_versions
from polyarena.harness.planning.tasks import ResolvedTask, resolve_tasks
from polyarena.harness.running.job_runner import JobRunner
from polyarena.harness.store import RunFolder
from polyarena.judges.protocol import Ask
from polyarena.tasks.errors import ModelError, PolyarenaError, StoreError
from polyarena.tasks.exit_codes import ExitCode

GPU = "gpu"
"""The device of a worker that was promised a GPU."""
BEAT_S = 2.0
"""Seconds between two signs of life."""
WITHOUT_GPU = (
    "see that `nvidia-smi` lists a GPU there and that CUDA_VISIBLE_DEVICES names it, and install a torch with CUDA; "
    "to compute without GPUs, run with CUDA_VISIBLE_DEVICES='' or leave `gpus` out of the site file"
)
"""What to do about a worker that was promised a GPU and has none."""
PATIENCE_S = 120.0
"""Seconds after which a coordinator that gives no sign of life is taken to be gone."""


def prepare(folder: str) -> None:
    """Read what all workers of a run need, in the process that they are forked from.

    An error is left to the workers, who report it.

    Args:
        folder: Of one of them.
    """
    with suppress(PolyarenaError):
        _tasks(WorkerFolder(Path(folder)).spool)


def work(folder: str, device: str = "", parent: int = 0) -> None:
    """Compute jobs until there is nothing more to do.

    Args:
        folder: Of the worker.
        device: :data:`GPU` if the worker was assigned one.
        parent: Number of the process that started it on this machine, with which it ends; 0 for none.
    """
    own = WorkerFolder(Path(folder))
    config = own.config()
    _print_to(own.log)
    own.clear()
    ended, pulse = threading.Event(), _Pulse()
    threading.Thread(target=_show_life, args=(own, ended, parent, pulse), daemon=True).start()
    try:
        runner = JobRunner(
            config.experiment.located(config.path),
            RunFolder(config.folder),
            config.data_root,
            refuse_endpoint,
            _tasks(own.spool),
        )
        refused = _without_gpu() if device == GPU else ""
        fix = WITHOUT_GPU if refused else ""
        own.tell(WorkerReady(socket.gethostname(), os.getpid(), installed_versions(), refused, fix))
        try:
            _compute_jobs(own, runner, config.poll_s, pulse)
        finally:
            runner.close()
    finally:
        ended.set()


@cache
def _tasks(spool: Path) -> tuple[ResolvedTask, ...]:
    """Return the tasks of a run."""
    config = WorkerFolder(spool / "any").config()
    return resolve_tasks(config.experiment.located(config.path))


def _compute_jobs(own: WorkerFolder, runner: JobRunner, poll_s: float, pulse: _Pulse) -> None:
    watch, polling = _Watch(own, pulse), Polling(poll_s)
    while not own.is_stopped() and watch.is_alive():
        job = own.take()
        if job is None:
            polling.wait()
            continue
        polling.happened()
        own.tell(JobStarted(job.number))
        try:
            for message in runner.run(job):
                own.tell(message)
        except PolyarenaError as error:
            own.tell(JobFailed(job.number, str(error), error.exit_code, "worker"))
            raise
        except Exception as error:
            traceback.print_exc()
            what = f"{type(error).__name__}: {error}"
            own.tell(JobFailed(job.number, what, ExitCode.DEFECT, "worker"))
            raise


@dataclass
class _Pulse:
    """The last sign of life of this process.

    Attributes:
        at: When its write ended, on this machine's own clock.
    """

    at: float = field(default_factory=lambda: time.monotonic())


class _Watch:
    """Watches whether the coordinator is alive, by its counter and this machine's own clock."""

    def __init__(self, own: WorkerFolder, pulse: _Pulse) -> None:
        self._own = own
        self._pulse = pulse
        self._silence = Silence()

    def is_alive(self) -> bool:
        """Whether the counter has changed within the patience."""
        now = time.monotonic()
        if now - self._pulse.at > STALL_S:
            # The disk keeps this process waiting: the coordinator cannot write either.
            self._silence.end()
        return self._silence.look(self._own.coordinator_counter(), now) < PATIENCE_S


def _show_life(own: WorkerFolder, ended: threading.Event, parent: int, pulse: _Pulse) -> None:
    count = 0
    while True:
        # By its number, because it may have been killed before this process came to ask for it.
        if parent and os.getppid() != parent:
            # Whoever started this process was killed: nobody waits for what it computes.
            os._exit(1)
        if ended.wait(BEAT_S):
            return
        count += 1
        with suppress(StoreError):
            own.beat(count)
        # Also where the disk refuses: only one that keeps it waiting stalls.
        pulse.at = time.monotonic()


def _print_to(log: Path) -> None:
    """Send what this process prints to its log, that of native libraries included."""
    sys.stdout.flush()
    sys.stderr.flush()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)


def _without_gpu() -> str:
    """Return why this process has no GPU; empty if it has one."""
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return "a GPU was promised, and torch is not installed"
    if torch.cuda.is_available():
        return ""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    seen = "not set" if visible is None else f"{visible!r}"
    build = "" if torch.version.cuda else f"; torch {torch.__version__} is built without CUDA"
    return f"a GPU was promised, and torch finds none (CUDA_VISIBLE_DEVICES is {seen} there{build})"


def refuse_endpoint(args: Mapping[str, Any]) -> Ask:
    """Refuse a model that asks a paid endpoint in another process than the one that keeps the budgets.

    Raises:
        ModelError: Always.
    """
    raise ModelError(
        "a worker of an executor cannot ask a paid endpoint",
        why=f"the model asks for {args.get('model') or 'one'}, and its type does not say that it does",
        fix="return the settings of the endpoint from the model type's `endpoint`, or use `--executor local`",
    )
