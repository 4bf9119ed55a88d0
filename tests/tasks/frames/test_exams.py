"""The tasks with exam_prompt options, on rows of their schemas."""

import json

import pytest

from polyarena.tasks.benchmarks import afrimmlu, belebele, global_mmlu, include, m_mmlu, mmmlu
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, UnknownNameError

OPTION_FIELDS = {"option_a": "1", "option_b": "2", "option_c": "3", "option_d": "4"}
PROMPT = "1 + 2?\nA. 1\nB. 2\nC. 3\nD. 4\nAnswer:"

OKAPI = {"id": "virology/test/7", "instruction": "1 + 2?", **OPTION_FIELDS, "answer": "C"}
GLOBAL = {
    "sample_id": "virology/test/7",
    "subject": "virology",
    "subject_category": "Medical",
    "question": "1 + 2?",
    **OPTION_FIELDS,
    "answer": "C",
    "required_knowledge": "[]",
    "time_sensitive": "[]",
    "reference": "[]",
    "culture": "[]",
    "region": "[]",
    "country": "[]",
    "cultural_sensitivity_label": "CS",
    "is_annotated": True,
}
OPENAI = {"Unnamed: 0": 0, "Question": "1 + 2?", "A": "1", "B": "2", "C": "3", "D": "4", "Answer": "C"}
OPENAI |= {"Subject": "virology"}
LOCAL = {
    "language": "Albanian",
    "country": "Albania",
    "domain": "STEM",
    "subject": "Math",
    "regional_feature": "agnostic",
    "level": "Academic",
    "question": "1 + 2?",
    "choices": ["1", "2", "3", "4"],
    "answer": 2,
}
AFRICAN = {"subject": "algebra", "question": "1 + 2?", "choices": "['1', '2', '3', '4']", "answer": "C"}
PASSAGE = {
    "link": "https://en.wikinews.org/1",
    "question_number": 2,
    "flores_passage": "Mvua ilinyesha.",
    "question": "Nini? ",
    "mc_answer1": "a",
    "mc_answer2": "b",
    "mc_answer3": "c",
    "mc_answer4": "d",
    "correct_answer_num": "4",
    "dialect": "swh_Latn",
    "ds": "2023-05-03",
}

CASES = [
    (m_mmlu.task, "swe_Latn", OKAPI, "virology/test/7"),
    (global_mmlu.task, "swh_Latn", GLOBAL, "virology/test/7"),
    (global_mmlu.lite, "swh_Latn", GLOBAL, "virology/test/7"),
    (mmmlu.task, "swh_Latn", OPENAI, "0"),
    (include.task, "als_Latn", LOCAL, "als_Latn:0"),
    (afrimmlu.task, "swh_Latn", AFRICAN, "algebra/6b23c0d5/0"),
]
every_exam = pytest.mark.parametrize(
    ("task", "language", "row", "source"), CASES, ids=[task.card.name for task, *_ in CASES]
)


@every_exam
def test_rows_become_items(ask, task, language, row, source):
    (item,) = ask(task, language, row)
    assert item.prompt == PROMPT
    assert item.choices == ("A", "B", "C", "D")
    assert item.gold == 2
    assert item.source_id == item.item_id == source


@every_exam
def test_letters_make_the_metrics_agree(ask, answer, task, language, row, source):
    (item,) = ask(task, language, row)
    assert task.score(item, answer(item, -4.0, -3.0, -1.0, -2.0)) == {"acc": 1.0, "acc_bytes": 1.0}


@every_exam
def test_an_answer_that_is_no_option(ask, task, language, row, source):
    field = "Answer" if "Answer" in row else "answer"
    with pytest.raises(DataError, match=f"'{field}' does not name a choice"):
        ask(task, language, {**row, field: "E"})


@every_exam
def test_a_question_is_needed(ask, task, language, row, source):
    field = next(name for name in ("instruction", "Question", "question") if name in row)
    with pytest.raises(DataError, match=f"'{field}' is empty"):
        ask(task, language, {**row, field: " "})
    with pytest.raises(DataError, match=f"'{field}' is missing"):
        ask(task, language, {key: value for key, value in row.items() if key != field})


def test_subjects(ask):
    assert ask(m_mmlu.task, "swe_Latn", OKAPI)[0].fields == {"subject": "virology"}
    filed = {**OPENAI, "Subject": "college_mathematics_test.csv_sw-KE.csv"}
    assert ask(mmmlu.task, "swh_Latn", filed)[0].fields == {"subject": "college_mathematics"}
    assert ask(afrimmlu.task, "swh_Latn", AFRICAN)[0].fields == {"subject": "algebra"}


@pytest.mark.parametrize("label", ["CS", "CA", "-"])
def test_cultural_sensitivity_is_kept(ask, label):
    (item,) = ask(global_mmlu.task, "swh_Latn", {**GLOBAL, "cultural_sensitivity_label": label})
    assert item.fields == {
        "subject": "virology",
        "subject_category": "Medical",
        "cultural_sensitivity_label": label,
    }


@pytest.mark.parametrize(
    ("label", "category"), [("CS", "culturally_sensitive"), ("CA", "culturally_agnostic"), ("-", None)]
)
@pytest.mark.parametrize("task", [global_mmlu.task, global_mmlu.lite], ids=lambda task: task.card.name)
def test_cultural_sensitivity_is_the_category(ask, task, label, category):
    (item,) = ask(task, "swh_Latn", {**GLOBAL, "cultural_sensitivity_label": label})
    assert item.category == category


