"""What a run asked of models and what it cost, as a table of texts for the page."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from polyarena.reports.labels import language_label
from polyarena.reports.page.content import Table

if TYPE_CHECKING:
    import pandas as pd

MOST_LANGUAGES = 30
"""Of more languages, only the sum is shown."""


def cost_table(ledger: pd.DataFrame) -> Table | None:
    """Return requests, tokens and cost by system or judge and language, with a sum over several languages.

    Args:
        ledger: One row for each system or judge, model, task, language and mode, with ``requests``, ``answered``,
            ``maybe_billed``, ``prompt_tokens``, ``completion_tokens``, and ``cost`` and ``cost_upper_bound`` as decimal
            texts in ``currency``, or none where they are unknown.

    Returns:
        ``None`` for an empty ledger. Costs are exact sums, and a range where the most that they can be is another; one
        unknown part makes a sum unknown, and so do two currencies.
    """
    grouped: dict[tuple[str, str], dict[str, list[dict[Any, Any]]]] = {}
    for row in ledger.to_dict("records"):
        languages = grouped.setdefault((str(row["who"]), str(row["name"])), {})
        languages.setdefault(str(row["language"]), []).append(row)
    rows: list[tuple[str, ...]] = []
    for (_, name), languages in sorted(grouped.items()):
        if len(languages) <= MOST_LANGUAGES:
            rows += [_row(name, language_label(code).name, found) for code, found in sorted(languages.items())]
        if len(languages) > 1:
            everything = [row for found in languages.values() for row in found]
            rows.append(_row(name, f"all {len(languages)}", everything))
    if not rows:
        return None
    columns = (
        "Judge or system", "Language", "Requests", "Answered", "Maybe billed", "Prompt tokens", "Reply tokens",
        "Cost",
    )  # fmt: skip
    notes = (
        "Over all runs in this folder; what the call cache answered was not asked again and is not here. Maybe billed "
        "are requests that ended without an answer and may have been billed all the same: timeouts, replies that were "
        "cut off or could not be read, and requests that nobody waited for. A range of cost ends with the most that "
        "they, and answers whose tokens the endpoint did not count, can have cost; that is what counts against a "
        "budget. A cost is unknown (–) without prices. Each request costs what the prices said when it was made; "
        "prices that were corrected later do not change it. By model, task and mode: results/ledger.csv.",
    )
    return Table("Requests and cost", columns, tuple(rows), texts=2, notes=notes)


def _row(name: str, language: str, found: list[dict[Any, Any]]) -> tuple[str, ...]:
    counts = ("requests", "answered", "maybe_billed", "prompt_tokens", "completion_tokens")
    return (name, language, *(f"{sum(int(row[count]) for row in found):,}" for count in counts), _cost(found))


def _cost(found: list[dict[Any, Any]]) -> str:
    least, most = (_total([row[name] for row in found]) for name in ("cost", "cost_upper_bound"))
    currencies = {str(row["currency"]) for row in found}
    if most is None or len(currencies) > 1 or currencies == {""}:
        return "–"
    currency = currencies.pop()
    if least is None:
        return f"at most {most} {currency}"
    return f"{most} {currency}" if least == most else f"{least}–{most} {currency}"


def _total(amounts: list[object]) -> str | None:
    known = [Decimal(amount) for amount in amounts if isinstance(amount, str)]
    return f"{sum(known):.4f}" if len(known) == len(amounts) else None
