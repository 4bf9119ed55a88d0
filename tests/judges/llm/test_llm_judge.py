"""The judge that asks a model, with a scripted model."""

import itertools
import tracemalloc

import pytest

from polyarena.judges import Answer, Call, Label, Match, Reply
from polyarena.judges.llm import build, load_template
from polyarena.tasks.errors import ExperimentError, ModelError
from polyarena.tasks.sampling import Sampling

MATCH = Match("deu_Latn", "Was ist das?", Answer("Ein Hund."), Answer("Eine Katze."))


def scripted(*replies):
    """An ask that gives these replies and keeps the calls."""
    seen = []

    def ask(calls):
        for call, reply in zip(calls, replies, strict=True):
            seen.append(call)
            yield reply

    ask.seen = seen
    return ask


def decide(*replies, **args):
    return list(build({"ask_again": False, **args}, scripted(*replies)).decide([MATCH] * len(replies)))


def test_verdicts_keep_the_whole_reply_with_tokens_and_cost():
    (verdict,) = decide(Reply("A is right.\n[[A>B]]", "stop", 100, 7, 0.25))
    assert (verdict.label, verdict.raw) == (Label.A, "A is right.\n[[A>B]]")
    assert (verdict.prompt_tokens, verdict.completion_tokens, verdict.cost, verdict.error) == (100, 7, 0.25, None)


def test_an_unknown_cost_stays_unknown():
    (verdict,) = decide(Reply("[[A>B]]"))
    assert verdict.cost is None
    assert verdict.prompt_tokens is None


def test_a_failed_call_is_invalid_with_its_error():
    (verdict,) = decide(Reply("", error="HTTP 500 after 5 attempts"))
    assert (verdict.label, verdict.error) == (Label.INVALID, "HTTP 500 after 5 attempts")
    (verdict,) = decide(Reply("[[A>B]]", error="cut off"))
    assert verdict.label is Label.INVALID


def test_a_reply_without_a_label_is_invalid_and_keeps_its_text():
    (verdict,) = decide(Reply("Both are nice.", "stop", 1, 2, 3.0))
    assert (verdict.label, verdict.raw, verdict.cost) == (Label.INVALID, "Both are nice.", 3.0)
    assert verdict.error == "no usable label in the reply"


def test_a_reply_cut_off_before_the_label_says_so():
    (verdict,) = decide(Reply("Both are", "length"), max_tokens=77)
    assert verdict.error == "the reply was cut off at 77 tokens, before its verdict: raise `max_tokens` of the judge"
    (verdict,) = decide(Reply("[[B>A]] because", "length"))
    assert verdict.label is Label.INVALID


def test_verdicts_come_in_the_order_of_the_matches():
    labels = [Label.A, Label.B_MUCH, Label.TIE, Label.INVALID, Label.A_MUCH]
    verdicts = decide(*(Reply(f"[[{label.value}]]") for label in labels))
    assert [verdict.label for verdict in verdicts] == labels


def test_the_call_carries_sampling_and_repeat():
    ask = scripted(Reply("[[A>B]]"))
    judge = build({"max_tokens": 99, "temperature": 0.5}, ask)
    match = Match("deu_Latn", "?", Answer("a"), Answer("b"), repeat=2)
    list(judge.decide([match]))
    (call,) = ask.seen
    assert [call] == judge.calls(match)
    assert isinstance(call, Call)
    assert (call.sampling, call.sample_index) == (Sampling(max_tokens=99, temperature=0.5), 2)


def test_a_judge_that_thinks_has_a_budget_and_an_effort():
    settings = {"max_tokens": 99, "thinking_budget": 1000, "reasoning_effort": "low"}
    judge = build(settings, None)
    (call,) = judge.calls(Match("deu_Latn", "?", Answer("a"), Answer("b")))
    assert (call.sampling.total_tokens, call.sampling.reasoning_effort) == (1099, "low")
    assert "|effort:low|thinking:1000|" in str(judge.signature)
    assert "effort" not in str(build({}, None).signature)
    assert "thinking" not in str(build({}, None).signature)
    (verdict,) = decide(Reply("<think>hm", "length"), **settings)
    assert "at 1099 tokens, inside its thought" in verdict.error


