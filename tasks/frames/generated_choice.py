"""Multiple choice by generation: the options are listed after letters, and the letter of a written reply is read.

Models that reason before they answer, and endpoints that score no given texts, are asked so. The items are those of a
multiple-choice task, with the same ids; the reply is read by :mod:`polyarena.tasks.metrics.letter_choice`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.tasks.card import GenerationDefaults
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.letter_choice import LETTER_ABSENT, LETTER_MATCH, letter_scores
from polyarena.tasks.metrics.registry import find_metric
from polyarena.tasks.validation import require_language

if TYPE_CHECKING:
    from polyarena.tasks.card import TaskCard
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.frames.multiple_choice import MultipleChoiceTask
    from polyarena.tasks.records import Completion
    from polyarena.tasks.signature import Signature

_ENDING = "\nAnswer:"


@dataclass(frozen=True)
class GeneratedChoiceTask:
    """A multiple-choice task whose letter is generated.

    Attributes:
        card: The task's identity.
        source: The multiple-choice task, with a template that lists the options after letters.
    """

    card: TaskCard
    source: MultipleChoiceTask

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the questions of one language in the data set's order.

        Args:
            language: One of ``card.languages``.
            data: Where the data set is read from.

        Raises:
            UnknownNameError: The task does not have this language.
            DataError: As the multiple-choice task raises it.
        """
        require_language(self.card, language)
        return (self._item(item) for item in self.source.items(language, data))

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return whether the reply gives the right letter, and whether it gives none.

        Raises:
            DataError: The completion has no text, or the item no references.
        """
        return letter_scores(item, completion)

    def metric_signature(self, metric: str) -> Signature:
        """Return every setting that changes the value of one of the card's metrics."""
        return find_metric(metric).signature

    def _item(self, item: Item) -> Item:
        name = find_language(item.language).name
        first, last = item.choices[0], item.choices[-1]
        return Item(
            item_id=item.item_id,
            source_id=item.source_id,
            language=item.language,
            prompt=(
                f"{item.prompt.removesuffix(_ENDING)}\n\nThink in {name} before you answer, and end with a line of the "
                f'form "Answer: X", where X is one of the letters {first} to {last}.'
            ),
            references=(item.choices[item.gold or 0],),
            fields=item.fields,
            category=item.category,
        )


def generated_choice(source: MultipleChoiceTask, template: str, *, max_tokens: int = 2048) -> GeneratedChoiceTask:
    """Return the generated form of a multiple-choice task, called ``<task>_generated``.

    Args:
        source: The task.
        template: One of its templates that lists options after letters.
        max_tokens: Longest reply.
    """
    card = source.card.model_copy(
        update={
            "name": f"{source.card.name}_generated",
            "version": f"{source.card.version}.1",
            "title": f"{source.card.title}, generated",
            "kind": Kind.GENERATIVE,
            "metrics": (LETTER_MATCH, LETTER_ABSENT),
            "generation": GenerationDefaults(max_tokens=max_tokens),
            "notes": f"The letter of the reply is read, and counted when absent. {source.card.notes}".strip(),
            # Replies without a letter are wrong, so that nobody who does not answer reaches chance.
            "chance": None,
        }
    )
    return GeneratedChoiceTask(card, source.variant(template))
