"""XNLI, AfriXNLI, XStoryCloze, PAWS-X and MultiBLiMP on rows of their schemas."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.benchmarks import afrixnli, multiblimp, pawsx, xnli, xstorycloze
from polyarena.tasks.errors import DataError

PAIR = {"premise": "Alilala.", "hypothesis": "Alikuwa macho.", "label": 2}
LANGUAGE = {"xnli": "swh_Latn", "afrixnli": "swh_Latn"}

STORY = {f"input_sentence_{number}": f"Sentence {number}." for number in range(1, 5)}
STORY |= {"story_id": "s", "sentence_quiz1": "She left.", "sentence_quiz2": "He flew.", "answer_right_ending": 2}

WORDS = {"id": 5, "sentence1": "He went from Rome to Paris .", "sentence2": "He went from Paris to Rome .", "label": 0}


def test_xnli(ask):
    (item,) = ask(xnli.task, "swh_Latn", PAIR)
    assert (item.prompt, item.choice_separator, item.whole_choices) == ("", " ", True)
    assert item.choices == tuple(f"Alilala., sahihi? {word}, Alikuwa macho." for word in ("Ndiyo", "Hivyo", "Hapana"))
    assert (item.gold, item.source_id) == (2, "0")


def test_xnli_has_words_for_every_language():
    assert set(xnli.WORDS) == set(xnli.CONFIGS)
    assert all(len({word.casefold() for word in words}) == 4 for words in xnli.WORDS.values())
    assert "رقم" not in xnli.WORDS["arb_Arab"]


@pytest.mark.parametrize("task", [xnli.task, afrixnli.task], ids=lambda task: task.card.name)
@pytest.mark.parametrize("template", xnli.ENGLISH)
def test_english_templates_of_inference(ask, task, template):
    (item,) = ask(task.variant(template), "swh_Latn", PAIR)
    assert PAIR["premise"] in item.prompt
    assert PAIR["hypothesis"] in item.prompt
    assert len(set(item.choices)) == 3
    assert all(choice.casefold() in item.prompt.casefold() for choice in item.choices)
    assert item.choices[item.gold] in {"False", "No", "Never", "Wrong"}


@pytest.mark.parametrize("label", [-1, 3, "entailment", None])
def test_labels_outside_are_refused(ask, label):
    with pytest.raises(DataError, match="label"):
        ask(xnli.task, "swh_Latn", {**PAIR, "label": label})


def test_afrixnli(ask):
    (item,) = ask(afrixnli.task, "swh_Latn", PAIR)
    assert item.prompt == "Alilala.\nQuestion: Alikuwa macho. True, False, or Neither?\nAnswer:"
    assert item.choices == ("True", "Neither", "False")


def test_xstorycloze(ask):
    (item,) = ask(xstorycloze.task, "eus_Latn", STORY)
    assert item.prompt == "Sentence 1. Sentence 2. Sentence 3. Sentence 4."
    assert item.choices == ("She left.", "He flew.")
    assert (item.gold, item.item_id) == (1, "s")


@pytest.mark.parametrize("template", xstorycloze.task.templates[1:])
def test_other_templates_of_stories(ask, template):
    (item,) = ask(xstorycloze.task.variant(template), "eng_Latn", STORY)
    assert "Sentence 1. Sentence 2. Sentence 3. Sentence 4." in item.prompt
    assert all(choice in item.prompt for choice in item.choices)
    assert item.choices == ("She left.", "He flew.")


@pytest.mark.parametrize("missing", ["story_id", "input_sentence_3", "sentence_quiz2", "answer_right_ending"])
def test_a_story_that_lacks_a_part(ask, missing):
    with pytest.raises(DataError, match=f"'{missing}' is missing"):
        ask(xstorycloze.task, "eng_Latn", {key: value for key, value in STORY.items() if key != missing})


def test_pawsx(ask):
    (item,) = ask(pawsx.task, "eng_Latn", WORDS)
    assert (item.prompt, item.choice_separator, item.whole_choices) == ("", "", True)
    start = "He went from Rome to Paris, right?"
    assert item.choices == (f"{start} No, he went from Paris to Rome.", f"{start} Yes, he went from Paris to Rome.")
    assert (item.gold, item.source_id) == (0, "5")
    (same,) = ask(pawsx.task, "zho_Hans", {**WORDS, "sentence1": "他走了。", "sentence2": "他离开了。", "label": 1})
    assert same.choices[same.gold] == "他走了, 对吧? 是, 他离开了。"
    (name,) = ask(pawsx.task, "kor_Hang", {**WORDS, "sentence2": "NBA 선수이다."})
    assert [choice.partition("? ")[2] for choice in name.choices] == ["아니요, NBA 선수이다.", "예, NBA 선수이다."]


@pytest.mark.parametrize("empty", ["sentence1", "sentence2"])
def test_pairs_with_an_empty_sentence_are_not_asked(ask, empty):
    found = ask(pawsx.task, "eng_Latn", {**WORDS, "id": 1, empty: ""}, WORDS)
    assert [item.item_id for item in found] == ["5"]


@every_case(
    ("text", "clean"),
    [
        ("He did n't go .", "He didn't go."),
        ("Rome ( in Italy ) , then", "Rome (in Italy), then"),
        ('He said " no " and left .', 'He said "no" and left.'),
        ("the dogs ' bowl", "the dogs' bowl"),
        ("Nothing to do.", "Nothing to do."),
    ],
)
def test_cleaning(text, clean):
    assert pawsx.cleaned(text) == clean


@given(st.text(alphabet="ab .,()\"'"))
def test_cleaning_takes_nothing_but_spaces(text):
    assert pawsx.cleaned(text).replace(" ", "") == text.replace(" ", "")
    assert len(pawsx.cleaned(text)) <= len(text)


def test_multiblimp(ask, answer):
    row = {"sen": "Mbwa wanabweka.", "wrong_sen": "Mbwa anabweka.", "phenomenon": "SV-#"}
    (item,) = ask(multiblimp.task, "tur_Latn", row)
    assert (item.prompt, item.choice_separator, item.whole_choices) == ("", "", True)
    assert (item.choices, item.gold) == (("Mbwa wanabweka.", "Mbwa anabweka."), 0)
    assert item.source_id == "tur_Latn:0"
    assert item.fields == {"phenomenon": "SV-#"}
    assert multiblimp.task.score(item, answer(item, -9.0, -10.0))["acc"] == 1.0
    assert ask(multiblimp.task, "tur_Latn", {"sen": "a", "wrong_sen": "b"})[0].fields == {}


def test_multiblimp_without_a_wrong_sentence(ask):
    with pytest.raises(DataError, match="'wrong_sen' is empty"):
        ask(multiblimp.task, "tur_Latn", {"sen": "a", "wrong_sen": " "})
