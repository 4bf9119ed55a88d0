"""WMT24++: the canary and bad sources are left out, and segments pair by their id in both directions."""

import pytest
from every_case import every_case

from polyarena.tasks.benchmarks.wmt24pp import CONFIGS, DATASET, VARIETIES, from_english, to_english
from polyarena.tasks.errors import DataError
from polyarena.tasks.languages import select_languages
from polyarena.tasks.validation import validate_items

CANARY = "CANARY GUID 26b5c67b"
ROWS = [
    {"segment_id": 0, "is_bad_source": True, "domain": "canary", "source": CANARY, "target": CANARY},
    {"segment_id": 1, "is_bad_source": False, "domain": "news", "source": " It rains. ", "target": "Es regnet."},
    {"segment_id": 2, "is_bad_source": True, "domain": "social", "source": "@@ #", "target": "@@ #"},
    {"segment_id": 3, "is_bad_source": False, "domain": "speech", "source": "So.\n\nYes.", "target": "Also.\n\nJa."},
]


def items(task, data):
    return validate_items(task, "deu_Latn", task.items("deu_Latn", data))


def test_bad_sources_and_the_canary_are_left_out(hub_copy):
    data = hub_copy(DATASET, {"en-de_DE": ROWS})
    found = items(from_english, data)
    assert [item.source_id for item in found] == ["1", "3"]
    assert [item.category for item in found] == ["news", "speech"]
    assert not any(CANARY in item.prompt for item in found)


def test_a_canary_that_is_not_marked_is_left_out_too(hub_copy):
    data = hub_copy(DATASET, {"en-de_DE": [{**ROWS[0], "is_bad_source": False}, ROWS[1]]})
    assert [item.source_id for item in items(from_english, data)] == ["1"]


def test_both_directions_show_the_same_pairs(hub_copy):
    data = hub_copy(DATASET, {"en-de_DE": ROWS})
    first, second = items(from_english, data)[0], items(to_english, data)[0]
    assert first.prompt == "Translate this text from English into German. Write the translation only.\n\nIt rains."
    assert first.references == ("Es regnet.",)
    assert second.prompt == "Translate this text from German into English. Write the translation only.\n\nEs regnet."
    assert second.references == ("It rains.",)
    assert first.fields["answer_language"] == "deu_Latn"
    assert second.fields["answer_language"] == "eng_Latn"


def test_the_variant_without_spbleu_asks_the_same(hub_copy):
    data = hub_copy(DATASET, {"en-de_DE": ROWS})
    assert items(from_english.variant("characters"), data) == items(from_english, data)
    assert from_english.variant("characters").card.metrics == ("chrf++", "bleu_char")


def test_a_segment_that_occurs_twice_is_refused(hub_copy):
    data = hub_copy(DATASET, {"en-de_DE": [ROWS[1], ROWS[1]]})
    with pytest.raises(DataError, match="the id '1' occurs twice"):
        items(from_english, data)


def test_one_variety_of_each_language_is_asked():
    assert len(CONFIGS) == 51
    assert not set(VARIETIES) & set(CONFIGS.values())
    assert CONFIGS["arb_Arab"] == "ar_SA"
    assert CONFIGS["zho_Hant"] == "zh_TW"
    assert CONFIGS["tgl_Latn"] == "fil_PH"
    assert len(CONFIGS) + len(VARIETIES) == 55


def test_most_of_the_languages_of_tiny_aya_are_there():
    assert len({each.code for each in select_languages("tiny_aya")} & set(CONFIGS)) == 48


@every_case("language", ["deu_Latn", "zho_Hant", "zul_Latn"])
def test_real_rows(hub, language):
    if not (hub.root / DATASET.id).is_dir():
        pytest.skip("the real rows of WMT24++ are not here")
    found = validate_items(from_english, language, from_english.items(language, hub))
    assert len(found) == 56
    assert {item.category for item in found} == {"news", "social", "speech", "literary"}
    assert not any("CANARY" in item.prompt for item in found)
    german = {item.source_id: item.prompt.partition("\n\n")[2] for item in from_english.items("deu_Latn", hub)}
    assert {item.source_id: item.prompt.partition("\n\n")[2] for item in found} == german
