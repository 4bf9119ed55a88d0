"""What was asked and what it cost, counted exactly."""

from __future__ import annotations

import json
import random
import threading
from decimal import Decimal

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints import Ledger, Prices
from polyarena.harness.endpoints.accounting.cost_label import CostLabel
from polyarena.harness.endpoints.accounting.entry import Account, JournalEntry
from polyarena.harness.events import CostsUpdated, event_record, read_events
from polyarena.tasks.errors import ExperimentError

money = st.none() | st.decimals(0, 10, places=9)
attempts = st.lists(
    st.tuples(st.sampled_from(["ok", "429", "timeout"]), st.none() | st.integers(1, 10**6), money), max_size=30
)


def entry(outcome, prompt=None, completion=None, cost=None, repeats=None):
    """A request of this outcome, at prices at which its tokens cost that much."""
    prices = None
    if cost is not None and completion:
        prices = Prices(input=0, output=cost * 1_000_000, currency="USD")
        completion = 1
    account = Account(CostLabel(), "m", prices=prices)
    return JournalEntry(account, "ab" * 32, None, outcome, prompt, completion, repeats=repeats)


def write(ledger, rows):
    ledger.record_requests(entry(outcome, count, count, cost) for outcome, count, cost in rows)


def test_an_empty_ledger():
    totals = Ledger().totals()
    assert (totals.calls, totals.attempts, totals.outcomes, totals.cost) == (0, 0, {}, 0)


@given(attempts, st.randoms(use_true_random=False))
def test_totals_do_not_depend_on_the_order_of_replies(rows, order: random.Random):
    one, other = Ledger(), Ledger()
    write(one, rows)
    shuffled = list(rows)
    order.shuffle(shuffled)
    write(other, shuffled)
    assert one.totals() == other.totals()


@given(attempts)
def test_an_unknown_price_makes_the_cost_unknown_never_zero(rows):
    ledger = Ledger()
    ledger.use_currency("USD")
    write(ledger, rows)
    totals = ledger.totals()
    paid = [(count, cost) for outcome, count, cost in rows if outcome == "ok" or count is not None]
    known = [cost for count, cost in paid if count is not None and cost is not None]
    assert totals.priced == sum(known, Decimal(0))
    assert totals.unpriced == len(paid) - len(known)
    assert totals.cost == (totals.priced if len(known) == len(paid) else None)
    assert totals.attempts == len(rows)
    assert totals.unmetered == sum(outcome == "ok" and count is None for outcome, count, _ in rows)


def test_without_prices_the_cost_is_unknown(scripted_server, open_endpoint, ask_for):
    endpoint = open_endpoint()
    [reply] = endpoint(ask_for("a"))
    assert reply.cost is None
    totals = endpoint.ledger.totals()
    assert (totals.cost, totals.unpriced, totals.currency) == (None, 1, "")


@every_case("outcome", ["timeout", "cut_off", "malformed", "filtered", "abandoned"])
def test_attempts_that_may_have_been_billed_are_counted_and_never_called_free(outcome):
    ledger = Ledger()
    ledger.record_requests([entry(outcome)])
    ledger.record_requests([entry(outcome, 3, None)])
    assert (ledger.totals().maybe_billed, ledger.totals().cost) == (2, None)
    ledger.use_currency("USD")
    ledger.record_requests([entry(outcome, 3, 4, Decimal("0.5"))])
    assert (ledger.totals().maybe_billed, ledger.totals().cost) == (2, Decimal("0.5"))


@every_case("outcome", ["429", "500", "400", "connection", "quota", "batch"])
def test_attempts_that_were_refused_are_not_billed_and_without_prices_of_no_known_cost(outcome):
    ledger = Ledger()
    ledger.record_requests([entry(outcome)])
    assert (ledger.totals().maybe_billed, ledger.totals().cost) == (0, None)
    ledger.use_currency("USD")
    assert ledger.totals().cost == 0


