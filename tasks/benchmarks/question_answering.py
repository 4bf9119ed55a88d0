"""What the tasks share that ask for a span of a passage: the schema of SQuAD, its prompt and its scores."""

from __future__ import annotations

from typing import Any

from polyarena.tasks.benchmarks.reading import OBJECT, TEXT, Row
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Item
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.answers import EXACT_MATCH, F1

FIELDS = {"id": TEXT, "context": TEXT, "question": TEXT, "answers": OBJECT}
METRICS = (F1, EXACT_MATCH)


def question_item(language: str, number: int, row: Row, where: str) -> Item:  # noqa: ARG001
    """Make the item of a row in the schema of SQuAD.

    Args:
        language: The language of passage, question and answers.
        number: The row's number, which is not used.
        row: With an ``id``, a ``context``, a ``question`` and ``answers``.
        where: The row's place, for messages.

    Raises:
        DataError: There is no answer, or only empty ones, as in copies for submission to a leaderboard.
    """
    return Item(
        item_id=row["id"],
        source_id=row["id"],
        language=language,
        prompt=(
            f"Read the passage and answer the question about it in {find_language(language).name}. Answer with a few "
            "words of the passage and nothing else.\n\n"
            f"Passage: {row['context'].strip()}\n\nQuestion: {row['question'].strip()}\n\nAnswer:"
        ),
        references=_answers(row["answers"], where),
    )


def _answers(answers: Any, where: str) -> tuple[str, ...]:
    texts = answers.get("text") or []
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise DataError("the field 'answers.text' is no list of texts", where=where, why=f"it is {texts!r}")
    # The same answer of several annotators says no more than once.
    found = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if not found:
        raise DataError(
            "the question has no answer to score against",
            where=where,
            why=f"'answers.text' is {texts!r}; copies made for a leaderboard hide the answers (XTREME's of TyDi QA do)",
            fix="use the data set of the hub, which has the answers",
        )
    return found
