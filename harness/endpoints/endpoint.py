"""Makes many calls concurrently and returns the replies in order."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from polyarena.harness.endpoints.accounting.budget import BudgetError, BudgetGuard, Reservation
from polyarena.harness.endpoints.accounting.cost_label import CostLabel, current_cost_label
from polyarena.harness.endpoints.accounting.entry import ABANDONED, Account, JournalEntry
from polyarena.harness.endpoints.accounting.ledger import Ledger
from polyarena.harness.endpoints.cache import CallCache
from polyarena.harness.endpoints.close_on_exit import CloseOnExit
from polyarena.harness.endpoints.pending_call import Attempt, PendingCall, Ticket
from polyarena.harness.endpoints.reply_policy import ReplyPolicy
from polyarena.harness.endpoints.reply_window import ReplyWindow
from polyarena.harness.endpoints.request import body_key
from polyarena.harness.endpoints.settings import EndpointSettings, read_api_key
from polyarena.harness.endpoints.transport.backoff import retry_delay_s
from polyarena.harness.endpoints.transport.dispatch import Dispatcher
from polyarena.harness.endpoints.transport.outcome import Outcome, with_attempt_count
from polyarena.harness.endpoints.transport.write_batcher import WriteBatcher
from polyarena.judges.protocol import Call, Reply
from polyarena.tasks.errors import ModelError, StoreError

if TYPE_CHECKING:
    from polyarena.harness.endpoints.transport.client import Send


_CLAIMED_S = 0.2  # between two looks at a question that another run has claimed
_TURN_S = 0.001  # between two looks at whether the event loop is idle
_HOLD_S = 0.05  # between two looks at a budget that requests under way have taken


@dataclass(frozen=True, slots=True)
class _Response:
    """A request that has ended; ``outcome`` is ``None`` if the run stopped waiting for it."""

    job: PendingCall
    reservation: Reservation | None
    outcome: Outcome | None
    seconds: float


class Endpoint(CloseOnExit):
    """A chat model behind the OpenAI protocol; instances are an :data:`polyarena.judges.protocol.Ask`.

    Calls are drawn from the iterable a bounded number ahead of the replies, so that memory does not grow with their
    number. Requests run on a background thread: they go on while the caller works on a reply, in a notebook too.
    Streams of several threads share the bound on requests in flight, and equal calls in flight are sent once, across
    all runs that share the call cache.

    A stream that is closed early sends nothing more; requests already sent are paid for, so their answers are still
    cached. :meth:`close` cancels those as well.

    Answers that arrive together are stored together; the next request is sent, and then a reply returned, once its
    answer is stored. A kill therefore loses at most as many answers as may be in flight.

    The cost of a reply is what its tokens were bought for, now or in the earlier run that cached it; the ledger counts
    only what is paid now.

    Args:
        settings: Which endpoint.
        cache: Where answers are looked up and stored; ``None`` for no cache.
        ledger: Where attempts, tokens and money are counted.
        on_attempt: Called after each request, on the background thread.
        budget_guard: Records each request in the journal and holds it to the budgets.
        grace_s: Seconds that :meth:`close` waits for requests in flight.
        remember_refusals: Whether a question that is refused for good is not asked again in later runs either.
        retry_refused: Ask such questions again all the same.

    Raises:
        ExperimentError: The ledger already counts in another currency.
    """

    def __init__(
        self,
        settings: EndpointSettings,
        cache: CallCache | None,
        ledger: Ledger,
        on_attempt: Callable[[Attempt], None] | None = None,
        *,
        budget_guard: BudgetGuard | None = None,
        grace_s: float = 0.0,
        remember_refusals: bool = False,
        retry_refused: bool = False,
    ) -> None:
        self.settings = settings
        self.cache = cache
        self.ledger = ledger
        self._on_attempt = on_attempt
        self._guard = budget_guard
        self._grace_s = grace_s
        self._in_flight = 0
        self._stopped_at: float | None = None
        self._answers = ReplyPolicy(settings, cache, remember_refusals, retry_refused)
        # Re-entrant: the garbage collector may close a forgotten stream on a thread that holds it.
        self._lock = threading.RLock()
        self._idle = threading.Condition(self._lock)
        self._jobs: dict[str, PendingCall] = {}
        self._dispatcher: Dispatcher[PendingCall] | None = None
        self._dead: Exception | None = None
        self._answered = WriteBatcher(self._keep, settings.concurrency, self._deliver)
        self._stored: list[tuple[PendingCall, Reply]] = []
        self._last_account: Account | None = None
        width = settings.concurrency
        # Far enough ahead that one slow answer at the head leaves the other workers busy, near enough to stay small.
        self._ahead = max(2 * width, min(16 * width, 2048))
        # Where no reply waits for another, as many wait as are in flight: more would only delay the first requests.
        self._ahead_unordered = 2 * width
        # Few enough that a run that shares the call cache finds questions of its own.
        self._claimed_ahead = min(width // 4, 64)
        self._unclaimed: deque[PendingCall] = deque()
        if settings.prices is not None:
            ledger.use_currency(settings.prices.currency)

    def __call__(self, calls: Iterable[Call]) -> Iterator[Reply]:
        """Yield one reply for each call, in order.

        A call that is refused, or fails in all its attempts, is a reply with ``error``.

        Raises:
            ModelError: Further requests are pointless: no key, or it is refused, the model is unknown, the account is
                empty, or the endpoint never answered. Later streams of this endpoint raise it too.
            BudgetError: The next request could cost more than a budget has left; answers in the cache are still given.
            StoreError: The cache or the journal cannot be read or written.
        """
        window: deque[Ticket] = deque()

        def oldest() -> Reply:
            reply = self._redeem(window[0])
            window.popleft()
            return reply

        try:
            for call in calls:
                window.append(self._claim(call))
                # One out for one in, rather than all that are done: the workers never wait for the caller.
                if len(window) >= self._ahead or window[0].job.future.done():
                    yield oldest()
            while window:
                yield oldest()
        finally:
            self._give_up(window)

    def as_completed(self, calls: Iterable[Call]) -> Iterator[tuple[int, Reply]]:
        """Yield the position of each call, from 0, and its reply, in the order in which replies arrive.

        One slow answer delays no other reply; stored ones are put off while requests wait and the event loop is busy.

        Raises:
            ModelError: As when the endpoint is called.
        """
        window = ReplyWindow()
        # Each with the label that it has when it is drawn.
        drawn = ((call, current_cost_label(call.match)) for call in calls)
        most, due = 1, 0
        drawing, dead = True, False
        try:
            while drawing or window:
                room = len(window) + most <= self._ahead
                sender = self._dispatcher
                hurried = sender is not None and sender.hurried
                # Where few wait to be sent, calls come first; else as many replies are given as calls were drawn.
                few = sender is not None and sender.waiting_jobs < max(self._claimed_ahead, 1)
                turn = few or not (hurried or (due and window.unanswered < len(window)))
                if drawing and room and window.unanswered + most <= self._ahead_unordered and turn:
                    group = list(islice(drawn, most))
                    tickets = self._claim_all(group)
                    window.add(tickets)
                    dead = len(tickets) < len(group)
                    drawing = len(tickets) == most
                    due = most
                    # Few at first, so that the first requests are sent soon.
                    most = min(2 * most, max(self._claimed_ahead, 1))
                elif hurried and room:
                    time.sleep(_TURN_S)
                else:
                    due = max(due - 1, 0)
                    position = window.first()
                    reply = self._redeem(window.tickets[position])
                    del window.tickets[position]
                    yield position, reply
            if dead:
                raise self._dead or ModelError("the endpoint was closed", where=self.settings.url)
        finally:
            self._give_up(window.tickets.values())

    def stop(self, grace_s: float | None = None) -> None:
        """End all streams and send nothing more; requests in flight go on.

        Args:
            grace_s: Seconds that they have (else those given at the beginning); a later call can only shorten them.
        """
        with self._lock:
            self._die(ModelError("the endpoint was closed", where=self.settings.url))
            if grace_s is not None:
                self._grace_s = grace_s if self._stopped_at is None else min(self._grace_s, grace_s)
            self._stopped_at = self._stopped_at or time.monotonic()

    def close(self) -> None:
        """End all streams, wait for requests in flight as long as the grace allows, and close the connections.

        Their answers are stored. Those still in flight then are cut off. It may be called twice.
        """
        self.stop()
        dispatcher = self._dispatcher
        if dispatcher is None:
            return
        try:
            with self._idle:
                left = (self._stopped_at or 0.0) + self._grace_s - time.monotonic()
                self._idle.wait_for(lambda: not self._in_flight, max(0.0, left))
        finally:
            dispatcher.close()
            if self.cache is not None:
                with suppress(StoreError):
                    # If the cache is closed already, its claims were given up then.
                    self.cache.claims.release_all(self)

    # On the callers' threads.

    def _claim(self, call: Call) -> Ticket:
        tickets = self._claim_all([(call, current_cost_label(call.match))])
        if not tickets:
            assert self._dead is not None
            raise self._dead
        return tickets[0]

    def _claim_all(self, calls: Sequence[tuple[Call, CostLabel]]) -> list[Ticket]:
        """Return a ticket for each call; once the endpoint is dead, for those alone that come before the first new one.

        Several at once take one look into the call cache, and the lock for as long as none of them takes.
        """
        bodies = [self._answers.body(call) for call, _ in calls]
        keys = [
            body_key(self.settings.source, body, call.sample_index)
            for (call, _), body in zip(calls, bodies, strict=True)
        ]
        with self._lock:
            if self._dead is not None and not isinstance(self._dead, BudgetError):
                raise self._dead
            unknown = [key for key in keys if key not in self._jobs]
        # Without the lock, which requests need on the other thread. A question that is answered meanwhile finds its
        # answer when it is claimed among all runs.
        known = self._answers.find_all(unknown)
        tickets: list[Ticket] = []
        with self._lock:
            for (call, label), body, key in zip(calls, bodies, keys, strict=True):
                job = self._jobs.get(key)
                if job is not None:
                    job.waiters += 1
                    tickets.append(Ticket("shared", job))
                    continue
                job = PendingCall(key, body, self._account(label), key, call.sample_index)
                if key in known:
                    job.future.set_result(known[key])
                    tickets.append(Ticket("cache", job))
                    continue
                if self._dead is not None:
                    break
                if self._dispatcher is None:
                    self._dispatcher = Dispatcher(self.settings.concurrency, self._session, self._die)
                self._jobs[key] = job
                self._unclaimed.append(job)
                self._dispatcher.submit(job)
                tickets.append(Ticket("paid", job))
        return tickets

    def _account(self, label: CostLabel) -> Account:
        if self._last_account is None or self._last_account.label != label:
            self._last_account = Account(label, self.settings.model, prices=self.settings.prices)
        return self._last_account

    def _give_up(self, tickets: Iterable[Ticket]) -> None:
        with self._lock:
            for ticket in tickets:
                ticket.job.waiters -= 1

    def _redeem(self, ticket: Ticket) -> Reply:
        reply = ticket.job.future.result()
        # Of a question that another stream or run answered meanwhile, no request was made.
        found = ticket.source == "paid" and not ticket.job.attempts and reply.error is None
        self.ledger.record_call(
            "cache" if found else ticket.source,
            failed=reply.error is not None,
            answered_at=reply.answered_at,
            served_by=reply.served_by,
        )
        return reply

    # On the background thread.

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Callable[[int, PendingCall], Awaitable[float | None]]]:
        key = read_api_key(self.settings)
        from polyarena.harness.endpoints.transport.client import open_client

        async with open_client(self.settings, key) as send:

            async def run(_worker: int, job: PendingCall) -> float | None:
                return await self._run(send, job)

            try:
                yield run
            finally:
                self._answered.flush()
                self._deliver()

    async def _run(self, send: Send, job: PendingCall) -> float | None:
        with self._lock:
            unwanted = job.future.done() or not job.waiters
            if unwanted and not job.future.done():
                del self._jobs[job.claimed]
        if unwanted:
            self._release(job)
            return None
        cached = self._answers.adapt(job)
        if cached is None and job.claimed_key != job.key:
            self._release(job)
            ours, cached = self._take(job)
            if cached is None and not ours:
                return _CLAIMED_S
        if cached is not None:
            self._finish(job, cached)
            return None
        with self._lock:
            # Both at one moment: whoever stops the endpoint either keeps the request from being sent or waits for it.
            given_up = job.future.done()
            self._in_flight += not given_up
        if given_up:
            self._release(job)
            return None
        try:
            return await self._begin(send, job)
        finally:
            with self._idle:
                self._in_flight -= 1
                self._idle.notify_all()

    async def _begin(self, send: Send, job: PendingCall) -> float | None:
        reservation: Reservation | None = None
        if self._guard is not None:
            try:
                while (reservation := self._guard.begin(job.account, job.key, job.body, repeats=job.outcome)) is None:
                    await asyncio.sleep(_HOLD_S)
                    if job.future.done():
                        self._release(job)
                        return None
            except BudgetError as error:
                # Nothing is under way any more, so nothing that was paid for is lost.
                self._answered.flush()
                self._die(error)
                self._release(job)
                return None
        return await self._ask(send, job, reservation)

    async def _ask(self, send: Send, job: PendingCall, reservation: Reservation | None) -> float | None:
        job.attempts += 1
        started = time.monotonic()
        outcome = None
        try:
            outcome = self._answers.without_empty_answer(job, await send(job.body))
        finally:
            ended = _Response(job, reservation, outcome, time.monotonic() - started)
            if outcome is None or not outcome.ok:
                self._record([ended])
        if outcome.ok:
            await self._answered.add(ended)
            return None
        return self._settle(job, outcome)

    def _keep(self, ended: Sequence[_Response]) -> None:
        try:
            try:
                if self.cache is not None:
                    answers = [(each.job.key, each.outcome.reply) for each in ended if each.outcome]
                    self.cache.put_all(answers, since=self._answers.since)
            finally:
                # After the answers are kept: of a request without an end, the cache tells whether it was answered.
                self._record(ended)
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must hear of it, not wait for ever
            self._die(error)
            return
        stored = []
        for each in ended:
            if each.outcome is not None:
                self._answers.accepted(each.job)
                stored.append((each.job, self._answers.priced(each.outcome.reply)))
        with self._lock:
            self._stored += stored

    def _deliver(self) -> None:
        """Hand stored answers to the callers, whose work with them would delay the next requests if it came first."""
        with self._lock:
            stored, self._stored = self._stored, []
        for job, reply in stored:
            self._finish(job, reply)

    def _record(self, ended: Sequence[_Response]) -> None:
        entries: list[JournalEntry] = []
        written: list[tuple[Reservation, str, Reply]] = []
        for each in ended:
            job = each.job
            name = ABANDONED if each.outcome is None else each.outcome.reason
            reply = Reply("") if each.outcome is None else each.outcome.reply
            reservation = each.reservation
            sent = reservation.entry if reservation else JournalEntry(job.account, job.key, repeats=job.outcome)
            entries.append(sent.ended(name, reply))
            job.outcome = name
            if reservation is not None:
                written.append((reservation, name, reply))
        self.ledger.record_requests(entries)
        if written and self._guard is not None:
            self._guard.end_all(written)
        if self._on_attempt is not None:
            for each in ended:
                error = None if each.outcome is None else each.outcome.reply.error
                self._on_attempt(Attempt(each.job.key, each.job.attempts, each.job.outcome or "", error, each.seconds))

    def _settle(self, job: PendingCall, outcome: Outcome) -> float | None:
        answers = self._answers
        if answers.ask_plainly(job, outcome):
            kept = answers.find(job.key)
            if kept is None:
                return 0.0
            reply = kept
        else:
            if outcome.retry and job.attempts < self.settings.max_attempts and self._dead is None:
                pause = retry_delay_s(job.key, job.attempts, outcome.retry_after_s, self.settings.max_wait_s)
                if pause is not None:
                    return pause
            outcome = with_attempt_count(outcome, job.attempts)
            fatal = answers.fatal(job, outcome)
            if fatal is not None:
                self._answered.flush()
                self._die(fatal)
            reply = answers.refused(job, outcome)
        self._finish(job, reply)
        return None

    def _take(self, job: PendingCall) -> tuple[bool, Reply | None]:
        """Claim a question among all runs that share the call cache; return whether it is ours, and its answer if any.

        The next questions are claimed with it, because a transaction for each would take a quarter of the time of this
        thread. Without a cache, the claim always succeeds.
        """
        if self.cache is None:
            return True, None
        group = [job, *self._next_unclaimed(job)]
        held = self.cache.claims.take_free([each.key for each in group], self)
        if job.key not in held and self.cache.claims.take(job.key, self):
            held.add(job.key)
        for each in group:
            if each.key in held:
                each.claimed_key = each.key
        # Whoever held them until now may have answered them.
        known = self._answers.find_all([each.key for each in group])
        for each in group[1:]:
            if each.key in known:
                self._finish(each, known[each.key])
        return job.key in held, known.get(job.key)

    def _next_unclaimed(self, job: PendingCall) -> Iterator[PendingCall]:
        """Yield the next questions that are waiting to be sent and not claimed, without those that are given up."""
        left = self._claimed_ahead
        while left and self._unclaimed:
            waiting = self._unclaimed.popleft()
            if waiting is not job and waiting.claimed_key is None and waiting.waiters and not waiting.future.done():
                left -= 1
                yield waiting

    def _release(self, job: PendingCall) -> None:
        if self.cache is not None and job.claimed_key is not None:
            self.cache.claims.release(job.claimed_key, self)
            job.claimed_key = None

    def _finish(self, job: PendingCall, reply: Reply) -> None:
        self._release(job)
        with self._lock:
            if not job.future.done():
                del self._jobs[job.claimed]
                job.future.set_result(reply)

    def _die(self, error: Exception) -> None:
        """End all streams with this error; of several, the first is raised. Answers that are stored come before it."""
        self._deliver()
        with self._lock:
            if self._dead is None:
                self._dead = error
            for job in self._jobs.values():
                job.future.set_exception(self._dead)
            self._jobs.clear()
