"""Reading bodies, whatever they hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints.outcome import failure, presentable, read_body

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
    outcome = read_body(content)
    assert outcome.ok == (outcome.reply.error is None)
    assert outcome.ok or outcome.reply.text == ""
    outcome.reply.text.encode()


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 0}, (3, 0)),
        ({"prompt_tokens": "3", "completion_tokens": 2.0}, (None, None)),
        ({"prompt_tokens": -1, "completion_tokens": True}, (None, None)),
        ({}, (None, None)),
        (None, (None, None)),
        ([], (None, None)),
    ],
)
def test_tokens_are_counts_or_unknown(usage, tokens):
    body = {"choices": [{"message": {"content": "x"}}], "usage": usage}
    reply = read_body(json.dumps(body).encode()).reply
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens) == ("x", *tokens)


def test_an_error_in_a_successful_response_is_quoted():
    outcome = read_body(b'{"error": {"message": "upstream is down"}}')
    assert (outcome.reason, outcome.retry) == ("malformed", True)
    assert "upstream is down" in outcome.reply.error


@given(st.text(), st.text("abcdef0123456789", min_size=8, max_size=20), st.integers(0, 400))
def test_errors_are_short_single_lines_without_the_key(text, key, padding):
    message = "." * padding + key + text + "\n" + key
    error = presentable(failure("500", message, retry=True), key).reply.error
    assert key not in error
    assert len(error) <= 300
    assert len(error.splitlines()) <= 1
    error.encode()


def test_answers_are_left_as_they_are():
    outcome = read_body(b'{"choices": [{"message": {"content": "sk-123456 \\n"}}]}')
    assert presentable(outcome, "sk-123456") is outcome
