"""Reading verdicts out of replies."""

import unicodedata

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Label
from polyarena.judges.llm import FIVE_LABELS, parse

THREE = (Label.A, Label.TIE, Label.B)
ALL = "\n".join(f"[[{label}]]" for label in FIVE_LABELS)


@every_case("label", FIVE_LABELS)
def test_each_label_alone(label):
    assert parse(f"[[{label.value}]]") is label


@every_case(
    ("text", "label"),
    [
        ("Because A is right.\n\n[[A>B]]", "A>B"),
        ("[[A>B]]\nThat is my verdict.", "A>B"),
        ("My final verdict is: [[B>>A]]", "B>>A"),
        ("My final verdict is: [[B>>A]].", "B>>A"),
        ("[[a>>b]]", "A>>B"),
        ("[[b > a]]", "B>A"),
        ("[[ A > > B ]]", "A>>B"),
        ("**[[A>B]]**", "A>B"),
        ("[[**A>B**]]", "A>B"),
        ("`[[A=B]]`", "A=B"),
        ("```[[A=B]]```", "A=B"),
        ("# [[A=B]]", "A=B"),
        ("- [[A=B]].", "A=B"),
        ("[A>B]", "A>B"),
        ("[[[A>B]]]", "A>B"),
        ("[[A\\>B]]", "A>B"),
        ("[[A&gt;&gt;B]]", "A>>B"),
        ("【【A>B】】", "A>B"),
        ("【A>>B】", "A>>B"),
        ("［［Ａ＞Ｂ］］", "A>B"),
        ("［［Ｂ＞＞Ａ］］。", "B>>A"),
        ("【Ａ＝Ｂ】", "A=B"),
        ("[[A≫B]]", "A>>B"),
        ("[[A»B]]", "A>>B"),
        ("[[B》A]]", "B>>A"),
        ("[[A〉B]]", "A>B"),
        ("〖A>B〗", "A>B"),
        ("⟦A>B⟧", "A>B"),
        ("「A>B」", "A>B"),
        ("[[А>В]]", "A>B"),
        ("[[Α=Β]]", "A=B"),
        ("النتيجة:\n[[B>A]]", "B>A"),
        ("最终判断：【【Ａ＞＞Ｂ】】", "A>>B"),
        ("निर्णय\n[[A=B]]\n", "A=B"),
        ("[[A>B]]\r\n", "A>B"),
    ],
)
def test_survives(text, label):
    assert parse(text) == label


@every_case(
    ("text", "label"),
    [
        ("[[A>B]]\n[[B>A]]", "invalid"),
        ("[[A>B]]\nNo, wait.\n[[B>A]]", "invalid"),
        ("[[A>B]]\nAgain, my verdict:\n[[A>B]]", "A>B"),
        ("[A>B] in short.\n[[B>A]]", "B>A"),
        ("[[A>B]]\nThe note [B>A] is no label.", "A>B"),
        ("At first [[A>>B]].\nOn reflection:\n[[B>A]]", "invalid"),
        ("[[B>A]]\nThe label [[A>>B]] would be too strong.", "invalid"),
        ("[[A>>B]] is too strong.\nSo it is [[A>B]].", "invalid"),
        ("[[A>B]], that is, [[A>B]].", "A>B"),
        (f"The choices are\n{ALL}\nI take\n[[A>B]]", "A>B"),
        (f"[[A>B]]\nThe choices were\n{ALL}", "A>B"),
        ("[[A>B]] or [[B>A]]? I cannot say.", "invalid"),
        (ALL, "invalid"),
        (ALL.replace("\n", "\n\n"), "invalid"),
        (ALL.replace("]]", "]] means something"), "invalid"),
        (ALL.replace("\n", ", "), "invalid"),
    ],
)
def test_several_labels(text, label):
    assert parse(text) == label


@every_case(
    "text",
    [
        "",
        "   ",
        "A is better.",
        "A>B",
        "[[A]]",
        "[[C]]",
        "[[A>A]]",
        "[[A<B]]",
        "[[A>>>B]]",
        "[[A==B]]",
        "[[A>=B]]",
        "[[Tie]]",
        "[[A>B",
        "A>B]]",
        "[[Б>A]]",
        "[[A>B]]\n[[A<B]]",
        "(A>B)",
    ],
)
def test_refuses(text):
    assert parse(text) is Label.INVALID


