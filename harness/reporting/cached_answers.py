"""Says which answers of a run come from the call cache, and from when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from polyarena.harness.store import RunFolder


def cached_answer_notes(folder: RunFolder) -> list[str]:
    """Return a sentence for each model of which answers were given before this run folder was made.

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
    return [note for model, ledgers in sorted(totals.items()) for note in _note(model, ledgers)]


def _add(totals: dict[str, list[Mapping[str, Any]]], last: Mapping[str, Mapping[str, Any]]) -> None:
    for ledgers in last.values():
        for model, ledger in ledgers.items():
            if isinstance(ledger, dict) and isinstance(ledger.get("earlier"), int):
                totals.setdefault(model, []).append(ledger)


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
