"""Thoughts are told from answers in the forms that model families write, in linear time."""

from __future__ import annotations

import re

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.thinking import (
    AUTO,
    HARMONY_START,
    OFF,
    Detection,
    SplitText,
    ThinkingRule,
    close_thought,
    cut_at_stops,
    join_thoughts,
    read_message,
    split_thought,
    thought_opened_by,
)
from polyarena.tasks.thought_marks import FAMILIES, MARK

MARKS = re.compile(
    MARK.pattern + r"|<\|channel\|>|analysis|here|<\|start_|<answer>",
    re.IGNORECASE,
)
prose = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: not MARKS.search(text))


def words(text: str) -> str:
    return text.strip(" \t\r\n\f\v\u00a0\u200b\ufeff")


@every_case("family", FAMILIES, ids=lambda family: family.end)
def test_every_family_is_found(family):
    whole = f"{family.start}\nFirst I think.\n{family.end}\n\nThe answer is 4."
    assert split_thought(whole) == SplitText("The answer is 4.", "First I think.")
    assert split_thought(whole.removeprefix(family.start)) == SplitText("The answer is 4.", "First I think.")
    assert split_thought(f"  \n{family.start.upper()}x{family.end.upper()}y") == SplitText("y", "x")
    assert split_thought(f"{family.start}\nSo 6 times 7 is 42. Let me") == SplitText(
        "", "So 6 times 7 is 42. Let me", False
    )
    assert split_thought(f"{family.start}{family.end}\n\nyes") == SplitText("yes", "")


@every_case(
    ("text", "answer", "thought"),
    [
        ("<think>a</think>b</think>c", "c", "a</think>b"),
        ("a</think>b</think>c", "c", "a</think>b"),
        ("<think>a<think>b</think>c</think>d", "d", "a<think>b</think>c"),
        ("<think>a</think>b\n<think>c</think>d", "d", "a</think>b\n<think>c"),
        (
            "could be\n[[B>A]]\nbut no.\n</think>\nMy verdict: [[A>B]]",
            "My verdict: [[A>B]]",
            "could be\n[[B>A]]\nbut no.",
        ),
        ("Sure.\n<think>\nwell\n</think>\nYes.", "Yes.", "Sure.\n       \nwell"),
        ("\ufeff<think>a</think>b", "b", "a"),
        ("<think>the tag `</think>` ends it</think>b", "b", "the tag `</think>` ends it"),
        ("<think>a</think>It is `</think>`.", "It is `</think>`.", "a"),
        ("<think>a</think><answer>\n42\n</answer>", "42", "a"),
        ("<think>a</think><answer>4</answer> and <answer>2</answer>", "<answer>4</answer> and <answer>2</answer>", "a"),
        ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>", "b", "a"),
        ("<|channel>thought\na\n<channel|>b", "b", "a"),
        ("Here is my thought process: a Here is my response: b", "b", "a"),
        ("Here's my thought process:\na\nHere's my response:\nb", "b", "a"),
        ("<think>a</think>Write:\n```\n<think>\n```\nDone.", "Write:\n```\n<think>\n```\nDone.", "a"),
        ("<think>```python\nx = 1\n</think>b", "b", "```python\nx = 1"),
        ("<think >a</think >b", "b", "a"),
        ("a\n</think\t>\nb", "b", "a"),
        ("<think>a</think  >b", "b", "a"),
        ("<thought >\na\n</thought>\nb", "b", "a"),
        ("<unused94>thought\na\n<unused95>b", "b", "a"),
        ("<|think|>a<|end|><|begin|>assistant<|content|>b", "b", "a"),
    ],
)
def test_forms_of_answers(text, answer, thought):
    assert split_thought(text) == SplitText(answer, thought)


