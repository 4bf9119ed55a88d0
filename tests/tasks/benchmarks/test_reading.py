"""The frame between rows and items: types, ids, languages within a config, and what is read how often."""

import gc
from types import SimpleNamespace

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.frames.open_ended import OpenEndedTask
from polyarena.tasks.frames.rows import (
    ID,
    NUMBER,
    OBJECT,
    TEXT,
    WHOLE,
    RowReader,
    Subset,
    _last,
    read_rows,
    refuse_repeat,
)
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.protocol import Task

DATASET = Dataset(id="somebody/questions", revision="1.0", licence="MIT")
FIELDS = {"id": ID, "q": TEXT}
LANGUAGES = ("deu_Latn", "eng_Latn")
CARD = TaskCard(
    name="questions",
    version="1",
    title="Questions",
    kind=Kind.OPEN_ENDED,
    dataset=DATASET,
    languages=LANGUAGES,
    provenance=dict.fromkeys(LANGUAGES, Provenance.NATIVE),
    left_out={"fra_Latn": "nobody wrote any"},
)


class Memory:
    """A source that has its rows at hand and counts how often it is asked."""

    root = None

    def __init__(self, rows):
        self.found = rows
        self.asked = []

    def rows(self, dataset, config, fields):
        self.asked.append((dataset.split, config, tuple(fields)))
        return list(self.found)


def build(row):
    return Item(str(row["id"]), str(row.number), row.language, row["q"], fields={"where": row.place})


def by_code(row):
    return row["lang"]


def whole(fields=FIELDS):
    return RowReader({"deu_Latn": Subset("de"), "eng_Latn": Subset("en", split="validation")}, fields, build)


def mixed():
    parts = {"deu_Latn": Subset("all", label="de"), "eng_Latn": Subset("all", label="en")}
    return RowReader(parts, FIELDS | {"lang": TEXT}, build, by_code)


def rows_of(*codes):
    return [{"id": number, "q": f"question {number}", "lang": code} for number, code in enumerate(codes)]


def test_a_task_on_the_frame_is_a_task():
    task = OpenEndedTask(CARD, whole())
    assert isinstance(task, Task)
    assert task.score(None, None) == {}


def test_rows_become_items_in_their_order():
    items = list(whole().items(CARD, "deu_Latn", Memory([{"id": "b", "q": "1?"}, {"id": "a", "q": "2?"}])))
    assert [(item.item_id, item.source_id, item.prompt) for item in items] == [("b", "1", "1?"), ("a", "2", "2?")]
    assert items[1].fields["where"] == "somebody/questions, config 'de', row 2"


def test_a_part_may_have_its_own_split():
    data = Memory([{"id": 1, "q": "?"}])
    (item,) = whole().items(CARD, "eng_Latn", data)
    assert data.asked == [("validation", "en", ("id", "q"))]
    assert item.fields["where"] == "somebody/questions, config 'en', split 'validation', row 1"
    assert CARD.dataset.split == "test"


def test_a_language_that_is_left_out_has_its_reason():
    with pytest.raises(UnknownNameError, match="nobody wrote any"):
        list(whole().items(CARD, "fra_Latn", Memory([])))


def test_an_unknown_language_is_refused_before_anything_is_read():
    data = Memory([])
    with pytest.raises(UnknownNameError, match="swh_Latn"):
        list(whole().items(CARD, "swh_Latn", data))
    assert data.asked == []


@every_case(
    ("types", "good", "bad", "word"),
    [
        (TEXT, "a", 1, "text"),
        (WHOLE, 3, "3", "whole number"),
        (WHOLE, 3, True, "whole number"),
        (WHOLE, 3, 3.5, "whole number"),
        (ID, "a", 1.5, "text or whole number"),
        (ID, 7, False, "text or whole number"),
        (NUMBER, 1.5, ["1"], "number or text"),
        (NUMBER, "1", True, "number or text"),
        (OBJECT, {"text": []}, ["text"], "object"),
    ],
)
def test_types_are_checked(types, good, bad, word):
    fields = {"v": types}
    assert [row.values for row in read_rows(DATASET, Subset("c"), "deu_Latn", fields, Memory([{"v": good}]))] == [
        {"v": good}
    ]
    with pytest.raises(DataError) as caught:
        list(read_rows(DATASET, Subset("c"), "deu_Latn", fields, Memory([{"v": good}, {"v": bad}])))
    assert caught.value.what == f"the field 'v' is not {'an' if word == 'object' else 'a'} {word}"
    assert caught.value.where == "somebody/questions, config 'c', row 2"
    assert repr(bad) in caught.value.why


def test_an_id_that_repeats_names_both_rows():
    rows = [{"id": 1, "q": "a"}, {"id": 2, "q": "b"}, {"id": "1", "q": "c"}]
    with pytest.raises(DataError, match="the id '1' occurs twice") as caught:
        list(whole().items(CARD, "deu_Latn", Memory(rows)))
    assert caught.value.where.endswith("config 'de', row 3")
    assert caught.value.why == "row 1 has it too"


