"""Templates by language."""

from dataclasses import replace

import pytest

from polyarena.judges import Answer, Game, Label, Match, Reply
from polyarena.judges.llm import build, load_template, load_templates, parse_again
from polyarena.tasks.errors import DataError, PolyarenaError, UnknownNameError

ENGLISH = """
name = "mine"
version = "1"
labels = ["A>B", "A=B", "B>A"]
system = "Judge answers in {language}."
user = "{question} {answer_a} {answer_b}"
"""
SWAHILI = """
name = "mine"
version = "1"
labels = { "A>B" = "Jibu A", "A=B" = "Sawa", "B>A" = "Jibu B" }
system = "Linganisha majibu mawili ya Kiswahili."
user = "{question} {answer_a} {answer_b}"
again = "Andika uamuzi wako tu: [[Jibu A]], [[Sawa]] au [[Jibu B]]"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.toml").write_text(ENGLISH)
    (tmp_path / "mine.swh_Latn.toml").write_text(SWAHILI)
    return tmp_path


def match(language):
    return Match(language, "?", Answer("a"), Answer("b"))


def test_a_file_beside_the_template_is_for_its_language(folder):
    templates = load_templates(str(folder / "mine.toml"))
    assert set(templates.by_language) == {"swh_Latn"}
    assert templates.of("swh_Latn").system.startswith("Linganisha")
    assert templates.of("deu_Latn") is templates.default


def test_a_mapping_names_them_one_by_one(folder):
    mapping = {"default": "aya_101", "Swahili": str(folder / "mine.swh_Latn.toml")}
    templates = load_templates(mapping)
    assert set(templates.by_language) == {"swh_Latn"}
    assert templates.default == load_template("aya_101")


def test_each_language_is_asked_and_read_by_its_own_template(folder):
    seen = []

    def ask(calls):
        for call in calls:
            seen.append(call)
            swahili = "Linganisha" in call.messages[0]["content"]
            yield Reply("Hm." if len(call.messages) == 2 else "[[Jibu B]]" if swahili else "[[B>A]]")

    judge = build({"template": str(folder / "mine.toml")}, ask)
    verdicts = list(judge.decide([match("swh_Latn"), match("deu_Latn"), match("swh_Latn")]))
    assert [verdict.label for verdict in verdicts] == [Label.B] * 3
    again = [call.messages[3]["content"].split()[0] for call in seen if len(call.messages) == 4]
    assert sorted(again) == ["Andika", "Andika", "Your"]
    stored = Game("j", "t", "swh_Latn", "1", "1", "a", "b", 0, verdicts[0].label.value, verdicts[0].raw)
    assert parse_again(judge.templates, stored) is Label.B
    assert parse_again(judge.templates, replace(stored, language="deu_Latn")) is Label.INVALID


def test_every_file_is_in_the_signature(folder):
    path = str(folder / "mine.toml")
    before = build({"template": path}, None).signature
    (folder / "mine.swh_Latn.toml").write_text(SWAHILI.replace("majibu", "vizuri majibu"))
    changed = build({"template": path}, None).signature
    (folder / "mine.swh_Latn.toml").unlink()
    assert len({before, changed, build({"template": path}, None).signature}) == 3
    assert load_templates(path).digest == load_template(path).digest


def test_a_template_for_one_language_need_not_name_it(folder):
    with pytest.raises(DataError, match=r"lacks \{language\}"):
        load_template(str(folder / "mine.swh_Latn.toml"))
    assert load_template(str(folder / "mine.swh_Latn.toml"), one_language=True).version == "1"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("mine.deu_Latn.toml", ENGLISH.replace('"A=B", ', ""), "gives other verdicts"),
        ("mine.deu_Latn.toml", 'name = "x"', "lacks 'version'"),
        ("mine.gremlin.toml", ENGLISH, "gremlin"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(folder, name, text, message):
    (folder / name).write_text(text)
    with pytest.raises(PolyarenaError, match=message):
        load_templates(str(folder / "mine.toml"))


def test_a_mapping_needs_a_default(folder):
    with pytest.raises(DataError, match="no default"):
        load_templates({"swh_Latn": str(folder / "mine.swh_Latn.toml")})
    with pytest.raises(UnknownNameError, match="did you mean 'pairwise'"):
        load_templates({"default": "pairwse"})
