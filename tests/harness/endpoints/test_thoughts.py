"""Thoughts behind an endpoint: asked for, told apart, counted, and kept in the cache."""

from __future__ import annotations

import json
import sqlite3

import pytest
from every_case import every_case

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.endpoints.cache import CallCache
from polyarena.harness.endpoints.request import request_body
from polyarena.harness.endpoints.transport.outcome import parse_response, sanitize_outcome
from polyarena.judges.protocol import Call, Reply
from polyarena.tasks.sampling import Sampling

QUESTION = ({"role": "user", "content": "Sannu"},)


def body(sampling, **settings):
    return request_body(
        EndpointSettings(base_url="http://localhost:1/v1", model="m", **settings), Call(QUESTION, sampling)
    )


def answer(message, finish_reason="stop", **usage):
    return parse_response(
        json.dumps({"choices": [{"message": message, "finish_reason": finish_reason}], "usage": usage}).encode()
    )


def test_a_system_that_is_not_known_to_think_is_asked_as_ever():
    sent = body(Sampling(max_tokens=9, stop=("END",)))
    assert sent == {"model": "m", "messages": list(QUESTION), "max_tokens": 9, "temperature": 0.0, "stop": ["END"]}


def test_thought_and_answer_share_the_limit_and_stop_texts_stay_here():
    sent = body(Sampling(max_tokens=9, stop=("END",), thinking_budget=100, reasoning_effort="high"))
    assert sent["max_tokens"] == 109
    assert sent["reasoning_effort"] == "high"
    assert "stop" not in sent


@every_case(
    ("settings", "extra"),
    [
        ({"max_tokens_field": "max_completion_tokens"}, {"max_completion_tokens": 109, "reasoning_effort": "low"}),
        ({"effort_field": "reasoning.effort", "budget_field": "reasoning.max_tokens"},
         {"max_tokens": 109, "reasoning": {"effort": "low", "max_tokens": 100}}),
        ({"budget_field": "thinking_token_budget"},
         {"max_tokens": 109, "reasoning_effort": "low", "thinking_token_budget": 100}),
        ({"extra_body": {"reasoning_effort": None, "top_k": 5}}, {"max_tokens": 109, "top_k": 5}),
    ],
)  # fmt: skip
def test_every_server_has_its_own_fields(settings, extra):
    sent = body(Sampling(max_tokens=9, thinking_budget=100, reasoning_effort="low"), **settings)
    assert sent == {"model": "m", "messages": list(QUESTION), "temperature": 0.0, **extra}


@every_case("path", ["", "a b", "messages", "model.x", "a..b", ".a", "a."])
def test_fields_that_cannot_be_are_refused(path):
    with pytest.raises(ValueError, match=r"pattern|sets it itself"):
        EndpointSettings(model="m", budget_field=path)


def test_the_names_of_fields_are_part_of_the_identity_only_where_they_are_not_the_usual_ones():
    assert set(EndpointSettings(model="m").key_fields) == {"base_url", "model", "extra_body"}
    other = EndpointSettings(model="m", max_tokens_field="max_completion_tokens")
    assert other.key_fields["max_tokens_field"] == "max_completion_tokens"


def test_thought_and_tokens_are_read_out_of_a_reply():
    outcome = answer(
        {"content": "b", "reasoning_content": "a\x00"},
        completion_tokens=9,
        completion_tokens_details={"reasoning_tokens": 7},
    )
    assert (outcome.reply.text, outcome.reply.thought) == ("b", "a\ufffd")
    assert (outcome.reply.completion_tokens, outcome.reply.thought_tokens) == (9, 7)
    assert answer({"content": "b"}, reasoning_tokens=3).reply.thought_tokens == 3
    assert answer({"content": "b"}, completion_tokens_details=None).reply.thought_tokens is None
    assert (
        answer({"content": [{"type": "thinking", "thinking": "a"}, {"type": "text", "text": "b"}]}).reply.thought == "a"
    )


@every_case("reason", ["content_filter", "SAFETY", "refusal"])
def test_every_word_for_a_withheld_answer_is_a_refusal(reason):
    assert answer({"content": None}, reason).question_refused
    assert answer({"content": "in part"}, reason).ok


def test_no_key_stays_in_a_thought():
    outcome = answer({"content": "b", "reasoning": "the key is sk-0123456789"})
    assert sanitize_outcome(outcome, "sk-0123456789").reply.thought == "the key is ***"


def test_the_cache_keeps_thoughts(tmp_path):
    reply = Reply("b", "stop", 1, 9, cached_tokens=0, thought="a", thought_tokens=7)
    with CallCache(tmp_path / "calls.sqlite") as cache:
        cache.put("ab" * 32, reply)
        assert cache.get("ab" * 32) == reply


def test_a_cache_from_before_thoughts_keeps_its_answers(tmp_path):
    path = tmp_path / "calls.sqlite"
    with CallCache(path) as cache:
        cache.put("ab" * 32, Reply("b", "stop", 1, 9))
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE replies DROP COLUMN thought")
        connection.execute("ALTER TABLE replies DROP COLUMN thought_tokens")
        connection.execute("ALTER TABLE replies DROP COLUMN answered_at")
        connection.execute("ALTER TABLE replies DROP COLUMN served_by")
        for table in ("outdated", "claims", "holders"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 2")
    with CallCache(path) as cache:
        assert cache.get("ab" * 32) == Reply("b", "stop", 1, 9)
        cache.put("cd" * 32, Reply("b", thought="a"))
        assert cache.get("cd" * 32).thought == "a"