def test_ids_are_remembered_where_they_were_first():
    seen = {}
    refuse_repeat("a", seen, "set, config 'x', row 4")
    refuse_repeat("b", seen, "set, config 'x', row 5")
    assert seen == {"a": "set, config 'x', row 4", "b": "set, config 'x', row 5"}
    with pytest.raises(DataError, match="'a' occurs twice"):
        refuse_repeat("a", seen, "set, config 'x', row 6")


def test_languages_of_one_config_are_sorted_out():
    data = Memory(rows_of("de", "en", "de"))
    german = list(mixed().items(CARD, "deu_Latn", data))
    english = list(mixed().items(CARD, "eng_Latn", data))
    assert [item.item_id for item in german] == ["0", "2"]
    assert [item.source_id for item in german] == ["1", "2"]  # counted within the language
    assert german[1].fields["where"].endswith("row 3")  # and found in the file
    assert [item.item_id for item in english] == ["1"]


def test_a_config_of_all_languages_is_read_once():
    data, rows = Memory(rows_of("de", "en")), mixed()
    for language in (*LANGUAGES, *LANGUAGES):
        list(rows.items(CARD, language, data))
    assert len(data.asked) == 1


def test_only_the_last_config_is_remembered():
    data, rows = Memory(rows_of("de", "en")), mixed()
    other = CARD.model_copy(update={"dataset": DATASET.model_copy(update={"revision": "2.0"})})
    for card in (CARD, other, other, CARD):
        list(rows.items(card, "deu_Latn", data))
    assert len(data.asked) == 3


def test_nothing_is_remembered_for_longer_than_its_source():
    data = Memory(rows_of("de"))
    list(mixed().items(CARD, "deu_Latn", data))
    assert data in _last
    before = len(_last)
    del data
    gc.collect()
    assert len(_last) < before


def test_another_source_is_another_memory():
    one, two = Memory(rows_of("de")), Memory(rows_of("de", "de"))
    assert [len(list(mixed().items(CARD, "deu_Latn", data))) for data in (one, two, one)] == [1, 2, 1]


def test_a_language_without_rows_is_named_with_those_that_have_some():
    with pytest.raises(DataError, match="no rows of 'en'") as caught:
        list(mixed().items(CARD, "eng_Latn", Memory(rows_of("de", "fr", "de"))))
    assert caught.value.why == "its rows are of: de, fr"
    assert caught.value.where == "somebody/questions, config 'all'"


@given(st.lists(st.sampled_from(["de", "en", "fr"]), max_size=30))
def test_each_row_is_of_one_language_and_keeps_its_order(codes):
    data, everything = Memory(rows_of(*codes)), []
    for code in set(codes):
        found = list(read_rows(DATASET, Subset("all", label=code), "x", FIELDS | {"lang": TEXT}, data, by_code))
        numbers = [row["id"] for row in found]
        assert numbers == sorted(numbers)
        assert [row.position for row in found] == list(range(len(found)))
        assert all(row["lang"] == code for row in found)
        assert all(row.place.endswith(f"row {row['id'] + 1}") for row in found)
        everything += numbers
    assert sorted(everything) == list(range(len(codes)))


def test_a_missing_field_names_the_revision(hub_copy):
    data = hub_copy(DATASET, {"de": [{"id": 1, "question": "?"}]})
    with pytest.raises(DataError, match="'q' is missing") as caught:
        list(whole().items(CARD, "deu_Latn", data))
    assert "as of revision 1.0" in caught.value.why


def test_a_null_is_a_missing_value(hub_copy):
    data = hub_copy(DATASET, {"de": [{"id": 1, "q": None}]})
    with pytest.raises(DataError, match="'q' is null"):
        list(whole().items(CARD, "deu_Latn", data))


def test_lone_surrogates_do_not_reach_an_item(hub_copy):
    (item,) = whole().items(CARD, "deu_Latn", hub_copy(DATASET, {"de": [{"id": 1, "q": "a\ud800\x00b"}]}))
    assert item.prompt == "a\ufffd\ufffdb"


def test_the_hub_is_asked_for_the_pinned_revision_and_split(monkeypatch):
    asked = []

    def load_dataset(name, config, *, split, revision):
        asked.append((name, config, split, revision))
        return [{"id": 1, "q": "?"}]

    fake = SimpleNamespace(
        load_dataset=load_dataset,
        are_progress_bars_disabled=lambda: True,
        disable_progress_bars=lambda: None,
        enable_progress_bars=lambda: None,
    )
    monkeypatch.setitem(__import__("sys").modules, "datasets", fake)
    for language in LANGUAGES:
        assert len(list(whole().items(CARD, language, DataSource(None)))) == 1
    assert asked == [("somebody/questions", "de", "test", "1.0"), ("somebody/questions", "en", "validation", "1.0")]
