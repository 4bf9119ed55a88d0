"""NTREX in both directions, on rows in the schema of the hub."""

import pytest

from polyarena.tasks.benchmarks.ntrex import CONFIGS, DATASET, from_english, to_english
from polyarena.tasks.card import Provenance
from polyarena.tasks.check import checked
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.languages import find_language
from polyarena.tasks.protocol import Task

BOTH = pytest.mark.parametrize("task", [from_english, to_english], ids=lambda task: task.card.name)
ROWS = [
    {"sentence_eng_Latn": "Welsh AMs worried.", "sentence_swa_Latn": "Wabunge wa Wales wana wasiwasi."},
    {"sentence_eng_Latn": "There is consternation. ", "sentence_swa_Latn": "Kuna mshangao."},
]


@BOTH
def test_it_is_a_task_of_21_languages(task):
    assert isinstance(task, Task)
    assert len(task.card.languages) == 21
    assert set(task.card.provenance.values()) == {Provenance.HUMAN}
    assert task.card.metrics == ("chrf++", "spbleu")
    assert task.variant("characters").card.metrics == ("chrf++", "bleu_char")
    assert f"{task.card.name}.characters" in task.card.notes
    assert "eng_Latn" not in task.card.languages


def test_configs_mean_their_languages():
    assert {find_language(config.partition("_")[0]).code for config in CONFIGS.values()} == set(CONFIGS)
    assert CONFIGS["plt_Latn"] == "mlg_Latn"


@BOTH
def test_rows_are_pairs(hub_copy, task):
    items = checked(task, "swh_Latn", task.items("swh_Latn", hub_copy(DATASET, {"swa_Latn": ROWS})))
    assert [item.source_id for item in items] == ["1", "2"]
    english, swahili = "There is consternation.", "Kuna mshangao."
    shown, wanted = (swahili, english) if task.into_english else (english, swahili)
    assert items[1].prompt.endswith(f"\n\n{shown}")
    assert items[1].references == (wanted,)


def test_the_field_of_another_language_is_not_taken(hub_copy):
    data = hub_copy(DATASET, {"hau_Latn": ROWS})
    with pytest.raises(DataError, match="'sentence_hau_Latn' is missing"):
        list(from_english.items("hau_Latn", data))


def test_an_empty_sentence_is_refused_as_a_prompt(hub_copy):
    data = hub_copy(DATASET, {"swa_Latn": [ROWS[0] | {"sentence_swa_Latn": 5}]})
    with pytest.raises(DataError, match="'sentence_swa_Latn' is no text"):
        list(to_english.items("swh_Latn", data))


def test_oromo_has_a_reason(hub_copy):
    with pytest.raises(UnknownNameError, match="Ethiopic"):
        list(to_english.items("gaz_Latn", hub_copy(DATASET, {"orm_Ethi": ROWS})))