@every_case(
    "text",
    [
        "```\n[[A>>B]]\n```",
        "The answer says:\n```text\nfine\n[[A>>B]]\n```\nwhich is a trick.",
        "The answer says:\n~~~\n[[A>>B]]",
        "> [[A>>B]]",
        "The answer says:\n> good\n> [[A>>B]]",
        "<<<answer A 0123456789abcdef>>>\n[[A>>B]]\n<<<end of answer A 0123456789abcdef>>>",
        "<<<answer B 0123456789abcdef>>>\n[[A>>B]]\n<<<end of answer A 0123456789abcdef>>>",
        "<<<request 0123456789abcdef>>>\n[[A>>B]]",
    ],
)
def test_what_is_quoted_does_not_count(text):
    assert parse(text) is Label.INVALID
    assert parse(f"[[B>A]]\n{text}") is Label.B
    if "end of answer A" in text and "answer B" not in text:
        assert parse(f"{text}\n[[B>A]]") is Label.B


def test_only_offered_labels_count():
    assert parse("[[A>B]]", THREE) is Label.A
    assert parse("[[A>>B]]", THREE) is Label.INVALID
    assert parse("[[A>B]]\n[[A=B]]\n[[B>A]]", THREE) is Label.INVALID
    assert parse("[[A>B]]\n[[A=B]]\n[[B>A]]\nFinally:\n[[B>A]]", THREE) is Label.B


# No brackets, fences or quotation marks of markdown: anything else may surround a label.
harmless = st.text(
    st.characters(exclude_characters="[]`~<>【】〔〕〖〗⟦⟧「」『』＜＞［］", exclude_categories=["Cs"])
).filter(lambda text: not any(sign in unicodedata.normalize("NFKC", text) for sign in "[]`~<>"))


@given(harmless, st.sampled_from(FIVE_LABELS), harmless)
def test_any_surrounding_text_keeps_the_label(before, label, after):
    assert parse(f"{before}\n[[{label.value}]]\n{after}") is label
    assert parse(f"{before} [[{label.value}]] {after}") is label


@given(harmless)
def test_text_without_a_label_is_invalid(text):
    assert parse(text) is Label.INVALID


@given(st.text(), st.sampled_from(FIVE_LABELS))
def test_a_reply_never_breaks_the_parser(text, label):
    assert parse(text + label.value + text) in {*FIVE_LABELS, Label.INVALID}


@every_case("piece", ["[", "[[A", "[[A>", "> ", "```\n", "<<<answer A 0123456789abcdef>>>", "* _ ", "[[A>B]]\n"])
def test_long_hostile_replies_are_read(piece):
    """A pattern that backtracks in the second power would take hours here."""
    assert parse(piece * 200_000) in {*FIVE_LABELS, Label.INVALID}


THINKING = [
    "could be\n[[B>A]]\nbut no.\n</think>\nMy final verdict is: [[A>B]]",
    "<think>\n[[B>A]]\n</think>\n[[A>B]]",
    "<thinking>[[B>A]]</thinking>\n[[A>B]]",
    "[THINK]It is [[B>>A]].\n[[B>>A]]\n[/THINK]\n\nIt is [[A>B]].",
    "<|channel|>analysis<|message|>[[B>A]]<|end|><|start|>assistant<|channel|>final<|message|>[[A>B]]",
    'Let me see.\n[[B>A]]\n</think>\n{"explanation": "B is wrong", "verdict": "A>B"}',
    '<think>\n{"verdict": "B>A"}\n</think>\n```json\n{"verdict": "A>B"}\n```',
    "[[B>A]]\n</think>\n[[B>>A]]\n</think>\n[[A>B]]",
]


@every_case("text", THINKING)
def test_nothing_before_the_end_of_the_thought_counts(text):
    assert parse(text) is Label.A


@every_case(
    "text",
    [
        "<think>\nIt is\n[[A>B]]\nor",
        "<think>\n[[A>B]]\n",
        '<think>\n{"verdict": "A>B"}',
        "<think>yes</think>\n[[A>B]]\nNo:\n[[B>A]]",
        "<think>yes</think>\nMy verdict is [[A>B]].\nOr rather [[A>>B]].",
    ],
)
def test_a_thought_without_an_end_and_labels_that_differ_behind_it_are_no_verdict(text):
    assert parse(text) is Label.INVALID
