"""Model types by name."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from types import MappingProxyType

import pytest
from every_case import every_case

from polyarena.harness.models import find_model_type, model_names, registry
from polyarena.harness.models.lm_eval.model_type import LmEvalType
from polyarena.harness.models.protocol import ModelType
from polyarena.tasks.errors import PolyarenaError, UnknownNameError
from polyarena.tasks.item import Kind
from polyarena.tasks.plugins import Plugins

HERE = "polyarena.harness.models"


def install(monkeypatch: pytest.MonkeyPatch, **points: str) -> None:
    found = {name: EntryPoint(name, value, "polyarena.models") for name, value in points.items()}
    plugins = Plugins("polyarena.models", "model", MappingProxyType(found))
    monkeypatch.setattr(registry, "model_plugins", lambda: plugins)


def test_all_of_lm_eval_and_ours_are_listed() -> None:
    names = model_names()
    assert names["hf"] == names["vllm"] == names["local-chat-completions"] == "lm-eval"
    assert names["endpoint"] == names["completions"] == "polyarena"
    assert list(names) == sorted(names)


def test_every_listed_type_is_a_model_type() -> None:
    for name, origin in model_names().items():
        if origin == "lm-eval":
            assert find_model_type(name) == LmEvalType(name)
        assert isinstance(find_model_type(name), ModelType)


@every_case(
    ("wrong", "right"), [("endpont", "endpoint"), ("VLMM", "vllm"), ("local-chat-completion", "local-chat-completions")]
)
def test_misspelt_names_are_corrected_over_both_lists(wrong: str, right: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_model_type(wrong, where="experiment.yaml:4")
    assert repr(right) in caught.value.fix
    assert str(caught.value).startswith("experiment.yaml:4: unknown model")


def test_a_plugin_goes_before_a_type_of_lm_eval(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, hf=f"{HERE}.completions:build")
    assert not isinstance(find_model_type("hf"), LmEvalType)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (f"{HERE}.rendering:join_messages", "is no model type"),
        (f"{HERE}.completions:CompletionsType", "is no model type"),
        ("no_such_package:build", "cannot be imported"),
    ],
)
def test_a_broken_plugin_is_reported_and_stops_no_other(
    value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, broken=value)
    assert "broken" in model_names()
    with pytest.raises(PolyarenaError, match=message):
        find_model_type("broken")
    assert find_model_type("dummy").supports(Kind.OPEN_ENDED)


def test_finding_and_describing_imports_nothing_heavy() -> None:
    program = (
        "import sys; from polyarena.harness.models import find_model_type, model_names;"
        "from polyarena.harness.models.protocol import ModelContext; model_names();"
        "find_model_type('hf').identity({'pretrained': 'owner/name'}, ModelContext(), 'eng_Latn');"
        "heavy = ('torch', 'transformers', 'openai', 'pandas', 'datasets', 'matplotlib');"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
