"""Checks of the items of one language: whether each can be run and scored, and is unique."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polyarena.tasks.audit.finding import Finding, Severity, shown
from polyarena.tasks.card import TaskCard
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.text import REPLACEMENT, sanitize_text

DUPLICATES_WARN, DUPLICATES_FAIL = 0.01, 0.1
"""Shares of items that repeat the text of an earlier one: from the first on a warning, from the second an error."""


def audit_items(card: TaskCard, language: str, items: Sequence[Item]) -> Iterator[Finding]:
    """Yield errors of single items, one finding for each kind of error."""

    def fault(check: str, what: str, found: list[Item], severity: Severity = Severity.ERROR) -> Iterator[Finding]:
        if found:
            message = f"{len(found)} of {len(items)} items {what}"
            yield Finding(check, severity, card.name, language, message, shown(_named(item) for item in found))

    silent = [item for item in items if not item.prompt.strip() and not item.whole_choices]
    yield from fault("empty-prompt", "have an empty prompt", silent)
    wrong = [item for item in items if item.language != language]
    yield from fault("wrong-language-code", f"say that they are not in {language}", wrong)
    if card.kind is Kind.MULTIPLE_CHOICE:
        outside = [item for item in items if item.gold is None or not 0 <= item.gold < len(item.choices)]
        yield from fault("gold-out-of-range", "have a correct choice that is not among their choices", outside)
        blank = [item for item in items if len(item.choices) < 2 or not all(choice.strip() for choice in item.choices)]
        yield from fault("empty-choice", "have a choice without text, or fewer than two choices", blank)
        same = [item for item in items if len(set(item.choices)) < len(item.choices)]
        yield from fault("equal-choices", "have the same choice twice", same, Severity.WARNING)
    if card.kind is Kind.GENERATIVE:
        untold = [item for item in items if not any(reference.strip() for reference in item.references)]
        yield from fault("empty-target", "have no reference to score against", untold)
    broken = [item for item in items if any(REPLACEMENT in sanitize_text(text) for text in texts(item))]
    yield from fault("broken-text", "contain lost characters (U+FFFD)", broken, Severity.WARNING)
    yield from _repeated(card, language, items)


def texts(item: Item) -> Iterator[str]:
    """Yield all texts of an item: prompt, choices, references."""
    yield item.prompt
    yield from item.choices
    yield from item.references


def _repeated(card: TaskCard, language: str, items: Sequence[Item]) -> Iterator[Finding]:
    ids: dict[str, str] = {}
    asked: dict[int, str] = {}
    twice_id, twice_text = [], []
    for item in items:
        if item.item_id in ids:
            twice_id.append(item.item_id)
        ids[item.item_id] = item.item_id
        # Hashes keep the memory of a large task small; a collision among a million items has a chance of 1 in 10^7.
        key = hash((" ".join(item.prompt.split()), item.choices))
        if key in asked:
            twice_text.append(f"{asked[key]} and {item.item_id}: {item.prompt}")
        asked.setdefault(key, item.item_id)
    if twice_id:
        message = f"{len(twice_id)} item_ids occur twice"
        yield Finding("double-item-id", Severity.ERROR, card.name, language, message, shown(twice_id))
    share = len(twice_text) / len(items) if items else 0.0
    if share:
        warned = Severity.WARNING if share >= DUPLICATES_WARN else Severity.NOTE
        severity = Severity.ERROR if share >= DUPLICATES_FAIL else warned
        message = f"{len(twice_text)} of {len(items)} items ({share:.1%}) repeat the question of an earlier one"
        yield Finding("duplicate-items", severity, card.name, language, message, shown(twice_text))


def _named(item: Item) -> str:
    return f"{item.item_id}: {item.prompt}"
