"""The one place where items of any task are checked."""

from dataclasses import replace

import pytest
from every_case import every_case

from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.item import FewShotExample, Item, Kind, expected_language
from polyarena.tasks.validation import require_language, validate_items


class Fake:
    def __init__(self, kind):
        self.card = TaskCard(
            name="fake",
            version="1",
            title="Fake",
            kind=kind,
            dataset=Dataset(id="owner/fake", revision="abc", licence="MIT"),
            languages=("swe_Latn", "swh_Latn"),
            provenance={"swe_Latn": Provenance.NATIVE, "swh_Latn": Provenance.NATIVE},
            left_out={"eng_Latn": "the answers stand in the question"},
        )

    def items(self, language, data):
        yield from ()

    def score(self, item, completion):
        return {}


OPEN = Fake(Kind.OPEN_ENDED)
CHOICE = Fake(Kind.MULTIPLE_CHOICE)
GENERATIVE = Fake(Kind.GENERATIVE)
GOOD = Item("1", "s1", "swh_Latn", "Swali?")
GOOD_CHOICE = replace(GOOD, choices=("ndiyo", "hapana"), gold=1)


def test_good_items_come_back_in_order():
    items = [GOOD, replace(GOOD, item_id="2", fields={"topic": "x"}), replace(GOOD, item_id="3", source_id="s1")]
    assert validate_items(OPEN, "swh_Latn", iter(items)) == items
    assert validate_items(CHOICE, "swh_Latn", [GOOD_CHOICE]) == [GOOD_CHOICE]
    assert validate_items(GENERATIVE, "swh_Latn", [replace(GOOD, references=("Jibu",))])[0].references == ("Jibu",)


@every_case(
    ("change", "message"),
    [
        ({"prompt": ""}, "prompt is empty"),
        ({"prompt": " \n\t"}, "prompt is empty"),
        ({"item_id": ""}, "lacks an item_id"),
        ({"source_id": ""}, "lacks an item_id or source_id"),
        ({"language": "swe_Latn"}, "another language: 'swe_Latn'"),
        ({"choices": ("a", "b"), "gold": 0}, "not multiple choice"),
        ({"gold": 0}, "not multiple choice"),
    ],
)
@every_case("task", [OPEN, GENERATIVE])
def test_bad_open_items(task, change, message):
    with pytest.raises(DataError, match=message) as caught:
        validate_items(task, "swh_Latn", [replace(GOOD, item_id="0"), replace(GOOD, **change)])
    assert "task fake, swh_Latn, item 2" in caught.value.where
    assert "owner/fake @ abc" in caught.value.fix


@every_case(
    ("change", "message"),
    [
        ({"choices": ()}, "this has 0"),
        ({"choices": ("only",), "gold": 0}, "this has 1"),
        ({"choices": ("a", "")}, "choice is empty"),
        ({"gold": None}, "gold is None"),
        ({"gold": 2}, "gold is 2"),
        ({"gold": -1}, "gold is -1"),
        ({"prompt": ""}, "prompt is empty"),
    ],
)
def test_bad_choice_items(change, message):
    with pytest.raises(DataError, match=message):
        validate_items(CHOICE, "swh_Latn", [replace(GOOD_CHOICE, **change)])


def test_the_second_of_two_equal_ids_is_named():
    with pytest.raises(DataError, match="occurs twice") as caught:
        validate_items(OPEN, "swh_Latn", [GOOD, replace(GOOD, item_id="2"), replace(GOOD, prompt="Jingine?")])
    assert "item 3 ('1')" in caught.value.where
    assert "item 1 has it too" in caught.value.why


def test_no_items():
    with pytest.raises(DataError, match="no items") as caught:
        validate_items(OPEN, "swh_Latn", [])
    assert caught.value.where == "task fake, swh_Latn"


def test_texts_become_storable():
    bad = "a\x00b\ud800c"
    item = Item(bad, bad, "swh_Latn", bad, choices=(bad, "x"), gold=0, references=(bad,), fields={bad: bad})
    (good,) = validate_items(CHOICE, "swh_Latn", [item])
    assert good.prompt == "a\ufffdb\ufffdc"
    texts = [good.item_id, good.source_id, good.prompt, *good.choices, *good.references, *good.fields]
    assert "".join([*texts, *good.fields.values()]).encode("utf-8")


def test_ids_that_only_differ_in_what_cannot_be_stored_are_equal():
    with pytest.raises(DataError, match="occurs twice"):
        validate_items(OPEN, "swh_Latn", [replace(GOOD, item_id="a\x00"), replace(GOOD, item_id="a\ud800")])


def test_errors_of_the_data_pass_through():
    def broken():
        yield GOOD
        raise DataError("line 7 is not JSON")

    with pytest.raises(DataError, match="line 7"):
        validate_items(OPEN, "swh_Latn", broken())


def test_require_language():
    require_language(OPEN.card, "swh_Latn")
    with pytest.raises(UnknownNameError, match="unknown language of the task fake 'swh_Lat'") as caught:
        require_language(OPEN.card, "swh_Lat", where="experiment.yaml:4")
    assert "swh_Latn" in caught.value.fix
    assert caught.value.where == "experiment.yaml:4"


def test_a_left_out_language_has_its_reason():
    with pytest.raises(UnknownNameError) as caught:
        require_language(OPEN.card, "eng_Latn")
    assert caught.value.why == "the answers stand in the question"


WHOLE = replace(GOOD_CHOICE, prompt="", choice_separator="", whole_choices=True)


def test_a_prompt_may_be_empty_where_choices_are_whole_texts():
    assert validate_items(CHOICE, "swh_Latn", [WHOLE]) == [WHOLE]


def test_whole_texts_may_begin_with_a_space():
    item = replace(WHOLE, choice_separator=" ")
    assert validate_items(CHOICE, "swh_Latn", [item]) == [item]


@pytest.mark.parametrize("change", [{"prompt": "-"}, {"examples": (FewShotExample("q", "a"),)}])
def test_nothing_stands_before_whole_texts(change):
    with pytest.raises(DataError, match="whole texts"):
        validate_items(CHOICE, "swh_Latn", [replace(WHOLE, **change)])


def test_an_empty_prompt_needs_whole_texts():
    with pytest.raises(DataError, match="the prompt is empty"):
        validate_items(CHOICE, "swh_Latn", [replace(WHOLE, whole_choices=False)])


@pytest.mark.parametrize("task", [OPEN, GENERATIVE])
def test_only_choices_can_be_whole(task):
    with pytest.raises(DataError, match="not multiple choice"):
        validate_items(task, "swh_Latn", [replace(GOOD, prompt="", whole_choices=True)])


def test_separators_and_categories_become_storable():
    item = replace(GOOD_CHOICE, choice_separator="\x00", category="a\ud800")
    (good,) = validate_items(CHOICE, "swh_Latn", [item])
    assert (good.choice_separator, good.category) == ("\ufffd", "a\ufffd")


def test_the_language_of_an_answer():
    assert expected_language(GOOD) == "swh_Latn"
    assert expected_language(replace(GOOD, fields={"answer_language": "eng_Latn"})) == "eng_Latn"
