"""MLogiQA: passages with a question of logic and four answers, in ten languages.

The data set is that of P-MMEval (Zhang et al. 2024, arXiv 2411.09116): 80 questions of LogiQA (Liu et al. 2020, arXiv
2007.08124), which come from Chinese civil-service examinations, the same in all languages by their order. The copy
swiss-ai/mlogiqa, which lm-eval reads, has a config for each language; the options are a list, or a list written as
text.

The prompt has the paper's labels, the options after letters, and the letters as the choices. lm-eval's choices are the
letter and the text of each option.
"""

from __future__ import annotations

import ast

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card
from polyarena.tasks.frames.generated_choice import generated_choice
from polyarena.tasks.frames.multiple_choice import LETTERS, MultipleChoiceTask, source_from_position
from polyarena.tasks.frames.row import Row

CONFIGS = by_language("ar en es fr ja ko pt th vi zh")


def options(row: Row) -> list[str]:
    """Return the four options.

    Raises:
        DataError: The field is neither a list of four texts nor such a list written as text.
    """
    written = row.values["options"]
    try:
        listed = ast.literal_eval(written) if isinstance(written, str) else written
    except (SyntaxError, ValueError):
        listed = None
    if not isinstance(listed, list) or len(listed) != len(LETTERS) or not all(isinstance(each, str) for each in listed):
        raise row.refused("the field 'options' is not a list of four texts", written)
    return [each.strip() for each in listed]


def passage(row: Row) -> tuple[str, tuple[str, ...]]:
    """Give the passage, the question and the options after letters."""
    listed = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options(row), strict=True))
    context, question = row.text("context").strip(), row.text("question").strip()
    return f"Passage: {context}\nQuestion: {question}\nChoices:\n{listed}\nAnswer:", LETTERS


task = MultipleChoiceTask(
    card=choice_card(
        "mlogiqa",
        f"MLogiQA: logical reasoning about passages in {len(CONFIGS)} languages",
        Dataset(
            id="swiss-ai/mlogiqa",
            revision="main",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/swiss-ai/mlogiqa",
        ),
        dict.fromkeys(CONFIGS, Provenance.POST_EDITED) | {"zho_Hans": Provenance.NATIVE},
        chance=1 / 4,
        shared="the 80 questions, by row",
        notes=(
            "The questions were Chinese first. The other languages were translated by machine and corrected by people. "
            "The licence is that of P-MMEval, from which the copy was made."
        ),
        citation="Zhang et al. 2024, P-MMEval, arXiv 2411.09116; Liu et al. 2020, LogiQA, arXiv 2007.08124",
    ),
    configs=CONFIGS,
    fields=("context", "question", "options", "answer"),
    prompts={"passage": passage},
    gold=lambda row: row.gold("answer", "0123"),
    source=source_from_position,
)

generated = generated_choice(task, "passage")
"""MLogiQA with reasoning before the letter, as P-MMEval asks it."""
