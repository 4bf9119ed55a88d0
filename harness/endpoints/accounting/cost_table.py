"""The cost table of a run folder: requests and costs of all runs in it, by system or judge, task and language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.harness.endpoints.accounting.entry import ABANDONED, JournalEntry
from polyarena.harness.endpoints.accounting.journal import read_entries
from polyarena.harness.endpoints.accounting.tally import Tally
from polyarena.tasks.records import arrow_schema

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class CostRow:
    """Requests and costs of one system or judge in one language of a task.

    Attributes:
        who: ``candidates`` or ``judges``.
        name: Of the system or the judge.
        model: The model's name at the endpoint.
        task: Task name.
        language: ``lang_Script``.
        mode: ``online`` or ``batch``.
        requests: Number of requests sent, retries included.
        answered: Number of requests with an answer.
        maybe_billed: Of these, requests without an answer that may have been billed all the same: timeouts, bodies
            that were cut off or could not be read, answers that a filter withheld, and those under ``abandoned``.
        abandoned: Of those, requests that the run stopped waiting for.
        prompt_tokens: As the endpoint counted.
        completion_tokens: Likewise.
        cached_tokens: Of the prompt tokens, those from the endpoint's own prompt cache.
        cost: Exact, of what the endpoint counted, as decimal text; ``None`` without prices, or if an answer came
            without counts. What ``maybe_billed`` requests cost is not known and not in it.
        cost_upper_bound: The most that can have been paid, requests of unknown cost included, as text. It counts
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
    cost_upper_bound: str | None
    currency: str


COST_SCHEMA = arrow_schema(CostRow)


def cost_table(journal: Path) -> list[CostRow]:
    """Return the cost table of a journal, sorted; empty if there is no journal.

    Args:
        journal: ``attempts.jsonl`` of a run folder.

    Raises:
        StoreError: The journal cannot be read.
    """
    grouped: defaultdict[tuple[str, ...], list[JournalEntry]] = defaultdict(list)
    for entry in read_entries(journal).values():
        account, label = entry.account, entry.account.label
        currency = account.prices.currency if account.prices is not None else ""
        mode = "batch" if account.batch else "online"
        key = (label.who, label.name, account.model, label.task, label.language, mode, currency)
        grouped[key].append(entry)
    return [_row(key, grouped[key]) for key in sorted(grouped)]


def cost_frame(journal: Path) -> pd.DataFrame:
    """Return :func:`cost_table` as a frame with the columns of :data:`COST_SCHEMA`."""
    import pandas as pd

    return pd.DataFrame([asdict(row) for row in cost_table(journal)], columns=COST_SCHEMA.names)


def _row(key: tuple[str, ...], entries: Sequence[JournalEntry]) -> CostRow:
    who, name, model, task, language, mode, currency = key
    tally = Tally.of(entries)
    # Without prices even a refused request has no cost that could be told from an unknown one.
    priced = all(entry.account.prices is not None for entry in entries)
    bound = tally.upper_bound
    return CostRow(
        who=who,
        name=name,
        model=model,
        task=task,
        language=language,
        mode=mode,
        requests=tally.requests,
        answered=tally.outcomes["ok"],
        maybe_billed=tally.maybe_billed,
        abandoned=tally.outcomes[ABANDONED],
        prompt_tokens=tally.prompt_tokens,
        completion_tokens=tally.completion_tokens,
        cached_tokens=tally.cached_tokens,
        cost=f"{tally.cost:f}" if priced and not tally.unpriced else None,
        cost_upper_bound=f"{bound:f}" if priced and bound is not None else None,
        currency=currency,
    )
