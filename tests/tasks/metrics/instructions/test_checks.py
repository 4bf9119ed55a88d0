"""Each verifiable instruction: an answer that follows it and one that does not, in the languages of Multi-IF."""

import pytest
from every_case import every_case

from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.metrics.instructions.checks import CHECKS, Instruction

AT_LEAST, LESS = "at least", "less than"
FRENCH = "Le marché du matin est plein de monde et les enfants jouent devant la fontaine."
HINDI = "गाँव की सुबह बहुत सुन्दर होती है और पक्षी गाते हैं। लोग खेत जाते हैं।"
CHINESE = "海边的早晨很安静。渔船慢慢出港，孩子们在沙滩上玩。"

CASES = [
    ("keywords:existence", {"keywords": ["Fontaine", "matin"]}, FRENCH, "Rien du tout."),
    ("keywords:existence", {"keywords": ["C++"]}, "I write C++ daily.", "I write C."),
    ("keywords:frequency", {"keyword": "le", "frequency": 2, "relation": AT_LEAST}, FRENCH, "Le pain."),
    ("keywords:frequency", {"keyword": "pain", "frequency": 1, "relation": LESS}, FRENCH, "Du pain."),
    ("keywords:forbidden_words", {"forbidden_words": ["pain"]}, "Une peinture.", "Du Pain frais."),
    ("keywords:forbidden_words", {"forbidden_words": ["mar"]}, FRENCH, "mar, mar"),
    ("keywords:letter_frequency", {"letter": "Z", "let_frequency": 2, "let_relation": AT_LEAST}, "zoo, Zoo", "zoo"),
    ("keywords:letter_frequency", {"letter": "ж", "let_frequency": 2, "let_relation": AT_LEAST}, "Ждёт жираф", "жук"),
    ("language:response_language", {"language": "fr"}, FRENCH, HINDI),
    ("language:response_language", {"language": "hi"}, HINDI, FRENCH),
    ("language:response_language", {"language": "zh"}, CHINESE, FRENCH),
    ("language:response_language", {"language": "en"}, '```json\n{"a": "The house is red today."}\n```', HINDI),
    ("length_constraints:number_sentences", {"num_sentences": 2, "relation": AT_LEAST}, HINDI, "एक वाक्य।"),
    ("length_constraints:number_sentences", {"num_sentences": 3, "relation": LESS}, CHINESE, f"{CHINESE}三。"),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "one\n***\ntwo\n***\n", "one ***  *** two"),
    ("length_constraints:number_words", {"num_words": 15, "relation": AT_LEAST}, FRENCH, "Le pain est bon."),
    ("length_constraints:number_words", {"num_words": 20, "relation": AT_LEAST}, CHINESE, "海边的早晨。"),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "weeks"},
        'One.\n\n"Weeks\' end" is near.',
        "One.\n\nThe weeks.",
    ),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "Dear [name], [date]", "Dear [name]"),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Bye.\nP. S. more", "Bye. PS more"),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "Bye.\nP.P.S more", "Bye.\nP.S. more"),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* one\n- two", "* one\n* two\n- three"),
    ("detectable_format:number_bullet_lists", {"num_bullets": 1}, "* one\n**two**", "**one**"),
    ("detectable_format:constrained_response", {}, "Well. My answer is no.", "No."),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*a* and **b**", "**a** and b"),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "SECTION", "num_sections": 2},
        "SECTION 1\na\nSECTION 2\nb",
        "Section 1\na\nSection 2\nb",
    ),
    ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', "{a: 1}"),
    ("detectable_format:title", {}, "<<joy>>\ntext", "<< >> text"),
    ("combination:two_responses", {}, "one******two", "one******one"),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say hi."}, "say hi. Hi!", "Hi! Say hi."),
    ("startend:end_checker", {"end_phrase": "Any questions?"}, '"So. any questions?"', "Any questions? No."),
    ("startend:quotation", {}, "“全部”", '"half'),
    (
        "change_case:capital_word_frequency",
        {"capital_frequency": 3, "capital_relation": AT_LEAST},
        "A NASA-RUN B",
        "A b",
    ),
    ("change_case:english_capital", {}, "THE HOUSE IS RED AND THE GARDEN IS GREEN.", "The house is red and green."),
    ("change_case:english_lowercase", {}, "the house is red and the garden is green.", "la casa es roja y el jardín."),
    ("punctuation:no_comma", {}, "一，二", "one, two"),
]


@every_case(("name", "settings", "follows", "does_not"), CASES)
def test_one_that_follows_and_one_that_does_not(name, settings, follows, does_not):
    instruction = Instruction(name, settings)
    assert Instruction.parse(instruction.text) == instruction
    assert instruction.is_followed(follows)
    assert not instruction.is_followed(does_not)
    assert not instruction.is_followed(" \n")


def test_every_check_has_a_case():
    assert {name for name, *_ in CASES} == set(CHECKS)


@every_case(
    ("name", "settings", "answer", "paper", "whole"),
    [
        # A word of Hindi is counted several times by the makers' script.
        ("length_constraints:number_words", {"num_words": 20, "relation": AT_LEAST}, HINDI, True, False),
        # It finds no forbidden word within Chinese, or at the end of which stands a vowel sign.
        ("keywords:forbidden_words", {"forbidden_words": ["渔船"]}, CHINESE, True, False),
        ("keywords:forbidden_words", {"forbidden_words": ["पक्षी"]}, HINDI, True, False),
        ("keywords:forbidden_words", {"forbidden_words": ["पक्ष"]}, HINDI, False, True),
        ("keywords:forbidden_words", {"forbidden_words": ["march"]}, FRENCH, True, True),
        ("startend:quotation", {}, "« Bonjour »", False, True),
    ],
)
def test_words_that_are_whole(name, settings, answer, paper, whole):
    instruction = Instruction(name, settings)
    assert instruction.is_followed(answer) is paper
    assert instruction.is_followed(answer, whole_words=True) is whole


@every_case("text", ["", "no json", "[1]", '{"num_words": 3}'])
def test_what_is_no_instruction_is_refused(text):
    with pytest.raises(DataError, match="is not an instruction"):
        Instruction.parse(text)


def test_an_unknown_instruction_has_a_suggestion():
    with pytest.raises(UnknownNameError, match="punctuation:no_comma"):
        Instruction.parse('{"instruction": "punctuation:no_commas"}')


def test_arguments_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="do not fit"):
        Instruction("keywords:existence", {"words": ["a"]}).is_followed("a")
