"""The command line: data on stdout, talk on stderr, exit codes, never a traceback."""

import json
from importlib import import_module
from pathlib import Path

import pytest


def test_run_prints_tables_and_names_the_files(call, file, tmp_path):
    code, out, err = call("run", file, "-o", tmp_path / "run")
    assert code == 0
    assert "win rate of two against one" in out
    assert "Swahili" in out
    assert str(tmp_path / "run" / "report" / "index.html") in out
    assert "2 of 3 languages" in err or "3 of 3 languages" in err
    code, out, err = call("run", file, "-o", tmp_path / "run", "--quiet", "--json")
    assert (code, err) == (0, "")
    assert {row["metric"] for row in json.loads(out)["estimates"]} == {"win_rate", "acc"}


def test_plan_counts_and_spends_nothing(call, file, tmp_path, toys):
    code, out, _ = call("plan", file, "-o", tmp_path / "run")
    assert code == 0
    assert "to do: 15 of 15 cells and pairs; price: nothing" in out
    code, out, _ = call("plan", file, "-o", tmp_path / "run", "--json")
    data = json.loads(out)
    assert len(data["cells"]) == 12
    assert {"system", "task", "language", "key", "requests", "stored", "price"} <= set(data["cells"][0])
    assert not toys.read_text()
    assert not (tmp_path / "run").exists()


def test_report_needs_only_the_folder(call, file, tmp_path):
    call("run", file, "-o", tmp_path / "run", "-q")
    file.unlink()
    code, out, _ = call("report", tmp_path / "run", "--json")
    assert code == 0
    assert json.loads(out)["estimates"]
    code, _, err = call("report", tmp_path)
    assert code == 2
    assert "not a run folder" in err


def test_report_says_on_the_terminal_what_is_missing(call, file, tmp_path):
    """A deleted shard leaves numbers that look whole."""
    call("run", file, "-o", tmp_path / "run", "-q")
    _, out, _ = call("report", tmp_path / "run")
    assert "Incomplete" not in out
    next((tmp_path / "run" / "games").rglob("tha_Thai.parquet")).unlink()
    code, out, _ = call("report", tmp_path / "run")
    assert code == 0
    assert "Incomplete: 1 cell or pair without a result" in out
    assert "tha_Thai" in out
    for folder in ("cells", "games", "scores"):
        for shard in (tmp_path / "run" / folder).rglob("*.parquet"):
            shard.unlink()
    _, out, _ = call("report", tmp_path / "run")
    assert "Incomplete: " in out
    assert "Judged tasks need" not in out


def test_failures_end_in_three_and_say_how_to_go_on(call, file, tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_FAIL", "tha_Thai")
    code, out, err = call("run", file, "-o", tmp_path / "run", "-q")
    assert code == 3
    assert "Swahili" in out
    assert "the toy cannot speak tha_Thai" in err
    assert "run the same command again" in err


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("tasks:", "task:", "did you mean 'tasks'?"),
        ("toy_open", "toy_opne", "did you mean 'toy_open'"),
        ("model: toy,", "model: tooy,", "unknown model 'tooy'"),
        ("baseline: one", "baseline: three", "unknown system 'three'"),
        ("judge: toy_length", "judge: toy_lengt", "did you mean 'toy_length'"),
        ("baseline: one", "baseline: one\nlanguages: [swahil]", "did you mean"),
    ],
)
def test_faults_in_the_file_end_in_two_with_the_line(call, file, tmp_path, old, new, says):
    file.write_text(file.read_text().replace(old, new, 1))
    code, out, err = call("run", file, "-o", tmp_path / "run")
    assert (code, out) == (2, "")
    assert says in err
    assert f"{file}:" in err
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()


def test_debug_shows_the_traceback(call, file):
    file.write_text("nam: x")
    with pytest.raises(Exception, match="unknown key"):
        call("run", file, "--debug")


def test_an_unforeseen_error_is_called_a_defect(call, file, monkeypatch):
    monkeypatch.setattr(import_module("polyarena.harness.planning.plan"), "select_tasks", lambda experiment: 1 / 0)
    code, _, err = call("plan", file)
    assert code == 70
    assert "defect of polyarena: ZeroDivisionError" in err
    assert "--debug" in err


def test_an_interrupt_ends_in_130(call, file, monkeypatch):
    def interrupt(experiment):
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("polyarena.harness.planning.plan"), "select_tasks", interrupt)
    code, _, err = call("run", file)
    assert code == 130
    assert "run the same command again" in err


def test_a_folder_that_cannot_be_written_is_named(call, file):
    code, _, err = call("run", file, "-o", Path("/proc/polyarena-run"), "-q")
    assert code == 2
    assert "cannot be written" in err


@pytest.mark.parametrize("arguments", [["rnu"], ["run"], ["plan", "x.yaml", "--outptu", "y"]])
def test_wrong_usage_ends_in_two(call, arguments):
    code, out, err = call(*arguments)
    assert code == 2
    assert out + err


def test_a_missing_file_is_named(call, tmp_path):
    code, _, err = call("run", tmp_path / "nothing.yaml")
    assert code == 2
    assert "nothing.yaml" in err


def test_tasks_lists_and_shows(call, toys):
    code, out, _ = call("tasks")
    assert code == 0
    assert "polyarena_mini" in out
    assert "toy_broken cannot be used" in out
    code, out, _ = call("tasks", "--json")
    names = {card["name"] for card in json.loads(out)}
    assert names >= {"polyarena_mini", "cldr_names", "m_arenahard", "toy_open", "toy_choice"}
    code, out, _ = call("tasks", "cldr_names")
    assert "left out" in out
    assert "chance" in out
    code, _, err = call("tasks", "cldr_name")
    assert code == 2
    assert "did you mean 'cldr_names'" in err


def test_languages_selects(call):
    code, out, _ = call("languages", "aya23", "--json")
    assert code == 0
    assert len(json.loads(out)) == 23
    code, out, _ = call("languages", "tier:low & script:Ethi")
    assert "amh_Ethi" in out
    code, _, err = call("languages", "teir:low")
    assert code == 2
    assert "did you mean 'tier'" in err


def test_doctor_finds_the_broken_plugin(call, toys):
    code, out, _ = call("doctor", "--json")
    checks = {check["what"]: check for check in json.loads(out)}
    assert code == 2
    assert checks["task plugin toy_broken"]["state"] == "bad"
    assert checks["Python"]["state"] == "ok"


def test_doctor_is_content_without_it(call):
    code, out, _ = call("doctor")
    assert code == 0
    assert "lm-eval" in out


def test_schema_is_json_schema(call):
    code, out, _ = call("schema")
    assert code == 0
    assert json.loads(out)["properties"].keys() >= {"name", "systems", "baseline", "tasks", "judges"}
