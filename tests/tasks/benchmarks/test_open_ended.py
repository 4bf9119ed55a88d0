"""m-ArenaHard v2.0 and the Aya evaluation suite, on rows in the schema of the hub."""

import pytest
from every_case import every_case

from polyarena.tasks.benchmarks import aya_evaluation_suite as suite
from polyarena.tasks.benchmarks import m_arenahard, m_arenahard_v2
from polyarena.tasks.card import Provenance
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import all_languages, select_languages
from polyarena.tasks.protocol import Task
from polyarena.tasks.validation import validate_items

ARENA = {
    "question_id": "2edbb5f36f5b42be",
    "category": "hard_prompt",
    "subcategory": "coding",
    "prompt": "Schrijf een programma.",
    "language": "nl",
}
SUITE = [suite.human_annotated, suite.dolly_human_edited, suite.dolly_machine_translated]
EVERY = every_case("task", [m_arenahard_v2.task, *SUITE], ids=lambda task: task.card.name)
DOLLY = pytest.mark.parametrize("task", SUITE[1:], ids=lambda task: task.card.name)


def row(number, code, text="Eleza jua."):
    language, _, script = code.partition("_")
    return {
        "id": number,
        "inputs": text,
        "targets": "Jua ni nyota.",
        "language": language,
        "script": script,
        "source_id": 6060 + number,
    }


@EVERY
def test_it_is_an_open_ended_task(task):
    assert isinstance(task, Task)
    assert task.card.kind is Kind.OPEN_ENDED
    assert task.card.metrics == ()
    assert task.card.dataset.licence == "Apache-2.0"
    assert len(task.card.dataset.revision) == 40
    assert set(task.card.provenance) == set(task.card.languages)
    assert task.card.languages == tuple(sorted(task.card.languages))
    assert set(task.card.languages) <= {language.code for language in all_languages()}
    assert task.score(None, None) == {}


def test_both_arenas_have_the_same_languages_and_other_data():
    assert m_arenahard_v2.task.card.languages == m_arenahard.task.card.languages
    assert m_arenahard_v2.task.card.dataset != m_arenahard.task.card.dataset
    assert m_arenahard_v2.task.card.provenance["eng_Latn"] is Provenance.NATIVE
    assert m_arenahard_v2.task.card.provenance["nld_Latn"] is Provenance.MACHINE


def test_arena_rows_become_items(hub_copy):
    task = m_arenahard_v2.task
    (item,) = validate_items(task, "nld_Latn", task.items("nld_Latn", hub_copy(task.card.dataset, {"nl": [ARENA]})))
    assert item.item_id == item.source_id == ARENA["question_id"]
    assert item.prompt == ARENA["prompt"]
    assert (item.category, item.fields) == ("hard_prompt", {"subcategory": "coding"})


@pytest.mark.parametrize("field", m_arenahard_v2.FIELDS)
def test_a_missing_arena_field_is_named(hub_copy, field):
    broken = {key: value for key, value in ARENA.items() if key != field}
    data = hub_copy(m_arenahard_v2.task.card.dataset, {"nl": [broken]})
    with pytest.raises(DataError, match=f"'{field}' is missing") as caught:
        list(m_arenahard_v2.task.items("nld_Latn", data))
    assert "24c65eff42ce" in caught.value.why


def test_the_schema_of_the_first_arena_is_not_that_of_the_second(hub_copy):
    old = {key: value for key, value in ARENA.items() if key not in {"subcategory", "language"}} | {"cluster": "Code"}
    with pytest.raises(DataError, match="'subcategory' is missing"):
        list(m_arenahard_v2.task.items("nld_Latn", hub_copy(m_arenahard_v2.task.card.dataset, {"nl": [old]})))


def test_a_repeated_question_is_refused(hub_copy):
    data = hub_copy(m_arenahard_v2.task.card.dataset, {"nl": [ARENA, ARENA]})
    with pytest.raises(DataError, match="'2edbb5f36f5b42be' occurs twice"):
        list(m_arenahard_v2.task.items("nld_Latn", data))


def test_counts_of_languages():
    assert [len(task.card.languages) for task in SUITE] == [7, 6, 102]


def test_dolly_is_in_94_of_the_aya_101():
    aya = {language.code for language in select_languages("aya101")}
    translated = set(suite.MACHINE_TRANSLATED)
    assert len(aya & translated) == 94
    assert aya - translated == set(suite.UNTRANSLATED) == set(suite.dolly_machine_translated.card.left_out)
    assert translated - aya == set(suite.EXTRA)
    assert set(suite.HUMAN_EDITED) < translated


def test_provenance_is_told_apart():
    assert set(suite.human_annotated.card.provenance.values()) == {Provenance.NATIVE}
    assert set(suite.dolly_human_edited.card.provenance.values()) == {Provenance.POST_EDITED}
    machine = suite.dolly_machine_translated.card.provenance
    assert [code for code in machine if machine[code] is not Provenance.MACHINE] == ["eng_Latn"]


