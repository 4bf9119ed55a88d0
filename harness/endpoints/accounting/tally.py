"""Sums of journal entries, used by the ledger, the cost table and the budgets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from polyarena.harness.endpoints.accounting.entry import ABANDONED, JournalEntry


@dataclass
class Tally:
    """Requests, tokens and money of some entries.

    Attributes:
        outcomes: Requests by outcome; those in flight as ``abandoned``.
        retries: Requests that repeat an earlier one, by the outcome of that one.
        prompt_tokens: As the endpoint counted.
        completion_tokens: Likewise.
        cached_tokens: Of the prompt tokens, those from the endpoint's own prompt cache.
        unmetered: Answers without counts of tokens.
        maybe_billed: Requests without an answer that may have been billed.
        cost: Sum of the costs that are known.
        unpriced: Answers, and requests with counts, of unknown cost.
        upper_bound: The cost with the most that requests of unknown cost can have cost; ``None`` if one has no bound.
        charged: What counts against a budget.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    unmetered: int = 0
    maybe_billed: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    upper_bound: Decimal | None = Decimal(0)
    charged: Decimal = Decimal(0)

    @classmethod
    def of(cls, entries: Iterable[JournalEntry]) -> Tally:
        """Add up some entries."""
        tally = cls()
        for entry in entries:
            tally.add(entry)
        return tally

    def add(self, entry: JournalEntry) -> None:
        """Add one entry."""
        self.outcomes[entry.outcome or ABANDONED] += 1
        if entry.repeats is not None:
            self.retries[entry.repeats] += 1
        self.prompt_tokens += entry.prompt_tokens or 0
        self.completion_tokens += entry.completion_tokens or 0
        self.cached_tokens += entry.cached_tokens or 0
        answered = entry.metered or entry.outcome == "ok"
        cost = entry.cost
        self.unmetered += answered and not entry.metered
        self.unpriced += answered and cost is None
        self.maybe_billed += entry.maybe_billed
        self.cost += cost or 0
        bound = entry.upper_bound
        self.upper_bound = None if bound is None or self.upper_bound is None else self.upper_bound + bound
        self.charged += entry.charge

    @property
    def requests(self) -> int:
        """How many entries there are."""
        return self.outcomes.total()
