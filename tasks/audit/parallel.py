"""Whether the languages of a parallel task have the same source items.

Comparisons across languages resample by ``source_id``; a language that lacks some, or has its own, is compared on other
questions than its neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from polyarena.tasks.audit.finding import Finding, Severity
from polyarena.tasks.card import TaskCard
from polyarena.tasks.item import Item

ALIKE = 0.5
"""Share of the common source items that a language must have to count as parallel at all."""


@dataclass
class Parallel:
    """The source items of the languages looked at so far, by hash."""

    sources: dict[str, frozenset[int]] = field(default_factory=dict)

    def look(self, language: str, items: Iterable[Item]) -> None:
        """Take in the items of one language."""
        self.sources[language] = frozenset(hash(item.source_id) for item in items)

    def findings(self, card: TaskCard) -> Iterator[Finding]:
        """Yield the languages whose source items are not those of the others; nothing unless the card says shared."""
        if not card.shared or len(self.sources) < 2:
            return
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
            message = f"{len(apart)} languages have less than half of the source_ids that most languages share"
            yield Finding("misaligned-source", Severity.ERROR, card.name, "", message, tuple(apart[:5]))
        if differing:
            message = f"the source_ids of {len(differing)} languages are not those that most languages share"
            yield Finding("misaligned-source", Severity.WARNING, card.name, "", message, tuple(differing[:5]))
