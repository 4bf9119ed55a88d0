"""Order, concurrency, coalescing and early ends of a stream of calls."""

from __future__ import annotations

import random
import threading
import time

import pytest

from polyarena.harness.endpoints.accounting.budget import Reservation
from polyarena.harness.endpoints.accounting.entry import JournalEntry
from polyarena.tasks.errors import ModelError
from polyarena.tasks.sampling import Sampling


def echo(server, delay=lambda received: 0.0):
    return lambda received: server.ok(f"re: {received.question}").after(delay(received))


def wait_until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_call_is_answered_and_counted(scripted_server, open_endpoint, ask_for):
    endpoint = open_endpoint()
    sampling = Sampling(max_tokens=7, temperature=0.5, top_p=0.9, stop=("END",), seed=40)
    [reply] = endpoint(ask_for("Habari?", sampling=sampling, sample_index=2))
    assert (reply.text, reply.finish_reason, reply.error) == ("fine", "stop", None)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.cost) == (10, 3, None)
    [(received, _)] = scripted_server.log
    assert received.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Habari?"}],
        "max_tokens": 7,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END"],
        "seed": 42,
    }


def test_no_calls_need_no_server(open_endpoint):
    assert list(open_endpoint()([])) == []


def test_order_is_kept_under_random_latency(scripted_server, open_endpoint, ask_for):
    latency = random.Random(0)
    scripted_server.script = echo(scripted_server, lambda _: latency.uniform(0, 0.03))
    texts = [f"q{number}" for number in range(200)]
    replies = list(open_endpoint(concurrency=16)(ask_for(*texts)))
    assert [reply.text for reply in replies] == [f"re: {text}" for text in texts]


@pytest.mark.parametrize("concurrency", [1, 3, 12])
def test_requests_in_flight_are_bounded_and_the_bound_is_used(scripted_server, open_endpoint, ask_for, concurrency):
    scripted_server.script = lambda _: scripted_server.ok().after(0.05)
    list(open_endpoint(concurrency=concurrency)(ask_for(*map(str, range(5 * concurrency)))))
    assert scripted_server.most_in_flight == concurrency


