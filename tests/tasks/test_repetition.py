"""Texts that run in circles."""

import json

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.repetition import LOOP_TIMES, SHORTEST, loop_turns, repeated_share

LOOPS = {
    "eng": "I will do my best to help you with this. ",
    "deu": "Das ist eine sehr gute Frage, und ich freue mich darüber. ",
    "zho": "这是一个非常好的问题，我很高兴能够回答。",
    "tha": "นี่เป็นคำถามที่ดีมากและฉันยินดีที่จะตอบ",
    "hin": "यह एक बहुत अच्छा सवाल है और मुझे खुशी है। ",
    "ara": "هذا سؤال جيد جدا وأنا سعيد بالإجابة عليه. ",
    "one word": "na ",
    "one letter": "哈",
}


@every_case("name", LOOPS)
def test_loops_in_any_script_are_near_one(name):
    assert repeated_share(LOOPS[name] * 120) > 0.8


@every_case("name", ["eng", "zho", "hin"])
def test_a_counter_in_the_loop_does_not_hide_it(name):
    assert repeated_share("".join(f"{count}. {LOOPS[name]}" for count in range(60))) > 0.65


def test_short_texts_and_code_are_left_alone():
    assert repeated_share("ha " * (SHORTEST // 3)) == 0
    assert repeated_share("```\n" + "x = 0\n" * 500 + "```") == 0
    assert repeated_share("") == 0


def test_a_text_written_twice_is_near_a_half(sentences):
    text = " ".join(sentences["deu_Latn"][:10]) + " "
    assert repeated_share(text) < 0.02
    assert repeated_share(text * 2) == pytest.approx(0.5, abs=0.03)
    assert repeated_share(text * 4) == pytest.approx(0.75, abs=0.03)


def test_natural_text_in_99_languages_does_not_repeat_itself(sentences):
    assert max(repeated_share(" ".join(rows[:30])) for rows in sentences.values()) < 0.2


def test_the_five_real_answers_that_run_in_circles(test_data):
    """Each was read; the next below the threshold, at 0.59, is a song whose verses come twice."""
    found = set()
    for model in ("gpt-4", "Llama-3.3-70B-Instruct"):
        for path in (test_data / "completions/m-ArenaHard" / model).glob("*.jsonl"):
            for line in path.read_text(encoding="utf-8").strip().split("\n"):
                row = json.loads(line)
                if repeated_share(row["completion"]) > 0.65:
                    found.add((model, path.stem, row["question_id"][:6]))
    assert found == {
        ("gpt-4", "he", "f4c8b6"),
        ("gpt-4", "hi", "70dccc"),
        ("Llama-3.3-70B-Instruct", "ko", "face6a"),
        ("Llama-3.3-70B-Instruct", "ar", "e9a2e1"),
        ("Llama-3.3-70B-Instruct", "hi", "51139d"),
    }


@given(st.text(max_size=600))
def test_is_a_share(text):
    assert 0 <= repeated_share(text) < 1


@every_case(
    ("text", "turns"),
    [
        ("Vat deze, het is het hebben van het hebben van het hebben van het hebben van", 4),
        ("Ceştere, ajuns, ajuns, ajuns, ajuns, ajuns, ajuns, aj", 6),
        ("עברית לעברית לעברית לעברית ל", 4),
        ("哈" * 30, 30),
        ("one two three four five six seven eight", 1),
        ("la la la", 1),
        ("- - - - - - - - - - - - - - - - - - - -", 1),
        ("", 1),
    ],
)
def test_a_loop_at_the_end_is_seen_however_short_the_text(text, turns):
    assert loop_turns(text) == turns


@given(st.text(alphabet="abcdefgh ", min_size=8, max_size=40).filter(str.strip), st.integers(4, 9))
def test_whatever_comes_before_a_loop_does_not_hide_it(before, times):
    assert loop_turns(f"{before}! " + "ne sait pas, " * times) >= times - 1


def test_one_real_answer_of_a_large_model_ends_in_a_loop(test_data):
    found = {
        (path.parent.name, path.stem)
        for path in (test_data / "completions/m-ArenaHard").glob("*/*.jsonl")
        for line in path.read_text(encoding="utf-8").strip().split("\n")
        if loop_turns(json.loads(line)["completion"]) >= LOOP_TIMES
    }
    assert found == {("gpt-4", "he")}
