"""Texts that can be stored and sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.text import REPLACEMENT, sanitize_text


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("", ""),
        ("Grüße, 中文 🙂\n", "Grüße, 中文 🙂\n"),
        ("a\x00b", f"a{REPLACEMENT}b"),
        ("\ud800", REPLACEMENT),
        ("a\udfff\x00", f"a{2 * REPLACEMENT}"),
    ],
)
def test_what_cannot_be_stored_is_replaced(text, made):
    assert sanitize_text(text) == made


@given(st.text(st.characters(codec=None, categories=None)))
def test_any_text_becomes_one_that_utf8_can_hold_and_nothing_else_changes(text):
    made = sanitize_text(text)
    made.encode("utf-8")
    assert len(made) == len(text)
    for before, after in zip(text, made, strict=True):
        bad = before == "\x00" or 0xD800 <= ord(before) <= 0xDFFF
        assert after == (REPLACEMENT if bad else before)
