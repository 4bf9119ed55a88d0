"""SIB-200 on the real data, in all languages that the mirror has."""

from collections import Counter

import pytest

from polyarena.tasks.benchmarks.sib200 import LABELS, task
from polyarena.tasks.errors import DataError
from polyarena.tasks.languages import select_languages

ROW = {"index_id": 7, "category": "politics", "text": "Rais alihutubia bunge. "}


def test_a_row_becomes_an_item(ask):
    (item,) = ask(task, "swh_Latn", ROW)
    assert item.prompt == (
        "Which topic is the text about: science/technology, travel, politics, sports, health, entertainment or "
        "geography?\nText: Rais alihutubia bunge.\nTopic:"
    )
    assert item.choices == LABELS
    assert item.choices[item.gold] == "politics"
    assert (item.item_id, item.source_id) == ("7", "7")
    assert item.fields == {"topic": "politics"}


def test_all_99_are_parallel(real):
    english = [(item.source_id, item.gold) for item in real(task, "eng_Latn")]
    assert len(english) == len(set(english)) == 204
    for language in select_languages("aya99"):
        found = real(task, language.code)
        assert [(item.source_id, item.gold) for item in found] == english


def test_every_label_occurs(real):
    counts = Counter(item.choices[item.gold] for item in real(task, "eng_Latn"))
    assert set(counts) == set(LABELS)
    assert max(counts.values()) < 0.3 * sum(counts.values())


def test_an_unknown_label_is_refused(ask):
    with pytest.raises(DataError, match="expected science/technology to geography"):
        ask(task, "swh_Latn", {**ROW, "category": "weather"})


def test_labels_are_not_divided_by_their_length(ask, answer):
    (item,) = ask(task, "swh_Latn", ROW)
    # Per byte the longest label would win.
    values = [-20.0 if choice == "science/technology" else -10.0 for choice in item.choices]
    assert task.score(item, answer(item, *values)) == {"acc": pytest.approx(1 / 6)}
    assert task.card.metrics == ("acc",)
    assert "longest label" in task.card.notes
