"""Says which answers of a run come from the call cache, and from when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from polyarena.harness.store import RunFolder

MOST_SERVED = 4
"""Models or fingerprints that a note names one by one."""


def cached_answer_notes(folder: RunFolder) -> list[str]:
    """Return a sentence for each model of which answers are older than this run folder, or from several models.

    The model behind an address and a name may have been replaced since. Answers of the folder's own earlier runs are
    not counted.
    """
    totals: dict[str, list[Mapping[str, Any]]] = {}
    last: dict[str, Mapping[str, Any]] = {}
    for event in folder.events():
        if event.get("event") == "RunStarted":
            _add(totals, last)
            last = {}
        elif event.get("event") == "CostsUpdated" and isinstance(event.get("ledgers"), dict):
            last[str(event.get("who"))] = event["ledgers"]
    _add(totals, last)
    return [
        note
        for model, ledgers in sorted(totals.items())
        for note in (*_note(model, ledgers), *_changed_model(model, ledgers))
    ]


def _add(totals: dict[str, list[Mapping[str, Any]]], last: Mapping[str, Mapping[str, Any]]) -> None:
    for ledgers in last.values():
        for model, ledger in ledgers.items():
            if isinstance(ledger, dict) and isinstance(ledger.get("earlier"), int):
                totals.setdefault(model, []).append(ledger)


def _changed_model(model: str, ledgers: list[Mapping[str, Any]]) -> list[str]:
    """Return a sentence if the servers named different models, files or fingerprints behind one name."""
    served: Counter[str] = Counter()
    for ledger in ledgers:
        counts = ledger.get("served_by")
        served.update(
            {name: count for name, count in counts.items() if isinstance(count, int)}
            if isinstance(counts, dict)
            else {}
        )
    if len(served) < 2:
        return []
    named = ", ".join(f"{name} ({count:,})" for name, count in served.most_common(MOST_SERVED))
    more = f" and {len(served) - MOST_SERVED} more" if len(served) > MOST_SERVED else ""
    return [
        f"The server of {model} named different models or fingerprints for its replies: {named}{more}. If the model "
        "was replaced, its answers are mixed: set `revision`, or run again with --fresh."
    ]


def _note(model: str, ledgers: list[Mapping[str, Any]]) -> list[str]:
    count = sum(ledger["earlier"] for ledger in ledgers)
    if not count:
        return []
    dates = sorted(
        datetime.fromtimestamp(at, UTC).date().isoformat()
        for ledger in ledgers
        for at in (ledger.get("earliest"), ledger.get("latest"))
        if isinstance(at, int | float)
    )
    given = "at an unknown time" if not dates else f"on {dates[0]}"
    if dates and dates[-1] != dates[0]:
        given = f"between {dates[0]} and {dates[-1]}"
    came = f"1 reply of {model} came" if count == 1 else f"{count} replies of {model} came"
    were = "was" if count == 1 else "were"
    return [
        f"{came} from the call cache and {were} given {given}, before this run folder was made. If the model "
        "has changed since, run again with --fresh, or set `revision`."
    ]
