"""Training that several processes share: who saves, and how the whole model is had again at the end."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import distributed

from polyarena.tasks.errors import ExperimentError

TRAINED = "trained"
"""Folder within the working folder, for the model as the processes trained it; removed once it is read."""


class OtherProcess(Exception):  # noqa: N818
    """Training is done, and this is not the process that measures and saves."""


def is_shared() -> bool:
    """Return whether several processes train together."""
    return bool(distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1)


def is_first() -> bool:
    """Return whether this process saves; the only one does."""
    return not is_shared() or distributed.get_rank() == 0


def wait_for_all() -> None:
    """Wait until every process is here."""
    if is_shared():
        distributed.barrier()


def leave_to_the_first(trainer: Any, folder: Path, start: Path) -> None:
    """Leave the trainer with a whole model in the first process, and end the others.

    Args:
        trainer: That has trained.
        folder: The working folder of the stage.
        start: The checkpoint that training started from; adapters are put on it again.

    Raises:
        OtherProcess: In every process but the first.
        ExperimentError: The settings of FSDP save the model in parts.
    """
    if not is_shared():
        return
    plugin = getattr(trainer.accelerator.state, "fsdp_plugin", None)
    if plugin is not None and "FULL_STATE_DICT" not in str(plugin.state_dict_type):
        raise ExperimentError(
            "FSDP must save whole models",
            where="trainer.fsdp_config",
            fix="set `state_dict_type: FULL_STATE_DICT` there, or leave it out",
        )
    saved = folder / TRAINED
    trainer.save_model(str(saved))
    wait_for_all()
    if not is_first():
        raise OtherProcess
    inner = trainer.accelerator.unwrap_model(trainer.model)
    adapted = isinstance(inner, PeftModel)
    kind = type(inner.get_base_model() if adapted else inner)
    config = inner.config
    trainer.model = trainer.model_wrapped = trainer.optimizer = inner = None
    gc.collect()
    # The configuration of the start may lack what the stage added, such as the one output of a reward model.
    model = kind.from_pretrained(start if adapted else saved, config=config, dtype=torch.float32)
    if adapted:
        model = PeftModel.from_pretrained(model, str(saved))
    trainer.model = model.to(trainer.args.device)
    shutil.rmtree(saved)
