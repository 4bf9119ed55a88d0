"""Asks many questions at once and hands the answers back in order."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from polyarena.harness.endpoints.backoff import pause_s
from polyarena.harness.endpoints.cache import CallCache
from polyarena.harness.endpoints.dispatch import Dispatcher
from polyarena.harness.endpoints.ledger import Ledger, Source
from polyarena.harness.endpoints.outcome import Outcome
from polyarena.harness.endpoints.refusal import refusal
from polyarena.harness.endpoints.request import body_key, request_body
from polyarena.harness.endpoints.settings import EndpointSettings, read_api_key
from polyarena.judges.protocol import Call, Reply
from polyarena.tasks.errors import ModelError

if TYPE_CHECKING:
    from polyarena.harness.endpoints.client import Send


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request, for an event log.

    Attributes:
        key: Of the call, as in the cache.
        number: Which attempt of its call, from 1.
        outcome: As in :class:`polyarena.harness.endpoints.ledger.Totals`.
        error: What went wrong, or ``None``.
        seconds: How long it took.
    """

    key: str
    number: int
    outcome: str
    error: str | None
    seconds: float


@dataclass(slots=True, eq=False)
class _Job:
    """A question on its way; equal calls share one."""

    key: str
    body: Mapping[str, Any]
    future: Future[Reply] = field(default_factory=Future)
    waiters: int = 1
    attempts: int = 0
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class _Ticket:
    """A caller's claim on a reply."""

    source: Source
    job: _Job


