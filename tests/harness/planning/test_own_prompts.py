"""Own prompts in an experiment, from the file that a user writes to the numbers."""

import json

import pytest

from polyarena.harness import plan, run
from polyarena.tasks.errors import ExperimentError, PolyarenaError

ROWS = [
    {"language": "deu_Latn", "prompt": f"Frage {n}", "references": ["word"], "source_id": str(n)} for n in range(6)
] + [{"language": "swh_Latn", "prompt": f"Swali {n}", "references": ["word"], "source_id": str(n)} for n in range(6)]


@pytest.fixture
def write(tmp_path):
    def write(task="{path: prompts.jsonl, metric: [f1, 'metrics.py:brief']}", rows=ROWS, more=""):
        (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        (tmp_path / "metrics.py").write_text("def brief(answer, references):\n    return len(answer.split()) < 4\n")
        path = tmp_path / "e.yaml"
        path.write_text(
            "name: own\n"
            "systems: [{name: one, model: toy, args: {voice: one}}, {name: two, model: toy, args: {voice: two}}]\n"
            f"tasks:\n  - task: {task}\n{more}"
            "statistics: {rounds: 100}\n"
        )
        return path

    return write


def test_prompts_in_a_file_are_asked_and_scored(toys, write, tmp_path):
    finished = run(plan(write(), output=tmp_path / "run"), report=False)
    assert not finished.failures
    estimates = finished.estimates()
    assert set(estimates["task"]) == {"prompts"}
    assert set(estimates["metric"]) >= {"f1", "brief"}
    entry = json.loads((tmp_path / "run" / "lock.json").read_text())["tasks"]["prompts"]
    assert entry["card"]["dataset"]["id"] == "prompts.jsonl"
    assert entry["metrics"]["brief"]["unit"] == "share"


def test_an_edit_makes_its_cells_stale_and_nothing_else_does(toys, write, tmp_path):
    def missing(planned):
        return sum(not cell.stored for cell in planned.cells)

    run(plan(write(), output=tmp_path / "run"), report=False)
    assert missing(plan(write(), output=tmp_path / "run")) == 0
    edited = [{**ROWS[0], "prompt": "Frage?"}, *ROWS[1:]]
    assert missing(plan(write(rows=edited), output=tmp_path / "run")) == 4


def test_keys_of_the_experiment_hold_as_for_any_task(toys, write, tmp_path):
    planned = plan(write(more="    limit: 2\n    languages: [swh_Latn]\n"), output=tmp_path / "run")
    assert {(cell.task, cell.language) for cell in planned.cells} == {("prompts", "swh_Latn")}


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("{pth: prompts.jsonl}", "pth"),
        ("{path: prompts.jsonl, dataset: a/b}", "either `path` or `dataset`"),
        ("{path: prompts.jsonl, name: xnli}", "installed task"),
        ("{path: promts.jsonl}", "did you mean 'prompts.jsonl'"),
        ("{path: prompts.jsonl, metric: f2}", "unknown metric 'f2'"),
    ],
)
def test_mistakes_are_named_with_file_and_line(toys, write, tmp_path, task, message):
    with pytest.raises(PolyarenaError) as caught:
        plan(write(task), output=tmp_path / "run")
    assert message in str(caught.value)


def test_the_line_of_a_mistake_is_that_of_the_task(toys, write, tmp_path):
    with pytest.raises(ExperimentError, match=r"e\.yaml:4"):
        plan(write("{path: prompts.jsonl, colums: {}}"), output=tmp_path / "run")
