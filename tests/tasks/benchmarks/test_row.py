"""One row: what its fields must hold, and how it is complained of."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.errors import DataError
from polyarena.tasks.frames import multiple_choice
from polyarena.tasks.frames.row import Row

PLACE = "somebody/questions, config 'sw', row 7"
TEXTS = st.text(min_size=1).filter(str.strip)


def row(**values):
    return Row(values, "swh_Latn", 6, PLACE)


def refusal(call):
    with pytest.raises(DataError) as caught:
        call()
    assert caught.value.where == PLACE
    assert "report it upstream" in caught.value.fix
    return caught.value


def test_multiple_choice_and_all_other_tasks_read_the_same_rows():
    assert multiple_choice.Row is Row


def test_the_number_is_the_position_from_one():
    assert row().number == 7
    assert Row({}, "swh_Latn", 0, "").number == 1


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none(), min_size=1))
def test_values_are_there_as_they_are(values):
    found = Row(values, "swh_Latn", 0, PLACE)
    assert {field: found[field] for field in values} == values


def test_a_field_that_was_never_asked_for_is_a_defect_and_no_fault_of_the_data():
    with pytest.raises(KeyError):
        row(question="?")["answer"]


@given(TEXTS)
def test_a_text_is_left_as_it_is(text):
    assert row(q=text).text("q") == text
    assert row(q=text).shown("q") == text.strip()


@every_case("value", ["", " ", "\n\t", "\u3000"])
def test_an_empty_text_is_refused_and_can_be_shown(value):
    error = refusal(lambda: row(q=value).text("q"))
    assert error.what == "the field 'q' is empty"
    assert repr(value) in error.why
    assert row(q=value).shown("q") == ""


@every_case("value", [None, 3, 0.5, True, ["a"], {"a": 1}])
def test_what_is_no_text_is_refused_as_text(value):
    error = refusal(lambda: row(q=value).text("q"))
    assert error.what == "the field 'q' is not a text"
    assert error.why == f"it is {value!r}"


@every_case(("value", "text"), [(None, ""), (3, "3"), (0.5, "0.5"), (False, "False"), (" a ", "a")])
def test_options_may_be_anything(value, text):
    assert row(option_a=value).shown("option_a") == text


def test_an_option_that_is_missing_is_refused_with_the_fields_there_are():
    with pytest.raises(DataError, match="the field 'option_a' is missing") as caught:
        Row({"b": 1, "a": 2}, "swh_Latn", 6, PLACE, "v1.0").shown("option_a")
    assert caught.value.where == PLACE
    assert caught.value.why == "the task reads the data set as of revision v1.0; the row has: a, b"
    assert caught.value.fix == "pin the revision that the task was written for"
    with pytest.raises(DataError, match="did you mean 'option_1'"):
        row(option_1="x").shown("option_a")


@every_case(
    ("value", "namings", "index"),
    [
        ("B", ["ABCD"], 1),
        (1, ["ABCD", "0123"], 1),
        ("1", ["1234"], 0),
        (" D ", ["ABCD"], 3),
        ("no", [["no", "yes"]], 0),
    ],
)
def test_the_right_choice_by_its_name(value, namings, index):
    assert row(answer=value).gold("answer", *namings) == index


@every_case("value", [None, "E", "", "AB", 4, -1, 1.0, ["A"]])
def test_a_name_of_no_choice_is_refused(value):
    error = refusal(lambda: row(answer=value).gold("answer", "ABCD", "0123"))
    assert error.what == "the field 'answer' does not name a choice, expected A to D or 0 to 3"
    assert error.why == f"it is {value!r}"


def test_a_row_without_an_answer_names_no_choice():
    refusal(lambda: row(question="?").gold("answer", "ABCD"))


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), unique=True, min_size=1))
def test_each_name_finds_its_own_place(names):
    for place, name in enumerate(names):
        assert row(answer=name).gold("answer", names) == place


def test_rows_with_the_same_content_are_equal_and_cannot_be_changed():
    assert row(q="?") == row(q="?")
    assert row(q="?") != Row({"q": "?"}, "swh_Latn", 5, PLACE)
    with pytest.raises(AttributeError):
        row(q="?").position = 3
