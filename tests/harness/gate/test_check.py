"""Checks of whole runs: green, red, incomplete, incomparable, allowed."""

import importlib
import json
import shutil
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from polyarena.harness.cli import main
from polyarena.harness.gate import sides
from polyarena.harness.gate.check import check
from polyarena.harness.gate.gate_file import GateFile, load_gate_file
from polyarena.harness.gate.item_values import run_values
from polyarena.harness.gate.reference import write_reference
from polyarena.harness.results import RunRecords, open_run
from polyarena.harness.store import RunFolder
from polyarena.judges.protocol import Assessment, Verdict
from polyarena.judges.ratings import label_of_bad
from polyarena.judges.records import Scale
from polyarena.reports.gate import Status
from polyarena.reports.gate.result import Outcome
from polyarena.tasks.errors import DataError, ExperimentError, StoreError, UnknownNameError

QUICK = GateFile(rounds=999, margin=20)


def statuses(result, metric, level="task"):
    return [each.status for each in result.decision.verdicts if (each.metric, each.level) == (metric, level)]


def test_the_same_answers_pass(good, make_run):
    result = check(good, make_run("again"), QUICK)
    assert result.outcome is Outcome.PASSED
    assert statuses(result, "off_target_language") == [Status.OK]
    assert "No regression found" in result.headline


def test_the_same_run_twice_says_so(good):
    result = check(good, good, QUICK)
    assert result.outcome is Outcome.PASSED
    assert any("the same run" in note for note in result.notes)


def test_answers_in_another_language_are_a_regression_and_never_one_the_other_way(good, lost_all):
    result = check(good, lost_all, QUICK)
    assert result.outcome is Outcome.REGRESSED
    assert statuses(result, "off_target_language") == statuses(result, "win_rate") == [Status.REGRESSED]
    assert statuses(result, "empty_answers") == [Status.OK]
    back = check(lost_all, good, QUICK)
    assert back.outcome is Outcome.PASSED
    assert statuses(back, "off_target_language") == [Status.IMPROVED]


def test_the_worst_cells_show_items_with_the_new_answer(good, lost_all):
    result = check(good, lost_all, QUICK)
    assert result.examples
    assert all(each.new.startswith("This is a short") and each.prompt for each in result.examples)


def test_a_system_is_found_under_another_name(good, lost_all):
    result = check(good, lost_all, QUICK, system="fixed", baseline_system="model")
    assert {each.metric for each in result.failed} == {"win_rate"}
    assert statuses(result, "off_target_language") == [Status.OK]
    assert result.candidate.startswith("fixed (")
    with pytest.raises(UnknownNameError, match="did you mean 'model'"):
        check(good, lost_all, QUICK, system="modle")


def test_a_language_that_is_gone_is_missing(good, make_run):
    fewer = make_run("fewer", languages=("deu_Latn", "fra_Latn", "spa_Latn"))
    result = check(good, fewer, QUICK)
    assert result.outcome is Outcome.REGRESSED
    assert {each.group for each in result.failed} == {"hin_Deva"}
    assert {each.status for each in result.failed} == {Status.MISSING}
    warned = check(good, fewer, QUICK.model_copy(update={"on_missing": "warn"}))
    assert warned.outcome is Outcome.PASSED


def test_an_unfinished_run_is_incomplete_not_worse(good, make_run, tmp_path):
    copy = tmp_path / "unfinished"
    shutil.copytree(good, copy)
    for path in (
        *copy.glob("cells/model/*/hin_Deva*"),
        *copy.glob("games/**/hin_Deva*"),
        *copy.glob("scores/model/*/hin*"),
    ):
        path.unlink()
    result = check(good, copy, QUICK)
    assert result.outcome is Outcome.INCOMPLETE
    assert "without a result" in result.headline


