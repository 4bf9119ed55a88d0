"""What happens when the endpoint does not answer as it should."""

from __future__ import annotations

import dataclasses
import json
import socket
import time
from email.utils import formatdate
from itertools import pairwise

import pytest

from polyarena.tasks.errors import ModelError


def first_fine_then(server, fault):
    """Answer the first question, so that the endpoint is known to work, and all others with a fault."""
    return lambda received: server.ok() if received.question == "first" else fault(received)


def after_a_good_one(endpoint, ask_for, *texts):
    first, *others = endpoint(ask_for("first"))
    assert first.error is None
    assert not others
    return list(endpoint(ask_for(*texts)))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (lambda server: server.status(429), "429"),
        (lambda server: server.status(408), "408"),
        (lambda server: server.status(409), "409"),
        (lambda server: server.status(500), "500"),
        (lambda server: server.status(503, Retry_After="0"), "503"),
        (lambda server: server.cut_off(), "cut_off"),
        (lambda server: server.raw(b'{"choices": [{"mess'), "malformed"),
        (lambda server: server.raw(b"[1]"), "malformed"),
        (lambda server: server.raw(b"\xff\xfe<html>"), "malformed"),
        (lambda server: server.raw(b"[" * 100_000), "malformed"),
        (lambda server: server.raw(b'{"choices": []}'), "malformed"),
        (lambda server: server.raw(b'{"choices": [{"finish_reason": "stop"}]}'), "malformed"),
        (lambda server: server.raw(b'{"error": {"message": "upstream", "code": 502}}'), "upstream"),
        (
            lambda server: server.raw(
                b'{"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "upstream"}, '
                b'"message": {"content": ""}}]}'
            ),
            "upstream",
        ),
        (lambda server: server.ok("", finish_reason=None), "malformed"),
        (lambda server: server.ok().after(3), "timeout"),
    ],
)
def test_passing_faults_are_asked_again(scripted_server, open_endpoint, ask_for, fault, reason):
    """Case 9 is among them: an error inside HTTP 200."""
    scripted_server.script = lambda received: (
        fault(scripted_server) if received.seen < 2 else scripted_server.ok("at last")
    )
    endpoint = open_endpoint(timeout_s=1 if reason == "timeout" else 30)
    [reply] = endpoint(ask_for("a"))
    assert (reply.text, reply.error) == ("at last", None)
    totals = endpoint.ledger.totals()
    assert totals.outcomes == {"ok": 1, reason: 2}
    assert totals.retries == {reason: 2}
    assert totals.attempts == len(scripted_server.log) == 3
    assert totals.failures == 0


@pytest.mark.parametrize("code", [429, 500, 502])
def test_a_lasting_fault_is_given_up(scripted_server, open_endpoint, ask_for, cache, code):
    scripted_server.script = first_fine_then(scripted_server, lambda _: scripted_server.status(code, "come back"))
    endpoint = open_endpoint(cache, max_attempts=4)
    [reply] = after_a_good_one(endpoint, ask_for, "a")
    assert reply.text == ""
    assert reply.error == f"HTTP {code}: come back (attempts: 4)"
    assert len(scripted_server.log) == 5
    assert endpoint.ledger.totals().failures == 1
    assert len(cache) == 1
    # Failures are never kept: the same question is asked again.
    assert next(endpoint(ask_for("a"))).error
    assert len(scripted_server.log) == 9


@pytest.mark.parametrize("code", [400, 403, 404, 413, 422])
def test_a_refused_question_is_asked_once(scripted_server, open_endpoint, ask_for, code):
    scripted_server.script = first_fine_then(scripted_server, lambda _: scripted_server.status(code, "too long"))
    replies = after_a_good_one(open_endpoint(), ask_for, "a", "b")
    assert [reply.error for reply in replies] == [f"HTTP {code}: too long"] * 2
    assert len(scripted_server.log) == 3


