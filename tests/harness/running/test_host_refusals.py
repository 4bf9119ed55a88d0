"""Prompts that the host refuses, in whole runs: kept, counted, shown, and a category of their own."""

import dataclasses
import json

import pandas as pd
import pytest

from polyarena.harness import plan, run
from polyarena.harness.cli.app import main
from polyarena.tasks.benchmarks.polyarena_mini import task as mini
from polyarena.tasks.data import DataSource

REFUSED = {"error": {"code": "content_filter", "message": "The prompt was filtered.", "type": "invalid_request_error"}}
PROMPTS = [item.full_prompt for item in mini.items("deu_Latn", DataSource(None))][:3]


@pytest.fixture
def go(tmp_path, monkeypatch, scripted_server):
    """Runs two systems, of which the host serves one, on three German prompts."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setattr("polyarena.reports.figures.FORMATS", ("svg",))
    stored = tmp_path / "stored"
    stored.mkdir()
    items = [item.item_id for item in mini.items("deu_Latn", DataSource(None))][:3]
    lines = [json.dumps({"item_id": item, "text": "Eine Antwort auf Deutsch."}) for item in items]
    (stored / "deu_Latn.jsonl").write_text("\n".join(lines))

    def go(refused, judges=("rules",), report=False):
        def script(request):
            prompt = json.dumps(request.body["messages"], ensure_ascii=False)
            if request.body["model"] == "guard":
                return scripted_server.ok("[[no]]")
            if any(json.dumps(PROMPTS[n], ensure_ascii=False)[1:-1] in prompt for n in refused):
                return dataclasses.replace(scripted_server.raw(json.dumps(REFUSED).encode()), status=400)
            return scripted_server.ok("Das ist eine Antwort in deutscher Sprache.")

        scripted_server.script = script
        endpoint = {"base_url": scripted_server.base_url, "model": "m", "max_attempts": 2, "max_wait_s": 0.05}
        experiment = {
            "name": "filtered",
            "systems": [
                {"name": "hosted", "model": "endpoint", "args": endpoint},
                {"name": "stored", "model": "completions", "args": {"path": str(stored)}},
            ],
            "baseline": "stored",
            "tasks": [{"task": "polyarena_mini", "limit": 3, "subset": "first"}],
            "languages": ["deu_Latn"],
            "judges": list(judges),
            "statistics": {"rounds": 100},
        }
        return run(plan(experiment, output=tmp_path / "run"), report=report)

    go.endpoint = {"base_url": scripted_server.base_url, "model": "guard"}
    return go


def table(folder, name):
    return pd.read_parquet(folder / "results" / f"{name}.parquet")


def test_one_refused_prompt_leaves_the_others_judged(go, tmp_path, capsys, scripted_server):
    """Case 16."""
    finished = go([1], report=True)
    assert not finished.failures
    answers = finished.completions().query("system == 'hosted'")
    assert sorted(answers["text"].eq("")) == [False, False, True]
    assert len(finished.battles()) == 2
    [row] = table(tmp_path / "run", "answers").query("system == 'hosted'").to_dict("records")
    assert (row["answers"], row["refused"], row["empty"]) == (3, 1, 0)
    warning = "The host refused prompts of polyarena_mini to hosted in German (1 of 3)"
    assert any(warning in each for each in finished.files.warnings)
    page = finished.files.page.read_text("utf-8")
    assert page.index(warning) < page.index('<section id="results">')
    assert "Refused by the host" in page
    assert "(1 of 3)" in page[page.index("Refused by the host") :]
    assert main(["report", str(tmp_path / "run")]) == 0
    assert "Warning: The host refused prompts" in capsys.readouterr().out


def test_a_rerun_asks_nothing_again(go, scripted_server):
    before = go([1]).completions()
    asked = len(scripted_server.log)
    assert go([1]).completions().equals(before)
    assert len(scripted_server.log) == asked


def test_a_refusal_is_neither_a_harmful_answer_nor_a_harmless_one(go, tmp_path):
    guard = {"name": "guard", "judge": "harm", "endpoint": go.endpoint}
    finished = go([0, 2], judges=[guard])
    assert not finished.failures
    bad = table(tmp_path / "run", "bad_answers").query("level == 'language' and system == 'hosted'")
    assert bad["n"].tolist() == [1]
    rates = table(tmp_path / "run", "host_refusals").query("level == 'language'").set_index("system")
    assert rates.loc["hosted", "value"] == pytest.approx(2 / 3)
    assert rates.loc["stored", "value"] == 0
    assert rates["n"].tolist() == [3, 3]
    assert set(rates["metric"]) == {"refused_by_host"}


def test_all_prompts_refused_is_no_number_and_no_failure(go):
    finished = go([0, 1, 2])
    assert not finished.failures
    assert finished.battles().empty
    assert any("hosted gave no answer at all" in each and "3 withheld" in each for each in finished.files.warnings)


def test_without_refusals_there_is_no_such_table(go, tmp_path):
    finished = go([])
    assert not (tmp_path / "run" / "results" / "host_refusals.parquet").exists()
    assert finished.files.warnings == ()
