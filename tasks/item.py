"""One question of a task, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """How an item is answered and scored."""

    OPEN_ENDED = "open_ended"
    """A text is generated and judged against another system's."""
    MULTIPLE_CHOICE = "multiple_choice"
    """The choice with the highest log-likelihood is taken; nothing is generated."""
    GENERATIVE = "generative"
    """A text is generated and scored against references."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    Attributes:
        item_id: Unique within its task and language.
        source_id: Shared by all translations of one source item; the unit that the bootstrap resamples. Equal to
            ``item_id`` in meaning where a task is not parallel.
        language: ``lang_Script``, such as ``swh_Latn``.
        prompt: What the user turn says.
        choices: The continuations of a multiple-choice item, in the order in which the data has them.
        gold: Index of the right choice; ``None`` unless multiple choice.
        references: Reference texts of a generative item.
        fields: What else the data says of the item (category, subject), for grouping.
    """

    item_id: str
    source_id: str
    language: str
    prompt: str
    choices: tuple[str, ...] = ()
    gold: int | None = None
    references: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
