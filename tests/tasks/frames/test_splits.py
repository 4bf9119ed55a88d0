"""Tasks on another split of their data: the split is read, and the card says so."""

import json

import pytest

from polyarena.tasks.benchmarks import m_arc, xcopa, xlsum
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.hooks import on_split, splits_of

CHOICE = {"premise": "It rained.", "choice1": "A", "choice2": "B", "question": "effect", "label": 0, "idx": 1}
ARTICLE = {"id": "1", "url": "u", "title": "t", "summary": "Short.", "text": "Long."}


def mirror(folder, dataset, config, **splits):
    for split, row in splits.items():
        path = folder / dataset.id / config / f"{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return DataSource(folder)


def test_multiple_choice(tmp_path):
    data = mirror(tmp_path, xcopa.task.card.dataset, "it", validation={**CHOICE, "premise": "It snowed."}, test=CHOICE)
    task = on_split(xcopa.task, "validation")
    assert [item.prompt for item in task.items("ita_Latn", data)] == ["It snowed quindi"]
    assert [item.prompt for item in xcopa.task.items("ita_Latn", data)] == ["It rained quindi"]
    assert (task.card.dataset.split, task.card.version) == ("validation", f"{xcopa.task.card.version}+validation")
    assert "Asked on the split 'validation' in place of 'test'." in task.card.notes
    assert task.card.name == "xcopa"
    assert task.variant("why").card.version == task.card.version


def test_generated_answers(tmp_path):
    data = mirror(tmp_path, xlsum.task.card.dataset, "welsh", validation=ARTICLE, test={**ARTICLE, "summary": "Other."})
    task = on_split(xlsum.task, "validation")
    assert [item.references for item in task.items("cym_Latn", data)] == [("Short.",)]
    assert task.card.version == "1.0+validation"


def test_splits_are_listed_with_that_of_the_card_first():
    assert splits_of(xcopa.task) == ("test", "validation")
    assert splits_of(on_split(xcopa.task, "validation")) == ("validation",)
    assert on_split(xcopa.task, "test") is xcopa.task


def test_examples_never_come_from_the_evaluated_split():
    from dataclasses import replace

    task = replace(m_arc.task, other_splits=("train",)).with_split("train")
    assert "twenty_five_shot" not in task.templates
    assert m_arc.task.with_split("validation").shots_of("twenty_five_shot") == 25


@pytest.mark.parametrize("task", [xcopa.task, xlsum.task])
def test_an_unknown_split_has_a_suggestion(task):
    with pytest.raises(UnknownNameError, match="did you mean 'validation'"):
        task.with_split("validaton")
