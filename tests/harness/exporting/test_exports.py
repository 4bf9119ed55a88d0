"""Exports of a run, and what comes back of them."""

import csv
import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import yaml

from polyarena.harness import open_run, plan, run
from polyarena.harness.cli import main
from polyarena.harness.exporting import EXPORTS, export_run, own_files
from polyarena.harness.exporting.own_files import write_files
from polyarena.harness.importing import import_scores
from polyarena.reports.stats import mean_scores
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import StoreError, UnknownNameError
from polyarena.tasks.registry import find_task

SCHEMAS = Path(__file__).parent / "schemas"
LANGUAGES = ("deu_Latn", "fra_Latn", "hin_Deva")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A run with battles and with scores of items, of stored answers."""
    folder = tmp_path_factory.mktemp("export")
    task = find_task("polyarena_mini")
    for system in ("base", "ours"):
        for i, code in enumerate(LANGUAGES):
            rows = [
                {
                    "item_id": item.item_id,
                    "text": "Ja." if (k + i) % 3 and system == "ours" else "Das ist eine Antwort.",
                }
                for k, item in enumerate(task.items(code, DataSource(None)))
            ]
            (folder / system).mkdir(exist_ok=True)
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / system / f"{code}.jsonl").write_text(text, encoding="utf-8")
    experiment = {
        "name": "exported",
        "systems": [
            {"name": name, "model": "completions", "args": {"path": str(folder / name)}} for name in ("base", "ours")
        ],
        "baseline": "base",
        "tasks": [{"task": "polyarena_mini", "languages": list(LANGUAGES)}],
        "judges": ["rules"],
        "statistics": {"rounds": 200},
    }
    return run(plan(experiment, output=folder / "run"), report=False).folder.path


def validated(path):
    record = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(record, json.loads((SCHEMAS / "eval.schema.json").read_text(encoding="utf-8")))
    return record


def test_every_format_can_be_written(finished, tmp_path):
    for name in EXPORTS:
        if name == "eval-results":
            continue  # The built-in task has no data set on the hub.
        done = export_run(name, finished, tmp_path / name)
        assert done.files
        assert all(path.is_file() for path in done.files)


def test_records_of_every_eval_ever_follow_its_schemas(finished, tmp_path):
    export_run("every-eval-ever", finished, tmp_path)
    (aggregate,) = tmp_path.rglob("*.json")
    record = validated(aggregate)
    languages = {entry["source_data"]["additional_details"]["language"] for entry in record["evaluation_results"]}
    assert languages == {*LANGUAGES, "all"}
    assert {entry["evaluation_name"] for entry in record["evaluation_results"]} == {
        f"polyarena_mini/{code}" for code in languages
    }
    schema = json.loads((SCHEMAS / "instance_level_eval.schema.json").read_text(encoding="utf-8"))
    samples = tmp_path / record["detailed_evaluation_results"]["file_path"]
    lines = samples.read_text(encoding="utf-8").splitlines()
    assert len(lines) == record["detailed_evaluation_results"]["total_rows"]
    for line in lines:
        jsonschema.validate(json.loads(line), schema)


def test_estimates_survive_a_round_trip(finished, tmp_path):
    export_run("every-eval-ever", finished, tmp_path / "eee")
    import_scores("every-eval-ever", tmp_path / "eee", tmp_path / "back")
    before = open_run(finished).estimates().query("level in ['language', 'macro']").set_index(["system", "group"])
    back = open_run(tmp_path / "back")
    scores = back.scores()
    after = mean_scores(scores, groupings={}).set_index(["system", "group"])
    assert set(after.index) == set(before.index)
    for key in after.index:
        for name in ("value", "standard_error", "low", "high", "n", "n_clusters"):
            assert after.loc[key, name] == pytest.approx(before.loc[key, name], abs=1e-12)
    battles = open_run(finished).battles()
    assert set(scores["source_id"]) == set(battles["source_id"])
    assert set(scores["language"]) == set(LANGUAGES)
    ours = open_run(finished).completions().query("system == 'ours'").sort_values(["language", "item_id"])
    again = back.completions().sort_values(["language", "item_id"])
    assert list(again["text"]) == list(ours["text"])


def test_lm_eval_results_name_scores_as_lm_eval_does(finished, tmp_path):
    (path,) = export_run("lm-eval", finished, tmp_path).files
    document = json.loads(path.read_text(encoding="utf-8"))
    row = open_run(finished).estimates().query("level == 'language' and group == 'deu_Latn'").iloc[0]
    own = document["results"]["polyarena_mini_deu_Latn"]
    (name,) = [key for key in own if key.endswith(",none") and "_stderr" not in key]
    assert own[name] == row["value"]
    assert own[name.replace(",none", "_stderr,none")] == row["standard_error"]
    assert document["configs"]["polyarena_mini_deu_Latn"]["metadata"]["language"] == "deu_Latn"


def test_model_cards_get_one_entry_a_language(finished, tmp_path):
    (path,) = export_run("model-index", finished, tmp_path).files
    (entry,) = yaml.safe_load(path.read_text(encoding="utf-8"))["model-index"]
    assert {each["dataset"]["config"] for each in entry["results"]} == {*LANGUAGES, "all"}
    assert all("95% interval" in each["metrics"][0]["name"] for each in entry["results"])


def test_hub_results_have_the_required_fields(finished, tmp_path, monkeypatch):
    records = open_run(finished)
    task = records.lock.tasks["polyarena_mini"]
    card = task.card.model_copy(update={"dataset": task.card.dataset.model_copy(update={"id": "owner/name"})})
    lock = records.lock.model_copy(update={"tasks": {"polyarena_mini": task.model_copy(update={"card": card})}})
    monkeypatch.setattr("polyarena.harness.exporting.write.open_run", lambda run: type(records)(records.folder, lock))
    (path,) = export_run("eval-results", finished, tmp_path).files
    assert path.parent.name == ".eval_results"
    for each in yaml.safe_load(path.read_text(encoding="utf-8")):
        assert each["dataset"]["id"] == "owner/name"
        assert each["dataset"]["task_id"].startswith("polyarena_mini_")
        assert isinstance(each["value"], float)


def test_tables_have_the_same_numbers(finished, tmp_path):
    estimates = open_run(finished).estimates()
    (path,) = export_run("parquet", finished, tmp_path / "parquet").files
    pd.testing.assert_frame_equal(pd.read_parquet(path), estimates)
    (path,) = export_run("csv", finished, tmp_path / "csv").files
    with path.open(encoding="utf-8", newline="") as file:
        values = [float(row["value"]) for row in csv.DictReader(file)]
    assert values == estimates["value"].tolist()


def test_the_same_run_gives_the_same_bytes(finished, tmp_path):
    for name in ("one", "two"):
        export_run("every-eval-ever", finished, tmp_path / name)
    one, two = ({path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.json*")}
                for name in ("one", "two"))  # fmt: skip
    assert one == two


def test_the_command_line_exports(finished, tmp_path, capsys):
    assert main(["export", "results", str(finished), "--to", "csv", "-o", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["format"] == "csv"
    assert main(["export", "results", str(finished), "--to", "cvs", "-o", str(tmp_path)]) == 2
    assert "did you mean 'csv'" in capsys.readouterr().err


def test_what_cannot_be_exported_is_refused(finished, tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'parquet'"):
        export_run("parket", finished, tmp_path)
    with pytest.raises(StoreError, match="not a run folder"):
        export_run("csv", tmp_path, tmp_path / "out")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match="is a file"):
        export_run("csv", finished, tmp_path / "file")


@pytest.mark.parametrize("format", [name for name in EXPORTS if name != "eval-results"])
def test_an_export_replaces_its_own_files_and_no_other(finished, tmp_path, format):
    done = export_run(format, finished, tmp_path)
    before = {path: path.read_bytes() for path in done.files}
    assert export_run(format, finished, tmp_path) == done, "the same again"
    for path in done.files:
        # Of the same form as an export: only its digest tells that somebody worked on it.
        edited = before[path] + b"\n"
        path.write_bytes(edited)
        with pytest.raises(StoreError, match="already there and is not replaced") as caught:
            export_run(format, finished, tmp_path)
        assert str(path) in str(caught.value)
        assert path.read_bytes() == edited
        path.write_bytes(before[path])
    assert export_run(format, finished, tmp_path) == done


def test_files_of_another_export_are_replaced(tmp_path):
    write_files(tmp_path, {"a.csv": b"of one run", "b.csv": b"b"})
    write_files(tmp_path, {"a.csv": b"of another"})
    assert (tmp_path / "a.csv").read_bytes() == b"of another"
    write_files(tmp_path, {"b.csv": b"the first is still known"})
    assert (tmp_path / "b.csv").read_bytes() == b"the first is still known"


def test_an_export_that_was_killed_among_its_files_can_be_repeated(tmp_path, monkeypatch):
    write_files(tmp_path, {"a.csv": b"old", "b.csv": b"old"})
    write = own_files.write_atomically

    def killed(path, content):
        if path.name == "b.csv":
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(own_files, "write_atomically", killed)
    with pytest.raises(KeyboardInterrupt):
        write_files(tmp_path, {"a.csv": b"new", "b.csv": b"new"})
    assert [(tmp_path / name).read_bytes() for name in ("a.csv", "b.csv")] == [b"new", b"old"]
    monkeypatch.setattr(own_files, "write_atomically", write)
    write_files(tmp_path, {"a.csv": b"newer", "b.csv": b"newer"})
    assert [(tmp_path / name).read_bytes() for name in ("a.csv", "b.csv")] == [b"newer", b"newer"]


def test_an_export_that_is_refused_writes_nothing(finished, tmp_path):
    done = export_run("lm-eval", finished, tmp_path / "first")
    last = tmp_path / "second" / done.files[-1].relative_to(tmp_path / "first")
    last.parent.mkdir(parents=True)
    last.write_text("mine")
    with pytest.raises(StoreError):
        export_run("lm-eval", finished, tmp_path / "second")
    assert [path for path in (tmp_path / "second").rglob("*") if path.is_file()] == [last]
