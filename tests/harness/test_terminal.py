"""What a terminal is shown: every script whole, and no character that it obeys."""

import json
import sys
import unicodedata

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.terminal import printable, printable_json

NEEDED = {
    "soft hyphen": "\u00ad",
    "signs around Arabic, Syriac and Kaithi numbers": "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891"
    "\u08e2\U000110bd\U000110cd",
    "marks of direction": "\u061c\u200e\u200f",
    "Mongolian vowel separator": "\u180e",
    "word breaks and joiners": "\u200b\u200c\u200d",
}


def test_every_control_and_format_character_is_replaced_but_what_scripts_need():
    kept = {
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and printable(character) == character
    }
    assert kept == {"\t", "\n", *"".join(NEEDED.values())}


def test_nothing_else_is_replaced():
    changed = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) not in ("Cc", "Cf", "Zl", "Zp", "Cn") and printable(character) != character
    ]
    assert changed == []


@every_case(
    "text",
    ["می‌خواهم", "श्री क्‍ष", "👩‍👩‍👧", "ខ្ញុំ​ទៅ​សាលា", "שלום‏!", "葛󠄀城", "ᠪᠠᠭᠠ᠎ᠠ", "naïve\tline\n"],
)
def test_texts_of_many_scripts_stay_as_they_are(text):
    assert printable(text) == text


def test_an_override_cannot_turn_a_name_round():
    assert printable("gpt\u202e4-tpg\u202c") == "gpt\ufffd4-tpg\ufffd"


@given(st.text())
def test_what_was_made_printable_stays_so_and_keeps_its_length(text):
    shown = printable(text)
    assert printable(shown) == shown
    assert len(shown) == len(text)


@given(st.dictionaries(st.text(), st.text()))
def test_json_keeps_its_meaning(value):
    document = printable_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(document) == value
    assert printable(document) == document
