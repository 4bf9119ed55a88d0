"""Examples before the question: of the same subject, solved, fixed, and never of what is asked."""

import json

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.benchmarks import global_mmlu, m_mmlu
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError
from polyarena.tasks.frames.multiple_choice import FewShot
from polyarena.tasks.item import Kind
from polyarena.tasks.validation import validate_items

TASK = global_mmlu.task.variant("five_shot")


def row(number, subject, answer="B", split="test"):
    options = {f"option_{letter}": f"{letter}{number}" for letter in "abcd"}
    return {
        "sample_id": f"{subject}/{split}/{number}",
        "subject": subject,
        "question": f"{split} {subject} {number}?",
        "answer": answer,
        "cultural_sensitivity_label": "-",
        **options,
    }


@pytest.fixture
def mirror(tmp_path):
    def written(task, **splits):
        for split, rows in splits.items():
            path = tmp_path / task.card.dataset.id / "sw" / f"{split}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(json.dumps(each) + "\n" for each in rows))
        return DataSource(tmp_path)

    return written


def asked(task, data):
    return validate_items(task, "swh_Latn", task.items("swh_Latn", data))


def test_the_first_five_of_the_subject_are_shown_solved(mirror):
    dev = [row(number, subject, "C", "dev") for number in range(7) for subject in ("anatomy", "law")]
    (item,) = asked(TASK, mirror(TASK, dev=dev, test=[row(0, "law")]))
    *examples, question = item.full_prompt.split("\n\n")
    assert question == item.prompt
    assert [example.answer for example in item.examples] == ["C"] * 5
    assert item.examples[1].prompt.endswith("\nAnswer:")
    assert [example.splitlines()[0] for example in examples] == [f"dev law {number}?" for number in range(5)]
    assert all(example.endswith("\nAnswer: C") for example in examples)
    assert examples[1] == "dev law 1?\nA. a1\nB. b1\nC. c1\nD. d1\nAnswer: C"
    assert question == "test law 0?\nA. a0\nB. b0\nC. c0\nD. d0\nAnswer:"
    assert (item.choices, item.gold, item.item_id) == (("A", "B", "C", "D"), 1, "law/test/0")


def test_a_subject_with_fewer_examples_shows_those(mirror):
    data = mirror(TASK, dev=[row(0, "law", split="dev")], test=[row(0, "law"), row(1, "virology")])
    some, none = asked(TASK, data)
    assert some.full_prompt.count("Answer:") == 2
    assert some.prompt.count("Answer:") == len(some.examples) == 1
    assert none.full_prompt.startswith("test virology 1?")


def test_without_shots_the_other_split_is_not_read(mirror):
    (item,) = asked(global_mmlu.task, mirror(TASK, test=[row(0, "law")]))
    assert item.prompt.startswith("test law 0?")


def test_a_missing_split_is_named(mirror):
    with pytest.raises(DataError, match="split 'dev'"):
        asked(TASK, mirror(TASK, test=[row(0, "law")]))


def test_a_faulty_example_is_named(mirror):
    data = mirror(TASK, dev=[row(0, "law", "E", "dev")], test=[row(0, "law")])
    with pytest.raises(DataError, match="does not name a choice") as caught:
        asked(TASK, data)
    assert caught.value.where.endswith("split 'dev', row 1")


@every_case("task", [global_mmlu.task, global_mmlu.lite, m_mmlu.task], ids=lambda task: task.card.name)
def test_the_variant_is_the_same_task_by_another_name(task):
    variant = task.variant("five_shot")
    assert variant.card == task.card.model_copy(update={"name": f"{task.card.name}.five_shot"})
    assert variant.card.kind is Kind.MULTIPLE_CHOICE


def test_examples_are_never_of_the_split_that_is_asked(mirror):
    shots = FewShot(global_mmlu.exam, split="test")
    data = mirror(TASK, test=[row(0, "law")])
    with pytest.raises(ValueError, match="must not come from the evaluated split"):
        shots.examples(TASK.card.dataset, "sw", "swh_Latn", TASK.fields, TASK.gold, data)


@given(st.integers(0, 6), st.integers(0, 9))
def test_as_many_as_there_are_up_to_the_count(count, there):
    class Source:
        def rows(self, dataset, config, fields):
            assert dataset.split == "dev"
            return [row(number, "law", split="dev") for number in range(there)]

    shots = FewShot(global_mmlu.exam, split="dev", count=count)
    found = shots.examples(TASK.card.dataset, "sw", "swh_Latn", (), TASK.gold, Source())
    texts = [example.text for examples in found.values() for example in examples]
    assert sum(text.endswith("Answer: B\n\n") for text in texts) == len(texts) == min(count, there)
