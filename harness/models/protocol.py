"""The protocols of model plugins: a type that can be described without loading, and a loaded model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from polyarena.harness.endpoints import EndpointSettings
from polyarena.judges.protocol import Ask, Message
from polyarena.tasks.errors import ModelError
from polyarena.tasks.item import Kind
from polyarena.tasks.sampling import Sampling
from polyarena.tasks.thinking import AUTO, ThinkingRule


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One text to generate.

    Attributes:
        language: ``lang_Script`` of the item (stored completions are looked up by it).
        item_id: The item, within task and language.
        messages: ``{"role": ..., "content": ...}`` in order; rendered by the model with its chat template. A content is
            a text; for model types whose ``inputs`` say so, it may be a tuple of parts
            (:data:`polyarena.tasks.prompt.Content`).
        sampling: How the answer is sampled.
        sample_index: Counts repeats, from 0.
        thinking: How the thought is told from the answer. Models return the text as it was written; the caller splits
            it.
    """

    language: str
    item_id: str
    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    sample_index: int = 0
    thinking: ThinkingRule = AUTO


@dataclass(frozen=True, slots=True)
class ChoiceRequest:
    """Choices to score by their log-likelihood as continuations of the rendered messages.

    Attributes:
        language: ``lang_Script`` of the item.
        item_id: The item, within task and language.
        messages: As in :class:`GenerateRequest`; empty where the choices are whole texts, scored after nothing.
        choices: The continuations.
        separator: What stands between prompt and choice where no chat template ends the prompt.
        thinking: How thoughts are marked: a thought that the chat template opens is closed before the choices.
    """

    language: str
    item_id: str
    messages: tuple[Message, ...]
    choices: tuple[str, ...]
    separator: str = " "
    thinking: ThinkingRule = AUTO


@dataclass(frozen=True, slots=True)
class GenerateResult:
    """One generated text; fields as in :class:`polyarena.tasks.records.Completion`.

    Attributes:
        prompt: As the model saw it.
        text: What the model wrote, any thought included. ``None`` leaves the item out: the system has no answer to it,
            which is no empty answer.
        finish_reason: Why the text ended.
        prompt_tokens: Of the prompt.
        completion_tokens: Of thought and answer together.
        latency_s: Seconds.
        thought: What the model's interface gave as the thought, apart from the text.
        thought_tokens: Of the completion tokens, those of the thought.
        opened: The mark with which the prompt opened a thought, where that is known.
        is_split: Whether ``text`` is the answer alone, because whoever stored it had split it.
        thought_ended: With ``is_split``: whether the thought came to its end.
    """

    prompt: str
    text: str | None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_s: float | None = None
    thought: str | None = None
    thought_tokens: int | None = None
    opened: str | None = None
    is_split: bool = False
    thought_ended: bool | None = None


@dataclass(frozen=True, slots=True)
class ChoiceResult:
    """The log-likelihood of each choice; fields as in :class:`polyarena.tasks.records.Completion`."""

    prompt: str
    loglikelihoods: tuple[float, ...]
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_s: float | None = None


@dataclass(frozen=True)
class ModelContext:
    """The context of a run that a model may need.

    Attributes:
        base: Folder that relative paths in ``args`` start from (that of the experiment file).
        open_endpoint: Turns endpoint settings into an :data:`Ask` that shares the run's call cache and ledger.
            ``None`` while planning.
        recorded: What the lock of the run says of the model from an earlier load (:attr:`Model.provenance`): a resumed
            run and every other process of it work with the same sizes. Empty before the first load.
    """

    base: str = "."
    open_endpoint: Callable[[Mapping[str, Any]], Ask] | None = field(default=None, repr=False)
    recorded: Mapping[str, str] = field(default_factory=dict)


