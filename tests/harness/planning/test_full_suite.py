"""The whole suite aya99 on invented data in the schema of every data set: planned cell by cell, then from notes."""

import importlib.util
import sys

import pytest

from polyarena.harness.planning import items as planning_items
from polyarena.harness.planning import plan
from polyarena.tasks.languages import select_languages
from polyarena.tasks.suites import resolve_suite


@pytest.fixture(scope="module")
def mirror(repository, tmp_path_factory):
    """The mirror of ``benchmarks/planning.py`` with a few rows of each part."""
    spec = importlib.util.spec_from_file_location("full_mirror", repository / "benchmarks" / "full_mirror.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    root = tmp_path_factory.mktemp("hub")
    assert module.write_mirror(root, 0.002) > 1_000
    return root


@pytest.fixture
def planned(mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(planning_items, "SETTLED_S", -3600.0)
    given = {"name": "x", "systems": [{"name": "a", "model": "dummy"}], "data_root": str(mirror)}
    return lambda **entry: plan({**given, "tasks": [{"suite": "aya99", **entry}]}, output=tmp_path / "run")


def test_every_task_in_every_language_and_again_without_reading(planned, monkeypatch):
    first = planned()
    wanted = {(each.task.card.name, code) for each in resolve_suite("aya99").tasks for code in each.languages}
    assert {(cell.task, cell.language) for cell in first.cells} == wanted
    assert {cell.language for cell in first.cells} == {language.code for language in select_languages("aya99")}

    def unread(*_):
        raise AssertionError("the notes of the first plan would do")

    monkeypatch.setattr(planning_items, "load_items", unread)
    again = planned()
    assert again.cells == first.cells
    assert again.data == first.data


def test_a_language_of_the_suite_is_a_part_of_the_whole(planned):
    whole = {(cell.task, cell.language): cell for cell in planned().cells}
    one = planned(languages="swh_Latn")
    assert len(one.cells) >= 15
    assert all(whole[cell.task, cell.language] == cell for cell in one.cells)
    assert set(one.data) < set(planned().data)
