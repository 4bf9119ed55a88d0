"""What a judge is given, what it gives back, and what a judge plugin provides.

The judge room opens no socket: a judge that needs a model is handed an :class:`Ask`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from polyarena.judges.records import Label, Scale
from polyarena.tasks.prompt import Media, Part, media_of, text_of
from polyarena.tasks.sampling import Sampling
from polyarena.tasks.signature import Signature


@dataclass(frozen=True)
class AnswerGroup:
    """Answers of one system that are scored together by judges that score answers in batches.

    The last bits of a score depend on the other answers of its batch. A group depends neither on the other system of a
    match nor on what is stored, so that the scores of its answers do not either.

    Attributes:
        answers: What was asked (see :meth:`Answer.conversation`) and the answer, in order.
    """

    answers: tuple[tuple[str, str], ...]

    @cached_property
    def places(self) -> Mapping[tuple[str, str], int]:
        """The place of each different answer among the different ones, in order."""
        return {asked: place for place, asked in enumerate(dict.fromkeys(self.answers))}

    @cached_property
    def digest(self) -> bytes:
        """Of all texts, in order."""
        digest = hashlib.blake2b(digest_size=16)
        for texts in self.answers:
            for text in texts:
                encoded = text.encode("utf-8", "surrogatepass")
                digest.update(len(encoded).to_bytes(8, "big") + encoded)
        return digest.digest()


@dataclass(frozen=True, slots=True)
class Answer:
    """One system's answer as a judge sees it; the system's name is withheld.

    Attributes are those of :class:`polyarena.tasks.records.Completion`, and:

    Attributes:
        earlier: The turns of the conversation before this one, in order: what the user wrote, and what this system
            answered; empty for a single question.
        group: Answers of this system, this one among them, that are scored together; ``None`` if it is scored alone.
    """

    text: str
    finish_reason: str | None = None
    identified_language: str | None = None
    identified_probability: float | None = None
    identified_script: str | None = None
    earlier: tuple[tuple[str, str], ...] = ()
    group: AnswerGroup | None = field(default=None, compare=False, repr=False)

    def conversation(self, question: str) -> str:
        """Return what was asked as one text: the question, after the turns before it, if there are any.

        Args:
            question: The user's last turn.
        """
        if not self.earlier:
            return question
        turns = "".join(f"User: {asked}\n\nAssistant: {said}\n\n" for asked, said in self.earlier)
        return f"{turns}User: {question}"


@dataclass(frozen=True, slots=True)
class Match:
    """One game to be judged.

    Attributes:
        language: ``lang_Script`` of the item.
        question: What was asked, without system prompt or chat template; of a conversation, the user's last turn.
        a: The answer shown first.
        b: The answer shown second.
        repeat: Counts repeated judgments of the same order.
        key: Identifies the game within the run (task, language, item, order), for seeds; never shown to a model.
        reference: An answer that the task holds to be right, if it has one.
        parts: The question in parts, where it shows images or contains recordings; empty for a text. Its texts,
            joined by line breaks, are ``question``.
        answer_language: ``lang_Script`` in which the answers are expected; ``None`` if it is the item's.
        category: The kind of question, as the task's data names it.
    """

    language: str
    question: str
    a: Answer
    b: Answer
    repeat: int = 0
    key: str = ""
    reference: str | None = None
    parts: tuple[Part, ...] = ()
    answer_language: str | None = None
    category: str | None = None

    @property
    def expected_language(self) -> str:
        """The language in which the answers are expected."""
        return self.answer_language or self.language

    @property
    def media(self) -> tuple[Media, ...]:
        """The images and recordings of the question, in order."""
        return media_of(self.parts)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a judge makes of one answer alone; fields as in :class:`polyarena.judges.records.Rating`."""

    value: float | None
    scale: Scale
    raw: str = ""
    first_raw: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    error: str | None = None
    asked: int | None = None
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's answer to one match; fields as in :class:`polyarena.judges.records.Game`.

    Attributes:
        answered: False if the endpoint failed, so that asking again may help; an answer that cannot be used is one.
        asked: Questions put to a model for this verdict, second tries included; ``None`` if none was or it is not
            known.
        refused: Whether the endpoint has refused the question for good; the verdict is invalid and not asked for again.
        ratings: Of the first and the second answer, if each was judged alone and the verdict derives from both.
    """

    label: Label
    raw: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    error: str | None = None
    answered: bool = True
    asked: int | None = None
    score: float | None = None
    refused: bool = False
    first_raw: str | None = None
    finish_reason: str | None = None
    follow_ups: int | None = None
    question: str | None = None
    ratings: tuple[Assessment, Assessment] | None = None


Message = Mapping[str, Any]
"""``{"role": ..., "content": ...}``.