class Endpoint:
    """A chat model behind the OpenAI protocol; instances are an :data:`polyarena.judges.protocol.Ask`.

    Calls are taken from the iterable as answers go out, a bounded number ahead, so that any number of calls streams in
    flat memory. Requests run on a background thread: they go on while the caller works on a reply, in a notebook too.
    Streams of several threads share the bound on requests in flight, and equal calls in flight are asked once.

    A stream that is closed early sends nothing more; requests already sent are paid for, so their answers are still
    taken into the cache. :meth:`close` cuts those off as well.

    A reply costs what its tokens were bought for, be it now or in an earlier run from which the cache has it; the
    ledger counts only what is paid now.

    Args:
        settings: Which endpoint.
        cache: Where answers are looked up and kept; ``None`` for neither.
        ledger: Where attempts, tokens and money are counted.
        on_attempt: Told of each request when it has ended, on the background thread.

    Raises:
        ExperimentError: The ledger already counts in another currency.
    """

    def __init__(
        self,
        settings: EndpointSettings,
        cache: CallCache | None,
        ledger: Ledger,
        on_attempt: Callable[[Attempt], None] | None = None,
    ) -> None:
        self.settings = settings
        self.cache = cache
        self.ledger = ledger
        self._on_attempt = on_attempt
        # Re-entrant: the garbage collector may close a forgotten stream on a thread that holds it.
        self._lock = threading.RLock()
        self._jobs: dict[str, _Job] = {}
        self._dispatcher: Dispatcher[_Job] | None = None
        self._dead: Exception | None = None
        self._answered = False
        self._known = False
        width = settings.concurrency
        # Far enough ahead that one slow answer at the head leaves the other workers busy, near enough to stay small.
        self._ahead = max(2 * width, min(16 * width, 2048))
        if settings.prices is not None:
            ledger.use_currency(settings.prices.currency)

    def __call__(self, calls: Iterable[Call]) -> Iterator[Reply]:
        """Yield one reply for each call, in order.

        A call that is refused, or fails in all its attempts, is a reply with ``error``.

        Raises:
            ModelError: Asking on is pointless: no key, or it is refused, the model is unknown, the account is empty,
                or the endpoint never answered. Later streams of this endpoint raise it too.
            StoreError: The cache cannot be read or written.
        """
        window: deque[_Ticket] = deque()
        try:
            for call in calls:
                window.append(self._claim(call))
                # One out for one in, rather than all that are done: the workers never wait for the caller.
                if len(window) >= self._ahead or window[0].job.future.done():
                    yield self._redeem(window)
            while window:
                yield self._redeem(window)
        finally:
            with self._lock:
                for ticket in window:
                    ticket.job.waiters -= 1

    def close(self) -> None:
        """End all streams, cut off what is in flight, close the connections; harmless when done twice."""
        self._die(ModelError("the endpoint was closed", where=self.settings.url))
        dispatcher = self._dispatcher
        if dispatcher is not None:
            dispatcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # On the callers' threads.

    def _claim(self, call: Call) -> _Ticket:
        body = request_body(self.settings, call)
        key = body_key(self.settings.url, body, call.sample_index)
        with self._lock:
            if self._dead is not None:
                raise self._dead
            job = self._jobs.get(key)
            if job is not None:
                job.waiters += 1
                return _Ticket("shared", job)
            job = _Job(key, body)
            kept = self.cache.get(key) if self.cache is not None else None
            if kept is not None:
                self._known = True
                job.future.set_result(self._priced(kept))
                return _Ticket("cache", job)
            if self._dispatcher is None:
                self._dispatcher = Dispatcher(self.settings.concurrency, self._session, self._die)
            self._jobs[key] = job
            self._dispatcher.submit(job)
            return _Ticket("paid", job)

    def _redeem(self, window: deque[_Ticket]) -> Reply:
        ticket = window[0]
        reply = ticket.job.future.result()
        window.popleft()
        self.ledger.record_call(ticket.source, failed=reply.error is not None)
        return reply

    def _priced(self, reply: Reply) -> Reply:
        prices = self.settings.prices
        cost = prices.cost(reply.prompt_tokens, reply.completion_tokens) if prices is not None else None
        return reply if cost is None else replace(reply, cost=float(cost))

    # On the background thread.

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Callable[[int, _Job], Awaitable[float | None]]]:
        key = read_api_key(self.settings)
        from polyarena.harness.endpoints.client import open_client

        async with open_client(self.settings, key) as send:

            async def run(worker: int, job: _Job) -> float | None:
                return await self._run(send, worker, job)

            yield run

    async def _run(self, send: Send, worker: int, job: _Job) -> float | None:
        with self._lock:
            if job.future.done():
                return None
            if not job.waiters:
                del self._jobs[job.key]
                return None
        job.attempts += 1
        started = time.monotonic()
        outcome = None
        try:
            outcome = await send(worker, job.body)
        finally:
            self._record(job, outcome, time.monotonic() - started)
        return self._settle(job, outcome)

    def _record(self, job: _Job, outcome: Outcome | None, seconds: float) -> None:
        name = "abandoned" if outcome is None else outcome.reason
        reply = Reply("") if outcome is None else outcome.reply
        prices = self.settings.prices
        cost = prices.cost(reply.prompt_tokens, reply.completion_tokens) if prices is not None else None
        self.ledger.record_attempt(name, reply.prompt_tokens, reply.completion_tokens, cost, repeats=job.outcome)
        job.outcome = name
        if self._on_attempt is not None:
            self._on_attempt(Attempt(job.key, job.attempts, name, reply.error, seconds))

    def _settle(self, job: _Job, outcome: Outcome) -> float | None:
        if outcome.ok:
            self._answered = True
            if self.cache is not None:
                self.cache.put(job.key, outcome.reply)
        else:
            if outcome.retry and job.attempts < self.settings.max_attempts and self._dead is None:
                pause = pause_s(job.key, job.attempts, outcome.retry_after_s, self.settings.max_wait_s)
                if pause is not None:
                    return pause
            outcome = _given_up(outcome, job.attempts)
            fatal = refusal(self.settings, outcome, job.attempts, answered=self._answered, known=self._known)
            if fatal is not None:
                self._die(fatal)
        with self._lock:
            if not job.future.done():
                del self._jobs[job.key]
                job.future.set_result(self._priced(outcome.reply))
        return None

    def _die(self, error: Exception) -> None:
        """End all streams with this error; the first one stays."""
        with self._lock:
            if self._dead is None:
                self._dead = error
            for job in self._jobs.values():
                job.future.set_exception(self._dead)
            self._jobs.clear()


def _given_up(outcome: Outcome, attempts: int) -> Outcome:
    if not outcome.retry:
        return outcome
    asked = f"; asked to wait {outcome.retry_after_s:g} s" if outcome.retry_after_s else ""
    return replace(outcome, reply=replace(outcome.reply, error=f"{outcome.reply.error} (attempts: {attempts}{asked})"))
