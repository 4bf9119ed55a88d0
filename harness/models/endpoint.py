"""The model type ``endpoint``: a system behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.endpoints.transport.fatal_errors import parameter_advice
from polyarena.harness.models.endpoint_choices import ChoiceScorer
from polyarena.harness.models.protocol import (
    ChoiceRequest,
    ChoiceResult,
    GenerateRequest,
    GenerateResult,
    Model,
    ModelContext,
    StreamedResult,
)
from polyarena.judges.protocol import Ask, Call, Message, Reply, as_completed, close
from polyarena.tasks.errors import ExperimentError, ModelError
from polyarena.tasks.finish_reasons import is_refused_by_host
from polyarena.tasks.item import Kind
from polyarena.tasks.prompt import json_default
from polyarena.tasks.suggest import closest


@dataclass(frozen=True, slots=True)
class EndpointType:
    """The model type ``endpoint``; a :class:`polyarena.harness.models.protocol.ModelType`.

    Arguments are the fields of :class:`polyarena.harness.endpoints.EndpointSettings`.
    """

    def check(self, args: Mapping[str, Any], context: ModelContext, where: str) -> None:  # noqa: ARG002
        """Refuse settings that cannot work; the key is looked for when a run needs it."""
        _settings(args, where)

    inputs = frozenset({"text"})

    def supports(self, kind: Kind) -> bool:
        """Anything but multiple choice: chat endpoints do not give the likelihood of a text."""
        return kind is not Kind.MULTIPLE_CHOICE

    def scores_choices(self, args: Mapping[str, Any]) -> bool:
        """Whether multiple choice can be scored all the same: by ``logprob_token_ids`` or ``echo``."""
        return _settings(args, "").scores_choices

    def endpoint(self, args: Mapping[str, Any]) -> EndpointSettings:
        """Return the settings of the endpoint."""
        return _settings(args, "")

    def identity(self, args: Mapping[str, Any], context: ModelContext, language: str) -> Mapping[str, str]:  # noqa: ARG002
        """Return address, model and extra fields of the request; no key, no price, no concurrency."""
        settings = _settings(args, "")
        return {"type": "endpoint", "args": json.dumps(dict(settings.key_fields), sort_keys=True, ensure_ascii=False)}

    def load(self, args: Mapping[str, Any], chat_template: bool | str, context: ModelContext) -> Model:
        """Open the endpoint.

        Raises:
            ModelError: A chat template was asked for that only the server could apply, or the tokenizer that scored
                choices need cannot be loaded.
        """
        settings = _settings(args, "")
        where = f"{settings.model} at {settings.url}"
        if chat_template is not True and not settings.scores_choices:
            raise ModelError(
                "an endpoint cannot set its chat template",
                where=where,
                why="it is sent messages, and the server renders them",
                fix="set `chat_template: true`",
            )
        if context.open_endpoint is None:
            raise ModelError("no endpoint can be opened here", where=where, why="planning asks nobody")
        ask = context.open_endpoint(args)
        if not settings.scores_choices:
            return EndpointModel(where, ask)
        return EndpointModel(
            where, ask, ChoiceScorer(settings, ask, chat_template, context.base), chat_template is True
        )


class EndpointModel:
    """An endpoint as a model; a :class:`polyarena.harness.models.protocol.Model`."""

    def __init__(self, name: str, ask: Ask, scorer: ChoiceScorer | None = None, servers_template: bool = True) -> None:
        self._name = name
        self._ask = ask
        self._scorer = scorer
        self._servers_template = servers_template

    @property
    def provenance(self) -> Mapping[str, str]:
        """The server does not say more; of choices, how much their scores depend on the order of the requests."""
        shift = None if self._scorer is None else self._scorer.order_shift
        return {"chat_template": "server"} | ({} if shift is None else {"order_shift": f"{shift:.2g} nats"})

    def generate(self, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        """Ask all questions; ``prompt`` is the canonical JSON of the messages.

        A prompt that the host's filter refuses is an empty answer with a finish reason that says so.

        Raises:
            ModelError: Some calls failed for good, after all others had ended. A failed call is no empty answer: the
                cell is left undone, its answered calls stay in the call cache, and the next run repeats the others.
        """
        results: dict[int, GenerateResult] = {}
        errors: list[str] = []
        for outcome in self.stream(requests):
            if outcome.result is None:
                errors.append(outcome.error)
            else:
                results[outcome.position] = outcome.result
        if errors or len(results) != len(requests):
            raise self.failure(errors, len(requests)) if errors else self._ended_early(len(results), len(requests))
        return [results[position] for position in range(len(requests))]

    def stream(self, requests: Iterable[GenerateRequest]) -> Iterator[StreamedResult]:
        """Ask questions as they are drawn and yield each outcome as soon as it is known; see :meth:`generate`."""
        if not self._servers_template:
            raise ModelError(
                "an endpoint cannot set its chat template",
                where=self._name,
                why="it is sent messages, and the server renders them",
                fix="set `chat_template: true`, or ask this system multiple choice alone",
            )
        pending: dict[int, GenerateRequest] = {}

        def calls() -> Iterator[Call]:
            for position, request in enumerate(requests):
                pending[position] = request
                yield Call(request.messages, request.sampling, request.sample_index)

        drawn = calls()
        for position, reply in as_completed(self._ask, drawn):
            if position not in pending and next(drawn, None) is None:
                raise ModelError("the endpoint gave more replies than it was asked questions", where=self._name)
            request = pending.pop(position)
            if reply.error is not None and not _is_refusal(reply):
                yield StreamedResult(position, None, reply.error)
                continue
            yield StreamedResult(position, result_of(reply, _canonical(request.messages)))

    def failure(self, errors: Sequence[str], requests: int) -> ModelError:
        """Return the error of a cell some of whose calls failed for good."""
        advice = next(filter(None, map(parameter_advice, errors)), None)
        return ModelError(
            f"{len(errors)} of {requests} calls got no answer",
            where=self._name,
            why=errors[0],
            fix=advice or _REPEAT,
        )

    def _ended_early(self, answered: int, asked: int) -> ModelError:
        return ModelError(
            f"{asked - answered} of {asked} calls got no answer",
            where=self._name,
            why="the endpoint ended early",
            fix=_REPEAT,
        )

    def choose(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:
        """Score choices by ``logprob_token_ids`` or ``echo``.

        Raises:
            ModelError: The endpoint has neither argument: chat endpoints do not give the likelihood of a text.
        """
        if self._scorer is not None:
            return self._scorer.choose(requests)
        raise ModelError(
            "a chat endpoint cannot score choices",
            where=self._name,
            fix="set `logprob_token_ids: true` or `echo: true` if the server has a completions interface with them, or "
            "leave multiple-choice tasks out",
        )

    def close(self) -> None:
        """The run owns its endpoints and closes them itself; an :data:`Ask` that can be closed is closed here."""
        close(self._ask)


_REPEAT = "run the same command again: only calls without an answer are repeated"


def result_of(reply: Reply, prompt: str) -> GenerateResult:
    """Return a reply as the result of a request.

    Args:
        reply: Of an endpoint, without an error.
        prompt: What it was asked.
    """
    return GenerateResult(
        prompt=prompt,
        text=reply.text,
        finish_reason=reply.finish_reason,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        thought=reply.thought,
        thought_tokens=reply.thought_tokens,
    )


def _is_refusal(reply: Reply) -> bool:
    return is_refused_by_host(reply.text, reply.finish_reason)


def _canonical(messages: Sequence[Message]) -> str:
    return json.dumps(
        [dict(message) for message in messages],
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
        default=json_default,
    )


def _settings(args: Mapping[str, Any], where: str) -> EndpointSettings:
    try:
        return EndpointSettings.model_validate(dict(args))
    except ValidationError as error:
        # A misspelt key is also a missing one: the first says more.
        found = error.errors(include_url=False, include_input=False)
        first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
        field = ".".join(str(part) for part in first["loc"])
        near = closest(field, EndpointSettings.model_fields) if first["type"] == "extra_forbidden" else []
        said = f"{field}: {first['msg'].removeprefix('Value error, ')}"
        raise ExperimentError(
            f"unknown argument of `endpoint` {field!r}"
            if first["type"] == "extra_forbidden"
            else f"the endpoint cannot be used: {said}",
            where=where,
            fix=f"did you mean {near[0]!r}?" if near else "",
        ) from error


build = EndpointType()
"""The entry point."""
