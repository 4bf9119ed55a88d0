"""Asking again without waiting."""

import itertools

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Answer, Call, Label, Match, Reply, pairings
from polyarena.judges.llm import build, load_templates, parse_again
from polyarena.judges.llm.follow_up import Question, ask_with_follow_up, follow_up_call
from polyarena.tasks.errors import ModelError
from polyarena.tasks.item import Item
from polyarena.tasks.records import Completion

MATCH = Match("deu_Latn", "Was?", Answer("Ein Hund."), Answer("Eine Katze."))
GOOD = Reply("[[A>B]]", "stop", 10, 2, 0.5)
BAD = Reply("Both are nice.", "stop", 10, 3, 0.25)


def windowed(answer, width=4):
    """An ask that holds ``width`` calls in flight, as an endpoint does; ``answer`` maps a call to its reply."""
    seen = []

    def ask(calls):
        calls = iter(calls)
        flying = list(itertools.islice(calls, width))
        while flying:
            call = flying.pop(0)
            seen.append(call)
            yield answer(call)
            flying.extend(itertools.islice(calls, 1))

    ask.seen = seen
    return ask


def is_second(call):
    return len(call.messages) > 2


def test_a_judge_without_a_verdict_is_asked_once_more():
    ask = windowed(lambda call: GOOD if is_second(call) else BAD)
    (verdict,) = build({}, ask).decide([MATCH])
    assert (verdict.label, verdict.asked, verdict.error) == (Label.A, 2, None)
    assert (verdict.prompt_tokens, verdict.completion_tokens, verdict.cost) == (20, 5, 0.75)
    assert (verdict.first_raw, verdict.raw, verdict.follow_ups) == ("Both are nice.", "[[A>B]]", 1)
    first, second = ask.seen
    assert second.messages[:2] == first.messages
    assert second.messages[2] == {"role": "assistant", "content": "Both are nice."}
    assert second.messages[3]["role"] == "user"
    assert "[[A>>B]]" in second.messages[3]["content"]
    assert (second.sampling, second.sample_index, second.schema) == (first.sampling, 0, first.schema)


def test_never_more_than_once_and_both_replies_are_kept():
    ask = windowed(lambda call: BAD)
    (verdict,) = build({}, ask).decide([MATCH])
    assert (verdict.label, verdict.asked, len(ask.seen)) == (Label.INVALID, 2, 2)
    assert verdict.error == "no usable label in the reply and in the second one"
    assert (verdict.first_raw, verdict.raw) == ("Both are nice.", "Both are nice.")
    assert verdict.answered


def test_two_different_verdicts_are_asked_again_and_one_is_not():
    ask = windowed(lambda call: GOOD if is_second(call) else Reply("[[A>B]]\nor\n[[B>A]]"))
    (verdict,) = build({}, ask).decide([MATCH])
    assert (verdict.label, verdict.asked) == (Label.A, 2)
    (verdict,) = build({}, windowed(lambda call: GOOD)).decide([MATCH])
    assert (verdict.label, verdict.asked) == (Label.A, 1)


def test_an_endpoint_that_fails_is_not_asked_again_here():
    ask = windowed(lambda call: Reply("", error="HTTP 500"))
    (verdict,) = build({}, ask).decide([MATCH])
    assert (verdict.asked, verdict.error, verdict.answered) == (1, "HTTP 500", False)


def test_a_second_try_that_fails_may_be_tried_another_day():
    ask = windowed(lambda call: Reply("", error="HTTP 500") if is_second(call) else BAD)
    (verdict,) = build({}, ask).decide([MATCH])
    assert (verdict.label, verdict.answered) == (Label.INVALID, False)
    assert verdict.error == "no usable label, and asked again: HTTP 500"
    assert (verdict.first_raw, verdict.raw) == ("Both are nice.", "")


def test_an_unknown_cost_of_one_reply_makes_the_whole_unknown():
    ask = windowed(lambda call: Reply("[[A>B]]", prompt_tokens=5) if is_second(call) else BAD)
    (verdict,) = build({}, ask).decide([MATCH])
    assert (verdict.prompt_tokens, verdict.completion_tokens, verdict.cost) == (15, None, None)


def test_an_empty_reply_keeps_the_turns_alternating():
    call = follow_up_call(Question(Call(({"role": "user", "content": "?"},)), bool, "Again."), " ")
    assert [turn["role"] for turn in call.messages] == ["user", "assistant", "user"]
    assert all(turn["content"].strip() for turn in call.messages)