@every_case(
    "text",
    [
        "",
        " \n",
        "The answer is 4.\n",
        "  leading space stays",
        "Use <think> and </think> around it, then answer.",
        "The marks are `<think>` and `</think>`.",
        'She said "</think>" and left.',
        "Prompt it so:\n```\n<think>\n...\n</think>\n```\nThat is all.",
        "analysis of the text: none",
        "analysis",
        "Analysis\nWe need",
        "here is my response: b",
        "I <thinking of it> sleep",
        "gpt-oss writes <|channel|>analysis before it",
        "In HTML, write <b >bold</b > and <think >, which no browser knows, or </think >.",
        "The element `<thought >` is closed by `</thought >`.",
        "<scratchpad>\n6 times 7 is 42.\n</scratchpad>\nIt is 42.",
        "<section >\n<reason>It rained.</reason>\n</section >",
        "HTML knows <details> and <summary>:\n```html\n<reasoning >\n<p>a</p>\n</reasoning >\n```\nAll is said.",
        "Apertus writes <|inner_prefix|> and <|inner_suffix|> around it.",
        "The token <unused94> is not used.",
    ],
)
def test_texts_without_a_thought_are_left_as_they_are(text):
    assert split_thought(text) == SplitText(text)


@every_case(
    ("text", "answer", "thought"),
    [
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>", "b", "a"),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b", "b", "a"),
        ("<|channel|>final<|message|>b<|return|>", "b", None),
        ("a<|end|><|start|>assistant<|channel|>final<|message|>b", "b", "a"),
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>c<|end|>"
            "<|start|>assistant<|channel|>final <|constrain|>json<|message|>{}<|return|>",
            "{}",
            "a\n\nc",
        ),
        ("analysisWe add.assistantfinalIt is 4.", "It is 4.", "We add."),
        ("analysis用户问。assistantfinal四", "四", "用户问。"),
    ],
)
def test_harmony(text, answer, thought):
    assert split_thought(text) == SplitText(answer, thought)


@every_case(
    "text",
    [
        "<|channel|>analysis<|message|>So 42",
        "<|channel|>analysis<|message|>So 42<|end|><|start|>assistant",
        "analysisSo 42",
    ],
)
def test_harmony_without_a_final_channel_is_no_answer(text):
    assert split_thought(text) == SplitText("", "So 42", ended=False)


def test_a_thought_that_never_ends_is_no_answer():
    assert split_thought("<think>\nSo 6 times 7 is 42").cut_off
    assert split_thought("Sure.\n<think>\nSo 42") == SplitText("", "Sure.\n       \nSo 42", ended=False)
    assert split_thought("<think>a</think>b\n<think>c") == SplitText("", "a</think>b\n<think>c", ended=False)
    assert split_thought("<think>a</think>\n\n<think>c").cut_off
    assert split_thought("<think>a</thinking>b").cut_off
    assert not split_thought("4").cut_off


def test_the_prompt_tells_that_a_text_begins_inside_a_thought():
    assert split_thought("So 42. Let me", opened="<think>") == SplitText("", "So 42. Let me", ended=False)
    assert split_thought("So 42.</think>4", opened="<think>") == SplitText("4", "So 42.")
    assert split_thought("<think>So</think>4", opened="<think>") == SplitText("4", "So")
    assert split_thought("use <think> and </think>\nno\n</think>4", opened="<think>").answer == "4"
    assert split_thought("a</thinking>b", opened="<think>").cut_off
    assert split_thought("a<|end|><|start|>assistant<|channel|>final<|message|>b", opened=HARMONY_START).answer == "b"
    assert split_thought("a", ThinkingRule(opened=True)).cut_off
    assert split_thought("a[/THINK]b", ThinkingRule(opened=True)) == SplitText("b", "a")


@every_case("family", FAMILIES, ids=lambda family: family.end)
@every_case("tail", ["", "\n", "\n\n  "])
def test_prompts_that_open_a_thought(family, tail):
    prompt = f"<|user|>What is <think>?<|assistant|>{family.start}{tail}"
    assert thought_opened_by(prompt) == family.start
    closed = close_thought(prompt)
    assert closed.startswith(prompt.rstrip())
    assert family.end in closed[len(prompt.rstrip()) :]
    assert thought_opened_by(closed) is None
    assert thought_opened_by(f"{prompt}x") is None


def test_prompts_of_harmony_are_closed_into_the_final_channel():
    assert thought_opened_by(f"<|start|>assistant{HARMONY_START}") == HARMONY_START
    assert close_thought("<|start|>assistant") == "<|start|>assistant<|channel|>final<|message|>"
    assert close_thought(f"x{HARMONY_START}").endswith("<|end|><|start|>assistant<|channel|>final<|message|>")


