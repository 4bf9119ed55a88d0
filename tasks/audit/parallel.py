"""Checks whether the languages of a parallel task have the same source items.

Comparisons across languages resample by ``source_id``. A language with missing or additional source items is compared
on other questions than the other languages. Items that share a ``source_id`` and are not translations of each other
make intervals of comparisons wrong: the right choice, the category and the subject of translations agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from polyarena.tasks.audit.finding import Finding, Severity
from polyarena.tasks.card import TaskCard
from polyarena.tasks.counts import count_of
from polyarena.tasks.item import Item

ALIKE = 0.5
"""Share of the common source items that a language must have to count as parallel at all."""


CLASH = 0.02
"""Share of a language's items that may disagree with the other languages: a corrected answer is no misaligned set."""


@dataclass
class Clashes:
    """How the items of one language disagree with those that share their ``source_id``.

    Attributes:
        compared: How many items there are.
        answers: Of them, those with another right choice.
        subjects: Those of another category, subject or topic.
        example: The first of them.
    """

    compared: int = 0
    answers: int = 0
    subjects: int = 0
    example: str = ""


def _facts(item: Item) -> tuple[str, ...]:
    """Return what translations of one item have in common: the right choice, category, subject and topic."""
    right = "" if item.gold is None else f"choice {item.gold + 1} of {len(item.choices)}"
    return (right, item.category or "", item.fields.get("subject", ""), item.fields.get("topic", ""))


@dataclass
class Parallel:
    """What is known of the source items of the languages so far.

    Attributes:
        sources: Hashes of the source ids, by language.
        facts: What the first language with a source item says of it, by hash.
        clashes: How each language disagrees with that.
    """

    sources: dict[str, frozenset[int]] = field(default_factory=dict)
    facts: dict[int, tuple[str, ...]] = field(default_factory=dict)
    clashes: dict[str, Clashes] = field(default_factory=dict)

    def look(self, language: str, items: Sequence[Item]) -> None:
        """Record the items of one language, and how they differ from those of the first language with the same id."""
        self.sources[language] = frozenset(hash(item.source_id) for item in items)
        clashes = Clashes()
        for item in items:
            facts = _facts(item)
            known = self.facts.setdefault(hash(item.source_id), facts)
            clashes.compared += 1
            answers = known[0] != facts[0]
            subjects = any(one and other and one != other for one, other in zip(known[1:], facts[1:], strict=True))
            clashes.answers += answers
            clashes.subjects += subjects
            if (answers or subjects) and not clashes.example:
                clashes.example = (
                    f"{item.source_id}: {' / '.join(filter(None, known))} and {' / '.join(filter(None, facts))}"
                )
        self.clashes[language] = clashes

    def findings(self, card: TaskCard) -> Iterator[Finding]:
        """Yield the languages whose source items are not those of the others; nothing unless the card says shared."""
        if not card.shared or len(self.sources) < 2:
            return
        yield from self._clashing(card)
        counts = Counter(source for sources in self.sources.values() for source in sources)
        common = {source for source, count in counts.items() if 2 * count > len(self.sources)}
        if not common:
            message = f"the card says that languages share {card.shared}, and most languages share no source_id"
            yield Finding("misaligned-source", Severity.ERROR, card.name, "", message, tuple(sorted(self.sources)[:5]))
            return
        apart, differing = [], []
        for language, sources in sorted(self.sources.items()):
            missing, extra = len(common - sources), len(sources - common)
            if len(common & sources) < ALIKE * len(common):
                apart.append(f"{language}: {missing} of {len(common)} missing, {extra} of its own")
            elif missing or extra:
                differing.append(f"{language}: {missing} of {len(common)} missing, {extra} of its own")
        if apart:
            message = (
                f"{count_of(len(apart), 'language has', 'languages have')} less than half of the common source_ids"
            )
            yield Finding("misaligned-source", Severity.ERROR, card.name, "", message, tuple(apart[:5]))
        if differing:
            message = (
                f"the source_ids of {count_of(len(differing), 'language')} are not those that most languages share"
            )
            yield Finding("misaligned-source", Severity.WARNING, card.name, "", message, tuple(differing[:5]))

    def _clashing(self, card: TaskCard) -> Iterator[Finding]:
        for what, counts in (
            # Where each language has its own order of the choices, the place of the right one says nothing.
            ("right answer", {code: 0 if card.shuffled else each.answers for code, each in self.clashes.items()}),
            ("category or subject", {code: each.subjects for code, each in self.clashes.items()}),
        ):
            wrong = [code for code, count in sorted(counts.items()) if count > CLASH * self.clashes[code].compared]
            if wrong:
                message = (
                    f"items of one source_id are no translations of each other in {count_of(len(wrong), 'language')}: "
                    f"their {what} differs"
                )
                examples = [
                    f"{code}: {counts[code]} of {self.clashes[code].compared}; {self.clashes[code].example}"
                    for code in wrong
                ]
                yield Finding("not-translations", Severity.ERROR, card.name, "", message, tuple(examples[:5]))
