"""Says which answers of a run come from the call cache, and from when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from polyarena.harness.endpoints import Totals
from polyarena.harness.events import CostsUpdated, RunStarted, read_events
from polyarena.harness.store import RunFolder

MOST_SERVED = 4
"""Models or fingerprints that a note names one by one."""


def cached_answer_notes(folder: RunFolder) -> list[str]:
    """Return a sentence for each model of which answers are older than this run folder, or from several models.

    The model behind an address and a name may have been replaced since. Answers of the folder's own earlier runs are
    not counted, nor what earlier runs got if a later one found nothing of an endpoint stored: after ``--fresh`` or
    another ``revision``, no number is of it.
    """
    totals: dict[str, list[Totals]] = {}
    last: dict[str, Mapping[str, Totals]] = {}
    for logged in read_events(folder.events()):
        if isinstance(logged.event, RunStarted):
            if logged.event.endpoint_stored == 0:
                totals.clear()
            else:
                _add(totals, last.values())
            last = {}
        elif isinstance(logged.event, CostsUpdated):
            last[logged.event.who] = logged.event.ledgers
    _add(totals, last.values())
    return [
        note
        for model, of_runs in sorted(totals.items())
        for note in (*_note(model, of_runs), *_changed_model(model, of_runs))
    ]


def _add(totals: dict[str, list[Totals]], last: Iterable[Mapping[str, Totals]]) -> None:
    for ledgers in last:
        for model, ledger in ledgers.items():
            totals.setdefault(model, []).append(ledger)


def _changed_model(model: str, of_runs: list[Totals]) -> list[str]:
    """Return a sentence if the servers named different models, files or fingerprints behind one name."""
    served: Counter[str] = Counter()
    for ledger in of_runs:
        served.update(ledger.served_by)
    if len(served) < 2:
        return []
    named = ", ".join(f"{name} ({count:,})" for name, count in served.most_common(MOST_SERVED))
    more = f" and {len(served) - MOST_SERVED} more" if len(served) > MOST_SERVED else ""
    return [
        f"The server of {model} named different models or fingerprints for its replies: {named}{more}. If the model "
        "was replaced, its answers are mixed: set `revision`, or run again with --fresh."
    ]


def _note(model: str, of_runs: list[Totals]) -> list[str]:
    count = sum(ledger.earlier for ledger in of_runs)
    if not count:
        return []
    times = [at for ledger in of_runs for at in (ledger.earliest, ledger.latest) if at is not None]
    dates = sorted(day for at in times if (day := _day(at)))
    given = "at an unknown time" if not dates else f"on {dates[0]}"
    if dates and dates[-1] != dates[0]:
        given = f"between {dates[0]} and {dates[-1]}"
    came = f"1 reply of {model} came" if count == 1 else f"{count} replies of {model} came"
    were = "was" if count == 1 else "were"
    return [
        f"{came} from the call cache and {were} given {given}, before this run folder was made. If the model "
        "has changed since, run again with --fresh, or set `revision`."
    ]


def _day(at: float) -> str:
    """Return the day of a time in UTC; empty if no calendar has it."""
    try:
        return datetime.fromtimestamp(at, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""
