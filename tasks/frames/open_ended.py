"""Open-ended tasks: prompts of a data set are used unchanged, and judges compare the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyarena.tasks.card import TaskCard
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.frames.rows import RowReader
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion


@dataclass(frozen=True)
class OpenEndedTask:
    """A task whose answers are only judged.

    Attributes:
        card: The task's identity.
        rows: Converts rows of the data set to items.
    """

    card: TaskCard
    rows: RowReader

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the prompts of one language in the data set's order.

        For errors see :meth:`polyarena.tasks.frames.rows.RowReader.items`.

        Args:
            language: One of ``card.languages``.
            data: Where the data set is read from.
        """
        return self.rows.items(self.card, language, data)

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:  # noqa: ARG002
        """Return nothing: answers are only judged."""
        return {}