def test_another_system_prompt_is_incomparable_unless_allowed(good, make_run):
    prompted = make_run("prompted", system_prompt="Answer briefly.")
    result = check(good, prompted, QUICK)
    assert result.outcome is Outcome.INCOMPARABLE
    assert all("system prompt" in each.note for each in result.decision.incomparable)
    allowed = check(good, prompted, QUICK.model_copy(update={"allow_differences": ("system prompt",)}))
    assert allowed.outcome is Outcome.PASSED


def test_an_allowed_regression_passes_until_its_day(good, lost_all, tmp_path):
    path = tmp_path / "gate.yaml"
    path.write_text("rounds: 999\nallow:\n  - {reason: 'known, #412', until: 2026-12-31}\n", encoding="utf-8")
    gate = load_gate_file(path)
    result = check(good, lost_all, gate, today=date(2026, 12, 31))
    assert result.outcome is Outcome.PASSED
    assert {each.reason for each in result.allowed} == {"known, #412"}
    with pytest.raises(ExperimentError, match="expired"):
        check(good, lost_all, gate, today=date(2027, 1, 1))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("flor: 2\n", "did you mean 'floor'"),
        ("alpha: 2\n", "alpha"),
        ("levels: {language: explode}\n", "levels"),
        ("languages: Klingon\n", "Klingon"),
        ("groupings: [famly]\n", "family"),
        ("allow: [{until: 2026-12-31}]\n", "reason"),
        ("- a\n", "no mapping"),
        ("alpha: [\n", "YAML"),
    ],
)
def test_a_gate_file_with_a_mistake_names_it(tmp_path, text, complaint):
    path = tmp_path / "gate.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((ExperimentError, UnknownNameError), match=complaint):
        load_gate_file(path).settings()


def test_selectors_that_match_nothing_are_errors(good):
    with pytest.raises(UnknownNameError, match="polyarena_mini"):
        check(good, good, QUICK.model_copy(update={"tasks": ("polyarena_mimi",)}))


def test_a_folder_without_a_run_names_the_import(good, tmp_path):
    with pytest.raises(DataError, match="polyarena import lm-eval"):
        check(tmp_path, good, QUICK)


