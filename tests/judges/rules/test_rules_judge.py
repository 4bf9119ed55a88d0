"""The offline judge."""

import json
from dataclasses import replace

import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.judges import Answer, Label, Match
from polyarena.judges.rules import build
from polyarena.judges.rules.settings import POINTS, Fault
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.languages import find_language

GERMAN = "Das ist eine gute Frage, und die Antwort darauf ist nicht ganz einfach."
ENGLISH = "This is a good question, and the answer to it is not quite simple."
RUSSIAN = "Это хороший вопрос, и ответ на него не совсем простой."
LOOP = "Das ist eine sehr gute Frage, und ich freue mich darüber. " * 30
HAUSA = "Wannan tambaya ce mai kyau, kuma amsar ba ta da sauƙi sosai ga kowa."

MIRROR = {
    Label.A_MUCH: Label.B_MUCH,
    Label.A: Label.B,
    Label.TIE: Label.TIE,
    Label.B: Label.A,
    Label.B_MUCH: Label.A_MUCH,
}


def decide(a, b, language="deu_Latn", **args):
    a, b = (each if isinstance(each, Answer) else Answer(each) for each in (a, b))
    (verdict,) = build(args, None).decide([Match(language, "?", a, b)])
    return verdict


@every_case(
    ("a", "b", "label"),
    [
        (GERMAN, GERMAN, "A=B"),
        (GERMAN, "", "A>>B"),
        (GERMAN, " \n\u200b\x00�", "A>>B"),
        ("", "", "A=B"),
        (GERMAN, ENGLISH, "A>>B"),
        (GERMAN, RUSSIAN, "A>>B"),
        (ENGLISH, RUSSIAN, "A=B"),
        (GERMAN, LOOP, "A>B"),
        (GERMAN, Answer(GERMAN, "length"), "A>B"),
        (Answer(GERMAN, "stop"), Answer(GERMAN, None), "A=B"),
        (ENGLISH, "", "A>>B"),
        (Answer(LOOP, "length"), ENGLISH, "A>B"),
        (Answer(LOOP, "length"), Answer(LOOP, "stop"), "B>A"),
        (LOOP, Answer(GERMAN, "length"), "B>A"),
        (GERMAN, "Ja.", "A=B"),
        (GERMAN, "```\nint main() { return 0; }\n```", "A=B"),
    ],
)
def test_verdicts(a, b, label):
    assert decide(a, b).label == label


def test_a_language_that_cannot_be_identified_is_compared_by_script_alone():
    assert decide(HAUSA, ENGLISH, "hau_Latn").label == "A=B"
    assert decide(HAUSA, RUSSIAN, "hau_Latn").label == "A>>B"


def test_raw_says_what_was_found_and_why():
    raw = decide(GERMAN, Answer(ENGLISH, "length")).raw
    first, second, reason = raw.split("\n")
    assert first.startswith("A: no fault found (mostly Latn letters, identified as deu_Latn")
    assert "in another language than deu_Latn" in second
    assert "eng_Latn with probability 0.9" in second
    assert "cut off at the length limit [1]" in second
    assert reason.startswith("0 points of fault against 5: A is much better")
    assert "the answer is empty [8]" in decide("", GERMAN).raw
    assert "in another script" in decide(RUSSIAN, GERMAN).raw
    assert "runs in circles: 9" in decide(LOOP, GERMAN).raw
    assert decide(GERMAN, GERMAN).raw.endswith("0 points each: a tie (rules, 4 points or more are much).")


def test_each_fault_weighs_more_than_all_lighter_ones():
    weights = [POINTS[fault] for fault in Fault]
    assert all(weight > sum(weights[place + 1 :]) for place, weight in enumerate(weights))


def test_what_was_identified_before_is_used():
    claimed = Answer(ENGLISH, None, "deu_Latn", 0.99, "Latn")
    assert decide(claimed, GERMAN).label == "A=B"