@pytest.mark.parametrize("code", suite.UNTRANSLATED)
def test_a_language_without_translation_has_its_reason(hub_copy, code):
    task = suite.dolly_machine_translated
    with pytest.raises(UnknownNameError, match="no translation into it"):
        list(task.items(code, hub_copy(suite.DATASET, {"dolly_machine_translated": [row(1, "swh_Latn")]})))


@DOLLY
def test_dolly_is_parallel_by_id_in_whatever_order(hub_copy, task):
    one, other = task.card.languages[0], task.card.languages[-1]
    rows = [row(1, one), row(2, other), row(2, one), row(1, other)]
    data = hub_copy(suite.DATASET, {task.card.name: rows})
    first, second = (validate_items(task, code, task.items(code, data)) for code in (one, other))
    assert [item.source_id for item in first] == ["1", "2"]
    assert [item.source_id for item in second] == ["2", "1"]
    assert all(item.item_id == item.source_id for item in [*first, *second])


def test_both_dolly_sets_share_their_sources(hub_copy):
    data = hub_copy(
        suite.DATASET,
        {
            "dolly_human_edited": [row(7, "hin_Deva")],
            "dolly_machine_translated": [row(7, "hin_Deva"), row(7, "eng_Latn")],
        },
    )
    edited = next(suite.dolly_human_edited.items("hin_Deva", data))
    machine = next(suite.dolly_machine_translated.items("eng_Latn", data))
    assert edited.source_id == machine.source_id == "7"


def test_what_people_wrote_in_each_language_is_not_parallel(hub_copy):
    task = suite.human_annotated
    data = hub_copy(suite.DATASET, {"aya_human_annotated": [row(1, "yor_Latn"), row(1, "tur_Latn")]})
    yoruba, turkish = next(task.items("yor_Latn", data)), next(task.items("tur_Latn", data))
    assert yoruba.item_id == turkish.item_id == "1"
    assert yoruba.source_id != turkish.source_id


def test_scripts_are_told_apart(hub_copy):
    rows = [row(1, "zho_Hans", "简"), row(1, "zho_Hant", "繁"), row(1, "ace_Arab", "ع"), row(1, "ace_Latn", "a")]
    data = hub_copy(suite.DATASET, {"dolly_machine_translated": rows})
    prompts = {code: next(suite.dolly_machine_translated.items(code, data)).prompt for code in ("zho_Hans", "zho_Hant")}
    assert prompts == {"zho_Hans": "简", "zho_Hant": "繁"}
    (item,) = suite.dolly_machine_translated.items("ace_Latn", data)
    assert (item.prompt, item.references) == ("a", ("Jua ni nyota.",))


def test_a_language_of_the_card_that_the_data_lacks_is_named(hub_copy):
    data = hub_copy(suite.DATASET, {"dolly_human_edited": [row(1, "hin_Deva"), row(1, "rus_Cyrl")]})
    with pytest.raises(DataError, match="no rows of 'srp_Cyrl'") as caught:
        list(suite.dolly_human_edited.items("srp_Cyrl", data))
    assert caught.value.why == "its rows are of: hin_Deva, rus_Cyrl"


def test_ids_that_are_no_longer_unique_are_refused(hub_copy):
    data = hub_copy(suite.DATASET, {"dolly_human_edited": [row(1, "hin_Deva"), row(1, "hin_Deva")]})
    with pytest.raises(DataError, match="'1' occurs twice"):
        list(suite.dolly_human_edited.items("hin_Deva", data))


@pytest.mark.parametrize("field", suite.FIELDS)
def test_a_missing_suite_field_is_named(hub_copy, field):
    broken = {key: value for key, value in row(1, "tur_Latn").items() if key != field}
    data = hub_copy(suite.DATASET, {"aya_human_annotated": [broken]})
    with pytest.raises(DataError, match=f"'{field}' is missing"):
        list(suite.human_annotated.items("tur_Latn", data))


def test_the_row_of_dolly_is_not_needed(hub_copy):
    without = {key: value for key, value in row(1, "hin_Deva").items() if key != "source_id"}
    (item,) = suite.dolly_human_edited.items("hin_Deva", hub_copy(suite.DATASET, {"dolly_human_edited": [without]}))
    assert item.source_id == "1"


def test_102_languages_of_one_file_are_read_once(hub_copy, monkeypatch):
    task = suite.dolly_machine_translated
    data = hub_copy(suite.DATASET, {task.card.name: [row(1, code) for code in task.card.languages]})
    asked = []
    read = data.rows
    monkeypatch.setattr(data, "rows", lambda *arguments: asked.append(arguments) or read(*arguments))
    assert [next(task.items(code, data)).language for code in task.card.languages] == list(task.card.languages)
    assert len(asked) == 1
