"""One request as the journal records it, and the account that it is charged to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from polyarena.harness.endpoints.accounting.cost_label import CostLabel
from polyarena.harness.endpoints.settings import Prices
from polyarena.judges.protocol import Reply

ABANDONED = "abandoned"
LOST = "batch"
_UNBILLED = ("connection", "quota", LOST)


@dataclass(frozen=True, slots=True)
class Account:
    """The purpose of requests, and their prices.

    Attributes:
        label: Label to which their cost is attributed.
        model: The model's name at the endpoint.
        batch: Whether they are made in batch mode.
        prices: ``None`` if they are unknown.
    """

    label: CostLabel
    model: str
    batch: bool = False
    prices: Prices | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request.

    Attributes:
        account: The account to which it is charged.
        key: Key of the call, as in the call cache.
        max_cost: The most that it can cost; ``None`` without prices.
        outcome: As in :class:`polyarena.harness.endpoints.accounting.ledger.Totals`; ``None`` while it is in flight.
        prompt_tokens: As the endpoint counted.
        completion_tokens: Likewise.
        cached_tokens: Likewise.
        repeats: The outcome of the request that this one repeats, if it repeats one.
    """

    account: Account
    key: str
    max_cost: Decimal | None = None
    outcome: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    repeats: str | None = None

    def ended(self, outcome: str, reply: Reply) -> JournalEntry:
        """Return the entry once its outcome is known."""
        # Not `replace`, which takes five times as long; this is done for each request.
        return JournalEntry(
            self.account,
            self.key,
            self.max_cost,
            outcome,
            reply.prompt_tokens,
            reply.completion_tokens,
            reply.cached_tokens,
            self.repeats,
        )

    @property
    def metered(self) -> bool:
        """Whether the endpoint has counted its tokens."""
        return self.prompt_tokens is not None and self.completion_tokens is not None

    @property
    def maybe_billed(self) -> bool:
        """Whether it has no answer or count and may have been billed.

        This is the case for a timeout, a body that was cut off or cannot be read, an answer that a filter withheld, and
        a request that the run stopped waiting for. A request that was refused, or never arrived, is not billed.
        """
        return not self.metered and self.outcome != "ok" and not is_unbilled(self.outcome or ABANDONED)

    @property
    def cost(self) -> Decimal | None:
        """The exact cost; zero for a request that was certainly not billed, ``None`` if unknown."""
        if not self.metered:
            return None if self.outcome == "ok" or self.maybe_billed else Decimal(0)
        if self.account.prices is None:
            return None
        counts = (self.prompt_tokens, self.completion_tokens, self.cached_tokens)
        return self.account.prices.cost(*counts, batch=self.account.batch)

    @property
    def upper_bound(self) -> Decimal | None:
        """The cost or, if it is unknown, its upper bound; ``None`` without prices."""
        return self.max_cost if self.cost is None else self.cost

    @property
    def charge(self) -> Decimal:
        """What counts against a budget: :attr:`upper_bound`, which is known wherever there is a budget."""
        return self.upper_bound or Decimal(0)


def is_unbilled(outcome: str) -> bool:
    """Return whether a request with this outcome and no token counts was certainly not billed."""
    return outcome.isdigit() or outcome in _UNBILLED
