"""Hard limits on money, and the journal behind them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from polyarena.harness.endpoints.accounting.journal import Account, Journal, JournalEntry
from polyarena.harness.endpoints.request import STRUCTURE
from polyarena.judges.protocol import Reply
from polyarena.tasks.errors import ModelError

_TOKENS_OF_A_TURN = 16
_TOKENS_OF_AN_IMAGE = 4096
_LONGEST_ANSWER = 100_000


class BudgetError(ModelError):
    """The next request could cost more than the budget has left; what was answered is kept."""

    exit_code = 5


class Budget:
    """An amount that requests under way and paid may not exceed; several endpoints and threads may share one.

    Args:
        limit: In the currency of the prices.
        spent: By earlier runs in the same folder.
        what: Whose budget it is, for the message.
    """

    def __init__(self, limit: Decimal, spent: Decimal, what: str) -> None:
        self.limit = limit
        self.what = what
        self._spent = spent
        self._held = Decimal(0)
        self._lock = threading.Lock()

    @property
    def spent(self) -> Decimal:
        """What counts as spent, requests under way apart."""
        return self._spent

    def hold(self, amount: Decimal) -> bool:
        """Set an amount aside for a request, or say that it has to wait until others have ended.

        Raises:
            BudgetError: Nothing is under way and the amount does not fit.
        """
        with self._lock:
            if self._spent + self._held + amount <= self.limit:
                self._held += amount
                return True
            if self._held:
                return False
            left = max(self.limit - self._spent, Decimal(0))
        raise BudgetError(
            f"{self.what} is spent",
            why=f"{left:.6g} of {self.limit:f} is left, and the next request may cost {amount:.6g}",
            fix="raise `budget:` and run the same command again: answers that were paid for are kept",
        )

    def reopen(self, amount: Decimal) -> None:
        """Set aside again what an earlier process had set aside for a request that is still under way."""
        with self._lock:
            self._spent -= amount
            self._held += amount

    def settle(self, held: Decimal, charge: Decimal) -> None:
        """Replace what was set aside for a request by what it came to."""
        with self._lock:
            self._held -= held
            self._spent += charge


@dataclass(frozen=True, slots=True)
class Reservation:
    """A request that was written down and may be sent."""

    number: int
    entry: JournalEntry
    budgets: tuple[Budget, ...]


class BudgetGuard:
    """Lets requests begin, within their budgets, and writes down what they came to.

    Args:
        journal: Of the run folder.
        overall: Budget of everything; ``None`` for none.
        judges: Budgets of single judges, by name.
    """

    def __init__(self, journal: Journal, overall: Budget | None, judges: Mapping[str, Budget]) -> None:
        self.journal = journal
        self._overall = overall
        self._judges = judges

    def begin(self, label: Account, key: str, body: Mapping[str, Any]) -> Reservation | None:
        """Write down a request that is about to be sent; ``None`` if it has to wait.

        Raises:
            BudgetError: A budget is spent.
            StoreError: The journal cannot be written.
        """
        most = max_request_cost(label, body)
        held: list[Budget] = []
        for budget in self._budgets(label):
            if not self._hold(budget, most or Decimal(0), held):
                return None
            held.append(budget)
        return Reservation(self.journal.sent(label, key, most), JournalEntry(label, key, most), tuple(held))

    def resume(self, key: str) -> Reservation | None:
        """Take over a question that an earlier process has handed in with a batch; ``None`` if none did."""
        number, entry = self.journal.open_batches.pop(key, (0, None))
        if entry is None:
            return None
        budgets = tuple(self._budgets(entry.label))
        for budget in budgets:
            budget.reopen(entry.most or Decimal(0))
        return Reservation(number, entry, budgets)

    def end(self, begun: Reservation, outcome: str, reply: Reply) -> None:
        """Write down what a request came to."""
        self.end_all([(begun, outcome, reply)])

    def end_all(self, requests: Iterable[tuple[Reservation, str, Reply]]) -> None:
        """Write down what several requests came to, with outcome and reply, in one write."""
        ended = list(requests)
        self.journal.all_ended((begun.number, outcome, reply) for begun, outcome, reply in ended)
        for begun, outcome, reply in ended:
            self._settle(begun, outcome, reply)

    @staticmethod
    def _settle(begun: Reservation, outcome: str, reply: Reply) -> None:
        if not begun.budgets:
            return
        ended = replace(
            begun.entry,
            outcome=outcome,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            cached_tokens=reply.cached_tokens,
        )
        for budget in begun.budgets:
            budget.settle(begun.entry.most or Decimal(0), ended.charge)

    def _budgets(self, label: Account) -> list[Budget]:
        own = self._judges.get(label.purpose.name) if label.purpose.who == "judges" else None
        return [budget for budget in (own, self._overall) if budget is not None]

    @staticmethod
    def _hold(budget: Budget, amount: Decimal, held: Sequence[Budget]) -> bool:
        try:
            fits = budget.hold(amount)
        except BudgetError:
            for other in held:
                other.settle(amount, Decimal(0))
            raise
        if not fits:
            for other in held:
                other.settle(amount, Decimal(0))
        return fits


def max_request_cost(label: Account, body: Mapping[str, Any]) -> Decimal | None:
    """Return the most that a request can cost, or ``None`` without prices.

    A token is at least one byte of text, so a prompt has at most as many tokens as bytes, and a few for each turn; an
    image counts as 4,096. An answer is as long as the request allows, or 100,000 tokens if it sets no bound.
    """
    if label.prices is None:
        return None
    prompt = len(json.dumps(body[STRUCTURE]).encode()) if STRUCTURE in body else 0
    prompt += sum(_most_tokens(message.get("content")) + _TOKENS_OF_A_TURN for message in body["messages"])
    completion = body.get("max_completion_tokens") or body.get("max_tokens") or _LONGEST_ANSWER
    return label.prices.cost(prompt, int(completion), batch=label.batch)


def _most_tokens(content: object) -> int:
    if isinstance(content, str):
        return len(content.encode("utf-8", "replace"))
    parts = content if isinstance(content, list | tuple) else ()
    return sum(_most_tokens(part["text"]) if "text" in part else _TOKENS_OF_AN_IMAGE for part in parts)


def amount_spent(entries: Mapping[int, JournalEntry], judge: str | None = None) -> Decimal:
    """Return what earlier requests count against a budget: of one judge, or all."""
    return sum(
        (
            entry.charge
            for entry in entries.values()
            if judge is None or (entry.label.purpose.who == "judges" and entry.label.purpose.name == judge)
        ),
        Decimal(0),
    )
