"""A task of the frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarena.tasks.benchmarks.choosing.asked import Asked, Template
from polyarena.tasks.benchmarks.choosing.rows import rows_of
from polyarena.tasks.benchmarks.choosing.shots import Shots
from polyarena.tasks.benchmarks.reading import Part
from polyarena.tasks.benchmarks.row import Row
from polyarena.tasks.card import TaskCard
from polyarena.tasks.check import require_language
from polyarena.tasks.item import Item
from polyarena.tasks.metrics.choice import ACC, ACC_BYTES, choice_scores
from polyarena.tasks.suggest import unknown

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.records import Completion


@dataclass(frozen=True, kw_only=True, eq=False)
class ChoiceTask:
    """A multiple-choice benchmark with one prompt template or several.

    Attributes:
        card: The task's identity.
        configs: The data set's config of each language.
        fields: What each row must have, not null.
        prompts: The templates by name; the first is the default.
        shots: Further templates, which show examples first, by name.
        gold: Index of the right choice of a row, whatever the template.
        source: The source id of a row, which is also its item id.
        details: What else is kept of a row, for grouping.
        category: The part of the task that a row belongs to, where reports tell parts apart.
        labelled: The templates whose choices are the same labels for every row, and of different lengths; ``acc_bytes``
            would then prefer the longest label whatever the row, and is left out.
        asked: Whether a row is asked at all.
        own_separators: Whether a template says for itself what stands between prompt and choices; elsewhere it is one
            space.
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
    category: Callable[[Row], str | None] = lambda row: None  # noqa: ARG005
    labelled: frozenset[str] = frozenset()
    shots: Mapping[str, Shots] = field(default_factory=dict)
    asked: Callable[[Row], bool] = lambda row: True  # noqa: ARG005
    own_separators: bool = False
    repeats: bool = False
    scorer: Callable[[Item, Completion], Mapping[str, float]] = field(default=choice_scores)
    template: str = ""

    @property
    def templates(self) -> tuple[str, ...]:
        """The names of the templates; the first is the default."""
        return (*self.prompts, *self.shots)

    def variant(self, name: str) -> ChoiceTask:
        """Return this task with another template.

        Its card has the name ``<task>.<template>``; with the default template, the plain name.

        Raises:
            UnknownNameError: There is no such template; the message has a did-you-mean.
        """
        task = self.card.name.partition(".")[0]
        if name not in self.templates:
            raise unknown(f"template of the task {task}", name, self.templates)
        label = task if name == self.templates[0] else f"{task}.{name}"
        metrics = (ACC,) if name in self.labelled else (ACC, ACC_BYTES)
        return replace(self, card=self.card.model_copy(update={"name": label, "metrics": metrics}), template=name)

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
        template = self.template or self.templates[0]
        shots = self.shots.get(template)
        render = shots.template if shots else self.prompts[template]
        before = shots.before(self.card.dataset, config, language, self.fields, self.gold, data) if shots else {}
        seen: Counter[str] = Counter()
        for row in rows_of(self.card.dataset, Part(config), language, self.fields, data):
            if not self.asked(row):
                continue
            source = self.source(row)
            seen[source] += 1
            if self.repeats and seen[source] > 1:
                source = f"{source}:{seen[source]}"
            asked = Asked(*render(row))
            shown = before.get(shots.group(row), "") if shots else ""
            yield Item(
                item_id=source,
                source_id=source,
                language=language,
                prompt=shown + asked.prompt,
                choices=asked.choices,
                gold=self.gold(row),
                fields=MappingProxyType(dict(self.details(row))),
                choice_separator=asked.separator,
                whole_choices=asked.whole,
                category=self.category(row),
            )

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return the metrics of the card.

        Raises:
            DataError: The completion has no usable log-likelihoods.
        """
        found = self.scorer(item, completion)
        return {metric: found[metric] for metric in self.card.metrics}
