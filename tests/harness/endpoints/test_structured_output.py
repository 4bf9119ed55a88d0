"""A schema is sent where it is offered, and left out where it is not."""

from __future__ import annotations

import pytest

from polyarena.harness.endpoints import CallCache, call_key, is_known

SCHEMA = {"type": "object", "properties": {"verdict": {"enum": ["A", "B"]}}, "required": ["verdict"]}


def plain_only(server, code=400):
    def script(received):
        if "response_format" in received.body:
            return server.status(code, "response_format is not supported")
        return server.ok(f"plain {received.question}")

    return script


def test_a_schema_is_sent_as_a_strict_response_format(scripted_server, open_endpoint, ask_for):
    [reply] = open_endpoint()(ask_for("a", schema=SCHEMA))
    assert reply.error is None
    [(received, _)] = scripted_server.log
    assert received.body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
    }


def test_without_a_schema_nothing_is_sent(scripted_server, open_endpoint, ask_for):
    list(open_endpoint()(ask_for("a")))
    assert "response_format" not in scripted_server.log[0][0].body


@pytest.mark.parametrize("code", [400, 405, 415, 422, 501])
def test_an_endpoint_without_it_is_asked_once_and_remembered(scripted_server, open_endpoint, ask_for, tmp_path, code):
    """Case 21, a refusal."""
    scripted_server.script = plain_only(scripted_server, code)
    with CallCache(tmp_path / "calls.sqlite") as cache:
        endpoint = open_endpoint(cache, concurrency=1)
        replies = list(endpoint(ask_for("a", schema=SCHEMA))) + list(endpoint(ask_for("b", "c", schema=SCHEMA)))
        assert [reply.text for reply in replies] == ["plain a", "plain b", "plain c"]
        structured = ["response_format" in received.body for received, _ in scripted_server.log]
        assert structured == [True, False, False, False]
        assert endpoint.ledger.totals().failures == 0
    # A later process knows, for new questions and for those that were answered.
    with CallCache(tmp_path / "calls.sqlite") as cache:
        later = open_endpoint(cache)
        assert [reply.text for reply in later(ask_for("a", "d", schema=SCHEMA))] == ["plain a", "plain d"]
        assert is_known(cache, later.settings, ask_for("d", schema=SCHEMA)[0])
        assert not is_known(cache, later.settings, ask_for("e", schema=SCHEMA)[0])
        # CachedReply under what was sent: the question without a schema.
        assert call_key(later.settings, ask_for("a")[0]) in cache
        assert call_key(later.settings, ask_for("a", schema=SCHEMA)[0]) not in cache
    assert len(scripted_server.log) == 5


def test_an_answer_from_before_is_used_when_the_schema_falls_away(scripted_server, open_endpoint, ask_for, cache):
    scripted_server.script = plain_only(scripted_server)
    list(open_endpoint(cache)(ask_for("a")))
    [reply] = open_endpoint(cache)(ask_for("a", schema=SCHEMA))
    assert reply.text == "plain a"
    assert len(scripted_server.log) == 2


