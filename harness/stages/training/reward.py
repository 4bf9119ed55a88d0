"""The stage ``reward``: a reward model with one output, trained on preference pairs by TRL's RewardTrainer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import torch
from datasets import Dataset
from transformers import AutoModelForSequenceClassification
from trl import RewardConfig, RewardTrainer

from polyarena.harness.stages.files import RESULTS, read_pairs, write_json
from polyarena.harness.stages.pipeline.training_stages import RewardStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.records import Preference
from polyarena.harness.stages.training.arbiters import score_with_checkpoint
from polyarena.harness.stages.training.lengths import as_results
from polyarena.harness.stages.training.models import load_tokenizer, save_model
from polyarena.harness.stages.training.preference_data import (
    character_lengths,
    conversation,
    pairs_within,
    split_by_prompt,
)
from polyarena.harness.stages.training.settings_check import trainer_errors
from polyarena.harness.stages.training.trainers import (
    arguments,
    finish_training,
    lora_config,
    prepare,
    train_to_end,
)
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError


def run(stage: RewardStage, context: StageContext) -> None:
    """Train a reward model, measure it on held-out pairs, and save it.

    Raises:
        DataError: There are no pairs to train or to measure on.
        ModelError: Training diverged, or a reward is no number.
    """
    prepare(context)
    start = context.inputs[stage.model]
    tokenizer = load_tokenizer(start)
    pairs, table = pairs_within(read_pairs(context.inputs[stage.data]), tokenizer, stage, whole=True)
    train, held_out = split_by_prompt(pairs, stage.held_out, context.seed)
    if not train or not held_out:
        raise DataError(
            "a reward model needs pairs to train and pairs to measure on",
            where=stage.name,
            why=f"there are {len(train)} and {len(held_out)}",
            fix="add pairs, or change `held_out`",
        )
    model = AutoModelForSequenceClassification.from_pretrained(start, num_labels=1, dtype=torch.float32)
    model.config.pad_token_id = tokenizer.pad_token_id
    with trainer_errors(stage):
        trainer = RewardTrainer(
            model=model.to(context.device),
            args=RewardConfig(**arguments(stage, context, RewardConfig)),
            train_dataset=Dataset.from_list([conversation(pair) for pair in train]),
            processing_class=tokenizer,
            peft_config=lora_config(stage.lora, "SEQ_CLS"),
        )
    if len(trainer.train_dataset) != len(train):
        raise DataError(
            f"the trainer left out {count_of(len(train) - len(trainer.train_dataset), 'pair')}",
            where=stage.name,
            why="their texts are longer than max_length as the trainer counts",
            fix="raise max_length",
        )
    log = train_to_end(trainer, stage, context, "training")
    save_model(trainer.model, tokenizer, context.folder)
    write_json(
        context.folder / RESULTS,
        {
            "pairs": len(train),
            "lengths": as_results(table),
            **character_lengths(train),
            "first_loss": log[0]["loss"],
            "last_loss": log[-1]["loss"],
            "held_out": accuracy_by_language(context.folder, held_out, context, stage.max_length),
        },
    )
    finish_training(context, log)


def accuracy_by_language(
    checkpoint: Path, pairs: Sequence[Preference], context: StageContext, max_length: int
) -> dict[str, dict[str, float]]:
    """Return how often a reward model prefers the chosen completion, by language and for ``all``.

    Beside it stands how often the longer completion is the chosen one: what a ruler would achieve.

    Args:
        checkpoint: Folder of the reward model.
        pairs: Not seen in training.
        context: Of the stage, with the device.
        max_length: In tokens; longer texts are cut.

    Returns:
        By language and for ``all``: ``accuracy`` and ``longer_is_chosen``, shares from 0 to 1, and ``pairs``, a count.

    Raises:
        ModelError: A reward is no number.
    """
    asked = [(pair.prompt, text) for pair in pairs for text in (pair.chosen, pair.rejected)]
    scores = score_with_checkpoint(str(checkpoint), asked, context.device, max_length)
    found: dict[str, list[Preference]] = {"all": list(pairs)}
    right = {
        id(pair): (one > two) + 0.5 * (one == two)
        for pair, one, two in zip(pairs, scores[::2], scores[1::2], strict=True)
    }
    for pair in pairs:
        found.setdefault(pair.language, []).append(pair)
    return {
        language: {
            "pairs": len(members),
            "accuracy": mean(right[id(pair)] for pair in members),
            "longer_is_chosen": character_lengths(members)["chosen_is_longer"],
        }
        for language, members in found.items()
    }
