"""A question on its way to an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from polyarena.harness.endpoints.accounting.entry import Account
from polyarena.harness.endpoints.accounting.ledger import Source
from polyarena.judges.protocol import Reply


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request, for an event log.

    Attributes:
        key: Of the call, as in the cache.
        number: Which attempt of its call, from 1.
        outcome: As in :class:`polyarena.harness.endpoints.accounting.ledger.Totals`.
        error: What went wrong, or ``None``.
        seconds: How long it took.
    """

    key: str
    number: int
    outcome: str
    error: str | None
    seconds: float


@dataclass(slots=True, eq=False)
class PendingCall:
    """A question on its way; equal calls share one.

    Attributes:
        key: Of the question as it is sent now.
        body: What is sent now.
        account: The account to which it is charged.
        claimed: The key under which callers look for it; another than ``key`` after structured output was refused.
        sample_index: Of the call.
        future: The reply.
        waiters: Callers that still wait for it.
        attempts: Requests made.
        outcome: Of the last one.
        claimed_key: The key under which it is claimed in the call cache, if it is.
        unstructured_reason: Outcome after which structured output was dropped; ``None`` if it was not.
    """

    key: str
    body: Mapping[str, Any]
    account: Account
    claimed: str
    sample_index: int
    future: Future[Reply] = field(default_factory=Future)
    waiters: int = 1
    attempts: int = 0
    outcome: str | None = None
    claimed_key: str | None = None
    unstructured_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A caller's place in the queue for a reply."""

    source: Source
    job: PendingCall
