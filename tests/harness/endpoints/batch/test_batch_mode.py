"""Batch mode: submitted once, found again, merged into the same cache, at its own price."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from polyarena.harness.endpoints import CallCache, EndpointSettings, Ledger
from polyarena.harness.endpoints.accounting.budget import Budget, BudgetError, BudgetGuard
from polyarena.harness.endpoints.accounting.journal import Journal, read_entries
from polyarena.harness.endpoints.batch.batch_endpoint import BatchEndpoint
from polyarena.harness.endpoints.batch.files import read_outcomes, request_lines
from polyarena.tasks.errors import ModelError

PRICES = {"input": 2, "output": 4}


@pytest.fixture
def open_batch(scripted_server, batch_server, monkeypatch):
    monkeypatch.setenv("POLYARENA_TEST_KEY", "sk-batch-secret-0123456789")
    opened = []

    def open_(cache, ledger=None, budget_guard=None, on_attempt=None, remember_refusals=False, **settings):
        given = {
            "base_url": scripted_server.base_url,
            "model": "m",
            "api_key_env": "POLYARENA_TEST_KEY",
            "mode": "batch",
            "poll_s": 0.01,
            "max_attempts": 3,
            "prices": PRICES,
        }
        made = BatchEndpoint(
            EndpointSettings(**given | settings),
            cache,
            ledger or Ledger(),
            on_attempt,
            budget_guard=budget_guard,
            remember_refusals=remember_refusals,
        )
        opened.append(made)
        return made

    yield open_
    for endpoint in opened:
        endpoint.close()


def echo(server):
    return lambda received: server.ok(f"re: {received.question}")


def test_replies_come_in_order_at_half_the_price(scripted_server, batch_server, open_batch, ask_for, cache):
    scripted_server.script = echo(scripted_server)
    batch_server.ends_after = 3
    endpoint = open_batch(cache)
    replies = list(endpoint(ask_for("a", "b", "a", "c")))
    assert [reply.text for reply in replies] == ["re: a", "re: b", "re: a", "re: c"]
    assert len(batch_server.batches) == 1
    assert sorted(batch_server.questions) == ["a", "b", "c"]
    assert {reply.cost for reply in replies} == {(10 * 2 + 3 * 4) / 2e6}
    totals = endpoint.ledger.totals()
    assert (totals.calls, totals.shared, totals.attempts) == (4, 1, 3)
    assert totals.cost == Decimal("0.000016") * 3


@pytest.mark.usefixtures("batch_server")
def test_a_key_that_an_answer_echoes_is_kept_nowhere(scripted_server, open_batch, ask_for, cache, tmp_path):
    key = "sk-batch-secret-0123456789"
    scripted_server.script = lambda _: scripted_server.ok(f"You sent {key}.", finish_reason=key)
    (reply,) = open_batch(cache)(ask_for("a"))
    assert (reply.text, reply.finish_reason) == ("You sent ***.", "***")
    (again,) = open_batch(cache)(ask_for("a"))
    assert again.text == reply.text
    cache.close()
    assert not any(key.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_the_cache_is_the_one_of_single_calls(scripted_server, batch_server, open_batch, open_endpoint, ask_for, cache):
    scripted_server.script = echo(scripted_server)
    list(open_batch(cache)(ask_for("a")))
    single = open_endpoint(cache, prices=PRICES)
    assert [(reply.text, reply.cost) for reply in single(ask_for("a", "b"))] == [
        # It cost what it was bought for.
        ("re: a", pytest.approx(16e-6)),
        ("re: b", pytest.approx(32e-6)),
    ]
    [kept] = open_batch(cache)(ask_for("b"))
    assert kept.cost == pytest.approx(32e-6)
    assert len(batch_server.batches) == 1


def test_a_restart_waits_for_what_was_handed_in(scripted_server, batch_server, open_batch, ask_for, tmp_path):
    scripted_server.script = echo(scripted_server)
    with CallCache(tmp_path / "calls.sqlite") as cache, Journal(tmp_path / "attempts.jsonl", cache.get) as journal:
        first = open_batch(cache, budget_guard=BudgetGuard(journal))
        assert first.submit(ask_for("a", "b")) == 2
        assert first.submit(ask_for("a", "b")) == 0
    with CallCache(tmp_path / "calls.sqlite") as cache, Journal(tmp_path / "attempts.jsonl", cache.get) as journal:
        later = open_batch(cache, budget_guard=BudgetGuard(journal))
        assert [reply.text for reply in later(ask_for("b", "c", "a"))] == ["re: b", "re: c", "re: a"]
        assert cache.open_batches(scripted_server.base_url) == {}
    assert sorted(batch_server.questions) == ["a", "b", "c"]
    entries = read_entries(tmp_path / "attempts.jsonl").values()
    assert [entry.outcome for entry in entries] == ["ok"] * 3
    assert sum(entry.cost for entry in entries) == Decimal("0.000016") * 3


def test_a_batch_whose_name_was_never_told_is_found(scripted_server, batch_server, open_batch, ask_for, cache):
    scripted_server.script = echo(scripted_server)
    batch_server.deaf = True
    with pytest.raises(ModelError, match="batch could not be submitted"):
        list(open_batch(cache)(ask_for("a")))
    assert list(cache.open_batches(scripted_server.base_url).values()) == [None]
    batch_server.deaf = False
    assert [reply.text for reply in open_batch(cache)(ask_for("a"))] == ["re: a"]
    assert batch_server.questions == ["a"]


def test_a_lost_batch_is_submitted_again(scripted_server, batch_server, open_batch, ask_for, cache):
    scripted_server.script = echo(scripted_server)
    batch_server.refuses = 400
    with pytest.raises(ModelError, match="no batches here"):
        list(open_batch(cache)(ask_for("a")))
    batch_server.refuses = None
    assert [reply.text for reply in open_batch(cache)(ask_for("a"))] == ["re: a"]
    assert batch_server.questions == ["a"]


@pytest.mark.parametrize("fault", ["500", "expired", "malformed"])
def test_passing_faults_are_handed_in_again(scripted_server, batch_server, open_batch, ask_for, cache, fault):
    faults = {
        "500": lambda: scripted_server.status(500),
        "expired": scripted_server.cut_off,
        "malformed": lambda: scripted_server.raw(b'{"choices": []}'),
    }
    scripted_server.script = lambda received: (
        faults[fault]() if received.question == "b" and not received.seen else scripted_server.ok("fine")
    )
    endpoint = open_batch(cache)
    assert [reply.text for reply in endpoint(ask_for("a", "b"))] == ["fine", "fine"]
    assert batch_server.questions == ["a", "b", "b"]
    assert endpoint.ledger.totals().failures == 0


def test_lasting_faults_end_as_errors(scripted_server, batch_server, open_batch, ask_for, cache):
    scripted_server.script = lambda received: (
        scripted_server.ok() if received.question == "a" else scripted_server.status(500, "broken")
    )
    good, bad = open_batch(cache)(ask_for("a", "b"))
    assert good.error is None
    assert bad.error == "HTTP 500: broken (attempts: 3)"
    assert len(cache) == 1


def test_refusals_are_remembered(scripted_server, batch_server, open_batch, ask_for, cache):
    scripted_server.script = lambda received: (
        scripted_server.ok() if received.question == "a" else scripted_server.status(400, "too long")
    )
    for _ in range(2):
        good, bad = open_batch(cache, remember_refusals=True)(ask_for("a", "b"))
        assert (good.refused, bad.refused, bad.error) == (False, True, "HTTP 400: too long")
    assert len(batch_server.batches) == 1


def test_structured_output_falls_back(scripted_server, batch_server, open_batch, ask_for, cache):
    scripted_server.script = lambda received: (
        scripted_server.status(400) if "response_format" in received.body else scripted_server.ok("plain")
    )
    replies = list(open_batch(cache)(ask_for("a", "b", schema={"type": "object"})))
    assert [reply.text for reply in replies] == ["plain", "plain"]
    assert len(batch_server.batches) == 2


def test_a_batch_that_is_refused_whole_says_why(batch_server, open_batch, ask_for, cache):
    batch_server.status = "failed"
    [reply] = open_batch(cache)(ask_for("a"))
    assert "the file is not to our taste" in reply.error
    assert not reply.refused


@pytest.mark.parametrize(("code", "fix"), [(401, "export POLYARENA_TEST_KEY"), (404, "leave `mode: batch` out")])
def test_an_endpoint_without_a_batch_api_is_named(batch_server, open_batch, ask_for, cache, code, fix):
    batch_server.refuses = code
    with pytest.raises(ModelError, match="batch could not be submitted") as caught:
        list(open_batch(cache)(ask_for("a")))
    assert fix in caught.value.fix
    assert "sk-batch-secret" not in str(caught.value)


def test_a_budget_is_handed_in_as_far_as_it_goes(scripted_server, batch_server, open_batch, ask_for, cache, tmp_path):
    with Journal(tmp_path / "attempts.jsonl", cache.get) as journal:
        budget = Budget(Decimal("0.004"), "the budget")
        endpoint = open_batch(cache, budget_guard=BudgetGuard(journal, [budget]))
        with pytest.raises(BudgetError, match="the budget does not cover"):
            list(endpoint(ask_for(*map(str, range(500)))))
        assert 0 < len(cache) < 500
        assert journal.charged() <= budget.limit
        assert len(cache) == len(batch_server.questions)


def test_two_runs_with_one_cache_submit_once(scripted_server, batch_server, open_batch, ask_for, cache):
    scripted_server.script = echo(scripted_server)
    one, other = open_batch(cache), open_batch(cache)
    one.submit(ask_for("a"))
    assert [reply.text for reply in other(ask_for("a"))] == ["re: a"]
    assert [reply.text for reply in one(ask_for("a"))] == ["re: a"]
    assert batch_server.questions == ["a"]


def test_closing_ends_the_wait(batch_server, open_batch, ask_for, cache):
    batch_server.ends_after = 10**9
    endpoint = open_batch(cache, poll_s=30)
    endpoint.submit(ask_for("a"))
    endpoint._closed.set()
    with pytest.raises(ModelError, match="closed"):
        list(endpoint(ask_for("a")))


def test_files_stay_within_the_limits(monkeypatch):
    monkeypatch.setattr("polyarena.harness.endpoints.batch.files.MOST_REQUESTS", 3)
    files = list(request_lines({str(number): {"n": number} for number in range(7)}))
    assert [keys for keys, _ in files] == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    rows = [json.loads(line) for _, content in files for line in content.splitlines()]
    assert [row["custom_id"] for row in rows] == [str(number) for number in range(7)]
    monkeypatch.setattr("polyarena.harness.endpoints.batch.files.MOST_BYTES", 100)
    assert [len(keys) for keys, _ in request_lines({str(number): {} for number in range(3)})] == [1, 1, 1]


def test_lines_that_cannot_be_read_are_left_out():
    good = json.dumps({"custom_id": "k", "response": {"status_code": 200, "body": {"choices": []}}})
    found = read_outcomes([f"{good}\nno json\n[1]\n{{}}".encode()])
    assert {key: outcome.reason for key, outcome in found.items()} == {"k": "malformed"}
