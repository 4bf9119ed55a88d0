"""The checkpoints within a run that ``keep_steps`` names: whole models beside the last one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from peft import PeftModel

from polyarena.harness.stages.pipeline.training_stages import DpoStage, SftStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.training.models import load_model, release, save_model
from polyarena.harness.stages.training.trainers import KEPT
from polyarena.tasks.errors import ExperimentError


def finish_kept_steps(stage: SftStage | DpoStage, context: StageContext, tokenizer: Any) -> None:
    """Turn what the trainer saved at the kept steps into whole checkpoints; adapters are merged into the start.

    Raises:
        ExperimentError: Training had fewer steps than the last one that is to be kept.
    """
    for step in stage.keep_steps:
        folder = context.folder / KEPT / f"checkpoint-{step}"
        if not folder.is_dir():
            raise ExperimentError(
                f"there is no step {step} to keep",
                where=f"{stage.name}.keep_steps",
                why="training ended before it",
                fix="name steps up to the last one, or train longer",
            )
        _make_whole(folder, context.inputs[stage.model], context, tokenizer)


def _make_whole(folder: Path, start: Path, context: StageContext, tokenizer: Any) -> None:
    adapter = (folder / "adapter_config.json").is_file()
    model = load_model(start if adapter else folder, context.device)
    if adapter:
        model = PeftModel.from_pretrained(model, str(folder))
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    save_model(model, tokenizer, part)
    del model
    release()
    shutil.rmtree(folder)
    part.rename(folder)
