"""What is known of an endpoint's replies, from the call cache and from its replies in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from polyarena.harness.endpoints.cache import CallCache
from polyarena.harness.endpoints.pending_call import PendingCall
from polyarena.harness.endpoints.request import (
    STRUCTURE,
    body_key,
    request_body,
    structure_key,
    without_structure,
)
from polyarena.harness.endpoints.settings import EndpointSettings, read_api_key
from polyarena.harness.endpoints.transport.fatal_errors import fatal_error
from polyarena.harness.endpoints.transport.model_list import list_models
from polyarena.harness.endpoints.transport.outcome import Outcome
from polyarena.judges.protocol import Call, Reply
from polyarena.tasks.errors import ModelError
from polyarena.tasks.finish_reasons import is_cut

_NOT_OFFERED = frozenset({"400", "405", "415", "422", "501"})
EMPTY = "malformed"
"""The outcome of an empty answer to a question with structured output: some servers answer so if they lack it."""


class ReplyPolicy:
    """Looks answers up, prices them, and remembers what an endpoint refuses.

    An endpoint that refuses structured output and then answers the same question without it does not offer it: it is
    not asked for again, in this process and, if there is a cache, in later ones. In this process, the same applies to
    an endpoint that gives an empty answer, which may be an accident.

    Attributes:
        since: Answers given before, in seconds since the epoch, are outdated (see ``polyarena run --fresh``).

    Args:
        settings: Which endpoint.
        cache: The call cache; ``None`` for none.
        remember_refusals: Whether a question that is refused for good is remembered.
        retry_refused: Whether remembered refusals are ignored.
        batch: Whether answers are bought in batch mode.
    """

    def __init__(
        self,
        settings: EndpointSettings,
        cache: CallCache | None,
        remember_refusals: bool,
        retry_refused: bool,
        batch: bool = False,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._remember = remember_refusals and cache is not None
        self._retry = retry_refused
        self._batch = batch
        self.since = 0.0 if cache is None else cache.outdated_before(settings.model_source)
        self._answered = False  # any call, in this process
        self._known = False  # whether the cache has held an answer of this endpoint
        self._offered: bool | None = None  # structured output; unknown until it was asked for

    def body(self, call: Call) -> dict[str, Any]:
        """Return what is sent for a call, without structured output where it is not offered."""
        body = request_body(self._settings, call)
        return without_structure(body) if STRUCTURE in body and self._is_plain() else body

    def find(self, key: str) -> Reply | None:
        """Return the cached answer with its price, or the remembered refusal, or ``None``."""
        return self.find_all([key]).get(key)

    def find_all(self, keys: Sequence[str]) -> dict[str, Reply]:
        """Return what :meth:`find` returns for each of several keys, without those of which nothing is known."""
        if self._cache is None:
            return {}
        found = {
            key: replace(self.priced(cached.reply, batch=cached.batch), answered_at=cached.answered_at)
            for key, cached in self._cache.find_all(keys, since=self.since).items()
        }
        self._known = self._known or bool(found)
        if self._remember and not self._retry and (unknown := [key for key in keys if key not in found]):
            refusals = self._cache.refusals(unknown)
            found |= {key: Reply("", error=error, refused=True) for key, error in refusals.items()}
        return found

    def priced(self, reply: Reply, *, batch: bool | None = None) -> Reply:
        """Return a reply with what its tokens were bought for, if that is known."""
        prices = self._settings.prices
        if prices is None:
            return reply
        counts = (reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens)
        cost = prices.cost(*counts, batch=self._batch if batch is None else batch)
        return reply if cost is None else replace(reply, cost=float(cost))

    def accepted(self, job: PendingCall) -> None:
        """Record that a question was answered."""
        self._answered = True
        if STRUCTURE in job.body:
            self._offered = True
        elif job.unstructured_reason is not None and self._offered is None:
            self._offered = False
            if self._cache is not None and job.unstructured_reason in _NOT_OFFERED:
                self._cache.refuse(structure_key(self._settings), "structured output is not offered")

    def ask_plainly(self, job: PendingCall, outcome: Outcome) -> bool:
        """Drop structured output from a question that was refused with it, and return whether there was any."""
        if STRUCTURE not in job.body or self._offered or outcome.reason not in {*_NOT_OFFERED, EMPTY}:
            return False
        job.unstructured_reason = outcome.reason
        self._make_plain(job)
        return True

    def without_empty_answer(self, job: PendingCall, outcome: Outcome) -> Outcome:
        """Return the outcome of a request; until structured output is known to work, an empty answer is a failure."""
        # Also those that were in flight when another question showed that it is not offered.
        open_yet = STRUCTURE in job.body and not self._offered
        if not outcome.ok or not open_yet or outcome.reply.text.strip() or is_cut(outcome.reply.finish_reason):
            return outcome
        return Outcome(EMPTY, replace(outcome.reply, error="the answer is empty"))

    def adapt(self, job: PendingCall) -> Reply | None:
        """Drop structured output that is known not to be offered; return the cached answer without it, if any."""
        if self._offered is not False or STRUCTURE not in job.body:
            return None
        self._make_plain(job)
        return self.find(job.key)

    def fatal(self, job: PendingCall, outcome: Outcome) -> ModelError | None:
        """Return the error that ends the run, or ``None`` if the failure of a question concerns it alone."""
        settings = self._settings
        return fatal_error(
            settings,
            outcome,
            job.attempts,
            answered=self._answered,
            known=self._known,
            # Nothing else is to be done while it is asked: whatever is said, the run ends.
            offered=lambda: list_models(settings, read_api_key(settings)),
        )

    def refused(self, job: PendingCall, outcome: Outcome) -> Reply:
        """Return the reply of a question that got no answer, and remember one that never will.

        An endpoint that has not answered anything may refuse all questions for one wrong setting: nothing is
        remembered then.
        """
        reply = outcome.reply
        if STRUCTURE in job.body and outcome.retry and not self._offered:
            hint = "if the server does not know `response_format`, set `structured: off` in the judge's args"
            reply = replace(reply, error=f"{reply.error}; {hint}")
        if not self._remember or not outcome.question_refused or not (self._answered or self._known):
            return reply
        assert self._cache is not None
        self._cache.refuse(job.claimed, reply.error or outcome.reason)
        return replace(reply, refused=True)

    def _make_plain(self, job: PendingCall) -> None:
        job.body = without_structure(job.body)
        job.key = body_key(self._settings.source, job.body, job.sample_index)

    def _is_plain(self) -> bool:
        if self._offered is None and self._cache is not None and self._cache.refusal(structure_key(self._settings)):
            self._offered = False
        return self._offered is False


def is_known(cache: CallCache, settings: EndpointSettings, call: Call, *, refusals: bool = True) -> bool:
    """Return whether a call needs no request: its answer is cached or, with ``refusals``, its refusal remembered.

    Args:
        cache: The call cache.
        settings: Of the endpoint.
        call: The call.
        refusals: Whether a remembered refusal counts, as it does for judges.
    """
    key = _key_sent(cache, settings, call)
    return cache.has(key, since=cache.outdated_before(settings.model_source)) or (
        refusals and cache.refusal(key) is not None
    )


def cached_reply(cache: CallCache, settings: EndpointSettings, call: Call) -> Reply | None:
    """Return the cached answer to a call, without a cost, or ``None``."""
    since = cache.outdated_before(settings.model_source)
    cached = cache.find(_key_sent(cache, settings, call), since=since)
    return None if cached is None else cached.reply


def _key_sent(cache: CallCache, settings: EndpointSettings, call: Call) -> str:
    """Return the key of the body that is sent, without structured output where it is known not to be offered."""
    body: Mapping[str, Any] = request_body(settings, call)
    if STRUCTURE in body and cache.refusal(structure_key(settings)):
        body = without_structure(body)
    return body_key(settings.source, body, call.sample_index)
