"""Shared parts of tasks that ask for a span of a passage: the schema of SQuAD, its prompt and its scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarena.tasks.errors import DataError, HiddenAnswersError
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import OBJECT, TEXT
from polyarena.tasks.item import Item
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.question_answering import EXACT_MATCH, F1

if TYPE_CHECKING:
    from polyarena.tasks.card import TaskCard

FIELDS = {"id": TEXT, "context": TEXT, "question": TEXT, "answers": OBJECT}
METRICS = (F1, EXACT_MATCH)


def question_item(row: Row) -> Item:
    """Convert a row in the schema of SQuAD to an item.

    Args:
        row: With an ``id``, a ``context``, a ``question`` and ``answers``.

    Raises:
        DataError: The answers are not a list of texts.
    """
    return Item(
        item_id=row["id"],
        source_id=row["id"],
        language=row.language,
        prompt=(
            f"Read the passage and answer the question about it in {find_language(row.language).name}. Answer with a "
            "few words of the passage and nothing else.\n\n"
            f"Passage: {row['context'].strip()}\n\nQuestion: {row['question'].strip()}\n\nAnswer:"
        ),
        references=_answers(row),
    )


def require_answers(card: TaskCard, language: str, rows: Sequence[Row]) -> None:
    """Refuse questions without answers, as in copies for submission to a leaderboard.

    Args:
        card: The task's.
        language: ``lang_Script``.
        rows: All of the language.

    Raises:
        HiddenAnswersError: A question has no answer, or only empty ones; the message counts them.
    """
    hidden = [row for row in rows if not _answers(row)]
    if not hidden:
        return
    first = hidden[0]
    raise HiddenAnswersError(
        f"the task {card.name!r} cannot be scored: {len(hidden):,} of {len(rows):,} questions in {language} have no "
        "answer",
        where=first.place,
        why=f"'answers.text' is {first['answers'].get('text')!r} there; copies made for a leaderboard hide the answers "
        "(XTREME's of TyDi QA do)",
        fix=f"copy the split {card.dataset.split!r} of {card.dataset.id} from the hub, which has the answers, or leave "
        "the task out of the experiment",
    )


def _answers(row: Row) -> tuple[str, ...]:
    texts = row["answers"].get("text") or []
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise DataError("the field 'answers.text' is not a list of texts", where=row.place, why=f"it is {texts!r}")
    # The same answer of several annotators says no more than once.
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
