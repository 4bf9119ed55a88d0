"""The frame: rows, cards, templates, and what is refused."""

import json
import subprocess
import sys

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.frames.cards import by_language, choice_card, translated
from polyarena.tasks.frames.multiple_choice import (
    LETTERS,
    MultipleChoiceTask,
    exam_prompt,
    keep_fields,
    source_from_fields,
    source_from_position,
    source_per_language,
)
from polyarena.tasks.frames.row import Row
from polyarena.tasks.protocol import Task

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DATASET = Dataset(id="owner/quiz", revision=COMMIT, licence="MIT")
GOOD = {"id": "q1", "question": "Je?", "yes": "Ndiyo", "no": "Hapana", "label": 0, "topic": "t"}


def row(**values):
    return Row(values, "swh_Latn", 6, "owner/quiz, config 'sw', row 7")


def plain(row):
    return row.text("question"), (row.text("yes"), row.text("no"))


def polite(row):
    return f"Please: {row.text('question')}", (row.text("yes"), row.text("no"))


def quiz(**changes):
    languages = by_language("sw sv")
    card = choice_card("quiz", "Quiz", DATASET, dict.fromkeys(languages, Provenance.HUMAN), chance=1 / 2)
    settings = {
        "card": card,
        "configs": languages,
        "fields": ("id", "question"),
        "prompts": {"plain": plain, "polite": polite},
        "gold": lambda row: row.gold("label", "01"),
        "source": source_from_fields("id"),
        "details": keep_fields("topic", "level"),
    }
    return MultipleChoiceTask(**settings | changes)


def test_rows_become_items(ask):
    (item,) = ask(quiz(), "swh_Latn", GOOD)
    assert (item.item_id, item.source_id, item.language) == ("q1", "q1", "swh_Latn")
    assert (item.prompt, item.choices, item.gold) == ("Je?", ("Ndiyo", "Hapana"), 0)
    assert item.fields == {"topic": "t"}
    assert isinstance(quiz(), Task)


def test_templates_are_a_family(ask):
    task = quiz()
    assert task.templates == ("plain", "polite")
    polite = task.variant("polite")
    assert polite.card.name == "quiz.polite"
    assert ask(polite, "swh_Latn", GOOD)[0].prompt == "Please: Je?"
    assert polite.card.model_copy(update={"name": "quiz"}) == task.card


def test_the_default_template_has_the_plain_name(ask):
    task = quiz()
    default = task.variant("polite").variant("plain")
    assert default.card == task.card
    assert ask(default, "swh_Latn", GOOD)[0].prompt == "Je?"


def test_an_unknown_template_is_refused():
    with pytest.raises(UnknownNameError, match="template of the task quiz 'polit'") as caught:
        quiz().variant("plain").variant("polit")
    assert "'polite'" in caught.value.fix


def test_rows_that_are_not_asked_keep_the_positions_of_the_rest(ask):
    task = quiz(source=source_from_position, asked=lambda row: row.shown("topic") != "skip")
    found = ask(task, "swh_Latn", GOOD, {**GOOD, "topic": "skip"}, GOOD)
    assert [item.source_id for item in found] == ["0", "2"]


def test_source_ids_that_no_other_language_has(ask):
    task = quiz(source=source_per_language)
    assert [item.source_id for item in ask(task, "swh_Latn", GOOD, GOOD)] == ["swh_Latn:0", "swh_Latn:1"]
    assert [item.source_id for item in ask(task, "swe_Latn", GOOD)] == ["swe_Latn:0"]


def test_repeated_sources_are_refused_or_numbered(ask):
    with pytest.raises(DataError, match="item_id occurs twice"):
        ask(quiz(), "swh_Latn", GOOD, GOOD)
    found = ask(quiz(repeats=True), "swh_Latn", GOOD, GOOD, {**GOOD, "id": "q2"}, GOOD)
    assert [item.item_id for item in found] == ["q1", "q1:2", "q2", "q1:3"]


def test_several_fields_make_one_source_id():
    assert source_from_fields("link", "number")(row(link="a", number=2)) == "a:2"


def test_another_language_is_refused(ask):
    with pytest.raises(UnknownNameError, match="language of the task quiz 'deu_Latn'"):
        list(quiz().items("deu_Latn", None))


@pytest.mark.parametrize("missing", ["id", "question"])
def test_a_missing_field_names_the_revision(ask, missing):
    broken = {key: value for key, value in GOOD.items() if key != missing}
    with pytest.raises(DataError, match=f"the field '{missing}' is missing") as caught:
        ask(quiz(), "swh_Latn", GOOD, broken)
    assert COMMIT in caught.value.why
    assert caught.value.where.endswith("test.jsonl:2")


def test_a_renamed_field_gets_a_suggestion(ask):
    renamed = {key if key != "question" else "Question": value for key, value in GOOD.items()}
    with pytest.raises(DataError) as caught:
        ask(quiz(), "swh_Latn", renamed)
    assert "did you mean 'Question'?" in caught.value.fix


