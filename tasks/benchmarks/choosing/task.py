"""A task of the frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarena.tasks.benchmarks.choosing.rows import Row
from polyarena.tasks.card import TaskCard
from polyarena.tasks.check import require_language
from polyarena.tasks.item import Item
from polyarena.tasks.metrics.choice import choice_scores
from polyarena.tasks.suggest import unknown

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.records import Completion

Template = Callable[[Row], tuple[str, tuple[str, ...]]]
"""Turns a row into the prompt and its choices."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChoiceTask:
    """A multiple-choice benchmark with one prompt template or several.

    Attributes:
        card: The task's identity.
        configs: The data set's config of each language.
        fields: What each row must have, not null.
        prompts: The templates by name; the first is the default.
        gold: Index of the right choice of a row, whatever the template.
        source: The source id of a row, which is also its item id.
        details: What else is kept of a row, for grouping.
        asked: Whether a row is asked at all.
        repeats: Whether rows of a language may share a source id; the second then gets ``:2`` after it, and so on.
        scorer: The metrics of one completion.
        template: The name of the template in use; ``""`` is the default one.
    """

    card: TaskCard
    configs: Mapping[str, str]
    fields: tuple[str, ...]
    prompts: Mapping[str, Template]
    gold: Callable[[Row], int]
    source: Callable[[Row], str]
    details: Callable[[Row], Mapping[str, str]] = lambda row: {}  # noqa: ARG005
    asked: Callable[[Row], bool] = lambda row: True  # noqa: ARG005
    repeats: bool = False
    scorer: Callable[[Item, Completion], Mapping[str, float]] = field(default=choice_scores)
    template: str = ""

    @property
    def templates(self) -> tuple[str, ...]:
        """The names of the templates; the first is the default."""
        return tuple(self.prompts)

    def variant(self, name: str) -> ChoiceTask:
        """Return this task with another template.

        Its card has the name ``<task>.<template>``; with the default template, the plain name.

        Raises:
            UnknownNameError: There is no such template; the message has a did-you-mean.
        """
        task = self.card.name.partition(".")[0]
        if name not in self.prompts:
            raise unknown(f"template of the task {task}", name, self.prompts)
        label = task if name == self.templates[0] else f"{task}.{name}"
        return replace(self, card=self.card.model_copy(update={"name": label}), template=name)

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the items of one language in the order of the data set.

        Args:
            language: One of ``card.languages``.
            data: Where the data set is read from.

        Raises:
            UnknownNameError: The task does not have this language.
            DataError: The data is missing, lacks a field, or has one that cannot be used.
        """
        require_language(self.card, language)
        config = self.configs[language]
        render = self.prompts[self.template or self.templates[0]]
        seen: Counter[str] = Counter()
        for position, values in enumerate(data.rows(self.card.dataset, config, self.fields)):
            place = f"{self.card.dataset.id}, config {config!r}, row {position + 1}"
            row = Row(values, language, position, place)
            if not self.asked(row):
                continue
            source = self.source(row)
            seen[source] += 1
            if self.repeats and seen[source] > 1:
                source = f"{source}:{seen[source]}"
            prompt, choices = render(row)
            yield Item(
                item_id=source,
                source_id=source,
                language=language,
                prompt=prompt,
                choices=choices,
                gold=self.gold(row),
                fields=MappingProxyType(dict(self.details(row))),
            )

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return ``acc_bytes`` and ``acc``.

        Raises:
            DataError: The completion has no usable log-likelihoods.
        """
        return self.scorer(item, completion)
