"""Checks of a task's card."""

from __future__ import annotations

from collections.abc import Iterator

from polyarena.tasks.audit.finding import Finding, Severity
from polyarena.tasks.audit.revisions import is_pinned
from polyarena.tasks.card import TaskCard
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.languages import find_language

NO_LICENCE = frozenset({"", "unknown", "none", "noassertion", "other", "tbd"})


def audit_card(card: TaskCard) -> Iterator[Finding]:
    """Yield what is missing or imprecise in a card."""
    yield from _revision(card)
    if card.dataset.licence.strip().casefold() in NO_LICENCE:
        message = f"the card names no licence of {card.dataset.id}: it is unknown how the items may be used"
        yield Finding("missing-licence", Severity.WARNING, card.name, "", message)
    without = [code for code in card.languages if code not in card.provenance]
    if without:
        message = f"{count_of(len(without), 'language has', 'languages have')} no provenance: the translator is unknown"
        yield Finding("missing-provenance", Severity.ERROR, card.name, "", message, tuple(without[:5]))
    unknown = [code for code in card.languages if not is_listed(code)]
    if unknown:
        message = f"{count_of(len(unknown), 'language')} of the card not in the table of languages"
        yield Finding("unknown-language", Severity.ERROR, card.name, "", message, tuple(unknown[:5]))
    both = [code for code in card.languages if code in card.left_out]
    if both:
        message = "languages are listed and left out at the same time"
        yield Finding("left-out-and-listed", Severity.WARNING, card.name, "", message, tuple(both[:5]))


def _revision(card: TaskCard) -> Iterator[Finding]:
    dataset = card.dataset
    if dataset.id == "builtin" or is_pinned(dataset.revision):
        return
    what = f"the revision {dataset.revision!r}, which can move" if dataset.revision else "no revision"
    message = f"the data set {dataset.id} is read at {what}: scores computed at different times may use different data"
    yield Finding("unpinned-revision", Severity.WARNING, card.name, "", message)


def is_listed(code: str) -> bool:
    """Return whether the table of languages has this code."""
    try:
        return find_language(code).code == code
    except UnknownNameError:
        return False
