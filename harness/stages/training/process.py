"""One of the processes that share the training of a stage; ``torch.distributed.run`` starts it.

Every process trains; then the first one alone measures and saves the model, and the others end. Run as
``python -m torch.distributed.run ... -m polyarena.harness.stages.training.process FOLDER``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter

from polyarena.harness.stages.launching import FAILURE, PROGRESS, SPEC, ProcessSpec
from polyarena.harness.stages.libraries import quiet_libraries
from polyarena.harness.stages.pipeline.schema import AnyStage
from polyarena.harness.stages.pipeline.work import find_stage_work
from polyarena.harness.stages.protocol import StageContext, ignore_progress
from polyarena.harness.stages.training.sharing import OtherProcess
from polyarena.tasks.errors import PolyarenaError


def main(folder: Path) -> int:
    """Train; return the exit code."""
    rank = int(os.environ.get("RANK", "0"))
    _end_with(os.getppid())
    spec = ProcessSpec(**json.loads((folder / SPEC).read_text("utf-8")))
    stage: AnyStage = TypeAdapter(AnyStage).validate_python(spec.stage)
    if spec.device == "cuda" and torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    context = StageContext(
        folder=Path(spec.folder),
        inputs={reference: Path(path) for reference, path in spec.inputs.items()},
        base=Path(spec.base),
        data_root=Path(spec.data_root) if spec.data_root else None,
        seed=spec.seed,
        threads=spec.threads,
        device=spec.device,
        report=ignore_progress if rank else _Progress(folder / PROGRESS).report,
    )
    work = find_stage_work(stage.type)
    try:
        with quiet_libraries():
            work(stage, context)
    except OtherProcess:
        return 0
    except PolyarenaError as error:
        facts = {"type": type(error).__name__, "what": error.what, "where": error.where}
        text = json.dumps({**facts, "why": error.why, "fix": error.fix})
        part = folder / f"{rank}.part"
        part.write_text(text, "utf-8")
        part.rename(folder / FAILURE.format(rank=rank))
        return error.exit_code
    return 0


class _Progress:
    """Writes progress where the process that waits reads it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def report(self, activity: str, done: int, total: int, numbers: Mapping[str, float]) -> None:
        """Write one line."""
        line: list[Any] = [activity, done, total, dict(numbers)]
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


def _end_with(parent: int) -> None:
    """End this process as soon as the launcher or the pipeline's own process has ended, however it ended.

    The pipeline's process holds the other end of the standard input, which a kill closes.
    """

    def watch_launcher() -> None:
        while os.getppid() == parent:
            threading.Event().wait(0.5)
        os._exit(1)

    def watch_pipeline() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os._exit(1)

    for watch in (watch_launcher, watch_pipeline):
        threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
