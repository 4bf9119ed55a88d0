"""Judge templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Label
from polyarena.judges.llm import FIVE, load_template, parse, template_names
from polyarena.judges.llm.template import fill
from polyarena.tasks.errors import DataError, PolyarenaError, UnknownNameError

GOOD = {
    "name": '"mine"',
    "version": '"3"',
    "labels": '["A>B", "A=B", "B>A"]',
    "system": '"Judge in {language}."',
    "user": '"{question} {answer_a} {answer_b}"',
}


@pytest.fixture
def write(tmp_path):
    def write(**changes):
        path = tmp_path / "mine.toml"
        fields = {**GOOD, **changes}
        lines = [f"{name} = {value}\n" for name, value in fields.items() if value is not None]
        path.write_text("".join(lines), encoding="utf-8")
        return str(path)

    return write


def test_the_bundled_template():
    template = load_template("pairwise")
    assert template_names() == ["pairwise"]
    assert (template.name, template.version, template.labels) == ("pairwise", "1", FIVE)
    assert len(template.digest) == 12
    for label in FIVE:
        assert f"[[{label.value}]]" in template.system
    assert "{language} ({autonym})" in template.system


def test_a_judge_that_recites_the_instructions_gives_no_verdict():
    template = load_template("pairwise")
    assert parse(template.system, template.labels) is Label.INVALID
    assert parse(template.user, template.labels) is Label.INVALID


def test_the_shared_prefix_does_not_depend_on_the_match():
    """Providers cache a prefix that many calls share; the system text varies with the language alone."""
    assert not {"{fence}", "{question}", "{answer_a}", "{answer_b}"} & set(load_template("pairwise").system.split())
    assert "{fence}" not in load_template("pairwise").system


def test_a_file_of_ones_own(write):
    template = load_template(write())
    assert (template.name, template.version) == ("mine", "3")
    assert template.labels == (Label.A, Label.TIE, Label.B)
    assert template.digest != load_template(write(version='"4"')).digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"user": '"{question} {answer_a}"'}, r"lacks \{answer_b\}"),
        ({"system": '"Judge."'}, r"lacks \{language\}"),
        ({"user": '"x"'}, r"lacks \{question\} and \{answer_a\} and \{answer_b\}"),
        ({"user": '"{question} {answer_a} {answer_b} {answer_c}"'}, r"unknown placeholder 'answer_c'(.|\n)*answer_"),
        ({"user": '"{question} {answer_a} {answer_b} {"'}, r"a lone \{ in line 1"),
        ({"user": '"""\n{question}\n{answer_a} {answer_b} } """'}, r"a lone \} in line 2"),
        ({"user": '"{question} {answer_a} {answer_b} {0}"'}, r"a lone \{"),
        ({"user": '"{question} {answer_a} {answer_b} {question.text}"'}, r"a lone \{"),
        ({"version": None}, "lacks 'version'"),
        ({"version": "1"}, "lacks 'version'"),
        ({"name": '" "'}, "lacks 'name'"),
        ({"sytem": '"x"'}, "did you mean 'system'"),
        ({"labels": None}, "lacks 'labels'"),
        ({"labels": '"A>B"'}, "lacks 'labels'"),
        ({"labels": "[]"}, "lacks 'labels'"),
        ({"labels": '["A>B", "A<B"]'}, "unknown label 'A<B'"),
        ({"labels": '["A>B", "invalid"]'}, "unknown label 'invalid'"),
        ({"labels": '["A>B", "A>B"]'}, "each once"),
        ({"labels": '["A>B"]'}, "two or more"),
        ({"user": '"unclosed'}, "no TOML"),
    ],
)
def test_bad_templates_are_refused_and_named(write, changes, message):
    path = write(**changes)
    with pytest.raises(PolyarenaError, match=message) as caught:
        load_template(path)
    assert caught.value.where == path


def test_a_misspelt_name_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match="did you mean 'pairwise'"):
        load_template("pairwse")


@pytest.mark.parametrize("name", ["../judge", "", "templates/pairwise"])
def test_a_name_is_no_path(name):
    with pytest.raises(UnknownNameError, match="unknown judge template"):
        load_template(name)


def test_a_missing_or_binary_file(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        load_template(str(tmp_path / "none.toml"))
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="no TOML"):
        load_template(str(path))


def test_doubled_braces_are_braces():
    assert fill('{{"a": {x}}}', {"x": "1"}) == '{"a": 1}'


@given(st.text(), st.text())
def test_values_are_never_expanded(one, other):
    assert fill("{a}|{b}", {"a": one, "b": other}) == f"{one}|{other}"
    assert fill("{a}|{b}", {"a": "{b}{{", "b": "{a}}}"}) == "{b}{{|{a}}}"
