"""Files as people have them: folders, tables and documents, each complaint with its place."""

import csv
import io

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.importing.documents import read_json
from polyarena.harness.importing.rows import (
    LONGEST_CELL,
    files,
    language_code,
    lines,
    require_choice,
    require_text,
    table,
)
from polyarena.tasks.errors import DataError, UnknownNameError

HEADING = "item_id,language,system_a,system_b,vote\n"


def refusal(rows):
    with pytest.raises(DataError) as caught:
        list(rows)
    return caught.value


def test_a_file_is_itself_whatever_it_is_called(write):
    path = write("data.txt", "x")
    assert files(path, (".csv",)) == [path]


def test_a_folder_gives_its_files_sorted_whatever_the_case_of_their_ending(write, tmp_path):
    for name in ("b.CSV", "deep/er/a.csv", "notes.txt", "c.jsonl"):
        write(name, "x" if not name.endswith("jsonl") else [{}])
    assert [path.name for path in files(tmp_path, (".csv",))] == ["b.CSV", "a.csv"]
    (tmp_path / "folder.csv").mkdir()
    assert len(files(tmp_path, (".csv",))) == 2


@pytest.mark.parametrize("name", ["nowhere", "nowhere/deeper.csv"])
def test_what_is_not_there_is_told(tmp_path, name):
    with pytest.raises(DataError, match="no such file") as caught:
        files(tmp_path / name, (".csv",))
    assert caught.value.where == str(tmp_path / name)
    assert "file or a folder" in caught.value.fix


def test_a_folder_without_a_fitting_file_says_which_endings_fit(write, tmp_path):
    write("readme.txt", "x")
    with pytest.raises(DataError, match="nothing to import") as caught:
        files(tmp_path, (".jsonl", ".csv"))
    assert caught.value.why == "no file ends in .jsonl or .csv"


def test_lines_know_their_place_in_each_file(write, tmp_path):
    write("a.jsonl", [{"n": 1}, {"n": 2}])
    write("b.jsonl", [{"n": 3}])
    assert [(where.rpartition("/")[2], row["n"]) for where, row in lines(tmp_path)] == [
        ("a.jsonl:1", 1),
        ("a.jsonl:2", 2),
        ("b.jsonl:1", 3),
    ]


def test_rows_know_the_line_at_which_they_end(write):
    path = write("v.csv", 'a,b\n1,"two\nlines"\n3,\n')
    assert list(table(path)) == [(f"{path}:3", {"a": "1", "b": "two\nlines"}), (f"{path}:4", {"a": "3"})]


def test_a_byte_order_mark_is_no_part_of_the_first_name(write):
    assert next(table(write("v.csv", "\ufeffa,b\n1,2\n")))[1] == {"a": "1", "b": "2"}
    assert read_json(write("d.txt", '\ufeff{"a": 1}')) == {"a": 1}


def test_long_answers_fit_into_a_cell(write):
    answer = "z" * 200_000
    assert next(table(write("v.csv", f"a\n{answer}\n")))[1] == {"a": answer}
    assert csv.field_size_limit() >= LONGEST_CELL


def test_characters_that_cannot_be_stored_are_replaced(write):
    assert next(table(write("v.csv", "a\nx\x00y\n")))[1] == {"a": "x\ufffdy"}


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("", "table is empty", ""),
        (HEADING.replace(",", ";") + "1;de;x;y;a\n", "not separated by commas", ":1"),
        (HEADING.replace(",", "\t") + "1\tde\tx\ty\ta\n", "not separated by commas", ":1"),
        ("vote,item_id,vote\na,1,b\n", "'vote' appears twice", ":1"),
        (HEADING + '"1,de,x,y,a\n', "cannot be read", ""),
        (HEADING + '1,de,x,y,a\n2,"de"e,x,y,a\n', "cannot be read", ":3"),
        (HEADING + "1,de,x,y,a,more\n", "more cells", ":2"),
    ],
)
def test_a_table_that_would_be_misread_is_refused(write, text, what, line):
    path = write("v.csv", text)
    error = refusal(table(path))
    assert what in error.what
    assert error.where.startswith(str(path) + line)
    assert error.fix


def test_bytes_that_are_no_text_are_refused(tmp_path):
    for name, read in (("v.csv", lambda path: list(table(path))), ("d.json", read_json)):
        path = tmp_path / name
        path.write_bytes(b"\xff\xfe\x00a")
        with pytest.raises(DataError, match="cannot be read") as caught:
            read(path)
        assert caught.value.fix == "save it as UTF-8"


@pytest.mark.parametrize("text", ['{"a": ', "[" * 100_000, ""])
def test_a_document_that_is_not_json_is_refused(write, text):
    with pytest.raises(DataError, match="not JSON"):
        read_json(write("d.txt", text))


def test_lone_surrogates_in_a_document_are_replaced(write):
    assert read_json(write("d.txt", '["\\ud800"]')) == ["\ufffd"]


CELLS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00\r"), max_size=20)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_what_is_written_as_a_table_is_read_as_it_was(tmp_path_factory, rows):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("one", "two"), *rows])
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    kept = [{name: cell for name, cell in zip(("one", "two"), row, strict=True) if cell} for row in rows]
    assert [row for _, row in table(path)] == kept


@every_case(("value", "text"), [("x", "x"), (81, "81"), (0, "0"), (" ", " ")])
def test_texts_and_whole_numbers_name_things(value, text):
    assert require_text({"id": value}, "id", "here") == text


@every_case(
    ("row", "why"),
    [({}, "it is missing"), ({"id": None}, "it is missing"), ({"id": ""}, "it is ''"), ({"id": 1.5}, "it is 1.5"),
     ({"id": True}, "it is True"), ({"id": ["x"]}, "it is ['x']")],
)  # fmt: skip
def test_what_names_nothing_is_refused_with_its_place(row, why):
    with pytest.raises(DataError, match="needs 'id'") as caught:
        require_text(row, "id", "f.jsonl:7")
    assert (caught.value.where, caught.value.why) == ("f.jsonl:7", why)


def test_languages_by_any_name(repository):
    assert {language_code(name, "f:1") for name in ("sw", "swh", "Swahili", "swh_Latn")} == {"swh_Latn"}
    with pytest.raises(UnknownNameError) as caught:
        language_code("swahilli", "f:1")
    assert caught.value.where == "f:1"
    # What the message sends people to is there.
    assert (repository / "docs" / "importing.md").is_file()


def test_one_of_a_few():
    assert require_choice("a", ("a", "b"), "side", "f:1") == "a"
    with pytest.raises(UnknownNameError, match="unknown side 'c'"):
        require_choice("c", ("a", "b"), "side", "f:1")