def test_the_command_line_ends_with_the_code_of_the_outcome(good, lost_all, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    files = {name: tmp_path / "out" / name for name in ("gate.json", "gate.xml", "comment.md", "gate.svg")}
    gate = tmp_path / "gate.yaml"
    gate.write_text("rounds: 999\n", encoding="utf-8")
    arguments = ["gate", "check", "--baseline", str(good), "--candidate", str(lost_all), "-c", str(gate)]
    outputs = [
        "--json-file",
        str(files["gate.json"]),
        "--junit",
        str(files["gate.xml"]),
        "--comment",
        str(files["comment.md"]),
        "--figure",
        str(files["gate.svg"]),
    ]
    assert main([*arguments, *outputs]) == 1
    shown = capsys.readouterr().out
    assert "Regressed: " in shown
    assert json.loads(files["gate.json"].read_text(encoding="utf-8"))["outcome"] == "regressed"
    assert files["comment.md"].read_text(encoding="utf-8").startswith("<!-- polyarena gate -->")
    assert files["gate.svg"].read_bytes().lstrip().startswith(b"<?xml")
    assert main([*arguments, "--figure", str(tmp_path / "gate.bmp")]) == 2
    assert "name it .png, .svg or .pdf" in capsys.readouterr().err
    assert "❌" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "::error" not in shown
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(arguments) == 1
    assert "::error title=" in capsys.readouterr().out
    assert main(["gate", "check", "--baseline", str(good), "--candidate", str(good), "-c", str(gate), "--json"]) == 0


def test_sequential_says_when_judging_could_have_stopped(good, lost_all, capsys):
    gate = QUICK.model_copy(update={"sequential": True})
    (note,) = [each for each in check(good, lost_all, gate).notes if each.startswith("Sequentially")]
    # Eight source items are too few to settle that the other rates stayed within 20 points.
    assert "are not settled" in note
    assert "Judge more items" in note
    wide = GateFile(rounds=999, margin=95, sequential=True)
    (note,) = [each for each in check(good, good, wide).notes if each.startswith("Sequentially")]
    assert "could stop there, at an error level of 5%" in note
    assert main(["gate", "check", "--baseline", str(good), "--candidate", str(good), "--sequential"]) == 0
    assert "Sequentially: " in capsys.readouterr().out


def test_regressions_are_confirmed_on_held_back_items(good, lost_all):
    """Two of eight source items are held back: all of them lost, which is too few to confirm it."""
    result = check(good, lost_all, QUICK.model_copy(update={"held_back": 0.25}))
    assert any("25% of the source items were held back" in note for note in result.notes)
    (off_target,) = [
        each for each in result.decision.verdicts if (each.metric, each.level) == ("off_target_language", "task")
    ]
    assert off_target.n == 24
    assert off_target.status == Status.INCONCLUSIVE
    assert "regressed, but not confirmed on held-back items (-100.0 points on 8)" in off_target.note
    assert result.outcome is Outcome.PASSED


def test_what_the_answers_cost_is_shown_and_never_gated(good, lost_all, monkeypatch):
    import polyarena.harness.gate.item_values as module

    def row(cost, name="model", who="candidates", currency="EUR"):
        return SimpleNamespace(who=who, name=name, cost=cost, currency=currency)

    rows = [row("0.25"), row("0.5"), row("9", name="fixed"), row("9", who="judges"), row(None, currency="USD")]
    monkeypatch.setattr(module, "cost_table", lambda journal: rows if lost_all in journal.parents else [])
    shown = check(good, lost_all, QUICK).informational
    assert shown["paid for answers (EUR)"] == (None, 0.75)
    assert shown["paid for answers (USD)"] == (None, None)
    assert not any(name.startswith("paid") for name in check(lost_all, good, QUICK).informational)


@pytest.fixture(scope="module")
def unheard(good):
    """The run whose judge was asked and gave no verdict: its replies held none."""

    class Unheard(RunRecords):
        def battles(self):
            found = super().battles()
            return found.assign(score=float("nan"), n_invalid=found["n_games"])

    return Unheard(RunFolder(good), open_run(good).lock)


def test_a_judge_without_any_verdict_makes_a_run_incomplete(good, unheard, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sides, "open_run", lambda folder: unheard)
    junit_file, summary = tmp_path / "gate.xml", tmp_path / "summary.md"
    result = check(good, good, QUICK)
    assert result.outcome is Outcome.INCOMPLETE
    assert list(result.silent) == ["rules"]
    assert "the judge 'rules' gave no verdict in any of" in result.headline
    assert "max_tokens" in result.headline
    arguments = ["gate", "check", "--baseline", str(good), "--candidate", str(good), "--junit", str(junit_file)]
    assert main([*arguments, "--markdown", str(summary)]) == 3
    assert "Incomplete: the judge 'rules' gave no verdict" in capsys.readouterr().out
    assert "gave no verdict" in summary.read_text(encoding="utf-8").partition("Not complete")[2]
    assert "gave no verdict" in junit_file.read_text(encoding="utf-8")


def test_a_judge_that_gave_one_verdict_is_not_silent(good):
    assert check(good, good, QUICK).silent == {}


def test_a_run_without_a_judge_verdict_is_not_accepted(unheard, tmp_path):
    values = run_values(unheard, None, QUICK)
    with pytest.raises(StoreError, match="the judge 'rules' gave no verdict in any of"):
        write_reference(values, tmp_path / "b.parquet")


@pytest.fixture
def empty(good, tmp_path):
    """A run that was interrupted before any cell was stored, or of which every call failed."""
    (tmp_path / "empty").mkdir()
    shutil.copy(good / "lock.json", tmp_path / "empty")
    return tmp_path / "empty"


@pytest.mark.parametrize("gate", [{}, {"comparison": "direct"}, {"held_back": 0.3}, {"sequential": True}])
def test_a_run_without_any_value_is_incomplete(good, empty, gate):
    result = check(good, empty, QUICK.model_copy(update=gate))
    assert result.outcome is Outcome.INCOMPLETE
    assert "cells and pairs of model" in result.headline
    assert "Run the same experiment again: it does only these." in result.headline


def test_an_empty_run_ends_with_3_and_writes_every_file(good, empty, tmp_path, capsys):
    files = [["--figure", "a.svg"], ["--json-file", "a.json"], ["--junit", "a.xml"], ["--markdown", "a.md"]]
    outputs = [part for name, file in files for part in (name, str(tmp_path / file))]
    assert main(["gate", "check", "--baseline", str(good), "--candidate", str(empty), *outputs]) == 3
    assert "a.svg is not drawn: no check has a difference." in " ".join(capsys.readouterr().out.split())
    assert (tmp_path / "a.md").exists()
    assert main(["gate", "check", "--baseline", str(empty), "--candidate", str(good)]) == 2


def test_names_of_the_gate_file_that_an_unfinished_run_lacks_are_no_mistakes(good, empty):
    gate = QUICK.model_copy(update={"tasks": ("polyarena_mini",)})
    assert check(good, empty, gate).outcome is Outcome.INCOMPLETE
    with pytest.raises(UnknownNameError, match="polyarena_mini"):
        check(good, empty, QUICK.model_copy(update={"tasks": ("polyarena_mimi",)}))


def test_what_other_systems_lack_does_not_make_a_candidate_incomplete(good, tmp_path):
    """Also where the name of one is part of a task's name."""
    copy = tmp_path / "copy"
    shutil.copytree(good, copy)
    (next(copy.glob("cells/fixed/*/hin_Deva*"))).unlink()
    records = open_run(copy)
    assert len(records.missing()) == 1
    assert records.missing("fixed") == records.missing()
    assert records.missing("model") == records.missing("mini") == []


def test_a_direct_comparison_speaks_of_win_rates_where_there_are_any(good, lost_all, tmp_path):
    direct = QUICK.model_copy(update={"comparison": "direct"})
    system = {"system": "model", "baseline_system": "fixed"}
    assert any(
        note.startswith("Win rates are of the candidate") for note in check(good, lost_all, direct, **system).notes
    )
    scored = run_values(open_run(good), None, QUICK)
    scored = replace(scored, frame=scored.frame[scored.frame["metric"] != "win_rate"])
    reference = write_reference(scored, tmp_path / "b.parquet")
    assert not any("Win rates" in note for note in check(reference, lost_all, direct).notes)


def test_answers_that_a_judge_finds_bad_are_checked_as_a_rate(make_run, toys, monkeypatch):
    toyarena = importlib.import_module("toyarena")

    def decide(self, matches):
        for match in matches:
            # English answers are the bad ones.
            a, b = (Assessment(float("helpful" in answer.text), Scale.BAD) for answer in (match.a, match.b))
            yield Verdict(label_of_bad(a.value, b.value), "", ratings=(a, b))

    monkeypatch.setattr(toyarena.RatingJudge, "decide", decide)
    judges = [{"name": "harm", "judge": "toy_rating"}]
    old, new = make_run("kind", judges=judges), make_run("harmful", judges=judges, lost=("deu_Latn", "hin_Deva"))
    gate = GateFile(rounds=999, metrics={"win_rate": {"check": False}}, rates=False)
    checks = check(old, new, gate).decision.verdicts
    assert {(each.metric, each.judge) for each in checks if each.level == "cell"} == {("bad_answers", "harm")}
    found = {each.group: each.difference for each in checks if each.level == "cell"}
    assert found == {"deu_Latn": -100, "hin_Deva": -100, "fra_Latn": 0, "spa_Latn": 0}
    assert check(new, old, gate).outcome is Outcome.PASSED
