"""Checks whether items are in their declared language.

For each item of a sample, the template is removed (see :mod:`polyarena.tasks.audit.template`). The rest is identified
line by line, and so are the choices. An item is right if any part of it is in the language. It is wrong if its prompt,
and its choices if it has its own, are confidently in another language or script (see
:func:`polyarena.tasks.identify.agreement`). References are identified where prompt and choices do not show that the
item is right, as in translation. Languages that the identifier does not know are compared by script alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polyarena.tasks.audit.finding import Finding, Severity, shown
from polyarena.tasks.audit.template import own_lines
from polyarena.tasks.card import TaskCard
from polyarena.tasks.identify import Agreement, agreement, can_identify, identify
from polyarena.tasks.item import Item

SAMPLE = 60
"""Number of items of each language to check, evenly spaced."""
FEWEST = 5
"""Fewest items of a language for which a share is meaningful."""
WARN_FROM, FAIL_FROM = 0.1, 0.5
"""Shares of the sample in another language, from which on it is a warning and an error.

Items that cannot be identified count as right; otherwise, in a language in which that is frequent, a few wrong items
would be a large share.
"""
_WRONG = (Agreement.OTHER_LANGUAGE, Agreement.OTHER_SCRIPT)
LIST = 80
"""Letters of choices from which on their language counts against them: a few names are no prose."""
SENTENCE = 25
"""Letters of references from which on a doubt about their language is one about the item: fewer are no sentence."""
_LINES = 12


def language_check(card: TaskCard, language: str, items: Sequence[Item]) -> Iterator[Finding]:
    """Yield a finding if too many items of a language are in another one."""
    sample = spread(items, SAMPLE)
    asked = own_lines([item.prompt for item in sample])
    # Choices that all items have ("yes", "no") are part of the template.
    alike = len({item.choices for item in sample}) == 1
    wrong = []
    for item, lines in zip(sample, asked, strict=True):
        if "answer_language" in item.fields and _weight(item.references) < SENTENCE:
            continue  # what is to be translated is in another language, and there is no translation to look at
        verdict = _together(
            _verdict(language, lines),
            *([] if alike or not item.choices else [_of_choices(language, item.choices)]),
        )
        if verdict is not Agreement.SAME and item.references:
            verdict = _together(verdict, *_of_references(language, item.references))
        if verdict in _WRONG:
            wrong.append(f"{item.item_id}: {' '.join(lines)}")
    share = len(wrong) / len(sample) if sample else 0.0
    if len(sample) < FEWEST or share < WARN_FROM:
        return
    by = "" if can_identify(language) else ", by their script"
    message = f"{len(wrong)} of {len(sample)} items of a sample ({share:.0%}) are not in {language}{by}"
    severity = Severity.ERROR if share >= FAIL_FROM else Severity.WARNING
    yield Finding("other-language", severity, card.name, language, message, shown(wrong))


def spread(items: Sequence[Item], size: int) -> list[Item]:
    """Return up to ``size`` items, evenly spaced from the first on."""
    step = max(1, len(items) / size)
    return [items[int(index * step)] for index in range(min(size, len(items)))]


def _together(*verdicts: Agreement) -> Agreement:
    """Return what prompt and choices say together: right if one is, wrong if all are."""
    if Agreement.SAME in verdicts:
        return Agreement.SAME
    return Agreement.UNKNOWN if Agreement.UNKNOWN in verdicts else verdicts[0]


def _of_choices(language: str, choices: Sequence[str]) -> Agreement:
    verdict = _verdict(language, choices)
    return Agreement.UNKNOWN if verdict is Agreement.OTHER_LANGUAGE and _weight(choices) < LIST else verdict


def _of_references(language: str, references: Sequence[str]) -> list[Agreement]:
    """Return what references say; nothing where they are numbers and names, unless they are right."""
    verdict = _verdict(language, references)
    return [verdict] if verdict is Agreement.SAME or _weight(references) >= SENTENCE else []


def _weight(texts: Sequence[str]) -> int:
    # A character of the East Asian scripts is worth about three letters.
    return sum(3 if character >= "\u2e80" else 1 for text in texts for character in text)


def _verdict(language: str, texts: Sequence[str]) -> Agreement:
    # Choices and lines may each be too short to tell; together they are not.
    found = [agreement(identify(text), language) for text in (*texts[:_LINES], " ".join(texts[:_LINES]))]
    for verdict in (Agreement.SAME, *_WRONG):
        if verdict in found:
            return verdict
    return Agreement.UNKNOWN