def test_prompts_without_a_thought_are_left():
    for prompt in ("", "Question: 4?\nAnswer:", "<|im_start|>assistant\n", "<think>\n\n</think>\n\n"):
        assert close_thought(prompt) == prompt
        assert close_thought(prompt, OFF) == prompt
    assert close_thought("x<think>", OFF) == "x<think>"


def test_marks_set_by_hand():
    rule = ThinkingRule(Detection.MARKS, "<<", ">>")
    assert split_thought("<<a>>b>>c", rule) == SplitText("c", "a>>b")
    assert split_thought("a>>c", rule) == SplitText("c", "a")
    assert split_thought("<<a", rule) == SplitText("", "a", ended=False)
    assert split_thought("<think>a</think>b", rule) == SplitText("<think>a</think>b")
    only_end = ThinkingRule(Detection.MARKS, None, "###")
    assert split_thought("a### b", only_end) == SplitText("b", "a")
    assert split_thought("a", only_end) == SplitText("a")
    assert split_thought("a", ThinkingRule(Detection.MARKS, None, "###", opened=True)).cut_off
    assert thought_opened_by("q <<\n", rule) == "<<"
    assert close_thought("q <<\n", rule) == "q <<\n>>\n\n"
    assert thought_opened_by("q", only_end) is None


def test_an_empty_end_mark_is_refused():
    with pytest.raises(ExperimentError, match="end of a thought"):
        ThinkingRule(Detection.MARKS)


def test_rules_in_signatures():
    assert str(AUTO) == "auto"
    assert str(OFF) == "off"
    assert str(ThinkingRule(opened=True)) == "auto,opened"
    assert str(ThinkingRule(Detection.MARKS, "<a>", "</a>")) == "<a>...</a>"


def test_off_leaves_everything():
    assert split_thought("<think>a</think>b", OFF) == SplitText("<think>a</think>b")


def test_stop_texts_end_the_answer_only():
    assert cut_at_stops("4\n\nQuestion: 5", ["Question:", "\n\n", ""]) == "4"
    assert cut_at_stops("4", []) == "4"


@every_case(
    ("message", "text", "thought"),
    [
        ({"content": "b"}, "b", None),
        ({"content": "b", "reasoning_content": "a"}, "b", "a"),
        ({"content": "b", "reasoning": "a", "reasoning_content": "a"}, "b", "a"),
        ({"content": "b", "reasoning": "a", "reasoning_details": [{"type": "reasoning.text", "text": "a"}]}, "b", "a"),
        (
            {"content": "b", "reasoning_details": [{"type": "reasoning.summary", "summary": "a"}, {"data": "x"}]},
            "b",
            "a",
        ),
        ({"content": "b", "thinking": "a"}, "b", "a"),
        ({"content": None, "reasoning_content": "a"}, "", "a"),
        ({"content": [{"type": "thinking", "thinking": "a"}, {"type": "text", "text": "b"}]}, "b", "a"),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "a"}]},
                    {"type": "text", "text": "b"},
                ]
            },
            "b",
            "a",
        ),
        ({"content": [{"type": "text", "text": "b"}, "c", 7]}, "bc", None),
        ({"content": None, "refusal": "no"}, "no", None),
        ({"content": None}, "", None),
        ({"content": 7, "reasoning": 7}, "", None),
        ({"content": "b", "reasoning": ""}, "b", None),
        ({}, "", None),
    ],
)
def test_messages_of_every_dialect(message, text, thought):
    assert (read_message(message).text, read_message(message).thought) == (text, thought)


@every_case(
    "part",
    [
        {"type": "text", "text": "6 * 7", "thought": True},
        {"type": "thought", "text": "6 * 7"},
        {"type": "thought", "thought": "6 * 7"},
        {"type": "reasoning_content", "text": "6 * 7"},
    ],
)
def test_parts_that_are_thoughts_are_never_glued_to_the_answer(part):
    read = read_message({"content": [part, {"type": "text", "text": "42"}]})
    assert (read.text, read.thought) == ("42", "6 * 7")


@every_case("field", [{"thinking_blocks": [{"type": "thinking", "thinking": "6"}]}, {"reasoning_text": "6"}])
def test_thoughts_in_fields_of_gateways(field):
    read = read_message({"content": "42", **field})
    assert (read.text, read.thought) == ("42", "6")


