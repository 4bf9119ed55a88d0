"""Whose folder it is, and what an import may change in it."""

import json

import pytest

from polyarena.harness import open_run, plan, run
from polyarena.harness.importing import ImportOptions, import_verdicts, importer
from polyarena.tasks.errors import StoreError, UnknownNameError

GAME = {"language": "de", "item_id": "i", "system_a": "x", "system_b": "y", "label": "A>B", "judge": "jury"}


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_of_somebody_else_is_left_as_it_is(write, tmp_path):
    home = tmp_path / "home"
    (home / "work").mkdir(parents=True)
    (home / "letter.txt").write_text("dear")
    (home / "work" / ".draft.tmp").write_text("not ours to sweep")
    before = tree(home)
    with pytest.raises(StoreError, match="not a run folder and is not empty"):
        import_verdicts("polyarena", write("g.jsonl", [GAME]), home)
    assert tree(home) == before


def test_a_file_in_place_of_the_folder_is_not_to_be_deleted(write, tmp_path):
    path = write("g.jsonl", [GAME])
    with pytest.raises(StoreError, match="the run folder is a file") as caught:
        import_verdicts("polyarena", path, path)
    assert "delete" not in caught.value.fix


def test_an_import_that_another_one_overtakes_is_refused(write, tmp_path, monkeypatch):
    path, folder = write("g.jsonl", [GAME]), tmp_path / "run"
    import_verdicts("polyarena", path, folder)
    match = importer.match_to_run

    def overtaken(*arguments):
        monkeypatch.setattr(importer, "match_to_run", match)
        import_verdicts("polyarena", path, folder, ImportOptions(judge="other"))
        return match(*arguments)

    monkeypatch.setattr(importer, "match_to_run", overtaken)
    with pytest.raises(StoreError, match="changed meanwhile") as caught:
        import_verdicts("polyarena", path, folder, ImportOptions(judge="late"))
    assert caught.value.fix == "run the same command again"
    assert sorted(open_run(folder).lock.judges) == ["jury", "other"]


@pytest.mark.parametrize("named", ["org/a", "org-a"])
def test_the_baseline_is_named_as_in_the_file_or_in_the_folder(named, write, tmp_path):
    path = write("g.jsonl", [{**GAME, "system_a": "org/a", "system_b": "z"}])
    import_verdicts("polyarena", path, tmp_path / "left-out")
    assert {pair[2] for pair in open_run(tmp_path / "left-out").pairs()} == {"z"}
    import_verdicts("polyarena", path, tmp_path / "run", ImportOptions(baseline=named))
    assert {pair[2] for pair in open_run(tmp_path / "run").pairs()} == {"org-a"}


def test_a_baseline_that_nobody_is_called_is_refused(write, tmp_path):
    with pytest.raises(UnknownNameError, match="unknown system 'nobody'") as caught:
        import_verdicts("polyarena", write("g.jsonl", [GAME]), tmp_path / "run", ImportOptions(baseline="nobody"))
    assert caught.value.where == "--baseline"
    assert not (tmp_path / "run").exists()


def test_names_with_two_hyphens_keep_their_games_apart(write, tmp_path):
    rows = [{**GAME, "system_a": "a--b", "system_b": "c"}, {**GAME, "system_a": "a", "system_b": "b--c"}]
    done = import_verdicts("polyarena", write("g.jsonl", rows), tmp_path / "run")
    assert done.renamed == {"a--b": "a-b", "b--c": "b-c"}
    assert len(open_run(tmp_path / "run").collapse_games()) == 2


def test_names_in_other_scripts_are_told(write, tmp_path):
    done = import_verdicts("polyarena", write("g.jsonl", [{**GAME, "system_a": "模型"}]), tmp_path / "run")
    (changed,) = done.renamed.items()
    assert changed[0] == "模型"
    assert changed[1] in open_run(tmp_path / "run").lock.cells


def annotations(*instructions):
    return [
        {"instruction": each, "output_1": f"old {each}", "output_2": f"new {each}", "generator_1": "old",
         "generator_2": "new", "annotator": "judge", "preference": 2}
        for each in instructions
    ]  # fmt: skip


def test_answers_come_along_and_are_stored_once(write, tmp_path):
    path = write("a.json", annotations("Sing.", "Dance."))
    done = import_verdicts("alpaca-eval", path, tmp_path / "run")
    assert done.completions == 4
    records = open_run(tmp_path / "run")
    assert set(records.completions()["text"]) == {"old Sing.", "new Sing.", "old Dance.", "new Dance."}
    again = import_verdicts("alpaca-eval", path, tmp_path / "run", ImportOptions(judge="second"))
    assert again.completions == 0
    assert len(open_run(tmp_path / "run").completions()) == 4


def test_a_run_made_by_import_takes_more_judges_on_its_items_only(write, tmp_path):
    import_verdicts("alpaca-eval", write("a.json", annotations("Sing.")), tmp_path / "run")
    more = write("b.json", annotations("Sing.", "Dance."))
    done = import_verdicts("alpaca-eval", more, tmp_path / "run", ImportOptions(judge="second"))
    assert done.games == {"second": 1}
    assert done.completions == 0
    assert any("does not have" in field.what for field in done.unmapped)


EXPERIMENT = {
    "name": "toy",
    "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("a--b", "one")],
    "baseline": "one",
    "tasks": ["toy_open"],
    "statistics": {"rounds": 100},
}


def test_systems_of_a_run_keep_their_own_names(write, tmp_path, toys):
    run(plan(EXPERIMENT, output=tmp_path / "run"))
    vote = {"item_id": "3", "language": "de", "system_a": "a--b", "system_b": "one", "vote": "a"}
    done = import_verdicts("votes", write("v.jsonl", [vote]), tmp_path / "run")
    assert done.renamed == {}
    assert {pair[1:3] for pair in open_run(tmp_path / "run").pairs()} == {("a--b", "one")}


def test_a_run_whose_lock_file_is_not_whole_is_refused_before_anything_is_read(write, tmp_path):
    import_verdicts("polyarena", write("g.jsonl", [GAME]), tmp_path / "run")
    lock = tmp_path / "run" / "lock.json"
    content = json.loads(lock.read_text())
    del content["cells"]
    lock.write_text(json.dumps(content))
    with pytest.raises(StoreError, match="not complete"):
        import_verdicts("polyarena", write("g.jsonl", [GAME]), tmp_path / "run")
