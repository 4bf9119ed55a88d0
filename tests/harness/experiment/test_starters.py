"""Experiment files to start from can be loaded, planned and, with answers, run as they are."""

import json

import pytest
from every_case import every_case

from polyarena.harness.cli import main
from polyarena.harness.experiment import load_experiment
from polyarena.harness.experiment.starters import STARTERS, starter
from polyarena.tasks.data import DataSource
from polyarena.tasks.registry import find_task


@pytest.mark.parametrize("use", STARTERS)
def test_a_starter_is_an_experiment_with_a_baseline_and_a_judge(use, tmp_path):
    path = tmp_path / "mine.yaml"
    assert main(["init", str(path), "--for", use]) == 0
    experiment = load_experiment(path)
    assert experiment.name == "mine"
    assert experiment.baseline in [system.name for system in experiment.systems]
    assert [judge.name for judge in experiment.judges] == ["rules"]
    assert path.read_text().count("#") >= 8


def test_an_existing_file_is_kept_unless_told_otherwise(tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    path.write_text("precious")
    assert main(["init", str(path)]) == 2
    assert "--force" in capsys.readouterr().err
    assert path.read_text() == "precious"
    assert main(["init", str(path), "--force"]) == 0
    assert "polyarena plan" in capsys.readouterr().out


@every_case(("name", "plain"), [("a b", "a-b"), ("..", "experiment"), ("größe", "gr-e"), ("x_1.2", "x_1.2")])
def test_any_file_name_gives_a_name(name, plain):
    assert name_in(starter("stored", name)) == plain


def name_in(text):
    return next(line for line in text.splitlines() if line.startswith("name: ")).removeprefix("name: ")


def test_stored_answers_are_planned_as_written(tmp_path, capsys):
    path = tmp_path / "stored.yaml"
    assert main(["init", str(path), "--for", "stored"]) == 0
    task = find_task("polyarena_mini")
    for system in ("candidate", "baseline"):
        for language in ("deu_Latn", "hin_Deva", "arb_Arab"):
            file = tmp_path / "answers" / system / f"{language}.jsonl"
            file.parent.mkdir(parents=True, exist_ok=True)
            items = task.items(language, DataSource(None))
            file.write_text("".join(json.dumps({"item_id": item.item_id, "text": system}) + "\n" for item in items))
    capsys.readouterr()
    assert main(["plan", str(path), "-o", str(tmp_path / "run"), "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert len(planned["cells"]) == 6
    assert len(planned["games"]) == 3
