"""Starts the processes that share the training of one stage, one for each device, and waits for them.

``torch.distributed.run`` starts them, as ``accelerate launch`` does on GPUs; the trainer in each finds its place in the
environment and divides the batches, and with ``trainer: {fsdp: ...}`` also the model. The processes die with this one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from polyarena.harness.stages.protocol import Report, StageContext
from polyarena.tasks import errors
from polyarena.tasks.errors import ModelError, PolyarenaError

MODULE = "polyarena.harness.stages.training.process"
SPEC = "stage.json"
PROGRESS = "progress.jsonl"
LOG = "log.txt"
FAILURE = "failure-{rank}.json"
_POLL_S = 0.2


@dataclass(frozen=True)
class ProcessSpec:
    """What each process is told, as JSON.

    Attributes:
        stage: Settings of the stage.
        folder: As in :class:`~polyarena.harness.stages.protocol.StageContext`.
        inputs: As above.
        base: As above.
        data_root: As above; empty without one.
        seed: As above.
        threads: As above.
        device: As above.
    """

    stage: dict[str, Any]
    folder: str
    inputs: dict[str, str]
    base: str
    data_root: str
    seed: int
    threads: int
    device: str


def launched_here() -> bool:
    """Return whether this process is one of several that a launcher started."""
    return int(os.environ.get("WORLD_SIZE") or 1) > 1


def launch(settings: dict[str, Any], context: StageContext, processes: int) -> None:
    """Do the work of a training stage in several processes.

    Args:
        settings: Of the stage, as JSON values.
        context: What it works with. The first process writes into its folder.
        processes: How many.

    Raises:
        PolyarenaError: What a process raised, or a process died.
    """
    with tempfile.TemporaryDirectory(prefix="polyarena-train-") as name:
        folder = Path(name)
        spec = ProcessSpec(
            settings,
            str(context.folder),
            {reference: str(path) for reference, path in context.inputs.items()},
            str(context.base),
            str(context.data_root or ""),
            context.seed,
            context.threads,
            context.device,
        )
        (folder / SPEC).write_text(json.dumps(asdict(spec)), "utf-8")
        (folder / PROGRESS).touch()
        command = [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes),
            "-m", MODULE, str(folder),
        ]  # fmt: skip
        environment = {**os.environ, "OMP_NUM_THREADS": str(context.threads)}
        if context.device == "cpu":
            environment["ACCELERATE_USE_CPU"] = "true"
        with (folder / LOG).open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.PIPE, env=environment)
        try:
            code = _wait(process, folder / PROGRESS, context.report)
        finally:
            _stop(process)
        if code:
            raise _failure(folder, str(settings.get("name", "")), code)


def _wait(process: subprocess.Popen[bytes], progress: Path, report: Report) -> int:
    """Pass progress on until the processes have ended; return their exit code."""
    with progress.open(encoding="utf-8") as stream:
        while True:
            code = process.poll()
            for line in stream:
                activity, done, total, numbers = json.loads(line)
                report(activity, done, total, numbers)
            if code is not None:
                return code
            time.sleep(_POLL_S)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the launcher, which ends its processes; these also end when the pipe to them closes, as a kill does."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _failure(folder: Path, stage: str, code: int) -> PolyarenaError:
    """Return what the first process that failed said; the others were ended because of it."""
    told = sorted(folder.glob(FAILURE.format(rank="*")), key=lambda path: path.stat().st_mtime_ns)
    if told:
        facts = json.loads(told[0].read_text("utf-8"))
        kind = getattr(errors, facts.pop("type"), PolyarenaError)
        return kind(**facts) if issubclass(kind, PolyarenaError) else PolyarenaError(**facts)
    lines = [line for line in (folder / LOG).read_text("utf-8", "replace").splitlines() if line.strip()]
    return ModelError(
        f"a process of the training ended with {code}",
        where=stage,
        why="; ".join(lines[-3:]) or "it wrote nothing",
        fix="run the same command again; with one process (`hardware: {processes: 1}`) the message may say more",
    )
