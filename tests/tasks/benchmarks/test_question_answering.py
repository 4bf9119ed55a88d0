"""TyDi QA and XQuAD: the passage is shown, answers are scored by the language, hidden answers are refused."""

import pytest

from polyarena.tasks.benchmarks import tydiqa_goldp, xquad
from polyarena.tasks.card import Provenance
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.frames.question_answering import question_item
from polyarena.tasks.frames.row import Row
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.protocol import Task
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

BOTH = pytest.mark.parametrize("task", [tydiqa_goldp.task, xquad.task], ids=["tydiqa_goldp", "xquad"])


def row(name, *answers, context="Juma alizaliwa mwaka wa 1946 mjini Mwanza.", question="Juma alizaliwa lini?"):
    starts = [max(context.find(answer), 0) for answer in answers]
    return {
        "id": name,
        "title": "Juma",
        "context": context,
        "question": question,
        "answers": {"text": list(answers), "answer_start": starts},
    }


@pytest.fixture
def tydi(hub_copy):
    def write(*rows):
        return hub_copy(tydiqa_goldp.task.card.dataset, {"secondary_task": rows})

    return write


def score(task, item, text):
    completion = Completion("s", task.card.name, item.language, item.item_id, 0, item.source_id, item.prompt, text=text)
    return task.score(item, completion)


@BOTH
def test_it_is_a_generative_task(task):
    assert isinstance(task, Task)
    assert task.card.kind is Kind.GENERATIVE
    assert task.card.metrics == ("f1", "exact_match")
    assert task.card.dataset.split == "validation"
    assert set(task.card.provenance) == set(task.card.languages)
    assert len(task.card.dataset.revision) == 40


def test_languages_and_provenance():
    assert len(tydiqa_goldp.task.card.languages) == 9
    assert set(tydiqa_goldp.task.card.provenance.values()) == {Provenance.NATIVE}
    assert tydiqa_goldp.task.card.shared == ""
    assert len(xquad.task.card.languages) == 12
    assert xquad.task.card.provenance["tha_Thai"] is Provenance.HUMAN
    assert xquad.task.card.provenance["eng_Latn"] is Provenance.NATIVE


def test_prefixes_and_configs_mean_their_languages():
    for code, prefix in tydiqa_goldp.PREFIXES.items():
        assert find_language(prefix).code == code
    for code, config in xquad.CONFIGS.items():
        assert find_language(config.removeprefix("xquad.")).code == code


def test_rows_are_sorted_out_by_their_ids(tydi):
    data = tydi(row("swahili-1-0", "1946"), row("finnish-2-0", "Helsinki"), row("swahili-3-1", "Mwanza"))
    items = validate_items(tydiqa_goldp.task, "swh_Latn", tydiqa_goldp.task.items("swh_Latn", data))
    assert [item.item_id for item in items] == [item.source_id for item in items] == ["swahili-1-0", "swahili-3-1"]
    assert all(item.language == "swh_Latn" for item in items)
    (finnish,) = tydiqa_goldp.task.items("fin_Latn", data)
    assert finnish.references == ("Helsinki",)


def test_a_language_without_rows_is_named(tydi):
    with pytest.raises(DataError, match="no rows of 'korean'") as caught:
        list(tydiqa_goldp.task.items("kor_Hang", tydi(row("swahili-1-0", "1946"))))
    assert caught.value.why == "its rows are of: swahili"


def test_languages_that_the_makers_left_out_have_a_reason(tydi):
    with pytest.raises(UnknownNameError, match="spaces between words"):
        list(tydiqa_goldp.task.items("tha_Thai", tydi(row("thai-1-0", "x"))))


def test_passage_and_question_are_in_the_prompt(tydi):
    (item,) = tydiqa_goldp.task.items("swh_Latn", tydi(row("swahili-1-0", "1946")))
    assert "Passage: Juma alizaliwa mwaka wa 1946 mjini Mwanza." in item.prompt
    assert "Question: Juma alizaliwa lini?" in item.prompt
    assert "in Swahili" in item.prompt
    assert item.prompt.endswith("Answer:")


def test_the_answer_stands_in_the_passage_only():
    item = question_item(Row(row("a", "1946"), "swh_Latn", 0, "row 1"))
    assert item.prompt.count("1946") == 1


def test_the_same_answer_of_several_people_counts_once(tydi):
    (item,) = tydiqa_goldp.task.items("swh_Latn", tydi(row("swahili-1-0", "1946", " 1946", "mwaka wa 1946", "")))
    assert item.references == ("1946", "mwaka wa 1946")


@pytest.mark.parametrize("answers", [[""], [], [" ", "\n"]])
def test_hidden_answers_are_refused(tydi, answers):
    with pytest.raises(DataError, match="have no answer") as caught:
        list(tydiqa_goldp.task.items("swh_Latn", tydi(row("swahili-9-9", "1"), row("swahili-1-0", *answers))))
    assert caught.value.where.endswith("config 'secondary_task', row 2")
    assert "the task 'tydiqa_goldp' cannot be scored: 1 of 2 questions in swh_Latn" in caught.value.what
    assert "hide the answers" in caught.value.why
    assert "google-research-datasets/tydiqa from the hub" in caught.value.fix


