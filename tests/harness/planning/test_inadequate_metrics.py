"""Metrics that are inadequate for a language: left out, refused, or insisted on and flagged."""

from dataclasses import dataclass

import pytest

from polyarena.harness.experiment import load_experiment
from polyarena.harness.planning import tasks as planning_tasks
from polyarena.harness.planning.tasks import select_tasks
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.errors import ExperimentError, UnknownNameError
from polyarena.tasks.item import Kind
from polyarena.tasks.metrics.adequacy import Level

LANGUAGES = ("deu_Latn", "eng_Latn", "jpn_Jpan", "tha_Thai")
CARD = TaskCard(
    name="sums",
    version="1",
    title="summaries",
    kind=Kind.GENERATIVE,
    dataset=Dataset(id="builtin", revision="1", licence="Apache-2.0"),
    languages=LANGUAGES,
    provenance=dict.fromkeys(LANGUAGES, Provenance.GENERATED),
    metrics=("rouge_score", "rouge_l", "length"),
)


@dataclass(frozen=True)
class Sums:
    card: TaskCard

    def items(self, language, data):
        raise AssertionError("no item is needed to weigh a metric")

    def score(self, item, completion):
        raise AssertionError("nothing is scored")


class IntoEnglish(Sums):
    def answer_language(self, language):
        return "eng_Latn"


@pytest.fixture
def weigh(monkeypatch):
    """Selects the tasks of an experiment whose task ``sums`` has these metrics."""

    def weigh(entry="sums", metrics=CARD.metrics, kind=CARD.kind, task=Sums, **more):
        card = CARD.model_copy(update={"metrics": metrics, "kind": kind})
        monkeypatch.setattr(planning_tasks, "find_task", lambda name, where: task(card))
        data = {"name": "x", "systems": [{"name": "a", "model": "dummy"}], "tasks": [entry], **more}
        return select_tasks(load_experiment(data))

    return weigh


def test_a_metric_is_left_out_where_others_serve(weigh):
    found = weigh()
    (task,) = found.tasks
    assert task.languages == LANGUAGES
    assert task.metrics("eng_Latn") == ("rouge_score", "rouge_l", "length")
    assert task.metrics("tha_Thai") == ("rouge_l", "length")
    (left,) = found.omissions
    assert (left.task, left.languages, left.metric) == ("sums", ("jpn_Jpan", "tha_Thai"), "rouge_score")
    assert "keeps only the letters a to z" in left.reason


def test_doubtful_numbers_are_flagged_with_the_reason(weigh):
    flags = {(flag.language, flag.metric): flag for flag in weigh().tasks[0].flags}
    assert set(flags) == {("deu_Latn", "rouge_score"), ("jpn_Jpan", "rouge_l"), ("tha_Thai", "rouge_l")}
    assert {flag.level for flag in flags.values()} == {Level.DOUBTFUL}
    assert "characters" in flags["tha_Thai", "rouge_l"].reason


def test_what_is_insisted_on_is_scored_and_flagged(weigh):
    found = weigh(allow_inadequate=["rouge_score"])
    (task,) = found.tasks
    assert not found.omissions
    assert not task.unscored
    levels = {flag.language: flag.level for flag in task.flags if flag.metric == "rouge_score"}
    assert levels == {"deu_Latn": "doubtful", "jpn_Jpan": "inadequate", "tha_Thai": "inadequate"}


def test_a_language_with_no_adequate_metric_is_left_out_when_a_set_brought_it(weigh):
    found = weigh(metrics=("rouge_score",))
    assert found.tasks[0].languages == ("deu_Latn", "eng_Latn")
    assert found.omissions[0].languages == ("jpn_Jpan", "tha_Thai")
    assert weigh(metrics=("rouge_score",), languages=["tha_Thai", "eng_Latn"]).tasks[0].languages == ("eng_Latn",)


def test_and_refused_when_it_was_called_by_its_name(weigh):
    entry = {"task": "sums", "languages": ["tha_Thai", "eng_Latn"]}
    with pytest.raises(ExperimentError) as caught:
        weigh(entry, metrics=("rouge_score",))
    message = str(caught.value)
    assert "no metric of the task 'sums' is adequate for Thai (tha_Thai)" in message
    assert "keeps only the letters a to z" in message
    assert "allow_inadequate: [rouge_score]" in message
    insisted = weigh(entry, metrics=("rouge_score",), allow_inadequate=["rouge_score"])
    assert insisted.tasks[0].languages == ("eng_Latn", "tha_Thai")


def test_a_task_of_which_nothing_is_left_is_refused(weigh):
    with pytest.raises(ExperimentError, match="adequate for any of its languages"):
        weigh({"task": "sums", "languages": "script:Thai"}, metrics=("rouge_score",))


def test_open_ended_answers_are_judged_whatever_their_metrics(weigh):
    found = weigh(metrics=("rouge_score",), kind=Kind.OPEN_ENDED)
    assert found.tasks[0].languages == LANGUAGES
    assert found.tasks[0].metrics("tha_Thai") == ()


def test_translation_into_english_is_weighed_as_english(weigh):
    found = weigh(task=IntoEnglish)
    assert not found.omissions
    assert not found.tasks[0].flags
    assert found.tasks[0].answer_language("tha_Thai") == "eng_Latn"


def test_metrics_of_which_nothing_is_known_are_scored(weigh):
    assert weigh(metrics=("length",)).tasks[0].languages == LANGUAGES


def test_insisting_on_what_does_not_exist_is_helped(weigh):
    with pytest.raises(UnknownNameError, match="did you mean 'rouge_score'"):
        weigh(allow_inadequate=["rouge_scores"])
    assert weigh(allow_inadequate=["length", "chrf++"]).tasks


def test_a_suite_leaves_out_what_a_task_cannot_measure_even_by_name():
    suite = {"suite": "aya99", "languages": ["eng_Latn", "tha_Thai", "hin_Deva"]}
    data = {"name": "x", "systems": [{"name": "a", "model": "dummy"}], "tasks": [suite]}
    found = select_tasks(load_experiment(data))
    (confusion,) = [task for task in found.tasks if task.spec.task == "language_confusion"]
    assert confusion.metrics("eng_Latn") == ("line_pass", "lpr")
    assert confusion.metrics("hin_Deva") == ("line_pass", "word_pass", "lpr")
    assert [each.languages for each in found.omissions if each.metric] == [("eng_Latn",)]
