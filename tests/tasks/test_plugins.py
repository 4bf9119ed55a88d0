"""Entry points: found by themselves, broken ones told apart, ours not to be shadowed."""

from importlib.metadata import EntryPoint
from types import MappingProxyType

import pytest

from polyarena.tasks.errors import PolyarenaError, UnknownNameError
from polyarena.tasks.plugins import Plugins, plugins
from polyarena.tasks.registry import find_task, installed_tasks


def points(**values):
    found = {name: EntryPoint(name, value, "polyarena.tasks") for name, value in values.items()}
    return Plugins("polyarena.tasks", "task", MappingProxyType(found))


def test_a_plugin_is_imported_when_it_is_asked_for():
    group = points(good="math:pi", bad="no_such_module:x")
    assert group.names == ["bad", "good"]
    assert group.load("good") == pytest.approx(3.14159, abs=1e-5)


def test_a_broken_plugin_is_named_and_stops_no_other():
    group = points(good="math:pi", bad="no_such_module:x", worse="math:no_such_thing")
    assert set(group.broken()) == {"bad", "worse"}
    assert "no_such_module" in group.broken()["bad"]
    with pytest.raises(PolyarenaError, match="cannot be imported") as caught:
        group.load("bad", where="file:7")
    assert "file:7" in str(caught.value)


def test_an_unknown_plugin_is_helped():
    with pytest.raises(UnknownNameError, match="did you mean 'good'"):
        points(good="math:pi").load("goood")


def test_a_plugin_that_raises_anything_is_caught(tmp_path, monkeypatch):
    (tmp_path / "raising_plugin.py").write_text("raise ValueError('at import')")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "ValueError: at import" in points(bad="raising_plugin:x").broken()["bad"]


def test_other_distributions_tasks_are_found(toys):
    assert find_task("toy_open").card.title == "the toy task toy_open"
    tasks, broken = installed_tasks()
    assert {"toy_open", "polyarena_mini"} <= {task.card.name for task in tasks}
    assert set(broken) == {"toy_broken", "toy_nothing"}
    assert "lacks card and items and score" in broken["toy_nothing"]


def test_ours_are_not_shadowed(tmp_path, monkeypatch):
    folder = tmp_path / "shadow-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: shadow\nVersion: 1\n")
    (folder / "entry_points.txt").write_text("[polyarena.judges]\nrules = math:pi\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins.cache_clear()
    try:
        assert plugins("polyarena.judges", "judge").points["rules"].value.startswith("polyarena.")
    finally:
        plugins.cache_clear()


def test_every_own_entry_point_imports():
    for room, kind in (("tasks", "task"), ("judges", "judge"), ("models", "model")):
        group = plugins(f"polyarena.{room}", kind)
        assert group.names
        assert not group.broken()


def test_a_task_is_found_with_one_of_its_templates():
    whole = find_task("xnli")
    assert whole.card.name == "xnli"
    for template in whole.templates[1:]:
        varied = find_task(f"xnli.{template}")
        assert varied.card.name == f"xnli.{template}"
        assert varied.card.languages == whole.card.languages


def test_a_misspelt_template_is_helped():
    with pytest.raises(UnknownNameError, match="did you mean 'claim'"):
        find_task("xnli.clam", where="file:3")
    with pytest.raises(UnknownNameError, match="template of the task 'cldr_names'"):
        find_task("cldr_names.other")


def test_every_task_has_what_a_card_needs():
    tasks, broken = installed_tasks()
    assert not broken
    for task in tasks:
        card = task.card
        assert card.languages == tuple(sorted(set(card.languages))), card.name
        assert set(card.provenance) == set(card.languages), card.name
        assert card.dataset.licence, card.name
        assert card.dataset.revision, card.name
