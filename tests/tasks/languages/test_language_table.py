"""The table itself: counts, identity, and agreement with Unicode and CLDR."""

import subprocess
import sys
import unicodedata
from collections import Counter

from babel import Locale, UnknownLocaleError
from every_case import every_case

from polyarena.tasks.languages import Language, all_languages

LANGUAGES = all_languages()
BY_ID = every_case("language", LANGUAGES, ids=str)

# How Unicode begins the names of the letters of each script.
LETTERS = {
    "Arab": ("ARABIC",),
    "Armn": ("ARMENIAN",),
    "Beng": ("BENGALI",),
    "Cyrl": ("CYRILLIC",),
    "Deva": ("DEVANAGARI",),
    "Ethi": ("ETHIOPIC",),
    "Geor": ("GEORGIAN",),
    "Grek": ("GREEK",),
    "Gujr": ("GUJARATI",),
    "Guru": ("GURMUKHI",),
    "Hang": ("HANGUL",),
    "Hans": ("CJK UNIFIED",),
    "Hant": ("CJK UNIFIED",),
    "Hebr": ("HEBREW",),
    "Jpan": ("CJK UNIFIED", "HIRAGANA", "KATAKANA"),
    "Khmr": ("KHMER",),
    "Knda": ("KANNADA",),
    "Laoo": ("LAO",),
    "Latn": ("LATIN", "MODIFIER LETTER"),
    "Mlym": ("MALAYALAM",),
    "Mymr": ("MYANMAR",),
    "Orya": ("ORIYA",),
    "Sinh": ("SINHALA",),
    "Taml": ("TAMIL",),
    "Telu": ("TELUGU",),
    "Thai": ("THAI",),
}

# Where the name in the table is not CLDR's, and why.
OWN_AUTONYMS = {
    "gaz_Latn": "with the word for language",
    "hat_Latn": "case of running text",
    "ind_Latn": "with the word for language",
    "jav_Latn": "with the word for language",
    "mri_Latn": "with the word for language",
    "nya_Latn": "CLDR has the name used in Zambia",
    "plt_Latn": "case of running text",
    "srp_Latn": "CLDR has Serbian in Cyrillic letters as sr",
    "som_Latn": "with the word for language",
    "tgl_Latn": "CLDR has the standardised Filipino",
    "twi_Latn": "CLDR has the macro-language Akan",
    "uzn_Latn": "the letter oʻ with its proper character",
    "xho_Latn": "case of running text",
    "zho_Hans": "with the script",
    "zho_Hant": "with the script",
    "zsm_Latn": "with the word for language",
}


def members(name: str) -> list[Language]:
    return [language for language in LANGUAGES if name in language.sets]


@every_case(("name", "count"), [("aya101", 101), ("aya99", 99), ("aya23", 23), ("tiny_aya", 70), ("extra", 16)])
def test_sets_have_their_published_sizes(name: str, count: int):
    assert len(members(name)) == count


def test_rows_are_the_101_and_the_extras():
    assert len(LANGUAGES) == 122
    assert not set(members("aya101")) & set(members("extra"))
    assert {name for language in LANGUAGES for name in language.sets} == {
        "aya101",
        "aya99",
        "aya23",
        "tiny_aya",
        "extra",
    }


def test_sets_are_nested():
    assert set(members("aya23")) < set(members("aya99")) < set(members("aya101"))
    assert set(members("aya23")) < set(members("tiny_aya"))
    assert {str(language) for language in set(members("aya101")) - set(members("aya99"))} == {"fry_Latn", "lat_Latn"}


def test_codes_are_unique_sorted_and_made_of_their_parts():
    codes = [language.code for language in LANGUAGES]
    assert codes == sorted(set(codes))
    for language in LANGUAGES:
        assert language.code == f"{language.iso639_3}_{language.script}"
        assert len(language.iso639_3) == 3
        assert len(language.iso639_1) in (0, 2)


def test_names_and_autonyms_are_unique():
    assert len({language.name for language in LANGUAGES}) == 122
    assert len({language.autonym for language in LANGUAGES}) == 122


def test_tiers_have_the_sizes_of_the_aya_model_paper():
    assert Counter(language.tier for language in members("aya101")) == {"high": 24, "mid": 26, "low": 51}
    assert {language.tier for language in members("extra")} == {""}


def test_joshi_classes_agree_with_tiers():
    tiers = {"5": "high", "4": "high", "3": "mid", "2": "low", "1": "low", "0": "low", "": ""}
    assert all(tiers[language.joshi] == language.tier for language in LANGUAGES)


def test_regions_are_those_of_tiny_aya():
    assert Counter(language.regions[0] for language in LANGUAGES if language.regions) == {
        "europe": 31,
        "asia-pacific": 14,
        "africa": 11,
        "south-asia": 9,
        "west-asia": 5,
    }
    models = {"europe": "water", "asia-pacific": "water", "africa": "earth", "west-asia": "earth", "south-asia": "fire"}
    for language in LANGUAGES:
        assert bool(language.regions) == ("tiny_aya" in language.sets)
        assert not language.regions or language.regions == (language.regions[0], models[language.regions[0]])


@BY_ID
def test_autonym_is_in_the_script_and_composed(language: Language):
    letters = [character for character in language.autonym if character.isalpha()]
    assert letters
    assert unicodedata.is_normalized("NFC", language.autonym)
    # Hebrew points and other marks are no letters, and letters of another script are never an accident of display.
    for letter in letters:
        assert unicodedata.name(letter).startswith(LETTERS[language.script]), f"{letter!r} in {language.autonym}"


@BY_ID
def test_direction_follows_the_letters(language: Language):
    strong = {unicodedata.bidirectional(letter) for letter in language.autonym if letter.isalpha()}
    assert (language.direction == "rtl") == bool(strong & {"R", "AL"})


@BY_ID
def test_agrees_with_cldr(language: Language):
    tag = language.iso639_1 or language.iso639_3
    try:
        locale = Locale.parse(tag)
    except UnknownLocaleError:
        assert language.autonym, "CLDR lacks it, so the name was set by hand"
        return
    assert locale.character_order == {"rtl": "right-to-left", "ltr": "left-to-right"}[language.direction]
    assert (locale.get_language_name(tag) == language.autonym) == (language.code not in OWN_AUTONYMS)


def test_families_are_few_and_shared():
    families = Counter(language.family for language in members("aya99"))
    assert families["Indo-European"] == 50
    assert families["Atlantic-Congo"] == 10
    assert "" not in Counter(language.family for language in LANGUAGES)


def test_the_99_are_the_languages_of_sib200(test_data):
    folders = {path.name for path in (test_data / "hub" / "Davlan" / "sib200").iterdir() if path.is_dir()}
    assert folders == {language.code for language in members("aya99")}


def test_import_is_light():
    program = (
        "import sys; from polyarena.tasks.languages import all_languages; all_languages(); "
        "print(sorted({'pandas', 'pyarrow', 'datasets', 'numpy', 'pydantic', 'babel', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
