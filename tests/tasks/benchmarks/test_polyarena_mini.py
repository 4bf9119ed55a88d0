"""The eight prompts: parallel, complete, and each in its language."""

import json
import re
import unicodedata
from importlib.resources import files

import pytest
from every_case import every_case
from fontTools.unicodedata import script

from polyarena.tasks import benchmarks
from polyarena.tasks.benchmarks.polyarena_mini import task
from polyarena.tasks.card import Provenance
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.identify import can_identify, identify
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language, select_languages
from polyarena.tasks.protocol import Task
from polyarena.tasks.validation import validate_items

FOLDER = files(benchmarks) / "polyarena_mini"
ROWS = [json.loads(line) for line in (FOLDER / "prompts.jsonl").read_text("utf-8").split("\n") if line]
SOURCES = [row["source_id"] for row in ROWS if row["language"] == "eng_Latn"]
SCRIPTS = {"Hans": {"Hani"}, "Jpan": {"Hani", "Hira", "Kana"}}
ENDINGS = {"jpn_Jpan": "。", "zho_Hans": "。？", "hin_Deva": "।?", "arb_Arab": ".؟", "pes_Arab": ".؟", "ell_Grek": ".;"}
CLOSING = '"”“»’」\u00a0'
ENGLISH = {
    "the",
    "and",
    "what",
    "which",
    "with",
    "write",
    "please",
    "explain",
    "how",
    "she",
    "has",
    "my",
    "you",
    "that",
}

every_row = every_case("row", ROWS, ids=[f"{row['language']}-{row['source_id']}" for row in ROWS])
every_language = every_case("language", task.card.languages)


def items(language):
    return validate_items(task, language, task.items(language, DataSource(None)))


def test_it_is_a_task():
    assert isinstance(task, Task)
    assert task.card.kind is Kind.OPEN_ENDED
    assert task.card.metrics == ()
    assert task.score(items("eng_Latn")[0], None) == {}


def test_the_languages_are_those_of_aya_expanse():
    assert task.card.languages == tuple(language.code for language in select_languages("aya23"))
    assert len(task.card.languages) == 23
    assert set(task.card.provenance) == set(task.card.languages)
    assert set(task.card.provenance.values()) == {Provenance.GENERATED}


def test_counts():
    assert len(ROWS) == 23 * 8
    assert len(set(SOURCES)) == len(SOURCES) == 8
    assert len({row["prompt"] for row in ROWS}) == len(ROWS)
    assert all(set(row) == {"source_id", "language", "category", "prompt"} for row in ROWS)


@every_language
def test_languages_are_parallel(language):
    found = items(language)
    assert [item.source_id for item in found] == SOURCES
    assert [item.item_id for item in found] == SOURCES
    assert [item.category for item in found] == [item.category for item in items("eng_Latn")]


def test_categories_differ():
    assert len({item.category for item in items("eng_Latn")}) == 8


@every_row
def test_letters_are_of_the_script(row):
    own = find_language(row["language"]).script
    letters = [character for character in row["prompt"] if character.isalpha()]
    found = {script(letter) for letter in letters} - {"Zyyy", "Zinh"}
    assert found == found & SCRIPTS.get(own, {own})
    assert len(letters) >= 20


@every_row
def test_the_prompt_is_a_clean_text(row):
    prompt = row["prompt"]
    assert unicodedata.normalize("NFC", prompt) == prompt
    assert prompt == prompt.strip()
    assert "  " not in prompt
    assert not re.search(r"[{}<>\[\]_]|\.\.\.|…|TODO|XXX", prompt)
    assert all(unicodedata.category(character) != "Cc" for character in prompt)


@every_row
def test_the_prompt_ends_a_sentence(row):
    ending = row["prompt"].rstrip(CLOSING)[-1]
    assert ending in ENDINGS.get(row["language"], ".?")


@every_row
def test_no_english_is_left(row):
    words = set(re.findall(r"[a-z]+", row["prompt"].casefold()))
    if row["language"] == "eng_Latn":
        assert words & ENGLISH
    else:
        assert not words & ENGLISH


@every_row
def test_the_language_is_identified(row):
    assert can_identify(row["language"])
    assert identify(row["prompt"]).language == row["language"]


@every_case("row", [row for row in ROWS if row["source_id"] == "apples"], ids=lambda row: row["language"])
def test_the_word_problem_has_its_number(row):
    # In words or digits of any script: 24 apples, of which a third and two go, leave 14.
    assert int(re.search(r"\d+", row["prompt"])[0]) == 24


def test_spanish_questions_open():
    texts = [row["prompt"] for row in ROWS if row["language"] == "spa_Latn"]
    assert all(text.count("?") == text.count("¿") and text.count("!") == text.count("¡") for text in texts)
    assert any("¿" in text for text in texts)


@pytest.mark.parametrize("language", ["jpn_Jpan", "zho_Hans"])
def test_east_asian_punctuation_is_full_width(language):
    assert not [row for row in ROWS if row["language"] == language and re.search(r"[,.?!:;()]", row["prompt"])]


@pytest.mark.parametrize("language", ["arb_Arab", "pes_Arab"])
def test_arabic_script_has_its_own_marks(language):
    assert not [row for row in ROWS if row["language"] == language and re.search("[,;?]", row["prompt"])]


def test_persian_letters_are_persian():
    assert not [row for row in ROWS if row["language"] == "pes_Arab" and re.search("[كي]", row["prompt"])]


def test_romanian_letters_have_commas_below():
    assert not [row for row in ROWS if row["language"] == "ron_Latn" and re.search("[şţŞŢ]", row["prompt"])]


def test_french_spaces_before_high_marks():
    for row in ROWS:
        if row["language"] == "fra_Latn":
            assert not re.search("[^\u00a0\u202f][?!:;»]|«[^\u00a0\u202f]", row["prompt"])


def test_hindi_sentences_end_in_danda():
    assert not [row for row in ROWS if row["language"] == "hin_Deva" and "." in row["prompt"]]


def test_another_language_is_refused():
    with pytest.raises(UnknownNameError, match="polyarena_mini"):
        items("swh_Latn")


def test_the_data_card_matches():
    text = (FOLDER / "card.md").read_text("utf-8")
    assert re.findall(r"^\| `([\w-]+)` \| (\w+) \|", text, re.M) == [
        (item.source_id, item.category) for item in items("eng_Latn")
    ]
    for promised in ("Apache-2.0", "not for claims", "not been reviewed by native speakers", "language model"):
        assert promised in text
