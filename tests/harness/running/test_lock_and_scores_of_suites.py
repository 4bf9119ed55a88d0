"""What the lock file says of suites, templates, limits and metrics, and what is scored."""

import json
from dataclasses import dataclass
from types import MappingProxyType

import pytest

from polyarena.harness import plan, run
from polyarena.harness.planning import tasks as planning_tasks
from polyarena.harness.planning.items import load_items
from polyarena.harness.running.lock import build_lock
from polyarena.harness.running.scoring import scores_key
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.data import DataSource
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.metrics.metric import Metric, Unit
from polyarena.tasks.registry import find_task
from polyarena.tasks.subsample import subsample

pytestmark = pytest.mark.usefixtures("toys")

LANGUAGES = ("eng_Latn", "tha_Thai")
CARD = TaskCard(
    name="sums",
    version="1",
    title="summaries",
    kind=Kind.GENERATIVE,
    dataset=Dataset(id="builtin", revision="1", licence="Apache-2.0"),
    languages=LANGUAGES,
    provenance=dict.fromkeys(LANGUAGES, Provenance.GENERATED),
    metrics=("rouge_score", "length"),
)


@dataclass(frozen=True)
class Sums:
    card: TaskCard
    own_metrics = MappingProxyType(
        {
            "rouge_score": Metric("rouge_score", "ROUGE of another package."),
            "length": Metric("length", "Characters.", high=None, unit=Unit.POINTS),
        }
    )

    def items(self, language, data):
        for number in range(30):
            yield Item(f"{language}:{number}", str(number), language, f"sum up {number}", references=("word",))

    def score(self, item, completion):
        return {"rouge_score": 0.5, "length": float(len(completion.text))}


@pytest.fixture
def sums(monkeypatch):
    task = Sums(CARD)
    monkeypatch.setattr(planning_tasks, "find_task", lambda name, **k: task if name == "sums" else find_task(name, **k))
    return task


def given(*tasks, **more):
    systems = [{"name": "one", "model": "toy", "args": {"voice": "one"}}]
    return {"name": "x", "systems": systems, "tasks": list(tasks), "statistics": {"rounds": 100}, **more}


def test_an_inadequate_metric_is_not_scored_and_the_lock_says_so(sums, toys, tmp_path):
    finished = run(plan(given({"task": "sums", "limit": 4}), output=tmp_path / "run"))
    scored = finished.scores().groupby("language")["metric"].agg(set).to_dict()
    assert scored == {"eng_Latn": {"rouge_score", "length"}, "tha_Thai": {"length"}}
    lock = finished.lock
    facts = lock.tasks["sums"].metrics
    assert (facts["rouge_score"].unit, facts["rouge_score"].high) == ("share", 1.0)
    assert (facts["length"].unit, facts["length"].high, facts["length"].direction) == (
        "points",
        None,
        "higher",
    )
    (left,) = lock.omissions
    assert (left.task, left.languages, left.metric) == ("sums", ("tha_Thai",), "rouge_score")
    assert lock.flags == ()


def test_insisting_scores_it_again_without_asking_the_model(sums, toys, tmp_path):
    entry = {"task": "sums", "limit": 4}
    run(plan(given(entry), output=tmp_path / "run"))
    asked = toys.read_text()
    finished = run(plan(given(entry, allow_inadequate=["rouge_score"]), output=tmp_path / "run"))
    assert toys.read_text() == asked
    assert set(finished.scores().query("language == 'tha_Thai'")["metric"]) == {"rouge_score", "length"}
    (flag,) = finished.lock.flags
    assert (flag.task, flag.language, flag.metric) == ("sums", "tha_Thai", "rouge_score")
    assert flag.level == "inadequate"
    assert "a to z" in flag.reason
    assert finished.lock.omissions == ()


def test_only_the_scores_that_lose_a_metric_get_another_key(sums, tmp_path):
    (task,) = plan(given("sums"), output=tmp_path / "run").tasks
    (insisted,) = plan(given("sums", allow_inadequate=["rouge_score"]), output=tmp_path / "run").tasks
    assert scores_key(task, "eng_Latn", "c") == scores_key(insisted, "eng_Latn", "c")
    assert scores_key(task, "tha_Thai", "c") != scores_key(insisted, "tha_Thai", "c")


def test_a_limit_takes_the_same_source_items_in_every_language_in_the_order_of_the_data(sums, tmp_path):
    made = plan(given({"task": "sums", "limit": 6}), output=tmp_path / "run")
    data = DataSource(None)
    sources = [[item.source_id for item in load_items(made.tasks[0], code, data)] for code in LANGUAGES]
    assert sources[0] == sources[1]
    assert sources[0] == [item.source_id for item in subsample(sums.items("eng_Latn", data), 6)]
    assert sources[0] == sorted(sources[0], key=int)
    assert sources[0] != [str(number) for number in range(6)]
    assert {cell.items for cell in made.cells} == {6}


def test_lock_and_signatures_say_how_a_limit_takes_items(sums, toys, tmp_path):
    finished = run(plan(given({"task": "sums", "limit": 4}, "toy_choice"), output=tmp_path / "run"))
    entry = finished.lock.tasks["sums"]
    assert (entry.limit, entry.subset) == (4, "spread")
    signatures = finished.estimates().set_index("task")["signature"]
    assert all("|limit:4(spread)|" in signature for signature in signatures["sums"])
    assert not any("limit" in signature for signature in signatures["toy_choice"])


def test_the_lock_names_suite_family_and_template(tmp_path):
    path = tmp_path / "hub/cambridgeltl/xcopa/th/test.jsonl"
    path.parent.mkdir(parents=True)
    row = {"premise": "p", "choice1": "a", "choice2": "b", "question": "cause", "label": 0, "idx": 1}
    path.write_text(json.dumps(row) + "\n")
    entries = [{"task": "xcopa", "templates": ["why", "connective"], "languages": ["tha_Thai"]}, {"suite": "smoke"}]
    made = plan(given(*entries, data_root=str(tmp_path / "hub")), output=tmp_path / "run")
    tasks = build_lock(made, None).tasks
    assert {name: (task.family, task.template) for name, task in tasks.items()} == {
        "xcopa": ("xcopa", "connective"),
        "xcopa.why": ("xcopa", "why"),
        "polyarena_mini": ("", ""),
        "cldr_names": ("", ""),
    }
    assert [task.suite for task in tasks.values()] == ["", "", "smoke", "smoke"]