@every_case("reason", ["length", "MAX_TOKENS", "max_output_tokens"])
@every_case("text", ["", "It could be\n[[B>A]]\nbut", "[[A>B]]", "<think>A is good", '{"explanation": "[[B>A]] is'])
@every_case("args", [{}, {"template": "harm"}])
def test_a_reply_that_was_cut_off_has_no_verdict_and_is_not_asked_for_again(text, reason, args):
    ask = windowed(lambda call: Reply(text, reason, 10, 1024, 0.5))
    (verdict,) = build(args, ask).decide([MATCH])
    calls = 2 if args else 1
    assert (verdict.label, verdict.asked, verdict.follow_ups, len(ask.seen)) == (Label.INVALID, calls, 0, calls)
    assert "cut off at 1024 tokens" in verdict.error
    assert "raise `max_tokens`" in verdict.error
    assert ("inside its thought" in verdict.error) == text.startswith("<think>")
    assert verdict.answered


def test_a_thought_that_an_api_gives_apart_is_named_where_it_used_up_the_limit():
    (verdict,) = build({}, windowed(lambda call: Reply("", "length", thought="A is"))).decide([MATCH])
    assert "inside its thought" in verdict.error


def test_a_whole_json_object_is_a_verdict_even_at_the_limit():
    ask = windowed(lambda call: Reply('{"explanation": "A is right", "verdict": "A>B"}', "length"))
    (verdict,) = build({}, ask).decide([MATCH])
    assert (verdict.label, verdict.error) == (Label.A, None)


def again(verdict):
    """The label that is read out of the stored game."""
    (pairing, *_) = pairings(
        [Completion("a", "t", "deu_Latn", "1", 0, "1", "p", "x")],
        [Completion("b", "t", "deu_Latn", "1", 0, "1", "p", "y")],
        {"1": Item("1", "1", "deu_Latn", "?")},
    )
    return parse_again(load_templates("pairwise"), pairing.game("j", verdict))


def test_a_label_in_a_reply_that_was_cut_off_is_not_found_later_either():
    (verdict,) = build({}, windowed(lambda call: Reply("Is it [[A>B]]", "length"))).decide([MATCH])
    assert again(verdict) is Label.INVALID


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 9))
def test_verdicts_come_in_order_whatever_was_asked_twice(kinds, width):
    """0: a verdict at once; 1: at the second try; 2: never; 3: the endpoint fails."""

    def answer(call):
        kind = int(call.messages[1]["content"].partition("kind ")[2][0])
        if kind == 3:
            return Reply("", error="off")
        return GOOD if kind == 0 or (kind == 1 and is_second(call)) else BAD

    ask = windowed(answer, width)
    matches = [Match("deu_Latn", f"kind {kind}", Answer(str(number)), Answer("b")) for number, kind in enumerate(kinds)]
    verdicts = list(build({}, ask).decide(matches))
    assert [verdict.asked for verdict in verdicts] == [2 if kind in (1, 2) else 1 for kind in kinds]
    assert [verdict.label is Label.A for verdict in verdicts] == [kind < 2 for kind in kinds]
    assert len(ask.seen) == sum(verdict.asked for verdict in verdicts)
    for verdict in verdicts:
        assert again(verdict) is verdict.label


def test_second_tries_do_not_hold_up_the_stream_and_little_is_held():
    """Questions go on being drawn while second tries are under way, and no more are held than are in flight."""
    width, total, drawn = 8, 2_000, 0
    ahead = []

    def questions():
        nonlocal drawn
        for number in range(total):
            drawn += 1
            message = {"role": "user", "content": str(number)}
            yield Question(Call((message,)), lambda reply: reply.text == "yes", "again")

    def answer(call):
        every_tenth = len(call.messages) == 1 and int(call.messages[0]["content"]) % 10 == 0
        return Reply("no" if every_tenth else "yes")

    ask = windowed(answer, width)
    finished = 0
    for finished, replies in enumerate(ask_with_follow_up(ask, questions()), start=1):
        assert len(replies) == (2 if finished % 10 == 1 else 1)
        ahead.append(drawn - finished)
    assert finished == total
    assert max(ahead) <= 2 * width
    # Second tries are sent among the first questions, not after them all.
    seconds = [place for place, call in enumerate(ask.seen) if is_second_of_one(call)]
    assert len(seconds) == total / 10
    assert seconds[0] < 2 * width


def is_second_of_one(call):
    return len(call.messages) > 1


@pytest.mark.parametrize("change", [-1, 1])
def test_a_client_that_loses_or_invents_replies_is_caught(change):
    def ask(calls):
        count = len(list(calls))
        return (GOOD for _ in range(count + change))

    with pytest.raises(ModelError, match="replies to"):
        list(build({}, ask).decide([MATCH] * 3))


def test_a_client_that_stops_early_is_caught():
    def ask(calls):
        yield from (GOOD for _ in itertools.islice(calls, 1))

    with pytest.raises(ModelError, match="1 replies to 1 questions"):
        list(build({}, ask).decide([MATCH] * 3))
