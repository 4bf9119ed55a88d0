"""Quotations of a judge are found line by line, in linear time."""

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges.llm.quotations import inside_code_fence, without_blocks, without_code_blocks

OPEN, CLOSE = "<<<answer A 0123456789abcdef>>>", "<<<end of answer A 0123456789abcdef>>>"


@every_case(
    ("text", "left"),
    [
        (f"a{OPEN}x{CLOSE}b", "a\nb"),
        (f"a{OPEN}x", "a\n"),
        (f"a{OPEN}{OPEN}x{CLOSE}b{CLOSE}", f"a\nb{CLOSE}"),
        (f"{OPEN}x<<<end of answer B 0123456789abcdef>>>{CLOSE}", "\n"),
        (f"{OPEN}x<<<end of answer A 0123456789abcdee>>>y", "\n"),
        (f"{OPEN.upper()}x{CLOSE}b", "\nb"),
        (f"{CLOSE}b", f"{CLOSE}b"),
        ("<<<answer A 01>>>b", "<<<answer A 01>>>b"),
    ],
)
def test_a_block_ends_with_its_own_end_alone(text, left):
    assert without_blocks(text) == left


@every_case(
    ("text", "left"),
    [
        ("a\n```\nx\n```\nb", "a\n\nb"),
        ("a\n```python title\nx", "a\n"),
        ("a\n````\n```\nx\n```\n````\nb", "a\n\nb"),
        ("a\n```\nx\n`````\nb", "a\n\nb"),
        ("a\n~~~\n```\nx\n~~~\nb", "a\n\nb"),
        ("a\n```\n~~~\n``` x\n", "a\n"),
        ("```x```\nb", "```x```\nb"),
        ("  ```\nx\n  ```  \nb", "\nb"),
        ("``\nb", "``\nb"),
    ],
)
def test_a_code_block_ends_with_a_fence_of_its_kind_and_length(text, left):
    assert without_code_blocks(text) == left


@every_case(
    ("text", "inside"),
    [
        ("```json\n{}\n```", "{}"),
        ("\n ```\n{}\n{}\n``` \n", "{}\n{}"),
        ("```\n{}", "```\n{}"),
        ("```\n{}\n```\nmore", "```\n{}\n```\nmore"),
        ("```\n{}\n```\n{}\n```", "```\n{}\n```\n{}\n```"),
        ("```", "```"),
        ("{}", "{}"),
        ("", ""),
    ],
)
def test_a_reply_that_is_one_code_block_is_read_inside(text, inside):
    assert inside_code_fence(text) == inside


@given(st.text("`~ \n<a", max_size=60))
def test_removing_twice_removes_nothing_more_from_a_text_without_code(text):
    once = without_code_blocks(text)
    assert all(not line.lstrip(" \t").startswith("~~~") for line in once.split("\n"))
    assert without_blocks(text) == text