def test_streams_of_several_threads_share_the_bound(scripted_server, open_endpoint, ask_for):
    scripted_server.script = echo(scripted_server, lambda _: 0.01)
    endpoint = open_endpoint(concurrency=4)
    answers = {}

    def read(name):
        answers[name] = [reply.text for reply in endpoint(ask_for(*(f"{name}{number}" for number in range(15))))]

    threads = [threading.Thread(target=read, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {name: [f"re: {name}{number}" for number in range(15)] for name in "abc"}
    assert scripted_server.most_in_flight == 4


def test_calls_are_taken_a_bounded_number_ahead(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda _: scripted_server.ok().after(0.002)
    taken = 0

    def calls():
        nonlocal taken
        for number in range(400):
            taken += 1
            yield from ask_for(str(number))

    most = 0
    for given, _ in enumerate(open_endpoint(concurrency=4)(calls()), start=1):
        most = max(most, taken - given)
    assert taken == 400
    assert most <= 64


def test_a_slow_head_does_not_idle_the_others(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda received: scripted_server.ok().after(3.0 if received.question == "0" else 0.01)
    stream = open_endpoint(concurrency=4)(ask_for(*map(str, range(60))))
    next(stream)
    assert len(scripted_server.log) >= 50
    stream.close()


def test_a_retried_head_goes_before_the_rest(scripted_server, open_endpoint, ask_for):
    def script(received):
        if received.question == "0" and not received.seen:
            return scripted_server.status(500)
        return scripted_server.ok().after(0.01)

    scripted_server.script = script
    stream = open_endpoint(concurrency=1)(ask_for(*map(str, range(16))))
    assert next(stream).error is None
    assert len(scripted_server.log) <= 6
    stream.close()


def test_equal_calls_in_flight_are_asked_once(scripted_server, open_endpoint, ask_for):
    scripted_server.script = echo(scripted_server, lambda _: 0.05)
    endpoint = open_endpoint()
    replies = list(endpoint(ask_for("a", "b", "a", "a")))
    assert [reply.text for reply in replies] == ["re: a", "re: b", "re: a", "re: a"]
    assert sorted(scripted_server.questions) == ["a", "b"]
    totals = endpoint.ledger.totals()
    assert (totals.calls, totals.shared, totals.attempts, totals.prompt_tokens) == (4, 2, 2, 20)


def test_a_stream_closed_early_sends_nothing_more(scripted_server, open_endpoint, ask_for, cache):
    scripted_server.script = echo(scripted_server, lambda _: 0.05)
    endpoint = open_endpoint(cache, concurrency=2)
    stream = endpoint(ask_for(*map(str, range(30))))
    assert next(stream).text == "re: 0"
    stream.close()
    asked = len(scripted_server.log)
    wait_until(lambda: endpoint.ledger.totals().attempts >= asked)
    time.sleep(0.1)
    assert len(scripted_server.log) <= asked + 2
    # What had been sent is paid for, so it is kept; the endpoint goes on with other streams.
    assert len(cache) == len(scripted_server.log)
    assert [reply.text for reply in endpoint(ask_for("more"))] == ["re: more"]


def test_a_stream_closed_early_leaves_a_shared_call_to_the_other(scripted_server, open_endpoint, ask_for):
    scripted_server.script = echo(scripted_server, lambda _: 0.03)
    endpoint = open_endpoint(concurrency=1)
    first, second = endpoint(ask_for("a", "b", "c")), endpoint(ask_for("c", "b"))
    assert next(first).text == "re: a"
    assert next(second).text == "re: c"
    first.close()
    assert [reply.text for reply in second] == ["re: b"]
    assert scripted_server.questions == ["a", "b", "c"]


def test_an_error_of_the_caller_passes_through(open_endpoint, ask_for):
    def calls():
        yield from ask_for("a", "b")
        raise KeyError("theirs")

    endpoint = open_endpoint()
    with pytest.raises(KeyError, match="theirs"):
        list(endpoint(calls()))
    assert endpoint._jobs == {} or not any(job.waiters for job in endpoint._jobs.values())


def test_closing_cuts_off_what_hangs(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda _: scripted_server.ok().after(60)
    endpoint = open_endpoint(timeout_s=60)
    failed = []

    def read():
        with pytest.raises(ModelError, match="closed") as caught:
            list(endpoint(ask_for("a", "b")))
        failed.append(caught.value)

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: len(scripted_server.log) == 2)
    endpoint.close()
    endpoint.close()
    reader.join(timeout=30)  # The server would answer after 60 s.
    assert failed
    assert endpoint.ledger.totals().outcomes == {"abandoned": 2}
    assert not [thread for thread in threading.enumerate() if thread.name == "polyarena-endpoint"]
    with pytest.raises(ModelError, match="closed"):
        list(endpoint(ask_for("c")))


def test_an_interrupt_leaves_nothing_behind(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda received: scripted_server.ok().after(0 if received.question == "0" else 60)

    def interrupted():
        with open_endpoint(timeout_s=60) as endpoint:
            for _ in endpoint(ask_for(*map(str, range(9)))):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not [thread for thread in threading.enumerate() if thread.name == "polyarena-endpoint"]


def test_a_crash_on_the_background_thread_reaches_the_caller(open_endpoint, ask_for):
    def broken(attempt):
        raise OSError(f"no room for attempt {attempt.number}")

    endpoint = open_endpoint(on_attempt=broken)
    with pytest.raises(OSError, match="no room for attempt 1"):
        list(endpoint(ask_for("a", "b", "c")))


@pytest.mark.parametrize("text", ["\ud800 alone", "nul \x00 in it", "\udfff", "צָהֳרַיִם 🏳️‍🌈 नमस्ते"])
def test_any_text_can_be_asked(scripted_server, open_endpoint, ask_for, cache, text):
    scripted_server.script = echo(scripted_server)
    endpoint = open_endpoint(cache)
    asked = text.replace("\ud800", "\ufffd").replace("\udfff", "\ufffd").replace("\x00", "\ufffd")
    for _ in range(2):
        [reply] = endpoint(ask_for(text))
        assert (reply.text, reply.error) == (f"re: {asked}", None)
    assert scripted_server.questions == [asked]


def test_an_endpoint_that_is_stopped_before_a_request_goes_out_does_not_send_it(
    scripted_server, open_endpoint, ask_for, monkeypatch
):
    endpoint = open_endpoint()
    adapt = endpoint._answers.adapt

    def stopped_meanwhile(job):
        endpoint.stop()
        return adapt(job)

    monkeypatch.setattr(endpoint._answers, "adapt", stopped_meanwhile)
    with pytest.raises(ModelError, match="closed"):
        list(endpoint(ask_for("a")))
    endpoint.close()
    assert scripted_server.log == []


def test_a_request_that_its_budget_lets_begin_is_waited_for_from_then_on(scripted_server, open_endpoint, ask_for):
    endpoint, in_flight = open_endpoint(), []

    class Guard:
        def begin(self, account, key, body, *, repeats=None):
            in_flight.append(endpoint._in_flight)
            return Reservation(1, JournalEntry(account, key))

        def end_all(self, requests):
            list(requests)

    endpoint._guard = Guard()
    assert [reply.text for reply in endpoint(ask_for("a"))] == ["fine"]
    endpoint.stop(60)
    endpoint.close()
    assert in_flight == [1]
    assert endpoint._in_flight == 0


def test_a_later_stop_can_only_shorten_the_wait(scripted_server, open_endpoint):
    endpoint = open_endpoint()
    for asked, left in ((60, 60), (90, 60), (None, 60), (0, 0), (30, 0)):
        endpoint.stop(asked)
        assert endpoint._grace_s == left
    endpoint.close()