def test_a_question_that_is_refused_first_does_not_end_the_run(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda received: (
        scripted_server.status(400) if received.question == "bad" else scripted_server.ok()
    )
    replies = list(open_endpoint(concurrency=1)(ask_for("bad", "good")))
    assert [reply.error is None for reply in replies] == [False, True]


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_honoured(scripted_server, open_endpoint, ask_for, code, as_date):
    def script(received):
        if received.seen:
            return scripted_server.ok()
        value = formatdate(time.time() + 2, usegmt=True) if as_date else "0.6"
        return scripted_server.status(code, Retry_After=value)

    scripted_server.script = script
    [reply] = open_endpoint()(ask_for("a"))
    assert reply.error is None
    [first, second] = [received.at for received, _ in scripted_server.log]
    assert 0.6 <= second - first < 4


def test_a_longer_wait_than_allowed_is_a_refusal(scripted_server, open_endpoint, ask_for):
    scripted_server.script = first_fine_then(
        scripted_server, lambda _: scripted_server.status(429, "daily limit", Retry_After="3600")
    )
    [reply] = after_a_good_one(open_endpoint(max_wait_s=2), ask_for, "a")
    assert reply.error == "HTTP 429: daily limit (attempts: 1; asked to wait 3600 s)"


def test_a_longer_wait_than_allowed_ends_a_run_without_any_answer_with_its_own_advice(
    scripted_server, open_endpoint, ask_for
):
    scripted_server.script = lambda _: scripted_server.status(429, "daily limit", Retry_After="9999")
    with pytest.raises(ModelError, match="asks to wait 9999 s") as caught:
        list(open_endpoint()(ask_for("a")))
    assert len(scripted_server.log) == 1
    assert "raise `max_wait_s`" in caught.value.fix
    assert "base_url" not in caught.value.fix
    assert "daily limit" in caught.value.why


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (lambda server: server.status(429, "busy"), "lower `concurrency`"),
        (lambda server: server.status(503, "busy"), "look at its log"),
        (lambda server: server.ok().after(2), "raise `timeout_s` (it is 0.3)"),
        (lambda server: server.raw(b"<html>a proxy</html>"), "`base_url` is right"),
    ],
)
def test_the_advice_after_all_attempts_is_that_of_the_fault(scripted_server, open_endpoint, ask_for, fault, advice):
    scripted_server.script = lambda _: fault(scripted_server)
    with pytest.raises(ModelError, match="did not answer in 2 attempts") as caught:
        list(open_endpoint(max_attempts=2, timeout_s=0.3 if "timeout_s" in advice else 30)(ask_for("a")))
    assert advice in caught.value.fix
    assert ("base_url" in caught.value.fix) == ("base_url" in advice)


def test_backing_off_takes_no_worker(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda received: (
        scripted_server.status(429, Retry_After="0.5")
        if received.question == "0" and not received.seen
        else scripted_server.ok().after(0.01)
    )
    replies = list(open_endpoint(concurrency=1)(ask_for(*map(str, range(12)))))
    assert not any(reply.error for reply in replies)
    assert scripted_server.questions[-1] == "0"


def test_a_refused_key_ends_the_run_at_once(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda _: scripted_server.status(401, "Incorrect API key").after(0.02)
    endpoint = open_endpoint(concurrency=4)
    with pytest.raises(ModelError, match="POLYARENA_TEST_KEY") as caught:
        list(endpoint(ask_for(*map(str, range(1000)))))
    assert "Incorrect API key" in caught.value.why
    asked = len(scripted_server.log)
    assert asked <= 8
    with pytest.raises(ModelError, match="POLYARENA_TEST_KEY"):
        list(endpoint(ask_for("one more")))
    assert len(scripted_server.log) <= asked + 4


def test_a_refused_missing_key_is_called_missing(scripted_server, open_endpoint, ask_for, monkeypatch):
    monkeypatch.delenv("POLYARENA_TEST_KEY")
    scripted_server.script = lambda _: scripted_server.status(401)
    with pytest.raises(ModelError, match="nothing is set in the environment variable POLYARENA_TEST_KEY"):
        list(open_endpoint()(ask_for("a")))
    assert scripted_server.log[0][0].headers["authorization"] == "Bearer none"


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (lambda server: server.status(404, "no such model"), "does not offer the model 'm'"),
        (lambda server: server.status(403, "not for you"), "does not offer the model 'm' to the key in"),
        (lambda server: server.status(402, "top up"), "asks for payment"),
        (
            lambda server: server.raw(b'{"error": {"code": "insufficient_quota", "message": "quota"}}'),
            "asks for payment",
        ),
        (lambda server: server.status(429, "busy"), "did not answer in 3 attempts"),
        (lambda server: server.status(500, "broken"), "did not answer in 3 attempts"),
        (lambda server: server.cut_off(), "did not answer in 3 attempts"),
        (lambda server: server.raw(b"<html>a proxy</html>"), "did not answer in 3 attempts"),
    ],
)
def test_an_endpoint_that_never_answers_ends_the_run(scripted_server, open_endpoint, ask_for, answer, what):
    given = answer(scripted_server)
    if b"insufficient_quota" in given.body:
        given = type(given)(429, given.body)
    scripted_server.script = lambda _: given
    with pytest.raises(ModelError, match=what) as caught:
        list(open_endpoint(concurrency=2)(ask_for(*map(str, range(500)))))
    assert caught.value.why
    assert caught.value.fix
    assert len(scripted_server.log) <= 3 * 32  # what is taken ahead, each at most three times


