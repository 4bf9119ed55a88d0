"""DPO against a reference that is named: one round of it, for the offline stage and for each online round.

Left to itself, the trainer takes as reference whatever is at hand: the start of the round, the adapter's base, or the
weights that are on the disk by now. Here the reference is always the checkpoint that was asked for, and the first
margin says whether it was: it is 0 where policy and reference are the same model, and not 0 elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import DPOConfig, DPOTrainer

from polyarena.harness.stages.pipeline.training_stages import DpoStage, OnlineStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.records import Preference
from polyarena.harness.stages.training.models import load_model
from polyarena.harness.stages.training.preference_data import conversation
from polyarena.harness.stages.training.settings_check import trainer_errors
from polyarena.harness.stages.training.trainers import arguments, lora_config, train_to_end
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError, ModelError

SAME = 1e-4
"""Largest first margin of a policy that is its own reference, in nats times beta."""


def train_on_pairs(
    stage: DpoStage | OnlineStage,
    context: StageContext,
    policy: Path,
    reference: Path,
    tokenizer: Any,
    pairs: Sequence[Preference],
    activity: str,
) -> tuple[Any, list[dict[str, Any]]]:
    """Train a policy on pairs.

    Args:
        stage: The settings.
        context: Folder, seed and device.
        policy: The checkpoint that training starts from.
        reference: The checkpoint that the policy is held to.
        tokenizer: Of the policy.
        pairs: To train on.
        activity: For progress.

    Returns:
        The trained model, perhaps with adapters, and the log of steps.

    Raises:
        DataError: The trainer leaves pairs out.
        ModelError: Training diverged, or the reference is not the one that was asked for.
    """
    same = policy.resolve() == reference.resolve()
    # With adapters, the model without them is the start of the round: no second copy is needed where that is the
    # reference.
    implied = same and stage.lora is not None
    with trainer_errors(stage):
        trainer = DPOTrainer(
            model=load_model(policy, context.device),
            ref_model=None if implied else load_model(reference, context.device),
            args=DPOConfig(**arguments(stage, context, DPOConfig, beta=stage.beta, loss_type=[stage.loss])),
            train_dataset=Dataset.from_list([conversation(pair) for pair in pairs]),
            processing_class=tokenizer,
            peft_config=lora_config(stage.lora, "CAUSAL_LM"),
        )
    if len(trainer.train_dataset) != len(pairs):
        raise DataError(
            f"the trainer left out {count_of(len(pairs) - len(trainer.train_dataset), 'pair')}",
            where=stage.name,
            why="their prompts reach max_length as the trainer counts",
            fix="raise max_length",
        )
    log = train_to_end(trainer, stage, context, activity)
    refuse_wrong_reference(log, same, stage.name)
    return trainer.model, log


def refuse_wrong_reference(log: Sequence[dict[str, Any]], same: bool, where: str) -> None:
    """Refuse a training whose first margin does not fit its reference.

    Args:
        log: Of steps, from the first.
        same: Whether policy and reference were the same model at the start.
        where: The stage, for the message.

    Raises:
        ModelError: The margin is not 0 although they are the same, or 0 although they differ.
    """
    first = next((entry["rewards/margins"] for entry in log if "rewards/margins" in entry), None)
    if first is not None and (abs(first) <= SAME if not same else abs(first) > SAME):
        wanted = "the policy itself" if same else "another model than the policy"
        if same or first == 0.0:
            raise ModelError(
                f"the reference of this training is not {wanted}",
                where=where,
                why=f"the margin at the first step is {first:g}",
                fix="check that `reference` names the intended stage, and report this if it does",
            )