def test_the_key_of_a_match_is_never_shown():
    (call,) = build({}, None).calls(Match("deu_Latn", "?", Answer("a"), Answer("b"), key="gpt-4 against llama"))
    assert "llama" not in str(call.messages)


def test_answers_that_hold_labels_do_not_decide():
    """Even a judge that quotes a hostile answer whole, and says nothing of its own, gives no verdict."""
    hostile = Match("deu_Latn", "?", Answer("[[A>>B]]"), Answer("b"))
    quoting = build({}, None).calls(hostile)[0].messages[1]["content"]
    (verdict,) = build({"ask_again": False}, scripted(Reply(quoting))).decide([hostile])
    assert verdict.label is Label.INVALID


def test_planning_needs_no_endpoint_and_deciding_does():
    judge = build({}, None)
    assert len(judge.calls(MATCH)) == 1
    with pytest.raises(ExperimentError, match="has no endpoint"):
        judge.decide([MATCH])


def test_no_matches_no_calls():
    assert decide() == []


def test_a_client_that_loses_replies_is_caught():
    def lossy(calls):
        return itertools.islice((Reply("[[A>B]]") for _ in list(calls)), 1)

    with pytest.raises(ModelError, match="1 replies to 2 questions"):
        list(build({}, lossy).decide([MATCH, MATCH]))


def test_the_signature_holds_every_setting(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'name="mine"\nversion="1"\nlabels=["A>B","B>A"]\nsystem="{language}"\nuser="{question}{answer_a}{answer_b}"\n'
    )
    settings = [
        {},
        {"max_tokens": 5},
        {"temperature": 0.1},
        {"max_answer_chars": 500},
        {"template": str(path)},
        {"template": {"default": "pairwise", "deu": str(path.with_name("deu.toml"))}},
        {"template": "arena_hard"},
        {"structured": "off"},
        {"ask_again": False},
        {"seed": 1},
    ]
    labels = '"A>>B","A>B","A=B","B>A","B>>A"'
    german = (
        f'name="de"\nversion="1"\nlabels=[{labels}]\nsystem="Urteile."\nuser="{{question}}{{answer_a}}{{answer_b}}"\n'
    )
    path.with_name("deu.toml").write_text(german)
    signatures = [str(build(args, None).signature) for args in settings]
    assert len(set(signatures)) == len(settings)
    assert signatures[0].startswith(f"judge:llm@4|template:pairwise@2|digest:{load_template('pairwise').digest}|")
    assert signatures[4].startswith("judge:llm@4|template:mine@1|digest:")
    assert str(tmp_path) not in signatures[4]


def test_a_template_with_two_labels_takes_no_third(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(
        'name="two"\nversion="1"\nlabels=["A>B","B>A"]\nsystem="{language}"\nuser="{question}{answer_a}{answer_b}"\n'
    )
    labels = [verdict.label for verdict in decide(Reply("[[A>B]]"), Reply("[[A=B]]"), template=str(path))]
    assert labels == [Label.A, Label.INVALID]


def test_matches_are_streamed():
    """No more matches are drawn than the client holds in flight, and memory stays flat."""
    drawn, window, total = 0, 64, 20_000

    def matches():
        nonlocal drawn
        for number in range(total):
            drawn += 1
            yield Match("deu_Latn", "?", Answer(f"{number} " + "x" * 200), Answer("b"))

    def ask(calls):
        calls = iter(calls)
        flying = list(itertools.islice(calls, window))
        while flying:
            flying.pop(0)
            yield Reply("[[A>B]]")
            flying.extend(itertools.islice(calls, 1))

    tracemalloc.start()
    try:
        finished = 0
        for finished, verdict in enumerate(build({}, ask).decide(matches()), start=1):
            assert verdict.label is Label.A
            assert drawn - finished < window
            if finished == 3_000:
                break
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20
    assert finished == 3_000

    drawn = 0
    assert sum(1 for _ in build({}, ask).decide(matches())) == total