The content is a text, or a tuple of parts (see :data:`polyarena.tasks.prompt.Content`).
"""


def message_text(message: Message) -> str:
    """Return the words of a message, its images and recordings left out."""
    return text_of(message["content"])


@dataclass(frozen=True, slots=True)
class GivenText:
    """A text whose log-likelihood is asked for, in the place of an answer.

    Attributes:
        tokens: Of the text, by the model's tokenizer.
        next_tokens: Tokens that are scored as what comes next; the tokens of the text itself are if it is empty.
    """

    tokens: tuple[int, ...]
    next_tokens: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a chat model.

    Attributes:
        messages: In order.
        sampling: How the answer is sampled.
        sample_index: Distinguishes repeats of the same question (part of the cache key).
        schema: JSON schema that the answer should follow, for endpoints that offer structured output.
        match: Key of the match that it is asked for, for accounts; neither sent nor part of the question.
        given: A text to score instead of messages to answer; the text of the reply is then the JSON that
            :func:`polyarena.harness.endpoints.transport.likelihoods.parse_likelihoods` makes.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    sample_index: int = 0
    schema: Mapping[str, Any] | None = None
    match: str = field(default="", compare=False)
    given: GivenText | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A chat model's answer, or the reason why there is none (``error`` set, ``text`` empty).

    Attributes:
        cached_tokens: Of the prompt tokens, those that the endpoint had in its own prompt cache; ``None`` if it does
            not say.
        refused: Whether the endpoint has refused this question for good, so that asking again will not help.
        thought: What the endpoint gave as the thought, apart from the text; ``None`` where it gave none. The text may
            still have one in it (see :func:`polyarena.tasks.thinking.split_thought`).
        thought_tokens: Of the completion tokens, those of the thought; ``None`` if it does not say.
        served_by: What the server calls the model that answered, with its fingerprint; ``None`` if it says nothing.
        answered_at: When an answer that comes from a cache was given, in seconds since the epoch; ``None`` for others.
    """

    text: str
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    error: str | None = None
    cached_tokens: int | None = None
    refused: bool = False
    thought: str | None = None
    thought_tokens: int | None = None
    answered_at: float | None = field(default=None, compare=False)
    served_by: str | None = field(default=None, compare=False)


Ask = Callable[[Iterable[Call]], Iterator[Reply]]
"""Asks many questions with bounded concurrency; replies come in the order of the calls."""


@runtime_checkable
class HasAsCompleted(Protocol):
    """An :data:`Ask` that can also give each reply as soon as it has come. Default: in the order of the calls alone."""

    def as_completed(self, calls: Iterable[Call]) -> Iterator[tuple[int, Reply]]:
        """Yield the position of each call, from 0, with its reply, in the order in which replies come."""


@runtime_checkable
class HasClose(Protocol):
    """Something with resources to release: an :data:`Ask`, or the iterator of replies, results or verdicts."""

    def close(self) -> object:
        """Release them; no further question is asked."""


def as_completed(ask: Ask, calls: Iterable[Call]) -> Iterator[tuple[int, Reply]]:
    """Yield the position of each call and its reply, as replies come where the :data:`Ask` can tell."""
    return ask.as_completed(calls) if isinstance(ask, HasAsCompleted) else enumerate(ask(calls))


def close(resource: object) -> None:
    """Close what can be closed: iterators made of generators can, others have nothing to release."""
    if isinstance(resource, HasClose):
        resource.close()


class Judge(Protocol):
    """Decides matches."""

    @property
    def signature(self) -> Signature:
        """Every setting that changes a verdict, such as ``judge:rules|v:1``; part of each number's signature."""

    @property
    def description(self) -> str:
        """One sentence for reports: what this judge looks at, and what it is not."""

    def calls(self, match: Match) -> list[Call]:
        """The questions that this match will cost at least, for planning; empty for judges that ask nobody."""

    def decide(self, matches: Iterable[Match]) -> Iterator[Verdict]:
        """Yield one verdict for each match, in order; an unusable answer is ``invalid``, never an exception."""


@runtime_checkable
class HasProcessorOnly(Protocol):
    """A judge that says whether it needs neither a model nor an endpoint. Default: it may need one."""

    @property
    def processor_only(self) -> bool:
        """Whether it needs the processor alone, so that several processes may share its matches."""


@runtime_checkable
class HasAnswerScores(Protocol):
    """A judge that says whether its work is to score answers, each once. Default: its work is to decide matches."""

    @property
    def scores_answers(self) -> bool:
        """Whether it scores each answer once, however many matches the answer is in."""


@runtime_checkable
class HasInputs(Protocol):
    """A judge that says what it can be shown of a question. Default: its words alone."""

    @property
    def inputs(self) -> frozenset[str]:
        """What questions may contain: ``text``, ``image``, ``audio``, as in a model type."""


def needs_processor_only(judge: Judge) -> bool:
    """Return whether the verdicts of a judge need neither a model nor an endpoint."""
    return isinstance(judge, HasProcessorOnly) and judge.processor_only


def scores_answers(judge: Judge) -> bool:
    """Return whether a judge scores each answer once, however many matches the answer is in."""
    return isinstance(judge, HasAnswerScores) and judge.scores_answers


def inputs_of(judge: Judge) -> frozenset[str]:
    """Return what the questions of a judge's matches may contain."""
    return judge.inputs if isinstance(judge, HasInputs) else frozenset({"text"})


JudgeFactory = Callable[[Mapping[str, Any], Ask | None], Judge]
"""What the entry-point group ``polyarena.judges`` holds: ``build(args, ask)``.

``args`` is the judge's ``args:`` mapping of the experiment; unknown keys must be refused. ``ask`` is ``None`` unless
the experiment gives the judge an endpoint.
"""
