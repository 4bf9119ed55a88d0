"""Notes on answers from the call cache, from logs that are whole, of other versions, or damaged."""

from __future__ import annotations

import json

import pytest

from polyarena.harness.endpoints import Ledger
from polyarena.harness.events import CostsUpdated, RunStarted, event_record, read_events
from polyarena.harness.reporting.cached_answers import cached_answer_notes
from polyarena.harness.store import RunFolder

DAY_S = 86_400.0


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def ledger(*answered_at, served_by=None):
    """The ledger of a folder made 100 days after 1970 began, with answers of the call cache."""
    ledger = Ledger(100 * DAY_S)
    for at in answered_at:
        ledger.record_call("cache", failed=False, answered_at=at, served_by=served_by)
    return ledger.totals()


def start(endpoint_stored=1):
    return event_record(RunStarted("e", "f", 1, endpoint_stored or 0, 0, 0, 1, endpoint_stored))


def costs(who="judges", **ledgers):
    return event_record(CostsUpdated(who, ledgers))


def test_the_last_total_of_each_run_counts(folder):
    folder.log(start())
    folder.log(costs(m=ledger(3 * DAY_S)))
    folder.log(costs(m=ledger(3 * DAY_S, 5 * DAY_S)))
    folder.log(start())
    folder.log(costs("candidates", m=ledger(9 * DAY_S)))
    [note] = cached_answer_notes(folder)
    assert note.startswith(
        "3 replies of m came from the call cache and were given between 1970-01-04 and 1970-01-10, before"
    )


def test_a_run_that_found_nothing_stored_makes_earlier_ones_no_matter(folder):
    folder.log(start(0))
    folder.log(costs(m=ledger(3 * DAY_S, 5 * DAY_S, served_by="first")))
    # As after --fresh, or where a run was stopped before anything was stored and answers are read again.
    folder.log(start(0))
    folder.log(costs(m=ledger(100 * DAY_S, served_by="second")))
    assert cached_answer_notes(folder) == []


def test_runs_of_early_builds_are_added_up(folder):
    for _ in range(2):
        folder.log(start(None))
        folder.log(costs(m=ledger(3 * DAY_S)))
    [note] = cached_answer_notes(folder)
    assert note.startswith("2 replies of m came")


def test_answers_since_the_folder_was_made_are_no_news(folder):
    folder.log(costs(m=ledger(100 * DAY_S)))
    assert cached_answer_notes(folder) == []


def test_names_of_several_runs_are_counted_together(folder):
    for name in ("first", "second"):
        folder.log(start())
        folder.log(costs(m=ledger(100 * DAY_S, served_by=name)))
    [note] = cached_answer_notes(folder)
    assert "first (1), second (1)" in note


@pytest.mark.parametrize("at", [1e300, -1e300, float("nan")])
def test_a_time_in_no_calendar_is_an_unknown_time(folder, at):
    record = costs(m=ledger(3 * DAY_S))
    record["ledgers"]["m"] |= {"earliest": at, "latest": at}
    folder.log(record)
    [note] = cached_answer_notes(folder)
    assert "given at an unknown time" in note


@pytest.mark.parametrize(
    "change",
    [{"ledgers": 3}, {"ledgers": {"m": []}}, {"ledgers": {"m": {"earlier": "many"}}}, {"who": None}, {"event": 7}],
)
def test_records_of_another_make_are_skipped(folder, change):
    folder.log(costs(m=ledger(3 * DAY_S)) | change)
    folder.log({"event": "Imported", "ledgers": {}})
    assert list(read_events(folder.events())) == []
    assert cached_answer_notes(folder) == []


def test_every_event_is_read_as_it_was_written(folder):
    records = [json.loads(json.dumps(each)) for each in (start(), costs(m=ledger(3 * DAY_S, served_by="x")))]
    assert [event_record(each.event) for each in read_events(records)] == records