@every_case("before", ["\u200f", "\u202b", "\ufeff\u200e ", "\u2067\n"])
def test_marks_of_direction_may_stand_before_a_thought(before):
    """Answers in Arabic may begin with one: a number in a thought that was cut off after it was the answer."""
    assert split_thought(f"{before}<think>6</think>\u200f42").answer == "\u200f42"
    assert split_thought(f"{before}<think>so it is 42").cut_off


@every_case(
    ("text", "answer"),
    [
        ("<think>a</think><|begin_of_box|>7<|end_of_box|>", "7"),
        ("<|begin_of_thought|>a<|end_of_thought|>\n<|begin_of_solution|>\n7\n<|end_of_solution|>", "7"),
        ("<longcat_think>a</longcat_think>\n7", "7"),
        ("<think>a</think>So <|begin_of_box|>7<|end_of_box|>", "So <|begin_of_box|>7<|end_of_box|>"),
    ],
)
def test_wrappers_around_a_whole_answer_are_dropped(text, answer):
    assert split_thought(text).answer == answer


def test_a_thought_in_a_field_joins_one_in_the_text():
    assert join_thoughts(None, SplitText("b")) == SplitText("b")
    assert join_thoughts(" a\n", SplitText("b")) == SplitText("b", "a")
    assert join_thoughts("a", split_thought("c</think>b")) == SplitText("b", "a\n\nc")
    assert join_thoughts("a", SplitText(""), withheld=True) == SplitText("", "a", ended=False)
    assert join_thoughts("a", SplitText("b"), withheld=True) == SplitText("b", "a")
    assert join_thoughts("a", SplitText("")) == SplitText("", "a")


@given(prose)
def test_prose_is_its_own_answer(text):
    assert split_thought(text) == SplitText(text)


@given(prose, prose, st.sampled_from(FAMILIES), st.booleans())
def test_what_is_between_the_marks_is_the_thought(thought, answer, family, opened_by_prompt):
    text = f"{'' if opened_by_prompt else family.start}{thought}{family.end}{answer}"
    split = split_thought(text)
    if opened_by_prompt and thought.endswith(tuple("`\"'“‘«„「『")):
        return
    if not answer.lstrip().startswith(("<answer>", "`", '"', "'", "”", "’", "»", "“", "」", "』")):
        assert split == SplitText(answer.lstrip(" \t\r\n\f\v\u00a0\u200b\ufeff"), words(thought))


@given(
    st.lists(
        st.one_of(prose, st.sampled_from([m for f in FAMILIES for m in (f.start, f.end)] + ["\n", "```", "`"])),
        max_size=30,
    )
)
def test_no_text_is_refused_or_made_longer(parts):
    text = "".join(parts)
    for opened in (None, "<think>", HARMONY_START):
        split = split_thought(text, opened=opened)
        assert len(split.answer) <= len(text)
        assert split.ended or split.answer == ""
        assert split.answer in text
        assert len(split.thought or "") <= len(text)


@given(st.text(st.sampled_from("<|>/think channelmsgefiod\n`"), max_size=200))
def test_any_text_near_the_marks_is_read(text):
    assert len(split_thought(text).answer) <= len(text)


@every_case(
    "text",
    [
        "use <think> or " * 60_000,
        "</think>" * 60_000,
        "<think>" * 60_000,
        "```\n" * 100_000 + "<think>",
        " " * 500_000 + "<think>",
        "<|channel|>" * 50_000,
        "<|channel|>final" * 40_000,
        "a<|channel|>" * 40_000 + "final",
        "<|channel|>analysis<|message|>x<|end|>" * 20_000,
        "\n" * 400_000 + "analysis",
        "here is my thought process:" * 20_000,
        "<think>" + "here is my response" * 20_000,
        "x" + " <think>\t" * 50_000,
    ],
    ids=range(13),
)
def test_hostile_texts_end(text):
    """Half a megabyte each: anything but linear time would not end."""
    for opened in (None, "<think>"):
        split_thought(text, opened=opened)


def test_marks_that_a_prompt_asks_for_are_set_by_hand():
    rule = ThinkingRule(Detection.MARKS, start="<scratchpad>", end="</scratchpad>")
    assert split_thought("<scratchpad>6 times 7</scratchpad>\n42", rule) == SplitText("42", "6 times 7")
