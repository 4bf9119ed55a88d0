"""Refusals that were distilled with a preamble are trained on without it, at a stated weight."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.errors import DataError
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.mixtures.safety import (
    HARM_TASKS,
    OVER_REFUSAL_TASKS,
    PREAMBLE,
    add_preambles,
    distilled_refusals,
    longest_repeat,
)
from polyarena.tasks.registry import find_task

REFUSAL = "I am sorry, but I do not help with requests that may hurt somebody."


def prompts(count=3):
    return [TrainingRow(str(at), "harmful", "eng_Latn", f"harmful {at}", "", "Apache-2.0") for at in range(count)]


def test_the_teacher_sees_the_preamble_and_the_rows_do_not():
    asked = add_preambles(prompts(1), {"deu_Latn": "Ist das schädlich?"})
    assert asked[0].prompt == f"{PREAMBLE}\n\nharmful 0"
    assert add_preambles(prompts(1), {"eng_Latn": "Is it?"})[0].prompt == "Is it?\n\nharmful 0"
    found = distilled_refusals(prompts(1), {"0": REFUSAL}, "safety", "teacher's terms")
    assert found.rows == (TrainingRow("0", "safety", "eng_Latn", "harmful 0", REFUSAL, "teacher's terms"),)


@every_case(
    ("answer", "reason"),
    [
        ("", "empty"),
        ("No.", "too short"),
        ("word " * 300, "too long"),
        ("I cannot do that. I cannot do that. ", "repetitive"),
        (REFUSAL, None),
    ],
)
def test_answers_are_filtered_and_counted(answer, reason):
    found = distilled_refusals(prompts(2), {"0": answer, "1": REFUSAL + " Truly."}, "safety", "MIT")
    assert found.left_out == ({reason: 1} if reason else {})


def test_nothing_left_is_refused():
    with pytest.raises(DataError, match="no refusal is left") as refused:
        distilled_refusals(prompts(2), {"0": "No."}, "safety", "MIT")
    assert refused.value.why in ("1 too short, 1 empty", "1 empty, 1 too short")


@every_case(("text", "expected"), [("", 0), ("abc", 0), ("abcabc", 3), ("aaaa", 3), ("xabcyabcz", 3), ("banana", 3)])
def test_the_longest_repeat(text, expected):
    assert longest_repeat(text) == expected


@given(st.text("ab", max_size=30))
def test_the_longest_repeat_is_that_of_a_search_by_hand(text):
    repeats = [
        size
        for size in range(1, len(text))
        for at in range(len(text) - size)
        if text.find(text[at : at + size], at + 1) > 0
    ]
    assert longest_repeat(text) == max(repeats, default=0)


@every_case("name", (*HARM_TASKS, *OVER_REFUSAL_TASKS))
def test_the_tasks_that_measure_it_exist(name):
    assert find_task(name).card.name == name
