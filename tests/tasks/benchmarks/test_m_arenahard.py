"""m-ArenaHard on the real data, and on data that is not as it should be."""

import json
import re

import pytest

from polyarena.tasks.benchmarks.m_arenahard import CONFIGS, FIELDS, task
from polyarena.tasks.card import Provenance
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.identify import identify
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language, select_languages
from polyarena.tasks.protocol import Task
from polyarena.tasks.validation import validate_items

ROW = {"question_id": "q1", "cluster": "Cooking", "category": "m-arena-hard-sv", "prompt": "Vad är klockan?"}


@pytest.fixture
def mirror(tmp_path):
    def write(*rows, config="nl"):
        folder = tmp_path / "CohereLabs" / "m-ArenaHard" / config
        folder.mkdir(parents=True)
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (folder / "test.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return DataSource(tmp_path)

    return write


@pytest.fixture(scope="session")
def hub(test_data):
    return DataSource(test_data / "hub")


def items(data, language="nld_Latn"):
    return validate_items(task, language, task.items(language, data))


def test_it_is_a_task():
    assert isinstance(task, Task)
    assert task.card.kind is Kind.OPEN_ENDED
    assert task.card.dataset.revision == "ab393a96cd0b"
    assert task.card.dataset.licence == "Apache-2.0"
    assert task.card.generation.max_tokens >= 2048


def test_the_languages_are_those_of_aya_expanse():
    assert task.card.languages == tuple(language.code for language in select_languages("aya23"))
    assert {code: find_language(config).code for code, config in CONFIGS.items()} == {code: code for code in CONFIGS}
    assert len(set(CONFIGS.values())) == 23


def test_only_english_is_original():
    assert set(task.card.provenance) == set(task.card.languages)
    original = [code for code, provenance in task.card.provenance.items() if provenance is not Provenance.MACHINE]
    assert original == ["eng_Latn"]
    assert task.card.provenance["eng_Latn"] is Provenance.NATIVE


def test_real_data_is_parallel(hub):
    english = [item.source_id for item in items(hub, "eng_Latn")]
    assert len(english) == len(set(english)) == 500
    for language in task.card.languages:
        found = items(hub, language)
        assert [item.item_id for item in found] == [item.source_id for item in found] == english
        assert all(item.fields["cluster"] for item in found)
    assert len(hub.digests) == 23


@pytest.mark.parametrize("language", ["hin_Deva", "kor_Hang", "pes_Arab", "ukr_Cyrl", "vie_Latn"])
def test_real_prompts_are_in_their_language(hub, language):
    found = items(hub, language)[:60]
    right = sum(identify(item.prompt).language == language for item in found)
    assert right >= 40  # code and mathematics may be taken for something else


@pytest.mark.parametrize(("language", "count"), [("eng_Latn", 0), ("deu_Latn", 56), ("fra_Latn", 355)])
def test_real_prompts_are_left_as_they_are(hub, language, count):
    entities = re.compile("&(#39|quot|amp|lt|gt);")
    assert sum(bool(entities.search(item.prompt)) for item in items(hub, language)) == count


def test_rows_become_items(mirror):
    (item,) = items(mirror(ROW))
    assert (item.item_id, item.source_id, item.language, item.prompt) == ("q1", "q1", "nld_Latn", ROW["prompt"])
    assert item.fields == {"cluster": "Cooking"}
    assert task.score(item, None) == {}


def test_a_repeated_id_names_both_rows(mirror):
    with pytest.raises(DataError, match="'q1' occurs twice") as caught:
        items(mirror(ROW, {**ROW, "question_id": "q2"}, {**ROW, "prompt": "Igen?"}))
    assert caught.value.where == "CohereLabs/m-ArenaHard, config 'nl', row 3"
    assert caught.value.why == "row 1 has it too"


@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_field_is_named(mirror, field):
    broken = {key: value for key, value in ROW.items() if key != field}
    with pytest.raises(DataError, match=f"'{field}' is missing") as caught:
        items(mirror(ROW, broken))
    assert caught.value.where.endswith("test.jsonl:2")


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_is_no_text_is_named(mirror, field):
    with pytest.raises(DataError, match=f"'{field}' is not a text"):
        items(mirror({**ROW, field: 7}))


def test_an_empty_prompt_is_refused(mirror):
    with pytest.raises(DataError, match="prompt is empty"):
        items(mirror({**ROW, "prompt": " "}))


def test_a_broken_line_is_named(mirror):
    with pytest.raises(DataError, match="not JSON") as caught:
        items(mirror(ROW, '{"question_id": "q2", '))
    assert caught.value.where.endswith("test.jsonl:2")


def test_unstorable_characters_are_replaced(mirror):
    (item,) = items(mirror({**ROW, "prompt": "a\x00b\ud800c"}))
    assert item.prompt == "a\ufffdb\ufffdc"


def test_a_missing_mirror_file(mirror):
    with pytest.raises(DataError, match="lacks CohereLabs/m-ArenaHard"):
        items(mirror(ROW, config="de"))


def test_another_language_is_refused(mirror):
    with pytest.raises(UnknownNameError, match="language of the task m_arenahard 'swh_Latn'"):
        items(mirror(ROW), "swh_Latn")
