"""Numbers as each of the 99 languages writes them: its digits, its separators, its words around them."""

from fractions import Fraction

from babel.core import Locale, UnknownLocaleError
from babel.numbers import format_decimal
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.languages import select_languages
from polyarena.tasks.metrics.numbers import LONGEST, numbers, same_number


def last_number(text, language):
    found = numbers(text, language)
    return found[-1][0] if found else None


DIGITS = {
    "Arabic-Indic": "٠",
    "Extended Arabic-Indic": "۰",
    "Devanagari": "०",
    "Bengali": "০",
    "Gurmukhi": "੦",
    "Gujarati": "૦",
    "Odia": "୦",
    "Tamil": "௦",
    "Telugu": "౦",
    "Kannada": "೦",
    "Malayalam": "൦",
    "Sinhala": "෦",
    "Thai": "๐",
    "Lao": "໐",
    "Myanmar": "၀",
    "Khmer": "០",
    "full width": "０",
}


def locale_of(language):
    try:
        return Locale.parse(language.iso639_1 or language.iso639_3)
    except (UnknownLocaleError, ValueError):
        return None


LOCALES = {language.code: found for language in select_languages("aya99") if (found := locale_of(language)) is not None}


def written(text, zero):
    return "".join(chr(ord(zero) + int(digit)) if digit in "0123456789" else digit for digit in text)


def test_most_languages_have_a_convention_of_their_own():
    assert len(LOCALES) > 85


@every_case("code", sorted(LOCALES))
@every_case("value", ["7", "18", "1234.5", "65000", "1234567", "98765432.25", "0.125"])
def test_as_the_locale_data_of_unicode_write_it(code, value):
    text = format_decimal(
        Fraction(value).limit_denominator() if "." not in value else float(value), locale=LOCALES[code]
    )
    assert last_number(text, code) == Fraction(value), text


@every_case("zero", DIGITS.values(), ids=DIGITS)
@every_case("text", ["42", "1,234", "12,34,567", "3.5", "1,234.50", "-17", "3/4"])
def test_each_system_of_digits_is_read_as_the_european_one(zero, text):
    assert numbers(written(text, zero), "eng_Latn") == numbers(text, "eng_Latn")


@given(st.integers(0, 10**9), st.sampled_from(sorted(DIGITS.values())), st.sampled_from(sorted(DIGITS.values())))
def test_digits_of_two_systems_may_meet_in_one_answer(value, first, second):
    assert same_number(f"{written('12', first)} → {written(str(value), second)}", str(value), "eng_Latn")


@every_case(
    ("answer", "language"),
    [
        ("Jibu: shilingi 18/=", "swh_Latn"),
        ("答案是18。", "zho_Hans"),
        ("答えは１８個です", "jpn_Jpan"),
        ("정답은 18입니다.", "kor_Hang"),
        ("คำตอบคือ ๑๘ บาท", "tha_Thai"),
        ("ответ: 18 руб.", "rus_Cyrl"),
        ("La respuesta es 18,00 €.", "spa_Latn"),
        ("Die Antwort lautet 18.", "deu_Latn"),
        ("الجواب هو ١٨ دولارًا", "arb_Arab"),
        ("उत्तर १८ है।", "hin_Deva"),
        ("উত্তর: ১৮ টাকা", "ben_Beng"),
        ("సమాధానం ౧౮ డాలర్లు", "tel_Telu"),
        ("Idahun ni ₦18", "yor_Latn"),
        (r"$\boxed{18}$", "eng_Latn"),
        ("**18**\n", "eng_Latn"),
    ],
)
def test_eighteen(answer, language):
    assert same_number(answer, "18", language)
    assert not same_number(answer, "81", language)


@every_case("text", ["18%", "18 %", "18٪", "%18"])
def test_per_cent_signs_are_not_read(text):
    assert last_number(text, "tur_Latn") == 18


@given(st.text(max_size=40), st.integers(0, 10**6), st.sampled_from(sorted(LOCALES)))
def test_what_stands_before_a_number_on_a_line_of_its_own_does_not_change_it(text, value, language):
    before = "".join(character for character in text if not character.isnumeric())
    assert last_number(f"{before}\nx: {value}", language) == value


@given(st.integers(LONGEST + 1, 3 * LONGEST))
def test_numbers_longer_than_any_answer_are_none(length):
    assert last_number("9" * length, "eng_Latn") is None


@given(st.integers(1, 10**9))
def test_a_sign_makes_another_number(value):
    assert last_number(f"= -{value}", "eng_Latn") == -value
    assert not same_number(f"= -{value}", str(value), "eng_Latn")


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(sorted(LOCALES)))
def test_the_last_number_is_the_answer(first, last, language):
    assert last_number(f"{first} + … = {last}", language) == last
