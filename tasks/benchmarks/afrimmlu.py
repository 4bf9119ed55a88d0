"""AfriMMLU: 500 questions of MMLU in African languages, English and French.

The data set is masakhane/afrimmlu (Adelani et al. 2024, arXiv 2406.03368), translated by people. Its rows are not in
the same order in all languages: English has the subjects in another order, and in some subjects the questions. Two
questions count as translations of each other only if their subject has the same right answers in the same order in both
languages. The rest are paired with nothing.

``choices`` is a text that contains a list (``['1', '2', '3', '4']``), as the hub's tables have no lists.

The layout is that of the other MMLU tasks, with letters as choices; lm-eval's five prompts list letters too, but score
the texts of the options.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence

from polyarena.tasks.benchmarks.afrixnli import OUTSIDE
from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card, translated
from polyarena.tasks.frames.multiple_choice import (
    LETTERS,
    MultipleChoiceTask,
    exam_prompt,
    keep_fields,
)
from polyarena.tasks.frames.row import Row

CONFIGS = by_language("amh eng fra hau ibo kin orm sna sot swa twi wol xho yor zul")


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


def pair(rows: Sequence[Row]) -> list[str]:
    """Return source ids that two languages share only where a subject has the same right answers in the same order.

    Args:
        rows: All of one language.
    """
    answers: dict[str, list[str]] = {}
    places = []
    for row in rows:
        of_subject = answers.setdefault(row.text("subject"), [])
        places.append((row["subject"], len(of_subject)))
        of_subject.append(str(row["answer"]))
    order = {
        subject: hashlib.sha256("".join(of_subject).encode()).hexdigest()[:8] for subject, of_subject in answers.items()
    }
    return [f"{subject}/{order[subject]}/{number}" for subject, number in places]


task = MultipleChoiceTask(
    card=choice_card(
        "afrimmlu",
        f"AfriMMLU: MMLU in {len(CONFIGS)} languages",
        Dataset(
            id="masakhane/afrimmlu",
            revision="96f247619673906ae4c321a3232afc67b98ea57e",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/masakhane/afrimmlu",
        ),
        translated(CONFIGS, Provenance.HUMAN),
        chance=1 / 4,
        version="0.2",
        shared="the questions of subjects whose right answers agree in order",
        notes=f"{OUTSIDE} Rows are not parallel by position; questions of other subjects are paired with nothing.",
        citation="Adelani et al. 2024, IrokoBench, arXiv 2406.03368",
    ),
    configs=CONFIGS,
    fields=("question", "choices", "answer", "subject"),
    prompts={"exam": exam},
    gold=lambda row: row.gold("answer", LETTERS),
    pairing=pair,
    details=keep_fields("subject"),
)
