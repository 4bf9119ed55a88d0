"""Reading bodies, whatever they hold."""

from __future__ import annotations

import json

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints.transport.outcome import (
    failure,
    parse_response,
    sanitize_outcome,
    served_by,
    with_attempt_count,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "choices": values | st.lists(st.fixed_dictionaries({}, optional={"message": values, "finish_reason": values})),
        "usage": values | st.fixed_dictionaries({}, optional={"prompt_tokens": values, "completion_tokens": values}),
        "error": values,
    },
)


@given(st.binary() | bodies.map(lambda body: json.dumps(body).encode()))
def test_any_body_is_an_answer_or_says_why_not(content):
    outcome = parse_response(content)
    assert outcome.ok == (outcome.reply.error is None)
    assert outcome.ok or outcome.reply.text == ""
    outcome.reply.text.encode()


@every_case(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 0}, (3, 0)),
        ({"prompt_tokens": "3", "completion_tokens": 2.0}, (None, None)),
        ({"prompt_tokens": -1, "completion_tokens": True}, (None, None)),
        ({"prompt_tokens": 10**20, "completion_tokens": 2**53}, (None, 2**53)),
        ({"prompt_tokens": 2**53 + 1, "completion_tokens": 2**63}, (None, None)),
        ({}, (None, None)),
        (None, (None, None)),
        ([], (None, None)),
    ],
)
def test_tokens_are_counts_or_unknown(usage, tokens):
    body = {"choices": [{"message": {"content": "x"}}], "usage": usage}
    reply = parse_response(json.dumps(body).encode()).reply
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens) == ("x", *tokens)


def test_an_error_in_a_successful_response_is_quoted():
    outcome = parse_response(b'{"error": {"message": "upstream is down"}}')
    assert (outcome.reason, outcome.retry) == ("upstream", True)
    assert "upstream is down" in outcome.reply.error


def choice(**fields):
    usage = {"prompt_tokens": 3, "completion_tokens": 0}
    body = {"choices": [{"message": {"content": ""}} | fields], "usage": usage}
    return parse_response(json.dumps(body).encode())


@every_case(
    ("fields", "reason", "retry"),
    [
        ({"finish_reason": "error", "error": {"code": 502, "message": "upstream"}}, "upstream", True),
        ({"finish_reason": "stop", "error": {"code": "502", "message": "upstream"}}, "upstream", True),
        ({"finish_reason": "stop", "error": "upstream"}, "upstream", True),
        ({"finish_reason": "stop", "error": {"code": 400, "message": "upstream"}}, "upstream", False),
        ({"finish_reason": "stop", "error": {"code": 429, "message": "upstream"}}, "upstream", True),
        ({"finish_reason": "error"}, "upstream", True),
        ({"finish_reason": "abort", "message": {"content": "half a sen"}}, "upstream", True),
        ({"finish_reason": None}, "malformed", True),
        ({"finish_reason": " "}, "malformed", True),
        ({}, "malformed", True),
        ({"message": {"content": None}}, "malformed", True),
        ({"finish_reason": "SAFETY"}, "filtered", False),
        ({"finish_reason": "content_filter"}, "filtered", False),
        ({"error": {"code": "content_filter", "message": "no"}}, "filtered", False),
        ({"error": {"code": 403, "message": "no", "metadata": {"flagged_input": "x"}}}, "filtered", False),
        ({"finish_reason": "stop"}, "ok", False),
        ({"finish_reason": "length"}, "ok", False),
        ({"message": {"content": "no reason given"}}, "ok", False),
        ({"message": {"content": None, "tool_calls": [{}]}}, "ok", False),
    ],
)
def test_a_failure_inside_a_successful_response_is_no_answer(fields, reason, retry):
    outcome = choice(**fields)
    assert (outcome.reason, outcome.retry) == (reason, retry)
    assert (outcome.reply.error is None) == (reason == "ok")
    assert (outcome.reply.prompt_tokens, outcome.reply.completion_tokens) == (3, 0)


