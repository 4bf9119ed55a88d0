"""The ledger of a run folder: what was asked and what it cost, over all runs in it, by judge and language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.harness.endpoints.accounting.journal import ABANDONED, JournalEntry, read_entries
from polyarena.tasks.records import arrow_schema

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class CostRow:
    """What one system or judge took in one language of one task.

    Attributes:
        who: ``candidates`` or ``judges``.
        name: Of the system or the judge.
        model: The model's name at the endpoint.
        task: Task name.
        language: ``lang_Script``.
        mode: ``online`` or ``batch``.
        requests: Requests sent, repeated ones included.
        answered: Of these, requests that got an answer.
        maybe_billed: Of these, requests without an answer that may have been billed all the same: timeouts, bodies
            that were cut off or could not be read, answers that a filter withheld, and those under ``abandoned``.
        abandoned: Of those, requests that nobody waited for to the end.
        prompt_tokens: As the endpoint counted.
        completion_tokens: Likewise.
        cached_tokens: Of the prompt tokens, those from the endpoint's own prompt cache.
        cost: Exact, of what the endpoint counted, as decimal text; ``None`` without prices, or if an answer came
            without counts. What ``maybe_billed`` requests cost is not known and not in it.
        cost_at_most: The cost with the most that requests of unknown cost can have cost, as decimal text: what counts
            against a budget. ``None`` without prices.
        currency: Of the cost; empty without prices.
    """

    who: str
    name: str
    model: str
    task: str
    language: str
    mode: str
    requests: int
    answered: int
    maybe_billed: int
    abandoned: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: str | None
    cost_at_most: str | None
    currency: str


COST_SCHEMA = arrow_schema(CostRow)


def cost_table(journal: Path) -> list[CostRow]:
    """Return what a journal says was spent, sorted; nothing if there is no journal.

    Args:
        journal: ``attempts.jsonl`` of a run folder.

    Raises:
        StoreError: The journal cannot be read.
    """
    grouped: defaultdict[tuple[str, ...], list[JournalEntry]] = defaultdict(list)
    for entry in read_entries(journal).values():
        label = entry.label
        currency = label.prices.currency if label.prices is not None else ""
        mode = "batch" if label.batch else "online"
        purpose = label.purpose
        key = (purpose.who, purpose.name, label.model, purpose.task, purpose.language, mode, currency)
        grouped[key].append(entry)
    return [_row(key, grouped[key]) for key in sorted(grouped)]


def cost_frame(journal: Path) -> pd.DataFrame:
    """Return :func:`cost_table` as a frame with the columns of :data:`COST_SCHEMA`."""
    import pandas as pd

    return pd.DataFrame([asdict(row) for row in cost_table(journal)], columns=COST_SCHEMA.names)


def _row(key: tuple[str, ...], entries: Iterable[JournalEntry]) -> CostRow:
    who, name, model, task, language, mode, currency = key
    found = list(entries)
    # Without prices even a request that was refused has no cost that could be told from an unknown one.
    priced = all(entry.label.prices is not None for entry in found)
    return CostRow(
        who=who,
        name=name,
        model=model,
        task=task,
        language=language,
        mode=mode,
        requests=len(found),
        answered=sum(entry.outcome == "ok" for entry in found),
        maybe_billed=sum(entry.maybe_billed for entry in found),
        abandoned=sum(entry.outcome in (None, ABANDONED) for entry in found),
        prompt_tokens=sum(entry.prompt_tokens or 0 for entry in found),
        completion_tokens=sum(entry.completion_tokens or 0 for entry in found),
        cached_tokens=sum(entry.cached_tokens or 0 for entry in found),
        cost=_sum(entry.cost for entry in found if not entry.maybe_billed) if priced else None,
        cost_at_most=_sum(entry.at_most for entry in found) if priced else None,
        currency=currency,
    )


def _sum(amounts: Iterable[Decimal | None]) -> str | None:
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return f"{total:f}"
