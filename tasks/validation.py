"""Checks of a task's items, so that no plugin can break a run halfway."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from polyarena.tasks.card import TaskCard
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import FewShotExample, Item, Kind
from polyarena.tasks.prompt import text_of
from polyarena.tasks.suggest import unknown
from polyarena.tasks.text import sanitize_text

if TYPE_CHECKING:
    from polyarena.tasks.protocol import Task


def require_language(card: TaskCard, language: str, *, where: str = "") -> None:
    """Refuse a language that the task does not have.

    Args:
        card: The task's.
        language: A ``lang_Script`` code.
        where: The place of the language in the user's file, for the message.

    Raises:
        UnknownNameError: With the reason if the card lists the language as left out, else with a did-you-mean.
    """
    if language in card.languages:
        return
    error = unknown(f"language of the task {card.name}", language, card.languages, where=where)
    raise type(error)(error.what, where=where, why=card.left_out.get(language, ""), fix=error.fix)


def validate_items(task: Task, language: str, items: Iterable[Item]) -> list[Item]:
    """Return the items of one language, safe to run; :func:`iter_valid_items` has the checks."""
    return list(iter_valid_items(task, language, items))


def iter_valid_items(task: Task, language: str, items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items of one language, safe to run.

    NUL characters and lone surrogates become U+FFFD, because neither can be stored or sent.

    Args:
        task: Whose items they are.
        language: A ``lang_Script`` code.
        items: As :meth:`polyarena.tasks.protocol.Task.items` yields them.

    Raises:
        DataError: There are none; an ``item_id`` occurs twice; an item is of another language, lacks an id or a
            prompt, or does not fit the task's kind (choices and a gold index within them if and only if multiple
            choice; no words and no media if and only if the choices are whole texts); its prompt is not the text of
            its parts; a turn does not follow the one before it. Also whatever the iteration itself raises.
    """
    card = task.card
    known: dict[str, int] = {}
    before: Item | None = None
    for position, raw in enumerate(items, start=1):
        item = raw if _is_storable(raw) else _storable(raw)
        problem = _problem(card.kind, language, item)
        if item.previous is not None and not problem:
            problem = _turn_problem(card.kind, item, before)
        if problem or item.item_id in known:
            raise DataError(
                problem or "an item_id occurs twice",
                where=f"task {card.name}, {language}, item {position} ({item.item_id!r})",
                why="" if problem else f"item {known[item.item_id]} has it too",
                fix=_fix(card),
            )
        known[item.item_id] = position
        before = item
        yield item
    if before is None:
        raise DataError("the task has no items", where=f"task {card.name}, {language}", fix=_fix(card))


def _storable(item: Item) -> Item:
    return replace(
        item,
        item_id=sanitize_text(item.item_id),
        source_id=sanitize_text(item.source_id),
        prompt=sanitize_text(item.prompt),
        parts=tuple(sanitize_text(part) if isinstance(part, str) else part for part in item.parts),
        choices=tuple(map(sanitize_text, item.choices)),
        choice_separator=sanitize_text(item.choice_separator),
        category=None if item.category is None else sanitize_text(item.category),
        previous=None if item.previous is None else sanitize_text(item.previous),
        references=tuple(map(sanitize_text, item.references)),
        examples=tuple(
            FewShotExample(*map(sanitize_text, (each.prompt, each.answer, each.separator))) for each in item.examples
        ),
        fields={sanitize_text(key): sanitize_text(value) for key, value in item.fields.items()},
    )


def _is_storable(item: Item) -> bool:
    """Whether all texts of an item can be stored as they are; looks at them all together, since there are millions."""
    if not isinstance(item.choices, tuple) or not isinstance(item.references, tuple):
        return False
    fields = item.fields
    texts = [
        item.item_id, item.source_id, item.prompt, item.choice_separator, item.category or "", item.previous or "",
        *item.choices, *item.references, *fields, *fields.values(),
    ]  # fmt: skip
    for each in item.examples:
        texts += (each.prompt, each.answer, each.separator)
    joined = "\n".join(texts)
    try:
        return b"\x00" not in joined.encode("utf-8")
    except UnicodeEncodeError:
        return False


def _problem(kind: Kind, language: str, item: Item) -> str:
    if item.language != language:
        return f"the item is of another language: {item.language!r}"
    if not item.item_id or not item.source_id:
        return "the item lacks an item_id or source_id"
    if "category" in item.fields:
        return "the item has its category among its fields, and not as `category`"
    if item.parts and text_of(item.parts) != item.prompt:
        return "the texts of the item's parts are not its prompt"
    if (not item.prompt or item.prompt.isspace()) and not item.whole_choices and not item.media:
        return "the prompt is empty"
    return _choice_problem(item) if kind is Kind.MULTIPLE_CHOICE else _open_problem(item)


def _turn_problem(kind: Kind, item: Item, before: Item | None) -> str:
    if kind is Kind.MULTIPLE_CHOICE:
        return "the item continues a conversation, and the task is multiple choice: no answer would be generated"
    if before is None or item.previous != before.item_id:
        return f"the item continues {item.previous!r}, which is not the item before it"
    if item.source_id != before.source_id:
        return f"the item continues {item.previous!r}, which has another source_id"
    if item.examples:
        return "the item continues a conversation, and examples can stand only before its first turn"
    return ""


def _choice_problem(item: Item) -> str:
    if len(item.choices) < 2:
        return f"a multiple-choice item needs two choices or more, this has {len(item.choices)}"
    if item.whole_choices and (item.prompt or item.examples or item.parts):
        return "its choices are whole texts, so that no prompt or examples can stand before them"
    if not all(item.choices):
        return "a choice is empty"
    if item.gold is None or not 0 <= item.gold < len(item.choices):
        return f"gold is {item.gold}, not an index of its {len(item.choices)} choices"
    return ""


def _open_problem(item: Item) -> str:
    if item.choices or item.gold is not None or item.whole_choices:
        return "the item has choices or gold, and the task is not multiple choice"
    return ""


def _fix(card: TaskCard) -> str:
    return f"report it to the authors of the task, or check the copy of {card.dataset.id} @ {card.dataset.revision}"
