"""What an lm-eval type says before it is loaded: refusals, support, identity."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.harness.models.lm_eval import model_type
from polyarena.harness.models.lm_eval.backends import BACKENDS, SECRET_ARGUMENTS, SPEED_ARGUMENTS, find_backend
from polyarena.harness.models.lm_eval.model_type import LmEvalType
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.models.registry import lm_eval_names
from polyarena.tasks.errors import DataError, ExperimentError, ModelError, PolyarenaError
from polyarena.tasks.item import Kind

HF = LmEvalType("hf")


@pytest.fixture
def all_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "here" / "my-model"
    made.mkdir(parents=True)
    (made / "config.json").write_text("{}")
    (made / "model.safetensors").write_bytes(b"weights")
    return made


def identity(args: dict[str, Any], base: Path | str = ".", name: str = "hf") -> dict[str, str]:
    return dict(LmEvalType(name).identity(args, ModelContext(base=str(base)), "eng_Latn"))


def test_the_table_names_types_that_lm_eval_has() -> None:
    assert set(BACKENDS) <= set(lm_eval_names())


@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_missing_packages_are_named_with_the_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None)
    with pytest.raises(ModelError) as caught:
        LmEvalType(name).check({"pretrained": "x", "model": "x", "base_url": "x"}, ModelContext(), "systems.a")
    assert BACKENDS[name].modules[0] in caught.value.what
    assert "pip install" in caught.value.fix


@pytest.mark.usefixtures("all_installed")
@pytest.mark.parametrize(
    ("name", "args", "missing"),
    [
        ("hf", {}, "'pretrained'"),
        ("vllm", {"pretrained": ""}, "'pretrained'"),
        ("local-chat-completions", {"base_url": "http://x"}, "'model' or 'pretrained'"),
        ("local-completions", {"model": "x"}, "'base_url'"),
    ],
)
def test_required_arguments(name: str, args: dict[str, Any], missing: str) -> None:
    with pytest.raises(ExperimentError, match=missing) as caught:
        LmEvalType(name).check(args, ModelContext(), "experiment.yaml:3")
    assert caught.value.where == "experiment.yaml:3"


@pytest.mark.usefixtures("all_installed")
def test_a_missing_key_is_noticed_before_anything_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelError, match="OPENAI_API_KEY"):
        LmEvalType("openai-chat-completions").check({"model": "x"}, ModelContext(), "")
    monkeypatch.setenv("OPENAI_API_KEY", "anything")
    LmEvalType("openai-chat-completions").check({"model": "x"}, ModelContext(), "")


@pytest.mark.usefixtures("all_installed")
@pytest.mark.parametrize(
    ("name", "fix"), [("prompts.jsonl", "`save_pretrained` wrote"), ("m.gguf", "set `gguf_file: m.gguf`")]
)
def test_a_file_is_no_model(tmp_path: Path, name: str, fix: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(DataError, match="is a file, and `pretrained` must be a folder") as caught:
        HF.check({"pretrained": f"./{name}"}, ModelContext(base=str(tmp_path)), "x.yaml:3 (systems.0.args)")
    assert caught.value.where == "x.yaml:3 (systems.0.args.pretrained)"
    assert fix in caught.value.fix


@pytest.mark.usefixtures("all_installed")
def test_folders_are_looked_at(folder: Path) -> None:
    context = ModelContext(base=str(folder.parent))
    HF.check({"pretrained": "my-model"}, context, "")
    HF.check({"pretrained": "owner/a-model-on-the-hub"}, context, "")
    with pytest.raises(DataError, match="does not exist"):
        HF.check({"pretrained": "./mymodel"}, context, "")
    with pytest.raises(DataError) as caught:
        HF.check({"pretrained": "my-model", "gguf_file": "m.gguf"}, context, "systems.a.args")
    assert caught.value.where == "systems.a.args.gguf_file"
    assert "no GGUF file" in caught.value.fix
    (folder / "m.Q4.gguf").touch()
    with pytest.raises(DataError, match=r"it has: m\.Q4\.gguf"):
        HF.check({"pretrained": "my-model", "gguf_file": "m.gguf"}, context, "")
    (folder / "config.json").unlink()
    with pytest.raises(DataError, match=r"no config\.json"):
        HF.check({"pretrained": "my-model"}, context, "")


def test_what_can_be_answered() -> None:
    for name in lm_eval_names():
        assert LmEvalType(name).supports(Kind.OPEN_ENDED)
        assert LmEvalType(name).supports(Kind.GENERATIVE)
    can = {name for name in lm_eval_names() if LmEvalType(name).supports(Kind.MULTIPLE_CHOICE)}
    assert {"hf", "vllm", "sglang", "local-completions", "dummy", "gguf"} <= can
    assert not {name for name in can if "chat" in name or name.endswith("-generate") or "anthropic" in name}


def test_types_that_are_not_listed_are_known_by_their_name() -> None:
    assert find_backend("somebodys-chat-api").messages
    assert not find_backend("somebodys-chat-api").loglikelihood
    assert not find_backend("some-generate").loglikelihood
    assert find_backend("some-engine").loglikelihood


def test_identity_keeps_what_changes_answers() -> None:
    plain = identity({"pretrained": "owner/name"})
    assert identity({"pretrained": "owner/name", "revision": "abc"}) != plain
    assert identity({"pretrained": "owner/name", "dtype": "bfloat16"}) != plain
    assert identity({"pretrained": "owner/name"}, name="vllm") != plain
    assert "lm_eval==" in plain["versions"]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(SPEED_ARGUMENTS | SECRET_ARGUMENTS)), st.text(min_size=1), min_size=1))
def test_identity_drops_speed_and_secrets(extra: dict[str, str]) -> None:
    assert identity({"pretrained": "owner/name", **extra}) == identity({"pretrained": "owner/name"})


@settings(deadline=None)
@given(st.permutations(["pretrained", "dtype", "revision", "add_bos_token"]))
def test_identity_does_not_know_the_order_of_arguments(order: list[str]) -> None:
    values = {"pretrained": "owner/name", "dtype": "float32", "revision": "main", "add_bos_token": True}
    assert identity({name: values[name] for name in order}) == identity(values)


def test_addresses_lose_their_credentials() -> None:
    known = identity({"model": "m", "base_url": "https://me:hunter2@host:8000/v1?key=s3cret"}, name="local-completions")
    assert json.loads(known["args"])["base_url"] == "https://host:8000/v1"


def test_a_local_model_is_known_by_its_files_wherever_it_lies(folder: Path, tmp_path: Path) -> None:
    here = identity({"pretrained": "my-model"}, folder.parent)
    elsewhere = tmp_path / "elsewhere" / "my-model"
    shutil.copytree(folder, elsewhere)
    assert identity({"pretrained": str(elsewhere)}, "/") == here
    assert str(tmp_path) not in json.dumps(here)
    (elsewhere / "model.safetensors").write_bytes(b"Weights")
    assert identity({"pretrained": str(elsewhere)}, "/") != here


def test_a_local_adapter_is_part_of_the_identity(folder: Path) -> None:
    adapter = folder.parent / "adapter"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"one")
    args = {"pretrained": "owner/name", "peft": "adapter"}
    first = identity(args, folder.parent)
    (adapter / "adapter_model.safetensors").write_bytes(b"another")
    assert identity(args, folder.parent) != first


def test_packages_that_cannot_change_an_answer_are_no_part_of_the_identity(folder: Path, monkeypatch) -> None:
    """Two environments that compute alike give one key: with polyarena[train], which brings peft, and without it."""
    versions = {"lm_eval": "1", "torch": "2", "transformers": "3", "tokenizers": "4", "gguf": "5"}

    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(model_type, "_versions", model_type._versions.__wrapped__)
    monkeypatch.setattr(importlib.metadata, "version", version)

    def both(args: dict[str, object]) -> list[Mapping[str, str]]:
        found = []
        for change in ({}, {"peft": "6"}):
            versions.pop("peft", None)
            versions.update(change)
            found.append(identity(args, folder.parent))
        return found

    without, with_it = both({"pretrained": "my-model"})
    assert without == with_it
    assert without["versions"] == "lm_eval==1,torch==2,transformers==3,tokenizers==4,gguf==5"
    for args in ({"pretrained": "owner/name"}, {"pretrained": "my-model", "peft": "owner/adapter"}):
        without, with_it = both(args)
        assert without != with_it
    (folder / "adapter_config.json").write_text("{}")
    without, with_it = both({"pretrained": "my-model"})
    assert with_it["versions"] == f"{without['versions']},peft==6"


def test_the_name_at_an_api_is_not_taken_for_a_folder(folder: Path) -> None:
    known = identity({"pretrained": "my-model", "base_url": "http://x"}, folder.parent, "local-chat-completions")
    assert json.loads(known["args"])["pretrained"] == "my-model"


def test_loading_without_the_package_is_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("vllm"):
        pytest.skip("vllm is installed")
    with pytest.raises(PolyarenaError, match="cannot be loaded") as caught:
        LmEvalType("vllm").load({"pretrained": "owner/name"}, True, ModelContext())
    assert "install" in caught.value.fix
