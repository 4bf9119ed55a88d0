"""Submits all requests at once through OpenAI's Batch API: half the price, and an answer within a day.

The calls that the cache cannot answer are written to a file, uploaded, and submitted as a batch. The cache records
which calls are in which batch before the batch is submitted. A later process with one of these calls waits for that
batch and submits nothing, so a restart costs nothing. Answers go into the same cache as single calls do.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from polyarena.harness.endpoints.accounting.budget import BudgetError, BudgetGuard, Reservation
from polyarena.harness.endpoints.accounting.cost_label import CostLabel, current_cost_label
from polyarena.harness.endpoints.accounting.entry import LOST, Account, JournalEntry
from polyarena.harness.endpoints.accounting.ledger import Ledger, Source
from polyarena.harness.endpoints.batch.files import request_lines
from polyarena.harness.endpoints.cache import CallCache
from polyarena.harness.endpoints.close_on_exit import CloseOnExit
from polyarena.harness.endpoints.pending_call import Attempt, PendingCall
from polyarena.harness.endpoints.reply_policy import ReplyPolicy
from polyarena.harness.endpoints.request import body_key
from polyarena.harness.endpoints.settings import EndpointSettings, read_api_key
from polyarena.harness.endpoints.transport.outcome import Outcome, sanitize_outcome, with_attempt_count
from polyarena.judges.protocol import Call, Reply
from polyarena.tasks.errors import ModelError

if TYPE_CHECKING:
    from polyarena.harness.endpoints.batch.client import BatchClient


class BatchEndpoint(CloseOnExit):
    """An endpoint in batch mode; instances are an :data:`polyarena.judges.protocol.Ask`.

    All calls are read before the first reply is returned: their bodies are in memory until their batch is submitted.

    Args:
        settings: Which endpoint.
        cache: Stores answers, and which call is in which batch.
        ledger: Counts calls, tokens and costs.
        on_attempt: Called for each call when its batch has ended.
        budget_guard: Records each call in the journal and checks the budgets.
        grace_s: Ignored: batches continue at the server.
        remember_refusals: Whether a question that is refused for good is not asked again in later runs either.
        retry_refused: Ask such questions again all the same.

    Raises:
        ExperimentError: The ledger already counts in another currency.
    """

    def __init__(
        self,
        settings: EndpointSettings,
        cache: CallCache,
        ledger: Ledger,
        on_attempt: Callable[[Attempt], None] | None = None,
        *,
        budget_guard: BudgetGuard | None = None,
        grace_s: float = 0.0,  # noqa: ARG002 - batches go on at the server by themselves
        remember_refusals: bool = False,
        retry_refused: bool = False,
    ) -> None:
        self.settings = settings
        self.cache = cache
        self.ledger = ledger
        self._on_attempt = on_attempt
        self._guard = budget_guard
        self._answers = ReplyPolicy(settings, cache, remember_refusals, retry_refused, batch=True)
        self._client: BatchClient | None = None
        self._closed = threading.Event()
        self._reserved: dict[str, Reservation] = {}
        self._unlisted: set[str] = set()
        if settings.prices is not None:
            ledger.use_currency(settings.prices.currency)

    def __call__(self, calls: Iterable[Call]) -> Iterator[Reply]:
        """Yield one reply for each call, in order, once all batches have ended.

        Raises:
            ModelError: No key, or it is refused, or the endpoint has no Batch API.
            BudgetError: The batch could cost more than a budget has left; nothing is submitted.
            StoreError: The cache or the journal cannot be read or written.
        """
        claims, jobs = self._claim(calls)
        self._wait(jobs)
        for key, first in claims:
            job = jobs.get(key)
            reply = job.future.result() if job is not None else self._answers.find(key)
            if reply is None:
                raise ModelError("an answer has gone from the call cache", where=str(self.cache.path))
            source: Source = "cache" if job is None else "paid" if first else "shared"
            self.ledger.record_call(
                source,
                failed=reply.error is not None,
                answered_at=reply.answered_at,
                served_by=reply.served_by,
            )
            yield reply

    def submit(self, calls: Iterable[Call]) -> int:
        """Submit the calls without a known answer, without waiting, and return their number.

        Raises:
            ModelError: As when the endpoint is called.
        """
        return self._submit(self._claim(calls)[1])

    def stop(self, grace_s: float | None = None) -> None:  # noqa: ARG002 - as above
        """Stop waiting for batches."""
        self._closed.set()

    def close(self) -> None:
        """Stop waiting; submitted batches continue at the server, and a later run collects their answers."""
        self._closed.set()
        if self._client is not None:
            self._client.close()
            self._client = None

    def _claim(self, calls: Iterable[Call]) -> tuple[list[tuple[str, bool]], dict[str, PendingCall]]:
        """Return the key of each call, whether it is the first with that key, and the calls to submit."""
        claims: list[tuple[str, bool]] = []
        jobs: dict[str, PendingCall] = {}
        for call in calls:
            body = self._answers.body(call)
            key = body_key(self.settings.source, body, call.sample_index)
            first = key not in jobs and self._answers.find(key) is None
            if first:
                account = Account(
                    current_cost_label(call.match), self.settings.model, batch=True, prices=self.settings.prices
                )
                jobs[key] = PendingCall(key, body, account, key, call.sample_index)
            claims.append((key, first))
        return claims, jobs

    def _submit(self, jobs: Mapping[str, PendingCall]) -> int:
        """Submit the calls that are in no batch, within the budgets, and return their number."""
        bodies = self._reserve(jobs)
        left = dict.fromkeys(bodies)
        try:
            for keys, content in request_lines(bodies):
                # Our own name of the batch goes with it: after a crash it can be found at the server.
                token = secrets.token_hex(16)
                client = self._connected()
                own = self.cache.register_batch(token, self.settings.url, keys)
                if not own:
                    self.cache.close_batch(token)
                    continue
                if len(own) < len(keys):
                    # Another run has submitted the others since they were looked up: its batch answers them.
                    (_, content), *_ = request_lines({key: bodies[key] for key in own})
                for key in own:
                    del left[key]
                name = client.submit(token, content)
                if name is not None:
                    self.cache.name_batch(token, name)
        finally:
            self._take_back(left)
        return len(bodies) - len(left)

    def _reserve(self, jobs: Mapping[str, PendingCall]) -> dict[str, Mapping[str, Any]]:
        """Enter the calls that are in no batch in the journal, within the budgets, and return what is to be sent.

        Raises:
            BudgetError: A budget does not cover them; nothing is entered then.
        """
        bodies: dict[str, Mapping[str, Any]] = {}
        try:
            for job in jobs.values():
                if self.cache.batch_of(job.key) is not None:
                    continue
                if self._guard is not None:
                    reservation = self._guard.begin(job.account, job.key, job.body, repeats=job.outcome)
                    if reservation is None:
                        break  # The rest has to wait for what is under way.
                    self._reserved[job.key] = reservation
                bodies[job.key] = job.body
        except BudgetError:
            self._take_back(bodies)
            raise
        return bodies

    def _take_back(self, keys: Iterable[str]) -> None:
        """Record requests that were entered in the journal but not submitted, because of a failure, as never sent."""
        reservation = [self._reserved.pop(key) for key in keys if key in self._reserved]
        if reservation and self._guard is not None:
            self._guard.end_all((each, LOST, Reply("")) for each in reservation)

    def _wait(self, jobs: Mapping[str, PendingCall]) -> None:
        """Wait until each call has a reply; resubmit calls with temporary failures."""
        open_jobs = {job.key: job for job in jobs.values()}
        while open_jobs:
            for key, job in list(open_jobs.items()):
                # Another run with the same cache may have taken the batch in.
                kept = self._answers.find(key) if self.cache.batch_of(key) is None else None
                if kept is not None:
                    job.future.set_result(kept)
                    del open_jobs[key]
            self._submit(open_jobs)
            done = self._collect(open_jobs)
            # Answers first: they show that the endpoint works, so that a refusal beside them is about its question.
            for key, outcome in sorted(done.items(), key=lambda each: not each[1].ok):
                asked = open_jobs.pop(key, None)
                if asked is not None and not self._settle(asked, outcome):
                    open_jobs[asked.key] = asked
            if open_jobs and not done:
                self._pause()

    def _collect(self, jobs: Mapping[str, PendingCall]) -> dict[str, Outcome]:
        """Collect finished batches: cache their replies and return outcomes to the waiting calls."""
        outcomes: dict[str, Outcome] = {}
        client, key = self._connected(), read_api_key(self.settings)
        wanted = {self.cache.batch_of(each) for each in jobs}
        for token, batch_id in self.cache.open_batches(self.settings.url).items():
            if token not in wanted:
                continue
            keys = self.cache.batch_keys(token)
            batch_id = batch_id or client.find(token)
            if batch_id is None and token not in self._unlisted:
                # It may be listed late, or another run be about to make it: handing in twice is paid for twice.
                self._unlisted.add(token)
                continue
            ended = client.lost_batch(token) if batch_id is None else client.ended(batch_id)
            if ended is None:
                continue
            for each in keys:
                outcomes[each] = sanitize_outcome(ended.outcomes.get(each, ended.otherwise), key)
                if outcomes[each].ok:
                    self.cache.put(each, outcomes[each].reply, batch=True, since=self._answers.since)
            for each in keys:
                self._record(each, jobs.get(each), outcomes[each])
            self.cache.close_batch(token)
        return outcomes

    def _record(self, key: str, job: PendingCall | None, outcome: Outcome) -> None:
        reply = outcome.reply
        # One that another run folder has submitted is in that one's journal.
        reservation = None
        if self._guard is not None:
            reservation = self._reserved.pop(key, None) or self._guard.resume(key)
        if reservation is not None:
            sent = reservation.entry
        else:
            account = Account(CostLabel(), self.settings.model, batch=True, prices=self.settings.prices)
            sent = JournalEntry(account, key, repeats=job.outcome if job else None)
        self.ledger.record_requests([sent.ended(outcome.reason, reply)])
        if reservation is not None and self._guard is not None:
            self._guard.end(reservation, outcome.reason, reply)
        if job is not None:
            job.attempts += 1
            job.outcome = outcome.reason
            if self._on_attempt is not None:
                self._on_attempt(Attempt(key, job.attempts, outcome.reason, reply.error, 0.0))

    def _settle(self, job: PendingCall, outcome: Outcome) -> bool:
        """Set the reply of a call, or return ``False`` if it must be submitted again."""
        answers = self._answers
        if outcome.ok:
            answers.accepted(job)
            job.future.set_result(answers.priced(outcome.reply))
            return True
        if answers.ask_plainly(job, outcome):
            kept = answers.find(job.key)
            if kept is not None:
                job.future.set_result(kept)
            return kept is not None
        if outcome.retry and job.attempts < self.settings.max_attempts:
            return False
        outcome = with_attempt_count(outcome, job.attempts)
        fatal = answers.fatal(job, outcome)
        if fatal is not None:
            raise fatal
        job.future.set_result(answers.refused(job, outcome))
        return True

    def _pause(self) -> None:
        if self._closed.wait(self.settings.poll_s):
            raise ModelError("the endpoint was closed", where=self.settings.url)

    def _connected(self) -> BatchClient:
        if self._client is None:
            from polyarena.harness.endpoints.batch.client import BatchClient

            self._client = BatchClient(self.settings, read_api_key(self.settings))
        return self._client
