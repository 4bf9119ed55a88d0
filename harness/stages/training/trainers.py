"""What all training stages share: arguments of TRL's configurations, progress, divergence, and resuming."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from transformers import PrinterCallback, TrainerCallback, set_seed
from transformers.integrations import TensorBoardCallback

from polyarena.harness.models.precision import in_bfloat16
from polyarena.harness.stages.files import write_json
from polyarena.harness.stages.folders import LOGS, PARTIAL
from polyarena.harness.stages.pipeline.settings import LoraSettings, TrainSettings
from polyarena.harness.stages.protocol import Report, StageContext
from polyarena.harness.stages.training.checkpoints import newest_checkpoint, remove_checkpoints, seal
from polyarena.harness.stages.training.settings_check import trainer_errors
from polyarena.harness.stages.training.sharing import is_shared, leave_to_the_first, wait_for_all
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import ExperimentError, ModelError
from polyarena.tasks.suggest import unknown

TRAINER = "trainer"
"""Folder within the working folder, for checkpoints; removed at the end."""
LOG = "training_log.json"
KEPT = "steps"
"""Folder within the output, for the checkpoints of ``keep_steps``."""
_TIMES = ("runtime", "per_second", "total_flos", "num_input_tokens", "num_tokens")


def prepare(context: StageContext) -> None:
    """Set threads and every global generator."""
    torch.set_num_threads(context.threads)
    set_seed(context.seed)


def arguments(stage: TrainSettings, context: StageContext, config: type[Any], **own: Any) -> dict[str, Any]:
    """Return the arguments of a TRL configuration, with nothing that matters left to its defaults.

    Args:
        stage: The settings.
        context: The seed and the device.
        config: ``SFTConfig``, ``DPOConfig`` or ``RewardConfig``.
        own: Of the type of stage.

    Raises:
        UnknownNameError: ``trainer`` names an argument that the configuration does not have.
        ExperimentError: ``trainer`` sets what a setting of the stage decides, or shards a model that nothing shares.
    """
    if stage.trainer.get("fsdp") and not (context.device == "cuda" and is_shared()):
        raise ExperimentError(
            "FSDP needs several GPUs",
            where=f"{stage.name}.trainer.fsdp",
            why="this stage runs on a processor, or in one process",
            fix="set `device: cuda` and `processes` under `hardware`, or leave `fsdp` out; online stages share nothing",
        )
    decided = {
        "output_dir": str(context.folder / TRAINER),
        "num_train_epochs": stage.epochs,
        "max_steps": stage.steps or -1,
        "per_device_train_batch_size": stage.batch_size,
        "gradient_accumulation_steps": stage.gradient_accumulation,
        "learning_rate": stage.learning_rate,
        "lr_scheduler_type": stage.schedule,
        "warmup_steps": stage.warmup_steps,
        "weight_decay": stage.weight_decay,
        "max_grad_norm": stage.clip,
        "max_length": stage.max_length,
        "use_cpu": context.device == "cpu",
        "bf16": in_bfloat16(stage.bf16, context.device),
        "activation_checkpointing": stage.activation_checkpointing,
        "optim": stage.optimizer,
        "save_strategy": "steps",
        "save_steps": stage.save_steps,
        "save_total_limit": 2,
        "seed": context.seed,
        "data_seed": context.seed,
        "report_to": list(stage.report_to) or "none",
        **own,
    }
    # A round of an online stage has a folder of its own within that of the stage.
    is_round = context.folder.suffix != PARTIAL
    quiet = {
        "run_name": f"{stage.name}/{context.folder.name}" if is_round else stage.name,
        "disable_tqdm": True,
        "logging_steps": 1,
        "logging_first_step": True,
        "logging_nan_inf_filter": False,
        "dataloader_pin_memory": context.device != "cpu",
        "eval_strategy": "no",
    }
    known = {field.name for field in dataclasses.fields(config)}
    if "max_length" not in known:
        del decided["max_length"]  # trainers that generate have limits of their own
    for name in stage.trainer:
        if name not in known:
            raise unknown(f"argument of {config.__name__}", name, known, where=f"{stage.name}.trainer")
        if name in decided:
            raise ExperimentError(
                f"`trainer.{name}` is decided by the stage's own settings",
                where=stage.name,
                fix="set it beside `trainer`; docs/training.md lists the settings",
            )
    return {**decided, **quiet, **stage.trainer}


def lora_config(lora: LoraSettings | None, task: str) -> LoraConfig | None:
    """Return peft's configuration; ``None`` where all weights are trained."""
    if lora is None:
        return None
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets) if lora.targets else "all-linear",
        task_type=task,
    )


