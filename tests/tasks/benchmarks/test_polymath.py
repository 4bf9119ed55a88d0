"""PolyMath and MT-AIME2024: levels are weighted as in the paper, and answers are compared by value."""

import numpy as np
import pytest
from every_case import every_case

from polyarena.tasks.benchmarks import mt_aime2024, polymath
from polyarena.tasks.errors import DataError
from polyarena.tasks.hooks import check_task, metric_of
from polyarena.tasks.metrics.difficulty import WEIGHTS, weighted_accuracy
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

DATASET = polymath.task.card.dataset


def row(level, number, answer="2"):
    return {"id": f"{level}-de-{number}", "question": f"Aufgabe {number}? ", "answer": answer}


@pytest.fixture
def german(hub_copy):
    for level in WEIGHTS:
        data = hub_copy(DATASET, {"de": [row(level, 0, r"$\frac{1}{2}$"), row(level, 1)]}, level)
    return data


def items(data, language="deu_Latn"):
    return validate_items(polymath.task, language, polymath.task.items(language, data))


def answered(item, text):
    return Completion("s", "polymath", item.language, item.item_id, 0, item.source_id, item.prompt, text=text)


def test_all_levels_are_read_in_their_order(german):
    found = items(german)
    assert [item.source_id for item in found] == [f"{level}-{n}" for level in WEIGHTS for n in (0, 1)]
    assert [item.category for item in found][::2] == ["low", "medium", "high", "top"]
    assert found[0].prompt.startswith("Aufgabe 0?\n\nHinweis: ")
    assert r"$\boxed\{\}$" in found[0].prompt


@every_case("text", [r"\boxed{0.5}", r"So ist es $\boxed{\frac{1}{2}}$.", "Antwort: 1/2", r"\boxed{0,5}"])
def test_answers_are_compared_by_value(german, text):
    assert polymath.task.score(items(german)[0], answered(items(german)[0], text)) == {"dw_acc": 1.0, "math_match": 1.0}


def test_harder_problems_weigh_more(german):
    found = items(german)
    # The first of each level is right at the level top alone.
    texts = {item.item_id: "2" if item.item_id == "top-1" else "nichts" for item in found}
    sums = sum(
        np.array(polymath.task.statistics(item, answered(item, texts[item.item_id]))["dw_acc"]) for item in found
    )
    assert sums.tolist() == [8.0, 30.0]
    assert float(weighted_accuracy(sums)) == pytest.approx(8 / 30)


def test_weighted_accuracy_of_several_systems_at_once():
    found = weighted_accuracy(np.array([[15.0, 15.0], [1.0, 4.0], [0.0, 0.0]]))
    assert found.tolist() == [1.0, 0.25, 0.0]


def test_the_metric_is_of_a_corpus_with_the_weights_in_its_signature():
    task = check_task(polymath.task, "polymath")
    assert metric_of(task, "dw_acc").facts.aggregation == "corpus"
    assert str(task.metric_signature("dw_acc")).startswith("metric:dw_acc|weights:1-2-4-8|metric:math_match")


@every_case("name", ["low-de", "top-de-0", "low-de-x"])
def test_an_id_of_another_form_is_refused(hub_copy, name):
    for level in WEIGHTS:
        data = hub_copy(DATASET, {"de": [{**row(level, 0), "id": name}]}, level)
    with pytest.raises(DataError, match="level-language-number"):
        items(data)


def test_every_language_has_the_makers_request():
    assert set(polymath.REQUESTS) == set(polymath.CONFIGS)


@every_case("language", ["arb_Arab", "swh_Latn", "zho_Hans"])
def test_real_problems(hub, language):
    if not (hub.root / DATASET.id).is_dir():
        pytest.skip("the real rows of PolyMath are not here")
    found, english = items(hub, language), items(hub, "eng_Latn")
    assert len(found) == 100
    assert [item.source_id for item in found] == [item.source_id for item in english]
    boxed = [polymath.task.score(item, answered(item, rf"\boxed{{{item.references[0].strip('$')}}}")) for item in found]
    assert sum(score["dw_acc"] for score in boxed) == 100


AIME = {"af": "Vind $x$.", "zh-cn": "求 $x$。", "zh-tw": "求 $x$。", "no": "Finn $x$.", "answer": 204.0}


def test_a_column_for_each_language(hub_copy):
    task = mt_aime2024.task
    data = hub_copy(task.card.dataset, {"MT-AIME2024": [AIME]})
    (item,) = validate_items(task, "nob_Latn", task.items("nob_Latn", data))
    assert item.prompt.endswith(r"a whole number, in \boxed{}." + "\n\nFinn $x$.")
    assert item.references == ("204",)
    assert item.source_id == "1"
    assert task.score(item, answered(item, r"So $x = \boxed{204}$.")) == {"math_match": 1.0}
    assert {mt_aime2024.COLUMNS[code] for code in ("zho_Hans", "zho_Hant")} == {"zh-cn", "zh-tw"}
    assert len(mt_aime2024.COLUMNS) == 55


def test_a_language_without_a_text_is_refused(hub_copy):
    data = hub_copy(mt_aime2024.task.card.dataset, {"MT-AIME2024": [AIME]})
    with pytest.raises(DataError, match="'de' is not a text"):
        list(mt_aime2024.task.items("deu_Latn", data))
