"""YAML as people write it, with the line of everything."""

import pytest
import yaml
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.experiment.positions import MOST_VALUES, parse_yaml
from polyarena.tasks.errors import ExperimentError


def refusal(text):
    with pytest.raises(ExperimentError) as caught:
        parse_yaml(text, "x.yaml")
    return caught.value


def test_every_value_and_element_has_its_line():
    data, lines = parse_yaml("a: 1\nb:\n  - x\n  - c: 2\n    d: [3,\n      4]\n", "x.yaml")
    assert data == {"a": 1, "b": ["x", {"c": 2, "d": [3, 4]}]}
    assert lines[("a",)] == 1
    assert lines[("b", 0)] == 3
    assert lines[("b", 1, "c")] == 4
    assert lines[("b", 1, "d", 1)] == 6


@every_case("word", ["no", "yes", "on", "off", "y", "n", "No", "ON"])
def test_words_that_are_languages_are_no_booleans(word):
    assert parse_yaml(f"a: {word}", "x")[0] == {"a": word}


@every_case(("word", "value"), [("true", True), ("False", False), ("TRUE", True), ("'true'", "true")])
def test_booleans_are_booleans(word, value):
    assert parse_yaml(f"a: {word}", "x")[0] == {"a": value}


@every_case("version", ["2024-06-01", "2024-11-20", "2024-13-45", "2024-06-01T10:00:00Z"])
def test_versions_that_look_like_dates_are_texts(version):
    assert parse_yaml(f"api_version: {version}", "x")[0] == {"api_version": version}


@every_case("value", ["9" * 5000, "!!int abc", "!!float abc"])
def test_values_that_are_not_what_they_claim_are_refused(value):
    error = refusal(f"a: {value}")
    assert error.what == "a value cannot be read"
    assert error.where == "x.yaml"
    assert error.fix == "put it in quotes"


@every_case("value", ["!!python/object:os.system x", "!unknown x", "[a", "{a: b", "\t- x", "*nobody"])
def test_what_is_no_yaml_is_refused_with_its_line(value):
    error = refusal(f"b: 1\na: {value}\n")
    assert error.what == "this is not valid YAML"
    assert error.why
    assert "indentation" in error.fix
    assert error.where.startswith("x.yaml:")


@pytest.mark.parametrize(("text", "line"), [("a: 1\na: 2\n", 2), ("x:\n  - b: 1\n    c: 2\n    b: 3\n", 4)])
def test_a_key_that_stands_twice_is_refused_at_any_depth(text, line):
    error = refusal(text)
    assert "appears twice" in error.what
    assert error.where == f"x.yaml:{line}"
    assert "first on line" in error.why


@pytest.mark.parametrize("text", ['a: "\\ud800"', 'a: ["x", "\\0"]'])
def test_characters_that_cannot_be_stored_are_refused(text):
    assert "cannot be stored" in refusal(text).what


@pytest.mark.parametrize("text", ["a: &x [*x]", "a: " + "[" * 5000])
def test_what_holds_itself_is_refused(text):
    assert "without end" in refusal(text).what


@every_case("text", ["", "# nothing\n", "---\n"])
def test_an_empty_document_is_nothing(text):
    assert parse_yaml(text, "x")[0] is None


def test_two_documents_are_refused():
    assert refusal("a: 1\n---\nb: 2\n").where == "x.yaml:2"


def test_windows_line_ends_and_byte_order_marks_change_nothing():
    assert parse_yaml("\ufeffa: 1\r\nb: 2\r\n", "x") == ({"a": 1, "b": 2}, {(): 1, ("a",): 1, ("b",): 2})


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text("abcdefgh ", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("klmn", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("klmn", min_size=1, max_size=3), PLAIN, max_size=4), st.booleans())
def test_what_is_dumped_is_parsed_as_it_was(data, flow):
    parsed, lines = parse_yaml(yaml.safe_dump(data, default_flow_style=flow), "x")
    assert parsed == data
    assert set(lines) == set(paths(data))


def paths(value, at=()):
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from paths(each, (*at, key))


def test_aliases_that_multiply_are_refused_at_once():
    levels = [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(8)]
    error = refusal("\n".join(["a: &a [x, x, x, x, x, x, x, x, x]", *levels]))
    assert error.what == f"this file has more than {MOST_VALUES:,} values"
    assert "aliases" in error.why


def test_a_file_of_many_systems_and_an_alias_are_read():
    text = "common: &c {a: 1, b: [1, 2]}\nsystems:\n" + "".join(f"- {{name: s{n}, args: *c}}\n" for n in range(2000))
    data, lines = parse_yaml(text, "x")
    assert data["systems"][1999]["args"] == {"a": 1, "b": [1, 2]}
    assert lines["systems", 1999] == 2002
