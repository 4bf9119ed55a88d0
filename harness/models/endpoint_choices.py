"""Log-likelihoods of choices from an endpoint's completions interface, through the run's own client."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.models.lm_eval.order_test import Pair, order_shift
from polyarena.harness.models.protocol import ChoiceRequest, ChoiceResult
from polyarena.harness.models.rendering import (
    apply_chat_template,
    choice_separator,
    close_before_choices,
    join_messages,
    set_template,
)
from polyarena.judges.protocol import Ask, Call, GivenText
from polyarena.tasks.errors import ModelError
from polyarena.tasks.text import sanitize_text

Tokens = tuple[int, ...]
MOST_PLACES = 2
"""Prompts that the choices of a question may take by ``logprob_token_ids``: one, or two behind a shared line break."""


class ChoiceScorer:
    """Scores the choices of questions with an endpoint.

    Choices of one token each are scored by one request a question where the server has ``logprob_token_ids``, others by
    ``echo``. Tokens are those that lm-eval's ``hf`` would make of the same texts.

    Args:
        settings: Of the endpoint, with ``logprob_token_ids`` or ``echo``.
        ask: The endpoint.
        chat_template: As in :meth:`polyarena.harness.models.protocol.ModelType.load`; ``True`` is the tokenizer's own.
        base: Folder that a relative path of the tokenizer starts from.

    Attributes:
        order_shift: The largest difference in nats between two orders of the first requests, once it is measured.

    Raises:
        ModelError: The tokenizer cannot be loaded, or has no chat template.
    """

    def __init__(self, settings: EndpointSettings, ask: Ask, chat_template: bool | str, base: str) -> None:
        self._settings = settings
        self._ask = ask
        self._where = f"{settings.model} at {settings.url}"
        self._lm = _texts_only(settings, base, self._where)
        self._templated = chat_template is not False
        if isinstance(chat_template, str):
            set_template(self._lm, chat_template, self._where)
        self.order_shift: float | None = None

    def choose(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:
        """Score the choices of each request, in order.

        Raises:
            ModelError: The server does not offer what it was asked for, its answers depend on the order of requests, or
                some requests failed for good.
        """
        prompts = [self._before_choices(request) for request in requests]
        pairs = [
            (prompt, choice_separator(self._templated, request.separator) + sanitize_text(choice))
            for prompt, request in zip(prompts, requests, strict=True)
            for choice in request.choices
        ]
        if self.order_shift is None and pairs:
            # By other sample indices than those of the questions: answers of the call cache would all agree.
            self.order_shift = order_shift(self._score_again(), pairs, self._where)
        scores = iter(self._score(pairs))
        results = []
        for prompt, request in zip(prompts, requests, strict=True):
            values = tuple(next(scores) for _ in request.choices)
            results.append(ChoiceResult(prompt=prompt, loglikelihoods=values))
        return results

    def _before_choices(self, request: ChoiceRequest) -> str:
        if not request.messages:
            return ""
        if not self._templated:
            return join_messages(request.messages)
        prompt = apply_chat_template(self._lm, request.messages, self._where)
        return close_before_choices(prompt, request.thinking, self._where)

    def _score_again(self) -> Any:
        asked: dict[Pair, int] = {}

        def score(pair: Pair) -> float:
            asked[pair] = asked.get(pair, 0) + 1
            return self._score([pair], asked[pair])[0]

        return score

    def _score(self, pairs: Sequence[Pair], sample_index: int = 0) -> list[float]:
        encode = importlib.import_module("polyarena.harness.models.hf_tree.tokenization").encode_pairs
        try:
            encoded: list[tuple[Tokens, Tokens]] = encode(self._lm, pairs)
        except ValueError as error:
            raise ModelError("a choice cannot be scored", where=self._where, why=str(error)) from error
        plans = self._plans(encoded)
        calls = list(dict.fromkeys(call for plan in plans for call, _ in plan))
        replies = self._replies([Call((), given=call, sample_index=sample_index) for call in calls])
        found = dict(zip(calls, replies, strict=True))
        return [sum(self._value(given, token, found[given]) for given, token in plan) for plan in plans]

    def _plans(self, encoded: Sequence[tuple[Tokens, Tokens]]) -> list[list[tuple[GivenText, int]]]:
        """Return, for each pair, the texts whose scores add up to its own, each with a token or the first place."""
        by_context: dict[Tokens, list[Tokens]] = {}
        for context, target in encoded:
            by_context.setdefault(context, []).append(target)
        places = {
            context: {target[:at]: None for target in targets for at in range(len(target))}
            for context, targets in by_context.items()
        }
        plans: list[list[tuple[GivenText, int]]] = []
        for context, target in encoded:
            fits = len(places[context]) <= max(MOST_PLACES, len(by_context[context]))
            if self._settings.logprob_token_ids and (fits or not self._settings.echo):
                if not fits:
                    raise ModelError(
                        "some choices have several tokens, which `logprob_token_ids` scores with a request for each",
                        where=self._where,
                        fix="add `echo: true` if the server offers it, or use `model: hf`",
                    )
                steps = []
                for at, token in enumerate(target):
                    following = {t[at] for t in by_context[context] if len(t) > at and t[:at] == target[:at]}
                    steps.append((GivenText(context + target[:at], tuple(sorted(following))), token))
                plans.append(steps)
            else:
                plans.append([(GivenText(context + target), len(context))])
        return plans

    def _replies(self, calls: Sequence[Call]) -> list[Mapping[str, Any]]:
        replies = list(self._ask(calls))
        failed = [reply.error for reply in replies if reply.error is not None]
        if failed:
            raise ModelError(
                f"{len(failed)} of {len(calls)} calls got no answer",
                where=self._where,
                why=failed[0],
                fix="run the same command again: only calls without an answer are repeated",
            )
        read: list[Mapping[str, Any]] = [json.loads(reply.text) for reply in replies]
        return read

    def _value(self, given: GivenText, place: int, reply: Mapping[str, Any]) -> float:
        if given.next_tokens:
            value = reply["next"].get(str(place))
            if value is None:
                raise ModelError(
                    "the server does not offer `logprob_token_ids`",
                    where=self._where,
                    why=f"it gave no log-probability of token {place}, which it was asked for",
                    fix="use a newer vLLM, or `echo: true` in its place if the server repeats prompts",
                )
            return float(value)
        values = reply["echo"][place : len(given.tokens)]
        if len(values) != len(given.tokens) - place or None in values:
            raise ModelError(
                "the server does not offer `echo` with `logprobs`",
                where=self._where,
                why=f"it gave {len(reply['echo'])} log-probabilities for a text of {len(given.tokens)} tokens",
                fix="use `model: hf` with the same weights, or a server that repeats prompts, such as vLLM",
            )
        return float(sum(values))


def _texts_only(settings: EndpointSettings, base: str, where: str) -> Any:
    """Return what renders and encodes prompts as a model of lm-eval does: its tokenizer, without the model."""
    assert settings.tokenizer is not None
    local = Path(base) / settings.tokenizer
    name = str(local.parent if local.is_file() else local) if local.exists() else settings.tokenizer
    try:
        transformers = importlib.import_module("transformers")
        importlib.import_module("torch")  # for lm-eval's own rules of encoding
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
    except ImportError as error:
        raise ModelError(
            "choices of an endpoint are encoded on this machine", where=where, fix="pip install 'polyarena[hf]'"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the tokenizer {settings.tokenizer!r} cannot be loaded",
            where=where,
            why=" ".join(str(error).split())[:200],
            fix="name a folder with the tokenizer of the model, or its repository on the hub",
        ) from error

    def render(chat: Any, add_generation_prompt: bool = True) -> str:
        text: str = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=add_generation_prompt)
        return text

    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    return SimpleNamespace(
        tokenizer=tokenizer,
        apply_chat_template=render,
        backend="causal",
        prefix_token_id=first,
        add_bos_token=None,
    )
