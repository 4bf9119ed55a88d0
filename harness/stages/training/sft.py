"""The stage ``sft``: supervised fine-tuning by TRL's SFTTrainer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from polyarena.harness.stages.files import HELD_OUT, RESULTS, read_rows, write_json
from polyarena.harness.stages.pipeline.settings import TrainSettings
from polyarena.harness.stages.pipeline.training_stages import SftStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.training.kept_steps import finish_kept_steps
from polyarena.harness.stages.training.lengths import LanguageLengths, as_results, limit_lengths
from polyarena.harness.stages.training.logprobs import loss_by_language
from polyarena.harness.stages.training.models import encode_pairs, load_model, load_tokenizer, save_model
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
from polyarena.tasks.languages import select_languages
from polyarena.tasks.mixtures.records import TrainingRow


def run(stage: SftStage, context: StageContext) -> None:
    """Train on the rows of the data stages and save the model.

    Raises:
        DataError: There are no rows, or none of a language are short enough.
        ModelError: Training diverged.
    """
    prepare(context)
    tokenizer = load_tokenizer(context.inputs[stage.model])
    held_out = _held_out(stage, context)
    given = of_languages([row for name in stage.data for row in read_rows(context.inputs[name])], stage)
    # Mixtures that prune differently hold different prompts out.
    measured = {(row.language, row.prompt) for row in held_out}
    fresh = [row for row in given if (row.language, row.prompt) not in measured]
    rows, table = rows_within(fresh, tokenizer, stage)
    model = load_model(context.inputs[stage.model], context.device)
    before = loss_by_language(model, tokenizer, held_out, stage.max_length)
    with trainer_errors(stage):
        trainer = SFTTrainer(
            model=model,
            args=SFTConfig(
                **arguments(
                    stage,
                    context,
                    SFTConfig,
                    packing=stage.packing,
                    completion_only_loss=stage.completion_only,
                )
            ),
            train_dataset=Dataset.from_list([_conversation(row) for row in rows]),
            processing_class=tokenizer,
            peft_config=lora_config(stage.lora, "CAUSAL_LM"),
        )
    if not stage.packing and len(trainer.train_dataset) != len(rows):
        raise DataError(
            f"the trainer left out {count_of(len(rows) - len(trainer.train_dataset), 'row')}",
            where=stage.name,
            why="their completions are outside max_length as the trainer counts",
            fix="raise max_length",
        )
    log = train_to_end(trainer, stage, context, "training")
    after = loss_by_language(trainer.model, tokenizer, held_out, stage.max_length)
    save_model(trainer.model, tokenizer, context.folder)
    write_json(
        context.folder / RESULTS,
        {
            "rows": len(rows),
            "left_out_as_held_out": len(given) - len(fresh),
            "lengths": as_results(table),
            "first_loss": log[0]["loss"],
            "last_loss": log[-1]["loss"],
            "held_out": held_out_results(before, after),
        },
    )
    finish_kept_steps(stage, context, tokenizer)
    finish_training(context, log)


def of_languages(rows: Sequence[TrainingRow], stage: TrainSettings) -> list[TrainingRow]:
    """Return the rows of the languages that a stage names.

    Raises:
        DataError: A language that it names has no rows.
    """
    if stage.languages is None:
        return list(rows)
    wanted = [language.code for language in select_languages(stage.languages, where=stage.name)]
    chosen = [row for row in rows if row.language in set(wanted)]
    without = sorted(set(wanted) - {row.language for row in chosen})
    if without:
        raise DataError(
            f"there are no rows of {', '.join(without)}",
            where=f"{stage.name}.languages",
            fix="take them out of `languages`, or add a source that has them",
        )
    return chosen


def rows_within(
    rows: Sequence[TrainingRow], tokenizer: Any, stage: TrainSettings
) -> tuple[list[TrainingRow], list[LanguageLengths]]:
    """Leave out rows that ``max_length`` would leave nothing of; see :func:`limit_lengths`."""
    encoded = encode_pairs(tokenizer, [(row.prompt, row.completion) for row in rows])
    counts = [(len(one), len(both)) for one, both in encoded]
    return limit_lengths(rows, lambda row: row.language, counts, stage.max_length, stage.name)


def held_out_results(
    before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Return the loss before and after by language."""
    return {
        language: {
            "rows": after[language]["rows"],
            "before": before[language]["loss"],
            "after": after[language]["loss"],
        }
        for language in after
    }


def _held_out(stage: SftStage, context: StageContext) -> list[TrainingRow]:
    if stage.measure_on is None:
        return []
    return of_languages(read_rows(context.inputs[stage.measure_on], HELD_OUT), stage)


def _conversation(row: TrainingRow) -> dict[str, Any]:
    return {
        "prompt": [{"role": "user", "content": row.prompt}],
        "completion": [{"role": "assistant", "content": row.completion}],
    }
