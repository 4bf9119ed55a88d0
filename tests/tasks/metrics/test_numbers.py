"""Numbers in any digits, and which separators mean what."""

import sys
import unicodedata
from fractions import Fraction

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.metrics.numbers import numbers, numeric_match, same_number


def last_number(text, language):
    found = numbers(text, language)
    return found[-1][0] if found else None


ZEROS = [
    chr(c) for c in range(sys.maxunicode) if unicodedata.category(chr(c)) == "Nd" and unicodedata.decimal(chr(c)) == 0
]


def write_in_digits(text, zero):
    return "".join(chr(ord(zero) + int(c)) if c.isdigit() else c for c in text)


@every_case(
    ("text", "language", "expected"),
    [
        ("The answer is 42.", "eng_Latn", "42"),
        ("3 apples and 4 pears", "eng_Latn", "4"),
        ("1,234", "eng_Latn", "1234"),
        ("1.234", "eng_Latn", "1.234"),
        ("1.234", "deu_Latn", "1234"),
        ("1,234", "deu_Latn", "1.234"),
        ("1,5", "eng_Latn", "1.5"),
        ("1,5", "deu_Latn", "1.5"),
        ("0,125", "eng_Latn", "0.125"),
        ("1234,567", "eng_Latn", "1234.567"),
        ("1.234.567,5", "eng_Latn", "1234567.5"),
        ("1,234,567.5", "deu_Latn", "1234567.5"),
        ("12,34,567.25", "hin_Deva", "1234567.25"),
        ("१२,३४,५६७", "hin_Deva", "1234567"),
        ("১৮ টাকা", "ben_Beng", "18"),
        ("٣٫٥", "arb_Arab", "3.5"),
        ("١٬٢٣٤", "arb_Arab", "1234"),
        ("คำตอบคือ ๑๒ บาท", "tha_Thai", "12"),
        ("సమాధానం ౪౨", "tel_Telu", "42"),
        ("答えは18です。", "jpn_Jpan", "18"),
        ("１，２３４円", "jpn_Jpan", "1234"),
        ("1 234 567,8 euros", "fra_Latn", "1234567.8"),
        ("1 234", "eng_Latn", "234"),
        ("1\u202f234", "eng_Latn", "1234"),
        ("1\xa0234 рубля", "rus_Cyrl", "1234"),
        ("1'234'567.50", "deu_Latn", "1234567.5"),
        ("-5", "eng_Latn", "-5"),
        ("x = −5", "eng_Latn", "-5"),
        ("\u200f-٥", "arb_Arab", "-5"),
        ("+5", "eng_Latn", "5"),
        ("10-5", "eng_Latn", "5"),
        ("COVID-19", "eng_Latn", "19"),
        ("-$1,200.50", "eng_Latn", "-1200.5"),
        ("$18", "eng_Latn", "18"),
        ("50%", "eng_Latn", "50"),
        ("3/4", "eng_Latn", "3/4"),
        ("1 1/2", "eng_Latn", "3/2"),
        ("1½ cups", "eng_Latn", "3/2"),
        ("-3/4", "eng_Latn", "-3/4"),
        ("٣/٤", "arb_Arab", "3/4"),
        ("10/2 = 5", "eng_Latn", "5"),
        ("5/0", "eng_Latn", "0"),
        ("12/05/2020", "eng_Latn", "2020"),
        ("12.05.2020", "deu_Latn", "2020"),
        ("1,2,3", "eng_Latn", "3"),
        ("1,234,56", "eng_Latn", "56"),
        (r"\frac{3}{4}", "eng_Latn", "3/4"),
        (r"\boxed{1{,}234}", "eng_Latn", "1234"),
        (r"1\,234", "eng_Latn", "1234"),
        ("50 km2", "eng_Latn", "50"),
        ("10²", "eng_Latn", "10"),
        ("18. ", "eng_Latn", "18"),
        ("**18**", "eng_Latn", "18"),
        ("18.00", "eng_Latn", "18"),
        ("9" * 200 + " 7", "eng_Latn", "7"),
    ],
)
def test_last_number(text, language, expected):
    assert last_number(text, language) == Fraction(expected)


@every_case("text", ["", "no number", "½x"[1:], "九", "9" * 5000, "\ud800", ".", "-", "1" * 101])
def test_texts_without_a_number(text):
    assert last_number(text, "eng_Latn") is None
    assert not same_number(text, "9", "eng_Latn")


