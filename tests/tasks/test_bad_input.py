"""What a user may feed to a task: each fault is one clear error, and never a silent zero."""

import json
import sys
from types import SimpleNamespace

import pytest

from polyarena.tasks.benchmarks import flores, sib200, tydiqa_goldp, xcopa
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, PolyarenaError
from polyarena.tasks.records import COMPLETION_SCHEMA, Completion, to_table
from polyarena.tasks.registry import installed_tasks
from polyarena.tasks.validation import validate_items

TEXT = {"index_id": 1, "category": "politics", "text": "Rais alihutubia bunge."}
READING = [task for task in installed_tasks()[0] if task.card.dataset.id != "builtin"]
MIRRORED = [task for task in READING if task.card.dataset.id.count("/") == 1]


@pytest.fixture
def mirror(tmp_path):
    def written(dataset, configs, split=None):
        for config, rows in configs.items():
            path = tmp_path / dataset.id / config / f"{split or dataset.split}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return DataSource(tmp_path)

    return written


def refusal(task, language, data):
    with pytest.raises(DataError) as caught:
        validate_items(task, language, task.items(language, data))
    assert caught.value.where
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize("field", sorted(TEXT))
def test_a_renamed_field_is_named_with_the_revision_and_the_new_name(mirror, field):
    renamed = {f"{key}s" if key == field else key: value for key, value in TEXT.items()}
    error = refusal(sib200.task, "swh_Latn", mirror(sib200.task.card.dataset, {"swh_Latn": [renamed]}))
    assert error.what == f"the field {field!r} is missing"
    assert sib200.task.card.dataset.revision in error.why
    assert f"did you mean '{field}s'?" in error.fix


def test_a_field_that_changed_its_type(mirror):
    rows = [{"id": "swahili-1", "context": "c", "question": "q", "answers": ["a"]}]
    error = refusal(tydiqa_goldp.task, "swh_Latn", mirror(tydiqa_goldp.task.card.dataset, {"secondary_task": rows}))
    assert error.what == "the field 'answers' is not an object"
    assert "pin the revision" in error.fix


def test_a_data_set_that_is_a_program(monkeypatch):
    def load_dataset(*args, **kwargs):
        raise RuntimeError("Dataset scripts are no longer supported, but found xcopa.py")

    library = SimpleNamespace(
        load_dataset=load_dataset,
        are_progress_bars_disabled=lambda: True,
        disable_progress_bars=lambda: None,
        enable_progress_bars=lambda: None,
    )
    monkeypatch.setitem(sys.modules, "datasets", library)
    error = refusal(xcopa.task, "swh_Latn", DataSource(None))
    assert error.what == "the data set has a loading script, which the library refuses to run"
    assert "refs/convert/parquet" in error.fix
    assert "POLYARENA_DATA" in error.fix


@pytest.mark.parametrize("task", MIRRORED, ids=lambda task: task.card.name)
def test_a_language_of_the_card_that_the_data_lacks(tmp_path, task):
    other = tmp_path / task.card.dataset.id / "no_such_config"
    other.mkdir(parents=True)
    (other / f"{task.card.dataset.split}.jsonl").write_text("{}\n")
    error = refusal(task, task.card.languages[0], DataSource(tmp_path))
    assert task.card.dataset.id in error.what
    assert error.why.endswith("of configs it has: no_such_config")


def test_there_are_tasks_to_look_at():
    assert len(MIRRORED) > 25


def test_a_language_that_a_shared_config_lacks(mirror):
    rows = [{"id": "finnish-1", "context": "c", "question": "q", "answers": {"text": ["a"]}}]
    error = refusal(tydiqa_goldp.task, "swh_Latn", mirror(tydiqa_goldp.task.card.dataset, {"secondary_task": rows}))
    assert error.what == "the data set has no rows of 'swahili'"
    assert "leave the language out" in error.fix


def test_mixed_splits_are_refused_and_counted(mirror):
    rows = [{**TEXT, "split": "test"}, {**TEXT, "index_id": 2, "split": "train"}, {**TEXT, "index_id": 3}]
    error = refusal(sib200.task, "swh_Latn", mirror(sib200.task.card.dataset, {"swh_Latn": rows}))
    assert error.what == "rows of several splits are mixed, and 'test' is asked for"
    assert error.why == "their field 'split' says: test 1, train 1"
    assert error.where.endswith("test.jsonl:2")


@pytest.mark.parametrize("named", [["test", "test"], ["a", "b"], [1, 2], [None, "test"]])
def test_a_field_split_that_mixes_nothing_is_left_alone(mirror, named):
    rows = [{**TEXT, "index_id": number, "split": each} for number, each in enumerate(named)]
    data = mirror(sib200.task.card.dataset, {"swh_Latn": rows})
    assert len(validate_items(sib200.task, "swh_Latn", sib200.task.items("swh_Latn", data))) == 2


def test_another_split_is_not_taken_for_the_one_asked_for(mirror):
    error = refusal(sib200.task, "swh_Latn", mirror(sib200.task.card.dataset, {"swh_Latn": [TEXT]}, split="train"))
    assert "split 'test'" in error.what
    assert error.why.endswith("of splits it has: train")


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_config(tmp_path, content):
    path = tmp_path / sib200.task.card.dataset.id / "swh_Latn" / "test.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert refusal(sib200.task, "swh_Latn", DataSource(tmp_path)).what == "the data file is empty"


def test_a_config_without_files(tmp_path):
    (tmp_path / sib200.task.card.dataset.id / "swh_Latn").mkdir(parents=True)
    assert refusal(sib200.task, "swh_Latn", DataSource(tmp_path)).why.endswith("of splits it has: none")


def test_a_target_with_lone_surrogates_is_scored_and_stored(mirror):
    english, swahili = [{"id": 1, "text": "Good morning."}], [{"id": 1, "text": "Habari \ud83d ya asubuhi."}]
    data = mirror(flores.DATASET, {"eng_Latn": english, "swh_Latn": swahili})
    task = flores.from_english.variant("characters")
    (item,) = validate_items(task, "swh_Latn", task.items("swh_Latn", data))
    assert item.references == ("Habari \ufffd ya asubuhi.",)
    answer = Completion("s", task.card.name, "swh_Latn", "1", 0, "1", item.prompt, text=item.references[0])
    assert task.score(item, answer)["chrf++"] == pytest.approx(100)
    assert to_table([answer], COMPLETION_SCHEMA).num_rows == 1


@pytest.mark.parametrize("task", READING, ids=lambda task: task.card.name)
def test_no_mirror_at_all_is_an_error_of_ours(tmp_path, task):
    with pytest.raises(PolyarenaError):
        list(task.items(task.card.languages[0], DataSource(tmp_path)))
