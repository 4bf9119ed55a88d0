"""What a task plugin provides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from polyarena.tasks.card import TaskCard
from polyarena.tasks.item import Item

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.records import Completion


@runtime_checkable
class Task(Protocol):
    """One benchmark in all of its languages."""

    @property
    def card(self) -> TaskCard:
        """The task's identity; cheap, reads no data."""

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the items of one language in a fixed order.

        Args:
            language: A ``lang_Script`` code out of ``card.languages``.
            data: Where data sets are read from; tasks that ship their items ignore it.

        Raises:
            DataError: The data is missing or not in the expected schema.
        """

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return the value of each metric in ``card.metrics`` for one completion; empty when items are only judged."""
