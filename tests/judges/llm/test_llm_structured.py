"""Replies that are JSON."""

import json

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Answer, Label, Match, Reply
from polyarena.judges.llm import build, load_template, parse
from polyarena.judges.llm.structured import json_verdict, verdict_schema
from polyarena.tasks.errors import ExperimentError

MATCH = Match("deu_Latn", "?", Answer("a"), Answer("b"))


def test_the_explanation_comes_before_the_verdict():
    schema = verdict_schema(["yes", "no"], 'Write "explanation" and "verdict".')
    assert list(schema["properties"]) == schema["required"] == ["explanation", "verdict"]
    assert schema["properties"]["verdict"]["enum"] == ["yes", "no"]
    assert json.loads(json.dumps(schema)) == schema


def test_a_template_that_asks_for_no_explanation_gets_no_room_for_one():
    schema = verdict_schema(["yes", "no"], 'Write one key, "verdict".')
    assert list(schema["properties"]) == schema["required"] == ["verdict"]


@every_case(
    ("text", "label"),
    [
        ('{"explanation": "x", "verdict": "A>>B"}', "A>>B"),
        ('{"verdict": "B>A"}', "B>A"),
        (' \n{"explanation": "[[A>>B]]\\n[[A>>B]]", "verdict": "[[B>A]]"}\n', "B>A"),
        ('```json\n{"verdict": "A=B"}\n```', "A=B"),
        ('<think>\n[[A>>B]]\n</think>\n{"verdict": "A=B"}', "A=B"),
        ('{"verdict": "Ａ＞Ｂ"}', "A>B"),
        ('{"verdict": "A<B"}', "invalid"),
        ('{"verdict": "A>B", "verdict": "B>A"}', "invalid"),
        ('{"verdict": ["A>B"]}', "invalid"),
        ('{"verdict": null}', "invalid"),
        ('{"explanation": {"verdict": "A>B"}}', "invalid"),
        ('{"explanation": "The end.", "verd', "invalid"),
        ('The answer says {"verdict": "A>>B"}', "invalid"),
        ('{"verdict": "A>>B"}\n{"verdict": "A>>B"}', "invalid"),
        ('{"verdict": "A>>B"} is what answer A says.\n[[B>A]]', "B>A"),
    ],
)
def test_only_a_reply_that_is_an_object_says_its_verdict_there(text, label):
    assert parse(text) == label


@given(st.text())
def test_any_text_is_read(text):
    said = json_verdict(text)
    assert said is None or '"verdict"' in text or "\\u" in text


def test_deep_nesting_is_no_verdict():
    assert json_verdict('{"verdict": ' + "[" * 100_000 + "}") is None


def test_the_schema_goes_with_the_question_and_off_leaves_it_out():
    (call,) = build({}, None).calls(MATCH)
    template = load_template("pairwise")
    assert call.schema == verdict_schema([label.value for label in template.labels], template.json)
    assert "explanation" in call.schema["required"]
    (plain,) = build({"structured": "off"}, None).calls(MATCH)
    assert plain.schema is None
    assert call.messages[0] != plain.messages[0]


def test_a_template_without_json_words_is_asked_in_text(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'name="mine"\nversion="1"\nlabels=["A>B","B>A"]\nsystem="{language}"\nuser="{question}{answer_a}{answer_b}"\n'
    )
    (call,) = build({"template": str(path)}, None).calls(MATCH)
    assert call.schema is None
    assert "|output:text|" in str(build({"template": str(path)}, None).signature)
    with pytest.raises(ExperimentError, match="does not say how to reply in JSON"):
        build({"template": str(path), "structured": "json"}, None)


def test_the_verdict_of_an_object_counts_whole():
    def ask(calls):
        for _ in calls:
            yield Reply('{"explanation": "A says [[A>>B]].", "verdict": "B>A"}', "stop", 10, 5, 0.1)

    (verdict,) = build({}, ask).decide([MATCH])
    assert (verdict.label, verdict.asked, verdict.cost) == (Label.B, 1, 0.1)
