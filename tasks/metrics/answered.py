"""The text of a completion in comparable form, for scoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.tasks.errors import DataError
from polyarena.tasks.text import comparable

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion


def answer_text(completion: Completion) -> str:
    """Return the text of a completion in comparable form (:mod:`polyarena.tasks.text`).

    Raises:
        DataError: The completion has no text.
    """
    if completion.text is None:
        raise DataError(
            "the completion of a generative item has no text",
            where=_place(completion),
            fix="compute this completion again; if that does not help, report an error of the model backend",
        )
    return comparable(completion.text)


def answer_and_references(item: Item, completion: Completion) -> tuple[str, tuple[str, ...]]:
    """Return the text of a completion and the references of its item, in comparable form (:mod:`polyarena.tasks.text`).

    Every metric on texts uses this function, so that all have the same definition of equal texts.

    Raises:
        DataError: The completion has no text, or the item no references.
    """
    answer = answer_text(completion)
    if not item.references:
        raise DataError(
            "the item has no references to score against",
            where=_place(completion),
            fix="report it to the task's authors",
        )
    return answer, tuple(map(comparable, item.references))


def _place(completion: Completion) -> str:
    return f"{completion.system}, {completion.task}, {completion.language}, {completion.item_id}"
