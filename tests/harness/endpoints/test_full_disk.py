"""What a full disk costs: the requests in flight at that moment, each of which the journal names; never one more."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger
from polyarena.harness.endpoints.accounting.budget import BudgetGuard
from polyarena.harness.endpoints.accounting.journal import Journal, read_entries
from polyarena.tasks.errors import StoreError

QUESTIONS = [str(number) for number in range(12)]
CONCURRENCY = 4
LONG = "x" * 20_000


@pytest.fixture
def asked(scripted_server, ask_for, tmp_path, monkeypatch):
    """Ask all questions in a run of their own; ``prepare`` gets the call cache and the journal before."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    scripted_server.script = lambda _received: scripted_server.ok(LONG).after(0.005)
    settings = EndpointSettings(
        base_url=scripted_server.base_url, model="m", timeout_s=30, max_attempts=3, concurrency=CONCURRENCY
    )

    def ask(prepare=lambda _cache, _journal: None):
        with CallCache(tmp_path / "calls.sqlite") as cache, Journal(tmp_path / "attempts.jsonl", cache.get) as journal:
            prepare(cache, journal)
            endpoint = Endpoint(settings, cache, Ledger(), budget_guard=BudgetGuard(journal), grace_s=30)
            try:
                return len(list(endpoint(ask_for(*QUESTIONS))))
            finally:
                endpoint.close()

    return ask


def times_asked(scripted_server):
    return Counter(scripted_server.questions)


def lost(tmp_path):
    """How many requests of the journal have no answer in the call cache."""
    with CallCache(tmp_path / "calls.sqlite") as cache:
        return sum(entry.key not in cache for entry in read_entries(tmp_path / "attempts.jsonl").values())


def full(cache, _journal):
    pages = cache._connection.execute("PRAGMA page_count").fetchone()[0]
    cache._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_answers_that_the_cache_has_no_room_for_are_asked_again_and_no_others(asked, scripted_server, tmp_path):
    with pytest.raises(StoreError, match="call cache cannot be read or written"):
        asked(full)
    twice = lost(tmp_path)
    assert 1 <= twice == len(scripted_server.log) <= CONCURRENCY
    assert asked() == len(QUESTIONS)
    assert sum(times_asked(scripted_server).values()) == len(QUESTIONS) + twice
    assert asked() == len(QUESTIONS)
    assert sum(times_asked(scripted_server).values()) == len(QUESTIONS) + twice


def test_a_question_that_cannot_be_claimed_is_not_asked(asked, scripted_server, monkeypatch):
    def refuse(cache, _journal):
        def take(_keys, _owner):
            raise cache._unusable(OSError("database or disk is full"))

        monkeypatch.setattr(cache.claims, "take", take)
        monkeypatch.setattr(cache.claims, "take_free", take)

    with pytest.raises(StoreError, match="call cache"):
        asked(refuse)
    assert not scripted_server.log


@pytest.mark.parametrize("room", [0, 30, 400])
def test_a_request_that_the_journal_has_no_room_for_is_not_sent(asked, scripted_server, tmp_path, monkeypatch, room):
    write, left = os.write, [room]

    def fill(file, content):
        taken = write(file, content[: left[0]])
        left[0] -= taken
        return taken

    def limit(_cache, _journal):
        monkeypatch.setattr("os.write", fill)

    with pytest.raises(StoreError, match="journal of requests cannot be written"):
        asked(limit)
    monkeypatch.setattr("os.write", write)
    named = {entry.key for entry in read_entries(tmp_path / "attempts.jsonl").values()}
    assert len(scripted_server.log) <= len(named)
    before = times_asked(scripted_server)
    assert asked() == len(QUESTIONS)
    assert sum((times_asked(scripted_server) - before).values()) <= len(QUESTIONS)
    assert max(times_asked(scripted_server).values()) <= 2
