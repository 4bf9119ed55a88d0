"""A folder of a report holds what this report has written, and nothing that another wrote before."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.harness.reporting.files import write_folder
from polyarena.tasks.errors import PolyarenaError

NAMES = st.text("abcxyz-.ไทย", min_size=1, max_size=6).filter(lambda name: name.strip(".") != "" and name[0] != ".")
CONTENTS = st.dictionaries(NAMES, st.binary(max_size=20), max_size=5)


# Each file is synced to the disk, which is slow.
@settings(max_examples=20)
@given(st.lists(CONTENTS, min_size=1, max_size=3))
def test_after_any_number_of_reports_the_last_one_is_there(tmp_path_factory, reports):
    folder = tmp_path_factory.mktemp("report") / "figures"
    for contents in reports:
        written = write_folder(folder, contents)
        assert written == tuple(folder / name for name in sorted(contents))
    found = {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}
    assert found == reports[-1]


def test_a_folder_for_nothing_is_not_made(tmp_path):
    assert write_folder(tmp_path / "none", {}) == ()
    assert not (tmp_path / "none").exists()


def test_folders_within_are_somebody_else_s(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("kept")
    (tmp_path / "old.svg").write_text("gone")
    write_folder(tmp_path, {"new.svg": b"<svg/>"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "new.svg"]
    assert (tmp_path / "mine" / "notes.txt").read_text() == "kept"


def test_an_old_file_goes_only_when_the_new_ones_are_whole(tmp_path, monkeypatch):
    write_folder(tmp_path, {"old.csv": b"1"})

    def fails(path, content):
        raise PolyarenaError("the disk is full", where=path)

    monkeypatch.setattr("polyarena.harness.reporting.files.write_atomically", fails)
    with pytest.raises(PolyarenaError, match="the disk is full"):
        write_folder(tmp_path, {"new.csv": b"2"})
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]
