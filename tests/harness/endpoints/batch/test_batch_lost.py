"""A batch is made by one request: whatever becomes of the answer, it is looked for before it is made again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from polyarena.harness.endpoints import EndpointSettings, Ledger
from polyarena.harness.endpoints.accounting.budget import Budget, BudgetGuard
from polyarena.harness.endpoints.accounting.journal import Journal, read_entries
from polyarena.harness.endpoints.batch.batch_endpoint import BatchEndpoint
from polyarena.tasks.errors import ModelError

KEY = "sk-batch-secret-0123456789"


@pytest.fixture
def open_batch(scripted_server, batch_server, monkeypatch, cache):
    monkeypatch.setenv("POLYARENA_TEST_KEY", KEY)
    monkeypatch.setattr("polyarena.harness.endpoints.transport.backoff.FIRST_PAUSE_S", 0.01)
    scripted_server.script = lambda received: scripted_server.ok(f"re: {received.question}")
    opened = []

    def open_(budget_guard=None, **settings):
        given = {"base_url": scripted_server.base_url, "model": "m", "api_key_env": "POLYARENA_TEST_KEY"}
        chosen = EndpointSettings(**given | {"mode": "batch", "poll_s": 0.01, "max_attempts": 3} | settings)
        opened.append(BatchEndpoint(chosen, cache, Ledger(), budget_guard=budget_guard))
        return opened[-1]

    yield open_
    for endpoint in opened:
        endpoint.close()


LOSSES = {
    "dropped": lambda server: replace(server.raw(b"x" * 50), cut=10),
    "500": lambda server: server.status(500),
    "503": lambda server: server.status(503, x_should_retry="true"),
    "408": lambda server: server.status(408),
    "409": lambda server: server.status(409),
    "no json": lambda server: server.raw(b'{"id": "batch'),
    "html": lambda server: replace(server.raw(b"<html></html>"), headers={"Content-Type": "text/html"}),
    "no name": lambda server: server.raw(b"{}"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_batch_whose_answer_was_lost_is_found_and_not_made_again(
    scripted_server, batch_server, open_batch, ask_for, loss
):
    batch_server.losing = [(LOSSES[loss](scripted_server), True)] * 9
    replies = list(open_batch()(ask_for("a", "b")))
    assert [reply.text for reply in replies] == ["re: a", "re: b"]
    assert (batch_server.wanted, len(batch_server.batches)) == (1, 1)


def test_one_that_is_listed_late_is_waited_for(scripted_server, batch_server, open_batch, ask_for):
    batch_server.losing = [(scripted_server.status(500), True)]
    batch_server.listed_after = 1
    assert [reply.text for reply in open_batch()(ask_for("a"))] == ["re: a"]
    assert (batch_server.wanted, batch_server.lists) == (1, 2)


def test_one_that_did_not_arrive_is_made_again_after_it_was_looked_for_twice(
    scripted_server, batch_server, open_batch, ask_for
):
    batch_server.losing = [(scripted_server.status(500), False)]
    assert [reply.text for reply in open_batch()(ask_for("a"))] == ["re: a"]
    assert (batch_server.wanted, batch_server.lists, len(batch_server.batches)) == (2, 2, 1)


def test_one_that_never_arrives_says_why(scripted_server, batch_server, open_batch, ask_for):
    batch_server.losing = [(scripted_server.status(503, f"overloaded, {KEY}"), False)] * 9
    with pytest.raises(ModelError, match="did not answer in 3 attempts") as caught:
        list(open_batch()(ask_for("a")))
    assert "the batch did not arrive at the server" in caught.value.why
    assert "overloaded, ***" in caught.value.why
    assert batch_server.wanted == 3


def test_too_many_requests_are_refused_before_anything_is_made(scripted_server, batch_server, open_batch, ask_for):
    batch_server.losing = [(scripted_server.status(429, Retry_After="0.01"), False)] * 2
    assert [reply.text for reply in open_batch()(ask_for("a"))] == ["re: a"]
    assert (batch_server.wanted, batch_server.lists, len(batch_server.batches)) == (3, 0, 1)


@pytest.mark.parametrize(("headers", "wanted"), [({}, 3), ({"Retry_After": "9999"}, 1)])
def test_too_many_requests_for_good_end_the_run(scripted_server, batch_server, open_batch, ask_for, headers, wanted):
    batch_server.losing = [(scripted_server.status(429, "slow down", **headers), False)] * 9
    with pytest.raises(ModelError, match="batch could not be submitted") as caught:
        list(open_batch()(ask_for("a")))
    assert "slow down" in caught.value.why
    assert batch_server.wanted == wanted


def test_handing_in_without_waiting_tells_nothing_of_a_lost_answer_and_the_wait_finds_it(
    scripted_server, batch_server, open_batch, ask_for, cache
):
    batch_server.losing = [(scripted_server.status(500), True)]
    endpoint = open_batch()
    assert endpoint.submit(ask_for("a")) == 1
    assert list(cache.open_batches(scripted_server.base_url).values()) == [None]
    assert endpoint.submit(ask_for("a")) == 0
    assert [reply.text for reply in endpoint(ask_for("a"))] == ["re: a"]
    assert batch_server.wanted == 1


def test_a_list_that_cannot_be_read_is_told_and_loses_nothing(
    scripted_server, batch_server, open_batch, ask_for, cache, monkeypatch
):
    batch_server.losing = [(scripted_server.status(500), True)]
    respond = batch_server.respond
    monkeypatch.setattr(
        batch_server,
        "respond",
        lambda method, path, body: scripted_server.raw(b"<html>") if method == "GET" else respond(method, path, body),
    )
    with pytest.raises(ModelError, match="submitted or looked up"):
        list(open_batch()(ask_for("a")))
    monkeypatch.undo()
    monkeypatch.setenv("POLYARENA_TEST_KEY", KEY)
    assert [reply.text for reply in open_batch()(ask_for("a"))] == ["re: a"]
    assert batch_server.wanted == 1


def test_what_was_not_handed_in_for_a_failure_holds_no_money(
    scripted_server, batch_server, open_batch, ask_for, cache, tmp_path, monkeypatch
):
    monkeypatch.setattr("polyarena.harness.endpoints.batch.files.MOST_REQUESTS", 1)
    path = tmp_path / "attempts.jsonl"
    budget = Budget(Decimal(1), "the budget")
    with Journal(path, cache.get) as journal:
        endpoint = open_batch(BudgetGuard(journal, [budget]), prices={"input": 2, "output": 4})
        batch_server.refuses = 400
        with pytest.raises(ModelError, match="no batches here"):
            endpoint.submit(ask_for("a", "b", "c"))
        batch_server.refuses = None
        assert [entry.outcome for entry in read_entries(path).values()] == [None, "batch", "batch"]
        assert [reply.text for reply in endpoint(ask_for("a", "b", "c"))] == ["re: a", "re: b", "re: c"]
        assert journal.reserved() == 0
    assert sorted(batch_server.questions) == ["a", "b", "c"]
    assert journal.charged() == 3 * Decimal("0.000016")
