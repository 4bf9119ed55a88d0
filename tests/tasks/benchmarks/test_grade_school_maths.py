"""MGSM on the real problems; Global MGSM and AfriMGSM on rows in the schema of the hub."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.benchmarks import afrimgsm, global_mgsm, mgsm
from polyarena.tasks.benchmarks.grade_school_maths import instructed, numbered
from polyarena.tasks.card import Provenance
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.frames.row import Row
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.protocol import Task
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

ALL = pytest.mark.parametrize(
    "task", [mgsm.task, global_mgsm.task, afrimgsm.task], ids=["mgsm", "global_mgsm", "afrimgsm"]
)
EVERY = pytest.mark.parametrize("language", mgsm.task.card.languages)
ROW = Row({}, "eng_Latn", 0, "here")
AFRICAN_ROW = {"question": "Bíi ẹyin 16...", "answer": None, "answer_number": 18, "equation_solution": None}
GLOBAL_ROW = {
    "instruction": 'Løs oppgaven. Avslutt med "Svar:" og tallet. ',
    "question": " Hva er 6 * 7?",
    "answer_prefix": "Svar",
    "answer": "42",
}


def score(task, item, text):
    completion = Completion("s", task.card.name, item.language, item.item_id, 0, item.source_id, item.prompt, text=text)
    return task.score(item, completion)


@ALL
def test_it_is_a_generative_task(task):
    assert isinstance(task, Task)
    assert task.card.kind is Kind.GENERATIVE
    assert task.card.metrics == ("numeric_match",)
    assert task.card.shared == "the 250 problems"
    assert set(task.card.provenance) == set(task.card.languages)
    assert task.card.provenance["eng_Latn"] is Provenance.NATIVE
    assert task.card.languages == tuple(sorted(task.card.languages))


def test_counts_of_languages():
    assert [len(task.card.languages) for task in (mgsm.task, global_mgsm.task, afrimgsm.task)] == [11, 40, 15]
    assert set(mgsm.task.card.languages) <= set(global_mgsm.task.card.languages)


def test_configs_are_names_of_their_languages():
    for configs in (global_mgsm.CONFIGS, {code: words.config for code, words in mgsm.WORDS.items()}):
        assert {code: find_language(config).code for code, config in configs.items()} == {
            code: code for code in configs
        }
    assert {find_language(config).code for config in afrimgsm.CONFIGS.values()} == set(afrimgsm.CONFIGS)


def test_only_what_is_known_counts_as_translated_by_people():
    provenance = global_mgsm.task.card.provenance
    assert provenance["swh_Latn"] is provenance["xho_Latn"] is Provenance.HUMAN
    assert provenance["khm_Khmr"] is provenance["uzn_Latn"] is Provenance.MACHINE
    assert sum(each is Provenance.HUMAN for each in provenance.values()) == 18  # 10 of MGSM, 8 of AfriMGSM


@EVERY
def test_real_problems_are_parallel(hub, language):
    items = validate_items(mgsm.task, language, mgsm.task.items(language, hub))
    english = list(mgsm.task.items("eng_Latn", hub))
    assert [item.source_id for item in items] == [str(number) for number in range(1, 251)]
    assert [item.references for item in items] == [item.references for item in english]


@EVERY
def test_the_prompt_asks_to_reason_in_the_language(hub, language):
    item = next(mgsm.task.items(language, hub))
    assert f"step by step in {find_language(language).name}" in item.prompt
    assert item.prompt.count("\n\n") == 1


def test_the_templates():
    assert mgsm.task.templates == ("reasoned", "direct")
    assert mgsm.task.variant("reasoned").card is mgsm.task.card
    assert mgsm.task.variant("direct").card.name == "mgsm.direct"
    with pytest.raises(UnknownNameError, match="template of the task mgsm 'direkt'") as caught:
        mgsm.task.variant("direkt")
    assert "'direct'" in caught.value.fix


@pytest.mark.parametrize(("language", "code"), [(code, words.config) for code, words in mgsm.WORDS.items()])
def test_the_direct_template_says_what_lm_eval_says(hub, language, code):
    pytest.importorskip("lm_eval")
    from importlib.util import find_spec
    from pathlib import Path

    import jinja2
    import yaml

    folder = Path(find_spec("lm_eval").origin).parent / "tasks/mgsm/direct"
    text = (folder / f"mgsm_direct_{code}.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    template = jinja2.Environment(keep_trailing_newline=True).from_string(config["doc_to_text"])
    direct = mgsm.task.variant("direct")
    raw = hub.rows(direct.card.dataset, code, ["question"])
    for row, item in zip(raw[:50], direct.items(language, hub), strict=False):
        assert item.prompt == template.render(question=row["question"], answer=None)
    assert set(config["generation_kwargs"]["until"]) <= set(direct.card.generation.stop)


@EVERY
def test_the_right_number_counts_in_both_templates(hub, language):
    for name in mgsm.task.templates:
        task = mgsm.task.variant(name)
        item = next(task.items(language, hub))
        assert score(task, item, "9 x 2 = 18") == {"numeric_match": 1.0}
        assert score(task, item, "18 - 1 = 17") == {"numeric_match": 0.0}
        assert score(task, item, "") == {"numeric_match": 0.0}


@pytest.mark.parametrize(
    ("language", "text"), [("ben_Beng", "উত্তর: ১৮"), ("tha_Thai", "คำตอบ ๑๘"), ("tel_Telu", "సమాధానం ౧౮")]
)
def test_digits_of_the_language_count(hub, language, text):
    assert score(mgsm.task, next(mgsm.task.items(language, hub)), text) == {"numeric_match": 1.0}


def test_large_numbers_may_be_grouped(hub):
    item = next(item for item in mgsm.task.items("deu_Latn", hub) if item.references == ("70000",))
    assert score(mgsm.task, item, "Der Gewinn beträgt 70.000 Dollar.") == {"numeric_match": 1.0}
    assert score(mgsm.task, item, "Der Gewinn beträgt 70 Dollar.") == {"numeric_match": 0.0}


def test_global_mgsm_uses_the_instruction_of_the_data(hub_copy):
    data = hub_copy(global_mgsm.task.card.dataset, {"km": [GLOBAL_ROW, GLOBAL_ROW | {"answer": 7}]})
    first, second = validate_items(global_mgsm.task, "khm_Khmr", global_mgsm.task.items("khm_Khmr", data))
    assert first.prompt == 'Løs oppgaven. Avslutt med "Svar:" og tallet.\n\nHva er 6 * 7?'
    assert (first.source_id, second.source_id) == ("1", "2")
    assert (first.references, second.references) == (("42",), ("7",))
    assert score(global_mgsm.task, first, "Svar: 42") == {"numeric_match": 1.0}


@pytest.mark.parametrize("field", GLOBAL_ROW)
def test_global_mgsm_names_a_missing_field(hub_copy, field):
    broken = {key: value for key, value in GLOBAL_ROW.items() if key != field}
    data = hub_copy(global_mgsm.task.card.dataset, {"km": [GLOBAL_ROW, broken]})
    with pytest.raises(DataError, match=f"'{field}' is missing") as caught:
        list(global_mgsm.task.items("khm_Khmr", data))
    assert global_mgsm.task.card.dataset.revision in caught.value.why


def test_afrimgsm_reads_the_schema_of_mgsm(hub_copy):
    data = hub_copy(afrimgsm.task.card.dataset, {"orm": [AFRICAN_ROW, AFRICAN_ROW | {"answer_number": 2.0}]})
    first, second = validate_items(afrimgsm.task, "gaz_Latn", afrimgsm.task.items("gaz_Latn", data))
    assert "in Oromo (West Central)," in first.prompt
    assert first.prompt.endswith(AFRICAN_ROW["question"])
    assert (first.references, second.references) == (("18",), ("2",))


def test_an_answer_that_is_no_number_is_refused(hub_copy):
    data = hub_copy(afrimgsm.task.card.dataset, {"hau": [AFRICAN_ROW | {"answer_number": [18]}]})
    with pytest.raises(DataError, match="'answer_number' is not a number or text"):
        list(afrimgsm.task.items("hau_Latn", data))


def test_an_empty_problem_is_found(hub_copy):
    data = hub_copy(afrimgsm.task.card.dataset, {"hau": [AFRICAN_ROW | {"question": " "}]})
    (item,) = afrimgsm.task.items("hau_Latn", data)
    assert item.prompt.endswith("\n\n")


@ALL
def test_a_language_that_is_not_there(hub_copy, task):
    with pytest.raises(UnknownNameError, match="nya_Latn"):
        list(task.items("nya_Latn", hub_copy(task.card.dataset, {"ny": [AFRICAN_ROW]})))


@given(st.integers(-(10**6), 10**6))
def test_whole_numbers_have_one_form(number):
    items = [numbered(ROW, "?", value) for value in (number, float(number), str(number), f" {number}\n")]
    assert {item.references for item in items} == {(str(number),)}


def test_other_numbers_keep_their_fraction():
    assert numbered(ROW, "?", 2.5).references == ("2.5",)


def test_instructions_keep_the_problem_as_it_is():
    assert instructed(" Wie viel ist 1+1? \n", "deu_Latn").endswith("\n\nWie viel ist 1+1?")
