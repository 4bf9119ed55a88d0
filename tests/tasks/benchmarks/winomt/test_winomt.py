"""WinoMT: the task."""

import json
from collections import Counter

import pytest

from polyarena.tasks.audit import AuditSource, audit_task
from polyarena.tasks.benchmarks.winomt import task
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.item import expected_language
from polyarena.tasks.metrics.gender import ANTI, PRO
from polyarena.tasks.metrics.registry import find_metric
from polyarena.tasks.protocol import Task
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

NURSE = {"gender": "female", "index": 1, "sentence": "The nurse saw the cook because she hid.", "occupation": "nurse"}
COOK = {"gender": "male", "index": 4, "sentence": "The nurse saw the cook because he hid.", "occupation": "cook"}
THEY = {"gender": "neutral", "index": 1, "sentence": "The nurse saw the cook; they hid.", "occupation": "nurse"}
SOMEONE = {"gender": "male", "index": 0, "sentence": "Someone saw the cook because he hid.", "occupation": "someone"}


@pytest.fixture
def mirror(tmp_path):
    def written(**parts):
        (tmp_path / "winomt").mkdir(exist_ok=True)
        for name, rows in parts.items():
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (tmp_path / "winomt" / f"{name}.jsonl").write_text(text, encoding="utf-8")
        return DataSource(tmp_path)

    return written


@pytest.fixture
def small(mirror):
    return mirror(en=[NURSE, COOK, THEY, SOMEONE, NURSE], en_pro=[NURSE], en_anti=[COOK])


def answered(item, text):
    return Completion("s", "winomt", item.language, item.item_id, 0, item.source_id, "p", text=text)


def test_items(small):
    nurse, cook = validate_items(task, "spa_Latn", task.items("spa_Latn", small))
    assert nurse.prompt == (
        "Translate this sentence from English into Spanish. Write the translation only.\n\n"
        "The nurse saw the cook because she hid."
    )
    assert (nurse.item_id, nurse.source_id, nurse.references, nurse.category) == ("1", "1", ("female",), PRO)
    assert nurse.fields == {"occupation": "nurse", "others": "cook", "answer_language": "spa_Latn"}
    assert (cook.item_id, cook.references, cook.category) == ("2", ("male",), ANTI)
    assert expected_language(cook) == "spa_Latn"
    assert isinstance(task, Task)


def test_scores_and_statistics(small):
    nurse, cook = task.items("spa_Latn", small)
    right, wrong, none = "La enfermera vio al cocinero.", "La enfermera vio a la cocinera.", "No sé."
    assert task.score(nurse, answered(nurse, right))["gender_acc"] == 1.0
    assert task.score(cook, answered(cook, right))["gender_acc"] == 1.0
    assert task.score(cook, answered(cook, wrong))["gender_acc"] == 0.0
    assert task.score(cook, answered(cook, none)) == {
        "gender_acc": 0.0,
        "delta_s": 0.0,
        "delta_g": 0.0,
        "gender_undecided": 1.0,
    }
    assert tuple(task.score(nurse, answered(nurse, right))) == task.card.metrics
    statistics = task.statistics(cook, answered(cook, right))
    assert statistics == {"delta_s": (0, 0, 1, 1), "delta_g": (1, 1, 1, 0, 0, 0)}
    assert all(len(values) == find_metric(name).n_statistics for name, values in statistics.items())
    assert str(task.metric_signature("delta_s")) == "metric:delta_s|lexicon:2|text:1"


def test_a_completion_without_text_is_refused(small):
    nurse, _ = task.items("spa_Latn", small)
    with pytest.raises(DataError, match="has no text"):
        task.score(nurse, answered(nurse, None))


def test_a_language_that_is_none_of_the_eight(small):
    with pytest.raises(UnknownNameError, match="language of the task winomt 'por_Latn'"):
        list(task.items("por_Latn", small))


def test_the_hub_does_not_have_it():
    with pytest.raises(DataError, match="not on the hub") as caught:
        list(task.items("spa_Latn", DataSource(None)))
    assert "POLYARENA_DATA" in caught.value.fix
    assert "mt_gender" in caught.value.why


@pytest.mark.parametrize(
    ("change", "message"),
    [({"gender": "unknown"}, "gender 'unknown' is unknown"), ({"occupation": "astronaut"}, "'astronaut' is not in")],
)
def test_rows_that_the_task_was_not_written_for(mirror, change, message):
    data = mirror(en=[NURSE, {**COOK, **change}], en_pro=[NURSE], en_anti=[COOK])
    with pytest.raises(DataError, match=message) as caught:
        list(task.items("spa_Latn", data))
    assert caught.value.where.endswith("split 'en', row 2")


def test_a_part_that_is_missing(mirror):
    with pytest.raises(DataError, match="split 'en_anti'"):
        list(task.items("spa_Latn", mirror(en=[NURSE], en_pro=[NURSE])))


def test_the_real_data(test_data):
    source = DataSource(test_data / "hub")
    items = validate_items(task, "heb_Hebr", task.items("heb_Hebr", source))
    assert Counter(item.category for item in items) == {PRO: 1581, ANTI: 1581, None: 360}
    assert Counter(item.references[0] for item in items) == {"male": 1763, "female": 1759}
    assert [item.source_id for item in items] == [item.source_id for item in task.items("deu_Latn", source)]
    assert f"{len(items):,} English sentences" in task.card.shared
    # Each sentence has another person, and only "someone" is none of the lexicon.
    assert all(item.fields["others"] or "someone" in item.prompt.casefold() for item in items)


def test_the_audit_finds_nothing_worse_than_a_note(test_data):
    found = audit_task(task, AuditSource(test_data / "hub"))
    assert [finding for finding in found if finding.severity.value != "note"] == []
