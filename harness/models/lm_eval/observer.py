"""Observes token counts and finish reasons, which lm-eval does not return.

lm-eval returns texts. The counts pass through its hands: local models decode the generated tokens
(``tok_decode``), API models parse the server's answer (``parse_generations``), and both then tell a cache hook which
prompt the text belongs to. An :class:`Observer` listens at these three places of one model.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from polyarena.harness.models.lm_eval.generation import has_base
from polyarena.tasks.thinking import AUTO, ThinkingRule, mark_tokens, read_message


@dataclass(frozen=True, slots=True)
class Observation:
    """What was observed of one answer.

    Attributes:
        text: As decoded, before stop texts cut it; ``None`` for an API.
        completion_tokens: Generated tokens, the end token included; as the server says for an API.
        prompt_tokens: As the server says; ``None`` for a local model.
        ended: Whether a local model generated its end token.
        finish_reason: As the server says; ``None`` for a local model.
        thought: What the server gives as the thought, apart from the text.
        thought_tokens: As the server says.
    """

    text: str | None = None
    completion_tokens: int | None = None
    prompt_tokens: int | None = None
    ended: bool = False
    finish_reason: str | None = None
    thought: str | None = None
    thought_tokens: int | None = None


class Observer:
    """Listens to one model; also the cache hook of it (which caches nothing).

    Attributes:
        thinking: How the thoughts of the next answers are marked.
        on_batch: Told prompt and text of each answer of a local model when the batch that they stood in has ended.
    """

    def __init__(self) -> None:
        self.thinking = AUTO
        self.on_batch: Callable[[Sequence[tuple[Any, str]]], None] | None = None
        self._batch: list[tuple[Any, str]] = []
        self._pending: deque[Observation] = deque()
        self._by_prompt: defaultdict[Any, deque[Observation]] = defaultdict(deque)

    def add_partial(self, kind: str, request: Sequence[Any], answer: object) -> None:
        """Record which prompt the last observed answer belongs to; called by lm-eval."""
        if kind == "generate_until" and self._pending:
            self._by_prompt[request[0]].append(self._pending.popleft())
            self._batch.append((request[0], str(answer)))

    def pop(self, prompt: Any) -> Observation | None:
        """Remove and return the next answer to this prompt; ``None`` if there is none."""
        waiting = self._by_prompt.get(prompt)
        return waiting.popleft() if waiting else None

    def clear(self) -> None:
        """Drop all observations, between two calls of the model."""
        self._pending.clear()
        self._by_prompt.clear()
        self._batch.clear()

    def end_batch(self) -> None:
        """Tell the answers since the last call."""
        batch, self._batch = self._batch, []
        if batch and self.on_batch is not None:
            self.on_batch(batch)

    def on_decoded(self, tokens: Sequence[int], text: str, ends: Collection[int]) -> None:
        """Record the tokens that a local model decoded."""
        first_end = next((place for place, token in enumerate(tokens) if token in ends), None)
        count = len(tokens) if first_end is None else first_end + 1
        self._pending.clear()
        self._pending.append(Observation(text=text, completion_tokens=count, ended=first_end is not None))

    def on_response(self, outputs: Any) -> None:
        """Record a server's answer.

        Raises:
            ValueError: It has no answer in it. lm-eval would go on with an empty text.
        """
        self._pending.clear()
        for output in outputs if isinstance(outputs, list) else [outputs]:
            choices = output.get("choices") if isinstance(output, dict) else None
            if not choices or not all(isinstance(c, dict) and ("message" in c or "text" in c) for c in choices):
                raise ValueError(f"the server's answer has no choices with a message or text: {str(output)[:200]}")
            usage = (output.get("usage") or {}) if len(choices) == 1 else {}
            details = usage.get("completion_tokens_details") or {}
            for choice in sorted(choices, key=lambda each: each.get("index") or 0):
                message = choice.get("message")
                said = read_message(message) if isinstance(message, dict) else None
                if said is not None:
                    message["content"] = said.text  # lm-eval takes texts only, no parts
                self._pending.append(
                    Observation(
                        completion_tokens=usage.get("completion_tokens"),
                        prompt_tokens=usage.get("prompt_tokens"),
                        finish_reason=choice.get("finish_reason"),
                        thought=said.thought if said else None,
                        thought_tokens=details.get("reasoning_tokens"),
                    )
                )


def attach_observer(lm: Any) -> Observer:
    """Attach an observer to a model of lm-eval; models that are neither local nor an API of lm-eval tell it nothing."""
    observer = Observer()
    if has_base(lm, "HFLM"):
        _listen_to_decoding(lm, observer)
    elif has_base(lm, "TemplateAPI"):
        _listen_to_server(lm, observer)
    lm.set_cache_hook(observer)
    return observer


def _listen_to_decoding(lm: Any, observer: Observer) -> None:
    decode, ends = lm.tok_decode, end_tokens(lm)
    special = tuple(getattr(lm.tokenizer, "all_special_tokens", ()))

    def listening(tokens: Any, *args: Any, **kwargs: Any) -> Any:
        dropped = _dropped_tokens(special, observer.thinking) if isinstance(tokens, list) else None
        if dropped is None:
            text = decode(tokens, *args, **kwargs)
        else:
            # Decoding drops special tokens, and with them the marks of thoughts.
            end = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
            text = dropped.sub("", decode(tokens[:end], skip_special_tokens=False))
        if isinstance(tokens, list):
            observer.on_decoded(tokens, text, ends)
        return text

    generate = lm._model_generate

    def beginning(*args: Any, **kwargs: Any) -> Any:
        observer.end_batch()
        return generate(*args, **kwargs)

    lm.tok_decode = listening
    lm._model_generate = beginning


@cache
def _dropped_tokens(special: tuple[str, ...], thinking: ThinkingRule) -> re.Pattern[str] | None:
    """Return what finds the special tokens that mark no thought; ``None`` if none of them marks one."""
    marks = mark_tokens(special, thinking)
    others = sorted(set(special) - marks, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, others)) or r"(?!)") if marks else None


def _listen_to_server(lm: Any, observer: Observer) -> None:
    parse = lm.parse_generations

    def listening(outputs: Any, **kwargs: Any) -> Any:
        observer.on_response(outputs)
        # A null text is an empty answer; lm-eval would put a placeholder, and not tell the hook in one of two ways.
        return ["" if text is None else text for text in parse(outputs=outputs, **kwargs)]

    lm.parse_generations = listening


def end_tokens(lm: Any) -> frozenset[int]:
    """Return the tokens that end an answer, by the tokenizer and by the model's generation settings."""
    configured = getattr(getattr(lm.model, "generation_config", None), "eos_token_id", None)
    listed = configured if isinstance(configured, list) else [configured]
    return frozenset(int(token) for token in [*listed, lm.tokenizer.eos_token_id] if token is not None)
