"""A metric that cannot be computed on this machine is left out before anything is spent, and withholds no other."""

import pytest

from polyarena.harness.experiment import load_experiment
from polyarena.harness.planning.tasks import select_tasks
from polyarena.tasks.errors import ExperimentError

REASON = "spBLEU needs the library sentencepiece; pip install 'polyarena[spbleu]'"


@pytest.fixture
def without_pieces(monkeypatch):
    monkeypatch.setattr("polyarena.tasks.metrics.translation._fault_of_pieces", lambda: REASON)


def select(*tasks, **more):
    return select_tasks(
        load_experiment({"name": "x", "systems": [{"name": "a", "model": "dummy"}], "tasks": list(tasks), **more})
    )


def test_a_plan_says_why_and_scores_by_the_others(without_pieces):
    found = select({"task": "flores_from_english", "languages": ["deu_Latn", "tha_Thai"]})
    (task,) = found.tasks
    assert task.metrics("deu_Latn") == task.metrics("tha_Thai") == ("chrf++",)
    assert task.languages == ("deu_Latn", "tha_Thai")
    (omission,) = found.omissions
    assert (omission.metric, omission.languages) == ("spbleu", ("deu_Latn", "tha_Thai"))
    assert omission.reason == REASON


def test_it_cannot_be_allowed(without_pieces):
    found = select({"task": "flores_from_english", "languages": ["deu_Latn"]}, allow_inadequate=["spbleu"])
    assert found.tasks[0].metrics("deu_Latn") == ("chrf++",)


def test_variants_without_it_are_whole(without_pieces):
    found = select({"task": "flores_from_english.characters", "languages": ["deu_Latn"]})
    assert found.tasks[0].metrics("deu_Latn") == ("chrf++", "bleu_char")
    assert not found.omissions


def test_own_prompts_with_no_other_metric_are_refused_with_the_reason(without_pieces, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompts.jsonl").write_text('{"language": "deu_Latn", "prompt": "Hello", "reference": "Hallo"}\n')
    entry = {"task": {"path": "prompts.jsonl", "metric": "spbleu"}}
    with pytest.raises(ExperimentError) as caught:
        select(entry)
    assert REASON in str(caught.value)
    assert "allow_inadequate" not in str(caught.value)