def test_an_unreachable_endpoint_ends_the_run(open_endpoint, ask_for):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        endpoint = open_endpoint(base_url=f"http://127.0.0.1:{port}/v1")
        with pytest.raises(ModelError, match="did not answer in 3 attempts") as caught:
            list(endpoint(ask_for(*map(str, range(100)))))
    assert f"127.0.0.1:{port}" in caught.value.where
    assert set(endpoint.ledger.totals().outcomes) <= {"connection", "abandoned"}


def test_what_the_cache_has_shows_that_the_endpoint_works(scripted_server, open_endpoint, ask_for, cache):
    scripted_server.script = first_fine_then(scripted_server, lambda _: scripted_server.status(500))
    assert not next(open_endpoint(cache)(ask_for("first"))).error
    # In a later run only the bad question is left to ask; it must not stop that run for ever.
    replies = list(open_endpoint(cache)(ask_for("first", "bad")))
    assert [reply.error is None for reply in replies] == [True, False]


@pytest.mark.parametrize("finish_reason", ["stop", "length"])
@pytest.mark.parametrize("text", ["", None])
def test_an_empty_text_is_an_answer(scripted_server, open_endpoint, ask_for, cache, text, finish_reason):
    scripted_server.script = lambda _: scripted_server.ok(text, finish_reason=finish_reason)
    [reply] = open_endpoint(cache)(ask_for("a"))
    assert (reply.text, reply.finish_reason, reply.error) == ("", finish_reason, None)
    assert len(cache) == 1


def test_a_filtered_answer_is_neither_asked_again_nor_kept(scripted_server, open_endpoint, ask_for, cache):
    scripted_server.script = lambda _: scripted_server.ok("", finish_reason="content_filter")
    endpoint = open_endpoint(cache)
    [reply] = endpoint(ask_for("a"))
    assert "content filter" in reply.error
    assert len(scripted_server.log) == 1
    assert len(cache) == 0
    assert endpoint.ledger.totals().prompt_tokens == 10


def test_a_partly_filtered_answer_is_one(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda _: scripted_server.ok("up to here", finish_reason="content_filter")
    [reply] = open_endpoint()(ask_for("a"))
    assert (reply.text, reply.finish_reason, reply.error) == ("up to here", "content_filter", None)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": [{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}]}, "in parts"),
        ({"content": None, "refusal": "I will not."}, "I will not."),
        ({"content": "half a \ud83d pair"}, "half a \ufffd pair"),
        ({}, ""),
    ],
)
def test_other_shapes_of_a_message(scripted_server, open_endpoint, ask_for, cache, message, text):
    body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()
    scripted_server.script = lambda _: scripted_server.raw(body)
    endpoint = open_endpoint(cache)
    [reply] = endpoint(ask_for("a"))
    assert (reply.text, reply.prompt_tokens, reply.error) == (text, None, None)
    assert list(endpoint(ask_for("a"))) == [reply]
    assert endpoint.ledger.totals().unmetered == 1


