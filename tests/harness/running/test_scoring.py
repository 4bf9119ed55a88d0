"""Scores of a task whose metric is of a whole corpus, from the completion to the page."""

import csv
import json
from dataclasses import dataclass, replace
from types import MappingProxyType

import pyarrow.parquet as pq
import pytest

from polyarena.harness import plan, run
from polyarena.harness.planning import tasks as planning_tasks
from polyarena.harness.running.scoring import metric_signature, scores_key
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.metrics.metric import Metric, Unit
from polyarena.tasks.metrics.registry import find_metric
from polyarena.tasks.metrics.translation import translation_scores, translation_statistics
from polyarena.tasks.registry import find_task
from polyarena.tasks.signature import Signature

LANGUAGES = ("deu_Latn", "swh_Latn")
METRICS = ("chrf++", "bleu_char")


@dataclass(frozen=True)
class Translation:
    card: TaskCard

    def items(self, language, data):
        for number in range(12):
            yield Item(str(number), f"q{number}", language, f"say word {number}", references=(f"word word {number}",))

    def score(self, item, completion):
        return {**translation_scores(item, completion, METRICS), "length": float(len(completion.text))}

    own_metrics = MappingProxyType({"length": Metric("length", "Characters.", high=None, unit=Unit.POINTS)})

    def statistics(self, item, completion):
        return translation_statistics(item, completion, METRICS)

    def metric_signature(self, metric):
        return find_metric(metric).signature if metric in METRICS else Signature({"metric": metric, "characters": ""})


CARD = TaskCard(
    name="toy_translation",
    version="1",
    title="a toy translation",
    kind=Kind.GENERATIVE,
    dataset=Dataset(id="builtin", revision="1", licence="Apache-2.0"),
    languages=LANGUAGES,
    provenance=dict.fromkeys(LANGUAGES, Provenance.GENERATED),
    metrics=(*METRICS, "length"),
)


@pytest.fixture
def translation(monkeypatch):
    task = Translation(CARD)
    monkeypatch.setattr(
        planning_tasks, "find_task", lambda name, **k: task if name == CARD.name else find_task(name, **k)
    )
    return task


@pytest.fixture
def finished(translation, toys, tmp_path):
    experiment = {
        "name": "toy",
        "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("word", "other")],
        "tasks": ["toy_translation", "toy_choice"],
        "statistics": {"rounds": 100},
    }
    finished = run(plan(experiment, output=tmp_path / "run"))
    assert not finished.failures
    return finished


def test_scores_keep_their_statistics_and_signatures(finished, translation):
    scores = finished.scores()
    assert len(scores) == 2 * 2 * 12 * 3 + 2 * 3 * 12
    for metric, length in (("chrf++", 24), ("bleu_char", 10)):
        found = scores[scores["metric"] == metric]
        assert {len(values) for values in found["statistics"]} == {length}
        assert set(found["signature"]) == {str(find_metric(metric).signature)}
    assert set(scores.loc[scores["metric"] == "length", "signature"]) == {"metric:length|characters"}
    assert set(scores.loc[scores["metric"] == "acc", "signature"]) == {"metric:acc"}
    assert scores.loc[~scores["metric"].isin(METRICS), "statistics"].isna().all()


def test_estimates_are_of_the_corpus_and_signed_by_sacrebleu(finished, translation):
    from sacrebleu.metrics import CHRF

    completions, estimates = finished.completions(), finished.estimates()
    found = completions[(completions["system"] == "word") & (completions["language"] == "swh_Latn")]
    found = found[found["task"] == CARD.name]
    references = [f"word word {number}" for number in found["item_id"]]
    row = estimates.query("system == 'word' and group == 'swh_Latn' and metric == 'chrf++'").iloc[0]
    expected = CHRF(word_order=2).corpus_score(found["text"].to_list(), [references]).score
    assert row["value"] == pytest.approx(expected, abs=1e-9)
    assert f"|{find_metric('chrf++').signature}|n:12|" in row["signature"]
    assert row["signature"].startswith("task:toy_translation@1|rev:1|metric:chrf++|nrefs:1|")
    assert row["n_clusters"] == 12


def test_results_hold_statistics_as_lists(finished):
    folder = finished.folder.results
    table = pq.read_table(folder / "scores.parquet")
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert table.column_names == list(rows[0])
    for stored, row in zip(table.column("statistics").to_pylist(), rows, strict=True):
        assert stored == (json.loads(row["statistics"]) if row["statistics"] else None)
    assert {len(stored) for stored in table.column("statistics").to_pylist() if stored} == {24, 10}


def test_what_changes_a_metric_changes_the_key_of_its_scores(finished, translation, monkeypatch):
    (task,) = [task for task in plan(finished_experiment(finished)).tasks if task.card.name == CARD.name]
    key = scores_key(task, "deu_Latn", "content")
    assert metric_signature(task, "chrf++") == find_metric("chrf++").signature
    assert scores_key(task, "deu_Latn", "other content") != key

    class Newer(Translation):
        def metric_signature(self, metric):
            return super().metric_signature(metric).with_(version=99)

    assert scores_key(replace(task, task=Newer(CARD)), "deu_Latn", "content") != key
    assert scores_key(replace(task, task=Translation(CARD)), "deu_Latn", "content") == key


def finished_experiment(finished):
    return finished.folder.path / "experiment.yaml"


def test_a_metric_that_the_card_does_not_list_is_refused(toys, tmp_path, monkeypatch):
    card = CARD.model_copy(update={"metrics": METRICS})
    task = Translation(card)
    monkeypatch.setattr(planning_tasks, "find_task", lambda name, **k: task)
    systems = [{"name": "word", "model": "toy", "args": {"voice": "word"}}]
    finished = run(plan({"name": "toy", "systems": systems, "tasks": [card.name]}, output=tmp_path / "run"))
    assert any("'length', which its card does not list" in str(failure) for failure in finished.failures)
