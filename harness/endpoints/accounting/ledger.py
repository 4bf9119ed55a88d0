"""The ledger of a run: replies by source, and totals of its requests and costs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from polyarena.harness.endpoints.accounting.entry import JournalEntry
from polyarena.harness.endpoints.accounting.tally import Tally
from polyarena.tasks.errors import ExperimentError

Source = Literal["paid", "cache", "shared"]


@dataclass(frozen=True, slots=True)
class Totals:
    """The state of a ledger at one moment.

    Attributes:
        calls: Number of replies returned, with or without an answer.
        cache_hits: Of these, answered from the call cache.
        shared: Of these, answered by an equal call that was already in flight.
        failures: Of these, replies with an error.
        attempts: Number of requests, whether or not the endpoint was reached.
        outcomes: The requests by outcome: ``ok``, an HTTP status, ``timeout``, ..., ``abandoned``.
        retries: The requests that repeated an earlier one, by the reason for repeating it.
        prompt_tokens: As the endpoint counted, over all requests; answers from the cache add nothing.
        completion_tokens: Likewise.
        unmetered: Answers without usage figures; the two sums above lack their tokens.
        maybe_billed: Requests without an answer that may have been billed all the same, such as timeouts.
        cost: Of what the endpoint counted, exact; ``None`` if the price of any answer is unknown, or if anything was
            asked without prices. It does not include what the ``maybe_billed`` cost.
        priced: The part of the cost that is known.
        unpriced: Answers of unknown price.
        currency: Of cost and prices; empty if there are no prices.
        earlier: Of the cache hits, answers that were given before this run folder was made.
        earliest: When the oldest of them was given, in seconds since the epoch; ``None`` if that is not known.
        latest: Likewise the newest.
        served_by: Answers by what the server called the model that gave them, with its fingerprint; those of which it
            said nothing are not counted.
    """

    calls: int
    cache_hits: int
    shared: int
    failures: int
    attempts: int
    outcomes: Mapping[str, int]
    retries: Mapping[str, int]
    prompt_tokens: int
    completion_tokens: int
    unmetered: int
    maybe_billed: int
    cost: Decimal | None
    priced: Decimal
    unpriced: int
    currency: str
    earlier: int = 0
    earliest: float | None = None
    latest: float | None = None
    served_by: Mapping[str, int] = field(default_factory=dict)


class Ledger:
    """Counts replies, and adds up the journal entries of one model in one run; threads and endpoints may share it.

    A reply from the cache carries the price that was once paid for it and adds nothing to the cost.

    Args:
        created_at: When the run folder was made, in seconds since the epoch.
    """

    def __init__(self, created_at: float = 0.0) -> None:
        self._made_at = created_at
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._served: Counter[str] = Counter()
        self._tally = Tally()
        self._earlier: tuple[float, float] | None = None
        self._currency = ""

    def use_currency(self, currency: str) -> None:
        """Declare the currency of the prices to come.

        Raises:
            ExperimentError: This ledger already counts in another one.
        """
        with self._lock:
            if self._currency and self._currency != currency:
                raise ExperimentError(
                    f"prices in {currency} and in {self._currency} cannot be added",
                    fix="give all prices of the experiment in one currency",
                )
            self._currency = currency

    def record_call(
        self, source: Source, *, failed: bool, answered_at: float | None = None, served_by: str | None = None
    ) -> None:
        """Count one returned reply.

        Args:
            source: Source of the reply.
            failed: Whether it is a failure.
            answered_at: When an answer from the cache was given, in seconds since the epoch, if that is known.
            served_by: As in :class:`polyarena.judges.protocol.Reply`.
        """
        with self._lock:
            self._calls["calls"] += 1
            if served_by is not None and not failed:
                self._served[served_by] += 1
            self._calls["failures" if failed else source] += 1
            if source == "cache" and not failed and (answered_at or 0.0) < self._made_at:
                self._calls["earlier"] += 1
                if answered_at is not None:
                    earliest, latest = self._earlier or (answered_at, answered_at)
                    self._earlier = (min(earliest, answered_at), max(latest, answered_at))

    def record_requests(self, entries: Iterable[JournalEntry]) -> None:
        """Add the journal entries of requests that have ended."""
        with self._lock:
            for entry in entries:
                self._tally.add(entry)

    def totals(self) -> Totals:
        """Return all counts, taken at one moment."""
        with self._lock:
            tally = self._tally
            earliest, latest = self._earlier or (None, None)
            return Totals(
                calls=self._calls["calls"],
                cache_hits=self._calls["cache"],
                shared=self._calls["shared"],
                failures=self._calls["failures"],
                attempts=tally.requests,
                outcomes=dict(sorted(tally.outcomes.items())),
                retries=dict(sorted(tally.retries.items())),
                prompt_tokens=tally.prompt_tokens,
                completion_tokens=tally.completion_tokens,
                unmetered=tally.unmetered,
                maybe_billed=tally.maybe_billed,
                cost=None if tally.unpriced or (tally.outcomes and not self._currency) else tally.cost,
                priced=tally.cost,
                unpriced=tally.unpriced,
                currency=self._currency,
                earlier=self._calls["earlier"],
                earliest=earliest,
                latest=latest,
                served_by=dict(sorted(self._served.items())),
            )
