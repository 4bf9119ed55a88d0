"""One question of a task, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from polyarena.tasks.fast_init import fast_init
from polyarena.tasks.prompt import Content, Media, Part, media_of, prepend_text


class Kind(StrEnum):
    """How an item is answered and scored."""

    OPEN_ENDED = "open_ended"
    """A text is generated and judged against another system's."""
    MULTIPLE_CHOICE = "multiple_choice"
    """The choice with the highest log-likelihood is taken; nothing is generated."""
    GENERATIVE = "generative"
    """A text is generated and scored against references."""


@dataclass(frozen=True, slots=True)
class FewShotExample:
    """A solved question shown before the question.

    Attributes:
        prompt: Text of the user turn.
        answer: The right answer.
        separator: Text between them, if both are in one text.
    """

    prompt: str
    answer: str
    separator: str = " "

    @property
    def text(self) -> str:
        """Both as one text, with an empty line after it."""
        return f"{self.prompt}{self.separator}{self.answer}\n\n"


@fast_init
@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    Attributes:
        item_id: Unique within its task and language.
        source_id: Shared by all translations of one source item; the unit that the bootstrap resamples. Equal to
            ``item_id`` in meaning where a task is not parallel.
        language: ``lang_Script``, such as ``swh_Latn``.
        prompt: Text of the user turn, without the few-shot examples.
        choices: The continuations of a multiple-choice item, in the order in which the data has them.
        gold: Index of the correct choice; ``None`` unless multiple choice.
        references: Reference texts of a generative item.
        fields: Further facts of the item, such as its subject, but not ``category``.
        parts: The user turn in parts, where it shows images or contains recordings; empty for a text. Its texts, joined
            by line breaks, are ``prompt``.
        choice_separator: What stands between the prompt and each choice where no chat template is applied; empty where
            a choice goes on within a word or sentence of a script without spaces.
        whole_choices: Whether the choices are whole texts, scored after nothing: the prompt is then empty, and in no
            other case may it be. A separator is the first character of the text, as in lm-eval.
        category: The part of the task that the item belongs to, where reports tell parts apart, such as
            ``culturally_sensitive``; ``None`` where they do not. It goes into the records of scores, and judges whose
            template asks for it see it.
        examples: Solved questions that are shown before this one, in order.
        previous: In a conversation, the ``item_id`` of the turn before this one, which must be the item before it and
            share its ``source_id``: the model is shown the whole conversation, its own answers included, and
            ``prompt`` is the user's new turn alone. ``None`` for a first or only turn.
    """

    item_id: str
    source_id: str
    language: str
    prompt: str
    choices: tuple[str, ...] = ()
    gold: int | None = None
    references: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    parts: tuple[Part, ...] = ()
    choice_separator: str = " "
    whole_choices: bool = False
    category: str | None = None
    examples: tuple[FewShotExample, ...] = ()
    previous: str | None = None

    @property
    def full_prompt(self) -> str:
        """The few-shot examples and the prompt as one text, which is the default way to ask."""
        return "".join([example.text for example in self.examples]) + self.prompt if self.examples else self.prompt

    @property
    def content(self) -> Content:
        """The user turn: ``prompt``, or its parts."""
        return self.parts or self.prompt

    @property
    def full_parts(self) -> tuple[Part, ...]:
        """The few-shot examples and the user turn in parts; empty for a text."""
        if not self.parts:
            return ()
        return prepend_text("".join(example.text for example in self.examples), self.parts)

    @property
    def full_content(self) -> Content:
        """The few-shot examples and the user turn: ``full_prompt``, or its parts."""
        return self.full_parts or self.full_prompt

    @property
    def media(self) -> tuple[Media, ...]:
        """The images and recordings of the prompt, in order."""
        return media_of(self.parts)


def expected_language(item: Item) -> str:
    """Return the language in which an item is to be answered.

    It is the item's own, unless the field ``answer_language`` names another, as in translation.

    Args:
        item: Of any task.

    Returns:
        A ``lang_Script`` code.
    """
    return item.fields.get("answer_language", item.language)
