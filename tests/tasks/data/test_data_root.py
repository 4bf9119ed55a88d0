"""Where the mirror is looked for."""

import pytest

from polyarena.tasks.data import data_root
from polyarena.tasks.errors import DataError


@pytest.fixture
def folders(tmp_path, monkeypatch):
    for name in ("experiments/data", "mirror"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.delenv("POLYARENA_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_given_means_the_hub(folders, monkeypatch):
    assert data_root(None, folders) is None
    monkeypatch.setenv("POLYARENA_DATA", "")
    assert data_root(None, folders) is None
    assert data_root("", folders) is None


def test_explicit_is_relative_to_the_experiment(folders):
    assert data_root("data", folders / "experiments") == folders / "experiments" / "data"
    assert data_root("../mirror", folders / "experiments") == folders / "mirror"
    assert data_root(folders / "mirror", folders / "experiments") == folders / "mirror"


def test_variable_is_relative_to_the_working_folder(folders, monkeypatch):
    monkeypatch.setenv("POLYARENA_DATA", "mirror")
    assert data_root(None, folders / "experiments") == folders / "mirror"


def test_explicit_goes_before_the_variable(folders, monkeypatch):
    monkeypatch.setenv("POLYARENA_DATA", "mirror")
    assert data_root("data", folders / "experiments") == folders / "experiments" / "data"


def test_home_is_expanded(folders, monkeypatch):
    monkeypatch.setenv("HOME", str(folders))
    assert data_root("~/mirror", folders / "experiments") == folders / "mirror"


def test_a_missing_folder_names_who_asked_for_it(folders, monkeypatch):
    with pytest.raises(DataError) as caught:
        data_root("nowhere", folders)
    assert caught.value.why == "data_root names it"
    assert caught.value.where == str(folders / "nowhere")
    monkeypatch.setenv("POLYARENA_DATA", "/no/such/folder")
    with pytest.raises(DataError, match="POLYARENA_DATA names it"):
        data_root(None, folders)


def test_a_file_is_no_mirror(folders):
    (folders / "file").touch()
    with pytest.raises(DataError, match="not a folder"):
        data_root("file", folders)
