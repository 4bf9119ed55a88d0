"""Imported judges while the experiment changes: nothing replaces them, and what is not shown is told and comes back."""

import json

import pytest

from polyarena.harness import open_run, plan, run
from polyarena.harness.cli import main
from polyarena.harness.importing import ImportOptions, import_verdicts
from polyarena.harness.lock import Lock
from polyarena.harness.lock.imported_judges import hidden_judges
from polyarena.harness.reporting import write_report
from polyarena.harness.store import RunFolder
from polyarena.tasks.errors import StoreError, UnknownNameError
from polyarena.tasks.registry import find_task

SYSTEMS = [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")]
EXPERIMENT = {
    "name": "toy", "systems": SYSTEMS, "baseline": "one", "tasks": [{"task": "toy_open", "limit": 4}],
    "languages": ["deu_Latn", "swh_Latn"], "judges": [{"name": "long", "judge": "toy_length"}],
    "statistics": {"rounds": 200},
}  # fmt: skip
OTHER_NAME = {**EXPERIMENT, "systems": [SYSTEMS[0], {**SYSTEMS[1], "name": "three"}]}
OTHER_BASELINE = {**EXPERIMENT, "systems": [{**SYSTEMS[0], "name": "uno"}, SYSTEMS[1]], "baseline": "uno"}
ONE_LANGUAGE = {**EXPERIMENT, "languages": ["deu_Latn"]}


@pytest.fixture
def folder(tmp_path, toys, write):
    run(plan(EXPERIMENT, output=tmp_path / "run"))
    items = sorted(set(open_run(tmp_path / "run").games()["item_id"]))[:2]
    rows = [{"item_id": item, "language": code, "system_a": "one", "system_b": "two", "vote": "a", "voter": "ann"}
            for item in items for code in ("de", "sw")]  # fmt: skip
    import_verdicts("votes", write("v.jsonl", rows), tmp_path / "run")
    write_report(RunFolder(tmp_path / "run"))
    return RunFolder(tmp_path / "run")


def tree(folder):
    return {path.relative_to(folder.path).as_posix(): path.read_bytes()
            for path in folder.path.rglob("*") if path.is_file()}  # fmt: skip


def votes(folder):
    games = open_run(folder).games()
    return games[games["judge"] == "humans"]


def named(name, kind="judges"):
    if kind == "judges":
        return {**EXPERIMENT, "judges": [{"name": name, "judge": "toy_length"}]}
    judges = [{"name": "long", "judge": "toy_length"}, {"name": "also", "judge": "toy_length"}]
    return {**EXPERIMENT, "judges": judges, "panels": [{"name": name, "judges": ["long", "also"]}]}


@pytest.mark.parametrize("kind", ["judges", "panels"])
@pytest.mark.parametrize("name", ["humans", "Humans"])
def test_a_judge_or_panel_of_the_name_of_an_imported_one_is_refused_by_the_plan(name, kind, folder):
    before = tree(folder)
    with pytest.raises(StoreError, match="has the name of the imported judge 'humans'") as caught:
        plan(named(name, kind), output=folder.path)
    assert repr(name) in caught.value.what
    assert caught.value.where == f"{kind}.0"
    assert f"rename the {kind[:-1]}" in caught.value.fix
    assert tree(folder) == before


def test_votes_that_are_imported_between_plan_and_run_are_not_replaced(tmp_path, toys, write):
    run(plan(EXPERIMENT, output=tmp_path / "run"))
    planned = plan(named("humans"), output=tmp_path / "run")
    vote = {"item_id": open_run(tmp_path / "run").games()["item_id"][0], "language": "de", "system_a": "one",
            "system_b": "two", "vote": "a"}  # fmt: skip
    import_verdicts("votes", write("v.jsonl", [vote]), tmp_path / "run")
    before = tree(RunFolder(tmp_path / "run"))
    with pytest.raises(StoreError, match="imported judge 'humans'"):
        run(planned)
    assert tree(RunFolder(tmp_path / "run")) == before


def test_the_commands_refuse_the_name_and_say_where_it_stands(folder, tmp_path, capsys):
    file = tmp_path / "e.yaml"
    file.write_text(json.dumps(named("humans"), indent=1))
    for command in ("plan", "run"):
        assert main([command, str(file), "--output", str(folder.path)]) == 2
        err = capsys.readouterr().err
        assert "imported judge 'humans'" in err
        assert f"{file}:" in err
    assert len(votes(folder)) == 4


def test_an_import_under_the_name_of_a_judge_in_other_letters_is_refused(folder, tmp_path):
    with pytest.raises(StoreError, match="the run has a judge 'long' of its own") as caught:
        import_verdicts("votes", tmp_path / "v.jsonl", folder.path, ImportOptions(judge="LONG"))
    assert "might be the same" in caught.value.why
    with pytest.raises(StoreError, match=r"the run has a judge 'humans'\n"):
        import_verdicts("votes", tmp_path / "v.jsonl", folder.path, ImportOptions(judge="Humans"))
    import_verdicts("votes", tmp_path / "v.jsonl", folder.path, ImportOptions(judge="humans"))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [(OTHER_NAME, "the system two"), (OTHER_BASELINE, "the system one")],
)
def test_a_judge_whose_systems_left_is_told_and_comes_back_with_them(changed, reason, folder):
    before, entry = votes(folder), folder.read_lock().imported["humans"]
    signature = folder.read_lock().judges["humans"].signature
    run(plan(changed, output=folder.path))
    lock = folder.read_lock()
    assert "humans" not in lock.judges
    assert votes(folder).empty
    assert lock.imported["humans"] == entry
    assert reason in hidden_judges(lock)["humans"]
    page = (folder.report / "index.html").read_text(encoding="utf-8")
    assert "The imported judge" in page
    assert "is not shown" in page
    run(plan(EXPERIMENT, output=folder.path))
    assert votes(folder).equals(before)
    assert hidden_judges(folder.read_lock()) == {}
    assert folder.read_lock().judges["humans"].signature == signature