class Model(Protocol):
    """A loaded model."""

    @property
    def provenance(self) -> Mapping[str, str]:
        """What is known only after loading (dtype, device, revision, digest of the chat template), for the lock.

        It is asked for again after each cell: what changes (the size of batches) is written to the lock.
        """

    def generate(self, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        """Generate one text per request, in order.

        The result must depend on the requests alone, not on what was asked before: the caller passes one cell at a
        time, or the cells that the plan puts together (:class:`SharedBatches`), and a resumed run must give the same
        bytes.
        """

    def choose(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:
        """Score the choices of each request, in order."""

    def close(self) -> None:
        """Free memory and connections."""


@dataclass(frozen=True, slots=True)
class StreamedResult:
    """The outcome of one request of a stream.

    Attributes:
        position: Of the request within the stream, from 0.
        result: ``None`` if the request failed for good.
        error: Why it failed.
    """

    position: int
    result: GenerateResult | None
    error: str = ""


@runtime_checkable
class StreamingModel(Protocol):
    """What a model adds that answers many requests at once, in any order: an endpoint."""

    def stream(self, requests: Iterable[GenerateRequest]) -> Iterator[StreamedResult]:
        """Yield the outcome of each request as soon as it is known.

        Requests are taken from the iterable a bounded number ahead, on the caller's thread. Closing the iterator sends
        nothing more.

        Raises:
            ModelError: Further requests are pointless.
        """

    def failure(self, errors: Sequence[str], requests: int) -> ModelError:
        """Return the error of a cell some of whose requests failed.

        Args:
            errors: Of the requests that failed, at least one.
            requests: How many the cell has.
        """


class SharedBatches(Protocol):
    """What a model type adds whose models answer several small cells faster together than one after the other."""

    def shares_batches(self, args: Mapping[str, Any]) -> bool:
        """Whether small cells of such a model are answered together.

        The plan decides which, never what is missing: a resumed run answers the same cells together.
        """


class BatchReporting(Protocol):
    """What a model adds that can say what each of its batches answered before the next one begins.

    The answers, and what stands in a batch, are those of :meth:`Model.choose` and :meth:`Model.generate`. What
    ``on_batch`` raises ends the call.
    """

    def choose_in_batches(
        self, requests: Sequence[ChoiceRequest], on_batch: Callable[[Sequence[tuple[int, ChoiceResult]]], None]
    ) -> None:
        """Score the choices of requests; ``on_batch`` is told positions and results of those that are complete."""

    def generate_in_batches(
        self, requests: Sequence[GenerateRequest], on_batch: Callable[[Sequence[tuple[int, GenerateResult]]], None]
    ) -> None:
        """Generate texts; ``on_batch`` is told positions and results."""


class BatchingModel(Protocol):
    """What a model adds that computes requests together, so that last bits depend on what stands in a batch."""

    def halved_batches(self, *, texts: bool = False) -> AbstractContextManager[bool]:
        """Work in batches of half the size for a while; gives whether the model has batches of its own.

        Args:
            texts: Whether texts are generated in them; else choices are scored.
        """


@runtime_checkable
class StoredAnswers(Protocol):
    """What a model type adds whose answers were generated elsewhere and are only looked up."""

    def stored_answers(
        self, args: Mapping[str, Any], context: ModelContext, language: str
    ) -> Collection[tuple[str, int]] | None:
        """Return ``item_id`` and ``sample_index`` of each answer in a language; ``None`` if it has no file.

        Raises:
            DataError: A file is wrong.
        """

    def allows_gaps(self, args: Mapping[str, Any]) -> bool:
        """Whether items without an answer are left out, in place of being refused."""

    def generation_settings(self, args: Mapping[str, Any], context: ModelContext) -> Mapping[str, str]:
        """Return what is known of how the answers were generated; empty if nothing is.

        Raises:
            PolyarenaError: The file that says it is wrong.
        """


@runtime_checkable
class ModelType(Protocol):
    """A model type; the entry-point group ``polyarena.models`` contains such objects."""

    def check(self, args: Mapping[str, Any], context: ModelContext, where: str) -> None:
        """Refuse arguments that cannot work, cheaply and before anything is spent.

        Raises:
            PolyarenaError: Says which argument, and what would be right.
        """

    @property
    def inputs(self) -> frozenset[str]:
        """What a prompt for models of this type may show: ``text``, ``image``, ``audio``."""

    def supports(self, kind: Kind) -> bool:
        """Whether models of this type can answer items of this kind."""

    def endpoint(self, args: Mapping[str, Any]) -> EndpointSettings | None:
        """The endpoint that models of this type ask through this project's own client, which bills what it answers.

        Planning prices its requests, looks them up in the call cache and holds them to the budget. ``None`` for models
        that answer on this machine, from files, or through a client of their own: nobody is known to bill them.
        """

    def identity(self, args: Mapping[str, Any], context: ModelContext, language: str) -> Mapping[str, str]:
        """Everything that changes an answer in this language and is known without loading: part of the cell key.

        Arguments that only change how fast an answer comes (device, batch size, concurrency) are left out.
        """

    def load(self, args: Mapping[str, Any], chat_template: bool | str, context: ModelContext) -> Model:
        """Load the model.

        Args:
            args: As in the experiment.
            chat_template: ``True`` for the model's own, ``False`` for none (system text and prompt joined by a blank
                line), or the text of a Jinja template.
            context: The run around it.
        """
