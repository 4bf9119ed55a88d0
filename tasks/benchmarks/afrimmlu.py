"""AfriMMLU: 500 questions of MMLU in African languages, English and French.

The data set is masakhane/afrimmlu (Adelani et al. 2024, arXiv 2406.03368), translated by people, in the same order in
all languages. ``choices`` is a text that holds a list (``['1', '2', '3', '4']``), as the hub's tables have no lists.

The layout is that of the other MMLU tasks, with letters as choices; lm-eval's five prompts list letters too, but score
the texts of the options.
"""

from __future__ import annotations

import ast

from polyarena.tasks.benchmarks.afrixnli import OUTSIDE
from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card, translated
from polyarena.tasks.frames.multiple_choice import (
    LETTERS,
    MultipleChoiceTask,
    exam_prompt,
    keep_fields,
    source_from_position,
)
from polyarena.tasks.frames.row import Row

CONFIGS = by_language("amh eng fra hau ibo orm sna sot swa twi wol xho yor zul")


def options(row: Row) -> list[str]:
    """Return the four options.

    Raises:
        DataError: The field is neither a list of four nor a text that holds one.
    """
    value = row.values["choices"]
    try:
        listed = ast.literal_eval(value) if isinstance(value, str) else value
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        listed = None
    if not isinstance(listed, list) or len(listed) != len(LETTERS):
        raise row.refused("the field 'choices' is no list of four options", value)
    return [str(option).strip() for option in listed]


def exam(row: Row) -> tuple[str, tuple[str, ...]]:
    """List the options after letters."""
    return exam_prompt(row.text("question"), options(row))


task = MultipleChoiceTask(
    card=choice_card(
        "afrimmlu",
        f"AfriMMLU: MMLU in {len(CONFIGS)} languages",
        Dataset(
            id="masakhane/afrimmlu",
            revision="main",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/masakhane/afrimmlu",
        ),
        translated(CONFIGS, Provenance.HUMAN),
        chance=1 / 4,
        shared="the 500 test questions, by row",
        notes=OUTSIDE,
        citation="Adelani et al. 2024, IrokoBench, arXiv 2406.03368",
    ),
    configs=CONFIGS,
    fields=("question", "choices", "answer"),
    prompts={"exam": exam},
    gold=lambda row: row.gold("answer", LETTERS),
    source=source_from_position,
    details=keep_fields("subject"),
)
