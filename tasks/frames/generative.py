"""Generative tasks: a text is generated and scored against the references of its item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from polyarena.tasks.errors import NotOnHubError
from polyarena.tasks.frames.cards import card_on_split
from polyarena.tasks.metrics.registry import find_metric
from polyarena.tasks.signature import Signature
from polyarena.tasks.suggest import unknown

if TYPE_CHECKING:
    from polyarena.tasks.card import TaskCard
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.frames.rows import RowReader
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

Measure = Callable[["Item", "Completion"], Mapping[str, float]]
"""Returns the value of each metric for an item and an answer; raises if there is nothing to score."""


@dataclass(frozen=True)
class GenerativeTask:
    """A task in which each row of a data set is one item with references.

    Attributes:
        card: The task's identity.
        rows: Converts rows of the data set to items.
        measure: Scores an answer.
        obtain: For data that the hub does not have, how to put them into a local mirror; empty for others.
        other_splits: Further splits of the data set that have references.
    """

    card: TaskCard
    rows: RowReader
    measure: Measure
    obtain: str = ""
    other_splits: tuple[str, ...] = ()

    def with_split(self, name: str) -> GenerativeTask:
        """Return this task on another split.

        Raises:
            UnknownNameError: The data set has no such split with references.
        """
        if name not in self.other_splits:
            raise unknown(f"split of the task {self.card.name}", name, self.other_splits)
        return replace(self, card=card_on_split(self.card, name), other_splits=())

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the items of one language in the data set's order.

        For errors see :meth:`polyarena.tasks.frames.rows.RowReader.items`.

        Args:
            language: One of ``card.languages``.
            data: Where the data set is read from.
        """
        if self.obtain and data.root is None:
            raise NotOnHubError(
                f"{self.card.dataset.id} is not on the hub",
                where=f"task {self.card.name}",
                why=f"its makers give it out at {self.card.dataset.url}",
                fix=self.obtain,
            )
        return self.rows.items(self.card, language, data)

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return the value of each metric of the card; an empty text counts as an answer.

        Args:
            item: With references.
            completion: With a text.

        Raises:
            DataError: The completion has no text, or the item no references.
        """
        return self.measure(item, completion)

    def metric_signature(self, metric: str) -> Signature:
        """Return every setting that changes the value of one of the card's metrics."""
        return find_metric(metric).signature


@dataclass(frozen=True)
class TemplatedTask:
    """A task with several prompt templates; it uses the first unless another is selected.

    Attributes:
        members: The task of each template, the default one first.
    """

    members: Mapping[str, GenerativeTask]

    @property
    def templates(self) -> tuple[str, ...]:
        """The names of the templates; the first is the default."""
        return tuple(self.members)

    @property
    def card(self) -> TaskCard:
        """The identity of the task with its default template."""
        return self.variant(self.templates[0]).card

    def variant(self, name: str) -> GenerativeTask:
        """Return the task with one of its templates.

        Args:
            name: One of ``templates``.

        Raises:
            UnknownNameError: There is no such template; the message has a did-you-mean.
        """
        if name not in self.members:
            raise unknown(f"template of the task {self.card.name}", name, self.members)
        return self.members[name]

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the items of one language in the default template (see :meth:`GenerativeTask.items`)."""
        return self.variant(self.templates[0]).items(language, data)

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return the value of each metric of the card, which all templates share."""
        return self.variant(self.templates[0]).score(item, completion)

    def metric_signature(self, metric: str) -> Signature:
        """Return every setting that changes the value of one of the card's metrics."""
        return self.variant(self.templates[0]).metric_signature(metric)
