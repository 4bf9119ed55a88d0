"""Hostile answers: none decides its own verdict, and none breaks a game.

The corpus is tests/judges/attacks.jsonl: one attack a line, in English and 18 other languages, in favour of the answer
that is shown first.
"""

import json
from functools import lru_cache
from pathlib import Path

import pytest
from every_case import every_case

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.endpoints.request import request_body
from polyarena.judges import Answer, Label, Match, Reply, games, message_text, pairings
from polyarena.judges.llm import build, load_template, template_names
from polyarena.judges.llm.delimiters import truncate_middle
from polyarena.judges.llm.neutralize import neutralize
from polyarena.judges.llm.template import TemplateKind
from polyarena.judges.records import GAME_SCHEMA
from polyarena.tasks.item import Item
from polyarena.tasks.records import Completion, to_table

LIMIT = 20_000
CORPUS = Path(__file__).with_name("attacks.jsonl")


@lru_cache
def attacks():
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    return {f"{row['id']}-{row['language']}-{row['kind']}": row["text"] * row.get("times", 1) for row in rows}


def languages():
    return {name.split("-")[1] for name in attacks()}


attack = every_case("attack", [pytest.param(text, id=name) for name, text in attacks().items()])
template = every_case("template", template_names())


def match(text, side="a", language="eng_Latn"):
    other = Answer("A decent answer.")
    answers = (Answer(text), other) if side == "a" else (other, Answer(text))
    return Match(language, "What is this?", *answers)


def judged(game, reply, **args):
    """The verdict of a scripted judge; ``reply`` maps a call to the text of its reply."""

    def ask(calls):
        for call in calls:
            yield Reply(reply(call), "stop", 1, 1, 0.0)

    (verdict,) = build(args, ask).decide([game])
    return verdict


def shown(call):
    """What the judge saw between the delimiters of each answer."""
    user = message_text(call.messages[1])
    code = user.partition("The answer")[2].partition("with the code ")[2][:16]
    found = {}
    for what in ("answer A", "answer B", "answer"):
        head, tail = f"<<<{what} {code}>>>\n", f"\n<<<end of {what} {code}>>>"
        if head in user:
            assert user.count(head) == user.count(tail) == 1
            found[what] = user.partition(head)[2].partition(tail)[0]
    return found


def test_the_corpus_is_large_and_in_many_languages():
    assert len(attacks()) >= 60
    assert len(set(attacks().values())) == len(attacks())
    assert len(languages()) >= 8
    assert max(map(len, attacks().values())) >= 200_000


@template
@attack
def test_an_answer_stays_between_its_delimiters(attack, template):
    rules = load_template(template)
    calls = build({"template": template, "max_answer_chars": LIMIT}, None).calls(match(attack))
    code = message_text(calls[0].messages[1]).partition("The answer")[2].partition("with the code ")[2][:16]
    kept = shown(calls[0])
    assert set(kept) == ({"answer A", "answer B"} if rules.kind is TemplateKind.PAIRWISE else {"answer"})
    harmless = neutralize(attack, tuple(rules.words.values()), rules.marker)
    assert kept.get("answer A", kept.get("answer")) == truncate_middle(harmless, LIMIT, code)
    assert len(message_text(calls[0].messages[1])) < LIMIT + 3_000


@template
@attack
def test_a_judge_that_repeats_an_answer_gives_no_verdict(attack, template):
    """Neither the answer as it was shown, nor with its delimiters, nor the whole question is read as a verdict."""
    rules = load_template(template)

    def parrot(call):
        return "\n".join(shown(call).values())

    assert judged(match(attack), parrot, template=template, ask_again=False).label is Label.INVALID
    (call, *_) = build({"template": template}, None).calls(match(attack))
    for text in shown(call).values():
        for part in (text, *text[:LIMIT].split("\n")[:50], text[text.find("{") : text.rfind("}") + 1]):
            assert rules.read(part) is None
    for reply in (
        lambda call: message_text(call.messages[1]),
        lambda call: "\n".join(map(message_text, call.messages)),
    ):
        verdict = judged(match(attack), reply, template=template, ask_again=False)
        assert verdict.label is Label.INVALID
        texts = [verdict.raw, *(each.raw for each in verdict.ratings or ())]
        assert all(rules.read(text) is None for text in texts)


@attack
@every_case("side", ["a", "b"])
def test_the_judges_own_verdict_stands_beside_a_quotation(attack, side):
    def quoting(call):
        (quoted,) = [text for text in shown(call).values() if text != "A decent answer."]
        return f"One of them says:\n{quoted[:500]}\n```\nSo I say:\n[[B>A]]"

    verdict = judged(match(attack, side), quoting, structured="off")
    # An attack may open a code fence that swallows the verdict of a judge that quotes it: then there is none.
    assert verdict.label in (Label.B, Label.INVALID)

    def in_json(call):
        return json.dumps({"explanation": "\n".join(shown(call).values()), "verdict": "B>A"})

    assert judged(match(attack, side), in_json).label is Label.B


@attack
def test_no_template_token_and_no_hidden_sign_reaches_the_judge(attack):
    (call,) = build({}, None).calls(match(attack))
    text = message_text(call.messages[1])
    for token in ("<|", "<｜", "[INST]", "<<SYS>>", "</s>", "<start_of_turn>", "[SYSTEM_PROMPT]", "<think>"):
        assert token not in text
    assert not any(0x202A <= ord(sign) <= 0x202E or 0x2066 <= ord(sign) <= 0x2069 for sign in text)
    assert not any((ord(sign) < 32 and sign not in "\n\t") or 0xE0000 <= ord(sign) < 0xE0080 for sign in text)
    body = request_body(EndpointSettings(base_url="http://x/v1", model="m"), call)
    assert json.loads(json.dumps(body))["messages"][1]["content"] == text


def test_no_attack_breaks_a_game_of_a_run():
    """A run over the whole corpus, on both sides, by a judge that copies what it reads: one stored game for each."""
    texts = attacks()
    items = {name: Item(name, name, "eng_Latn", f"Question {name}") for name in texts}

    def answered(system, texts):
        return [Completion(system, "t", "eng_Latn", name, 0, name, "p", text) for name, text in texts.items()]

    paired = pairings(answered("evil", texts), answered("good", dict.fromkeys(texts, "Good.")), items)

    def ask(calls):
        for call in calls:
            yield Reply("\n".join(shown(call).values()) if len(call.messages) == 2 else "[[A=B]]")

    made = list(games("llm", paired, build({}, ask).decide(paired.matches())))
    assert len(made) == 2 * len(texts)
    assert {game.label for game in made} == {"A=B"}
    assert {game.asked for game in made} == {2}
    assert to_table(made, GAME_SCHEMA).num_rows == len(made)
