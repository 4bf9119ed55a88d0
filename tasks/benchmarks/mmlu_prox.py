"""MMLU-ProX: MMLU-Pro in 29 languages, with up to ten options to each question; and its Lite version.

The data sets are li-lab/MMLU-ProX and li-lab/MMLU-ProX-Lite (Xuan et al. 2025, arXiv 2503.10497): the 11,829 questions
of MMLU-Pro, or 658 of them, translated by a language model in several steps and reviewed by experts, the same in all
languages by ``question_id``. A question has 4 to 10 options; the fields of the others are null.

The paper and lm-eval let the model reason before it answers, after five solved questions. Here the letters are the
choices and nothing is generated, so that base models can be compared; ``mmlu_prox_generated`` lets the model reason,
without examples. Numbers of neither compare with published ones.
``five_shot`` shows five questions of the same category from the split ``validation`` first, with their letters alone.
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.frames.cards import by_language, choice_card, translated
from polyarena.tasks.frames.generated_choice import generated_choice
from polyarena.tasks.frames.multiple_choice import (
    ALPHABET,
    FewShot,
    MultipleChoiceTask,
    exam_prompt,
    filled_options,
    keep_fields,
    source_from_fields,
)
from polyarena.tasks.frames.row import Row

CONFIGS = by_language("af ar bn cs de en es fr hi hu id it ja ko mr ne pt ru sr sw te th uk ur vi wo yo zh zu")
OPTIONS = tuple(f"option_{number}" for number in range(10))


def exam(row: Row) -> tuple[str, tuple[str, ...]]:
    """List the options after letters."""
    return exam_prompt(row.text("question"), filled_options(row, OPTIONS))


def gold(row: Row) -> int:
    """Return the index of the right option.

    Raises:
        DataError: The answer is no letter of an option.
    """
    options = filled_options(row, OPTIONS)
    return row.gold("answer", ALPHABET[: len(options)])


def _card(name: str, title: str, dataset: Dataset, shared: str) -> TaskCard:
    return choice_card(
        name,
        title,
        dataset,
        translated(CONFIGS, Provenance.POST_EDITED),
        chance=None,
        shared=shared,
        notes=(
            "Translated by a language model and reviewed by experts. Questions have 4 to 10 options, most of them "
            "ten, so chance differs between items and is a little above 10%. The letters are scored by their "
            "likelihood, without reasoning: numbers do not compare with published ones."
        ),
        citation="Xuan et al. 2025, MMLU-ProX, arXiv 2503.10497; Wang et al. 2024, MMLU-Pro, arXiv 2406.01574",
    )


def _task(card: TaskCard) -> MultipleChoiceTask:
    return MultipleChoiceTask(
        card=card,
        configs=CONFIGS,
        fields=("question_id", "question", "answer", "category"),
        prompts={"exam": exam},
        shots={"five_shot": FewShot(exam, split="validation", group=lambda row: row.text("category"))},
        gold=gold,
        source=source_from_fields("question_id"),
        details=keep_fields("src"),
        category=lambda row: row.text("category"),
    )


task = _task(
    _card(
        "mmlu_prox",
        f"MMLU-ProX: MMLU-Pro in {len(CONFIGS)} languages, with up to ten options",
        Dataset(
            id="li-lab/MMLU-ProX",
            revision="8e6106a6c6ce1c5027e66cc338143cf997b2aa09",
            licence="MIT",
            url="https://huggingface.co/datasets/li-lab/MMLU-ProX",
        ),
        "the 11,829 test questions, by question_id",
    )
)
"""All of MMLU-ProX."""

lite = _task(
    _card(
        "mmlu_prox_lite",
        f"MMLU-ProX-Lite: 658 questions of MMLU-ProX in {len(CONFIGS)} languages",
        Dataset(
            id="li-lab/MMLU-ProX-Lite",
            revision="e82aafb9460529687d3c7e51b401d8dd1dd309dd",
            licence="MIT",
            url="https://huggingface.co/datasets/li-lab/MMLU-ProX-Lite",
        ),
        "the 658 test questions, by question_id",
    )
)
"""Its Lite version."""

generated = generated_choice(task, "exam")
"""All of MMLU-ProX with reasoning before the letter, without examples."""
lite_generated = generated_choice(lite, "exam")
"""The Lite version with reasoning before the letter, without examples."""