@every_case("value", [7, ["a"], None])
def test_a_field_that_is_no_text(value):
    with pytest.raises(DataError, match="'question' is not a text") as caught:
        row(question=value).text("question")
    assert caught.value.where == "owner/quiz, config 'sw', row 7"
    assert caught.value.why == f"it is {value!r}"


@pytest.mark.parametrize("value", ["", " \n"])
def test_a_field_that_is_empty(value):
    with pytest.raises(DataError, match="'question' is empty"):
        row(question=value).text("question")


def test_texts_keep_their_white_space_and_shown_values_do_not():
    assert row(a=" x ").text("a") == " x "
    assert row(a=" x ").shown("a") == "x"
    assert row(a=1958).shown("a") == "1958"
    assert row(a=None).shown("a") == ""
    assert row(a=" x ", b=1, c=None).all_shown(("c", "a", "b")) == ["", "x", "1"]
    with pytest.raises(DataError, match="'b' is missing"):
        row(a="x").shown("b")


@every_case(
    ("value", "namings", "index"),
    [
        (0, ("012",), 0),
        ("2", ("012",), 2),
        (" B ", (LETTERS,), 1),
        (3, ("0123", LETTERS), 3),
        ("D", ("0123", LETTERS), 3),
        ("politics", (("travel", "politics"),), 1),
    ],
)
def test_gold(value, namings, index):
    assert row(answer=value).gold("answer", *namings) == index


@every_case("value", [-1, 3, "", "01", "E", True, 1.5, None])
def test_a_gold_that_names_no_choice(value):
    with pytest.raises(DataError, match="does not name a choice, expected 0 to 2 or A to D") as caught:
        row(answer=value).gold("answer", "012", LETTERS)
    assert caught.value.why == f"it is {value!r}"


@given(st.lists(st.text(min_size=1).map(str.strip).filter(bool), min_size=2, max_size=7, unique=True), st.data())
def test_gold_finds_every_name(names, data):
    index = data.draw(st.integers(0, len(names) - 1))
    assert row(answer=names[index]).gold("answer", names) == index


def test_options_after_letters():
    prompt, choices = exam_prompt(" Nini? ", ["a", "b", "c", ""])
    assert prompt == "Nini?\nA. a\nB. b\nC. c\nD. \nAnswer:"
    assert choices == ("A", "B", "C", "D")
    with pytest.raises(ValueError, match="1 options"):
        exam_prompt("Nini?", ["a"])


def test_configs_by_language():
    found = by_language("sw zh PT_BR Kazakh", {"jpn_Jpan": "jp"})
    assert dict(found) == {
        "jpn_Jpan": "jp",
        "kaz_Cyrl": "Kazakh",
        "por_Latn": "PT_BR",
        "swh_Latn": "sw",
        "zho_Hans": "zh",
    }
    assert list(found) == sorted(found)
    with pytest.raises(ValueError, match="two configs are of one language"):
        by_language("sw swh")
    with pytest.raises(UnknownNameError):
        by_language("sw xx")


def test_provenance_of_translations():
    found = translated(["eng_Latn", "swh_Latn"], Provenance.MACHINE)
    assert found == {"eng_Latn": Provenance.NATIVE, "swh_Latn": Provenance.MACHINE}


@every_case("revision", ["main", "refs/convert/parquet", "ab393a96cd0b"])
def test_a_card_says_when_its_revision_is_no_commit(revision):
    dataset = DATASET.model_copy(update={"revision": revision})
    card = choice_card("quiz", "Quiz", dataset, {"swh_Latn": Provenance.HUMAN}, chance=1 / 2, notes="A note.")
    assert card.notes == f"A note. The revision is the branch {revision!r}, not a verified commit of the hub."
    assert quiz().card.notes == ""


def test_scores(ask, answer):
    (item,) = ask(quiz(), "swh_Latn", GOOD)
    assert quiz().score(item, answer(item, -3.0, -3.1)) == {"acc": 1.0, "acc_bytes": 0.0}
    with pytest.raises(DataError, match="not a number"):
        quiz().score(item, answer(item, float("nan"), -1.0))


def test_importing_every_task_needs_no_heavy_library():
    modules = ["afrimmlu", "afrixnli", "belebele", "global_mmlu", "include", "m_mmlu", "mmmlu", "multiblimp", "pawsx"]
    modules += ["sib200", "xcopa", "xnli", "xstorycloze", "xwinograd"]
    program = (
        f"import sys, json; [__import__('polyarena.tasks.benchmarks.' + name) for name in {modules!r}];"
        "print(json.dumps(sorted({'torch', 'pandas', 'pyarrow', 'datasets', 'lm_eval'} & set(sys.modules))))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert json.loads(shown) == []