def test_thresholds_can_be_set_and_are_in_the_signature():
    doubtful = Answer(ENGLISH, None, "eng_Latn", 0.6, "Latn")
    assert decide(doubtful, GERMAN).label == "A=B"
    assert decide(doubtful, GERMAN, min_probability=0.5).label == "B>>A"
    assert decide(LOOP, GERMAN, max_repeated=1.0, loop_times=9_999).label == "A=B"
    signatures = {str(build(args, None).signature) for args in ({}, {"min_probability": 0.5}, {"max_repeated": 1.0})}
    assert len(signatures) == 3
    assert all("lid.176" in signature and "empty=8" in signature for signature in signatures)


def test_calls_itself_what_it_is_and_asks_nobody():
    judge = build({}, None)
    assert "rule of thumb" in judge.description
    assert "does not read for quality" in judge.description
    assert judge.calls(Match("deu_Latn", "?", Answer("a"), Answer("b"))) == []
    with pytest.raises(ExperimentError, match="was given an endpoint"):
        build({}, lambda calls: iter(()))


def test_matches_are_drawn_one_at_a_time():
    drawn = []

    def matches():
        for number in range(1000):
            drawn.append(number)
            yield Match("deu_Latn", "?", Answer(GERMAN), Answer(""))

    verdicts = build({}, None).decide(matches())
    next(verdicts)
    next(verdicts)
    assert len(drawn) == 2


answers = st.builds(
    Answer,
    st.one_of(st.sampled_from([GERMAN, ENGLISH, RUSSIAN, HAUSA, LOOP, "", "Ja.", "\ud800"]), st.text(max_size=150)),
    st.sampled_from(["stop", "length", None]),
)


@given(answers, answers, st.sampled_from(["deu_Latn", "rus_Cyrl", "hau_Latn", "jpn_Jpan", "xyz_Zyyy"]))
@settings(deadline=None)
def test_swapping_the_answers_mirrors_the_verdict(a, b, language):
    verdict, swapped = decide(a, b, language), decide(b, a, language)
    assert swapped.label == MIRROR[verdict.label]
    assert decide(a, b, language) == verdict
    assert decide(a, a, language).label == "A=B"


def test_real_answers_of_two_strong_models(test_data):
    """Both nearly always answer in the right language, so nearly all is tied; each of the ten others was read."""
    folder = test_data / "completions/m-ArenaHard"
    labels = {}
    for path in sorted((folder / "Llama-3.3-70B-Instruct").glob("*.jsonl")):
        language = find_language(path.stem).code
        sides = []
        for file in (folder / "gpt-4" / path.name, path):
            rows = map(json.loads, file.read_text(encoding="utf-8").strip().split("\n"))
            sides.append({row["question_id"]: row["completion"] for row in rows})
        for item in sides[0].keys() & sides[1].keys():
            labels[language, item[:6]] = decide(sides[0][item], sides[1][item], language).label
    assert len(labels) == 1140
    assert {key: label for key, label in labels.items() if label != "A=B"} == {
        ("arb_Arab", "e9a2e1"): "A>B",
        ("heb_Hebr", "a3977c"): "B>>A",
        ("heb_Hebr", "f4c8b6"): "B>A",
        ("hin_Deva", "51139d"): "A>B",
        ("hin_Deva", "70dccc"): "B>A",
        ("jpn_Jpan", "60856d"): "B>>A",
        ("kor_Hang", "face6a"): "A>B",
        ("nld_Latn", "51c444"): "B>>A",  # A list of chord names, taken for German.
        ("ron_Latn", "a3977c"): "B>>A",
        ("tur_Latn", "60856d"): "B>>A",
    }


def test_a_translation_into_english_is_expected_in_english():
    judge = build({}, None)
    asked = Match("deu_Latn", "?", Answer(ENGLISH), Answer(GERMAN))
    (german,), (english,) = judge.decide([asked]), judge.decide([replace(asked, answer_language="eng_Latn")])
    assert german.label == "B>>A"
    assert english.label == "A>>B"
    assert "than eng_Latn" in english.raw
