"""Runs that share a call cache pay for each question once, also at the same time."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from decimal import Decimal

import pytest

from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger, call_key
from polyarena.harness.endpoints.accounting.budget import Budget, BudgetError, BudgetGuard
from polyarena.harness.endpoints.accounting.journal import Journal
from polyarena.harness.endpoints.settings import Prices
from polyarena.judges.protocol import Reply
from polyarena.tasks.errors import StoreError

KEY, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def caches(tmp_path):
    with CallCache(tmp_path / "calls.sqlite") as one, CallCache(tmp_path / "calls.sqlite") as other:
        yield one, other


def test_a_question_is_claimed_once(caches):
    one, other = (cache.claims for cache in caches)
    assert one.take(KEY, "a")
    assert one.take(KEY, "a")
    assert not one.take(KEY, "b")
    assert not other.take(KEY, "c")
    assert other.take(OTHER, "c")
    one.release(KEY, "b")
    assert not other.take(KEY, "c")
    one.release(KEY, "a")
    assert other.take(KEY, "c")
    assert not one.take(KEY, "a")


def test_closing_gives_claims_up(caches, tmp_path):
    one, other = caches
    assert one.claims.take(KEY, "a")
    one.close()
    one.close()
    assert other.claims.take(KEY, "b")
    other.claims.release_all("b")
    other.close()
    assert not list(tmp_path.glob(".calls*"))


def test_free_questions_are_claimed_together_and_those_of_others_are_left(caches):
    one, other = (cache.claims for cache in caches)
    third, fourth = "ef" * 32, "01" * 32
    assert one.take(KEY, "a")
    assert one.take(OTHER, "b")
    assert one.take_free([KEY, OTHER, third], "a") == {KEY, third}
    assert one.take_free([], "a") == set()
    assert other.take_free([KEY, OTHER, third, fourth], "c") == {fourth}
    assert not one.take(fourth, "a")
    one.release_all("a")
    assert other.take_free([KEY, OTHER, third], "c") == {KEY, third}


def test_what_a_dead_holder_claimed_is_left_to_the_look_that_follows(caches):
    one, _ = (cache.claims for cache in caches)
    caches[0]._execute("INSERT INTO claims VALUES (?, ?)", (bytes.fromhex(KEY), f"{socket.gethostname()}:dead"))
    assert one.take_free([KEY, OTHER], "a") == {OTHER}
    assert one.take(KEY, "a")


HOLDER = """
import sys
from polyarena.harness.endpoints import CallCache
from polyarena.judges.protocol import Reply
cache = CallCache(sys.argv[1])
print(cache.claims.take(sys.argv[2], "a"), flush=True)
sys.stdin.readline()
"""


def test_claims_of_a_process_that_was_killed_are_free_at_once(tmp_path):
    path = tmp_path / "calls.sqlite"
    command = [sys.executable, "-c", HOLDER, str(path), KEY]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "True\n"
    with CallCache(path) as cache:
        assert not cache.claims.take(KEY, "b")
        holder.kill()
        holder.communicate()
        assert cache.claims.take(KEY, "b")


def test_a_holder_on_another_machine_is_gone_when_it_does_not_renew(caches, monkeypatch):
    one, other = caches
    monkeypatch.setattr("polyarena.harness.endpoints.claims._PATIENCE_S", 5.0)
    clock = [1000.0]
    monkeypatch.setattr("polyarena.harness.endpoints.claims.time.monotonic", lambda: clock[0])
    one._execute("INSERT INTO claims VALUES (?, 'far:away')", (bytes.fromhex(KEY),))
    one._execute("INSERT INTO holders VALUES ('far:away', 1)")
    for _ in range(3):
        assert not other.claims.take(KEY, "a")
        clock[0] += 4
        one._execute("UPDATE holders SET beat = beat + 1")
    assert not other.claims.take(KEY, "a")
    clock[0] += 6
    assert other.claims.take(KEY, "a")


def test_two_runs_at_once_pay_for_each_question_once(scripted_server, open_endpoint, ask_for, caches):
    scripted_server.script = lambda received: scripted_server.ok(f"re: {received.question}").after(0.05)
    texts = [str(number) for number in range(32)]
    answers = {}
    endpoints = [open_endpoint(cache) for cache in caches]

    def ask(number, order):
        answers[number] = [reply.text for reply in endpoints[number](ask_for(*order))]

    threads = [threading.Thread(target=ask, args=(0, texts)), threading.Thread(target=ask, args=(1, texts[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers[0] == answers[1][::-1] == [f"re: {text}" for text in texts]
    assert sorted(scripted_server.questions) == sorted(texts)


def test_a_question_that_failed_for_one_is_asked_by_the_other(scripted_server, open_endpoint, ask_for, caches):
    scripted_server.script = lambda received: (
        scripted_server.status(400) if received.question == "bad" else scripted_server.ok()
    )
    for cache in caches:
        good, bad = open_endpoint(cache)(ask_for("good", "bad"))
        assert good.error is None
        assert bad.error
    assert scripted_server.questions.count("bad") == 2
    assert scripted_server.questions.count("good") == 1


@pytest.mark.parametrize("grace_s", [0.0, 60.0])
def test_requests_in_flight_have_their_grace(scripted_server, open_endpoint, ask_for, cache, grace_s):
    arrived = threading.Event()

    def script(received):
        if received.question == "slow":
            arrived.set()
            return scripted_server.ok("late").after(0.4 if grace_s else 600)
        # Not before the other one is on its way: the stream draws no further call while a reply is there to take.
        return scripted_server.ok() if arrived.is_set() else scripted_server.status(503)

    scripted_server.script = script
    endpoint = open_endpoint(cache, timeout_s=700, max_attempts=100, max_wait_s=1)
    stream = endpoint(ask_for("first", "slow"))
    next(stream)
    assert arrived.is_set()
    endpoint.stop(grace_s)
    endpoint.close()
    assert len(cache) == (2 if grace_s else 1)
    assert cache._execute("SELECT count(*) FROM claims")[0][0] == 0


def test_an_answer_ends_its_claim_without_another_write(caches, monkeypatch):
    one, other = caches
    assert one.claims.take(KEY, "a")
    one.put(KEY, Reply("an answer"))
    written = []
    execute = one.claims._execute
    monkeypatch.setattr(one.claims, "_execute", lambda *args: (written.append(args[0]), execute(*args))[1])
    one.claims.release(KEY, "a")
    assert written == []
    assert other.claims.take(KEY, "b")
    # One statement where nobody else holds the question.
    assert one.claims.take(OTHER, "a")
    assert len(written) == 1


def test_after_closing_nothing_is_claimed_and_no_file_is_left(caches, tmp_path):
    one, other = caches
    one.close()
    assert not one.claims.take(KEY, "a")
    assert other.claims.take(KEY, "b")
    other.close()
    assert not list(tmp_path.glob(".calls*"))


def test_a_cache_that_cannot_be_written_at_the_end_leaves_its_claims_free(caches):
    one, other = caches
    assert one.claims.take(KEY, "a")
    one._connection.close()
    one.close()
    assert other.claims.take(KEY, "b")


def test_a_beat_that_cannot_be_written_is_not_the_last_one(cache, monkeypatch):
    monkeypatch.setattr("polyarena.harness.endpoints.claims._BEAT_S", 0.001)
    execute, failed, beaten = cache.claims._execute, threading.Event(), threading.Event()

    def sometimes(statement, values=()):
        if statement.startswith("UPDATE holders"):
            if not failed.is_set():
                failed.set()
                raise StoreError("the disk is full for a moment")
            beaten.set()
        return execute(statement, values)

    monkeypatch.setattr(cache.claims, "_execute", sometimes)
    assert cache.claims.take(KEY, "a")
    assert failed.wait(30)
    assert beaten.wait(30)


def test_questions_are_claimed_a_few_at_a_time(scripted_server, open_endpoint, ask_for, cache, monkeypatch):
    scripted_server.script = lambda _received: scripted_server.ok()
    endpoint = open_endpoint(cache, concurrency=8)
    ahead = 8 // 4
    groups = []
    take_free, next_unclaimed = cache.claims.take_free, endpoint._next_unclaimed

    def once_enough_wait(job):
        deadline = time.monotonic() + 30
        while not groups and len(endpoint._unclaimed) < 1 + ahead and time.monotonic() < deadline:
            time.sleep(0.005)  # until the caller has drawn what may be claimed ahead
        return next_unclaimed(job)

    def counted(keys, owner):
        groups.append(len(keys))
        return take_free(keys, owner)

    monkeypatch.setattr(endpoint, "_next_unclaimed", once_enough_wait)
    monkeypatch.setattr(cache.claims, "take_free", counted)
    assert len(list(endpoint.as_completed(ask_for(*map(str, range(40)))))) == 40
    # Each its own, and at most a quarter of those that may be in flight.
    assert groups[0] == max(groups) == 1 + ahead
    assert sum(groups) == 40
    assert cache._execute("SELECT count(*) FROM claims") == [(0,)]


def test_what_another_run_has_answered_meanwhile_is_not_asked(scripted_server, open_endpoint, ask_for, cache):
    endpoint = open_endpoint(cache, concurrency=8)
    calls = ask_for("first", "second", "third")
    take_free, given = cache.claims.take_free, []

    def answered_meanwhile(keys, owner):
        if not given:
            for call in calls[1:]:
                given.append(call_key(endpoint.settings, call))
                cache.put(given[-1], Reply("of another run", "stop"))
        return take_free(keys, owner)

    cache.claims.take_free = answered_meanwhile
    texts = [reply.text for reply in endpoint(calls)]
    assert texts[1:] == ["of another run"] * 2
    assert scripted_server.questions == ["first"]
    assert cache._execute("SELECT count(*) FROM claims") == [(0,)]


def test_what_was_claimed_ahead_is_free_when_the_budget_is_spent(
    scripted_server, ask_for, caches, tmp_path, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    one, other = caches
    settings = EndpointSettings(
        base_url=scripted_server.base_url, model="m", concurrency=64, prices=Prices(input=Decimal(1), output=Decimal(1))
    )
    with Journal(tmp_path / "attempts.jsonl", one.get) as journal:
        guard = BudgetGuard(journal, [Budget(Decimal("1e-9"), "the budget")])
        endpoint = Endpoint(settings, one, Ledger(), budget_guard=guard)
        calls = ask_for(*map(str, range(60)))
        with pytest.raises(BudgetError):
            list(endpoint(calls))
        deadline = time.monotonic() + 30
        while one._execute("SELECT count(*) FROM claims") != [(0,)] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert all(other.claims.take(call_key(settings, call), "b") for call in calls)
        endpoint.close()
    assert scripted_server.log == []
