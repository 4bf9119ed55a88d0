"""Replies as soon as they are there: none waits for another, none is lost or given twice."""

from __future__ import annotations

import itertools
import random

import pytest

from polyarena.harness.endpoints import Ledger
from polyarena.harness.endpoints.transport.dispatch import Dispatcher
from polyarena.tasks.errors import ModelError


def echo(server, delay=lambda received: 0.0):
    return lambda received: server.ok(f"re: {received.question}").after(delay(received))


def refuse_first(server, others):
    """Answer ``q0`` only when so many other questions have arrived."""

    def script(received):
        arrived = sum(question != "q0" for question in server.questions)
        if received.question == "q0" and arrived < others:
            return server.status(503, retry_after="0.1")
        return server.ok(f"re: {received.question}")

    return script


def test_a_slow_answer_delays_no_other(scripted_server, open_endpoint, ask_for):
    scripted_server.script = refuse_first(scripted_server, 39)
    texts = [f"q{number}" for number in range(40)]
    endpoint = open_endpoint(concurrency=4, max_attempts=100)
    replies = list(endpoint.as_completed(ask_for(*texts)))
    positions = [position for position, _ in replies]
    assert sorted(positions) == list(range(40))
    # All but those in flight were answered before.
    assert positions.index(0) >= 39 - 4
    assert all(reply.text == f"re: q{position}" for position, reply in replies)


def test_more_calls_than_are_taken_ahead_stream_past_a_slow_one(scripted_server, open_endpoint, ask_for):
    """In order, the window would be full before the first answer is there, and none would arrive any more."""
    endpoint = open_endpoint(concurrency=2, max_attempts=100)
    count = 3 * endpoint._ahead
    scripted_server.script = refuse_first(scripted_server, 2 * endpoint._ahead)
    positions = [position for position, _ in endpoint.as_completed(ask_for(*(f"q{n}" for n in range(count))))]
    assert sorted(positions) == list(range(count))
    assert positions.index(0) > endpoint._ahead


def test_calls_are_drawn_a_bounded_number_ahead(scripted_server, open_endpoint, ask_for):
    endpoint = open_endpoint(concurrency=2)
    drawn = itertools.count()

    def calls():
        while True:
            yield ask_for(f"q{next(drawn)}")[0]

    stream = endpoint.as_completed(calls())
    for _ in range(5):
        next(stream)
    stream.close()
    assert next(drawn) <= endpoint._ahead + 6


def test_equal_calls_are_asked_once_and_each_is_answered(scripted_server, open_endpoint, ask_for):
    scripted_server.script = echo(scripted_server, lambda _: 0.05)
    ledger = Ledger()
    replies = dict(open_endpoint(ledger=ledger, concurrency=3).as_completed(ask_for("a", "b", "a", "a")))
    assert {position: reply.text for position, reply in replies.items()} == {
        0: "re: a",
        1: "re: b",
        2: "re: a",
        3: "re: a",
    }
    assert sorted(scripted_server.questions) == ["a", "b"]
    assert (ledger.totals().calls, ledger.totals().shared) == (4, 2)


def test_answers_in_the_cache_are_given_without_a_request(scripted_server, open_endpoint, ask_for, cache):
    texts = [f"q{number}" for number in range(10)]
    list(open_endpoint(cache).as_completed(ask_for(*texts)))
    ledger = Ledger()
    replies = list(open_endpoint(cache, ledger).as_completed(ask_for(*texts)))
    assert len(scripted_server.log) == 10
    assert sorted(position for position, _ in replies) == list(range(10))
    assert ledger.totals().cache_hits == 10


def test_a_failed_call_is_a_reply_with_an_error_at_its_position(scripted_server, open_endpoint, ask_for):
    def script(received):
        bad = received.question == "q3"
        return scripted_server.status(400, "no such thing") if bad else scripted_server.ok("fine")

    scripted_server.script = script
    endpoint = open_endpoint(concurrency=1)
    replies = dict(endpoint.as_completed(ask_for(*(f"q{number}" for number in range(6)))))
    assert [position for position, reply in replies.items() if reply.error] == [3]


def test_a_fatal_error_ends_the_stream(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda _: scripted_server.status(401, "who are you?")
    with pytest.raises(ModelError):
        list(open_endpoint().as_completed(ask_for("a", "b")))


def test_a_stream_that_is_closed_early_sends_nothing_more(scripted_server, open_endpoint, ask_for):
    endpoint = open_endpoint(concurrency=2)
    stream = endpoint.as_completed(ask_for(*(f"q{number}" for number in range(300))))
    next(stream)
    stream.close()
    endpoint.stop(5.0)
    endpoint.close()
    assert len(scripted_server.log) <= endpoint._ahead + 1


def test_retries_keep_their_position(scripted_server, open_endpoint, ask_for):
    chance = random.Random(0)

    def script(received):
        if received.seen == 0 and chance.random() < 0.3:
            return scripted_server.status(503)
        return scripted_server.ok(f"re: {received.question}")

    scripted_server.script = script
    replies = dict(open_endpoint(concurrency=8).as_completed(ask_for(*(f"q{number}" for number in range(60)))))
    assert [replies[number].text for number in range(60)] == [f"re: q{number}" for number in range(60)]


def test_no_calls_need_no_server(open_endpoint):
    assert list(open_endpoint().as_completed([])) == []


@pytest.mark.parametrize("busy", [False, True])
def test_replies_wait_while_requests_do_and_the_loop_is_busy(
    scripted_server, open_endpoint, ask_for, monkeypatch, busy
):
    """But for so many replies at most, and for no longer than requests wait."""
    monkeypatch.setattr(Dispatcher, "idle", property(lambda _self: not busy))
    scripted_server.script = echo(scripted_server)
    endpoint = open_endpoint(concurrency=2)
    drawn = 0

    def calls():
        nonlocal drawn
        for number in range(10 * endpoint._ahead):
            drawn += 1
            yield ask_for(f"q{number}")[0]

    unread = []
    for given, _ in enumerate(endpoint.as_completed(calls())):
        unread.append(drawn - given)
    assert len(unread) == drawn == 10 * endpoint._ahead
    assert max(unread) <= endpoint._ahead
    assert (max(unread) == endpoint._ahead) or not busy
