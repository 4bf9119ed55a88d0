"""NTREX in both directions, on rows in the schema of the hub."""

import pytest

from polyarena.tasks.benchmarks.ntrex import CONFIGS, DATASET, LEFT_OUT, from_english, to_english
from polyarena.tasks.card import Provenance
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.languages import find_language, select_languages
from polyarena.tasks.protocol import Task
from polyarena.tasks.validation import validate_items

BOTH = pytest.mark.parametrize("task", [from_english, to_english], ids=lambda task: task.card.name)
ENGLISH = [{"text": "Welsh AMs worried."}, {"text": "There is consternation. "}]
SWAHILI = [{"text": "Wabunge wa Wales wana wasiwasi."}, {"text": "Kuna mshangao."}]


@pytest.fixture
def written(hub_copy):
    return lambda **configs: hub_copy(DATASET, {"eng_Latn": ENGLISH, "swa_Latn": SWAHILI, **configs})


@BOTH
def test_it_is_a_task_of_most_languages(task):
    assert isinstance(task, Task)
    assert len(task.card.languages) == 94
    assert f" {len(task.card.languages)} languages" in task.card.title
    assert set(task.card.provenance.values()) == {Provenance.HUMAN}
    assert task.card.metrics == ("chrf++", "spbleu")
    assert task.variant("characters").card.metrics == ("chrf++", "bleu_char")
    assert f"{task.card.name}.characters" in task.card.notes
    assert "eng_Latn" not in task.card.languages


def test_of_the_99_it_has_most_and_gives_a_reason_for_the_rest():
    wanted = {language.code for language in select_languages("aya99")} - {"eng_Latn"}
    assert len(wanted & set(CONFIGS)) >= 85
    assert set(LEFT_OUT) == wanted - set(CONFIGS)
    assert {code: CONFIGS[code] for code in ("est_Latn", "gaz_Latn", "khk_Cyrl")} == {
        "est_Latn": "est_Latn",
        "gaz_Latn": "orm_Ethi",
        "khk_Cyrl": "mon_Mong",
    }


def test_configs_mean_their_languages():
    for code, config in CONFIGS.items():
        assert find_language(config.partition("_")[0]).iso639_3 == find_language(code).iso639_3 or config == code
        assert config.partition("_")[2] == code.partition("_")[2] or code in ("gaz_Latn", "khk_Cyrl")
    assert CONFIGS["plt_Latn"] == "mlg_Latn"


@BOTH
def test_rows_are_pairs(written, task):
    items = validate_items(task, "swh_Latn", task.items("swh_Latn", written()))
    assert [item.source_id for item in items] == ["1", "2"]
    english, swahili = "There is consternation.", "Kuna mshangao."
    shown, wanted = (swahili, english) if task.into_english else (english, swahili)
    assert items[1].prompt.endswith(f"\n\n{shown}")
    assert items[1].references == (wanted,)


def test_a_row_that_one_side_lacks_is_refused_and_not_shifted(written):
    with pytest.raises(DataError, match="the language has 1 sentences, and English 2") as caught:
        list(from_english.items("hau_Latn", written(hau_Latn=SWAHILI[:1])))
    assert "config 'hau_Latn'" in caught.value.where
    assert "found by their rows" in caught.value.why


@BOTH
def test_without_english_nothing_is_asked(hub_copy, task):
    with pytest.raises(DataError, match="config 'eng_Latn'"):
        list(task.items("swh_Latn", hub_copy(DATASET, {"swa_Latn": SWAHILI})))


def test_the_schema_of_another_copy_is_not_taken(written):
    rows = [{"sentence_eng_Latn": "a", "sentence_hau_Latn": "b"}] * 2
    with pytest.raises(DataError, match="'text' is missing"):
        list(from_english.items("hau_Latn", written(hau_Latn=rows)))


def test_a_sentence_that_is_no_text_is_refused(written):
    with pytest.raises(DataError, match="'text' is not a text"):
        list(to_english.items("swh_Latn", written(swa_Latn=[SWAHILI[0], {"text": 5}])))


def test_what_is_left_out_has_a_reason(written):
    with pytest.raises(UnknownNameError, match="does not have"):
        list(to_english.items("ydd_Hebr", written()))
