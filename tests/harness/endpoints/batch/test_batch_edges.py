"""Batch mode at its edges: several files, several servers, what is told and counted, what single lines say."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints import EndpointSettings, Ledger
from polyarena.harness.endpoints.accounting.budget import Budget, BudgetGuard
from polyarena.harness.endpoints.accounting.journal import Journal, read_entries
from polyarena.harness.endpoints.batch.batch_endpoint import BatchEndpoint
from polyarena.harness.endpoints.batch.files import BatchResult, read_outcomes, request_lines
from polyarena.tasks.errors import ExperimentError, ModelError

KEY = "sk-batch-secret-0123456789"
PRICES = {"input": 2, "output": 4}


@pytest.fixture
def open_batch(scripted_server, batch_server, monkeypatch, cache):
    monkeypatch.setenv("POLYARENA_TEST_KEY", KEY)
    scripted_server.script = lambda received: scripted_server.ok(f"re: {received.question}")
    opened = []

    def open_(on_attempt=None, ledger=None, budget_guard=None, **settings):
        given_ = {"base_url": scripted_server.base_url, "model": "m", "api_key_env": "POLYARENA_TEST_KEY"}
        chosen = EndpointSettings(**given_ | {"mode": "batch", "poll_s": 0.01, "max_attempts": 3} | settings)
        opened.append(BatchEndpoint(chosen, cache, ledger or Ledger(), on_attempt, budget_guard=budget_guard))
        return opened[-1]

    yield open_
    for endpoint in opened:
        endpoint.close()


def texts(replies):
    return [reply.text for reply in replies]


def test_no_questions_need_neither_server_nor_key(open_batch, batch_server, monkeypatch):
    monkeypatch.delenv("POLYARENA_TEST_KEY")
    endpoint = open_batch(base_url="https://nowhere.invalid/v1")
    assert list(endpoint([])) == []
    assert endpoint.submit([]) == 0
    assert batch_server.files == {}


def test_a_missing_key_is_told_before_anything_is_handed_in(open_batch, ask_for, batch_server, monkeypatch):
    monkeypatch.delenv("POLYARENA_TEST_KEY")
    with pytest.raises(ModelError, match="no API key") as caught:
        open_batch(base_url="https://nowhere.invalid/v1").submit(ask_for("a"))
    assert caught.value.fix.startswith("export POLYARENA_TEST_KEY=")
    assert batch_server.batches == {}


def test_many_questions_are_several_batches_and_come_back_in_order(open_batch, ask_for, batch_server, monkeypatch):
    monkeypatch.setattr("polyarena.harness.endpoints.batch.files.MOST_REQUESTS", 2)
    questions = list("abcde")
    assert texts(open_batch()(ask_for(*questions, "c"))) == [f"re: {each}" for each in [*questions, "c"]]
    assert len(batch_server.batches) == 3
    assert sorted(batch_server.questions) == questions


def test_repeats_of_a_question_are_questions_of_their_own(open_batch, ask_for, batch_server):
    calls = [*ask_for("a"), *ask_for("a", sample_index=1), *ask_for("a")]
    endpoint = open_batch()
    assert texts(endpoint(calls)) == ["re: a"] * 3
    assert batch_server.questions == ["a", "a"]
    totals = endpoint.ledger.totals()
    assert (totals.calls, totals.shared, totals.cache_hits) == (3, 1, 0)


def test_what_is_in_the_cache_is_counted_as_such_and_handed_in_no_more(open_batch, ask_for, batch_server):
    list(open_batch()(ask_for("a", "b")))
    later = open_batch()
    assert later.submit(ask_for("a", "b")) == 0
    assert texts(later(ask_for("a", "c", "b"))) == ["re: a", "re: c", "re: b"]
    totals = later.ledger.totals()
    assert (totals.calls, totals.cache_hits, totals.attempts) == (3, 2, 1)
    assert sorted(batch_server.questions) == ["a", "b", "c"]


def test_an_answer_that_somebody_has_deleted_meanwhile_is_told(open_batch, ask_for, cache):
    list(open_batch()(ask_for("a", "b")))
    replies = open_batch()(ask_for("a", "b"))
    assert next(replies).text == "re: a"
    cache._connection.execute("DELETE FROM replies")
    with pytest.raises(ModelError, match="has gone from the call cache") as caught:
        next(replies)
    assert caught.value.where == str(cache.path)


def test_each_look_at_a_question_is_told_with_its_number(open_batch, ask_for, scripted_server):
    scripted_server.script = lambda received: (
        scripted_server.status(500, "busy") if received.question == "b" and received.seen < 2 else scripted_server.ok()
    )
    told = []
    list(open_batch(told.append)(ask_for("a", "b")))
    assert sorted((each.number, each.outcome, each.error) for each in told) == [
        (1, "500", "HTTP 500: busy"), (1, "ok", None), (2, "500", "HTTP 500: busy"), (3, "ok", None),
    ]  # fmt: skip
    assert {each.seconds for each in told} == {0.0}
    assert len({each.key for each in told}) == 2


def test_batches_of_another_server_with_the_same_cache_are_left_alone(open_batch, ask_for, cache):
    cache.register_batch("theirs", "http://there/v1", ["ab" * 32])
    assert texts(open_batch()(ask_for("a"))) == ["re: a"]
    assert cache.open_batches("http://there/v1") == {"theirs": None}
    assert cache.batch_of("ab" * 32) == "theirs"


def test_batches_that_nobody_waits_for_are_not_looked_at(open_batch, ask_for, batch_server, cache, scripted_server):
    one, other = open_batch(), open_batch()
    one.submit(ask_for("a"))
    list(other(ask_for("b")))
    assert set(batch_server.looks) == {"batch-1"}
    assert list(cache.open_batches(scripted_server.base_url).values()) == ["batch-0"]


def test_a_key_that_the_server_quotes_is_in_no_message(open_batch, ask_for, scripted_server):
    scripted_server.script = lambda received: (
        scripted_server.ok() if received.question == "a" else scripted_server.status(500, f"bad key {KEY}\nsaid twice")
    )
    _, bad = open_batch(max_attempts=1)(ask_for("a", "b"))
    assert bad.error == "HTTP 500: bad key *** said twice (attempts: 1)"


@pytest.mark.parametrize("share", ["0.25", "1", "0"])
def test_the_price_has_the_share_that_the_experiment_names(open_batch, ask_for, share):
    endpoint = open_batch(prices={**PRICES, "batch_share": share})
    [reply] = endpoint(ask_for("a"))
    expected = Decimal(share) * (10 * 2 + 3 * 4) / 1_000_000
    assert reply.cost == pytest.approx(float(expected))
    assert endpoint.ledger.totals().cost == expected


def test_another_currency_than_the_ledger_s_is_refused(open_batch):
    ledger = Ledger()
    open_batch(ledger=ledger, prices=PRICES)
    with pytest.raises(ExperimentError, match="EUR"):
        open_batch(ledger=ledger, prices={**PRICES, "currency": "EUR"})


def test_what_was_set_aside_is_settled_when_the_batch_has_ended(open_batch, ask_for, cache, tmp_path):
    budget = Budget(Decimal(1), "the budget")
    with Journal(tmp_path / "attempts.jsonl", cache.get) as journal:
        endpoint = open_batch(budget_guard=BudgetGuard(journal, [budget]), prices=PRICES)
        endpoint.submit(ask_for("a", "b"))
        assert journal.charged() == 0
        list(endpoint(ask_for("a", "b")))
    assert journal.charged() == 2 * Decimal("0.000016")
    assert [entry.account.batch for entry in read_entries(tmp_path / "attempts.jsonl").values()] == [True, True]


def test_closing_twice_is_harmless_and_a_closed_one_waits_no_more(open_batch, ask_for, batch_server):
    batch_server.ends_after = 10**9
    with open_batch() as endpoint:
        endpoint.submit(ask_for("a"))
    endpoint.close()
    with pytest.raises(ModelError, match="the endpoint was closed"):
        list(endpoint(ask_for("a")))


BODIES = st.dictionaries(st.text("abcdef0123456789", min_size=1, max_size=8), st.dictionaries(st.text(), st.text()))


@given(BODIES, st.integers(1, 5), st.integers(80, 400))
def test_no_question_is_lost_and_no_file_is_larger_than_it_may_be(bodies, requests, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polyarena.harness.endpoints.batch.files.MOST_REQUESTS", requests)
        patch.setattr("polyarena.harness.endpoints.batch.files.MOST_BYTES", size)
        files = list(request_lines(bodies))
    assert [key for keys, _ in files for key in keys] == list(bodies)
    for keys, content in files:
        rows = [json.loads(line) for line in content.split(b"\n") if line]
        assert {row["custom_id"]: row["body"] for row in rows} == {key: bodies[key] for key in keys}
        # One question too large for a file still goes, alone.
        assert len(keys) == 1 or (len(keys) <= requests and len(content) <= size)


def line(**fields):
    return json.dumps({"custom_id": "k", **fields}).encode()


@every_case(
    ("fields", "reason", "retry", "says"),
    [
        ({"response": {"status_code": 400, "body": {"error": {"message": "no"}}}}, "400", False, "HTTP 400: no"),
        ({"response": {"status_code": 408, "body": {}}}, "408", True, "HTTP 408"),
        ({"response": {"status_code": 429, "body": {"error": "slow"}}}, "429", True, "HTTP 429: slow"),
        ({"response": {"status_code": 503, "body": None}}, "503", True, "HTTP 503: None"),
        ({"response": {"status_code": 200, "body": {}}}, "malformed", True, "no choices"),
        ({"response": None, "error": {"code": "batch_expired", "message": "late"}}, "batch", True, "late"),
        ({"response": None, "error": {"code": "batch_expired"}}, "batch", True, "batch_expired"),
        ({"response": {"status_code": "200"}, "error": "odd"}, "batch", True, "odd"),
        ({}, "batch", True, "no answer to it"),
    ],
)
def test_what_a_line_says_of_its_question(fields, reason, retry, says):
    outcome = read_outcomes([line(**fields)])["k"]
    assert (outcome.reason, outcome.retry) == (reason, retry)
    assert says in outcome.reply.error


def test_of_two_lines_about_one_question_the_later_file_stands():
    good = {"choices": [{"message": {"content": "x"}}]}
    first, second = line(error="lost"), line(response={"status_code": 200, "body": good})
    assert read_outcomes([first, second])["k"].ok
    assert not read_outcomes([second, first])["k"].ok


def test_what_a_batch_says_nothing_about_is_asked_again():
    assert (BatchResult({}).otherwise.reason, BatchResult({}).otherwise.retry) == ("batch", True)


def test_two_runs_that_submit_at_once_pay_for_each_question_once(open_batch, ask_for, batch_server, cache, monkeypatch):
    one, other = open_batch(), open_batch()
    original, done = cache.register_batch, []

    def register_batch(token, url, keys):
        # The other run is faster, after this one has looked up which of its questions are in a batch.
        if not done:
            done.append(token)
            other.submit(ask_for("b", "c"))
        return original(token, url, keys)

    monkeypatch.setattr(cache, "register_batch", register_batch)
    assert one.submit(ask_for("a", "b")) == 1
    assert sorted(batch_server.questions) == ["a", "b", "c"]
    assert texts(one(ask_for("a", "b", "c"))) == ["re: a", "re: b", "re: c"]
    assert sorted(batch_server.questions) == ["a", "b", "c"]


def test_a_run_whose_questions_are_all_handed_in_by_another_sends_nothing(
    open_batch, ask_for, batch_server, cache, monkeypatch
):
    one, other = open_batch(), open_batch()
    original, done = cache.register_batch, []

    def register_batch(token, url, keys):
        if not done:
            done.append(token)
            other.submit(ask_for("a", "b"))
        return original(token, url, keys)

    monkeypatch.setattr(cache, "register_batch", register_batch)
    assert one.submit(ask_for("a", "b")) == 0
    assert len(batch_server.batches) == 1
    assert texts(one(ask_for("a", "b"))) == ["re: a", "re: b"]
    assert len(batch_server.batches) == 1
