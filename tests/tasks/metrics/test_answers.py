"""Exact match and F1 of answers, with what each language counts as nothing."""

import importlib.util
import json
from pathlib import Path

import lm_eval
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.languages import all_languages, find_language
from polyarena.tasks.metrics.question_answering import ARTICLES, answer_scores, exact_match, normalised_words, token_f1
from polyarena.tasks.text import comparable


@every_case(
    ("text", "language", "expected"),
    [
        ("The Cat, an animal!", "eng_Latn", ["cat", "animal"]),
        ("the", "swh_Latn", ["the"]),
        ("Der Hund eines Mannes", "deu_Latn", ["hund", "mannes"]),
        ("La casa de los perros", "spa_Latn", ["casa", "de", "perros"]),
        ("L'eau et les arbres", "fra_Latn", ["eau", "et", "arbres"]),
        ("L’acqua, un'isola", "ita_Latn", ["acqua", "isola"]),
        ("As casas", "por_Latn", ["casas"]),
        ("القاهرة الكبرى", "arb_Arab", ["قاهرة", "كبرى"]),
        ("những người", "vie_Latn", ["người"]),
        ("der die das", "nld_Latn", ["der", "die", "das"]),
        ("24-hour $5.00", "eng_Latn", ["24hour", "500"]),
        ("东京 2020 年", "zho_Hans", ["东", "京", "2020", "年"]),
        ("กรุงเทพฯ", "tha_Thai", ["ก", "รุ", "ง", "เ", "ท", "พ", "ฯ"]),
        ("दिल्ली।", "hin_Deva", ["दिल्ली"]),
        ("«Москва»", "rus_Cyrl", ["москва"]),
        ("IĞDIR", "tur_Latn", ["ığdır"]),
        ("Zoe\u0308", "nld_Latn", ["zoë"]),
        ("...", "eng_Latn", []),
    ],
)
def test_normalised_words(text, language, expected):
    assert normalised_words(text, language) == expected


def test_articles_are_of_languages_that_exist():
    assert set(ARTICLES) <= {language.code for language in all_languages()}


@every_case(
    ("answer", "reference", "language", "f1", "exact"),
    [
        ("The cat.", "cat", "eng_Latn", 1.0, 1.0),
        ("the cat", "the dog", "eng_Latn", 0.0, 0.0),
        ("a black cat", "the cat", "eng_Latn", 2 / 3, 0.0),
        ("cat cat", "cat", "eng_Latn", 2 / 3, 0.0),
        ("東京都", "東京", "jpn_Jpan", 0.8, 0.0),
        ("东 京", "东京", "zho_Hans", 1.0, 1.0),
        ("กรุงเทพ ฯ", "กรุงเทพฯ", "tha_Thai", 1.0, 1.0),
        ("", "cat", "eng_Latn", 0.0, 0.0),
        ("The", "a", "eng_Latn", 1.0, 1.0),
    ],
)
def test_scores(answer, reference, language, f1, exact):
    assert token_f1(answer, reference, language) == pytest.approx(f1)
    assert exact_match(answer, reference, language) == exact


languages = st.sampled_from(["eng_Latn", "fra_Latn", "arb_Arab", "tha_Thai", "zho_Hans", "swh_Latn", "tur_Latn"])


@given(st.text(), st.text(), languages)
def test_f1_is_a_symmetric_share_and_one_exactly_for_the_same_words(one, other, language):
    value = token_f1(one, other, language)
    assert 0 <= value <= 1
    assert value == pytest.approx(token_f1(other, one, language))
    assert (value == 1) == (sorted(normalised_words(one, language)) == sorted(normalised_words(other, language)))
    assert exact_match(one, other, language) <= value


@given(st.text(), languages)
def test_a_text_answers_itself(text, language):
    assert token_f1(text, text, language) == exact_match(text, f" {text}!", language) == 1


def test_the_headline_comes_first_and_each_metric_takes_its_best_reference(answered):
    scores = answer_scores(*answered("mji wa Nairobi", "Nairobi", "mji wa Mombasa", "wa mji Nairobi"))
    assert list(scores.items()) == [("f1", 1.0), ("exact_match", 0.0)]


@pytest.fixture(scope="module")
def theirs():
    path = Path(lm_eval.__file__).parent / "tasks" / "tydiqa" / "utils.py"
    spec = importlib.util.spec_from_file_location("lm_eval_tydiqa_utils", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_agrees_with_lm_eval_item_by_item_on_real_text(theirs, test_data):
    """Pieces of the passages stand for answers: the same, overlapping, and of the question."""
    path = test_data / "hub/google-research-datasets/tydiqa/secondary_task/validation.jsonl"
    compared = set()
    for line in path.read_text(encoding="utf-8").strip().split("\n")[::7]:
        row = json.loads(line)
        language = find_language(row["id"].partition("-")[0])
        # lm-eval's normaliser keeps invisible characters.
        row |= {"context": comparable(row["context"]), "question": comparable(row["question"])}
        gold = row["context"][20:60]
        for answer in (gold.upper(), row["context"][9:45], row["question"]):
            expected = theirs.process_results_lang({"answers": [gold]}, [answer], language.iso639_1)
            if not any("\u3000" < c < "\ua000" or "\u0e00" < c < "\u0f00" for c in gold + answer):
                assert token_f1(answer, gold, language.code) == pytest.approx(expected["f1"]), row["id"]
                assert exact_match(answer, gold, language.code) == expected["exact_match"], row["id"]
        compared.add(language.code)
    assert len(compared) == 9