@pytest.mark.parametrize("answers", [{"text": "1946"}, {"text": [1946]}, {"text": {"a": 1}}])
def test_answers_in_another_form_are_refused(tydi, answers):
    with pytest.raises(DataError, match=r"'answers.text' is not a list of texts"):
        list(tydiqa_goldp.task.items("swh_Latn", tydi(row("swahili-1-0") | {"answers": answers})))


def test_a_flat_list_of_answers_is_refused(tydi):
    with pytest.raises(DataError, match="'answers' is not an object"):
        list(tydiqa_goldp.task.items("swh_Latn", tydi(row("swahili-1-0") | {"answers": ["1946"]})))


@pytest.mark.parametrize("field", ["id", "context", "question", "answers"])
def test_a_missing_field_is_named(tydi, field):
    broken = {key: value for key, value in row("swahili-1-0", "1946").items() if key != field}
    with pytest.raises(DataError, match=f"'{field}' is missing"):
        list(tydiqa_goldp.task.items("swh_Latn", tydi(broken)))


def test_a_repeated_id_is_refused(tydi):
    with pytest.raises(DataError, match="'swahili-1-0' occurs twice"):
        list(tydiqa_goldp.task.items("swh_Latn", tydi(row("swahili-1-0", "a"), row("swahili-1-0", "b"))))


@pytest.mark.parametrize("language", tydiqa_goldp.task.card.languages)
def test_the_real_mirror_hides_its_answers(hub, language):
    # XTREME's copy: the questions are there, every answer is an empty text. A score on it would be worth nothing.
    raw = hub.rows(tydiqa_goldp.task.card.dataset, "secondary_task", ["answers"])
    assert {tuple(each["answers"]["text"]) for each in raw} == {("",)}
    with pytest.raises(DataError, match="have no answer"):
        list(tydiqa_goldp.task.items(language, hub))


@pytest.mark.parametrize(
    ("language", "answer", "text"),
    [
        ("swh_Latn", "Mwanza", "mwanza."),
        ("eng_Latn", "The Hague", "hague"),
        ("arb_Arab", "القاهرة", "قاهرة"),
        ("fin_Latn", "1946", "1946"),
    ],
)
def test_normalised_answers_match(tydi, language, answer, text):
    name = f"{tydiqa_goldp.PREFIXES[language]}-1-0"
    (item,) = tydiqa_goldp.task.items(language, tydi(row(name, answer, context=f"... {answer} ...")))
    assert score(tydiqa_goldp.task, item, text) == {"f1": 1.0, "exact_match": 1.0}


def test_articles_of_english_are_words_elsewhere(tydi):
    (item,) = tydiqa_goldp.task.items("swh_Latn", tydi(row("swahili-1-0", "a the Mwanza")))
    assert score(tydiqa_goldp.task, item, "Mwanza")["exact_match"] == 0


def test_the_best_reference_counts(tydi):
    (item,) = tydiqa_goldp.task.items("swh_Latn", tydi(row("swahili-1-0", "mjini Mwanza", "Mwanza")))
    assert score(tydiqa_goldp.task, item, "Mwanza") == {"f1": 1.0, "exact_match": 1.0}
    assert score(tydiqa_goldp.task, item, "Dodoma") == {"f1": 0.0, "exact_match": 0.0}


def test_xquad_is_parallel_by_its_ids(hub_copy):
    names = ["56beb4343aeaaa14008c925b", "56beb4343aeaaa14008c925c"]
    rows = [row(name, "308", context="ยอม 308 แต้ม") for name in names]
    data = hub_copy(xquad.task.card.dataset, {"xquad.th": rows, "xquad.en": rows})
    thai, english = (
        validate_items(xquad.task, code, xquad.task.items(code, data)) for code in ("tha_Thai", "eng_Latn")
    )
    assert [item.source_id for item in thai] == [item.source_id for item in english] == names
    assert "in Thai" in thai[0].prompt


def test_thai_answers_need_no_spaces(hub_copy):
    data = hub_copy(xquad.task.card.dataset, {"xquad.th": [row("1", "กรุงเทพมหานคร", context="กรุงเทพมหานคร")]})
    (item,) = xquad.task.items("tha_Thai", data)
    partly = score(xquad.task, item, "กรุงเทพ")
    assert 0 < partly["f1"] < 1
    assert partly["exact_match"] == 0
    assert score(xquad.task, item, "กรุงเทพมหานคร") == {"f1": 1.0, "exact_match": 1.0}


@BOTH
def test_a_completion_without_text_is_refused(task):
    item = question_item(Row(row("a", "1946"), "eng_Latn", 0, "row 1"))
    with pytest.raises(DataError, match="no text"):
        score(task, item, None)
