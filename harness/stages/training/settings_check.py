"""Settings that only the training libraries can judge: looked at before the first stage runs, and not hours later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers.integrations import get_available_reporting_integrations
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK
from transformers.training_args import OptimizerNames

from polyarena.harness.stages.memory import memory_errors
from polyarena.harness.stages.pipeline.settings import TrainSettings
from polyarena.harness.stages.pipeline.training_stages import OnlineStage
from polyarena.tasks.errors import ExperimentError, ModelError
from polyarena.tasks.suggest import unknown


def check_training_settings(stage: TrainSettings, device: str) -> None:
    """Refuse a training stage whose names the libraries do not know, or whose device is not there.

    Errors have ``NAME.KEY`` as their place.

    Raises:
        UnknownNameError: An optimizer or a reporter does not exist.
        ExperimentError: A reporter is not installed.
        ModelError: There is no GPU.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError(
            "there is no GPU",
            where=stage.name,
            why="`hardware.device` is cuda",
            fix="set `device: cpu` under `hardware`",
        )
    optimizers = [each.value for each in OptimizerNames]
    if stage.optimizer not in optimizers:
        raise unknown("optimizer", stage.optimizer, optimizers, where=f"{stage.name}.optimizer")
    installed = get_available_reporting_integrations()
    for name in stage.report_to:
        where = f"{stage.name}.report_to"
        if name not in INTEGRATION_TO_CALLBACK:
            raise ExperimentError(
                f"the trainer cannot report to {name!r}",
                where=where,
                fix=f"use one of: {', '.join(INTEGRATION_TO_CALLBACK)}",
            )
        if name not in installed:
            raise ExperimentError(
                f"{name!r} is not installed",
                where=where,
                fix=f"pip install {name.replace('_', '-')}, or take it out of `report_to`",
            )


@contextmanager
def trainer_errors(stage: TrainSettings) -> Iterator[None]:
    """Turn what a trainer raises about its settings or a lack of memory into errors that say what to do.

    Raises:
        ModelError: The memory does not suffice.
        ExperimentError: The trainer refuses a setting; the message has the trainer's own reason.
    """
    try:
        with memory_errors(stage.name, _less_memory(stage)):
            yield
    except (ValueError, ImportError) as error:
        raise ExperimentError(
            "the trainer refuses the settings of this stage",
            where=stage.name,
            why=str(error).splitlines()[0] if str(error) else type(error).__name__,
            fix="correct the setting that it names; --debug shows where it was raised",
        ) from error


def _less_memory(stage: TrainSettings) -> str:
    """Return which settings lower the memory that training takes."""
    samples = isinstance(stage, OnlineStage) and stage.algorithm != "dpo"
    shorter = "lower `samples` or `sampling.max_tokens`" if samples else "lower `max_length`"
    return (
        f"lower `batch_size` and raise `gradient_accumulation`, {shorter}, set `activation_checkpointing: true`, or "
        "train adapters (`lora`)"
    )