def test_an_unknown_cultural_sensitivity_is_refused(ask):
    with pytest.raises(DataError, match="neither CS nor CA") as caught:
        ask(global_mmlu.task, "swh_Latn", {**GLOBAL, "cultural_sensitivity_label": "cs"})
    assert caught.value.why == "it is 'cs'"


def test_cultural_sensitivity_is_needed(ask):
    row = {key: value for key, value in GLOBAL.items() if key != "cultural_sensitivity_label"}
    with pytest.raises(DataError, match="'cultural_sensitivity_label' is missing"):
        ask(global_mmlu.lite, "swh_Latn", row)


def test_lite_has_fewer_languages():
    assert set(global_mmlu.lite.card.languages) - set(global_mmlu.task.card.languages) == {"mya_Mymr"}
    assert len(global_mmlu.lite.card.languages) == 16
    with pytest.raises(UnknownNameError, match="global_mmlu_lite 'amh_Ethi'"):
        list(global_mmlu.lite.items("amh_Ethi", None))


def test_a_lost_option_is_shown_empty(ask):
    (item,) = ask(m_mmlu.task, "swe_Latn", {**OKAPI, "option_d": None})
    assert "\nD. \nAnswer:" in item.prompt
    with pytest.raises(DataError, match="'option_d' is missing"):
        ask(m_mmlu.task, "swe_Latn", {key: value for key, value in OKAPI.items() if key != "option_d"})


@pytest.mark.parametrize("answer", [2, "2", "C"])
@pytest.mark.parametrize("schema", ["choices", "option_a-option_d"])
def test_both_schemas_of_include(ask, schema, answer):
    row = {**LOCAL, "answer": answer}
    if schema != "choices":
        row = {key: value for key, value in row.items() if key != "choices"} | OPTION_FIELDS
    (item,) = ask(include.task, "als_Latn", row)
    assert (item.prompt, item.gold) == (PROMPT, 2)
    assert item.fields["options_from"] == schema
    assert item.fields["regional_feature"] == "agnostic"


@pytest.mark.parametrize("choices", [["1", "2", "3"], "1, 2, 3, 4", None])
def test_include_without_four_options(ask, choices):
    with pytest.raises(DataError, match="no four options") as caught:
        ask(include.task, "als_Latn", {**LOCAL, "choices": choices})
    assert "config 'Albanian', row 1" in caught.value.where


@pytest.mark.parametrize(
    "choices", ["['1', '2', '3']", "1, 2, 3, 4", "[", "__import__('os')", "{'a': 1}", 7, "[" * 5000]
)
def test_afrimmlu_choices_that_are_no_list_of_four(ask, choices):
    with pytest.raises(DataError, match="no list of four options"):
        ask(afrimmlu.task, "swh_Latn", {**AFRICAN, "choices": choices})


def test_afrimmlu_choices_may_be_a_list(ask):
    (item,) = ask(afrimmlu.task, "swh_Latn", {**AFRICAN, "choices": [1, " 2", "3", "4"]})
    assert item.prompt == PROMPT


def test_belebele(ask):
    (item,) = ask(belebele.task, "swh_Latn", PASSAGE)
    assert item.prompt == "P: Mvua ilinyesha.\nQ: Nini?\nA: a\nB: b\nC: c\nD: d\nAnswer:"
    assert (item.choices, item.gold) == (("A", "B", "C", "D"), 3)
    assert item.source_id == "https://en.wikinews.org/1:2"


def test_belebele_questions_with_one_key(ask):
    found = ask(belebele.task, "swh_Latn", PASSAGE, {**PASSAGE, "question": "Lini?"}, {**PASSAGE, "question_number": 1})
    assert [item.item_id.rpartition("/")[2] for item in found] == ["1:2", "1:2:2", "1:1"]


@pytest.mark.parametrize("number", [0, "5", "A"])
def test_belebele_answers_count_from_one(ask, number):
    with pytest.raises(DataError, match="expected 1 to 4"):
        ask(belebele.task, "swh_Latn", {**PASSAGE, "correct_answer_num": number})


def test_lone_surrogates_do_not_break_an_item(ask):
    (item,) = ask(belebele.task, "swh_Latn", {**PASSAGE, "mc_answer2": "b\ud800"})
    assert "B: b\ufffd" in item.prompt


def test_afrimmlu_pairs_subjects_whose_answers_agree_in_order_and_nothing_else(tmp_path):
    def written(config, *questions):
        path = tmp_path / "masakhane/afrimmlu" / config / "test.jsonl"
        path.parent.mkdir(parents=True)
        rows = [
            {"subject": subject, "question": f"{config} {subject}?", "choices": list("wxyz"), "answer": answer}
            for subject, answers in questions
            for answer in answers
        ]
        path.write_text("".join(json.dumps(each) + "\n" for each in rows))

    # English has the subjects in another order, and one of them with its questions in another order.
    written("eng", ("law", "ABCD"), ("maths", "DCBA"), ("economics", "AABB"))
    written("swa", ("maths", "DCBA"), ("economics", "BABA"), ("law", "ABCD"))
    sources = {
        code: [item.source_id for item in afrimmlu.task.items(code, DataSource(tmp_path))]
        for code in ("eng_Latn", "swh_Latn")
    }
    assert all(len(set(ids)) == 12 for ids in sources.values())
    shared = set(sources["eng_Latn"]) & set(sources["swh_Latn"])
    assert {source.partition("/")[0] for source in shared} == {"law", "maths"}
    assert len(shared) == 8
    assert sources["eng_Latn"][0] == sources["swh_Latn"][8]
