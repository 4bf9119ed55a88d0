"""What the tasks share that translate grade-school maths (GSM8K): 250 word problems, each answered by one number."""

from __future__ import annotations

from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import NUMBER, TEXT
from polyarena.tasks.item import Item
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.numbers import NUMERIC_MATCH

FIELDS = {"question": TEXT, "answer_number": NUMBER}
METRICS = (NUMERIC_MATCH,)


def instructed(question: str, language: str) -> str:
    """Return the prompt that asks to reason in the language of the problem and to end with a number.

    Args:
        question: The problem, as the data set has it.
        language: A ``lang_Script`` code.
    """
    return (
        f"Solve the problem below. Think step by step in {find_language(language).name}, and write the answer as a "
        f"single number on the last line.\n\n{question.strip()}"
    )


def maths_item(row: Row) -> Item:
    """Make the item of a row in the schema of MGSM; the rows of all languages are in the same order.

    Args:
        row: With a ``question`` and an ``answer_number``; its number is that of all translations.
    """
    return numbered(row, instructed(row["question"], row.language), row["answer_number"])


def numbered(row: Row, prompt: str, answer: int | float | str) -> Item:
    """Return the item whose id is the number of its row.

    Args:
        row: The row of the problem; its number is that of all translations.
        prompt: What is asked.
        answer: The right number; a whole one loses its decimal point.
    """
    if isinstance(answer, float) and answer.is_integer():
        answer = int(answer)
    return Item(str(row.number), str(row.number), row.language, prompt, references=(str(answer).strip(),))
