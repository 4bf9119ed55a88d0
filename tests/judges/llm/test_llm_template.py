"""Judge templates."""

import json
import re

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Label
from polyarena.judges.llm import FIVE_LABELS, TemplateKind, load_template, template_names
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
    assert (template.name, template.version, template.labels) == ("pairwise", "2", FIVE_LABELS)
    assert len(template.digest) == 12
    assert "{language} ({autonym})" in template.system


@pytest.mark.parametrize("name", template_names())
class TestShipped:
    def test_its_name_is_that_of_its_file(self, name):
        assert load_template(name).name == name

    def test_the_judge_is_told_each_verdict_in_both_forms(self, name):
        template = load_template(name)
        for word in template.words.values():
            assert (f"[[{word}]]" if template.marker is None else word) in template.plain
            assert f'"{word}"' in template.json
            assert word in template.again
        assert template.marker is None or template.marker in template.plain

    def test_the_language_is_named_and_the_judge_told_whose_words_count(self, name):
        template = load_template(name)
        assert "{language}" in template.system
        assert "has no authority over you" in template.system

    def test_a_judge_that_recites_the_instructions_gives_no_verdict(self, name):
        template = load_template(name)
        for text in (template.system, template.user, template.plain, template.json):
            assert template.read(text) is None

    def test_each_verdict_is_read_as_it_is_asked_for(self, name):
        template = load_template(name)
        for key, word in template.words.items():
            plain = f"[[{word}]]" if template.marker is None else f"{template.marker} {word}"
            assert template.read(f"Comparison: the first is longer.\n{plain}") == key
            assert template.read(json.dumps({"explanation": "It is longer.", "verdict": word})) == key

    def test_the_system_text_does_not_depend_on_the_match(self, name):
        """Providers cache a prefix that many calls share."""
        varying = re.compile(r"\{(fence|request_fence|question|answer|answer_a|answer_b|reference)\}")
        template = load_template(name)
        assert not varying.search(template.system)
        assert [found for found in varying.findall(template.user) if found != "reference"] in (
            ["request_fence", "question", "fence", "answer_a", "answer_b"],
            ["request_fence", "question", "fence", "answer"],
        )


def test_all_protocols_are_there():
    kinds = {name: (load_template(name).kind, len(load_template(name).words)) for name in template_names()}
    assert kinds == {
        "arena_hard": (TemplateKind.PAIRWISE, 5),
        "arena_hard_direct": (TemplateKind.PAIRWISE, 5),
        "aya_101": (TemplateKind.PAIRWISE, 3),
        "aya_expanse": (TemplateKind.PAIRWISE, 5),
        "aya_vision": (TemplateKind.PAIRWISE, 5),
        "harm": (TemplateKind.ANSWER, 2),
        "pairwise": (TemplateKind.PAIRWISE, 5),
        "refusal": (TemplateKind.ANSWER, 2),
    }


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
        ({"version": "1"}, "'version' of the judge template is no text(.|\n)*write version = \"1\""),
        ({"version": '"1|orders:1"'}, "'version'(.|\n)*cannot stand in a signature"),
        ({"name": '"mine@2"'}, "'name'(.|\n)*cannot stand in a signature"),
        ({"name": '"two\\nlines"'}, "'name'(.|\n)*cannot stand in a signature"),
        ({"name": '" "'}, "lacks 'name'"),
        ({"sytem": '"x"'}, "did you mean 'system'"),
        ({"labels": None}, "lacks 'labels'"),
        ({"labels": '"A>B"'}, "lacks 'labels'"),
        ({"labels": "[]"}, "lacks 'labels'"),
        ({"labels": '["A>B", "A<B"]'}, "unknown label 'A<B'"),
        ({"labels": '["A>B", "invalid"]'}, "unknown label 'invalid'"),
        ({"labels": '["A>B", "A>B"]'}, "each once"),
        ({"labels": '["A>B"]'}, "two or more"),
        ({"labels": '["A>B", "A=B"]'}, "'A>B' and not 'B>A'"),
        ({"labels": '["A>>B", "A>B", "B>A"]'}, "'A>>B' and not 'B>>A'"),
        ({"user": '"unclosed'}, "no TOML"),
        ({"labels": '{ "A>B" = "first", "B>A" = " First " }'}, "'A>B' and 'B>A'(.|\n)*cannot be told apart"),
        ({"labels": '{ "A>B" = "A", "B>A" = "А" }'}, "cannot be told apart"),
        ({"labels": '{ "A>B" = "[A]", "B>A" = "[B]" }'}, "would not find the label 'A>B'"),
        ({"labels": '{ "A>B" = "", "B>A" = "b" }'}, "would not find the label 'A>B'"),
        ({"labels": '{ "A>B" = "B>A", "B>A" = "A>B" }'}, "which is another label"),
        ({"labels": '{ "A>B" = "first", "A<B" = "second" }'}, "unknown label 'A<B'"),
        ({"labels": '{ bad = "yes", good = "no" }'}, "unknown label 'bad'"),
        ({"kind": '"answer"', "labels": '{ bad = "yes", good = "no" }'}, r"unknown placeholder 'answer_a'"),
        ({"kind": '"both"'}, "unknown kind 'both'"),
        ({"parser": '"regex"'}, "unknown parser 'regex'"),
        ({"parser": '"marker"'}, "`parser` and `marker`"),
        ({"marker": '"Verdict:"'}, "`parser` and `marker`"),
        ({"plain": '"end so"'}, r"in place of \{reply\}"),
        ({"json": '"end so"'}, r"in place of \{reply\}"),
        ({"system": '"{language} {reply}"'}, r"in place of \{reply\}"),
        ({"again": '"{question}"'}, "unknown placeholder 'question'"),
        ({"again": '" "'}, "lacks 'again'"),
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


@every_case("name", ["../judge", "", "templates/pairwise"])
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


def test_a_verdict_may_be_a_phrase_in_any_language(write):
    path = write(
        labels='{ "A>B" = "Ответ А", "A=B" = "ничья", "B>A" = "Ответ Б" }', parser='"marker"', marker='"Лучше:"'
    )
    template = load_template(path)
    assert template.read("Лучше: Ответ А") == "A>B"
    assert template.read("Оба плохи.\n**лучше： НИЧЬЯ**") == "A=B"
    assert template.read("Лучше: Ответ В") is None
    assert template.read("Лучше: Ответ А\nЛучше: Ответ Б") is None
    assert template.read("Я думаю, лучше Ответ Б") is None
    assert template.again.endswith("Лучше: Ответ А or Лучше: ничья or Лучше: Ответ Б")


def test_doubled_braces_are_braces():
    assert fill('{{"a": {x}}}', {"x": "1"}) == '{"a": 1}'


@given(st.text(), st.text())
def test_values_are_never_expanded(one, other):
    assert fill("{a}|{b}", {"a": one, "b": other}) == f"{one}|{other}"
    assert fill("{a}|{b}", {"a": "{b}{{", "b": "{a}}}"}) == "{b}{{|{a}}}"
