"""Multiple choice by generation: the same questions, and the letter of the reply."""

import json

import pytest
from every_case import every_case

from polyarena.tasks.benchmarks import global_piqa, mlogiqa, mmlu_prox
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.hooks import check_task
from polyarena.tasks.item import Kind
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

ROW = {
    "prompt": "How much water fills an average bathtub?",
    **{f"solution{n}": text for n, text in enumerate(("10 liters", "50 liters", "1000 liters", "200 liters"))},
    "label": 3,
    "example_id": "parallel_ex000075_tur_latn",
}
TASK = global_piqa.parallel_generated


@pytest.fixture
def item(tmp_path):
    path = tmp_path / TASK.card.dataset.id / "tur_latn" / "test.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    data = DataSource(tmp_path)
    (found,) = validate_items(TASK, "tur_Latn", TASK.items("tur_Latn", data))
    (choice,) = global_piqa.parallel.items("tur_Latn", data)
    assert (found.item_id, found.source_id) == (choice.item_id, choice.source_id)
    return found


def answered(item, text):
    return Completion("s", TASK.card.name, item.language, item.item_id, 0, item.source_id, item.prompt, text=text)


def test_the_prompt_lists_the_options_and_says_how_to_end(item):
    assert item.prompt == (
        "How much water fills an average bathtub?\nA. 10 liters\nB. 50 liters\nC. 1000 liters\nD. 200 liters\n\n"
        'Think in Turkish before you answer, and end with a line of the form "Answer: X", where X is one of the '
        "letters A to D."
    )
    assert (item.choices, item.gold, item.references) == ((), None, ("D",))
    assert item.fields["example_id"] == ROW["example_id"]


@every_case(
    ("text", "match", "absent"),
    [
        ("Bir küvet büyüktür.\nAnswer: D", 1.0, 0.0),
        ("Cevap: D", 1.0, 0.0),
        ("Answer: A", 0.0, 0.0),
        ("Bilmiyorum.", 0.0, 1.0),
        ("", 0.0, 1.0),
    ],
)
def test_the_letter_of_the_reply_counts(item, text, match, absent):
    assert TASK.score(item, answered(item, text)) == {"letter_match": match, "letter_absent": absent}


@every_case("task", [TASK, global_piqa.nonparallel_generated, mmlu_prox.lite_generated, mlogiqa.generated])
def test_cards(task):
    check_task(task, task.card.name)
    source = task.source.card
    assert task.card.name == f"{source.name.partition('.')[0]}_generated"
    assert task.card.kind is Kind.GENERATIVE
    assert task.card.languages == source.languages
    assert task.card.chance is None
    assert task.card.metrics == ("letter_match", "letter_absent")
    assert str(task.metric_signature("letter_match")).startswith("metric:letter_match")


def test_a_language_that_the_task_does_not_have():
    with pytest.raises(UnknownNameError, match="fry_Latn"):
        TASK.items("fry_Latn", None)


def test_a_completion_without_a_text_is_refused(item):
    with pytest.raises(DataError, match="no text"):
        TASK.score(item, answered(item, None))
