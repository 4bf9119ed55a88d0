"""lm-eval's ``local-completions`` with one request a question, where a server scores given tokens as what comes next.

lm-eval asks such servers to repeat each prompt with each choice and to score what they repeat (``echo``), for which
vLLM computes the whole prompt anew for every choice. vLLM's field ``logprob_token_ids`` (in its OpenAI-compatible API
since its pull request 43463) gives the log-probabilities of chosen tokens at the next position instead: one request
scores all choices of a question that are one token each, and its prompt may come out of the server's prefix cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from lm_eval.models.openai_completions import LocalCompletionsAPI
from tenacity import Retrying, stop_after_attempt, wait_exponential

from polyarena.tasks.errors import ModelError

FIELD = "logprob_token_ids"
_NAMED = "token_id:"
"""What vLLM writes before the number of a token where the request asks for numbers in place of texts."""

Tokens = tuple[int, ...]
Encoded = tuple[Any, Sequence[int], Sequence[int]]
"""A pair of texts, and the tokens of its context and of its continuation."""


class ChosenTokensAPI(LocalCompletionsAPI):  # type: ignore[misc]
    """``local-completions`` that scores choices of one token by ``logprob_token_ids``, others by ``echo``.

    Args:
        logprob_token_ids: Whether the server offers the field; without it, this is lm-eval's own class.
        kwargs: Of lm-eval's class.
    """

    def __init__(self, logprob_token_ids: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._chosen = logprob_token_ids

    def _create_payload(self, messages: Any, *args: Any, token_ids: Tokens = (), **kwargs: Any) -> dict[str, Any]:
        body: dict[str, Any] = super()._create_payload(messages, *args, **kwargs)
        if token_ids:
            del body["echo"]
            body |= {FIELD: list(token_ids), "return_tokens_as_token_ids": True}
        return body

    def _loglikelihood_tokens(self, requests: Sequence[Encoded], **kwargs: Any) -> list[tuple[float, bool]]:
        fitting = self._fitting(requests) if self._chosen else {}
        found = self._score_steps(fitting) if fitting else {}
        rest = [i for i in range(len(requests)) if i not in found]
        if rest:
            scores = super()._loglikelihood_tokens([requests[i] for i in rest], **kwargs)
            found |= dict(zip(rest, scores, strict=True))
        return [found[i] for i in range(len(requests))]

    def _fitting(self, requests: Sequence[Encoded]) -> dict[int, tuple[Tokens, Tokens]]:
        """Return context and continuation of the requests that need no more prompts in this way than by ``echo``.

        The choices of a question are one prompt for each place at which any of them goes on: one for single tokens, two
        for single tokens behind a line break that they share, as many chat templates have it.
        """
        questions: dict[Tokens, list[int]] = {}
        for place, (_, context, _) in enumerate(requests):
            if context:
                questions.setdefault(tuple(context), []).append(place)
        fitting: dict[int, tuple[Tokens, Tokens]] = {}
        for context, places in questions.items():
            targets = {place: tuple(requests[place][2]) for place in places}
            if len({target[:i] for target in targets.values() for i in range(len(target))}) <= max(2, len(places)):
                # As lm-eval cuts: context and continuation together fit into the model.
                room = self.max_length - max(map(len, targets.values()))
                fitting |= {place: (context[-room:], target) for place, target in targets.items()}
        return fitting

    def _score_steps(self, requests: Mapping[int, tuple[Tokens, Tokens]]) -> dict[int, tuple[float, bool]]:
        """Return log-likelihood and greedy flag of continuations, from the tokens that follow each of their places."""
        steps: dict[Tokens, set[int]] = {}
        for context, target in requests.values():
            for i, token in enumerate(target):
                steps.setdefault(context + target[:i], set()).add(token)
        alike: dict[Tokens, list[Tokens]] = {}
        for prompt, tokens in steps.items():
            alike.setdefault(tuple(sorted(tokens)), []).append(prompt)
        jobs = [(part, tokens) for tokens, group in alike.items() for part in _parts(group, int(self._batch_size))]
        found: dict[Tokens, tuple[Mapping[int, float], int]] = {}
        with ThreadPoolExecutor(max(1, int(self._concurrent))) as pool:
            for (part, _), answers in zip(jobs, pool.map(lambda job: self._ask(*job), jobs), strict=True):
                found |= dict(zip(part, answers, strict=True))
        scores: dict[int, tuple[float, bool]] = {}
        for place, (context, target) in requests.items():
            known = [(found[context + target[:i]], token) for i, token in enumerate(target)]
            scores[place] = (
                sum(values[token] for (values, _), token in known),
                all(best == token for (_, best), token in known),
            )
        return scores

    def _ask(self, contexts: Sequence[Tokens], tokens: Tokens) -> list[tuple[Mapping[int, float], int]]:
        """Return, for each context, the log-probability of each token as the next one, and the likeliest token."""
        attempts = Retrying(
            stop=stop_after_attempt(self.max_retries),
            wait=wait_exponential(multiplier=0.5, min=1, max=10),
            reraise=True,
        )
        answer = attempts(
            self.model_call, messages=[list(context) for context in contexts], generate=False, token_ids=tokens
        )
        replies = sorted((answer or {}).get("choices") or (), key=lambda reply: int(reply.get("index", 0)))
        if len(replies) != len(contexts):
            raise ModelError(f"the server gave {len(replies)} answers to {len(contexts)} prompts")
        return [_next_token(reply, tokens) for reply in replies]


def _next_token(reply: Mapping[str, Any], tokens: Tokens) -> tuple[Mapping[int, float], int]:
    logprobs = reply.get("logprobs") or {}
    first = ((logprobs.get("top_logprobs") or [None])[0]) or {}
    values = {int(name.removeprefix(_NAMED)): float(value) for name, value in first.items() if name.startswith(_NAMED)}
    chosen = str((logprobs.get("tokens") or [""])[0]).removeprefix(_NAMED)
    lacking = [token for token in tokens if token not in values]
    if lacking or not chosen.isdecimal():
        raise ModelError(
            f"the server does not offer `{FIELD}`",
            why=f"it gave no log-probability of {len(lacking)} of the {len(tokens)} tokens that it was asked for",
            fix=f"take `{FIELD}` out of the arguments (choices are then scored by `echo`), or use a newer vLLM",
        )
    return values, int(chosen)


def _parts(contexts: Sequence[Tokens], size: int) -> Iterator[list[Tokens]]:
    left = iter(contexts)
    while part := list(islice(left, max(1, size))):
        yield part