@every_case(
    ("answer", "reference", "language", "same"),
    [
        ("1.200 euros", "1200", "eng_Latn", True),
        ("1.200", "1200", "deu_Latn", True),
        ("1,200", "1200", "deu_Latn", True),
        ("1,200", "1.2", "deu_Latn", True),
        ("1,25", "125", "eng_Latn", False),
        ("১২৫০ টাকা", "1250", "ben_Beng", True),
        ("0.5", "1/2", "eng_Latn", True),
        ("50%", "0.5", "eng_Latn", False),
        ("18.0", "18", "eng_Latn", True),
        ("-18", "18", "eng_Latn", False),
        ("18 of 20", "18", "eng_Latn", False),
        ("20", "2,0", "eng_Latn", False),
        ("18", "none", "eng_Latn", False),
    ],
)
def test_same_number(answer, reference, language, same):
    assert same_number(answer, reference, language) is same


def test_numeric_match_takes_any_reference(answered):
    assert numeric_match(*answered("jibu ni 18", "17", "18")) == {"numeric_match": 1.0}
    assert numeric_match(*answered("jibu ni 18", "17")) == {"numeric_match": 0.0}


@given(st.integers(-(10**12), 10**12), st.sampled_from(ZEROS))
def test_whole_numbers_are_read_in_all_digit_systems(value, zero):
    assert last_number(f"= {write_in_digits(str(value), zero)}.", "eng_Latn") == value


def test_there_are_many_digit_systems():
    assert len(ZEROS) > 60


@pytest.mark.parametrize(
    ("language", "group", "decimal"),
    [
        ("eng_Latn", ",", "."),
        ("deu_Latn", ".", ","),
        ("fra_Latn", "\u202f", ","),
        ("fra_Latn", " ", ","),
        ("rus_Cyrl", "\xa0", ","),
        ("arb_Arab", "٬", "٫"),
        ("swh_Latn", ",", "."),
        ("jpn_Jpan", ",", "."),
        ("xyz_Latn", ",", "."),
    ],
)
@given(st.integers(0, 10**9), st.integers(0, 99))
def test_numbers_as_their_language_writes_them_are_read_right(language, group, decimal, whole, cents):
    grouped = f"{whole:,}".replace(",", group)
    assert last_number(grouped, language) == whole
    assert last_number(f"{grouped}{decimal}{cents:02d}", language) == Fraction(f"{whole}.{cents:02d}")


@given(st.integers(0, 10**7), st.integers(0, 99))
def test_conventions_of_others_are_read_where_only_one_makes_sense(whole, cents):
    value = Fraction(f"{whole}.{cents:02d}")
    assert same_number(f"{whole:,}.{cents:02d}", str(value), "deu_Latn")
    german = f"{whole:,}.{cents:02d}".translate(str.maketrans(",.", ".,"))
    assert same_number(german, str(value), "eng_Latn")
    assert same_number(f"{whole:,}", str(whole), "deu_Latn")


@given(st.fractions(min_value=0, max_value=100, max_denominator=99))
def test_fractions_are_read(value):
    assert last_number(f"{value.numerator}/{value.denominator}", "eng_Latn") == value
    assert last_number(rf"$\frac{{{value.numerator}}}{{{value.denominator}}}$", "eng_Latn") == value


@given(
    st.text(alphabet="0123456789.,-/ ½'٫٬\u2009१", max_size=30), st.sampled_from(["eng_Latn", "fra_Latn", "deu_Latn"])
)
def test_any_text_of_digits_and_signs_can_be_read(text, language):
    for readings in numbers(text, language):
        assert 1 <= len(readings) == len(set(readings)) <= 2


@every_case("part", ["1", "1,", "1 ", "1/", "-", "1.1", r"\frac{1}{", "'1"])
def test_long_texts_take_no_time(part):
    # A pattern that goes back for every digit would never come back.
    found = numbers(part * 10_000, "fra_Latn")
    assert len(found) <= sum(character.isdigit() for character in part) * 10_000


def test_real_answers_of_mgsm_are_read_as_they_are(test_data):
    import json

    for path in sorted((test_data / "hub/juletxara/mgsm").glob("*/test.jsonl")):
        for line in path.read_text(encoding="utf-8").strip().split("\n"):
            wanted = str(json.loads(line)["answer_number"])
            assert same_number(f"= {wanted}", wanted, "eng_Latn")
