"""The Okapi translations of ARC and HellaSwag, and MMLU-ProX: questions with different numbers of options."""

import pytest

from polyarena.tasks.benchmarks import m_arc, m_hellaswag, mmlu_prox
from polyarena.tasks.errors import DataError
from polyarena.tasks.frames.multiple_choice import exam_prompt
from polyarena.tasks.validation import validate_items

ARC = {
    "id": "ARC-Challenge/test/Mercury_1",
    "instruction": "Was schmilzt? ",
    "option_a": "Eis",
    "option_b": "Stein",
    "option_c": "Holz",
    "option_d": "Sand",
    "option_e": None,
    "answer": "A",
}
SCENE = {
    "ind": 24,
    "activity_label": "Brot backen",
    "ctx_a": "Eine Frau knetet Teig.",
    "ctx_b": "die Frau aus Berlin",
    "endings": ["legt ihn weg.", "wirft ihn. [substeps] Er fällt.", "malt ihn an.", "faltet  ihn."],
    "split_type": "indomain",
    "label": "0",
}
PROX = {
    "question_id": 70,
    "question": "Which? ",
    **{f"option_{number}": f"text {number}" if number < 5 else None for number in range(10)},
    "answer": "E",
    "answer_index": 4,
    "category": "law",
    "src": "ori_mmlu-law",
}


@pytest.mark.parametrize(("last", "gold"), [(None, "A"), ("Luft", "E")])
def test_arc_has_four_options_or_five(ask, last, gold):
    (item,) = ask(m_arc.task, "deu_Latn", {**ARC, "option_e": last, "answer": gold})
    assert item.prompt == "Question: Was schmilzt?\nAnswer:"
    assert item.choices == ("Eis", "Stein", "Holz", "Sand", *filter(None, [last]))
    assert item.choices[item.gold] == ("Luft" if gold == "E" else "Eis")


def test_arc_as_an_exam(ask):
    (item,) = ask(m_arc.task.variant("exam"), "deu_Latn", {**ARC, "option_d": None})
    assert item.prompt == "Was schmilzt?\nA. Eis\nB. Stein\nC. Holz\nAnswer:"
    assert item.choices == ("A", "B", "C")


@pytest.mark.parametrize("change", [{"option_b": None}, {"option_b": " "}, {"answer": "E"}])
def test_a_question_that_lost_an_option_is_left_out(ask, change):
    items = ask(m_arc.task, "deu_Latn", ARC, {**ARC, "id": "ARC-Challenge/test/2", **change})
    assert [item.item_id for item in items] == ["ARC-Challenge/test/Mercury_1"]


def test_another_schema_is_refused(ask):
    without = {name: value for name, value in ARC.items() if name != "option_e"}
    with pytest.raises(DataError, match="'option_e' is missing"):
        ask(m_arc.task, "deu_Latn", without)
    with pytest.raises(DataError, match="'answer' does not name a choice"):
        ask(m_arc.task, "deu_Latn", {**ARC, "answer": "1"})


def test_brackets_of_arc_are_left(ask):
    (item,) = ask(m_arc.task, "deu_Latn", {**ARC, "option_a": "[H+] ist hoch"})
    assert item.choices[0] == "[H+] ist hoch"


def test_examples_come_from_the_training_split(ask, tmp_path, hub):
    shots = m_arc.task.shots["twenty_five_shot"]
    assert (shots.split, shots.count) == ("train", 25)
    if not (hub.root / m_arc.task.card.dataset.id).is_dir():
        pytest.skip("the real rows of M-ARC are not here")
    variant = m_arc.task.variant("twenty_five_shot")
    first = next(iter(variant.items("deu_Latn", hub)))
    assert len(first.examples) == 10  # all that are in this copy of the split
    assert first.examples[0].prompt.startswith("Question: ")
    assert first.full_prompt.endswith(first.prompt)


@pytest.mark.parametrize("language", ["deu_Latn", "kan_Knda", "zho_Hans"])
def test_real_questions_of_arc(hub, language):
    if not (hub.root / m_arc.task.card.dataset.id).is_dir():
        pytest.skip("the real rows of M-ARC are not here")
    items = validate_items(m_arc.task, language, m_arc.task.items(language, hub))
    assert len(items) == 59
    assert {len(item.choices) for item in items} == {4, 5}


def test_a_scene(ask):
    (item,) = ask(m_hellaswag.task, "deu_Latn", SCENE)
    assert item.prompt == "Brot backen: Eine Frau knetet Teig. Die Frau aus Berlin"
    assert item.choices == ("legt ihn weg.", "wirft ihn. Er fällt.", "malt ihn an.", "faltet ihn.")
    assert (item.gold, item.source_id, item.fields) == (0, "24", {"split_type": "indomain"})


def test_marks_of_wikihow_are_removed():
    assert m_hellaswag.unmarked("[header] Wie [title] Reifen wechseln. [step] So.") == " Wie. Reifen wechseln. So."


def test_a_scene_that_lost_an_ending_is_left_out(ask):
    lost = {**SCENE, "ind": 25, "endings": ["a", "[step]", "c", "d"]}
    assert [item.item_id for item in ask(m_hellaswag.task, "deu_Latn", SCENE, lost)] == ["24"]


@pytest.mark.parametrize("endings", [["a", "b", "c"], "abcd"])
def test_a_scene_needs_four_endings(ask, endings):
    with pytest.raises(DataError, match="four texts"):
        ask(m_hellaswag.task, "deu_Latn", {**SCENE, "endings": endings})


@pytest.mark.parametrize("task", [mmlu_prox.task, mmlu_prox.lite], ids=lambda task: task.card.name)
def test_prox_has_as_many_letters_as_options(ask, task):
    (item,) = ask(task, "swh_Latn", PROX)
    assert item.prompt.endswith("D. text 3\nE. text 4\nAnswer:")
    assert item.choices == tuple("ABCDE")
    assert (item.gold, item.source_id, item.category) == (4, "70", "law")


def test_prox_with_ten_options(ask):
    row = PROX | {f"option_{number}": str(number) for number in range(10)} | {"answer": "J"}
    (item,) = ask(mmlu_prox.lite, "swh_Latn", row)
    assert (len(item.choices), item.gold) == (10, 9)


def test_prox_refuses_a_gap_and_an_answer_without_option(ask):
    with pytest.raises(DataError, match="one after the other"):
        ask(mmlu_prox.lite, "swh_Latn", {**PROX, "option_1": None})
    with pytest.raises(DataError, match="'answer' does not name a choice, expected A to E"):
        ask(mmlu_prox.lite, "swh_Latn", {**PROX, "answer": "F"})


def test_real_questions_of_prox(hub):
    if not (hub.root / mmlu_prox.lite.card.dataset.id).is_dir():
        pytest.skip("the real rows of MMLU-ProX-Lite are not here")
    items = validate_items(mmlu_prox.lite, "eng_Latn", mmlu_prox.lite.items("eng_Latn", hub))
    assert len(items) == 70
    assert len({item.category for item in items}) == 14
    assert {len(item.choices) for item in items} <= set(range(4, 11))


def test_no_more_options_than_letters():
    with pytest.raises(ValueError, match="11 options"):
        exam_prompt("?", [str(number) for number in range(11)])
