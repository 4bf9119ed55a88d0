"""Digests of local weights."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from polyarena.harness.models import weights
from polyarena.harness.models.weights import digest, file_digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / "model.safetensors").write_bytes(b"weights")
    (made / "model.gguf").write_bytes(b"GGUF")
    return made


def test_the_place_does_not_matter(folder: Path, tmp_path: Path) -> None:
    before = digest(folder)
    shutil.copytree(folder, tmp_path / "copy")
    assert digest(tmp_path / "copy") == before
    assert before.startswith("sha256:")
    assert len(before) == len("sha256:") + 64


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "new.json"])
def test_any_file_matters(folder: Path, name: str) -> None:
    before = digest(folder)
    (folder / name).write_text("something else")
    assert digest(folder) != before


def test_names_matter(folder: Path) -> None:
    before = digest(folder)
    (folder / "config.json").rename(folder / "config2.json")
    assert digest(folder) != before


@pytest.mark.parametrize("name", ["README.md", "LICENSE", ".gitattributes", "code.pyc"])
def test_what_changes_no_answer_does_not_matter(folder: Path, name: str) -> None:
    before = digest(folder)
    (folder / name).write_text("words")
    (folder / "checkpoint-500").mkdir()
    (folder / "checkpoint-500" / "model.safetensors").write_bytes(b"other weights")
    assert digest(folder) == before


def test_one_file_of_a_folder_and_its_settings(folder: Path) -> None:
    before = digest(folder, only="model.gguf")
    (folder / "model.safetensors").write_bytes(b"another file's weights")
    assert digest(folder, only="model.gguf") == before
    (folder / "generation_config.json").write_text("{}")
    assert digest(folder, only="model.gguf") != before
    (folder / "generation_config.json").unlink()
    (folder / "model.gguf").write_bytes(b"GGVF")
    assert digest(folder, only="model.gguf") != before


def test_a_subfolder(folder: Path) -> None:
    (folder / "step").mkdir()
    (folder / "step" / "model.bin").write_bytes(b"one")
    before = digest(folder, subfolder="step")
    assert before != digest(folder)
    (folder / "step" / "model.bin").write_bytes(b"two")
    assert digest(folder, subfolder="step") != before


def test_a_single_file(folder: Path) -> None:
    assert digest(folder / "model.gguf") == f"sha256:{file_digest(folder / 'model.gguf')}"


def test_large_files_are_known_by_size_start_and_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "WHOLE", 100)
    monkeypatch.setattr(weights, "MIB", 10)

    def of(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        return file_digest(tmp_path / name)

    middle = b"x" * 100
    same = of("a", b"0123456789" + middle + b"9876543210")
    assert of("b", b"0123456789" + middle + b"9876543210") == same
    assert of("c", b"1123456789" + middle + b"9876543210") != same
    assert of("d", b"0123456789" + middle + b"9876543211") != same
    assert of("e", b"0123456789" + middle + b"x9876543210") != same


def test_a_digest_is_remembered_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    first = file_digest(path)
    reads: list[Path] = []
    original = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: (reads.append(self), original(self))[1])
    assert file_digest(path) == first
    assert reads == []
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert file_digest(path) != first
    assert reads == [path]
