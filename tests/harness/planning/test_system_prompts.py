"""System prompts are filled in one pass, with the names of the item's language."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.models.system_prompt import system_text
from polyarena.harness.planning.systems import messages
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.item import FewShotExample, Item


@every_case(
    ("language", "text"),
    [
        ("deu_Latn", "Answer in Deutsch (German, deu_Latn)."),
        ("hin_Deva", "Answer in हिन्दी (Hindi, hin_Deva)."),
        ("arb_Arab", "Answer in العربية (Arabic, arb_Arab)."),
    ],
)
def test_the_language_is_named(language, text):
    assert system_text("Answer in {autonym} ({language}, {code}).", language) == text


def test_no_prompt_is_no_prompt():
    assert system_text(None, "deu_Latn") is None


@given(st.text(st.characters(exclude_characters="{}"), max_size=50))
def test_text_without_placeholders_is_kept(text):
    assert system_text(text, "deu_Latn") == text


def test_braces_that_are_no_placeholder_are_kept():
    json = 'Reply as {"answer": 1} or {} or {{x}}'.replace("{{x}}", "{1}")
    assert system_text(json, "deu_Latn") == json


def test_an_unknown_placeholder_is_refused_with_its_place():
    with pytest.raises(ExperimentError, match=r"file:3: unknown placeholder \{name\}") as caught:
        system_text("I am {name}", "deu_Latn", where="file:3")
    assert caught.value.fix


ITEM = Item("1", "1", "eng_Latn", "why?")
FEW = Item(
    "1", "1", "eng_Latn", "Q: c?\nA:", examples=(FewShotExample("Q: a?\nA:", "b"), FewShotExample("Q: 1?\nA:", "2", ""))
)


def test_the_user_speaks_last():
    assert messages("be kind", ITEM) == (
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "why?"},
    )
    assert messages(None, ITEM) == messages("", ITEM) == ({"role": "user", "content": "why?"},)
    assert messages(None, ITEM, multiturn=True) == messages(None, ITEM)


def test_few_shot_examples_are_text_before_the_question_or_turns():
    (only,) = messages(None, FEW)
    assert only == {"role": "user", "content": "Q: a?\nA: b\n\nQ: 1?\nA:2\n\nQ: c?\nA:"}
    turns = messages("be kind", FEW, multiturn=True)
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert [turn["content"] for turn in turns[1:]] == ["Q: a?\nA:", "b", "Q: 1?\nA:", "2", "Q: c?\nA:"]