def test_pauses_grow_and_differ_between_calls(scripted_server, open_endpoint, ask_for, monkeypatch):
    monkeypatch.setattr("polyarena.harness.endpoints.transport.backoff.FIRST_PAUSE_S", 0.1)
    scripted_server.script = first_fine_then(scripted_server, lambda _: scripted_server.status(500))
    after_a_good_one(open_endpoint(max_attempts=4), ask_for, "a", "b")
    times = {name: [r.at for r, _ in scripted_server.log if r.question == name] for name in "ab"}
    pauses = {name: [late - early for early, late in pairwise(at)] for name, at in times.items()}
    assert pauses["a"] != pytest.approx(pauses["b"], abs=0.005)
    for taken in pauses.values():
        assert all(pause < 0.1 * 2**number + 0.3 for number, pause in enumerate(taken))


def test_a_storm_loses_nothing(scripted_server, open_endpoint, ask_for, cache):
    """Each question meets a mixture of faults; each ends in one answer, and the ledger equals the server's log."""
    faults = [
        lambda: scripted_server.status(429, Retry_After="0.01"),
        lambda: scripted_server.status(500),
        scripted_server.cut_off,
        lambda: scripted_server.raw(b"{"),
        lambda: scripted_server.raw(b'{"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 0}}'),
    ]

    def script(received):
        number = int(received.question)
        if received.seen < number % 4:
            return faults[(number + received.seen) % len(faults)]()
        return scripted_server.ok(f"re: {number}", prompt_tokens=number)

    scripted_server.script = script
    endpoint = open_endpoint(cache, concurrency=16, max_attempts=5)
    texts = list(map(str, range(200)))
    replies = list(endpoint(ask_for(*texts)))
    assert [reply.text for reply in replies] == [f"re: {text}" for text in texts]
    totals = endpoint.ledger.totals()
    assert totals.attempts == len(scripted_server.log) == 200 + 50 * (1 + 2 + 3)
    assert (totals.prompt_tokens, totals.completion_tokens) == scripted_server.usage
    assert totals.attempts == totals.calls + sum(totals.retries.values())
    assert len(cache) == 200


@pytest.mark.parametrize(
    "error",
    [
        {"code": "content_filter", "message": "flagged"},
        {"code": "invalid_prompt", "message": "flagged"},
        {"code": 400, "message": "flagged", "innererror": {"code": "ResponsibleAIPolicyViolation"}},
        {"type": "content_policy_violation", "message": "flagged"},
    ],
)
def test_a_prompt_that_the_host_refuses_says_so(scripted_server, open_endpoint, ask_for, error):
    body = json.dumps({"error": error}).encode()
    refusal = dataclasses.replace(scripted_server.raw(body), status=400)
    scripted_server.script = lambda received: refusal if received.question == "bad" else scripted_server.ok()
    bad, good = open_endpoint()(ask_for("bad", "good"))
    assert (bad.text, bad.finish_reason) == ("", "refused")
    assert "refuses this prompt" in bad.error
    assert good.error is None
    assert len(scripted_server.log) == 2


def test_redirects_are_not_followed(scripted_server, open_endpoint, ask_for):
    where = "http://user:secret@example.org/v2/chat/completions?key=secret"
    scripted_server.script = lambda _: scripted_server.status(307, Location=where)
    with pytest.raises(ModelError, match="redirects") as caught:
        list(open_endpoint()(ask_for("a")))
    assert "http://example.org/v2/chat/completions" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "base_url" in caught.value.fix
    assert len(scripted_server.log) == 1


def test_an_endless_body_is_not_read_to_its_end(scripted_server, open_endpoint, ask_for, monkeypatch):
    monkeypatch.setattr("polyarena.harness.endpoints.transport.client._LONGEST_BODY", 2**20)
    scripted_server.script = lambda received: (
        scripted_server.raw(b" " * (2**20 + 1)) if received.question == "long" else scripted_server.ok()
    )
    good, long = open_endpoint(concurrency=1)(ask_for("good", "long"))
    assert good.error is None
    assert long.error == "the answer is longer than 1 MB"
    assert len(scripted_server.log) == 2
