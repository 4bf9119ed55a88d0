"""Languages by code and name."""

import unicodedata

import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.languages import all_languages, find_language

LANGUAGES = all_languages()

# Macro-languages of Aya and the variety that FLORES-200 has.
MACRO = {
    "ara": "arb_Arab",
    "aze": "azj_Latn",
    "fil": "tgl_Latn",
    "kur": "kmr_Latn",
    "lav": "lvs_Latn",
    "mlg": "plt_Latn",
    "mon": "khk_Cyrl",
    "msa": "zsm_Latn",
    "nep": "npi_Deva",
    "nor": "nob_Latn",
    "pus": "pbt_Arab",
    "sqi": "als_Latn",
    "swa": "swh_Latn",
    "uzb": "uzn_Latn",
    "yid": "ydd_Hebr",
    "zho": "zho_Hans",
    "orm": "gaz_Latn",
    "que": "quy_Latn",
    "kau": "knc_Latn",
}


@every_case(
    "text",
    [
        "sw",
        "swa",
        "swh",
        "swh_Latn",
        "swh-Latn",
        "SWH_LATN",
        "swa_Latn",
        "sw-KE",
        "sw_TZ",
        "Swahili",
        "swahili",
        " Kiswahili ",
    ],
)
def test_swahili_by_every_common_word(text: str):
    assert find_language(text).code == "swh_Latn"


@every_case(("macro", "code"), MACRO.items())
def test_macro_codes(macro: str, code: str):
    assert find_language(macro).code == code


@every_case(
    ("text", "code"),
    [
        ("zh", "zho_Hans"),
        ("zho", "zho_Hans"),
        ("cmn", "zho_Hans"),
        ("Chinese", "zho_Hans"),
        ("中文", "zho_Hans"),
        ("zh-Hans", "zho_Hans"),
        ("zh-Hans-SG", "zho_Hans"),
        ("zh-CN", "zho_Hans"),
        ("zh-Hant", "zho_Hant"),
        ("zh_TW", "zho_Hant"),
        ("zh-Hant-HK", "zho_Hant"),
        ("cmn_Hant", "zho_Hant"),
        ("yue", "yue_Hant"),
        ("zh-yue", "yue_Hant"),
    ],
)
def test_chinese_is_resolved_by_script_and_region(text: str, code: str):
    assert find_language(text).code == code


@every_case(
    ("text", "code"),
    [
        ("pt-BR", "por_Latn"),
        ("es-419", "spa_Latn"),
        ("en_US", "eng_Latn"),
        ("no", "nob_Latn"),
        ("nb", "nob_Latn"),
        ("iw", "heb_Hebr"),
        ("in", "ind_Latn"),
        ("tl", "tgl_Latn"),
        ("Filipino", "tgl_Latn"),
        ("Farsi", "pes_Arab"),
        ("Oriya", "ory_Orya"),
        ("Maori", "mri_Latn"),
        ("Akan", "twi_Latn"),
        ("ko-Kore", "kor_Hang"),
        ("Latin", "lat_Latn"),
        ("o'zbek", "uzn_Latn"),
        ("العربية", "arb_Arab"),
        ("FRANÇAIS", "fra_Latn"),
    ],
)
def test_other_common_words(text: str, code: str):
    assert find_language(text).code == code


@every_case("language", LANGUAGES, ids=str)
def test_all_that_the_table_calls_a_language_finds_it(language):
    own = {language.code, language.code.replace("_", "-"), language.name, language.autonym, *language.aliases}
    assert {find_language(word) for word in own} == {language}


def test_only_chinese_and_serbian_share_codes():
    """``setdefault`` decides silently in the index, so the table must leave it nothing else to decide."""
    claims: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for word in [
            language.code,
            language.iso639_1,
            language.iso639_3,
            language.name,
            language.autonym,
            *language.aliases,
        ]:
            claims.setdefault(word.casefold().replace("_", "-"), set()).add(language.code)
    shared = {word: codes for word, codes in claims.items() if word and len(codes) > 1}
    chinese, serbian = {"zho_Hans", "zho_Hant"}, {"srp_Cyrl", "srp_Latn"}
    assert shared == {"zh": chinese, "zho": chinese, "sr": serbian, "srp": serbian}
    assert [find_language(word).code for word in ("zh", "zho", "sr", "srp", "Serbian")] == [
        *["zho_Hans"] * 2,
        *["srp_Cyrl"] * 3,
    ]
    assert find_language("sr-Latn-RS").code == "srp_Latn"


@settings(deadline=None)
@given(st.sampled_from(LANGUAGES), st.sampled_from([str.upper, str.lower, str.title]), st.sampled_from(["NFC", "NFD"]))
def test_case_and_composition_do_not_matter(language, change, form):
    assert find_language(unicodedata.normalize(form, change(language.code))) == language
    # Title and upper case of a name fold back to it in every script but Turkish, which has its own dotless i.
    if not set(language.autonym) & set("ıİ"):
        assert find_language(unicodedata.normalize(form, language.autonym.upper())) == language


@every_case(("text", "meant"), [("Swahilli", "'Swahili'"), ("swh_Latin", "'swh_Latn'"), ("Porugese", "'Portuguese'")])
def test_misspelt_has_a_suggestion_and_names_its_place(text: str, meant: str):
    with pytest.raises(UnknownNameError) as caught:
        find_language(text, where="experiment.yaml:7")
    assert meant in caught.value.fix
    assert "polyarena languages" in caught.value.fix
    assert caught.value.where == "experiment.yaml:7"


@every_case("text", ["sr-Arab", "srp_Arab", "Sr_arab_RS"])
def test_a_script_that_the_table_lacks_is_not_replaced_in_silence(text: str):
    with pytest.raises(UnknownNameError, match="srp_Cyrl"):
        find_language(text)


@settings(deadline=None)
@given(st.text(max_size=12))
def test_any_text_is_a_language_or_the_error_of_ours(text: str):
    try:
        found = find_language(text)
    except UnknownNameError:
        return
    assert found in LANGUAGES