def test_a_thought_is_told_from_the_answer():
    usage = {"prompt_tokens": 3, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}
    message = {"content": "4", "reasoning_content": "2 and 2 \ud800"}
    body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
    reply = parse_response(json.dumps(body).encode()).reply
    assert (reply.text, reply.thought, reply.thought_tokens) == ("4", "2 and 2 \ufffd", 7)
    masked = sanitize_outcome(answer("x"), "sk-1234567")
    assert masked.reply.thought is None
    key = "sk-1234567"
    message["reasoning_content"] = f"the key is {key}"
    assert key not in sanitize_outcome(parse_response(json.dumps(body).encode()), key).reply.thought


@given(st.text(), st.text("abcdef0123456789", min_size=8, max_size=20), st.integers(0, 400))
def test_errors_are_short_single_lines_without_the_key(text, key, padding):
    message = "." * padding + key + text + "\n" + key
    error = sanitize_outcome(failure("500", message, retry=True), key).reply.error
    assert key not in error
    assert len(error) <= 300
    assert len(error.splitlines()) <= 1
    error.encode()


def answer(text, finish_reason="stop"):
    choice = {"message": {"content": text}, "finish_reason": finish_reason}
    return parse_response(json.dumps({"choices": [choice]}).encode())


@given(st.text(), st.sampled_from(["sk-1234567", "none", "EMPTY", "ollama", "sk-none", "anything", "placeholder"]))
def test_answers_are_left_as_they_are(text, key):
    outcome = answer(f"{text} \n {key[:-1]} \t{text}")
    assert sanitize_outcome(outcome, key) == outcome


@every_case("key", ["sk-12345", "abcdefg8", 'sk-"quoted\\"', "letters-only", "a" * 16])
def test_a_key_is_in_no_answer(key):
    """Whatever a server echoes: records, tables and pages are made of answers."""
    outcome = sanitize_outcome(answer(f"Bearer {key}, x{key}{key}", key), key)
    assert outcome.ok
    assert outcome.reply.text == "Bearer ***, x******"
    assert outcome.reply.finish_reason == "***"


@every_case("key", ["none", "EMPTY", "ollama", "sk-none", "anything", "placeholder"])
def test_what_stands_in_for_a_key_is_no_secret_in_an_answer(key):
    outcome = answer(f"The key may be {key}.", key)
    assert sanitize_outcome(outcome, key) == outcome


def test_a_key_is_found_in_quoted_json():
    key = 'sk-"\\123456'
    body = json.dumps({"error": {"message": f"no such key: {key}"}}).encode()
    assert sanitize_outcome(parse_response(body), key).reply.error.count("***") == 1
    assert "123456" not in sanitize_outcome(parse_response(body), key).reply.error


@every_case(
    ("retry", "wait", "says"),
    [
        (True, None, "HTTP 500 (attempts: 3)"),
        (True, 90.0, "HTTP 500 (attempts: 3; asked to wait 90 s)"),
        (False, None, "HTTP 500"),
    ],
)
def test_who_gives_up_says_how_often_was_asked(retry, wait, says):
    outcome = failure("500", "HTTP 500", retry=retry, retry_after_s=wait)
    found = with_attempt_count(outcome, 3)
    assert found.reply.error == says
    assert (found.reason, found.retry, found.retry_after_s) == ("500", retry, wait)


@every_case(
    ("fields", "served"),
    [
        ({}, None),
        ({"model": "gpt-4o-2024-08-06", "system_fingerprint": "fp_1"}, "gpt-4o-2024-08-06 fp_1"),
        ({"model": "org/name", "system_fingerprint": None}, "org/name"),
        ({"model": "/home/me/w.gguf", "system_fingerprint": "b1-2"}, "w.gguf b1-2"),
        ({"model": "C:\\\\w.gguf"}, "C:\\\\w.gguf"),
        ({"model": 7, "system_fingerprint": " "}, None),
        ({"model": "x" * 500}, "x" * 200),
    ],
)
def test_who_answered_is_what_the_server_says(fields, served):
    assert served_by(fields) == served
