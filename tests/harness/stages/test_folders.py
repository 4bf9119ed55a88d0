"""Folders of finished stages: complete, unchanged, and equal where their content is."""

import errno
import json
from pathlib import Path

import pytest

from polyarena.harness.stages.folders import (
    CURRENT,
    final_folder,
    finish,
    partial_folder,
    read_current,
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
        (OSError(errno.EFBIG, "File too large"), "larger than the system allows"),
        (RuntimeError("Error while serializing: I/O error: File too large (os error 27)"), "larger than the system"),
        (RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 81984 vs 81876"), "written whole"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be written"),
    ],
)
def test_errors_of_the_disk_say_what_to_do(tmp_path, error, message):
    with pytest.raises(StoreError, match=message), storing(tmp_path):
        raise error
    with pytest.raises(ValueError, match="other"), storing(tmp_path):
        raise ValueError("other")


def test_a_folder_that_cannot_be_made_is_an_error_with_a_fix(tmp_path):
    folder = Path("/proc/none")
    with pytest.raises(StoreError, match="this folder cannot be written") as error, storing(folder):
        folder.mkdir(parents=True)
    assert "set `output`" in error.value.fix


def test_an_error_about_a_file_elsewhere_names_that_file(tmp_path):
    elsewhere = tmp_path / "data" / "rows.jsonl"
    denied = PermissionError(errno.EACCES, "Permission denied", str(elsewhere))
    with pytest.raises(StoreError, match="this file cannot be read or written") as error, storing(tmp_path / "out"):
        raise denied
    assert error.value.where == str(elsewhere)


def test_errors_of_the_network_are_none_of_the_disk(tmp_path):
    with pytest.raises(ConnectionError), storing(tmp_path):
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")


def test_errors_of_our_own_pass_as_they_are(tmp_path):
    with pytest.raises(StoreError, match=r"^File too large"), storing(tmp_path):
        raise StoreError("File too large")


@pytest.mark.parametrize("content", [b"\xff", b"../../..", b""])
def test_a_damaged_note_of_the_current_output_is_as_good_as_none(tmp_path, content):
    (tmp_path / "current").write_bytes(content)
    current = read_current(tmp_path)
    assert current is None or read_manifest(tmp_path / current) is None
