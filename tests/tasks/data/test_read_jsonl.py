"""JSON Lines: what is read, and how each bad line is named."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.tasks.data import read_jsonl
from polyarena.tasks.errors import DataError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(st.dictionaries(st.text(max_size=8), JSON, max_size=4), min_size=1, max_size=5)


@pytest.fixture
def write(tmp_path):
    def write(content: bytes | str) -> Path:
        path = tmp_path / "rows.jsonl"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def fails(path: Path, fields=()) -> DataError:
    with pytest.raises(DataError) as caught:
        list(read_jsonl(path, fields))
    return caught.value


def test_yields_line_numbers_and_objects(write):
    path = write('{"prompt": "Habari?"}\n\n  \n{"prompt": "你好"}')
    assert list(read_jsonl(path, ["prompt"])) == [(1, {"prompt": "Habari?"}), (4, {"prompt": "你好"})]


def test_reads_lazily(write):
    rows = read_jsonl(write('{"a": 1}\nbroken\n'))
    assert next(rows) == (1, {"a": 1})
    with pytest.raises(DataError):
        next(rows)


def test_byte_order_mark_and_windows_line_ends(write):
    assert list(read_jsonl(write(b'\xef\xbb\xbf{"a": 1}\r\n{"a": 2}\r\n'))) == [(1, {"a": 1}), (2, {"a": 2})]


def test_line_separators_of_unicode_do_not_end_a_line(write):
    assert list(read_jsonl(write('{"a": "x\u2028y\u0085z"}\n'))) == [(1, {"a": "x\u2028y\u0085z"})]


def test_nul_and_lone_surrogates_are_replaced_everywhere(write):
    path = write(r'{"a": "x\u0000y", "b": [{"c\ud800": "\udfff", "d": "\ud83d\ude00"}], "e": 1}' + "\n")
    assert list(read_jsonl(path)) == [(1, {"a": "x�y", "b": [{"c�": "�", "d": "😀"}], "e": 1})]


@settings(deadline=None)
@given(ROWS)
def test_round_trip(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(json.dumps(row).replace("\\u0000", " ") + "\n" for row in rows))
    expected = [json.loads(json.dumps(row).replace("\\u0000", " ")) for row in rows]
    assert [row for _, row in read_jsonl(path)] == expected


@pytest.mark.parametrize(
    "line",
    [
        '{"prompt": "cut of',
        "prompt: hello",
        "{'prompt': 1}",
        '{"a": NaN}',
        '{"a": -Infinity}',
        "1" * 5000,
        "[" * 100_000,
    ],
    ids=["cut off", "yaml", "python", "nan", "infinity", "huge number", "deep"],
)
def test_a_line_that_is_not_json(write, line):
    error = fails(write('{"prompt": "ok"}\n' + line + "\n"))
    assert error.where.endswith("rows.jsonl:2")
    assert "not JSON" in error.what
    assert error.why
    assert "cut off" in error.fix


def test_the_column_of_a_mistake_is_named(write):
    assert "column 12" in fails(write('{"a": "b", c}\n')).why


@pytest.mark.parametrize(("line", "kind"), [("[1]", "list"), ('"text"', "str"), ("3", "int"), ("null", "NoneType")])
def test_a_line_that_is_no_object(write, line, kind):
    error = fails(write(line + "\n"))
    assert error.where.endswith(":1")
    assert kind in error.why


def test_a_missing_field_names_those_there_are(write):
    error = fails(write('{"prompt": "a", "id": 1}\n{"promt": "b", "id": 2}\n'), ["id", "prompt"])
    assert error.where.endswith("rows.jsonl:2")
    assert error.what == "the field 'prompt' is missing"
    assert error.fix == "did you mean 'promt'? the fields are: promt, id"


def test_a_null_field_is_as_bad_as_none_and_other_falsy_values_are_fine(write):
    assert "is null" in fails(write('{"prompt": null}\n'), ["prompt"]).what
    assert list(read_jsonl(write('{"prompt": "", "n": 0, "l": []}\n'), ["prompt", "n", "l"]))


def test_an_object_without_fields(write):
    assert fails(write("{}\n"), ["prompt"]).fix == "the object is empty"


def test_bytes_that_are_not_utf8(write):
    error = fails(write(b'{"a": 1}\n{"a": "caf\xe9"}\n'))
    assert error.where.endswith(":2")
    assert "0xe9" in error.why
    assert "byte 11" in error.why


@pytest.mark.parametrize("content", [b"", b"\n \n\t\n"])
def test_an_empty_file(write, content):
    assert "empty" in fails(write(content)).what


def test_a_missing_file_and_a_folder(tmp_path):
    assert "No such file" in fails(tmp_path / "none.jsonl").why
    assert "directory" in fails(tmp_path).why


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_one_may_not_read(write):
    path = write("{}")
    path.chmod(0)
    assert "Permission" in fails(path).why


PIECES = (
    *'{}[]:,-', '"a"', '"b"', "1", "-0", "-0.0", "1.5E-3", "1e400", "9" * 30, "9" * 5_000, "01", "NaN", "-Infinity",
    "null", "true", '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u00e9"', '"\x7f"', '"\t"', '"\\x"', "é", " ",
    "\t", "\ufeff", "[" * 300,
)  # fmt: skip
VALUE = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


@settings(deadline=None)
@given(VALUE | st.builds(lambda value: f'{{"a": {value}}}', VALUE | JSON.map(json.dumps)))
def test_both_readers_of_lines_agree(tmp_path_factory, line):
    """The fast one, and the one that reads what it cannot read and refuses repeated keys."""
    path = tmp_path_factory.mktemp("pieces") / "rows.jsonl"
    path.write_text(f'{{"first": 1}}\n{line}\n', encoding="utf-8")

    def outcome(unique):
        try:
            return repr(list(read_jsonl(path, unique=unique)))
        except DataError as error:
            return str(error)

    strict = outcome(unique=True)
    assert "occurs twice" in strict or strict == outcome(unique=False)


@pytest.mark.parametrize("line", ['{"a": 1, "a": 2}', '{"b": [{"a": 1, "c": 0, "a": 1}]}'])
def test_a_key_that_stands_twice_is_refused_where_that_is_asked_for(line, tmp_path):
    path = tmp_path / "f.jsonl"
    path.write_text('{"a": 0}\n' + line + "\n")
    assert len(list(read_jsonl(path))) == 2
    with pytest.raises(DataError, match="the key 'a' occurs twice") as caught:
        list(read_jsonl(path, unique=True))
    assert caught.value.where == f"{path}:2"
    assert caught.value.fix == "keep one of the two"
