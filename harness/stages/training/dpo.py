"""The stage ``dpo``: offline preference training on pairs by TRL's DPOTrainer."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

from polyarena.harness.stages.files import RESULTS, read_pairs, write_json
from polyarena.harness.stages.pipeline.training_stages import DpoStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.records import Preference
from polyarena.harness.stages.training.kept_steps import finish_kept_steps
from polyarena.harness.stages.training.lengths import as_results
from polyarena.harness.stages.training.logprobs import margins
from polyarena.harness.stages.training.models import load_model, load_tokenizer, release, save_model
from polyarena.harness.stages.training.preference_data import character_lengths, pairs_within, split_by_prompt
from polyarena.harness.stages.training.preference_training import train_on_pairs
from polyarena.harness.stages.training.trainers import finish_training, prepare
from polyarena.tasks.errors import DataError


def run(stage: DpoStage, context: StageContext) -> None:
    """Train on the pairs and save the model.

    Raises:
        DataError: There are no pairs.
        ModelError: Training diverged.
    """
    prepare(context)
    policy = context.inputs[stage.model]
    reference = context.inputs[stage.reference or stage.model]
    tokenizer = load_tokenizer(policy)
    pairs, table = pairs_within(read_pairs(context.inputs[stage.data]), tokenizer, stage)
    train, held_out = split_by_prompt(pairs, stage.held_out, context.seed)
    if not train:
        raise DataError("no pairs are left to train on", where=stage.name, fix="lower `held_out`, or add pairs")
    before = _held_out_margins(stage, context, tokenizer, held_out, load_model(policy, context.device))
    model, log = train_on_pairs(stage, context, policy, reference, tokenizer, train, "training")
    save_model(model, tokenizer, context.folder)
    del model
    release()
    after = _held_out_margins(stage, context, tokenizer, held_out, load_model(context.folder, context.device))
    write_json(
        context.folder / RESULTS,
        {
            "pairs": len(train),
            "held_out_pairs": len(held_out),
            "lengths": as_results(table),
            **character_lengths(train),
            "first_loss": log[0]["loss"],
            "last_loss": log[-1]["loss"],
            "held_out_margin": {"before": _summary(before), "after": _summary(after)},
        },
    )
    finish_kept_steps(stage, context, tokenizer)
    finish_training(context, log)


def _held_out_margins(
    stage: DpoStage, context: StageContext, tokenizer: Any, pairs: Sequence[Preference], policy: Any
) -> list[float]:
    if not pairs:
        return []
    reference = load_model(context.inputs[stage.reference or stage.model], context.device)
    return margins(policy, reference, tokenizer, pairs, stage.beta, stage.max_length)


def _summary(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {"mean": mean(values), "positive": mean(value > 0 for value in values)}
