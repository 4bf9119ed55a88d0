"""Multi-IF: rows become conversations, and the scores are the makers'."""

import json

import numpy as np
import pytest
from every_case import every_case

from polyarena.tasks.benchmarks.multi_if import LABELS, task
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError
from polyarena.tasks.hooks import check_task, metric_of
from polyarena.tasks.metrics.instructions.scores import overall_accuracy
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

NO_COMMA, WORDS = "punctuation:no_comma", "length_constraints:number_words"


def turn(number, prompt, instructions):
    """The fields of a turn, with JSON within JSON as the data set has them."""
    return {
        f"turn_{number}_prompt": json.dumps({"role": "user", "content": prompt}),
        f"turn_{number}_instruction_id_list": json.dumps([name for name, _ in instructions]),
        f"turn_{number}_kwargs": json.dumps([json.dumps(settings) for _, settings in instructions]),
    }


def row(key="1000:1:de", language="French", turns=3, **changes):
    given = [(NO_COMMA, {})]
    found = {"key": key, "language": language, "turns": None, "responses": None, "turn_index": 0}
    for number in range(1, 4):
        if number > 1:
            given = [*given, (WORDS, {"relation": "at least", "num_words": number, "keywords": None})]
        found |= turn(number, f"tour {number}", given)
        if number > turns:
            found |= dict.fromkeys(
                (f"turn_{number}_{each}" for each in ("prompt", "instruction_id_list", "kwargs")), changes.get("gap")
            )
    changes.pop("gap", None)
    return found | changes


def items(hub_copy, *rows, language="fra_Latn"):
    data = hub_copy(task.card.dataset, {"default": list(rows)}, "train")
    return validate_items(task, language, task.items(language, data))


def answered(item, text):
    return Completion("s", "multi_if", item.language, item.item_id, 0, item.source_id, item.prompt, text=text)


def test_a_row_is_a_conversation(hub_copy):
    found = items(hub_copy, row("7:1:fr"))
    assert [item.item_id for item in found] == ["7:1:fr/1", "7:1:fr/2", "7:1:fr/3"]
    assert [item.previous for item in found] == [None, "7:1:fr/1", "7:1:fr/2"]
    assert {item.source_id for item in found} == {"7:1"}
    assert [item.category for item in found] == ["turn 1", "turn 2", "turn 3"]
    assert [item.prompt for item in found] == ["tour 1", "tour 2", "tour 3"]
    assert [len(item.references) for item in found] == [1, 2, 3]
    assert json.loads(found[1].references[1]) == {"instruction": WORDS, "relation": "at least", "num_words": 2}


@every_case("gap", [None, "", "None"])
def test_a_conversation_may_have_two_turns(hub_copy, gap):
    assert len(items(hub_copy, row(turns=2, gap=gap))) == 2


def test_rows_with_one_key_are_two_conversations(hub_copy):
    found = items(hub_copy, row("7:1:fr", turns=2), row("7:1:fr", turns=2))
    assert [item.item_id for item in found] == ["7:1:fr/1", "7:1:fr/2", "7:1:fr#2/1", "7:1:fr#2/2"]
    assert [item.source_id for item in found] == ["7:1"] * 2 + ["7:1#2"] * 2


def test_languages_are_told_by_their_label(hub_copy):
    rows = [row(f"{number}:1:xx", label, turns=1) for number, label in enumerate(LABELS.values())]
    for number, language in enumerate(LABELS):
        assert [item.item_id for item in items(hub_copy, *rows, language=language)] == [f"{number}:1:xx/1"]


@every_case(
    ("changes", "message"),
    [
        ({"turn_1_prompt": "{}"}, "is not a message with a text"),
        ({"turn_1_prompt": "tour"}, "is not JSON"),
        ({"turn_1_instruction_id_list": '["punctuation:no_full_stop"]'}, "which is not known"),
        ({"turn_1_instruction_id_list": "[]"}, "is not a list of names"),
        ({"turn_1_kwargs": "[]"}, "one entry for each instruction"),
        ({"turn_1_kwargs": '["no"]'}, "not a JSON object"),
        ({"turn_2_kwargs": None}, "'turn_2_kwargs' is not a text"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(hub_copy, changes, message):
    with pytest.raises(DataError, match=message) as caught:
        items(hub_copy, row(), row("2:1:fr", **changes))
    assert "row 2" in str(caught.value) or ":2" in str(caught.value)


def test_scores_of_an_answer_strict_and_loose(hub_copy):
    last = items(hub_copy, row())[2]
    assert task.score(last, answered(last, "un deux trois"))["if_overall"] == 1.0
    # Strictly a comma and enough words; loosely there is none without the first line, and still enough words.
    found = task.score(last, answered(last, "Bien sûr,\nun deux trois"))
    assert found["prompt_level_strict_acc"] == 0.0
    assert found["prompt_level_loose_acc"] == 1.0
    assert found["inst_level_strict_acc"] == pytest.approx(2 / 3)
    assert found["inst_level_loose_acc"] == 1.0
    assert found["if_overall"] == pytest.approx((0 + 1 + 2 / 3 + 1) / 4)
    assert task.score(last, answered(last, ""))["if_overall"] == 0.0


def test_the_overall_score_is_the_mean_of_four_accuracies_of_each_turn(hub_copy):
    found = items(hub_copy, row("1:1:fr"), row("2:1:fr", turns=2))
    texts = ["a", "a, b c", "a b c", "a, b", "a b"]
    sums = sum(
        np.array(task.statistics(item, answered(item, text))["if_overall"])
        for item, text in zip(found, texts, strict=True)
    )
    # Turn 1: one of two prompts, one of two instructions. Turn 2: one of two, three of four. Turn 3: all.
    assert float(overall_accuracy(sums)) == pytest.approx(np.mean([0.5, (0.5 + 0.75) / 2, 1.0]))
    several = np.stack([sums, np.zeros_like(sums)])
    assert overall_accuracy(several).tolist() == pytest.approx([float(overall_accuracy(sums)), 0.0])


def test_the_metrics_are_of_a_corpus_where_the_paper_pools():
    checked = check_task(task, "multi_if")
    kinds = {name: str(metric_of(checked, name).facts.aggregation) for name in task.card.metrics}
    assert kinds == {
        "if_overall": "corpus",
        "prompt_level_strict_acc": "mean",
        "prompt_level_loose_acc": "mean",
        "inst_level_strict_acc": "corpus",
        "inst_level_loose_acc": "corpus",
        "if_overall_words": "corpus",
    }
    assert str(checked.metric_signature("if_overall")) != str(checked.metric_signature("if_overall_words"))


def test_made_rows_in_the_published_schema(test_data):
    data = DataSource(test_data / "hub-made")
    for language in task.card.languages:
        found = validate_items(task, language, task.items(language, data))
        assert [item.category for item in found] == ["turn 1", "turn 2", "turn 3"]