class StageCallback(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Reports progress and seals checkpoints."""

    def __init__(self, report: Report, activity: str, keep_steps: Sequence[int] = (), kept: Path | None = None) -> None:
        self._report = report
        self._activity = activity
        self._keep_steps = frozenset(keep_steps)
        self._kept = kept

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Save at the steps that are kept."""
        if state.global_step in self._keep_steps:
            control.should_save = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:  # noqa: ARG002
        """Report the numbers of a step."""
        numbers = {name: float(value) for name, value in (logs or {}).items() if isinstance(value, int | float)}
        if "loss" in numbers:
            self._report(self._activity, state.global_step, state.max_steps, numbers)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Seal a checkpoint whose files are all written, also those of the other processes."""
        wait_for_all()
        if state.is_world_process_zero:
            saved = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            # Before the seal: a run that is killed in between goes on from the checkpoint before.
            if state.global_step in self._keep_steps and self._kept is not None:
                keep_model(saved, self._kept / saved.name)
            seal(saved)


def train_to_end(trainer: Any, stage: TrainSettings, context: StageContext, activity: str) -> list[dict[str, Any]]:
    """Train, from the newest checkpoint if there is one; return the log of steps.

    The checkpoints stay until :func:`finish_training`: an interruption while the model is saved costs nothing. Where
    several processes share the training, only the first returns, with a whole model in the trainer.

    Raises:
        OtherProcess: This process is another one.
        ModelError: The loss is no number or too large; the message names the step and the batch.
        StoreError: A checkpoint lacks a file or was changed.
    """
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(StageCallback(context.report, activity, stage.keep_steps, context.folder / KEPT))
    for callback in trainer.callback_handler.callbacks:
        # Its own place would be beside the checkpoints, which are removed when the stage ends.
        if isinstance(callback, TensorBoardCallback) and callback.logging_dir is None:
            callback.logging_dir = str(context.folder / LOGS)
    _stop_on_divergence(trainer, stage)
    folder = context.folder / TRAINER
    resumed = newest_checkpoint(folder) if folder.is_dir() else None
    with trainer_errors(stage):
        trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    leave_to_the_first(trainer, context.folder, context.inputs[stage.model])
    return step_log(trainer.state.log_history)


def keep_model(checkpoint: Path, folder: Path) -> None:
    """Copy the model of a trainer's checkpoint, a whole one or an adapter, so that it outlives the trainer's own."""
    shutil.rmtree(folder, ignore_errors=True)
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for path in checkpoint.iterdir():
        if path.is_file() and path.suffix in (".safetensors", ".json") and path.name != "trainer_state.json":
            shutil.copyfile(path, part / path.name)
    part.rename(folder)


def finish_training(context: StageContext, log: Sequence[Mapping[str, Any]]) -> None:
    """Write the log of steps and remove the checkpoints."""
    write_json(context.folder / LOG, list(log))
    remove_checkpoints(context.folder / TRAINER)
    if (context.folder / TRAINER).is_dir():
        for path in sorted((context.folder / TRAINER).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (context.folder / TRAINER).rmdir()


def step_log(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of steps, without times; the last entry of a trainer sums up the run and has no loss."""
    return [
        {name: value for name, value in entry.items() if not any(mark in name for mark in _TIMES)}
        for entry in history
        if "loss" in entry
    ]


def _stop_on_divergence(trainer: Any, stage: TrainSettings) -> None:
    """Look at the loss of each batch before its gradient is used."""
    original = trainer.training_step

    def training_step(model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        loss = original(model, inputs, *args, **kwargs)
        # Trainers divide the loss of a batch by the number of batches in a step.
        value = float(loss) * stage.gradient_accumulation
        if not math.isfinite(value) or abs(value) > stage.diverged_above:
            step = trainer.state.global_step + 1
            raise ModelError(
                f"training diverged at step {step}: the loss is {value:g}",
                where=stage.name,
                why=f"the batch is {_batch(trainer, inputs)}",
                fix="lower `learning_rate`, raise `warmup_steps`, or look at these rows",
            )
        return loss

    trainer.training_step = training_step


def _batch(trainer: Any, inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """Return the beginnings of a batch's texts; trainers that generate are given the prompts as messages."""
    if isinstance(inputs, Sequence):
        texts = [str(row["prompt"][-1]["content"]) for row in inputs]
    else:
        texts = trainer.processing_class.batch_decode(inputs["input_ids"], skip_special_tokens=True)
    return f"{count_of(len(texts), 'row')}: " + "; ".join(repr(" ".join(text.split())[:60]) for text in texts[:4])