def test_once_offered_a_refusal_is_about_the_question(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda received: (
        scripted_server.status(400, "too long") if received.question == "bad" else scripted_server.ok("{}")
    )
    replies = list(open_endpoint(concurrency=1)(ask_for("good", "bad", "other", schema=SCHEMA)))
    assert [reply.error for reply in replies] == [None, "HTTP 400: too long", None]
    assert len(scripted_server.log) == 3


def test_a_question_refused_both_ways_says_nothing_about_schemas(scripted_server, open_endpoint, ask_for, cache):
    scripted_server.script = lambda received: (
        scripted_server.status(400, "too long") if received.question == "bad" else scripted_server.ok("{}")
    )
    replies = list(open_endpoint(cache, concurrency=1)(ask_for("bad", "good", schema=SCHEMA)))
    assert [reply.error for reply in replies] == ["HTTP 400: too long", None]
    good = [received.body for received, _ in scripted_server.log if received.question == "good"]
    assert ["response_format" in body for body in good] == [True]


def test_many_in_flight_all_fall_back(scripted_server, open_endpoint, ask_for, cache):
    scripted_server.script = plain_only(scripted_server)
    texts = list(map(str, range(60)))
    replies = list(open_endpoint(cache, concurrency=16)(ask_for(*texts, schema=SCHEMA)))
    assert [reply.text for reply in replies] == [f"plain {text}" for text in texts]
    structured = sum("response_format" in received.body for received, _ in scripted_server.log)
    assert structured < 60
    assert len(scripted_server.log) == 60 + structured


def test_empty_answers_in_flight_while_another_shows_that_it_is_not_offered(scripted_server, open_endpoint, ask_for):
    def script(received):
        if "response_format" not in received.body:
            return scripted_server.ok(f"plain {received.question}")
        # Both are asked before either is answered; the second is answered after the first was asked again, in words.
        return scripted_server.ok("").after(0.2 if received.question == "a" else 0.8)

    scripted_server.script = script
    replies = list(open_endpoint(concurrency=2)(ask_for("a", "b", schema=SCHEMA)))
    assert [reply.text for reply in replies] == ["plain a", "plain b"]
    assert len(scripted_server.log) == 4


def test_tokens_from_the_endpoints_own_cache_have_their_price(scripted_server, open_endpoint, ask_for, cache):
    body = (
        b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 1000, "completion_tokens": 10, '
        b'"prompt_tokens_details": {"cached_tokens": 800}}}'
    )
    scripted_server.script = lambda _: scripted_server.raw(body)
    prices = {"input": 2, "output": 8, "cached_input": 1}
    expected = (200 * 2 + 800 * 1 + 10 * 8) / 1e6
    for _ in range(2):
        [reply] = open_endpoint(cache, prices=prices)(ask_for("a"))
        assert reply.cached_tokens == 800
        assert reply.cost == pytest.approx(expected)
    [dear] = open_endpoint(cache, prices={"input": 2, "output": 8})(ask_for("a"))
    assert dear.cost == pytest.approx((1000 * 2 + 10 * 8) / 1e6)


def empty_with_structure(server, finish_reason="stop"):
    def script(received):
        structured = "response_format" in received.body
        return server.ok("" if structured else f"plain {received.question}", finish_reason=finish_reason)

    return script


def test_an_empty_answer_to_a_schema_is_asked_for_in_words(scripted_server, open_endpoint, ask_for, tmp_path):
    """Case 21, an empty answer."""
    scripted_server.script = empty_with_structure(scripted_server)
    with CallCache(tmp_path / "calls.sqlite") as cache:
        endpoint = open_endpoint(cache, concurrency=1)
        replies = [*endpoint(ask_for("a", schema=SCHEMA)), *endpoint(ask_for("b", schema=SCHEMA))]
        assert [(reply.text, reply.error) for reply in replies] == [("plain a", None), ("plain b", None)]
        assert ["response_format" in received.body for received, _ in scripted_server.log] == [True, False, False]
    # It may have been an accident: a later process tries again.
    with CallCache(tmp_path / "calls.sqlite") as cache:
        assert [reply.text for reply in open_endpoint(cache)(ask_for("c", schema=SCHEMA))] == ["plain c"]
    assert ["response_format" in received.body for received, _ in scripted_server.log[3:]] == [True, False]


def test_a_model_with_nothing_to_say_is_asked_no_third_time(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda received: scripted_server.ok("")
    [reply] = open_endpoint()(ask_for("a", schema=SCHEMA))
    assert (reply.text, reply.error) == ("", None)
    assert len(scripted_server.log) == 2


def test_an_answer_that_was_cut_off_before_it_began_is_not_asked_for_again(scripted_server, open_endpoint, ask_for):
    scripted_server.script = empty_with_structure(scripted_server, "length")
    [reply] = open_endpoint()(ask_for("a", schema=SCHEMA))
    assert (reply.text, reply.finish_reason) == ("", "length")
    assert len(scripted_server.log) == 1


def test_an_empty_answer_is_one_where_structured_output_has_worked(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda received: scripted_server.ok("" if received.question == "b" else "{}")
    replies = list(open_endpoint(concurrency=1)(ask_for("a", "b", schema=SCHEMA)))
    assert [reply.text for reply in replies] == ["{}", ""]
    assert len(scripted_server.log) == 2


def test_a_server_that_fails_with_a_schema_and_only_then_names_the_setting(scripted_server, open_endpoint, ask_for):
    scripted_server.script = plain_only(scripted_server, 500)
    endpoint = open_endpoint(concurrency=1, max_attempts=1)
    plain, structured = (*endpoint(ask_for("a")), *endpoint(ask_for("b", schema=SCHEMA)))
    assert plain.text == "plain a"
    assert "set `structured: off`" in structured.error
