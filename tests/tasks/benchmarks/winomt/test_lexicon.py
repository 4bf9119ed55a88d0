"""The table of what people are called: its form, its marks, and what is found of it in sentences."""

import csv
import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.benchmarks.winomt import lexicon as module
from polyarena.tasks.benchmarks.winomt.gender import gender_of
from polyarena.tasks.benchmarks.winomt.lexicon import Gender, Term, languages, lexicon
from polyarena.tasks.benchmarks.winomt.matching import ending, starts
from polyarena.tasks.benchmarks.winomt.words import words
from polyarena.tasks.languages import find_language

TABLE = Path(module.__file__).with_name("lexicon.csv")
EVERY = every_case("language", languages())
TERMS = [
    (language, person, term)
    for language in languages()
    for person, terms in lexicon(language).items()
    for term in terms
]
SCRIPTS = {"Latn": "LATIN", "Cyrl": "CYRILLIC", "Hebr": "HEBREW", "Arab": "ARABIC"}


@pytest.fixture(scope="module")
def cells():
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_person_stands_once(cells):
    assert Counter(row["occupation"].casefold() for row in cells).most_common(1)[0][1] == 1
    assert len(cells) == 103


def test_everyone_in_the_data_is_in_the_table(test_data):
    named = {
        json.loads(line)["occupation"].casefold()
        for line in (test_data / "hub/winomt/en.jsonl").read_text("utf-8").splitlines()
    }
    assert named - {"someone"} <= set(lexicon("spa_Latn"))


def test_columns_are_languages_of_the_table_of_languages():
    assert [find_language(code).code for code in languages()] == list(languages())


def test_cells_are_written_in_the_form_that_is_described(cells):
    for row in cells:
        for language in languages():
            for way in filter(None, row[language].split("|")):
                assert way == way.strip()
                assert "  " not in way
                bare = way.removeprefix("=").removeprefix("m:").removeprefix("f:")
                assert all(part.count(".") in (0, 2) for part in bare.split())
                marked = way != bare
                # A way is said of both, of one, or of a man and a woman by two endings; never of two of these.
                assert marked is not any(part.count(".") == 2 for part in bare.split()), (row["occupation"], way)


@EVERY
def test_words_are_in_the_script_of_their_language(language):
    script = SCRIPTS[language[-4:]]
    for person, terms in lexicon(language).items():
        letters = [letter for term in terms for word in term.words for letter in word if letter.isalpha()]
        strange = [letter for letter in letters if not unicodedata.name(letter).startswith(script)]
        assert strange == [], person


@EVERY
def test_terms_are_normal_and_never_empty(language):
    for person, terms in lexicon(language).items():
        # German and others say some words of things, or of whoever is meant, and not of a person of one gender.
        assert terms or person in {"housekeeper", "victim", "child"}
        for term in terms:
            assert term.words, person
            assert tuple(words(" ".join(term.words).replace("' ", "'"), language)) == term.words
        assert len(set(terms)) == len(terms)


@every_case(
    ("cell", "expected"),
    [
        ("maestr.o.a", [(("maestro",), "male"), (("maestra",), "female")]),
        ("médic.o.a general", [(("médico", "general"), "male"), (("médica", "general"), "female")]),
        ("general..e", [(("general",), "male"), (("generale",), "female")]),
        ("=recepcionista", [(("recepcionista",), None)]),
        ("m:sastre|f:ama de llaves", [(("sastre",), "male"), (("ama", "de", "llaves"), "female")]),
        ("consejer.o.a delegad.o.a", [(("consejero", "delegado"), "male"), (("consejera", "delegada"), "female")]),
        ("m:sastre|m:sastre", [(("sastre",), "male")]),
        ("", []),
    ],
)
def test_how_a_cell_is_read(cell, expected):
    wanted = [Term(term, Gender(gender) if gender else None) for term, gender in expected]
    assert module._terms(cell, "spa_Latn") == wanted


@every_case(
    ("language", "sentence", "term", "places"),
    [
        ("spa_Latn", "el ama de llaves y el ama de casa", "ama de llaves", [1]),
        ("spa_Latn", "la maestra", "maestro", []),
        ("fra_Latn", "l'avocat d'un avocat", "avocat", [1, 4]),
        ("deu_Latn", "des lehrers und der lehrerin", "lehrer", [1]),
        ("deu_Latn", "den köchen", "koch", []),
        ("rus_Cyrl", "учителю и учительнице", "учител", [0]),
        ("rus_Cyrl", "врачами", "врач", []),
        ("ukr_Cyrl", "секретарці", "секретарк", [0]),
        ("heb_Hebr", "ולהרופא", "רופא", [0]),
        ("heb_Hebr", "ברופאה", "רופא", []),
        ("arb_Arab", "وللطبيب", "طبيب", [0]),
        ("arb_Arab", "طبيبا", "طبيب", [0]),
        ("arb_Arab", "الطبيبة", "طبيب", []),
    ],
)
def test_where_a_term_stands(language, sentence, term, places):
    assert starts(words(sentence, language), words(term, language), language) == places


@given(st.sampled_from(languages()), st.lists(st.text(max_size=6), max_size=6), st.data())
def test_a_sentence_has_its_own_words(language, texts, data):
    sentence = [word for text in texts for word in words(text, language)]
    if not sentence:
        assert starts(sentence, ["x"], language) == []
        return
    start = data.draw(st.integers(0, len(sentence) - 1))
    stop = data.draw(st.integers(start + 1, len(sentence)))
    assert start in starts(sentence, sentence[start:stop], language)


@given(st.text(), st.text())
def test_the_ending_completes_the_stem(stem, rest):
    assert stem + ending(stem + rest, stem) == stem + rest


@every_case(
    ("language", "male", "female"),
    [
        ("spa_Latn", "El médico habló con ella.", "La médica habló con él."),
        ("fra_Latn", "Le médecin parle, dit l'infirmier.", "La docteure parle."),
        ("ita_Latn", "Il dottore parla.", "La dottoressa parla."),
        ("deu_Latn", "Der Arzt spricht.", "Die Ärztin spricht."),
        ("heb_Hebr", "הרופא דיבר", "הרופאה דיברה"),
        ("arb_Arab", "تحدث الطبيب", "تحدثت الطبيبة"),
    ],
)
def test_a_doctor(language, male, female):
    assert gender_of("doctor", male, language) is Gender.MALE
    assert gender_of("doctor", female, language) is Gender.FEMALE


@given(st.sampled_from(TERMS))
def test_case_and_what_stands_around_do_not_matter(found):
    language, person, term = found
    text = " ".join(term.words)
    told = gender_of(person, text, language)
    assert gender_of(person, text.upper(), language) == told
    assert gender_of(person, f"«{text}», 123!", language) == told


@every_case("person", ["nurse", "teacher", "CEO", "construction worker"])
def test_the_person_is_found_whatever_the_case_of_the_english_word(person):
    for language in languages():
        assert lexicon(language)[person.casefold()]
        sentence = " ".join(lexicon(language)[person.casefold()][0].words)
        assert gender_of(person, sentence, language) == gender_of(person.upper(), sentence, language)
