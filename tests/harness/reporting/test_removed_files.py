"""A report removes what an earlier report wrote, and nothing else."""

from __future__ import annotations

import json

import pytest

from polyarena.harness.reporting.files import ReportFolder
from polyarena.harness.store.manifest import MANIFEST
from polyarena.tasks.errors import StoreError


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    (folder / "results").mkdir(parents=True)
    return folder


def test_left_over_files_of_the_report_before_go_and_are_named(run):
    ReportFolder(run).write(run / "results", {"a.csv": b"a", "b.csv": b"b"})
    later = ReportFolder(run)
    assert later.write(run / "results", {"a.csv": b"new"}) == (run / "results" / "a.csv",)
    assert later.removed == [run / "results" / "b.csv"]
    assert sorted(path.name for path in (run / "results").iterdir()) == ["a.csv"]


def test_files_of_others_stay(run):
    (run / "results" / "notes.txt").write_text("mine")
    (run / "results" / "b.csv").write_text("mine too")
    out = ReportFolder(run)
    out.write(run / "results", {"a.csv": b"a"})
    assert (run / "results" / "notes.txt").read_text() == "mine"
    assert (run / "results" / "b.csv").read_text() == "mine too"
    assert out.removed == []


def test_a_file_that_was_changed_since_is_no_longer_ours(run):
    ReportFolder(run).write(run / "results", {"a.csv": b"a", "b.csv": b"b"})
    (run / "results" / "b.csv").write_text("edited")
    ReportFolder(run).write(run / "results", {"a.csv": b"a"})
    assert (run / "results" / "b.csv").read_text() == "edited"


def test_a_file_that_was_changed_since_gets_a_new_name_where_a_new_one_takes_its_place(run):
    results = run / "results"
    ReportFolder(run).write(results, {"a.csv": b"system,value\n1", "b.csv": b"b"})
    for number in ("first", "second"):
        (results / "a.csv").write_text(f"system,value\n{number} edit")
        out = ReportFolder(run)
        out.write(results, {"a.csv": b"system,value\n2", "b.csv": b"new"})
        assert (results / "a.csv").read_bytes() == b"system,value\n2"
        assert [path.read_text() for path in out.edited] == [f"system,value\n{number} edit"]
    assert sorted(path.name for path in results.iterdir()) == ["a.csv", "a.csv.edited", "a.csv.edited-2", "b.csv"]


def test_a_file_of_somebody_in_the_place_of_a_new_one_gets_a_new_name(run):
    ReportFolder(run).write(run / "results", {"a.csv": b"a"})
    (run / "results" / "b.csv").write_text("mine")
    out = ReportFolder(run)
    out.write(run / "results", {"a.csv": b"a", "b.csv": b"b"})
    assert [path.name for path in out.edited] == ["b.csv.edited"]
    assert (run / "results" / "b.csv.edited").read_text() == "mine"


def test_files_that_no_report_has_listed_yet_are_replaced(run):
    # As an archive of a run has them, which comes without a manifest.
    (run / "results" / "a.csv").write_text("of another version")
    out = ReportFolder(run)
    out.write(run / "results", {"a.csv": b"a"})
    assert out.edited == []
    assert [path.name for path in (run / "results").iterdir()] == ["a.csv"]


def test_folders_do_not_disturb_each_other(run):
    first = ReportFolder(run)
    first.write(run / "results", {"a.csv": b"a"})
    first.write(run / "report" / "figures", {"a.pdf": b"a", "b.pdf": b"b"})
    first.write(run / "report", {"index.html": b"page"})
    later = ReportFolder(run)
    later.write(run / "report" / "figures", {"a.pdf": b"a"})
    assert later.removed == [run / "report" / "figures" / "b.pdf"]
    assert (run / "results" / "a.csv").exists()
    assert (run / "report" / "index.html").exists()


@pytest.mark.parametrize("linked", ["results", "report", "report/figures"])
def test_nothing_is_written_or_removed_through_a_link_out_of_the_folder(tmp_path, linked):
    run, paper = tmp_path / "run", tmp_path / "paper"
    paper.mkdir()
    (paper / "main.tex").write_text("weeks of work")
    (run / linked).parent.mkdir(parents=True, exist_ok=True)
    (run / linked).symlink_to(paper)
    (run / MANIFEST).write_text(json.dumps({f"{linked}/main.tex": "0" * 64}))
    folder = run / "report" / "figures" if linked == "report" else run / linked
    with pytest.raises(StoreError, match="symbolic link") as caught:
        ReportFolder(run).write(folder, {"main.tex": b"ours"})
    assert caught.value.where == str(run / linked)
    assert [path.name for path in paper.iterdir()] == ["main.tex"]
    assert (paper / "main.tex").read_text() == "weeks of work"


def test_a_link_in_the_place_of_a_file_is_replaced_and_its_target_stays(run, tmp_path):
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("theirs")
    (run / "results" / "a.csv").symlink_to(theirs)
    ReportFolder(run).write(run / "results", {"a.csv": b"ours"})
    assert theirs.read_text() == "theirs"
    assert (run / "results" / "a.csv").read_bytes() == b"ours"


def test_a_run_folder_may_be_reached_through_a_link(run, tmp_path):
    (tmp_path / "link").symlink_to(run)
    ReportFolder(tmp_path / "link").write(tmp_path / "link" / "results", {"a.csv": b"a"})
    assert (run / "results" / "a.csv").exists()


@pytest.mark.parametrize("manifest", ["", "[]", "{", '{"../paper/main.tex": "0"}', '{"/etc/passwd": "0"}', '{"a": 1}'])
def test_an_odd_manifest_makes_nothing_ours(run, tmp_path, manifest):
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper" / "main.tex").write_text("")
    (run / MANIFEST).write_text(manifest)
    out = ReportFolder(run)
    out.write(run / "results", {"a.csv": b"a"})
    assert out.removed == []
    assert (tmp_path / "paper" / "main.tex").exists()
