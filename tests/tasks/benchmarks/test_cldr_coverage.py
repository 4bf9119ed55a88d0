"""Which languages CLDR covers, by which rules, and that asking is cheap."""

from dataclasses import replace

import babel
from every_case import every_case
from fontTools.unicodedata import script
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.benchmarks.cldr_names.concepts import Category, Concept, all_concepts
from polyarena.tasks.benchmarks.cldr_names.coverage import aya_coverage, bare, coverage, question
from polyarena.tasks.benchmarks.cldr_names.locales import locale_of, names_in, revision
from polyarena.tasks.languages import all_languages, find_language

JANUARY = Concept(Category.MONTH, "1")
SCRIPTS = {"Hans": {"Hani"}, "Jpan": {"Hani", "Hira", "Kana"}, "Hang": {"Hani", "Hang"}}


@every_case(
    ("code", "locale"),
    [
        ("swh_Latn", "sw"),
        ("nob_Latn", "no"),
        ("tgl_Latn", "fil"),
        ("twi_Latn", "ak"),
        ("kor_Hang", "ko"),
        ("jpn_Jpan", "ja"),
        ("zho_Hans", "zh"),
        ("zho_Hant", "zh_Hant"),
        ("srp_Cyrl", "sr"),
        ("pes_Arab", "fa"),
        ("ceb_Latn", "ceb"),
        ("smo_Latn", None),
    ],
)
def test_locale_of(code, locale):
    assert locale_of(find_language(code)) == locale


def test_a_locale_of_another_script_is_not_taken():
    serbian = find_language("srp_Cyrl")
    assert locale_of(replace(serbian, code="srp_Latn", script="Latn")) == "sr_Latn"
    assert locale_of(replace(serbian, code="srp_Arab", script="Arab")) is None


def test_every_language_of_the_table_can_be_asked_about():
    for language in all_languages():
        found = coverage(language)
        assert bool(found.reason) or len(found.names) >= 40


def test_names_are_not_inherited():
    # Haitian Creole inherits from French in CLDR, and German has its own names.
    assert names_in("ht") == {}
    assert names_in("de")[JANUARY] == "Januar"


def test_english_has_every_concept():
    assert set(names_in("en")) == set(all_concepts())


def test_weekdays_start_on_monday():
    days = [names_in("en")[Concept(Category.WEEKDAY, str(number))] for number in range(1, 8)]
    assert days[0] == "Monday"
    assert days[6] == "Sunday"


def test_standing_alone_goes_before_the_form_in_dates():
    assert names_in("ru")[JANUARY] == "январь"
    assert names_in("hr")[JANUARY] == "siječanj"


def test_the_question_names_the_concept_and_the_language():
    assert question(JANUARY, find_language("swh_Latn")) == 'What is the month "January" called in Swahili?'


@every_case(
    ("language", "concept", "kept"),
    [
        ("deu_Latn", Concept(Category.MONTH, "4"), False),  # April
        ("deu_Latn", JANUARY, True),  # Januar is no word of the question
        ("spa_Latn", Concept(Category.TERRITORY, "MX"), False),  # México is Mexico but for the accent
        ("spa_Latn", Concept(Category.TERRITORY, "DE"), True),
        ("eng_Latn", JANUARY, False),
    ],
)
def test_a_name_in_the_question_is_left_out(language, concept, kept):
    assert (concept in coverage(find_language(language)).names) is kept


def test_names_are_in_the_script():
    for code, covered in aya_coverage().items():
        own = find_language(code).script
        for name in covered.names.values():
            found = {script(character) for character in name} - {"Zyyy", "Zinh"}
            assert found
            assert found <= SCRIPTS.get(own, {own})


@every_case(
    ("code", "reason"),
    [
        ("smo_Latn", "no locale"),
        ("eng_Latn", "77 in the question itself"),
        ("hat_Latn", "77 not in CLDR"),
        ("nya_Latn", "58 not in CLDR"),
        ("tgl_Latn", "in the question itself"),
    ],
)
def test_reasons(code, reason):
    assert reason in aya_coverage()[code].reason


@every_case("code", ["swh_Latn", "slk_Latn", "yor_Latn", "zho_Hans", "ydd_Hebr", "kmr_Latn", "zsm_Latn"])
def test_covered(code):
    assert aya_coverage()[code].reason == ""


def test_bare():
    assert bare("México") == "mexico"
    assert bare("ÅLAND") == "aland"
    assert bare("한국어") != bare("한국")
    assert bare("हिन्दी") != bare("हिनद")  # signs of Indic scripts are letters, not accents


@given(st.text())
def test_bare_is_stable_and_blind_to_case(text):
    # Stable from the second time on: folding a decomposed text can fold further.
    assert bare(bare(bare(text))) == bare(bare(text))
    assert bare(text.casefold()) == bare(text)


def test_the_revision_names_both_versions():
    assert revision().startswith("cldr-")
    assert revision().endswith(f"babel-{babel.__version__}")


def test_coverage_is_computed_once():
    assert len(aya_coverage()) == 101
    assert aya_coverage() is aya_coverage()