def test_a_reply_without_usage_has_no_known_price(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda received: (
        scripted_server.raw(b'{"choices": [{"message": {"content": "x"}}]}')
        if received.question == "bare"
        else scripted_server.ok(prompt_tokens=1_000_000, completion_tokens=0)
    )
    endpoint = open_endpoint(prices={"input": "0.5", "output": 1, "currency": "EUR"})
    assert [reply.cost for reply in endpoint(ask_for("bare", "full"))] == [None, 0.5]
    totals = endpoint.ledger.totals()
    assert (totals.cost, totals.priced, totals.unpriced, totals.currency) == (None, Decimal("0.5"), 1, "EUR")


def test_costs_are_exact(scripted_server, open_endpoint, ask_for):
    endpoint = open_endpoint(prices={"input": 0.1, "output": 0.7})
    replies = list(endpoint(ask_for(*map(str, range(30)))))
    assert endpoint.ledger.totals().cost == Decimal("0.0000031") * 30
    assert {reply.cost for reply in replies} == {0.0000031}


def test_currencies_are_not_added(open_endpoint):
    ledger = Ledger()
    open_endpoint(ledger=ledger, prices={"input": 1, "output": 1, "currency": "USD"})
    open_endpoint(ledger=ledger, prices={"input": 2, "output": 2, "currency": "USD"})
    with pytest.raises(ExperimentError, match="EUR and in USD"):
        open_endpoint(ledger=ledger, prices={"input": 1, "output": 1, "currency": "EUR"})


def test_calls_by_who_answered():
    ledger = Ledger()
    for source, failed in [("paid", False), ("cache", False), ("shared", False), ("shared", True), ("paid", True)]:
        ledger.record_call(source, failed=failed)
    totals = ledger.totals()
    assert (totals.calls, totals.cache_hits, totals.shared, totals.failures) == (5, 1, 1, 2)


def test_threads_may_write_at_once():
    ledger = Ledger()
    ledger.use_currency("USD")

    def work():
        for _ in range(2_000):
            ledger.record_requests([entry("ok", 1, 1, Decimal("0.1"), repeats="429")])
            ledger.record_call("paid", failed=False)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    totals = ledger.totals()
    assert (totals.calls, totals.attempts, totals.retries) == (8_000, 8_000, {"429": 8_000})
    assert (totals.prompt_tokens, totals.completion_tokens, totals.cost) == (8_000, 8_000, 800)


def test_as_json():
    ledger = Ledger()
    ledger.use_currency("USD")
    ledger.record_requests([entry("500")])
    ledger.record_requests([entry("ok", 3, 1, Decimal("0.0000001"), repeats="500")])
    ledger.record_call("paid", failed=False)
    record = event_record(CostsUpdated("judges", {"m": ledger.totals()}))
    assert (record["event"], record["who"]) == ("CostsUpdated", "judges")
    assert json.loads(json.dumps(record))["ledgers"]["m"] == {
        "calls": 1,
        "cache_hits": 0,
        "shared": 0,
        "failures": 0,
        "attempts": 2,
        "outcomes": {"500": 1, "ok": 1},
        "retries": {"500": 1},
        "prompt_tokens": 3,
        "completion_tokens": 1,
        "unmetered": 0,
        "maybe_billed": 0,
        "cost": "0.0000001",
        "priced": "0.0000001",
        "unpriced": 0,
        "currency": "USD",
        "earlier": 0,
        "earliest": None,
        "latest": None,
        "served_by": {},
    }
    [read] = read_events([json.loads(json.dumps(record))])
    assert read.event == CostsUpdated("judges", {"m": ledger.totals()})


def test_each_attempt_is_told(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda received: scripted_server.ok() if received.seen else scripted_server.status(500)
    attempts = []
    list(open_endpoint(on_attempt=attempts.append)(ask_for("a")))
    assert [(attempt.number, attempt.outcome, attempt.error) for attempt in attempts] == [
        (1, "500", "HTTP 500: not now"),
        (2, "ok", None),
    ]
    assert len({attempt.key for attempt in attempts}) == 1
    assert all(attempt.seconds > 0 for attempt in attempts)


def test_the_ledger_knows_from_when_cached_answers_are():
    """Only those given before the run folder was made: answers of its own earlier runs are no news."""
    ledger = Ledger(created_at=10.0)
    ledger.record_call("paid", failed=False)
    ledger.record_call("cache", failed=False, answered_at=11.0)
    assert (ledger.totals().earlier, ledger.totals().earliest) == (0, None)
    for at in (5.0, 3.0, None, 4.0):
        ledger.record_call("cache", failed=False, answered_at=at)
    totals = ledger.totals()
    assert (totals.cache_hits, totals.earlier, totals.earliest, totals.latest) == (5, 4, 3.0, 5.0)
