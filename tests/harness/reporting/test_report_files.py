"""After any number of reports, the files of the last one are there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.harness.reporting.files import ReportFolder
from polyarena.tasks.errors import PolyarenaError

NAMES = st.text("abcxyz-.ไทย", min_size=1, max_size=6).filter(lambda name: name.strip(".") != "" and name[0] != ".")
CONTENTS = st.dictionaries(NAMES, st.binary(max_size=20), max_size=5)


# Each file is synced to the disk, which is slow.
@settings(max_examples=20)
@given(st.lists(CONTENTS, min_size=1, max_size=3))
def test_after_any_number_of_reports_the_last_one_is_there(tmp_path_factory, reports):
    run = tmp_path_factory.mktemp("run")
    folder = run / "figures"
    for contents in reports:
        written = ReportFolder(run).write(folder, contents)
        assert written == tuple(folder / name for name in sorted(contents))
    found = {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}
    assert found == reports[-1]


def test_a_folder_for_nothing_is_not_made(tmp_path):
    assert ReportFolder(tmp_path).write(tmp_path / "none", {}) == ()
    assert not (tmp_path / "none").exists()


def test_an_old_file_goes_only_when_the_new_ones_are_whole(tmp_path, monkeypatch):
    ReportFolder(tmp_path).write(tmp_path / "results", {"old.csv": b"1"})

    def fails(path, content):
        raise PolyarenaError("the disk is full", where=path)

    monkeypatch.setattr("polyarena.harness.reporting.files.write_atomically", fails)
    with pytest.raises(PolyarenaError, match="the disk is full"):
        ReportFolder(tmp_path).write(tmp_path / "results", {"new.csv": b"2"})
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["old.csv"]
