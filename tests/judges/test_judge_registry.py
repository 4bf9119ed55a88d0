"""Judges by name."""

from importlib.metadata import EntryPoint
from types import MappingProxyType

import pytest

from polyarena.judges import find_judge, judge_plugins, registry
from polyarena.tasks.errors import PolyarenaError, UnknownNameError
from polyarena.tasks.plugins import Plugins


@pytest.mark.parametrize("name", ["rules", "llm"])
def test_our_own_judges_are_found_and_describe_themselves(name):
    judge = find_judge(name)({}, None)
    assert str(judge.signature).startswith(f"judge:{name}@")
    assert judge.description.startswith(f"{name}: ")


def test_all_entry_points_import():
    assert set(judge_plugins().names) >= {"rules", "llm"}
    assert judge_plugins().broken() == {}


def test_a_misspelt_judge_gets_a_suggestion_and_its_place():
    with pytest.raises(UnknownNameError, match="did you mean 'rules'") as caught:
        find_judge("ruls", where="experiment.yaml:7")
    assert caught.value.where == "experiment.yaml:7"


def test_an_entry_point_that_is_no_factory_is_refused(monkeypatch):
    point = EntryPoint("odd", "polyarena.judges.collapse:SCORES", "polyarena.judges")
    monkeypatch.setattr(
        registry, "judge_plugins", lambda: Plugins("polyarena.judges", "judge", MappingProxyType({"odd": point}))
    )
    with pytest.raises(PolyarenaError, match="is no judge"):
        find_judge("odd")
