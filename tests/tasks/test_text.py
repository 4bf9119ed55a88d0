"""Texts that can be stored and sent."""

import sys
import unicodedata

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.item import Item
from polyarena.tasks.metrics.registry import METRICS
from polyarena.tasks.records import Completion
from polyarena.tasks.text import COMPARISON, REPLACEMENT, comparable, sanitize_text


@every_case(
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


RLM, BOM, ZWNJ, ZWSP, CGJ = "\u200f", "\ufeff", "\u200c", "\u200b", "\u034f"


@every_case(
    ("one", "other"),
    [
        (f"{RLM}القاهرة{RLM}", "القاهرة"),
        (f"{BOM}Nairobi", "Nairobi"),
        ("e\u0301te\u0301", "été"),
        (f"می{ZWNJ}خواهم", "میخواهم"),
        ("so\u00adlar", "solar"),
        ("\u2067שלום\u2069", "שלום"),
        (f"ខ្មែរ{ZWSP}ភាសា", "ខ្មែរ ភាសា"),
        (f"o{CGJ}\u0308l", "öl"),
        ("☎\ufe0f", "☎"),
    ],
)
def test_texts_that_nobody_can_tell_apart_are_equal(one, other):
    assert one != other
    assert comparable(one) == comparable(other)


@every_case(
    ("one", "other"),
    [("2²", "22"), ("Straße", "STRASSE"), ("a b", "ab"), ("Ａ", "A"), ("مـن", "من"), ("cafe", "café"), ("a.", "a")],
)
def test_what_a_reader_can_see_stays(one, other):
    assert comparable(one) != comparable(other)


def test_every_ignorable_format_character_is_covered():
    # Marks that are printed before digits, and annotations, have glyphs or meaning: they are format characters only.
    printed = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0xFFF9, 0xFFFC)}
    printed |= {*range(0x13430, 0x13440)}
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) == "Cf" and code != ord(ZWSP):
            assert (comparable(f"a{chr(code)}b") == "ab") == (code not in printed), hex(code)


@given(st.text())
def test_comparing_twice_changes_nothing_more(text):
    assert comparable(comparable(text)) == comparable(text)
    assert unicodedata.is_normalized("NFC", comparable(text))


@every_case("metric", ["exact_match", "f1", "rouge_l", "rouge_lsum", "chrf++", "bleu_char", "numeric_match"])
@every_case("wrapped", [f"{RLM}12 القاهرة{RLM}", f"{BOM}12 القاهرة", f"12 القا{ZWNJ}هرة", "12 القاهرة"])
def test_no_metric_sees_invisible_characters(metric, wrapped):
    item = Item("1", "1", "arb_Arab", "?", references=("12 القاهرة",))
    completion = Completion("s", "t", "arb_Arab", "1", 0, "1", "?", text=wrapped)
    assert METRICS[metric].measure(item, completion) == METRICS[metric].high


def test_every_metric_on_texts_signs_the_comparison():
    unsigned = {name for name, metric in METRICS.items() if COMPARISON not in str(metric.signature).split("|")}
    # PolyMath signs its weighted accuracy with the signature of math_match, of which it is made.
    assert unsigned == {"acc", "acc_bytes", "dw_acc"}
