"""Budgets: hard limits on money, checked against the journal of a run folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from polyarena.harness.endpoints.accounting.entry import Account, JournalEntry
from polyarena.harness.endpoints.accounting.journal import Journal
from polyarena.harness.endpoints.request import STRUCTURE
from polyarena.judges.protocol import Reply
from polyarena.tasks.errors import ModelError
from polyarena.tasks.exit_codes import ExitCode

_TOKENS_OF_A_TURN = 16
_TOKENS_OF_AN_IMAGE = 4096
_LONGEST_ANSWER = 100_000


class BudgetError(ModelError):
    """The next request could cost more than the budget has left; answers so far are stored."""

    exit_code = ExitCode.BUDGET_SPENT


@dataclass(frozen=True, slots=True)
class Budget:
    """An amount that requests in flight and requests paid for may not exceed together, in all runs of a folder.

    Attributes:
        limit: In the currency of the prices.
        name: Whose budget it is, for messages.
        judge: The judge whose requests it covers; ``None`` for all requests.
    """

    limit: Decimal
    name: str
    judge: str | None = None

    def covers(self, account: Account) -> bool:
        """Return whether requests of this account count against it."""
        return self.judge is None or (account.label.who == "judges" and account.label.name == self.judge)

    def exceeded(self, left: Decimal, amount: Decimal) -> BudgetError:
        """Return the error for a request that costs up to ``amount`` where ``left`` is left."""
        return BudgetError(
            f"{self.name} is spent" if left <= 0 else f"{self.name} does not cover the next request",
            why=f"{left:.6g} of {self.limit:f} is left, and the next request may cost up to {amount:.6g}",
            fix=f"raise `budget:` by at least {amount - left:.6g} and run the same command again: answers that were "
            "paid for are not asked for again",
        )


@dataclass(frozen=True, slots=True)
class Reservation:
    """A request that is in the journal and may be sent."""

    number: int
    entry: JournalEntry


class BudgetGuard:
    """Lets requests begin if their budgets allow it, and records their outcomes.

    Budgets hold across everything that runs at once: other threads, endpoints and processes of the same run folder.

    Args:
        journal: Of the run folder.
        budgets: The budgets that apply.
    """

    def __init__(self, journal: Journal, budgets: Sequence[Budget] = ()) -> None:
        self.journal = journal
        self._budgets = tuple(budgets)

    def begin(
        self, account: Account, key: str, body: Mapping[str, Any], *, repeats: str | None = None
    ) -> Reservation | None:
        """Record a request that is about to be sent; ``None`` if it has to wait until others have ended.

        Args:
            account: To which its cost is charged.
            key: Of its question in the call cache.
            body: Of the request; its length bounds what it can cost.
            repeats: Outcome of the request that it repeats, if any.

        Raises:
            BudgetError: A budget does not cover it, whatever those in flight cost.
            StoreError: The journal cannot be read or written.
        """
        max_cost = max_request_cost(account, body)
        amount = max_cost or Decimal(0)
        with self.journal.transaction():
            for budget in self._budgets:
                if not budget.covers(account):
                    continue
                left = budget.limit - self.journal.charged(budget.judge)
                reserved = self.journal.reserved(budget.judge)
                if amount > left - reserved:
                    if reserved:
                        return None
                    raise budget.exceeded(max(left, Decimal(0)), amount)
            number = self.journal.sent(account, key, max_cost, repeats=repeats)
        return Reservation(number, JournalEntry(account, key, max_cost, repeats=repeats))

    def resume(self, key: str) -> Reservation | None:
        """Take over a request that an earlier process submitted in a batch; ``None`` if there is none."""
        number, entry = self.journal.open_batches.pop(key, (0, None))
        return None if entry is None else Reservation(number, entry)

    def end(self, reservation: Reservation, outcome: str, reply: Reply) -> None:
        """Record the outcome of a request."""
        self.end_all([(reservation, outcome, reply)])

    def end_all(self, requests: Iterable[tuple[Reservation, str, Reply]]) -> None:
        """Record the outcomes of several requests, with their replies, in one write."""
        self.journal.all_ended((reservation.number, outcome, reply) for reservation, outcome, reply in requests)


def max_request_cost(account: Account, body: Mapping[str, Any]) -> Decimal | None:
    """Return the most that a request can cost, or ``None`` without prices.

    A token is at least one byte of text, so a prompt has at most as many tokens as bytes, and a few for each turn; an
    image counts as 4,096, and a recording as many as its base64 has characters. An answer is as long as the request
    allows, or 100,000 tokens if it sets no bound.
    """
    if account.prices is None:
        return None
    prompt = len(json.dumps(body[STRUCTURE]).encode()) if STRUCTURE in body else 0
    prompt += sum(_most_tokens(message.get("content")) + _TOKENS_OF_A_TURN for message in body.get("messages", ()))
    prompt += len(body.get("prompt", ()))
    completion = body.get("max_completion_tokens") or body.get("max_tokens") or _LONGEST_ANSWER
    return account.prices.cost(prompt, int(completion), batch=account.batch)


def _most_tokens(content: object) -> int:
    if isinstance(content, str):
        return len(content.encode("utf-8", "replace"))
    parts = content if isinstance(content, list | tuple) else ()
    return sum(map(_most_tokens_of_part, parts))


def _most_tokens_of_part(part: Mapping[str, Any]) -> int:
    if "text" in part:
        return _most_tokens(part["text"])
    # Providers count some ten to thirty tokens a second of speech, and no format stores a second in so few characters.
    return len(part["input_audio"]["data"]) if "input_audio" in part else _TOKENS_OF_AN_IMAGE
