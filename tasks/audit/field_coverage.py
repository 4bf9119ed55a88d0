"""Checks which texts of a row reach the model: a task that asks about an article without showing it measures chance.

Rows are matched with items by their texts, because a row need not become exactly one item: for the first items, all
rows that share a text with them are used. A text counts as shown if a prompt, a choice or a reference contains it,
whole or (masked, cut, split over choices) most of its pieces. Ids and an item's ``fields`` count too. A parse tree,
such as those of XNLI and SNLI, is compared by its words.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from polyarena.tasks.audit.finding import Finding, Severity, shown
from polyarena.tasks.audit.items import texts
from polyarena.tasks.audit.source import Read
from polyarena.tasks.card import TaskCard
from polyarena.tasks.counts import count_of
from polyarena.tasks.item import Item, Kind

ITEMS, ROWS = 40, 40
"""Number of items to check, and most rows to match with them."""
SHORTEST = 20
"""Least length of a text to count as content, in characters; shorter ones are labels, names and ids."""
PIECE = 12
"""Length of a piece, in characters."""
FEWEST_BRACKETS = 3
"""Fewest brackets of a parse tree."""
_TREE = re.compile(r"\(\s*(?:[A-Z]{1,8}(?:[-=][A-Z0-9]{1,8}){0,3}\$?|[-.,:`']{1,5})(?=\s)|[()]")
_BEFORE_MARK = re.compile(r" (?=[.,;:!?)']|n't\b)")
ENOUGH = 0.5
"""Least share of a text's pieces that the items must contain."""


@dataclass
class FieldCoverage:
    """The fields that the languages checked so far show.

    Attributes:
        unseen: The languages in which no text of a field was shown, by field.
        lengths: Median length of each field's texts, one number for each language.
        asked: The fields that the task asked the data source for.
        examples: A text of each field.
        seen: Fields that were shown in some language.
    """

    unseen: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    lengths: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    asked: set[str] = field(default_factory=set)
    examples: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def look(self, language: str, items: Sequence[Item], reads: Sequence[Read]) -> None:
        """Compare the items of one language with the rows that they may come from."""
        used = (
            text
            for item in items[:ITEMS]
            for text in (*texts(item), *item.fields.values(), item.item_id, item.source_id)
        )
        shown_text = "\n".join(map(_plain, used))
        found: dict[str, list[str]] = defaultdict(list)
        hits: Counter[str] = Counter()
        self.asked |= {name for read in reads for name in read.fields}
        rows = [row for read in reads for row in _matching(read.rows, shown_text)]
        # Where no row has any text in any item, every row is as good.
        for row in rows or [_contents(row) for read in reads for row in read.rows[:ROWS]]:
            for name, text in row.items():
                found[name].append(text)
                hits[name] += _stands_in(text, shown_text)
        for name, values in found.items():
            # A field with the same text in each row is no content of the item.
            if len(set(values)) <= max(1, len(values) // 4):
                continue
            self.lengths[name].append(median(map(len, values)))
            if hits[name]:
                self.seen.add(name)
            else:
                self.unseen[name].append(language)
                self.examples.setdefault(name, values[0])

    def findings(self, card: TaskCard) -> Iterator[Finding]:
        """Yield the fields that the model never sees."""
        longest = max(self.lengths, key=lambda name: median(self.lengths[name]), default="")
        for name, languages in sorted(self.unseen.items()):
            where = (
                f"in {count_of(len(languages), 'language')} ({', '.join(languages[:3])}{', …' * (len(languages) > 3)})"
            )
            if name in self.seen:
                severity, why = Severity.NOTE, "in other languages it is, as where each language has a field"
            elif name.partition(".")[0] in self.asked:
                severity, why = Severity.ERROR, "the task reads it, but no prompt, choice or reference contains it"
            elif name == longest and card.kind is not Kind.OPEN_ENDED:
                severity, why = Severity.WARNING, "it is the longest text of the rows"
            else:
                severity, why = Severity.NOTE, "the task does not read it"
            message = f"the field {name!r} is never shown {where}: {why}"
            yield Finding("field-not-shown", severity, card.name, "", message, shown([self.examples[name]]))


def _matching(rows: Sequence[Mapping[str, Any]], shown_text: str) -> Iterator[dict[str, str]]:
    count = 0
    for row in rows:
        own = _contents(row)
        if any(_stands_in(text, shown_text) for text in own.values()):
            count += 1
            yield own
        if count == ROWS:
            return


def _contents(row: Mapping[str, Any]) -> dict[str, str]:
    texts_by_name = ((name, _without_tree(text)) for name, text in _flat("", row))
    return {name: _plain(text) for name, text in texts_by_name if len(text) >= SHORTEST}


def _without_tree(text: str) -> str:
    """Return the words of a parse tree in brackets, as they are written in a sentence; any other text as it is."""
    brackets = text.count("(")
    if brackets < FEWEST_BRACKETS or brackets != text.count(")") or not text.lstrip().startswith("("):
        return text
    words = " ".join(_TREE.sub(" ", text).split())
    return _BEFORE_MARK.sub("", words)


def _stands_in(text: str, shown_text: str) -> bool:
    if text in shown_text:
        return True
    pieces = [text[at : at + PIECE] for at in range(0, max(1, len(text) - PIECE + 1), PIECE)]
    # Two pieces of a long text decide most cases.
    if len(pieces) > 6 and not any(piece in shown_text for piece in (pieces[1], pieces[len(pieces) // 2], pieces[-2])):
        return False
    return sum(piece in shown_text for piece in pieces) >= ENOUGH * len(pieces)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), each)
    elif isinstance(value, list | tuple):
        joined = "\n".join(each for each in value if isinstance(each, str))
        if joined:
            yield name, joined


def _plain(text: str) -> str:
    return " ".join(text.split())
