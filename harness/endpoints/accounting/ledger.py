"""What was asked and what it cost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal

from polyarena.harness.endpoints.accounting.journal import is_unbilled
from polyarena.tasks.errors import ExperimentError

Source = Literal["paid", "cache", "shared"]


@dataclass(frozen=True, slots=True)
class Totals:
    """The state of a ledger at one moment.

    Attributes:
        calls: Replies handed out, with or without an answer.
        cache_hits: Of these, answered from the call cache.
        shared: Of these, answered by an equal call that was already in flight.
        failures: Of these, replies with an error, whoever asked.
        attempts: Requests begun, whether or not the endpoint was reached.
        outcomes: The attempts by what they came to: ``ok``, an HTTP status, ``timeout``, ..., ``abandoned``.
        retries: The attempts that repeated an earlier one, by the reason for repeating it.
        prompt_tokens: As the endpoint counted, over all attempts; answers from the cache add nothing.
        completion_tokens: Likewise.
        unmetered: Answers without usage figures; the two sums above lack their tokens.
        maybe_billed: Attempts without an answer that may have been billed all the same, such as timeouts.
        cost: Of what the endpoint counted, exact; ``None`` if the price of any answer is unknown, or if anything was
            asked without prices. What the ``maybe_billed`` cost is not in it.
        priced: The part of the cost that is known.
        unpriced: Answers of unknown price.
        currency: Of cost and prices; empty if there are no prices.
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


class Ledger:
    """Counts calls, attempts, tokens and money; several endpoints and threads may write to one.

    The ledger holds what was paid now. A reply from the cache carries the price that was once paid for it and adds
    nothing here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._retries: Counter[str] = Counter()
        self._tokens = [0, 0]
        self._unmetered = 0
        self._maybe_billed = 0
        self._priced = Decimal(0)
        self._unpriced = 0
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

    def record_call(self, source: Source, *, failed: bool) -> None:
        """Count one reply that was handed out."""
        with self._lock:
            self._calls["calls"] += 1
            self._calls["failures" if failed else source] += 1

    def record_attempt(
        self,
        outcome: str,
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        cost: Decimal | None = None,
        *,
        repeats: str | None = None,
    ) -> None:
        """Count one request.

        Args:
            outcome: What it came to.
            prompt_tokens: As the endpoint counted.
            completion_tokens: Likewise.
            cost: Of these tokens, ``None`` if unknown.
            repeats: The outcome of the attempt that this one repeats.
        """
        metered = prompt_tokens is not None and completion_tokens is not None
        with self._lock:
            self._outcomes[outcome] += 1
            if repeats is not None:
                self._retries[repeats] += 1
            self._tokens[0] += prompt_tokens or 0
            self._tokens[1] += completion_tokens or 0
            if metered or outcome == "ok":
                self._unmetered += not metered
                self._unpriced += cost is None
                self._priced += cost or 0
            elif not is_unbilled(outcome):
                self._maybe_billed += 1

    def totals(self) -> Totals:
        """Return all counts, taken at one moment."""
        with self._lock:
            return Totals(
                calls=self._calls["calls"],
                cache_hits=self._calls["cache"],
                shared=self._calls["shared"],
                failures=self._calls["failures"],
                attempts=self._outcomes.total(),
                outcomes=dict(sorted(self._outcomes.items())),
                retries=dict(sorted(self._retries.items())),
                prompt_tokens=self._tokens[0],
                completion_tokens=self._tokens[1],
                unmetered=self._unmetered,
                maybe_billed=self._maybe_billed,
                cost=None if self._unpriced or (self._outcomes and not self._currency) else self._priced,
                priced=self._priced,
                unpriced=self._unpriced,
                currency=self._currency,
            )

    def as_dict(self) -> dict[str, Any]:
        """Return :meth:`totals` for JSON; sums of money as decimal text, so that no digit is lost."""
        totals = asdict(self.totals())
        return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in totals.items()}
