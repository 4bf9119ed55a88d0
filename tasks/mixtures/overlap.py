"""Finds items of the harness's tasks in rows of training data.

The measure is that of :mod:`polyarena.tasks.audit.overlap`: words of letters and digits, or single characters in
scripts without spaces, in runs of 13. Here all items of all tasks are looked for in one pass over the rows, and each
hit names the row. An item is in a row if the row contains half of its 13-grams or more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from polyarena.tasks.audit.overlap import CONTAMINATED, GRAM, SHORTEST, grams, tokens
from polyarena.tasks.audit.template import own_lines
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Item
from polyarena.tasks.mixtures.records import TrainingRow

SHOWN = 8
"""Items that a message names."""


@dataclass(frozen=True, slots=True)
class ItemHit:
    """A test item that a training row contains.

    Attributes:
        task: Name of the task.
        language: ``lang_Script`` of the item.
        item_id: The item.
        row_id: The row.
        source: Of the row.
        share: Of the item's 13-grams, those in the row; 1 for all of them.
    """

    task: str
    language: str
    item_id: str
    row_id: str
    source: str
    share: float

    def __str__(self) -> str:
        """Return task, language, item and row."""
        return f"{self.task} {self.language} {self.item_id} (in {self.row_id}, {self.share:.0%})"


class ItemIndex:
    """The items of tasks that training rows must not contain."""

    def __init__(self) -> None:
        self._items: list[tuple[str, str, str, int]] = []
        self._of_gram: dict[int, list[int]] = {}
        self._sizes: set[int] = set()

    def __len__(self) -> int:
        """Return how many items are looked for; items that are too short to tell from chance are not."""
        return len(self._items)

    def add(self, task: str, language: str, items: Sequence[Item]) -> None:
        """Add the items of a task in one language; what all of their prompts share does not count.

        Args:
            task: Name of the task.
            language: ``lang_Script``.
            items: All that are looked for.
        """
        for item, lines in zip(items, own_lines([item.prompt for item in items]) if items else (), strict=True):
            found = tokens(" ".join(lines))
            if len(found) < SHORTEST:
                continue
            size = min(GRAM, len(found))
            own = set(grams(found, size))
            self._sizes.add(size)
            for gram in own:
                self._of_gram.setdefault(gram, []).append(len(self._items))
            self._items.append((task, language, item.item_id, len(own)))

    def hits(self, row: TrainingRow) -> list[ItemHit]:
        """Return the items that a row contains."""
        counts: Counter[int] = Counter()
        trained = tokens(f"{row.prompt}\n{row.completion}")
        seen = {gram for size in self._sizes for gram in grams(trained, size) if gram in self._of_gram}
        for gram in seen:
            counts.update(self._of_gram[gram])
        found = []
        for index, count in sorted(counts.items()):
            task, language, item_id, size = self._items[index]
            if count / size >= CONTAMINATED:
                found.append(ItemHit(task, language, item_id, row.row_id, row.source, count / size))
        return found


def refuse_test_items(hits: Iterable[ItemHit]) -> None:
    """Refuse a source that contains test items.

    Raises:
        DataError: There are any; the message names them.
    """
    found = list(hits)
    if not found:
        return
    items = dict.fromkeys((hit.task, hit.language, hit.item_id) for hit in found)
    rows = dict.fromkeys((hit.source, hit.row_id) for hit in found)
    listed = "; ".join(str(hit) for hit in found[:SHOWN])
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    sources = ", ".join(sorted({hit.source for hit in found}))
    raise DataError(
        f"{len(rows)} training rows contain {len(items)} test items",
        where=f"source {sources}",
        why=listed + more,
        fix="take these rows out of the source, or leave the tasks out of every evaluation of the trained model",
    )
