"""Texts as the parser sees them."""

import sys
import unicodedata

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges.llm.characters import (
    DECOMPOSED,
    LOOKS_LIKE_BRACKET,
    LOOKS_LIKE_LESS,
    PLAIN,
    NormalizedView,
    decompose,
    normalize_characters,
)


@pytest.fixture(scope="module")
def characters():
    every = map(chr, range(sys.maxunicode + 1))
    return [sign for sign in every if not sign.isascii() and unicodedata.category(sign) not in ("Cn", "Co", "Cs", "Lo")]


def test_what_a_sign_looks_like_does_not_change_when_it_is_looked_at_again(characters):
    for sign in characters:
        plain = normalize_characters(sign)
        assert plain
        assert plain == normalize_characters(plain) == normalize_characters(decompose(sign))


def test_no_sign_becomes_a_line_end_or_one_of_our_notes(characters):
    for sign in characters:
        plain = normalize_characters(sign)
        assert sign == plain or not set("\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029⟨⟩").intersection(plain)


@every_case(
    ("text", "plain"),
    [
        ("［［Ａ＞Ｂ］］", "[[a>b]]"),
        ("【А≫В】", "[a>>b]"),
        ("〖α«β〗", "[a<<b]"),
        ("\u1c80", "b"),
        ("A\u0338>\u0338B", "a\u0338>\u0338b"),
        ("é", "e\u0301"),
        ("e\u0301", "e\u0301"),
        ("Straße", "strasse"),
        ("가", "\u1100\u1161"),
    ],
)
def test_each_sign_is_shown_by_itself(text, plain):
    assert normalize_characters(text) == plain


texts = st.text(st.sampled_from("ab [🄪½≫ﬀẞ㏂…é\u0301>") | st.characters(), max_size=12)


@given(texts, texts)
def test_a_part_looks_as_it_does_in_the_whole(one, other):
    assert normalize_characters(one + other) == normalize_characters(one) + normalize_characters(other)
    assert decompose(one + other) == decompose(one) + decompose(other)


@given(texts, st.data(), st.sampled_from([DECOMPOSED, PLAIN]))
def test_edits_fall_where_they_are_seen(text, data, table):
    seen = NormalizedView(text, table)
    length = len(seen.view)
    start, end = sorted((data.draw(st.integers(0, length)), data.draw(st.integers(0, length))))
    assert seen.edited([]) == text
    assert seen.between(0, length) == text
    assert seen.between(start, end).translate(table) == seen.view[start:end]
    edited = seen.edited([(start, end, "⟨x⟩")])
    assert edited.translate(table) == seen.view[:start] + "⟨x⟩" + seen.view[end:]


def test_edits_keep_what_was_written_around_them():
    seen = NormalizedView("É【x】É ½")
    at = seen.view.index("x")
    assert seen.edited([(at, at + 1, "y"), (at + 2, at + 3, "")]) == "É【y】\u0301 ½"
    assert seen.edited([(len(seen.view) - 1, len(seen.view), "!")]) == "É【x】É 1\u2044!"


@pytest.mark.parametrize(
    ("pattern", "table", "sign"), [(LOOKS_LIKE_LESS, DECOMPOSED, "<"), (LOOKS_LIKE_BRACKET, PLAIN, "[")]
)
def test_no_character_that_looks_like_a_sign_is_forgotten(pattern, table, sign):
    looks_like_it = {code for code in range(sys.maxunicode + 1) if sign in chr(code).translate(table)}
    assert looks_like_it == {code for code in range(sys.maxunicode + 1) if pattern.match(chr(code))}