def test_a_language_that_left_takes_its_votes_along_and_brings_them_back(folder):
    before = votes(folder)
    run(plan(ONE_LANGUAGE, output=folder.path))
    assert set(votes(folder)["language"]) == {"deu_Latn"}
    assert set(open_run(folder).estimates().query("judge == 'humans' and level == 'language'")["group"]) == {"deu_Latn"}
    said = hidden_judges(folder.read_lock())["humans"]
    assert said.startswith("1 of the 2 pairs of the imported judge 'humans' are not shown")
    assert "toy_open in swh_Latn" in said
    run(plan(EXPERIMENT, output=folder.path))
    assert votes(folder).equals(before)


def test_two_changes_in_a_row_lose_nothing(folder):
    before = votes(folder)
    for changed in (ONE_LANGUAGE, OTHER_NAME, OTHER_BASELINE, EXPERIMENT):
        run(plan(changed, output=folder.path))
    assert votes(folder).equals(before)


def test_run_and_report_say_what_is_hidden_judges(folder, tmp_path, capsys):
    file = tmp_path / "e.yaml"
    file.write_text(json.dumps(OTHER_NAME))
    for command in (["run", str(file), "--output", str(folder.path), "--quiet"], ["report", str(folder.path)]):
        for also in ([], ["--json"]):
            assert main([*command, *also]) == 0
            printed = capsys.readouterr()
            notes = " ".join(json.loads(printed.out)["notes"] if also else printed.out.split())
            assert notes.count("The imported judge 'humans' is not shown") == 1
            assert "the system two" in notes
    file.write_text(json.dumps(EXPERIMENT))
    assert main(["run", str(file), "--output", str(folder.path), "--quiet"]) == 0
    assert "not shown" not in capsys.readouterr().out


def test_a_judge_that_is_not_shown_is_not_called_unknown(folder, capsys):
    run(plan(OTHER_NAME, output=folder.path))
    assert main(["judge", "agreement", str(folder.path), "long", "humans"]) == 2
    err = capsys.readouterr().err
    assert "is not shown" in err
    assert "unknown judge" not in err


def test_a_judge_that_is_not_shown_can_be_imported_anew(folder, write):
    run(plan(OTHER_NAME, output=folder.path))
    item = open_run(folder).games()["item_id"][0]
    vote = {"item_id": item, "language": "de", "system_a": "one", "system_b": "three", "vote": "b"}
    import_verdicts("votes", write("w.jsonl", [vote]), folder.path)
    assert list(votes(folder)["label"]) == ["B>A"]
    assert hidden_judges(folder.read_lock()) == {}


def test_the_name_of_a_hidden_judge_stays_its_own(folder):
    run(plan(OTHER_NAME, output=folder.path))
    with pytest.raises(StoreError, match="imported judge 'humans'"):
        plan({**OTHER_NAME, "judges": [{"name": "humans", "judge": "toy_length"}]}, output=folder.path)


def test_of_many_things_that_are_missing_some_are_named_and_the_rest_counted():
    pairs = [
        {"judge": "j", "candidate": f"s{number}", "baseline": "b", "task": "t", "languages": ["deu_Latn"]}
        for number in range(9)
    ]
    judge = {"signature": "s", "description": "d"}
    entry = {"format": "votes", "files": {}, "judge": judge, "games": pairs, "polyarena": "0"}
    card = find_task("polyarena_mini").card
    lock = Lock.model_validate(
        {
            "experiment": {"name": "x", "digest": "d", "resolved": EXPERIMENT},
            "cells": {"b": {"t": {}}},
            "tasks": {"t": {"card": card, "languages": ["deu_Latn"]}},
            "games": pairs[:1],
            "imported": {"j": entry},
        }
    )
    said = hidden_judges(lock)["j"]
    assert said.startswith("8 of the 9 pairs")
    assert "the system s5 and 3 more" in said
    assert hidden_judges(lock.model_copy(update={"imported": {}})) == {}


@pytest.mark.parametrize("name", ["long", "nobody"])
def test_other_judges_are_as_they_were(name, folder):
    from polyarena.harness.auditing.judges import entry_of_judge

    run(plan(OTHER_NAME, output=folder.path))
    if name == "long":
        assert entry_of_judge(open_run(folder), name).signature
    else:
        with pytest.raises(UnknownNameError, match="unknown judge 'nobody'"):
            entry_of_judge(open_run(folder), name)
