"""Names of systems, judges and tasks that become folders."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.experiment import load_experiment
from polyarena.harness.importing.names import LONGEST, folder_names
from polyarena.tasks.errors import DataError

ANY = st.text(min_size=1, max_size=40).filter(lambda text: any(character.isalnum() for character in text))


@every_case("name", ["gpt-4", "a.b_c-1", "X", "0"])
def test_names_that_can_be_folders_stay(name):
    assert folder_names([name]) == {name: name}


@every_case(
    ("name", "folder"),
    [("org/model", "org-model"), ("model (thinking)", "model-thinking"), ("../../etc", "etc"), ("-x-", "x"),
     ("a--b", "a-b"), ("a - b", "a-b"), ("x" * 300, "x" * LONGEST), ("Ärger", "Arger"), ("Modèle-7B", "Modele-7B")],
)  # fmt: skip
def test_names_that_cannot_are_changed(name, folder):
    assert folder_names([name]) == {name: folder}


@every_case("name", ["日本", "نموذج", "มอเดล"])
def test_names_in_other_scripts_get_a_lasting_one(name):
    (folder,) = folder_names([name]).values()
    assert folder == folder_names([name, "other"])[name]
    assert folder.startswith("name-")
    assert folder.isascii()


@every_case("other", ["乙-7B", "7B"])
def test_what_is_left_of_a_name_in_another_script_is_not_taken_for_another_system(other):
    # Each may come in an import of its own.
    (first,) = folder_names(["甲-7B"]).values()
    (second,) = folder_names([other]).values()
    assert first.startswith("7B-")
    assert first != second


@every_case("name", ["", "..", "---", "!?"])
def test_what_names_nothing_is_refused(name):
    with pytest.raises(DataError, match="cannot name") as caught:
        folder_names([name])
    assert "letters or digits" in caught.value.fix


def test_names_that_would_become_one_are_numbered_and_the_plain_one_stays():
    assert folder_names(["a/b", "a b", "a-b"]) == {"a-b": "a-b", "a b": "a-b-2", "a/b": "a-b-3"}
    assert folder_names(["GPT", "gpt"]) == {"GPT": "GPT", "gpt": "gpt-2"}


def test_names_of_the_run_stay_as_they_are():
    assert folder_names(["a--b", "a-b"], known=["a--b"]) == {"a--b": "a--b", "a-b": "a-b"}
    assert folder_names(["x_"], known=["x_"]) == {"x_": "x_"}


@given(st.sets(ANY, min_size=1, max_size=6))
def test_every_name_can_stand_in_an_experiment(names):
    found = folder_names(names)
    assert len({folder.casefold() for folder in found.values()}) == len(names)
    assert not any("--" in folder for folder in found.values())
    systems = [{"name": folder, "model": "imported"} for folder in found.values()]
    assert len(load_experiment({"name": "x", "systems": systems, "tasks": ["t"]}).systems) == len(names)


@given(st.sets(ANY, min_size=1, max_size=6))
def test_folders_do_not_depend_on_the_order(names):
    assert folder_names(sorted(names)) == folder_names(sorted(names, reverse=True))


@given(st.sets(ANY, min_size=1, max_size=6))
def test_folders_of_folders_are_themselves(names):
    folders = set(folder_names(names).values())
    assert folder_names(folders) == {folder: folder for folder in folders}
