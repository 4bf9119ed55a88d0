"""Folders of finished stages: complete, unchanged, and equal where their content is."""

import errno
import json

import pytest

from polyarena.harness.stages.folders import (
    CURRENT,
    final_folder,
    finish,
    partial_folder,
    read_manifest,
    refuse_damage,
    storing,
)
from polyarena.tasks.errors import StoreError

FACTS = {
    "stage": "sft", "type": "sft", "recipe": "r", "settings": {"steps": 3}, "data": {}, "environment": {}, "inputs": {},
}  # fmt: skip


def finished(home, key="0123456789abcdef", card="card", weights=b"w"):
    partial = partial_folder(home, key)
    (partial / "round-1").mkdir(parents=True)
    (partial / "model.safetensors").write_bytes(weights)
    (partial / "round-1" / "model.safetensors").write_bytes(weights)
    (partial / "README.md").write_text(card)
    final = final_folder(home, key)
    return final, finish(partial, final, {**FACTS, "key": key})


def test_a_finished_folder_has_a_manifest_and_is_current(tmp_path):
    final, manifest = finished(tmp_path / "sft")
    assert read_manifest(final) == manifest
    assert set(manifest.files) == {"model.safetensors", "round-1/model.safetensors", "README.md"}
    assert (tmp_path / "sft" / CURRENT).read_text() == final.name
    assert not partial_folder(tmp_path / "sft", manifest.key).exists()
    refuse_damage(final, manifest, thorough=True)


def test_files_are_readable_as_the_umask_says(tmp_path):
    partial = partial_folder(tmp_path, "k" * 16)
    partial.mkdir()
    (partial / "model.safetensors").touch(mode=0o600)
    (tmp_path / "other").touch()
    final = final_folder(tmp_path, "k" * 16)
    finish(partial, final, {**FACTS, "key": "k" * 16})
    assert (final / "model.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_the_content_does_not_depend_on_the_card(tmp_path):
    one, two = finished(tmp_path / "a")[1], finished(tmp_path / "b", card="another card")[1]
    assert one.content == two.content
    assert finished(tmp_path / "c", weights=b"v")[1].content != one.content


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(b"more"), "4 bytes in place of 1"),
        (lambda path: path.write_bytes(b"v"), "another content"),
    ],
)
def test_damaged_files_are_refused_by_name(tmp_path, damage, message):
    final, manifest = finished(tmp_path)
    damage(final / "model.safetensors")
    with pytest.raises(StoreError, match=message) as refused:
        refuse_damage(final, manifest, thorough=True)
    assert "model.safetensors" in refused.value.what


def test_a_folder_without_manifest_is_no_output_and_a_damaged_manifest_is_refused(tmp_path):
    final, _ = finished(tmp_path)
    (final / "stage.json").write_text("{")
    with pytest.raises(StoreError, match="manifest of this stage is damaged"):
        read_manifest(final)
    (final / "stage.json").unlink()
    assert read_manifest(final) is None


def test_a_manifest_is_plain_json(tmp_path):
    final, manifest = finished(tmp_path)
    assert json.loads((final / "stage.json").read_text())["content"] == manifest.content


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be written"),
    ],
)
def test_errors_of_the_disk_say_what_to_do(tmp_path, error, message):
    with pytest.raises(StoreError, match=message), storing(tmp_path):
        raise error
    with pytest.raises(ValueError, match="other"), storing(tmp_path):
        raise ValueError("other")
